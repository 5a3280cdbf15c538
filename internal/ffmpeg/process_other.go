//go:build !unix

package ffmpeg

import "os/exec"

// ownGroup leaves a program in our group: it is ended alone.
func ownGroup(*exec.Cmd) {}
