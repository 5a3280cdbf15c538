package ffmpeg

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/tessera-go/tessera/internal/files"
)

// Call is a program that runs.
type Call struct {
	Out io.ReadCloser // what it writes

	cmd    *exec.Cmd
	cancel context.CancelFunc
	match  *regexp.Regexp
	told   chan []string
	ended  chan struct{}
	late   bool

	mu   sync.Mutex
	last []string // what it said last
}

// Start starts a program in a process group of its own. Of what it says, lines that match are for Told; nil matches none.
func Start(path string, args []string, match *regexp.Regexp) (*Call, error) {
	ctx, cancel := context.WithCancel(context.Background())
	c := &Call{cmd: exec.CommandContext(ctx, path, args...), cancel: cancel, match: match, told: make(chan []string, 1<<12), ended: make(chan struct{})}
	c.cmd.Env = append(os.Environ(), "LC_ALL=C", "AV_LOG_FORCE_NOCOLOR=1")
	ownGroup(c.cmd)
	c.cmd.WaitDelay = 2 * time.Second
	var err error
	if c.Out, err = c.cmd.StdoutPipe(); err != nil {
		cancel()
		return nil, err
	}
	said, err := c.cmd.StderrPipe()
	if err == nil {
		err = c.cmd.Start()
	}
	if err != nil {
		cancel()
		return nil, fmt.Errorf("%s does not start: %w", path, files.Cause(err))
	}
	largerPipe(c.Out)
	go c.listen(said)
	return c, nil
}

// How many lines of what a program says are kept, and how long a line.
const (
	saidLines = 8
	saidBytes = 512
)

// listen reads what the program says: what is told, and the last lines of complaints.
func (c *Call) listen(r io.Reader) {
	defer close(c.ended)
	in := bufio.NewReaderSize(r, 1<<12)
	for {
		line, err := in.ReadSlice('\n')
		if err == bufio.ErrBufferFull { // the rest of a long line
			line = bytes.Clone(line)
			for err == bufio.ErrBufferFull {
				_, err = in.ReadSlice('\n')
			}
		}
		if m := c.matched(line); m != nil {
			c.told <- m
		} else if text := Printable(string(line[:min(len(line), saidBytes)])); text != "" && !strings.Contains(text, "[info]") {
			c.mu.Lock()
			c.last = append(c.last, text)
			c.last = c.last[max(0, len(c.last)-saidLines):]
			c.mu.Unlock()
		}
		if err != nil {
			return
		}
	}
}

func (c *Call) matched(line []byte) []string {
	if c.match == nil || !c.match.Match(line) {
		return nil
	}
	return c.match.FindStringSubmatch(string(line))
}

// Printable makes one line of text.
func Printable(s string) string {
	s = strings.ToValidUTF8(s, "?")
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return ' '
		}
		return r
	}, s)
	return strings.TrimSpace(s)
}

// Told returns the next line that matched, with its parts, as regexp's FindStringSubmatch does; ok is false where the program ended and there are no more.
func (c *Call) Told() (parts []string, ok bool) {
	select {
	case m := <-c.told:
		return m, true
	case <-c.ended:
	}
	select {
	case m := <-c.told:
		return m, true
	default:
		return nil, false
	}
}

// Within ends the program where f takes longer.
func (c *Call) Within(limit time.Duration, f func() error) error {
	t := time.AfterFunc(limit, func() {
		c.mu.Lock()
		c.late = true
		c.mu.Unlock()
		c.cancel()
	})
	defer t.Stop()
	return f()
}

// Stop ends the program and all that it started.
func (c *Call) Stop() {
	c.cancel()
	patience := time.After(2 * time.Second) // with what has left the process group and keeps the pipe open
	for waiting := true; waiting; {
		select {
		case <-c.told: // which a program that is ended may wait for
		case <-c.ended:
			waiting = false
		case <-patience:
			waiting = false
		}
	}
	c.Out.Close()
	c.cmd.Wait()
}

// ErrLate is that a program took longer than it may.
var ErrLate = errors.New("ffmpeg was ended: it took longer than it may (Timeout)")

// Failed says why a program gave less than was asked for; of one that was ended the error is ErrLate.
func (c *Call) Failed(err error) error {
	c.mu.Lock()
	late := c.late
	c.mu.Unlock()
	if late {
		return ErrLate
	}
	if err != io.EOF && err != io.ErrUnexpectedEOF {
		return err
	}
	if text := c.LastSaid(); text != "" {
		return fmt.Errorf("ffmpeg ends before it: %s", text)
	}
	return errors.New("ffmpeg ends before it")
}

// LastSaid returns the last line of complaint of a program that has ended or is about to, "" where there was none.
func (c *Call) LastSaid() string {
	select {
	case <-c.ended:
	case <-time.After(2 * time.Second):
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.last) == 0 {
		return ""
	}
	return c.last[len(c.last)-1]
}
