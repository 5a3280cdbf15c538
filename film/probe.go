package film

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/tessera-go/tessera/internal/ffmpeg"
	"github.com/tessera-go/tessera/internal/files"
)

// probe is what ffprobe tells of a film.
type probe struct {
	format, codec string
	h, w          int
	rotation      float64 // degrees, counter-clockwise
	aspect        string  // of a pixel
	fields        string  // their order
	base          [2]int64
	rate          [2]int64 // frames a second in the mean
	stamps        []int64  // in units of base, noStamp where there is none
	keys          []bool
	discarded     int
	video         bool
}

const noStamp = math.MinInt64

// probeEntries are what ffprobe is asked for beside packets or frames.
const probeEntries = ":stream=codec_type,codec_name,width,height,sample_aspect_ratio,field_order,time_base,avg_frame_rate:stream_side_data=rotation:stream_tags=rotate:format=format_name"

// runProbe reads a film's index. Packets are quick to list, and are the frames where the codec and the container see to it that each has a time stamp and
// shows one picture, which is looked for in MP4 and Matroska; else the frames themselves are decoded once.
func runProbe(program ffmpeg.Program, path string, head []byte, o Options) (*probe, error) {
	if mp4, matroska := len(head) > 8 && string(head[4:8]) == "ftyp", strings.HasPrefix(string(head), "\x1a\x45\xdf\xa3"); mp4 || matroska {
		p, err := askProbe(program, path, o, "packet=pts,flags")
		if err != nil || !p.video || p.packetsAreFrames() {
			return p, err
		}
	}
	return askProbe(program, path, o, "frame=key_frame,best_effort_timestamp,pkt_dts")
}

// packetsAreFrames tells whether the list of packets is that of frames.
func (p *probe) packetsAreFrames() bool {
	switch p.codec {
	case "h264", "hevc", "av1", "vp9", "mjpeg", "prores", "dnxhd", "mpeg4", "ffv1", "rawvideo":
	default:
		return false
	}
	if name, _, _ := strings.Cut(p.format, ","); name != "mov" && name != "matroska" {
		return false
	}
	sorted := slices.Sorted(slices.Values(p.stamps))
	for i, s := range sorted {
		if s == noStamp || i > 0 && s == sorted[i-1] {
			return false
		}
	}
	return len(sorted) > 0 && len(p.keys) > 0 && p.keys[0]
}

func askProbe(program ffmpeg.Program, path string, o Options, entries string) (*probe, error) {
	c, err := ffmpeg.Start(program.FFprobe, slices.Concat([]string{"-hide_banner", "-loglevel", "level+error"}, ffmpeg.Closed(demuxers),
		[]string{"-select_streams", "V:0", "-show_entries", entries + probeEntries, "-of", "compact", path}), nil)
	if err != nil {
		return nil, err
	}
	defer c.Stop()
	p := &probe{}
	err = c.Within(o.Timeout, func() error { return p.read(c.Out, o) })
	if err != nil {
		return nil, err
	}
	if p.format == "" {
		err = c.Failed(io.EOF)
		if errors.Is(err, ffmpeg.ErrLate) {
			return nil, err
		}
		text := err.Error()
		if at := strings.LastIndex(text, ": "); at >= 0 {
			text = text[at+2:]
		}
		return nil, fmt.Errorf("not a film that ffmpeg reads (%s)", text)
	}
	return p, nil
}

// read reads ffprobe's output, a line for each packet or frame, stream, and the format, such as
//
//	packet|pts=512|flags=K_
//	stream|codec_name=h264|codec_type=video|width=64|height=48|sample_aspect_ratio=1:1|time_base=1/12800|avg_frame_rate=25/1|tag:rotate=90
//	format|format_name=mov,mp4,m4a,3gp,3g2,mj2
func (p *probe) read(r io.Reader, o Options) error {
	in := bufio.NewReaderSize(r, 1<<14)
	for {
		line, err := in.ReadSlice('\n')
		if err == bufio.ErrBufferFull {
			for err == bufio.ErrBufferFull {
				_, err = in.ReadSlice('\n')
			}
			line = nil
		}
		if err := p.line(strings.TrimRight(string(line), "\r\n"), o); err != nil {
			return err
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return files.Cause(err)
		}
	}
}

