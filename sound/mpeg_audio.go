package sound

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"github.com/tessera-go/tessera/internal/files"
)

// mpegHead is the header of a frame of MPEG audio (ISO 11172-3, 2.4.1.3; ISO 13818-3 for half the rates, and the extension "2.5" for quarters).
type mpegHead struct {
	layer    int
	half     int // how often the rate of MPEG-1 is halved: 0, 1, 2
	rateCode int
	bitrate  int // bits a second
	rate     int
	bytes    int // of the frame
	sum      bool
	mode     int // 0 stereo, 1 joint, 2 two channels, 3 one
	joint    int // mode extension
}

// Bit rates by their code, in kbit/s: of Layer II and III in MPEG-1, and of both in MPEG-2.
var (
	ratesII  = [15]int{0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384}
	ratesIII = [15]int{0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320}
	ratesLow = [15]int{0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160}
)

// readMPEGHead reads a header; ok is false for what is none, for Layer I, and for bit rates that are not said.
func readMPEGHead(b []byte) (h mpegHead, ok bool) {
	if len(b) < 4 || b[0] != 0xff || b[1]&0xe0 != 0xe0 {
		return h, false
	}
	h.layer = 4 - int(b[1]>>1&3)
	switch b[1] >> 3 & 3 {
	case 0:
		h.half = 2
	case 1:
		return h, false
	case 2:
		h.half = 1
	}
	code, rate := int(b[2]>>4), int(b[2]>>2&3)
	if h.layer != 2 && h.layer != 3 || h.layer == 2 && h.half == 2 || code == 0 || code == 15 || rate == 3 || b[3]&3 == 2 {
		return h, false
	}
	h.rateCode, h.rate = rate, [3]int{44100, 48000, 32000}[rate]>>h.half
	slots := 144
	switch {
	case h.half > 0:
		h.bitrate = ratesLow[code] * 1000
		if h.layer == 3 {
			slots = 72
		}
	case h.layer == 2:
		h.bitrate = ratesII[code] * 1000
	default:
		h.bitrate = ratesIII[code] * 1000
	}
	h.sum = b[1]&1 == 0
	h.mode, h.joint = int(b[3]>>6), int(b[3]>>4&3)
	h.bytes = slots*h.bitrate/h.rate + int(b[2]>>1&1)
	return h, true
}

func (h *mpegHead) channels() int {
	if h.mode == 3 {
		return 1
	}
	return 2
}

// values is how many values of a channel a frame has.
func (h *mpegHead) values() int {
	if h.layer == 3 && h.half > 0 {
		return 576
	}
	return 1152
}

// side is how many bytes the header, its sum and Layer III's side information take.
func (h *mpegHead) side() int {
	n := 4
	if h.sum {
		n += 2
	}
	switch {
	case h.layer == 2:
	case h.half == 0 && h.mode != 3:
		n += 32
	case h.half > 0 && h.mode == 3:
		n += 9
	default:
		n += 17
	}
	return n
}

// like tells whether two frames are of one stream.
func (h *mpegHead) like(g *mpegHead) bool {
	return h.layer == g.layer && h.half == g.half && h.rate == g.rate && h.channels() == g.channels()
}

// mpegFrame is where a frame is.
type mpegFrame struct {
	at    int64
	bytes int32
	main  int32 // bytes of main data
}

// mpegScan finds the frames of a stream.
type mpegScan struct {
	peeker
	head   mpegHead // of the first frame
	frames []mpegFrame
	cut    bool  // the last frame is not whole
	passed int64 // bytes between frames that are none
	skip   int64 // values before the first one, of which the encoder says that they are not the recording's
	drop   int64 // values behind the last one
	said   int64 // frames, as the first one says; 0: not said
}

// chain tells whether a frame begins at a place, and so many of the same stream follow, or all up to the file's end.
func (s *mpegScan) chain(at int64, follow int) (first mpegHead, ok bool, err error) {
	for k := 0; k <= follow; k++ {
		b, err := s.peek(at, 4)
		if err != nil {
			return first, false, err
		}
		h, ok := readMPEGHead(b)
		if k == 0 {
			first = h
			if !ok || len(s.frames) > 0 && !h.like(&s.head) {
				return first, false, nil
			}
		} else if len(b) < 4 || tagged(b) {
			return first, k > 1 || len(s.frames) > 0, nil
		} else if !ok || !h.like(&first) {
			return first, false, nil
		}
		at += int64(h.bytes)
	}
	return first, true, nil
}

