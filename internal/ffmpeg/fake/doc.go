// Package fake has programs that stand for ffmpeg in tests, where there is a shell, and looks for what they leave running.
package fake
