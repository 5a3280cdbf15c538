// Package ffmpeg finds the programs ffmpeg and ffprobe and runs them: without a shell, without standard input, in a process group of their own, within a time, and
// with what they say kept within bounds. What they are asked, and what their answers mean, is the affair of the rooms film and sound.
package ffmpeg

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Program is an ffmpeg that was found, and its ffprobe.
type Program struct {
	FFmpeg, FFprobe string
	Version         float64 // infinite for a build without a number, which is taken for a recent one
}

var programs = struct {
	sync.Mutex
	found map[string]Program
}{found: map[string]Program{}}

// Find finds ffmpeg by its path or name, "" for the one on PATH, and ffprobe beside it or on PATH, and asks for the version once a process. "none" finds none.
// alternatives is what every sentence that asks for the program ends with: what is read without it.
func Find(name, alternatives string) (p Program, err error) {
	if name == "none" {
		return p, errors.New("it needs the program ffmpeg, which is not to be used (FFmpeg: none); " + alternatives)
	}
	name = cmp.Or(name, "ffmpeg")
	programs.Lock()
	defer programs.Unlock()
	if p, ok := programs.found[name]; ok {
		return p, nil
	}
	if p.FFmpeg, err = exec.LookPath(name); err != nil {
		return p, fmt.Errorf("it needs the program ffmpeg (package ffmpeg), which is not there as %q; %s", name, alternatives)
	}
	beside := filepath.Join(filepath.Dir(p.FFmpeg), strings.Replace(filepath.Base(p.FFmpeg), "ffmpeg", "ffprobe", 1))
	if p.FFprobe, err = exec.LookPath(beside); err != nil || p.FFprobe == p.FFmpeg {
		if p.FFprobe, err = exec.LookPath("ffprobe"); err != nil {
			return p, fmt.Errorf("it needs the program ffprobe (package ffmpeg), which is not beside %s; %s", p.FFmpeg, alternatives)
		}
	}
	if p.Version, err = versionOf(p.FFmpeg); err != nil {
		return p, err
	}
	programs.found[name] = p
	return p, nil
}

var versionText = regexp.MustCompile(`^ffmpeg version n?(\d+\.\d+)`)

// versionOf asks a program for its version; one without a number is a recent one.
func versionOf(path string) (float64, error) {
	c, err := Start(path, []string{"-version"}, nil)
	if err != nil {
		return 0, err
	}
	defer c.Stop()
	var out []byte
	err = c.Within(30*time.Second, func() error {
		out, err = io.ReadAll(io.LimitReader(c.Out, 1<<10))
		return err
	})
	if err != nil || !strings.HasPrefix(string(out), "ffmpeg version") {
		return 0, fmt.Errorf("%s is not ffmpeg: it does not tell its version", path)
	}
	m := versionText.FindSubmatch(out)
	if m == nil {
		return math.Inf(1), nil
	}
	return strconv.ParseFloat(string(m[1]), 64)
}

// Closed are the arguments, of either program, that keep an input to itself: neither the network nor another file, and the containers named alone.
func Closed(demuxers string) []string {
	return []string{"-protocol_whitelist", "file", "-format_whitelist", demuxers}
}
