package sound

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/tessera-go/tessera/internal/ffmpeg"
)

// demuxers are the containers that ffmpeg may open: none that is a list of other files or a picture.
const demuxers = "3g2,3gp,aac,ac3,aiff,amr,ape,asf,au,avi,caf,dsf,dts,dv,eac3,flac,flv,gxf,m4a,m4v,matroska,mj2,mov,mp3,mp4,mpc,mpc8,mpeg,mpegts,mxf,nsv,nut,oga,ogg,rm," +
	"sox,tak,tta,voc,w64,wav,webm,wsaud,wv,h264,hevc,h261,h263,ivf,mpegvideo,mjpeg,vc1,av1,obu,dirac,gif,yuv4mpegpipe"

// alternatives end every sentence that asks for ffmpeg.
const alternatives = "WAV, FLAC, MP3, Ogg Vorbis, PCM in AVI and Layer II in MPEG-1 are read without it"

// ffmpegSound is a recording that the program ffmpeg decodes: it is decoded once when it is opened, for an index of its frames with a sum of each, and a later
// window is decoded from some way before it and held to the sums.
type ffmpegSound struct {
	program  ffmpeg.Program
	path     string // as it is given to the program
	o        Options
	rate     int
	channels int
	frames   []ffmpegFrame
	starts   []int64     // numbers of the frames' first values, and the end
	counted  atomic.Bool // a jump led elsewhere: decoding begins at the beginning
}

// ffmpegFrame is a block of values as the filter ashowinfo tells it.
type ffmpegFrame struct {
	stamp int64 // in values
	n     int32
	sum   uint32 // Adler-32 of its bytes
}

// probe is what ffprobe tells of a file.
type probe struct {
	format, codec  string
	rate, channels int
	sound, video   bool
	videoStart     float64
}

func openFFmpeg(path string, o Options) (*Recording, error) {
	program, err := ffmpeg.Find(o.FFmpeg, alternatives)
	if err != nil {
		return nil, err
	}
	path = "file:" + path
	p, err := runProbe(program, path, o)
	if err != nil {
		return nil, err
	}
	container, _, _ := strings.Cut(p.format, ",")
	container = cmp.Or(containerNames[container], container)
	if !p.sound {
		return nil, fmt.Errorf("%w (%s)", ErrNone, container)
	}
	r := &Recording{format: fmt.Sprintf("%s (%s) through ffmpeg", container, cmp.Or(codecNames[p.codec], p.codec, "unknown")), rate: float64(p.rate), channels: p.channels, length: 1}
	if err := r.check(o); err != nil {
		return nil, err
	}
	s := &ffmpegSound{program: program, path: path, o: o, rate: p.rate, channels: p.channels}
	if err := s.index(r); err != nil {
		return nil, err
	}
	if p.video {
		r.delay = float64(s.frames[0].stamp)/r.rate - p.videoStart
	}
	r.length = s.starts[len(s.frames)]
	r.source = &coded{channels: p.channels, cost: 0, begin: s.begin, idling: -1}
	return r, nil
}

// codecNames and containerNames are those that people say.
var codecNames = map[string]string{"aac": "AAC", "mp3": "MP3", "mp3float": "MP3", "mp2": "Layer II", "opus": "Opus", "vorbis": "Vorbis", "ac3": "AC-3", "eac3": "E-AC-3", "flac": "FLAC",
	"alac": "ALAC", "wmav2": "WMA", "amr_nb": "AMR", "adpcm_ms": "ADPCM", "adpcm_ima_wav": "ADPCM", "pcm_s16le": "16 bits", "pcm_s16be": "16 bits"}

var containerNames = map[string]string{"mov": "MP4", "matroska": "Matroska", "avi": "AVI", "mpegts": "MPEG-TS", "mpeg": "MPEG-PS", "ogg": "Ogg", "flv": "FLV", "asf": "ASF", "wav": "WAV", "aiff": "AIFF",
	"aac": "ADTS", "w64": "Wave64", "caf": "CAF", "au": "AU", "mp3": "MPEG"}

func runProbe(program ffmpeg.Program, path string, o Options) (*probe, error) {
	c, err := ffmpeg.Start(program.FFprobe, slices.Concat([]string{"-hide_banner", "-loglevel", "level+error"}, ffmpeg.Closed(demuxers),
		[]string{"-show_entries", "stream=codec_type,codec_name,sample_rate,channels,start_time:stream_disposition=attached_pic:format=format_name", "-of", "compact", path}), nil)
	if err != nil {
		return nil, err
	}
	defer c.Stop()
	p := &probe{}
	if err = c.Within(o.Timeout, func() error { return p.read(c.Out) }); err != nil {
		return nil, c.Failed(err)
	}
	if p.format == "" {
		err := c.Failed(io.EOF)
		if errors.Is(err, ffmpeg.ErrLate) {
			return nil, err
		}
		text := err.Error()
		if at := strings.LastIndex(text, ": "); at >= 0 {
			text = text[at+2:]
		}
		return nil, fmt.Errorf("not a recording that ffmpeg reads (%s)", text)
	}
	return p, nil
}

