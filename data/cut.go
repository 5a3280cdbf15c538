package data

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// cutJPEG is what is there of a JPEG that is cut short: a file with the missing part filled, and words about the part that is there.
type cutJPEG struct {
	filled []byte // nil where there is nothing to show
	there  string
}

// restore fills a JPEG that is cut short. A sequential one gets grey blocks for those that are missing, as libjpeg has them; the codes
// are written anew with tables of our own, since those of the file need not have the codes of a grey block. A progressive one ends with its last
// complete scan; between says that it ends between two.
func restore(b []byte, h jpegHeader, between bool) cutJPEG {
	if h.Scan == 0 {
		return cutJPEG{there: "nothing but its header is there"}
	}
	if h.Process == 2 {
		return completeScans(b, h, between)
	}
	r := &refill{b: b, head: h}
	if err := r.all(); err != nil {
		return cutJPEG{there: fmt.Sprintf("what is there cannot be read (%v)", err)}
	}
	rows := r.rows
	if rows == 0 && r.blocks == 0 {
		return cutJPEG{there: "nothing but its header is there"}
	}
	return cutJPEG{append(r.out, 0xff, markEnd), fmt.Sprintf("%d %% of its rows are there", min(100*rows/h.H, 99))}
}

// completeScans leaves out a progressive JPEG's last scan, in which it ends, unless it ends behind it.
func completeScans(b []byte, h jpegHeader, between bool) cutJPEG {
	n, last := 0, len(b)
	eachSegment(b, h.Scan, func(at int, marker byte, _ []byte) {
		if marker == markScan {
			n++
			if !between {
				last = at
			}
		}
	})
	if !between {
		n--
	}
	if n < 1 {
		return cutJPEG{there: "not one of its scans is complete"}
	}
	word := "scans of it are"
	if n == 1 {
		word = "scan of it is"
	}
	return cutJPEG{append(b[:last:last], 0xff, markEnd), fmt.Sprintf("%d %s complete", n, word)}
}

// eachSegment calls f for each segment from a place on, with the place of its mark and its bytes behind the length; coded data between
// them is passed over.
func eachSegment(b []byte, from int, f func(at int, marker byte, seg []byte)) {
	for i := from; i+4 <= len(b); {
		marker := b[i+1]
		if b[i] != 0xff || marker == 0 || marker == 0xff || marker >= 0xd0 && marker <= 0xd7 { // coded data, a stuffed byte, a fill byte, a restart
			i++
			continue
		}
		n := int(binary.BigEndian.Uint16(b[i+2:]))
		if n < 2 || i+2+n > len(b) {
			return
		}
		f(i, marker, b[i+4:i+2+n])
		i += 2 + n
	}
}

// The second bytes of a JPEG's marks (ITU T.81, table B.1).
const (
	markTables  = 0xc4
	markScan    = 0xda
	markRestart = 0xdd
	markEnd     = 0xd9
)

// huffman is a table of codes as its segment has them: how many of each length, and the symbols.
type huffman struct {
	counts  [16]int
	symbols []byte
}

// jpegComponent is a component of a frame.
type jpegComponent struct {
	id, h, v byte
	seen     bool // whether a scan brought it
}

// refill reads a sequential JPEG's codes and writes them again, without restart marks.
type refill struct {
	b     []byte
	head  jpegHeader
	comps []jpegComponent
	dc    [4]*huffman
	ac    [4]*huffman
	every int // blocks between restarts
	bits  bitsIn
	out   []byte
	acc   uint32 // bits to be written
	nacc  int

	rows, blocks int // rows of pixels that all scans bring, and blocks that were there
}

// all copies the header and writes each scan, then those that the file does not reach.
func (r *refill) all() (err error) {
	r.rows = r.head.H
	r.out = append(r.out, 0xff, 0xd8)
	end := 0
	step := func(at int, marker byte, seg []byte) {
		switch {
		case err != nil || at < end:
		case marker == markTables:
			err = r.tables(seg)
		case marker == markRestart && len(seg) >= 2:
			r.every = int(binary.BigEndian.Uint16(seg))
		case marker == markScan:
			if r.comps == nil {
				err = errors.New("a scan before the frame")
				return
			}
			end, err = r.scan(at, seg)
		case marker >= 0xc0 && marker <= 0xcf:
			if err = r.frame(seg); err == nil {
				r.segment(marker, seg)
				r.ownTables()
			}
		default:
			r.segment(marker, seg)
		}
	}
	eachSegment(r.b, 2, step)
	for i := range r.comps {
		if err == nil && !r.comps[i].seen {
			r.rows = 0
			r.emptyScan(&r.comps[i])
		}
	}
	return err
}

func (r *refill) segment(marker byte, seg []byte) {
	r.out = binary.BigEndian.AppendUint16(append(r.out, 0xff, marker), uint16(len(seg)+2))
	r.out = append(r.out, seg...)
}