// tagged tells whether a tag follows that programs put behind the last frame.
func tagged(b []byte) bool {
	for _, t := range []string{"TAG", "APET", "LYRI", "ID3", "3DI"} {
		if bytes.HasPrefix(b, []byte(t)) {
			return true
		}
	}
	return false
}

// searched is how many bytes are searched for the first frame.
const searched = 1 << 20

// skipTags returns where ID3v2 tags end.
func skipTags(f io.ReaderAt, at int64) (int64, error) {
	for {
		var b [10]byte
		if n, err := f.ReadAt(b[:], at); n < len(b) || string(b[:3]) != "ID3" || b[3] == 0xff {
			if err == io.EOF {
				err = nil
			}
			return at, files.Cause(err)
		}
		at += 10 + int64(b[6]&0x7f)<<21 + int64(b[7]&0x7f)<<14 + int64(b[8]&0x7f)<<7 + int64(b[9]&0x7f)
		if b[5]&0x10 != 0 {
			at += 10
		}
	}
}

// scan finds all frames. Where none is found in the beginning, there are none.
func (s *mpegScan) scan(at int64, o Options) error {
	begin := at
	for at < s.size {
		follow := 3
		if len(s.frames) > 0 {
			follow = 1
		}
		b, err := s.peek(at, 4)
		if err != nil {
			return err
		}
		h, ok := readMPEGHead(b)
		if ok = ok && (len(s.frames) == 0 || h.like(&s.head)); ok && (len(s.frames) == 0 || s.passedLast(at)) {
			h, ok, err = s.chain(at, follow)
			if err != nil {
				return err
			}
		}
		switch {
		case ok:
			if at+int64(h.bytes) > s.size {
				s.cut = true
				return nil
			}
			if len(s.frames) == 0 {
				s.head = h
			}
			s.frames = append(s.frames, mpegFrame{at, int32(h.bytes), int32(max(0, h.bytes-h.side()))})
			if int64(len(s.frames)) > o.MaxLength/576 {
				return fmt.Errorf("a recording of more than %d values (MaxLength)", o.MaxLength)
			}
			at += int64(h.bytes)
		case len(s.frames) == 0 && at-begin > searched:
			return nil
		case tagged(b) && len(s.frames) > 0:
			return nil
		default:
			next, err := s.search(at + 1)
			if err != nil {
				return err
			}
			if next < s.size || len(s.frames) == 0 {
				s.passed += next - at
			} else if s.size-at < 4 {
				s.cut = true
			}
			at = next
		}
	}
	return nil
}

// passedLast tells whether a place is not where the last frame ends.
func (s *mpegScan) passedLast(at int64) bool {
	last := s.frames[len(s.frames)-1]
	return at != last.at+int64(last.bytes)
}

// search returns where the next byte is that a header may begin with.
func (s *mpegScan) search(at int64) (int64, error) {
	for at < s.size {
		b, err := s.peek(at, 1)
		if err != nil || len(b) == 0 {
			return s.size, err
		}
		b = s.buf[at-s.base:]
		if k := bytes.IndexByte(b, 0xff); k >= 0 {
			return at + int64(k), nil
		}
		at += int64(len(b))
	}
	return s.size, nil
}