// probeLines is how many lines of ffprobe are read: a line a stream.
const probeLines = 1 << 12

// read reads ffprobe's output, a line for each stream, and the format, such as
//
//	stream|codec_name=aac|codec_type=audio|sample_rate=44100|channels=2|start_time=0.000000|disposition:attached_pic=0
//	format|format_name=mov,mp4,m4a,3gp,3g2,mj2
func (p *probe) read(r io.Reader) error {
	in := bufio.NewScanner(r)
	for n := 0; in.Scan(); n++ {
		if n == probeLines {
			return fmt.Errorf("ffprobe tells of more than %d streams", probeLines)
		}
		kind, rest, _ := strings.Cut(in.Text(), "|")
		value := map[string]string{}
		for _, part := range strings.Split(rest, "|") {
			if name, v, ok := strings.Cut(part, "="); ok {
				value[name] = v
			}
		}
		switch {
		case kind == "format":
			p.format = ffmpeg.Printable(value["format_name"])
		case kind != "stream":
		case value["codec_type"] == "audio" && !p.sound:
			p.sound = true
			p.codec = ffmpeg.Printable(value["codec_name"])
			p.rate, p.channels = whole(value["sample_rate"]), whole(value["channels"])
		case value["codec_type"] == "video" && value["disposition:attached_pic"] != "1" && !p.video:
			p.video = true
			if s, err := strconv.ParseFloat(value["start_time"], 64); err == nil && math.Abs(s) < 1e9 {
				p.videoStart = s
			}
		}
	}
	return in.Err()
}

func whole(s string) int {
	v, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return v
}

// ashowinfo is a line of the filter of that name: stamp, channels, rate, number of values, sum.
var ashowinfo = regexp.MustCompile(`\] n: *\d+ pts: *(-?\d+|NOPTS) .*channels: *(\d+) .*rate: *(\d+) nb_samples: *(\d+) checksum: *([0-9A-F]{1,8})\b`)

// arguments are those of ffmpeg for the frames from a time on, "" for all.
func (s *ffmpegSound) arguments(from string, output ...string) []string {
	args := append([]string{"-nostdin", "-hide_banner", "-nostats", "-loglevel", "level+info"}, ffmpeg.Closed(demuxers)...)
	if s.o.Threads > 0 {
		args = append(args, "-threads", strconv.Itoa(s.o.Threads))
	}
	if from != "" {
		args = append(args, "-seek_timestamp", "1", "-noaccurate_seek", "-ss", from)
	}
	args = append(args, "-copyts", "-i", s.path, "-map", "0:a:0", "-vn", "-sn", "-dn", "-af", "aformat=sample_fmts=flt,ashowinfo", "-c:a", "pcm_f32le")
	return append(args, output...)
}

// told reads what is told of the next frame; ok is false behind the last one.
func (s *ffmpegSound) told(c *ffmpeg.Call) (f ffmpegFrame, ok bool, err error) {
	var parts []string
	err = c.Within(s.o.Timeout, func() error {
		parts, ok = c.Told()
		return nil
	})
	if err != nil || !ok {
		return f, ok, err
	}
	if whole(parts[2]) != s.channels || whole(parts[3]) != s.rate {
		return f, true, fmt.Errorf("its channels or its rate change: %s channels at %s Hz after %d at %d", parts[2], parts[3], s.channels, s.rate)
	}
	f.stamp = math.MinInt64
	if v, err := strconv.ParseInt(parts[1], 10, 64); err == nil && v > -1<<53 && v < 1<<53 {
		f.stamp = v
	}
	n, err := strconv.ParseInt(parts[4], 10, 32)
	if err != nil || n < 1 || n*int64(s.channels) > 1<<26 {
		return f, true, fmt.Errorf("ffmpeg tells of a frame of %s values", parts[4])
	}
	sum, err := strconv.ParseUint(parts[5], 16, 32)
	f.n, f.sum = int32(n), uint32(sum)
	return f, true, err
}

