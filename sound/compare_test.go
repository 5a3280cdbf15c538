package sound

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestBesideFFmpeg compares the files of SOUNDS, a list of paths, with what ffmpeg makes of them.
func TestBesideFFmpeg(t *testing.T) {
	for _, path := range filepath.SplitList(os.Getenv("SOUNDS")) {
		r, err := Open(path, Options{FFmpeg: "none"})
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		got := all(t, r)
		r.Close()
		args := []string{"-v", "error", "-nostdin"}
		if r.Format() == "MP2" { // whose usual decoder is of 16 bits
			args = append(args, "-c:a", "mp2float")
		}
		out, err := exec.Command("ffmpeg", append(args, "-i", path, "-map", "0:a:0", "-c:a", "pcm_f32le", "-f", "f32le", "-")...).Output()
		if err != nil {
			t.Fatal(err)
		}
		want := make([]float32, len(out)/4)
		binary.Read(bytes.NewReader(out), binary.LittleEndian, want)
		most, sum := 0.0, 0.0
		for i := range min(len(got), len(want)) {
			d := math.Abs(float64(got[i]) - float64(want[i]))
			most, sum = max(most, d), sum+d*d
		}
		t.Logf("%-40s %s: at most %.3g off, %.3g in the root mean square; %d values, %d; %q", filepath.Base(path), r.Format(), most, math.Sqrt(sum/float64(len(got))), len(got), len(want), r.Notes())
	}
}
