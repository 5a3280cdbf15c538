package data

import (
	"bytes"
	"encoding/binary"
	"regexp"
	"strconv"
)

// orientation returns how a picture of a format is to be turned, 1 to 8: its EXIF block's word, else its XMP packet's, 1 where there is
// neither or they are broken.
func orientation(b []byte, head header) int {
	var exif, xmp []byte
	switch head.format {
	case "jpeg":
		return head.jpeg.Orientation()
	case "tiff":
		if head.tiff.orientation >= 1 && head.tiff.orientation <= 8 {
			return head.tiff.orientation
		}
		xmp = head.tiff.tags[tagXMP].data
	case "png":
		exif, xmp = pngChunk(b, "eXIf", ""), pngChunk(b, "iTXt", "XML:com.adobe.xmp\x00")
	case "webp":
		exif, xmp = bytes.TrimPrefix(webpChunk(b, "EXIF"), []byte("Exif\x00\x00")), webpChunk(b, "XMP ")
	}
	if o := exifOrientation(exif); o != 0 {
		return o
	}
	return xmpOrientation(xmp)
}

var xmpTag = regexp.MustCompile(`tiff:Orientation(?:="|>)\s*([1-8])\s*["<]`)

// xmpOrientation returns the orientation of an XMP packet, 1 if it says none.
func xmpOrientation(packet []byte) int {
	if m := xmpTag.FindSubmatch(packet); m != nil {
		o, _ := strconv.Atoi(string(m[1]))
		return o
	}
	return 1
}

// exifOrientation returns the orientation tag (1 to 8) of a TIFF block (EXIF 2.32, section 4.6.4), 0 if there is none or it is broken.
func exifOrientation(tiff []byte) int {
	if v, ok := tiffNumber(tiff, 0x112); ok && v >= 1 && v <= 8 {
		return v
	}
	return 0
}

// tiffEntry returns the entry of a tag in the first directory of a TIFF block: type, count and the four bytes that are value or offset.
func tiffEntry(b []byte, tag uint16) (order binary.ByteOrder, kind uint16, count uint32, value []byte) {
	if len(b) < 8 {
		return nil, 0, 0, nil
	}
	order = binary.LittleEndian
	switch string(b[:2]) {
	case "MM":
		order = binary.BigEndian
	case "II":
	default:
		return nil, 0, 0, nil
	}
	at := int64(order.Uint32(b[4:]))
	if at < 8 || at+2 > int64(len(b)) {
		return nil, 0, 0, nil
	}
	for k := range int64(order.Uint16(b[at:])) {
		e := at + 2 + 12*k
		if e+12 > int64(len(b)) {
			break
		}
		if order.Uint16(b[e:]) == tag {
			return order, order.Uint16(b[e+2:]), order.Uint32(b[e+4:]), b[e+8 : e+12]
		}
	}
	return nil, 0, 0, nil
}

// The types of numbers in a TIFF directory.
const (
	tiffShort = 3
	tiffLong  = 4
)

// tiffNumber returns a tag's first value, SHORT or LONG, that is in the directory itself.
func tiffNumber(b []byte, tag uint16) (int, bool) {
	order, kind, count, value := tiffEntry(b, tag)
	switch {
	case count != 1:
		return 0, false
	case kind == tiffShort:
		return int(order.Uint16(value)), true
	case kind == tiffLong:
		return int(order.Uint32(value)), true
	}
	return 0, false
}

// pngChunk returns the data of the first chunk of a name that begins with a prefix (PNG specification, section 5.3).
func pngChunk(b []byte, name, prefix string) []byte {
	for i := int64(8); i+12 <= int64(len(b)); {
		n := int64(binary.BigEndian.Uint32(b[i:]))
		if i+12+n > int64(len(b)) {
			return nil
		}
		if data := b[i+8 : i+8+n]; string(b[i+4:i+8]) == name && bytes.HasPrefix(data, []byte(prefix)) {
			return data
		}
		i += 12 + n
	}
	return nil
}

// webpChunk returns the data of the first chunk of a name (RIFF: chunks are padded to even lengths).
func webpChunk(b []byte, name string) []byte {
	for i := int64(12); i+8 <= int64(len(b)); {
		n := int64(binary.LittleEndian.Uint32(b[i+4:]))
		if i+8+n > int64(len(b)) {
			return nil
		}
		if string(b[i:i+4]) == name {
			return b[i+8 : i+8+n]
		}
		i += 8 + n + n&1
	}
	return nil
}
