package data

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"

	"golang.org/x/image/tiff"
)

// isTIFF tells whether a file begins as TIFF files do.
func isTIFF(b []byte) bool {
	return bytes.HasPrefix(b, []byte("II*\x00")) || bytes.HasPrefix(b, []byte("MM\x00*"))
}

// wholeWebP tells of a WebP whose pictures reach behind its end: its decoder takes memory for as many bytes as a file claims, up to 4 GiB.
func wholeWebP(b []byte) error {
	if len(b) < 12 || string(b[:4]) != "RIFF" || string(b[8:12]) != "WEBP" {
		return nil
	}
	for i := int64(12); i+8 <= int64(len(b)); {
		name, n := string(b[i:i+4]), int64(binary.LittleEndian.Uint32(b[i+4:]))
		if (name == "VP8 " || name == "VP8L" || name == "ALPH") && i+8+n > int64(len(b)) {
			return fmt.Errorf("it is cut short: %d of %d bytes of its picture are there", int64(len(b))-i-8, n)
		}
		i += 8 + n + n&1
	}
	return nil
}

// decodeConfig is image.DecodeConfig of what is no JPEG. A TIFF is read where it lies: package image hands its decoder a stream, which the decoder
// buffers in pieces of 10 MiB, as far as a file claims to reach.
func decodeConfig(b []byte) (image.Config, string, error) {
	if isTIFF(b) {
		c, err := tiff.DecodeConfig(bytes.NewReader(b))
		return c, "tiff", err
	}
	return image.DecodeConfig(bytes.NewReader(b))
}

// decodeImage is image.Decode, with a TIFF read where it lies, and a WebP only where its data is there.
func decodeImage(b []byte) (image.Image, error) {
	if isTIFF(b) {
		return tiff.Decode(bytes.NewReader(b))
	}
	if err := wholeWebP(b); err != nil {
		return nil, err
	}
	p, _, err := image.Decode(bytes.NewReader(b))
	return p, err
}
