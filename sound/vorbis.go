package sound

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/bits"
	"slices"
	"sort"
)

// vorbisSetup is what the three headers of a Vorbis stream say (Vorbis I specification, Xiph.Org, 4.2).
type vorbisSetup struct {
	channels int
	rate     int
	block    [2]int // sizes of short and long blocks
	books    []vorbisBook
	floors   []vorbisFloor
	residues []vorbisResidue
	mappings []vorbisMapping
	modes    []vorbisMode
	window   [2][]float32 // rising halves
	mdct     [2]*mdct
}

type vorbisBook struct {
	dims   int
	code   *lsbHuffman
	values []float32 // dims for each entry; nil: only numbers
}

type vorbisFloor struct {
	parts  []int // classes
	class  []floorClass
	mult   int
	x      []int
	order  []int // of x, rising
	lo, hi []int // neighbours of those before
}

type floorClass struct {
	dims, bits, master int
	books              []int // -1: none
}

type vorbisResidue struct {
	kind, begin, end, part int
	classes, book          int
	books                  [][8]int // -1: none
}

type vorbisMapping struct {
	magnitude, angle []int
	mux              []int
	floor, residue   []int // of submaps
}

type vorbisMode struct{ long, mapping int }

var errVorbis = errors.New("a Vorbis stream whose headers are damaged")

// errFloor0 is a stream of 2000 or so, which ffmpeg reads.
var errFloor0 = errors.New("a Vorbis stream with floors of type 0")

// vorbisValues is how many values all code books of a stream may have, and vorbisEntries how many codes: some hundred thousand and some ten thousand are usual.
const (
	vorbisValues  = 1 << 21
	vorbisEntries = 1 << 18
)

func (s *vorbisSetup) identification(b []byte) error {
	if len(b) < 30 || string(b[:7]) != "\x01vorbis" || binary.LittleEndian.Uint32(b[7:]) != 0 {
		return errVorbis
	}
	s.channels, s.rate = int(b[11]), int(binary.LittleEndian.Uint32(b[12:]))
	s.block = [2]int{1 << (b[28] & 15), 1 << (b[28] >> 4)}
	if s.block[0] < 64 || s.block[1] > 8192 || s.block[0] > s.block[1] || b[29]&1 == 0 {
		return errVorbis
	}
	return nil
}

func (s *vorbisSetup) setup(b []byte) error {
	if len(b) < 7 || string(b[:7]) != "\x05vorbis" {
		return errVorbis
	}
	r := &lsbReader{b: b[7:]}
	if err := s.readBooks(r); err != nil {
		return err
	}
	for range r.take(6) + 1 { // of times, which mean nothing
		if r.take(16) != 0 {
			return errVorbis
		}
	}
	for range r.take(6) + 1 {
		f, err := s.readFloor(r)
		if err != nil {
			return err
		}
		s.floors = append(s.floors, f)
	}
	for range r.take(6) + 1 {
		f, err := s.readResidue(r)
		if err != nil {
			return err
		}
		s.residues = append(s.residues, f)
	}
	for range r.take(6) + 1 {
		m, err := s.readMapping(r)
		if err != nil {
			return err
		}
		s.mappings = append(s.mappings, m)
	}
	for range r.take(6) + 1 {
		m := vorbisMode{long: r.take(1)}
		if r.take(32) != 0 { // types of windows and transforms
			return errVorbis
		}
		if m.mapping = r.take(8); m.mapping >= len(s.mappings) {
			return errVorbis
		}
		s.modes = append(s.modes, m)
	}
	if r.take(1) != 1 || r.over {
		return errVorbis
	}
	for i, n := range s.block {
		s.window[i] = make([]float32, n/2)
		for k := range s.window[i] {
			v := math.Sin((float64(k) + 0.5) / float64(n) * math.Pi)
			s.window[i][k] = float32(math.Sin(math.Pi / 2 * v * v))
		}
		s.mdct[i] = newMDCT(n)
	}
	return nil
}

func (s *vorbisSetup) readBooks(r *lsbReader) error {
	values, entries := 0, 0
	for range r.take(8) + 1 {
		if r.take(24) != 0x564342 || r.over {
			return errVorbis
		}
		b := vorbisBook{dims: r.take(16)}
		n := r.take(24)
		if entries += n; entries > vorbisEntries {
			return fmt.Errorf("a Vorbis stream with more than %d codes", vorbisEntries)
		}
		lengths, err := bookLengths(r, n)
		if err != nil {
			return err
		}
		if b.code, err = newLSBHuffman(lengths); err != nil {
			return err
		}
		kind := r.take(4)
		if kind > 2 {
			return errVorbis
		}
		if kind > 0 {
			if b.dims == 0 || n*b.dims > vorbisValues-values {
				return fmt.Errorf("a Vorbis stream with more than %d values in its code books", vorbisValues)
			}
			values += n * b.dims
			if b.values, err = bookValues(r, kind, n, b.dims); err != nil {
				return err
			}
		}
		s.books = append(s.books, b)
	}
	return nil
}

