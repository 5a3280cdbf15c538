package data

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"

	"golang.org/x/image/webp"
)

func isWebP(b []byte) bool {
	return len(b) >= 12 && string(b[:4]) == "RIFF" && string(b[8:12]) == "WEBP"
}

// decodeWebP decodes a WebP, of a moving one the first picture, which stands on a black canvas.
func decodeWebP(b []byte, head header) (*Image, error) {
	var at image.Point
	still := b
	if frame := webpChunk(b, "ANMF"); frame != nil {
		var err error
		if still, at, err = webpFrame(frame); err != nil {
			return nil, err
		}
		c, err := webp.DecodeConfig(bytes.NewReader(still))
		if err != nil {
			return nil, err
		}
		if c.Width > head.w-at.X || c.Height > head.h-at.Y {
			return nil, errors.New("its first picture leaves the canvas")
		}
	}
	if err := wholeWebP(still); err != nil {
		return nil, err
	}
	p, err := webp.Decode(bytes.NewReader(still))
	if err != nil {
		return nil, err
	}
	im := webpRGB(p)
	if at == (image.Point{}) && im.H == head.h && im.W == head.w {
		return im, nil
	}
	if im.H > head.h-at.Y || im.W > head.w-at.X || len(still) == len(b) {
		return nil, sameSize(p.Bounds(), head)
	}
	canvas := NewImage(head.h, head.w)
	for y := range im.H {
		copy(canvas.Pix[((at.Y+y)*head.w+at.X)*3:], im.Pix[y*im.W*3:][:im.W*3])
	}
	return canvas, nil
}

// wholeWebP tells of a WebP whose pictures reach behind its end: its decoder takes memory for as many bytes as a file claims, up to 4 GiB.
func wholeWebP(b []byte) error {
	for i := int64(12); i+8 <= int64(len(b)); {
		name, n := string(b[i:i+4]), int64(binary.LittleEndian.Uint32(b[i+4:]))
		if (name == "VP8 " || name == "VP8L" || name == "ALPH") && i+8+n > int64(len(b)) {
			return fmt.Errorf("it is cut short: %d of %d bytes of its picture are there", int64(len(b))-i-8, n)
		}
		i += 8 + n + n&1
	}
	return nil
}

// webpFrame makes a file of a moving WebP's frame (an ANMF chunk: place, size, time and flags, then the chunks of a still picture), and
// returns its place.
func webpFrame(b []byte) (file []byte, at image.Point, err error) {
	if len(b) < 16 {
		return nil, at, errors.New("a frame of a moving WebP is cut short")
	}
	three := func(i int) int { return int(b[i]) | int(b[i+1])<<8 | int(b[i+2])<<16 }
	at = image.Pt(2*three(0), 2*three(3))
	chunks := append(make([]byte, 12), b[16:]...) // as behind a file's head
	name, data := "VP8L", webpChunk(chunks, "VP8L")
	if data == nil {
		name, data = "VP8 ", webpChunk(chunks, "VP8 ")
	}
	if data == nil {
		return nil, at, errors.New("the first frame of a moving WebP holds no picture")
	}
	var body []byte
	add := func(name string, data []byte) {
		body = binary.LittleEndian.AppendUint32(append(body, name...), uint32(len(data)))
		body = append(append(body, data...), make([]byte, len(data)%2)...)
	}
	if alpha := webpChunk(chunks, "ALPH"); alpha != nil && name == "VP8 " {
		add("VP8X", append([]byte{1 << 4, 0, 0, 0}, b[6:12]...)) // with alpha, of the frame's size
		add("ALPH", alpha)
	}
	add(name, data)
	file = binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body)+4))
	return append(append(file, "WEBP"...), body...), at, nil
}
