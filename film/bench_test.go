package film

import (
	"bytes"
	"image"
	"os"
	"path/filepath"
	"testing"

	"github.com/gen2brain/jpegn"

	"github.com/tessera-go/tessera/internal/ycbcr"
)

// BenchmarkFrames decodes all frames of a film of 240 by 320 pixels, one after the other.
func BenchmarkFrames(b *testing.B) {
	for _, ending := range []string{".gif", ".avi"} {
		b.Run(ending[1:], func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "film"+ending)
			write(b, path, 25, pictures(16, 240, 320, false))
			benchmarkFilm(b, path)
		})
	}
	for _, path := range filepath.SplitList(os.Getenv("FILMS")) {
		b.Run(filepath.Base(path), func(b *testing.B) { benchmarkFilm(b, path) })
	}
}

func benchmarkFilm(b *testing.B, path string) {
	f, err := Open(path, Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	h, w := f.Size()
	index := make([]int, len(f.Times()))
	for i := range index {
		index[i] = i
	}
	b.SetBytes(int64(3 * h * w))
	b.ReportAllocs()
	b.ResetTimer()
	for n := 0; n < b.N; n += len(index) {
		if err := f.Frames(index[:min(len(index), b.N-n)], func(int, *Picture) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkJPEG decodes the same JPEGs as BenchmarkFrames/avi without the film around them.
func BenchmarkJPEG(b *testing.B) {
	path := filepath.Join(b.TempDir(), "film.avi")
	write(b, path, 25, pictures(16, 240, 320, false))
	f, err := Open(path, Options{})
	if err != nil {
		b.Fatal(err)
	}
	a := f.source.(*aviFilm)
	dst := make([]uint8, 3*240*320)
	stored := make([][]byte, len(a.frame))
	for i := range stored {
		if stored[i], err = a.read(i, nil); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(3 * 240 * 320)
	b.ResetTimer()
	for n := range b.N {
		p, err := jpegn.Decode(bytes.NewReader(stored[n%len(stored)]))
		if err != nil {
			b.Fatal(err)
		}
		ycbcr.Rows(dst, p.(*image.YCbCr), 0, 0, 240, 320)
	}
}
