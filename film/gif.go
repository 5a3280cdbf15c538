package film

import (
	"bufio"
	"compress/lzw"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/tessera-go/tessera/internal/files"
)

// gifFilm is a GIF: pictures drawn one over the other, so that a frame is what all those before it have left (GIF89a). Composites are kept now and then,
// so that a late frame does not ask for all before it.
type gifFilm struct {
	r       file
	size    int64
	h, w    int
	global  []uint8  // palette, RGB
	back    [3]uint8 // colour of what no picture has covered
	drawn   []gifPicture
	palette [][]uint8 // local ones

	every int // a composite is kept before each of the frames every, 2·every, ...; 0: none
	mu    sync.Mutex
	kept  map[int][]uint8
}

// gifPicture is where a frame's picture lies, and how it is drawn.
type gifPicture struct {
	at          int64 // of its compressed data
	x, y, w, h  int
	local       int32 // number of its palette, -1: the global one
	transparent int16 // index that leaves what is below it, -1: none
	disposal    uint8
	interlaced  bool
}

// Disposal methods, GIF89a, section 23.
const (
	gifBackground = 2
	gifPrevious   = 3
)

// gifMemory bounds the composites that a film keeps.
const gifMemory = 64 << 20

// minDelay and usualDelay: pictures that are to be shown for less than 2 hundredths of a second are shown for 10, by browsers and by ffmpeg.
const (
	minDelay   = 2
	usualDelay = 10
)

func readGIF(r file, size int64, o Options) (*Film, error) {
	g := &gifFilm{r: r, size: size, kept: map[int][]uint8{}}
	s := &gifScan{g: g, in: bufio.NewReaderSize(io.NewSectionReader(r, 0, size), 1<<15)}
	if err := s.header(o); err != nil {
		return nil, err
	}
	if err := s.pictures(o); err != nil {
		return nil, err
	}
	f := &Film{format: "GIF", h: g.h, w: g.w, times: s.times, source: g}
	switch n := len(g.drawn); {
	case n == 0 && s.cut:
		return nil, errors.New("cut short before its first frame's end")
	case s.cut:
		f.notes = append(f.notes, fmt.Sprintf("cut short: the %s that are whole are read", plural(n, "frame")))
	case !s.ended:
		f.notes = append(f.notes, "without an end mark")
	}
	if s.hurried > 0 && len(g.drawn) > 1 {
		f.notes = append(f.notes, fmt.Sprintf("%s to be shown for less than 0.02 s, which is taken for 0.1 s as browsers do", plural(s.hurried, "frame")))
	}
	if picture := g.h * g.w * 3; picture <= gifMemory {
		g.every = max(16, (len(g.drawn)*picture+gifMemory-1)/gifMemory)
	}
	return f, nil
}

// gifScan walks a GIF's blocks.
type gifScan struct {
	g       *gifFilm
	in      *bufio.Reader
	at      int64
	times   []float64
	clock   int  // hundredths of a second
	ended   bool // by its mark
	cut     bool // in the middle of a picture
	hurried int

	// What the last control block said of the next picture.
	delay       int
	disposal    uint8
	transparent int16
}

func (s *gifScan) read(n int) ([]byte, error) {
	b := make([]byte, n)
	m, err := io.ReadFull(s.in, b)
	s.at += int64(m)
	return b, err
}

func (s *gifScan) skip(n int) error {
	m, err := s.in.Discard(n)
	s.at += int64(m)
	return err
}

// header reads the screen's size, palette and background.
func (s *gifScan) header(o Options) error {
	b, err := s.read(13)
	if err != nil {
		return errors.New("a GIF that is cut short in its header")
	}
	g := s.g
	g.w, g.h = int(binary.LittleEndian.Uint16(b[6:])), int(binary.LittleEndian.Uint16(b[8:]))
	if err := o.sized(g.h, g.w); err != nil {
		return err
	}
	if b[10]&0x80 != 0 {
		if g.global, err = s.read(3 << (b[10]&7 + 1)); err != nil {
			return errors.New("a GIF that is cut short in its palette")
		}
		g.back = colour(g.global, b[11])
	}
	return nil
}