func (p *probe) line(line string, o Options) error {
	kind, rest, _ := strings.Cut(line, "|")
	value := map[string]string{}
	for _, part := range strings.Split(rest, "|") {
		name, v, ok := strings.Cut(part, "=")
		if _, twice := value[name]; ok && !twice {
			value[name] = v
		}
	}
	switch kind {
	case "packet":
		flags := value["flags"]
		if strings.Contains(flags, "D") { // an edit list leaves it out
			p.discarded++
			return nil
		}
		return p.add(stamp(value["pts"]), strings.HasPrefix(flags, "K"), o)
	case "frame":
		s := stamp(value["best_effort_timestamp"])
		if s == noStamp {
			s = stamp(value["pkt_dts"])
		}
		return p.add(s, value["key_frame"] == "1", o)
	case "stream":
		p.stream(value)
	case "format":
		p.format = ffmpeg.Printable(value["format_name"])
	}
	return nil
}

func stamp(s string) int64 {
	v, err := strconv.ParseInt(s, 10, 64)
	if err != nil || v < -1<<53 || v > 1<<53 {
		return noStamp
	}
	return v
}

func (p *probe) add(s int64, key bool, o Options) error {
	p.stamps, p.keys = append(p.stamps, s), append(p.keys, key)
	return o.counted(len(p.stamps))
}

func (p *probe) stream(value map[string]string) {
	if value["codec_type"] != "video" || p.video {
		return
	}
	p.video = true
	p.codec = ffmpeg.Printable(value["codec_name"])
	number := func(name string) int {
		v, err := strconv.Atoi(value[name])
		if err != nil {
			return 0
		}
		return v
	}
	p.h, p.w = number("height"), number("width")
	for name, v := range value { // side data's lines come with names of their own in some versions
		if strings.HasSuffix(name, "rotation") {
			if r, err := strconv.ParseFloat(v, 64); err == nil && !math.IsNaN(r) && math.Abs(r) <= 360 {
				p.rotation = r
			}
		}
	}
	if r := number("tag:rotate"); r != 0 && p.rotation == 0 {
		p.rotation = float64(-r % 360)
	}
	p.aspect, p.fields = ffmpeg.Printable(value["sample_aspect_ratio"]), value["field_order"]
	p.base, p.rate = fraction(value["time_base"]), fraction(value["avg_frame_rate"])
}

// fraction reads 30000/1001.
func fraction(s string) (f [2]int64) {
	a, b, _ := strings.Cut(s, "/")
	n, err := strconv.ParseInt(a, 10, 32)
	d, err2 := strconv.ParseInt(b, 10, 32)
	if err == nil && err2 == nil && n > 0 && d > 0 {
		f = [2]int64{n, d}
	}
	return f
}

// codecNames are those that people say.
var codecNames = map[string]string{"h264": "H.264", "hevc": "H.265", "mpeg4": "MPEG-4", "mpeg1video": "MPEG-1", "mpeg2video": "MPEG-2", "vp8": "VP8", "vp9": "VP9", "av1": "AV1",
	"mjpeg": "MJPEG", "theora": "Theora", "prores": "ProRes", "flv1": "FLV", "h263": "H.263"}

var containerNames = map[string]string{"mov": "MP4", "matroska": "Matroska", "avi": "AVI", "mpegts": "MPEG-TS", "mpeg": "MPEG-PS", "ogg": "Ogg", "flv": "FLV", "asf": "ASF"}