// ownTables writes two tables that have every symbol: of DC, 15 codes of 4 bits and one of 5; of AC, 254 of 8 and two of 9. A code of
// ones alone is in neither.
func (r *refill) ownTables() {
	seg := append([]byte{0x00, 0, 0, 0, 15, 1}, make([]byte, 11)...)
	for i := range 16 {
		seg = append(seg, byte(i))
	}
	seg = append(append(seg, 0x10, 0, 0, 0, 0, 0, 0, 0, 254, 2), make([]byte, 7)...)
	for i := range 256 {
		seg = append(seg, byte(i))
	}
	r.segment(markTables, seg)
}

// writeDC and writeAC write a symbol of the tables of ownTables and the bits that follow it.
func (r *refill) writeDC(symbol byte, v uint32) {
	if symbol < 15 {
		r.write(uint32(symbol), 4)
	} else {
		r.write(0b11110, 5)
	}
	r.write(v, int(symbol))
}

func (r *refill) writeAC(symbol byte, v uint32) {
	if symbol < 254 {
		r.write(uint32(symbol), 8)
	} else {
		r.write(508+uint32(symbol)-254, 9)
	}
	r.write(v, int(symbol&15))
}

func (r *refill) write(v uint32, n int) {
	r.acc, r.nacc = r.acc<<n|v, r.nacc+n
	for r.nacc >= 8 {
		c := byte(r.acc >> (r.nacc - 8))
		r.out = append(r.out, c)
		if c == 0xff {
			r.out = append(r.out, 0)
		}
		r.nacc -= 8
	}
	r.acc &= 1<<r.nacc - 1
}

// frame reads the components.
func (r *refill) frame(seg []byte) error {
	if len(seg) < 6 || len(seg) < 6+3*int(seg[5]) || seg[5] < 1 || seg[5] > 4 {
		return errors.New("a broken frame")
	}
	for i := range int(seg[5]) {
		c := jpegComponent{id: seg[6+3*i], h: seg[7+3*i] >> 4, v: seg[7+3*i] & 15}
		if c.h < 1 || c.h > 4 || c.v < 1 || c.v > 4 {
			return errors.New("a broken frame")
		}
		r.comps = append(r.comps, c)
	}
	return nil
}

// tables reads a segment of Huffman codes.
func (r *refill) tables(seg []byte) error {
	for len(seg) >= 17 {
		t, n := &huffman{}, 0
		for i, c := range seg[1:17] {
			t.counts[i] = int(c)
			n += int(c)
		}
		if len(seg) < 17+n || seg[0]&15 > 3 || seg[0]>>4 > 1 {
			break
		}
		t.symbols = seg[17 : 17+n]
		if seg[0]>>4 == 0 {
			r.dc[seg[0]&15] = t
		} else {
			r.ac[seg[0]&15] = t
		}
		seg = seg[17+n:]
	}
	if len(seg) > 0 {
		return errors.New("broken tables")
	}
	return nil
}

// scanPart is a component in a scan.
type scanPart struct {
	c            *jpegComponent
	dc, ac       *huffman
	inMCU        int
	pred, outPre int // of the file, and of what is written
}

// scan reads the scan at a place and writes it; it returns where its data ends.
func (r *refill) scan(at int, seg []byte) (end int, err error) {
	if len(seg) == 0 {
		return 0, errors.New("a broken scan")
	}
	n := int(seg[0])
	if len(seg) < 4+2*n || n < 1 || n > 4 {
		return 0, errors.New("a broken scan")
	}
	var parts []scanPart
	for k := range n {
		for i := range r.comps {
			if c := &r.comps[i]; c.id == seg[1+2*k] && !c.seen {
				p := scanPart{c: c, dc: r.dc[seg[2+2*k]>>4&3], ac: r.ac[seg[2+2*k]&3], inMCU: 1}
				if n > 1 {
					p.inMCU = int(c.h * c.v)
				}
				if p.dc == nil || p.ac == nil {
					return 0, errors.New("tables are missing")
				}
				parts, c.seen = append(parts, p), true
				break
			}
		}
	}
	if len(parts) != n {
		return 0, errors.New("a scan of no component")
	}
	r.scanHeader(parts)
	r.bits = bitsIn{b: r.b, at: at + 4 + len(seg)}
	wide, high, each := r.units(parts)
	done := 0
	for done < wide*high && r.unit(parts, done) {
		done++
	}
	r.blocks += done
	r.rows = min(r.rows, done/wide*each)
	for k := done + 1; k < wide*high; k++ { // behind the unit in which the data ends
		r.greyUnit(parts)
	}
	r.write(1<<7-1, 7) // ones up to a whole byte
	r.acc, r.nacc = 0, 0
	return r.bits.at, nil
}

