package data

import (
	"bytes"
	"image"

	"golang.org/x/image/tiff"
)

// isTIFF tells whether a file begins as TIFF files do.
func isTIFF(b []byte) bool {
	return bytes.HasPrefix(b, []byte("II*\x00")) || bytes.HasPrefix(b, []byte("MM\x00*"))
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

// decodeImage is image.Decode, with a TIFF read where it lies.
func decodeImage(b []byte) (image.Image, error) {
	if isTIFF(b) {
		return tiff.Decode(bytes.NewReader(b))
	}
	p, _, err := image.Decode(bytes.NewReader(b))
	return p, err
}