// bookLengths reads how long the code of each entry is, 0 for those without.
func bookLengths(r *lsbReader, n int) ([]uint8, error) {
	if r.take(1) == 0 {
		sparse := r.take(1) == 1
		if n > r.left() {
			return nil, errVorbis
		}
		lengths := make([]uint8, n)
		for i := range lengths {
			if !sparse || r.take(1) == 1 {
				lengths[i] = uint8(r.take(5) + 1)
			}
		}
		return lengths, nil
	}
	lengths := make([]uint8, 0, n)
	for length := r.take(5) + 1; len(lengths) < n; length++ {
		k := r.take(uint(bits.Len(uint(n - len(lengths)))))
		if length > 32 || k > n-len(lengths) || r.over {
			return nil, errVorbis
		}
		for range k {
			lengths = append(lengths, uint8(length))
		}
	}
	return lengths, nil
}

// bookValues reads the vectors of a code book (3.2.1).
func bookValues(r *lsbReader, kind, n, dims int) ([]float32, error) {
	least, step := r.float(), r.float()
	width := uint(r.take(4) + 1)
	sum := r.take(1) == 1
	count := n * dims
	if kind == 1 {
		count = root(n, dims)
	}
	if count < 1 || count > r.left()/int(width) {
		return nil, errVorbis
	}
	factor := make([]float32, count)
	for i := range factor {
		factor[i] = float32(r.take(width))
	}
	out := make([]float32, n*dims)
	for e := range n {
		last, divisor := float32(0), 1
		for i := range dims {
			at := e*dims + i
			f := 0
			if kind == 1 {
				f = e / divisor % count
				if divisor <= n { // beyond, all are 0
					divisor *= count
				}
			} else {
				f = at
			}
			out[at] = factor[f]*step + least + last
			if sum {
				last = out[at]
			}
		}
	}
	return out, nil
}

// root is the largest number whose power is not above n.
func root(n, power int) int {
	k := int(math.Pow(float64(n), 1/float64(power)))
	fits := func(k int) bool {
		v := 1
		for range power {
			if v *= k; v > n {
				return false
			}
			if k <= 1 {
				break
			}
		}
		return true
	}
	for fits(k + 1) {
		k++
	}
	for k > 0 && !fits(k) {
		k--
	}
	return k
}

// usable tells whether there is a code book of a number, and whether it has vectors where they are wanted.
func (s *vorbisSetup) usable(book int, vectors bool) bool {
	return book < len(s.books) && (!vectors || s.books[book].values != nil)
}

// readFloor reads a floor of type 1 (7.2.2).
func (s *vorbisSetup) readFloor(r *lsbReader) (f vorbisFloor, err error) {
	switch r.take(16) {
	case 0:
		return f, errFloor0
	case 1:
	default:
		return f, errVorbis
	}
	most := -1
	for range r.take(5) {
		c := r.take(4)
		f.parts = append(f.parts, c)
		most = max(most, c)
	}
	for range most + 1 {
		c := floorClass{dims: r.take(3) + 1, bits: r.take(2), master: -1}
		if c.bits > 0 {
			if c.master = r.take(8); !s.usable(c.master, false) {
				return f, errVorbis
			}
		}
		for range 1 << c.bits {
			b := r.take(8) - 1
			if b >= 0 && !s.usable(b, false) {
				return f, errVorbis
			}
			c.books = append(c.books, b)
		}
		f.class = append(f.class, c)
	}
	f.mult = r.take(2) + 1
	width := uint(r.take(4))
	f.x = []int{0, 1 << width}
	for _, c := range f.parts {
		for range f.class[c].dims {
			f.x = append(f.x, r.take(width))
		}
	}
	if len(f.x) > 65 || r.over {
		return f, errVorbis
	}
	for i, x := range f.x {
		f.order = append(f.order, i)
		lo, hi := 0, 1
		for k := range i {
			if f.x[k] == x {
				return f, errVorbis
			}
			if f.x[k] < x && f.x[k] > f.x[lo] {
				lo = k
			}
			if f.x[k] > x && f.x[k] < f.x[hi] {
				hi = k
			}
		}
		f.lo, f.hi = append(f.lo, lo), append(f.hi, hi)
	}
	slices.SortFunc(f.order, func(a, b int) int { return f.x[a] - f.x[b] })
	return f, nil
}