// film makes a film of what is known.
func (p *probe) film(o Options) (*Film, error) {
	container, _, _ := strings.Cut(p.format, ",")
	container = cmp.Or(containerNames[container], container)
	switch {
	case !p.video:
		return nil, fmt.Errorf("no video stream in it (%s)", container)
	case p.h < 1 || p.w < 1:
		return nil, fmt.Errorf("a film of %d by %d pixels, or cut short before its first frame", p.w, p.h)
	case len(p.stamps) == 0:
		return nil, errors.New("a film without frames, or cut short before its first one")
	}
	h, w := p.h, p.w
	f := &Film{format: fmt.Sprintf("%s (%s) through ffmpeg", container, cmp.Or(codecNames[p.codec], p.codec, "unknown"))}
	if quarter := math.Abs(math.Mod(p.rotation, 180)); quarter > 45 && quarter < 135 {
		h, w = w, h
		f.notes = append(f.notes, fmt.Sprintf("turned by %g degrees, as it asks", p.rotation))
	} else if math.Abs(p.rotation) > 135 && math.Abs(p.rotation) < 225 {
		f.notes = append(f.notes, fmt.Sprintf("turned by %g degrees, as it asks", p.rotation))
	}
	if p.aspect != "" && p.aspect != "N/A" && p.aspect != "1:1" && p.aspect != "0:1" {
		f.notes = append(f.notes, fmt.Sprintf("its pixels are not square (%s) and are left so", p.aspect))
	}
	switch p.fields {
	case "tt", "bb", "tb", "bt":
		f.notes = append(f.notes, "interlaced: the two fields of a frame are woven together")
	}
	if p.discarded > 0 {
		f.notes = append(f.notes, fmt.Sprintf("%s left out, as its edit list asks", plural(p.discarded, "frame")))
	}
	s := &ffmpegFilm{h: h, w: w}
	p.index(f, s)
	f.h, f.w, f.source = h, w, s
	return f, nil
}

// index makes times of the time stamps. Where they are missing, repeated or fall, frames are counted, and such times are set a mean frame's time after
// the one before.
func (p *probe) index(f *Film, s *ffmpegFilm) {
	order := make([]int, len(p.stamps))
	for i := range order {
		order[i] = i
	}
	if p.packetsAreFrames() { // stored in the order of decoding
		slices.SortFunc(order, func(a, b int) int { return cmp.Compare(p.stamps[a], p.stamps[b]) })
	}
	period := 1.0 / 25
	if p.rate[0] > 0 {
		period = float64(p.rate[1]) / float64(p.rate[0])
	}
	base := 0.0
	if p.base[0] > 0 {
		base = float64(p.base[0]) / float64(p.base[1])
	}
	missing, repeated, counted := 0, 0, strings.HasPrefix(p.format, "avi") // AVIs have no time stamps: ffmpeg counts, and miscounts after a jump
	at := make([]float64, len(order))
	for k, i := range order {
		switch stamp := p.stamps[i]; {
		case stamp == noStamp || base == 0:
			if k+1 < len(order) { // the last of a film has none where a decoder is emptied at the end
				missing++
			}
			counted = true
			if k > 0 {
				at[k] = at[k-1] + period
			}
		default:
			if at[k] = float64(stamp) * base; k > 0 && at[k] <= at[k-1] {
				repeated++
				counted = true
				at[k] = at[k-1] + period
			}
		}
		if p.keys[i] {
			s.keys = append(s.keys, k)
		}
	}
	f.times = make([]float64, len(at))
	for k := range at {
		f.times[k] = at[k] - at[0]
	}
	if missing > 0 && !strings.HasPrefix(p.format, "avi") {
		f.notes = append(f.notes, fmt.Sprintf("%s without a time, which is taken to be %.3g s after the one before", plural(missing, "frame"), period))
	}
	if repeated > 0 {
		f.notes = append(f.notes, fmt.Sprintf("%s with a time that is repeated or falls, which is taken to be %.3g s after the one before", plural(repeated, "frame"), period))
	}
	if !counted {
		s.at = at
	}
}