// colour is a palette's colour, black where it has none.
func colour(palette []uint8, i uint8) (c [3]uint8) {
	if at := 3 * int(i); at < len(palette) {
		copy(c[:], palette[at:])
	}
	return c
}

// pictures reads all blocks to the end mark. A file that ends without one is no error.
func (s *gifScan) pictures(o Options) error {
	s.reset()
	for {
		mark, err := s.read(1)
		if err != nil {
			return s.end(err)
		}
		switch mark[0] {
		case ';':
			s.ended = true
			return nil
		case '!':
			err = s.extension()
		case ',':
			err = s.picture(o)
		case 0: // some writers leave an empty block too many
		default:
			if len(s.times) == 0 {
				return fmt.Errorf("a GIF with a block of unknown kind %#02x where its first picture should be", mark[0])
			}
			s.cut = true
			return nil
		}
		if err != nil {
			return s.end(err)
		}
	}
}

// end tells the end of the file from errors.
func (s *gifScan) end(err error) error {
	if err == io.EOF && s.disposal == 0 && s.delay == 0 && s.transparent < 0 {
		return nil
	}
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		s.cut = true
		return nil
	}
	return files.Cause(err)
}

func (s *gifScan) reset() { s.delay, s.disposal, s.transparent = 0, 0, -1 }

func (s *gifScan) extension() error {
	label, err := s.read(1)
	if err != nil {
		return io.ErrUnexpectedEOF
	}
	if label[0] != 0xf9 {
		return s.blocks()
	}
	n, err := s.read(1)
	if err != nil {
		return io.ErrUnexpectedEOF
	}
	b, err := s.read(int(n[0]))
	if err != nil {
		return io.ErrUnexpectedEOF
	}
	if len(b) >= 4 {
		s.disposal, s.delay, s.transparent = b[0]>>2&7, int(binary.LittleEndian.Uint16(b[1:])), -1
		if b[0]&1 != 0 {
			s.transparent = int16(b[3])
		}
	}
	if n[0] == 0 {
		return nil
	}
	return s.blocks()
}

// blocks passes over a chain of blocks to its end.
func (s *gifScan) blocks() error {
	for {
		n, err := s.in.ReadByte()
		if err != nil {
			return io.ErrUnexpectedEOF
		}
		s.at++
		if n == 0 {
			return nil
		}
		if s.skip(int(n)) != nil {
			return io.ErrUnexpectedEOF
		}
	}
}

func (s *gifScan) picture(o Options) error {
	b, err := s.read(9)
	if err != nil {
		return io.ErrUnexpectedEOF
	}
	word := func(at int) int { return int(binary.LittleEndian.Uint16(b[at:])) }
	p := gifPicture{x: word(0), y: word(2), w: word(4), h: word(6), local: -1, transparent: s.transparent, disposal: s.disposal, interlaced: b[8]&0x40 != 0}
	if p.h > 0 && p.w > o.MaxPixels/p.h {
		return fmt.Errorf("frame %d has %d by %d pixels, at most %d are read (MaxPixels)", len(s.times), p.w, p.h, o.MaxPixels)
	}
	if b[8]&0x80 != 0 {
		palette, err := s.read(3 << (b[8]&7 + 1))
		if err != nil {
			return io.ErrUnexpectedEOF
		}
		p.local = int32(len(s.g.palette))
		s.g.palette = append(s.g.palette, palette)
	}
	p.at = s.at
	if s.skip(1) != nil {
		return io.ErrUnexpectedEOF
	}
	if err := s.blocks(); err != nil {
		return err
	}
	s.g.drawn = append(s.g.drawn, p)
	s.times = append(s.times, float64(s.clock)/100)
	if s.delay < minDelay {
		s.delay = usualDelay
		s.hurried++
	}
	s.clock += s.delay
	s.reset()
	return o.counted(len(s.times))
}