func (s *vorbisSetup) readResidue(r *lsbReader) (f vorbisResidue, err error) {
	f = vorbisResidue{kind: r.take(16), begin: r.take(24), end: r.take(24), part: r.take(24) + 1, classes: r.take(6) + 1, book: r.take(8)}
	if f.kind > 2 || f.begin > f.end || !s.usable(f.book, false) || s.books[f.book].dims == 0 {
		return f, errVorbis
	}
	cascade := make([]int, f.classes)
	for i := range cascade {
		cascade[i] = r.take(3)
		if r.take(1) == 1 {
			cascade[i] |= r.take(5) << 3
		}
	}
	for _, c := range cascade {
		books := [8]int{-1, -1, -1, -1, -1, -1, -1, -1}
		for k := range books {
			if c>>k&1 == 1 {
				if books[k] = r.take(8); !s.usable(books[k], true) {
					return f, errVorbis
				}
			}
		}
		f.books = append(f.books, books)
	}
	return f, nil
}

func (s *vorbisSetup) readMapping(r *lsbReader) (m vorbisMapping, err error) {
	if r.take(16) != 0 {
		return m, errVorbis
	}
	submaps := 1
	if r.take(1) == 1 {
		submaps = r.take(4) + 1
	}
	if r.take(1) == 1 {
		width := uint(bits.Len(uint(s.channels - 1)))
		for range r.take(8) + 1 {
			a, b := r.take(width), r.take(width)
			if a == b || a >= s.channels || b >= s.channels {
				return m, errVorbis
			}
			m.magnitude, m.angle = append(m.magnitude, a), append(m.angle, b)
		}
	}
	if r.take(2) != 0 {
		return m, errVorbis
	}
	m.mux = make([]int, s.channels)
	for c := range m.mux {
		if submaps > 1 {
			if m.mux[c] = r.take(4); m.mux[c] >= submaps {
				return m, errVorbis
			}
		}
	}
	for range submaps {
		r.take(8)
		f, e := r.take(8), r.take(8)
		if f >= len(s.floors) || e >= len(s.residues) {
			return m, errVorbis
		}
		m.floor, m.residue = append(m.floor, f), append(m.residue, e)
	}
	return m, nil
}

// vorbisPoint is a page at which decoding can begin: the first packet that begins on it gives nothing, the second one value from.
type vorbisPoint struct{ at, from int64 }

// vorbisFile is a Vorbis stream in Ogg.
type vorbisFile struct {
	f      file
	size   int64
	serial uint32
	setup  vorbisSetup
	points []vorbisPoint
	skip   int64 // values before the first one
	length int64
	notes  []string
}

// readOgg reads Vorbis; other streams are ffmpeg's.
func readOgg(f file, size int64, o Options) (*Recording, error) {
	p := &peeker{f: f, size: size}
	v := &vorbisFile{f: f, size: size}
	found := false
	for at := int64(0); ; { // all streams begin before any goes on
		g, ok, err := p.page(at)
		if err != nil {
			return nil, err
		}
		if !ok && at == 0 {
			return nil, errors.New("an Ogg stream that is cut short in its first page, or damaged there")
		}
		if !ok || g.flags&oggFirst == 0 {
			break
		}
		if len(g.data) >= 7 && string(g.data[:7]) == "\x01vorbis" {
			v.serial, found = g.serial, true
			break
		}
		at += g.bytes()
	}
	if !found {
		return nil, nil
	}
	packets := &oggPackets{p: peeker{f: f, size: size}, serial: v.serial}
	if err := v.headers(packets); err != nil {
		if err == errFloor0 {
			return nil, nil
		}
		return nil, err
	}
	r := &Recording{format: "Ogg (Vorbis)", rate: float64(v.setup.rate), channels: v.setup.channels, length: 1}
	if err := r.check(o); err != nil {
		return nil, err
	}
	if err := v.scan(packets, o); err != nil {
		return nil, err
	}
	r.length, r.notes = v.length, v.notes
	r.source = &coded{channels: r.channels, cost: int64(8 * v.setup.block[1]), file: f, begin: v.begin}
	return r, nil
}

