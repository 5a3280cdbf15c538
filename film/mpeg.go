package film

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sort"

	"github.com/tessera-go/tessera/internal/files"
	"github.com/tessera-go/tessera/internal/mpegps"
)

// mpegFilm is MPEG-1 video (ISO 11172-2), alone or in a program stream (ISO 11172-1). The index has every picture in the order in which it is stored, and the
// order in which they are shown.
type mpegFilm struct {
	r        file
	sequence mpegSequence
	parts    []mpegPart
	stored   []mpegPicture
	shown    []int32 // numbers of stored
	end      int64   // of the video
}

// mpegPart is a run of video in the file.
type mpegPart struct {
	at    int64 // in the file
	video int64 // bytes of video before it
	n     int64
}

// mpegPicture is where a picture begins and what it leans on: I on nothing, P on the I or P before it, B on the two of those before it.
type mpegPicture struct {
	video int64 // of its start code, in bytes of video
	kind  uint8
}

const (
	mpegI = 1
	mpegP = 2
	mpegB = 3
)

// Start codes, ISO 11172-2, table 2.
const (
	codePicture   = 0x00
	codeSequence  = 0xb3
	codeExtension = 0xb5
	codeEnd       = 0xb7
	codeGroup     = 0xb8
	codePack      = 0xba
)

// mpegRates are frames a second by their code, ISO 11172-2, 2.4.3.2.
var mpegRates = [16]float64{1: 24000.0 / 1001, 2: 24, 3: 25, 4: 30000.0 / 1001, 5: 30, 6: 50, 7: 60000.0 / 1001, 8: 60}

func readMPEG(r file, size int64, o Options) (*Film, error) {
	m := &mpegFilm{r: r}
	f := &Film{format: "MPEG-1", source: m}
	var head [4]byte
	if _, err := r.ReadAt(head[:], 0); err != nil {
		return nil, files.Cause(err)
	}
	if head[3] == codePack {
		f.format = "MPEG-PS (MPEG-1)"
		read, err := m.demux(size)
		if err != nil || !read {
			return nil, err
		}
		if len(m.parts) == 0 {
			return nil, errors.New("no video stream in it (MPEG-PS), or cut short before its first frame")
		}
	} else {
		m.parts = []mpegPart{{n: size}}
	}
	last := m.parts[len(m.parts)-1]
	m.end = last.video + last.n
	s := &mpegScan{m: m, o: o}
	read, err := s.scan()
	if err != nil || !read {
		return nil, err
	}
	if len(m.stored) == 0 {
		return nil, errors.New("an MPEG-1 film without a picture that decoding can begin with")
	}
	if s.lost > 0 {
		f.notes = append(f.notes, fmt.Sprintf("%s at the beginning that lean on what is not there, left out", plural(s.lost, "frame")))
	}
	m.order()
	f.h, f.w = m.sequence.h, m.sequence.w
	if !s.ended && !m.whole() { // the last picture is the one that a cut goes through
		last := len(m.stored) - 1
		m.end, m.stored = m.stored[last].video, m.stored[:last]
		m.order()
		f.notes = append(f.notes, fmt.Sprintf("cut short: the %s that are whole are read", plural(len(m.shown), "frame")))
	}
	f.times = make([]float64, len(m.shown))
	for i := range f.times {
		f.times[i] = float64(i) / m.sequence.rate
	}
	if m.sequence.aspect > 1 {
		f.notes = append(f.notes, "its pixels are not square and are left so")
	}
	return f, nil
}

// order makes the order in which pictures are shown: a B at once, an I or P when the next of them comes.
func (m *mpegFilm) order() {
	m.shown = m.shown[:0]
	held := int32(-1)
	for i, p := range m.stored {
		if p.kind == mpegB {
			m.shown = append(m.shown, int32(i))
			continue
		}
		if held >= 0 {
			m.shown = append(m.shown, held)
		}
		held = int32(i)
	}
	if held >= 0 {
		m.shown = append(m.shown, held)
	}
}

// whole tells whether the last picture stored can be decoded.
func (m *mpegFilm) whole() bool {
	_, err := newMPEGDecoder(m).picture(len(m.stored) - 1)
	return err == nil
}

// demux finds the packets of the first video stream. read is false for MPEG-2's program streams, which are ffmpeg's.
func (m *mpegFilm) demux(size int64) (read bool, err error) {
	streams, read, err := mpegps.Scan(m.r, size, [2]byte{0xe0, 0xef})
	if err != nil || !read || streams[0] == nil {
		return read, files.Cause(err)
	}
	video := int64(0)
	for _, p := range streams[0].Parts {
		m.parts = append(m.parts, mpegPart{p.At, video, p.N})
		video += p.N
	}
	return true, nil
}

// video reads the film's video from a place on.
func (m *mpegFilm) video(from int64) *mpegReader {
	k := sort.Search(len(m.parts), func(k int) bool { return m.parts[k].video+m.parts[k].n > from })
	return &mpegReader{m: m, part: k, at: from}
}

type mpegReader struct {
	m    *mpegFilm
	part int
	at   int64
}