// gapless takes the first frame of Layer III out where it holds no sound but how many frames there are (Xing, Info, VBRI), and how many values the encoder put
// before the recording and behind it. A decoder itself is 528 values late, and one more.
func (s *mpegScan) gapless() error {
	first := s.frames[0]
	b, err := s.peek(first.at, int(first.bytes))
	if err != nil || len(b) < int(first.bytes) || s.head.layer != 3 {
		return err
	}
	if vbri := b[min(36, len(b)):]; bytes.HasPrefix(vbri, []byte("VBRI")) && len(vbri) >= 18 {
		s.said = int64(binary.BigEndian.Uint32(vbri[14:]))
		s.frames = s.frames[1:]
		return nil
	}
	h := s.head
	h.sum = false
	x := b[min(h.side(), len(b)):]
	if !bytes.HasPrefix(x, []byte("Xing")) && !bytes.HasPrefix(x, []byte("Info")) || len(x) < 8 {
		return nil
	}
	s.frames = s.frames[1:]
	flags := binary.BigEndian.Uint32(x[4:])
	at := 8
	for bit, n := range [4]int{4, 4, 100, 4} {
		if flags>>bit&1 == 0 {
			continue
		}
		if bit == 0 && len(x) >= at+4 {
			s.said = int64(binary.BigEndian.Uint32(x[at:]))
		}
		at += n
	}
	if len(x) >= at+24 && (bytes.HasPrefix(x[at:], []byte("LAME")) || bytes.HasPrefix(x[at:], []byte("Lavf")) || bytes.HasPrefix(x[at:], []byte("Lavc"))) {
		const late = 528 + 1
		v := int64(x[at+21])<<16 | int64(x[at+22])<<8 | int64(x[at+23])
		s.skip = v>>12 + late
		s.drop = max(0, v&0xfff-late)
	}
	return nil
}

// readMPEGAudio reads Layer II and III from a place on; no recording and no error means that there are no frames. Of a film, the first frame is sound whatever else it says.
func readMPEGAudio(f file, at, size int64, o Options, film bool) (*Recording, error) {
	s := &mpegScan{peeker: peeker{f: f, size: size}}
	if err := s.scan(at, o); err != nil {
		return nil, err
	}
	if len(s.frames) == 0 {
		return nil, nil
	}
	if !film {
		if err := s.gapless(); err != nil {
			return nil, err
		}
	}
	per := int64(s.head.values())
	r := &Recording{format: [4]string{2: "MP2", 3: "MP3"}[s.head.layer], rate: float64(s.head.rate), channels: s.head.channels()}
	n := int64(len(s.frames))
	if s.said > n {
		r.notes = append(r.notes, fmt.Sprintf("cut short: its header says %s, the %d that are whole are read", plural(s.said, "frame"), n))
		s.drop = 0
	} else if s.cut {
		r.notes = append(r.notes, "cut short in its last frame, which is left out")
	}
	if s.passed > 0 {
		r.notes = append(r.notes, fmt.Sprintf("%s that are no frames were passed over", plural(s.passed, "byte")))
	}
	if r.length = n*per - s.skip - s.drop; r.length < 1 {
		return nil, fmt.Errorf("a recording of %s without a single value that is sound", plural(n, "frame"))
	}
	if s.said < n && s.said > 0 {
		r.notes = append(r.notes, fmt.Sprintf("its header says %s, the %d that are there are read", plural(s.said, "frame"), n))
	}
	r.source = &coded{channels: r.channels, cost: 8 * per, file: f, begin: func(from int64) (decoder, error) {
		return s.decoder(from)
	}}
	return r, nil
}

// reservoir is how many bytes before a frame its main data may begin.
const reservoir = 511

