package film

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// ffmpegFilm is a film that the program ffmpeg decodes: an index by ffprobe, frames by a pipe of RGB. Neither gets a shell, standard input, the network or
// files but the film itself.
type ffmpegFilm struct {
	program program
	path    string // as it is given to the program
	o       Options
	h, w    int
	at      []float64 // time stamps, seconds; of films that are counted instead, nil
	keys    []int     // frames at which decoding can begin
}

// program is an ffmpeg that was found, and its ffprobe.
type program struct {
	ffmpeg, ffprobe string
	passthrough     []string // how this version is told to neither drop nor repeat frames
}

// demuxers are the containers that ffmpeg may open: none that is a list of other files or a picture.
const demuxers = "3g2,3gp,asf,av1,avi,dirac,dv,flv,gif,gxf,h261,h263,h264,hevc,ivf,m4a,m4v,matroska,mj2,mjpeg,mov,mp4,mpeg,mpegts,mpegvideo,mxf,nsv,nut,obu,ogg,rm," +
	"roq,smk,swf,vc1,webm,yuv4mpegpipe"

// alternatives end every sentence that asks for ffmpeg.
const alternatives = "GIF, Y4M, MJPEG in AVI and MPEG-1 are read without it"

var programs = struct {
	sync.Mutex
	found map[string]program
}{found: map[string]program{}}

// findProgram finds ffmpeg and ffprobe, and asks for the version once a process.
func findProgram(o Options) (p program, err error) {
	if o.FFmpeg == "none" {
		return p, errors.New("it needs the program ffmpeg, which is not to be used (FFmpeg: none); " + alternatives)
	}
	name := cmp.Or(o.FFmpeg, "ffmpeg")
	programs.Lock()
	defer programs.Unlock()
	if p, ok := programs.found[name]; ok {
		return p, nil
	}
	if p.ffmpeg, err = exec.LookPath(name); err != nil {
		return p, fmt.Errorf("it needs the program ffmpeg (package ffmpeg), which is not there as %q; %s", name, alternatives)
	}
	beside := filepath.Join(filepath.Dir(p.ffmpeg), strings.Replace(filepath.Base(p.ffmpeg), "ffmpeg", "ffprobe", 1))
	if p.ffprobe, err = exec.LookPath(beside); err != nil || p.ffprobe == p.ffmpeg {
		if p.ffprobe, err = exec.LookPath("ffprobe"); err != nil {
			return p, fmt.Errorf("it needs the program ffprobe (package ffmpeg), which is not beside %s; %s", p.ffmpeg, alternatives)
		}
	}
	version, err := versionOf(p.ffmpeg)
	if err != nil {
		return p, err
	}
	p.passthrough = []string{"-fps_mode", "passthrough"}
	if version < 5.1 {
		p.passthrough = []string{"-vsync", "passthrough"}
	}
	programs.found[name] = p
	return p, nil
}

var versionText = regexp.MustCompile(`^ffmpeg version n?(\d+\.\d+)`)