// index decodes the recording once.
func (s *ffmpegSound) index(r *Recording) error {
	c, err := ffmpeg.Start(s.program.FFmpeg, s.arguments("", "-f", "null", "-"), ashowinfo)
	if err != nil {
		return err
	}
	defer c.Stop()
	at := int64(0)
	gaps := 0
	for {
		f, ok, err := s.told(c)
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		if k := len(s.frames); f.stamp == math.MinInt64 {
			f.stamp = 0
			s.counted.Store(true)
			if k > 0 {
				f.stamp = s.frames[k-1].stamp + int64(s.frames[k-1].n)
			}
		} else if k > 0 && math.Abs(float64(f.stamp-s.frames[k-1].stamp-int64(s.frames[k-1].n))) > float64(s.rate)/10 {
			gaps++
		}
		s.frames, s.starts = append(s.frames, f), append(s.starts, at)
		if at += int64(f.n); at > s.o.MaxLength {
			return fmt.Errorf("a recording of more than %d values (MaxLength)", s.o.MaxLength)
		}
	}
	s.starts = append(s.starts, at)
	if err := c.Failed(io.EOF); errors.Is(err, ffmpeg.ErrLate) {
		return err
	}
	if len(s.frames) == 0 {
		return fmt.Errorf("no values in its sound, or cut short before its first ones (%s)", cmp.Or(c.LastSaid(), "ffmpeg says nothing"))
	}
	if said := c.LastSaid(); strings.Contains(said, "[error]") || strings.Contains(said, "[fatal]") {
		r.notes = append(r.notes, "ffmpeg says of it: "+said)
	}
	if gaps > 0 {
		r.notes = append(r.notes, fmt.Sprintf("%s of more than 0.1 s in its times, which are passed over", plural(int64(gaps), "jump")))
	}
	return nil
}

// near is how many seconds are decoded in vain rather than that ffmpeg jumps, and before how many seconds a jump goes.
const (
	near    = 20
	preroll = 1
)

// begin starts an ffmpeg for the frames from the one of value from on.
func (s *ffmpegSound) begin(from int64) (decoder, error) {
	k, found := slices.BinarySearch(s.starts[:len(s.frames)], from)
	if !found {
		k--
	}
	d := &ffmpegDecoder{s: s, k: k}
	if s.counted.Load() || from < near*int64(s.rate) {
		return d, d.start("")
	}
	stamp := float64(s.frames[k].stamp)/float64(s.rate) - preroll
	return d, d.start(strconv.FormatFloat(stamp, 'f', 6, 64))
}

// ffmpegDecoder is an ffmpeg that runs.
type ffmpegDecoder struct {
	s      *ffmpegSound
	c      *ffmpeg.Call
	k      int  // the frame that is next
	i      int  // the frame that comes, where all come
	jumped bool // the first ones do not come
	bytes  []byte
	out    []float32
}

func (d *ffmpegDecoder) start(from string) (err error) {
	d.c, err = ffmpeg.Start(d.s.program.FFmpeg, d.s.arguments(from, "-f", "f32le", "-"), ashowinfo)
	d.i, d.jumped = 0, from != ""
	return err
}

func (d *ffmpegDecoder) close() {
	if d.c != nil {
		d.c.Stop()
	}
}

var errElsewhere = errors.New("ffmpeg decodes it otherwise the second time")

func (d *ffmpegDecoder) next() (v []float32, at int64, err error) {
	if d.k >= len(d.s.frames) {
		return nil, 0, io.ErrUnexpectedEOF
	}
	if err = d.reach(); errors.Is(err, errElsewhere) && d.jumped {
		d.s.counted.Store(true)
		d.c.Stop()
		if err = d.start(""); err == nil {
			err = d.reach()
		}
	}
	if err != nil {
		return nil, 0, err
	}
	at = d.s.starts[d.k]
	d.k++
	return d.out, at, nil
}

// reach decodes up to frame k, and that one.
func (d *ffmpegDecoder) reach() error {
	want := d.s.frames[d.k]
	for {
		f, ok, err := d.s.told(d.c)
		if err != nil {
			return err
		}
		if !ok {
			if d.jumped {
				return errElsewhere
			}
			return d.c.Failed(io.EOF)
		}
		d.bytes = sized(d.bytes, 4*int(f.n)*d.s.channels)
		err = d.c.Within(d.s.o.Timeout, func() error {
			_, err := io.ReadFull(d.c.Out, d.bytes)
			return err
		})
		if err != nil {
			return d.c.Failed(err)
		}
		this := d.i == d.k
		if d.jumped { // stamps are rounded, and may be a few values off after a jump
			if f.stamp >= want.stamp+int64(want.n) {
				return errElsewhere
			}
			this = f.stamp > want.stamp-int64(want.n+1)/2 && f.sum == want.sum && f.n == want.n
		}
		d.i++
		if !this {
			continue
		}
		if f.n != want.n || f.sum != want.sum {
			return errElsewhere
		}
		d.out = sized(d.out, int(f.n)*d.s.channels)
		for i := range d.out {
			d.out[i] = math.Float32frombits(binary.LittleEndian.Uint32(d.bytes[4*i:]))
		}
		return nil
	}
}