// decoder returns a decoder that stands at the frame of value from: it decodes the frames before that are heard in it, after taking up the bytes they need.
func (s *mpegScan) decoder(from int64) (*mpegDecoder, error) {
	per := int64(s.head.values())
	k := int((from + s.skip) / per)
	warm := max(0, k-1)
	if s.head.half > 0 && s.head.layer == 3 {
		warm = max(0, k-2)
	}
	first := warm
	for have := 0; s.head.layer == 3 && first > 0 && have < reservoir; {
		first--
		have += int(s.frames[first].main)
	}
	d := &mpegDecoder{s: s, k: first}
	for d.k < k {
		if err := d.frame(d.k >= warm); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// mpegDecoder decodes one frame after the other.
type mpegDecoder struct {
	s     *mpegScan
	k     int // the next frame
	bytes []byte
	synth [2]synthesis
	three layerIII
	two   layerII
	out   []float32
}

func (d *mpegDecoder) close() {}

// frame decodes the next frame, or only keeps its bytes for those behind it.
func (d *mpegDecoder) frame(decode bool) error {
	f := d.s.frames[d.k]
	d.bytes = sized(d.bytes, int(f.bytes))
	if _, err := d.s.f.ReadAt(d.bytes, f.at); err != nil {
		return files.Cause(err)
	}
	h, ok := readMPEGHead(d.bytes)
	if !ok {
		return fmt.Errorf("frame %d is another than when the file was opened", d.k)
	}
	d.k++
	if !decode {
		d.three.keep(d.bytes[min(h.side(), len(d.bytes)):])
		return nil
	}
	d.out = sized(d.out, h.values()*h.channels())
	if h.layer == 3 {
		d.three.decode(&h, d.bytes, d.out, &d.synth)
	} else {
		d.two.decode(&h, d.bytes, d.out, &d.synth)
	}
	return nil
}

func (d *mpegDecoder) next() (v []float32, at int64, err error) {
	for {
		if d.k >= len(d.s.frames) {
			return nil, 0, io.ErrUnexpectedEOF
		}
		at = int64(d.k)*int64(d.s.head.values()) - d.s.skip
		if err := d.frame(true); err != nil {
			return nil, 0, err
		}
		if at >= 0 {
			return d.out, at, nil
		}
		if skip := -at * int64(d.s.head.channels()); skip < int64(len(d.out)) {
			return d.out[skip:], 0, nil
		}
	}
}

// synthesis is the filter bank of all layers for one channel: 32 subbands to 32 values (ISO 11172-3, figure A.2).
type synthesis struct {
	v    [16][64]float32 // the last 16 vectors V, in a ring
	slot int             // of the newest
}

// synthesisWindow is the window D.
var synthesisWindow = func() (d [512]float32) {
	for i := range d {
		v := 0.0
		switch {
		case i <= 256:
			v = float64(synthesisHalf[i])
		case i%64 == 0:
			v = float64(synthesisHalf[512-i])
		default:
			v = -float64(synthesisHalf[512-i])
		}
		d[i] = float32(v / 65536)
	}
	return d
}()

// run takes one value of each subband and writes 32 values, every so many places.
func (s *synthesis) run(in *[32]float32, out []float32, every int) {
	s.slot = (s.slot + 15) & 15
	var x [32]float32
	dct32(in, &x)
	v := &s.v[s.slot]
	for i := range 16 { // V[i] = sum of cos((16+i)(2k+1)π/64) S[k], which a DCT has but for order and sign
		v[i] = x[16+i]
		v[48+i] = -x[i]
	}
	v[16] = 0
	for i := 17; i < 48; i++ {
		v[i] = -x[48-i]
	}
	var sum [32]float32
	for i := range 8 {
		a, b := &s.v[(s.slot+2*i)&15], &s.v[(s.slot+2*i+1)&15]
		d := synthesisWindow[64*i : 64*i+64]
		for j := range sum {
			sum[j] += a[j]*d[j] + b[32+j]*d[32+j]
		}
	}
	for j, v := range sum {
		out[j*every] = v
	}
}

// dctOdd are the rows of odd numbers of DCTs of 32, 16, 8, 4 and 2 values: cos((2m+1)(2k+1)π/2n).
var dctOdd = func() (t [5][16][16]float32) {
	for level := range t {
		n := 32 >> level
		for m := range n / 2 {
			for k := range n / 2 {
				t[level][m][k] = float32(math.Cos(float64((2*m+1)*(2*k+1)) * math.Pi / float64(2*n)))
			}
		}
	}
	return t
}()

// dct32 is x[m] = sum over k of cos(m(2k+1)π/64) in[k]. The odd ones are sums over differences of the first half and the second, read backwards; the even ones are the
// DCT of their sums.
func dct32(in, x *[32]float32) {
	a := *in
	step := 1
	for level := range 5 {
		half := 16 >> level
		var diff [16]float32
		for k := range half {
			p, q := a[k], a[2*half-1-k]
			a[k], diff[k] = p+q, p-q
		}
		for m := range half {
			sum := float32(0)
			row := dctOdd[level][m][:half]
			for k, c := range row {
				sum += c * diff[k]
			}
			x[(2*m+1)*step] = sum
		}
		step *= 2
	}
	x[0] = a[0]
}
