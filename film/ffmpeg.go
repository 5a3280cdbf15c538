package film

import (
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/tessera-go/tessera/internal/ffmpeg"
)

// ffmpegFilm is a film that the program ffmpeg decodes: an index by ffprobe, frames by a pipe of RGB. Neither gets a shell, standard input, the network or
// files but the film itself.
type ffmpegFilm struct {
	program ffmpeg.Program
	path    string // as it is given to the program
	o       Options
	h, w    int
	at      []float64 // time stamps, seconds; of films that are counted instead, nil
	keys    []int     // frames at which decoding can begin
}

// demuxers are the containers that ffmpeg may open: none that is a list of other files or a picture.
const demuxers = "3g2,3gp,asf,av1,avi,dirac,dv,flv,gif,gxf,h261,h263,h264,hevc,ivf,m4a,m4v,matroska,mj2,mjpeg,mov,mp4,mpeg,mpegts,mpegvideo,mxf,nsv,nut,obu,ogg,rm," +
	"roq,smk,swf,vc1,webm,yuv4mpegpipe"

// alternatives end every sentence that asks for ffmpeg.
const alternatives = "GIF, Y4M, MJPEG in AVI and MPEG-1 are read without it"

// find finds the programs.
func find(o Options) (ffmpeg.Program, error) { return ffmpeg.Find(o.FFmpeg, alternatives) }

// passthrough is how a version is told to neither drop nor repeat frames.
func passthrough(p ffmpeg.Program) []string {
	if p.Version < 5.1 {
		return []string{"-vsync", "passthrough"}
	}
	return []string{"-fps_mode", "passthrough"}
}

// openFFmpeg opens what is not read here; head is how it begins.
func openFFmpeg(path string, head []byte, o Options) (*Film, error) {
	program, err := find(o)
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
	c, err := ffmpeg.Start(s.program.FFmpeg, s.arguments(index, key, single, count), showinfo)
	if err != nil {
		return err
	}
	defer c.Stop()
	i, k := first, 0
	for range count {
		if single {
			i = index[k]
		}
		var stamp float64
		err := c.Within(s.o.Timeout, func() (err error) {
			if _, err = io.ReadFull(c.Out, p.Pix); err == nil {
				stamp, err = stampOf(c)
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("frame %d: %w", i, c.Failed(err))
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
	args := []string{"-nostdin", "-hide_banner", "-nostats", "-loglevel", "level+info"}
	args = append(args, ffmpeg.Closed(demuxers)...)
	if s.o.Threads > 0 {
		args = append(args, "-threads", strconv.Itoa(s.o.Threads))
	}
	if key > 0 {
		args = append(args, "-seek_timestamp", "1", "-noaccurate_seek", "-ss", strconv.FormatFloat(s.at[key], 'f', 6, 64))
	}
	args = append(args, "-copyts", "-i", s.path, "-map", "0:V:0", "-an", "-sn", "-dn")
	filter := fmt.Sprintf("select=%s,showinfo=checksum=0,scale=%d:%d:flags=bicubic,format=rgb24", s.selection(index, single), s.w, s.h)
	args = append(args, "-vf", filter)
	args = append(args, passthrough(s.program)...)
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

var showinfo = regexp.MustCompile(`\] n: *\d+ pts: *(?:-?\d+|NOPTS) +pts_time:(\S+)`)

// stampOf returns the time stamp of the next frame, which is said before the frame is written.
func stampOf(c *ffmpeg.Call) (float64, error) {
	m, ok := c.Told()
	if !ok {
		return 0, errors.New("ffmpeg does not tell the frame's time (version 4.3 or later is needed)")
	}
	t, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		t = math.NaN()
	}
	return t, nil
}
