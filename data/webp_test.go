package data

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"testing"
)

// movingWebP is a WebP with a canvas and one frame: its place, its size and its chunks.
func movingWebP(canvasH, canvasW, top, left, h, w int, chunks ...[]byte) []byte {
	three := func(v int) []byte { return []byte{byte(v), byte(v >> 8), byte(v >> 16)} }
	body := slices.Concat([]byte("WEBP"), riffChunk("VP8X", slices.Concat([]byte{1<<1 | 1<<4, 0, 0, 0}, three(canvasW-1), three(canvasH-1))), riffChunk("ANIM", make([]byte, 6)),
		riffChunk("ANMF", slices.Concat(three(left/2), three(top/2), three(w-1), three(h-1), make([]byte, 4), slices.Concat(chunks...))))
	return slices.Concat([]byte("RIFF"), binary.LittleEndian.AppendUint32(nil, uint32(len(body))), body)
}

// TestWebPFrames: the first frame of a moving WebP, lossy, lossy with alpha or lossless, is the still picture at its place on a black canvas;
// one that leaves the canvas or holds nothing is refused.
func TestWebPFrames(t *testing.T) {
	for _, name := range []string{"odd.webp", "alpha.webp", "webp_lossless.webp", "webp_lossless_alpha.webp"} {
		b := readCase(t, name)
		still, err := Decode(b)
		if err != nil {
			t.Fatal(err)
		}
		var chunks []byte
		for _, part := range []string{"ALPH", "VP8 ", "VP8L"} {
			if data := webpChunk(b, part); data != nil {
				chunks = append(chunks, riffChunk(part, data)...)
			}
		}
		for _, at := range [][4]int{{0, 0, 0, 0}, {4, 6, 1, 2}, {2, 0, 0, 0}, {0, 8, 0, 0}} { // the place, and how much larger the canvas is
			h, w := still.H+at[0]+at[2], still.W+at[1]+at[3]
			moving := movingWebP(h, w, at[0], at[1], still.H, still.W, chunks)
			got, err := Decode(moving)
			if err != nil || got.H != h || got.W != w {
				t.Errorf("%s at %v: %v, %v", name, at, got, err)
				continue
			}
			want := NewImage(h, w)
			for y := range still.H {
				copy(want.Pix[((at[0]+y)*w+at[1])*3:], still.Pix[y*still.W*3:][:still.W*3])
			}
			if !bytes.Equal(got.Pix, want.Pix) {
				t.Errorf("%s at %v: other pixels", name, at)
			}
		}
		for want, wrong := range map[string][]byte{
			"leaves the canvas": movingWebP(still.H+3, still.W+3, 4, 0, still.H, still.W, chunks),
			"first picture lea": movingWebP(still.H+3, still.W+3, 0, 4, still.H, still.W, chunks),
			"holds no picture":  movingWebP(still.H, still.W, 0, 0, still.H, still.W, riffChunk("VP9 ", []byte{1, 2})),
		} {
			if im, err := Decode(wrong); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, %v, want %q", name, im, err, want)
			}
		}
	}
	short := slices.Concat([]byte("RIFF\x40\x00\x00\x00WEBP"), riffChunk("VP8X", []byte{2, 0, 0, 0, 7, 0, 0, 7, 0, 0}), riffChunk("ANMF", make([]byte, 15)))
	if im, err := Decode(short); err == nil || !strings.Contains(err.Error(), "is cut short") {
		t.Errorf("a frame of 15 bytes: %v, %v", im, err)
	}
}
