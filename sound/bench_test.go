//go:build unix

package sound

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// BenchmarkRead decodes the recordings of SOUNDS, a list of paths, and a WAV, from the beginning to the end, again and again: s/s is seconds of sound in a second of one processor.
func BenchmarkRead(b *testing.B) {
	path := filepath.Join(b.TempDir(), "stereo.wav")
	wr, err := Create(path, 44100, 2, Writing{})
	if err != nil {
		b.Fatal(err)
	}
	v := make([]float32, 2*44100*10)
	for i := range v {
		v[i] = 0.3 * float32(math.Sin(float64(i*i%997)))
	}
	if err := wr.Write(v); err != nil {
		b.Fatal(err)
	}
	if err := wr.Close(); err != nil {
		b.Fatal(err)
	}
	for _, path := range append(filepath.SplitList(os.Getenv("SOUNDS")), path) {
		r, err := Open(path, Options{})
		if err != nil {
			b.Fatal(err)
		}
		b.Run(filepath.Base(path), func(b *testing.B) { benchmarkRead(b, r) })
		b.Run(fmt.Sprintf("%s/open", filepath.Base(path)), func(b *testing.B) {
			for b.Loop() {
				r, err := Open(path, Options{})
				if err != nil {
					b.Fatal(err)
				}
				r.Close()
			}
		})
		r.Close()
	}
}

func benchmarkRead(b *testing.B, r *Recording) {
	part := make([]float32, r.Channels()*int(min(r.Len(), 1<<14)))
	n := int64(len(part) / r.Channels())
	values, begin := int64(0), processor()
	for at := int64(0); b.Loop(); at += n {
		if at+n > r.Len() {
			at = 0
		}
		if err := r.Read(part, at); err != nil {
			b.Fatal(err)
		}
		values += n
	}
	b.ReportMetric(float64(values)/r.Rate()/(processor()-begin), "s/s")
}

// processor is how many seconds of a processor the process has had.
func processor() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}
