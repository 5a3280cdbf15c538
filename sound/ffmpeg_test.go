package sound

import (
	"os/exec"
	"testing"
)

func needFFmpeg(t testing.TB) {
	t.Helper()
	for _, p := range []string{"ffmpeg", "ffprobe"} {
		if _, err := exec.LookPath(p); err != nil {
			t.Skip("SKIPPED: ", err)
		}
	}
}