func (r *mpegReader) Read(b []byte) (int, error) {
	n := 0
	for n < len(b) && r.part < len(r.m.parts) {
		p := r.m.parts[r.part]
		in := r.at - p.video
		k, err := r.m.r.ReadAt(b[n:n+int(min(int64(len(b)-n), p.n-in))], p.at+in)
		n += k
		if r.at += int64(k); r.at == p.video+p.n {
			r.part++
		}
		if err != nil && k == 0 {
			return n, err
		}
	}
	if n == 0 && len(b) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

// mpegScan finds the start codes of the video.
type mpegScan struct {
	m      *mpegFilm
	o      Options
	header []byte // of the sequence
	closed bool   // the group's first pictures lean on none before it
	lost   int    // pictures at the beginning that lean on ones that are not there
	ended  bool   // by its mark
}

// scan reads all of the video. read is false for what is ffmpeg's: MPEG-2, pictures of type D, headers that change.
func (s *mpegScan) scan() (read bool, err error) {
	const most = 4 + 136 // a start code and its longest header
	in := s.m.video(0)
	buf := make([]byte, 0, 1<<17)
	base := int64(0) // of buf in the video
	for ended := false; !ended; {
		n, err := io.ReadFull(in, buf[len(buf):cap(buf)])
		if ended = err == io.EOF || err == io.ErrUnexpectedEOF; err != nil && !ended {
			return false, files.Cause(err)
		}
		buf = buf[:len(buf)+n]
		i := 0
		for {
			k := bytes.Index(buf[i:], []byte{0, 0, 1})
			if k < 0 {
				i = max(i, len(buf)-2)
				break
			}
			if i += k; i+most > len(buf) && !ended {
				break
			}
			if read, err := s.code(buf[i:min(i+most, len(buf))], base+int64(i)); err != nil || !read {
				return read, err
			}
			i += 3
		}
		base += int64(i)
		buf = buf[:copy(buf, buf[i:])]
	}
	return s.header != nil, nil
}

// code takes a start code with what follows it.
func (s *mpegScan) code(b []byte, at int64) (read bool, err error) {
	if len(b) < 4 {
		return true, nil
	}
	s.ended = b[3] == codeEnd
	switch b[3] {
	case codeExtension:
		return len(s.m.stored) > 0, nil // MPEG-2; among pictures it is a damaged byte
	case codeSequence:
		n := sequenceLength(b)
		if n > len(b) {
			return true, nil
		}
		if s.header == nil {
			s.header = bytes.Clone(b[:n])
			s.m.sequence = readSequence(s.header)
			q := s.m.sequence
			if err := s.o.sized(q.h, q.w); err != nil {
				return false, err
			}
			return q.rate > 0, nil
		}
		// The rate of bits in bytes 8 to 11 may change.
		return n == len(s.header) && bytes.Equal(b[4:8], s.header[4:8]) && b[11]&3 == s.header[11]&3 && bytes.Equal(b[12:n], s.header[12:]), nil
	case codeGroup:
		s.closed = len(b) > 7 && b[7]&0x40 != 0
	case codePicture:
		if len(b) > 5 {
			return s.picture(b[5]>>3&7, at)
		}
	}
	return true, nil
}

// picture counts a picture. Before the second I or P, a B leans on what is not there, but in a group that says it is closed.
func (s *mpegScan) picture(kind byte, at int64) (read bool, err error) {
	m := s.m
	switch n := len(m.stored); {
	case s.header == nil:
		return true, nil
	case kind < mpegI || kind > mpegB:
		return false, nil
	case n == 0 && kind != mpegI, kind == mpegB && n == 1 && !s.closed:
		s.lost++
		return true, nil
	}
	m.stored = append(m.stored, mpegPicture{at, kind})
	return true, s.o.counted(len(m.stored))
}

func (m *mpegFilm) close() error { return m.r.Close() }

func (m *mpegFilm) frames(index []int, each func(int, *Picture) error) error {
	b := yuvPool.Get().(*yuvBuffers)
	defer yuvPool.Put(b)
	q := &m.sequence
	b.shown = sized(b.shown, 3*q.h*q.w)
	d := newMPEGDecoder(m)
	for k, i := range index {
		frame, err := d.picture(int(m.shown[i]))
		if err != nil {
			return fmt.Errorf("frame %d: %w", i, err)
		}
		p := planes{h: q.h, w: q.w, y: frame.plane[0], cb: frame.plane[1], cr: frame.plane[2], ys: 16 * q.mbw, cs: 8 * q.mbw, sx: 2, sy: 2, centred: true}
		p.rgb(b.shown, &b.rows)
		if err := each(k, &Picture{q.h, q.w, b.shown}); err != nil {
			return err
		}
	}
	return nil
}

// picture returns picture i of those stored, decoded, and first what it leans on.
func (d *mpegDecoder) picture(i int) (*mpegFrame, error) {
	stored := d.film.stored
	if stored[i].kind != mpegB {
		if err := d.reach(i); err != nil {
			return nil, err
		}
		if d.at == i {
			return d.future, nil
		}
		return d.past, nil
	}
	second := i - 1
	for second > 0 && stored[second].kind == mpegB {
		second--
	}
	first := second - 1
	for first >= 0 && stored[first].kind == mpegB {
		first--
	}
	if first >= 0 && !(d.at == second && d.before == first) {
		if err := d.reach(first); err != nil {
			return nil, err
		}
	}
	if err := d.reach(second); err != nil {
		return nil, err
	}
	if first < 0 {
		d.past.clear()
	}
	return d.spare, d.decode(d.spare, i)
}

// reach decodes I and P pictures until i is the last or last but one of them.
func (d *mpegDecoder) reach(i int) error {
	if d.at == i || d.before == i {
		return nil
	}
	stored := d.film.stored
	from := i
	for from > 0 && stored[from].kind != mpegI && from != d.at+1 {
		from--
	}
	for k := from; k <= i; k++ {
		if stored[k].kind == mpegB {
			continue
		}
		d.past, d.future = d.future, d.past
		d.before, d.at = d.at, -1
		if err := d.decode(d.future, k); err != nil {
			d.before = -1
			return err
		}
		d.at = k
	}
	return nil
}