func (g *gifFilm) close() error { return g.r.Close() }

func (g *gifFilm) colours(p gifPicture) []uint8 {
	if p.local >= 0 {
		return g.palette[p.local]
	}
	return g.global
}

// covers tells whether frame i leaves nothing of what was there before it.
func (g *gifFilm) covers(i int) bool {
	p := g.drawn[i]
	return p.x == 0 && p.y == 0 && p.w >= g.w && p.h >= g.h && p.transparent < 0 && p.disposal != gifPrevious
}

// nearest returns the last frame up to i before which the canvas is known, and the canvas: nil where it does not matter or is the background.
func (g *gifFilm) nearest(i int) (from int, canvas []uint8) {
	for ; i > 0; i-- {
		if g.covers(i) {
			return i, nil
		}
		if g.every > 0 && i%g.every == 0 {
			g.mu.Lock()
			kept := g.kept[i]
			g.mu.Unlock()
			if kept != nil {
				return i, kept
			}
		}
	}
	return 0, nil
}

func fill(pix []uint8, c [3]uint8) {
	if len(pix) > 0 {
		copy(pix, c[:])
		for n := 3; n < len(pix); n *= 2 {
			copy(pix[n:], pix[:n])
		}
	}
}

func (g *gifFilm) frames(index []int, each func(int, *Picture) error) error {
	p := NewPicture(g.h, g.w)
	shown := NewPicture(g.h, g.w) // each may write into what it gets
	d := gifDecoder{g: g}
	next := -1 // frame before which the canvas is
	for k, want := range index {
		if from, kept := g.nearest(want); next < 0 || from > next {
			next = from
			if kept == nil {
				fill(p.Pix, g.back)
			} else {
				copy(p.Pix, kept)
			}
		}
		for ; ; next++ {
			g.keep(next, p.Pix)
			if err := d.draw(next, p.Pix); err != nil {
				return fmt.Errorf("frame %d: %w", next, err)
			}
			if next == want {
				copy(shown.Pix, p.Pix)
			}
			d.dispose(next, p.Pix)
			if next == want {
				next++
				break
			}
		}
		if err := each(k, shown); err != nil {
			return err
		}
	}
	return nil
}

// keep keeps the canvas before frame i, if it is one of those that are kept.
func (g *gifFilm) keep(i int, canvas []uint8) {
	if g.every == 0 || i == 0 || i%g.every != 0 || g.covers(i) {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.kept[i] == nil {
		g.kept[i] = append([]uint8(nil), canvas...)
	}
}

// gifDecoder draws frames on a canvas, one after the other.
type gifDecoder struct {
	g     *gifFilm
	row   []uint8
	saved []uint8 // what a picture that will be taken away has covered
}

// area is the part of a picture that lies on the canvas.
func (g *gifFilm) area(p gifPicture) (x, y, w, h int) {
	if p.x >= g.w || p.y >= g.h {
		return 0, 0, 0, 0
	}
	return p.x, p.y, min(p.w, g.w-p.x), min(p.h, g.h-p.y)
}

// draw draws frame i's picture. Of the first frame, transparent pixels have the colour below their transparency, as in a still GIF.
func (d *gifDecoder) draw(i int, canvas []uint8) error {
	g, p := d.g, d.g.drawn[i]
	x, y, w, h := g.area(p)
	if p.disposal == gifPrevious {
		d.save(canvas, x, y, w, h)
	}
	if p.w == 0 || p.h == 0 {
		return nil
	}
	in := bufio.NewReaderSize(io.NewSectionReader(g.r, p.at, g.size-p.at), 1<<12)
	bits, err := in.ReadByte()
	if err != nil {
		return files.Cause(err)
	}
	if bits < 2 || bits > 8 {
		return fmt.Errorf("a GIF's picture of %d bits a pixel", bits)
	}
	lz := lzw.NewReader(&gifBlocks{in: in}, lzw.LSB, int(bits))
	defer lz.Close()
	table := lookup(g.colours(p))
	transparent := int(p.transparent)
	if i == 0 {
		transparent = -1
	}
	if cap(d.row) < p.w {
		d.row = make([]uint8, p.w)
	}
	row := d.row[:p.w]
	for k := range p.h {
		if _, err := io.ReadFull(lz, row); err != nil {
			return fmt.Errorf("its picture is broken in row %d of %d: %s", k, p.h, lzwCause(err))
		}
		at := k
		if p.interlaced {
			at = interlacedRow(k, p.h)
		}
		if at >= h {
			if !p.interlaced {
				break
			}
			continue
		}
		paint(canvas[((y+at)*g.w+x)*3:], row[:w], &table, transparent)
	}
	return nil
}

// lookup fills a palette up to 256 colours with black.
func lookup(palette []uint8) (t [256][3]uint8) {
	for i := range len(palette) / 3 {
		copy(t[i][:], palette[3*i:])
	}
	return t
}

func paint(dst, row []uint8, table *[256][3]uint8, transparent int) {
	dst = dst[:3*len(row)]
	for i, v := range row {
		if int(v) == transparent {
			continue
		}
		c := &table[v]
		dst[3*i], dst[3*i+1], dst[3*i+2] = c[0], c[1], c[2]
	}
}

// lzwCause says what went wrong without a library's words.
func lzwCause(err error) string {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return "its data end"
	}
	return err.Error()
}