// units is how many units of blocks a scan has in a row and in rows, and how many pixels a row of them is high (ITU T.81, A.2).
func (r *refill) units(parts []scanPart) (wide, high, each int) {
	hmax, vmax := 1, 1
	for _, c := range r.comps {
		hmax, vmax = max(hmax, int(c.h)), max(vmax, int(c.v))
	}
	up := func(a, b int) int { return (a + b - 1) / b }
	if len(parts) > 1 {
		return up(r.head.W, 8*hmax), up(r.head.H, 8*vmax), 8 * vmax
	}
	c := parts[0].c
	return up(up(r.head.W*int(c.h), hmax), 8), up(up(r.head.H*int(c.v), vmax), 8), 8 * vmax / int(c.v)
}

func (r *refill) scanHeader(parts []scanPart) {
	seg := []byte{byte(len(parts))}
	for _, p := range parts {
		seg = append(seg, p.c.id, 0)
	}
	r.segment(markScan, append(seg, 0, 63, 0))
}

func (r *refill) emptyScan(c *jpegComponent) {
	parts := []scanPart{{c: c, inMCU: 1}}
	r.scanHeader(parts)
	wide, high, _ := r.units(parts)
	for range wide * high {
		r.greyUnit(parts)
	}
	r.write(1<<7-1, 7)
	r.acc, r.nacc = 0, 0
}

// greyUnit writes blocks without a difference to the middle of the range.
func (r *refill) greyUnit(parts []scanPart) {
	for i := range parts {
		for range parts[i].inMCU {
			r.difference(&parts[i], 0)
			r.writeAC(0, 0)
		}
	}
}

// difference writes a block's first coefficient.
func (r *refill) difference(p *scanPart, dc int) {
	d := dc - p.outPre
	p.outPre = dc
	n, v := 0, d
	if v < 0 {
		v = -v
	}
	for ; v>>n != 0; n++ {
	}
	if d < 0 {
		d += 1<<n - 1
	}
	r.writeDC(byte(n), uint32(d))
}

// unit reads a unit and writes it; false where it is not all there. What is missing of a unit that has begun is read as zeros, as libjpeg
// does.
func (r *refill) unit(parts []scanPart, number int) (whole bool) {
	if r.every > 0 && number > 0 && number%r.every == 0 {
		if !r.bits.restart() {
			r.greyUnit(parts)
			return false
		}
		for i := range parts {
			parts[i].pred = 0
		}
	}
	for i := range parts {
		for range parts[i].inMCU {
			r.block(&parts[i])
		}
	}
	return !r.bits.ended
}

// block reads a block's codes and writes them (ITU T.81, F.2.2).
func (r *refill) block(p *scanPart) {
	n := min(r.bits.symbol(p.dc), 15)
	d := int(r.bits.read(int(n)))
	if n > 0 && d < 1<<(n-1) {
		d -= 1<<n - 1
	}
	p.pred = min(max(p.pred+d, -1<<13), 1<<13)
	r.difference(p, p.pred)
	for k := 1; k < 64; k++ {
		s := r.bits.symbol(p.ac)
		v := r.bits.read(int(s & 15))
		if k += int(s >> 4); k > 63 { // a run past the block
			s = 0
			v = 0
		}
		if s&15 == 0 && s != 0xf0 {
			s = 0
		}
		r.writeAC(s, v)
		if s == 0 {
			break
		}
	}
}

// bitsIn reads coded data, in which a byte 0xff is followed by a zero.
type bitsIn struct {
	b     []byte
	at    int
	acc   uint32
	n     int
	ended bool // the data or the scan is at its end: zeros follow
}

// read returns the next n bits, at most 16.
func (r *bitsIn) read(n int) uint32 {
	for r.n < n {
		c := byte(0)
		switch {
		case r.ended || r.at >= len(r.b) || r.b[r.at] == 0xff && (r.at+1 >= len(r.b) || r.b[r.at+1] != 0):
			r.ended = true
		case r.b[r.at] == 0xff:
			c, r.at = 0xff, r.at+2
		default:
			c, r.at = r.b[r.at], r.at+1
		}
		r.acc, r.n = r.acc<<8|uint32(c), r.n+8
	}
	r.n -= n
	return r.acc >> r.n & (1<<n - 1)
}

// symbol reads a code of a table (ITU T.81, F.2.2.3); what is no code is read as a zero, as libjpeg does.
func (r *bitsIn) symbol(t *huffman) byte {
	code, first, index := 0, 0, 0
	for _, count := range t.counts {
		code |= int(r.read(1))
		if code-first < count {
			return t.symbols[index+code-first]
		}
		index += count
		first = (first + count) << 1
		code <<= 1
	}
	return 0
}

// restart passes over the rest of a byte and a restart mark; false where there is none.
func (r *bitsIn) restart() bool {
	r.acc, r.n = 0, 0
	for r.at+1 < len(r.b) && r.b[r.at] == 0xff && r.b[r.at+1] == 0xff {
		r.at++
	}
	if r.at+1 >= len(r.b) || r.b[r.at] != 0xff || r.b[r.at+1] < 0xd0 || r.b[r.at+1] > 0xd7 {
		return false
	}
	r.at += 2
	return true
}