func (v *vorbisFile) headers(packets *oggPackets) error {
	for k := range 3 {
		b, err := packets.next()
		if err == io.EOF {
			return errors.New("a Vorbis stream that is cut short in its headers")
		}
		if err != nil {
			return err
		}
		switch k {
		case 0:
			err = v.setup.identification(b)
		case 2:
			err = v.setup.setup(b)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// size of a packet's block; 0 for what is no sound.
func (s *vorbisSetup) blockOf(packet []byte) int {
	if len(packet) == 0 || packet[0]&1 != 0 {
		return 0
	}
	r := &lsbReader{b: packet, at: 1}
	m := r.take(uint(bits.Len(uint(len(s.modes) - 1))))
	if m >= len(s.modes) {
		return 0
	}
	return s.block[s.modes[m].long]
}

// vorbisScan goes through the pages of a stream.
type vorbisScan struct {
	v        *vorbisFile
	at       int64 // values so far
	last     int   // the block before, 0: none
	block    int   // of the packet that is not whole yet
	open     bool  // there is one
	fresh    bool  // it is the first that begins on its page
	page     int64 // where that is
	sequence uint32
	lost     int
}

// scan counts values by the blocks of all packets. The granule of the last page tells how many of them are the recording's, that of the first one how many before are not.
func (v *vorbisFile) scan(packets *oggPackets, o Options) error {
	s := &vorbisScan{v: v, sequence: packets.page.sequence}
	p := &packets.p
	first, end := true, int64(-1)
	shift := int64(0) // a granule is a value's number less that
	for at := packets.at; at < v.size; {
		g, ok, err := p.page(at)
		if err != nil {
			return err
		}
		if !ok {
			if at, err = p.next(at + 1); err != nil {
				return err
			}
			continue
		}
		at += g.bytes()
		if g.serial != v.serial {
			continue
		}
		whole := s.take(&g)
		if s.at > o.MaxLength {
			return fmt.Errorf("a recording of more than %d values (MaxLength)", o.MaxLength)
		}
		if whole && g.granule >= 0 && g.granule < 1<<60 {
			if first && g.flags&oggLast == 0 {
				shift = s.at - g.granule
			}
			first = false
			end = g.granule + shift
		}
		if g.flags&oggLast != 0 {
			return v.finish(s, shift, end, true)
		}
	}
	return v.finish(s, shift, end, false)
}

// take goes through a page's packets, and tells whether one of them ends on it.
func (s *vorbisScan) take(g *oggPage) (whole bool) {
	if g.sequence != s.sequence+1 {
		s.lost++
		s.open = false
	}
	s.sequence = g.sequence
	skip := g.flags&oggContinued != 0 && !s.open
	if g.flags&oggContinued == 0 {
		s.open = false
	}
	data, fresh := g.data, true
	for _, n := range g.lengths {
		if !s.open && !skip {
			s.open, s.block = true, s.v.setup.blockOf(data[:n])
			s.fresh, s.page = fresh, g.at
			fresh = false
		}
		data = data[n:]
		if n == 255 {
			continue
		}
		if skip {
			skip = false
			continue
		}
		s.open, whole = false, true
		if s.block > 0 {
			if s.last > 0 {
				s.at += int64(s.last+s.block) / 4
			}
			s.last = s.block
			if s.fresh {
				s.v.points = append(s.v.points, vorbisPoint{s.page, s.at})
			}
		}
	}
	return whole
}

func (v *vorbisFile) finish(s *vorbisScan, shift, end int64, ended bool) error {
	v.skip = max(shift, 0)
	total := s.at
	if ended && end >= 0 {
		total = min(total, end)
	}
	v.length = total - v.skip
	if v.length < 1 || len(v.points) == 0 {
		return errors.New("a Vorbis stream without a single value, or cut short before it")
	}
	if s.lost > 0 {
		v.notes = append(v.notes, fmt.Sprintf("%s of its pages, where the sound is shorter than it was", plural(int64(s.lost), "jump")))
	}
	if !ended {
		v.notes = append(v.notes, fmt.Sprintf("cut short: it does not end with its last page; the %d values that are whole are read", v.length))
	}
	return nil
}

// begin returns a decoder that stands at value from or before it.
func (v *vorbisFile) begin(from int64) (decoder, error) {
	from += v.skip
	k := max(0, sort.Search(len(v.points), func(k int) bool { return v.points[k].from > from })-1)
	d := &vorbisDecoder{v: v, at: v.points[k].from, packets: &oggPackets{p: peeker{f: v.f, size: v.size}, serial: v.serial, at: v.points[k].at}}
	return d, nil
}