// interlacedRow returns where the k-th row of an interlaced picture belongs (GIF89a, appendix E).
func interlacedRow(k, h int) int {
	for _, pass := range [4][2]int{{0, 8}, {4, 8}, {2, 4}, {1, 2}} {
		n := 0
		if h > pass[0] {
			n = (h - pass[0] + pass[1] - 1) / pass[1]
		}
		if k < n {
			return pass[0] + k*pass[1]
		}
		k -= n
	}
	return h
}

func (d *gifDecoder) save(canvas []uint8, x, y, w, h int) {
	d.saved = d.saved[:0]
	for r := range h {
		d.saved = append(d.saved, canvas[((y+r)*d.g.w+x)*3:][:3*w]...)
	}
}

// dispose does with frame i's picture what it asks for before the next one is drawn. What is cleared has the colour below the picture's transparency, or the
// background's: a canvas has no transparency here, as in Pillow's convert("RGB").
func (d *gifDecoder) dispose(i int, canvas []uint8) {
	g, p := d.g, d.g.drawn[i]
	x, y, w, h := g.area(p)
	switch p.disposal {
	case gifBackground:
		c := g.back
		if p.transparent >= 0 {
			c = colour(g.colours(p), uint8(p.transparent))
		}
		for r := range h {
			fill(canvas[((y+r)*g.w+x)*3:][:3*w], c)
		}
	case gifPrevious:
		for r := range h {
			copy(canvas[((y+r)*g.w+x)*3:][:3*w], d.saved[3*w*r:])
		}
	}
}

// gifBlocks joins a chain of blocks.
type gifBlocks struct {
	in   *bufio.Reader
	left int
	done bool
}

func (b *gifBlocks) next() error {
	if b.done {
		return io.EOF
	}
	n, err := b.in.ReadByte()
	if err != nil {
		return io.ErrUnexpectedEOF
	}
	b.left, b.done = int(n), n == 0
	if b.done {
		return io.EOF
	}
	return nil
}

func (b *gifBlocks) Read(p []byte) (int, error) {
	if b.left == 0 {
		if err := b.next(); err != nil {
			return 0, err
		}
	}
	n, err := b.in.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// ReadByte makes compress/lzw read no further than it has to.
func (b *gifBlocks) ReadByte() (byte, error) {
	if b.left == 0 {
		if err := b.next(); err != nil {
			return 0, err
		}
	}
	b.left--
	return b.in.ReadByte()
}