// versionOf asks a program for its version; one without a number is a recent one.
func versionOf(path string) (float64, error) {
	c, err := start(path, []string{"-version"})
	if err != nil {
		return 0, err
	}
	defer c.stop()
	var out []byte
	err = c.within(30*time.Second, func() error {
		out, err = io.ReadAll(io.LimitReader(c.out, 1<<10))
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

// openFFmpeg opens what is not read here; head is how it begins.
func openFFmpeg(path string, head []byte, o Options) (*Film, error) {
	program, err := findProgram(o)
	if err != nil {
		return nil, err
	}
	p, err := runProbe(program, "file:"+path, head, o)
	if err != nil {
		return nil, err
	}
	f, err := p.film(o)
	if err != nil {
		return nil, err
	}
	f.name = filepath.Base(path)
	s := f.source.(*ffmpegFilm)
	s.program, s.path, s.o = program, "file:"+path, o
	return f, f.check(o)
}

func (s *ffmpegFilm) close() error { return nil }

// far is how many frames are decoded in vain rather than that another ffmpeg is started.
const far = 200

// windows is how many single frames are asked for by name; of more, all between the first and the last come through the pipe.
const windows = 64

func (s *ffmpegFilm) frames(index []int, each func(int, *Picture) error) error {
	p := NewPicture(s.h, s.w)
	for from := 0; from < len(index); {
		to := from + 1
		for to < len(index) && s.key(index[to])-index[to-1] < far {
			to++
		}
		err := s.run(index[from:to], s.key(index[from]), p, func(k int) error { return each(from+k, p) })
		var late lateError
		if errors.As(err, &late) { // some containers are searched badly
			err = s.run(index[from+late.done:to], 0, p, func(k int) error { return each(from+late.done+k, p) })
		}
		if err != nil {
			return err
		}
		from = to
	}
	return nil
}

// key returns the frame at which decoding has to begin for frame i: the first where frames are counted.
func (s *ffmpegFilm) key(i int) int {
	if s.at == nil || len(s.keys) == 0 {
		return 0
	}
	k, found := slices.BinarySearch(s.keys, i)
	if !found {
		k--
	}
	return s.keys[max(k, 0)]
}

// lateError: ffmpeg began behind the frame that is wanted, after so many that came.
type lateError struct{ done, frame int }

func (e lateError) Error() string {
	return fmt.Sprintf("frame %d is not where the index has it", e.frame)
}

// run decodes frames by one ffmpeg that begins at frame key, and calls each when p is the next one.
func (s *ffmpegFilm) run(index []int, key int, p *Picture, each func(k int) error) error {
	single := len(index) <= windows
	first, last := index[0], index[len(index)-1]
	count := len(index)
	if !single {
		count = last - first + 1
	}
	c, err := start(s.program.ffmpeg, s.arguments(index, key, single, count))
	if err != nil {
		return err
	}
	defer c.stop()
	i, k := first, 0
	for range count {
		if single {
			i = index[k]
		}
		var stamp float64
		err := c.within(s.o.Timeout, func() (err error) {
			if _, err = io.ReadFull(c.out, p.Pix); err == nil {
				stamp, err = c.stamp()
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("frame %d: %w", i, c.failed(err))
		}
		if s.at != nil && math.Abs(stamp-s.at[i]) > s.slack(i) {
			if key > 0 {
				return lateError{k, i}
			}
			return fmt.Errorf("frame %d: ffmpeg decodes one of %g s where the index has %g s", i, stamp, s.at[i])
		}
		if i == index[k] {
			if err := each(k); err != nil {
				return err
			}
			k++
		}
		i++
	}
	return nil
}

// slack is how far a time stamp may lie from frame i's and still be its own.
func (s *ffmpegFilm) slack(i int) float64 {
	gap := math.Inf(1)
	if i > 0 {
		gap = s.at[i] - s.at[i-1]
	}
	if i+1 < len(s.at) {
		gap = min(gap, s.at[i+1]-s.at[i])
	}
	return min(gap, 1) / 4
}

// arguments are those of ffmpeg for frames of index, decoded from frame key on.
func (s *ffmpegFilm) arguments(index []int, key int, single bool, count int) []string {
	args := []string{"-nostdin", "-hide_banner", "-nostats", "-loglevel", "level+info", "-protocol_whitelist", "file", "-format_whitelist", demuxers}
	if s.o.Threads > 0 {
		args = append(args, "-threads", strconv.Itoa(s.o.Threads))
	}
	if key > 0 {
		args = append(args, "-seek_timestamp", "1", "-noaccurate_seek", "-ss", strconv.FormatFloat(s.at[key], 'f', 6, 64))
	}
	args = append(args, "-copyts", "-i", s.path, "-map", "0:V:0", "-an", "-sn", "-dn")
	filter := fmt.Sprintf("select=%s,showinfo=checksum=0,scale=%d:%d:flags=bicubic,format=rgb24", s.selection(index, single), s.w, s.h)
	args = append(args, "-vf", filter)
	args = append(args, s.program.passthrough...)
	return append(args, "-frames:v", strconv.Itoa(count), "-f", "rawvideo", "-")
}

// selection is the expression that lets the frames through: by their time stamps, or by their numbers. Runs of frames are one term.
func (s *ffmpegFilm) selection(index []int, single bool) string {
	if !single {
		index = []int{index[0], index[len(index)-1]}
	}
	var terms []string
	for from := 0; from < len(index); {
		to := from
		for to+1 < len(index) && (!single || index[to+1] == index[to]+1) {
			to++
		}
		a, b := index[from], index[to]
		if s.at == nil {
			terms = append(terms, fmt.Sprintf(`between(n\,%d\,%d)`, a, b))
		} else {
			terms = append(terms, fmt.Sprintf(`between(t\,%.7f\,%.7f)`, s.at[a]-s.slack(a), s.at[b]+s.slack(b)))
		}
		from = to + 1
	}
	return strings.Join(terms, "+")
}

// call is a program that runs.
type call struct {
	cmd    *exec.Cmd
	out    io.ReadCloser
	cancel context.CancelFunc
	stamps chan float64 // of frames, as showinfo tells them
	ended  chan struct{}
	late   bool

	mu   sync.Mutex
	last []string // what it said last
}

// start starts a program in a process group of its own.
func start(path string, args []string) (*call, error) {
	ctx, cancel := context.WithCancel(context.Background())
	c := &call{cmd: exec.CommandContext(ctx, path, args...), cancel: cancel, stamps: make(chan float64, 1<<12), ended: make(chan struct{})}
	c.cmd.Env = append(os.Environ(), "LC_ALL=C", "AV_LOG_FORCE_NOCOLOR=1")
	ownGroup(c.cmd)
	c.cmd.WaitDelay = 2 * time.Second
	var err error
	if c.out, err = c.cmd.StdoutPipe(); err != nil {
		cancel()
		return nil, err
	}
	said, err := c.cmd.StderrPipe()
	if err == nil {
		err = c.cmd.Start()
	}
	if err != nil {
		cancel()
		return nil, fmt.Errorf("%s does not start: %w", path, cause(err))
	}
	largerPipe(c.out)
	go c.listen(said)
	return c, nil
}

// said is how many lines of what a program says are kept, and how long a line.
const (
	saidLines = 8
	saidBytes = 512
)

var showinfo = regexp.MustCompile(`\] n: *\d+ pts: *(?:-?\d+|NOPTS) +pts_time:(\S+)`)

// listen reads what the program says: time stamps, and the last lines of complaints.
func (c *call) listen(r io.Reader) {
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
		if m := showinfo.FindSubmatch(line); m != nil {
			t, bad := strconv.ParseFloat(string(m[1]), 64)
			if bad != nil {
				t = math.NaN()
			}
			c.stamps <- t
		} else if text := printable(string(line[:min(len(line), saidBytes)])); text != "" && !strings.Contains(text, "[info]") {
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

// printable makes one line of text.
func printable(s string) string {
	s = strings.ToValidUTF8(s, "?")
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return ' '
		}
		return r
	}, s)
	return strings.TrimSpace(s)
}

// stamp returns the time stamp of the next frame, which is said before the frame is written.
func (c *call) stamp() (float64, error) {
	select {
	case t := <-c.stamps:
		return t, nil
	case <-c.ended:
	}
	select {
	case t := <-c.stamps:
		return t, nil
	default:
		return 0, errors.New("ffmpeg does not tell the frame's time (version 4.3 or later is needed)")
	}
}

// within ends the program where f takes longer.
func (c *call) within(limit time.Duration, f func() error) error {
	t := time.AfterFunc(limit, func() {
		c.mu.Lock()
		c.late = true
		c.mu.Unlock()
		c.cancel()
	})
	defer t.Stop()
	return f()
}

// stop ends the program and all that it started.
func (c *call) stop() {
	c.cancel()
	patience := time.After(2 * time.Second) // with what has left the process group and keeps the pipe open
	for waiting := true; waiting; {
		select {
		case <-c.stamps: // which a program that is ended may wait for
		case <-c.ended:
			waiting = false
		case <-patience:
			waiting = false
		}
	}
	c.out.Close()
	c.cmd.Wait()
}

// failed says why a program gave less than was asked for.
func (c *call) failed(err error) error {
	c.mu.Lock()
	late := c.late
	c.mu.Unlock()
	if late {
		return errors.New("ffmpeg was ended: it took longer than it may (Timeout)")
	}
	if err != io.EOF && err != io.ErrUnexpectedEOF {
		return err
	}
	select {
	case <-c.ended:
	case <-time.After(2 * time.Second):
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.last) == 0 {
		return errors.New("ffmpeg ends before it")
	}
	return fmt.Errorf("ffmpeg ends before it: %s", c.last[len(c.last)-1])
}
