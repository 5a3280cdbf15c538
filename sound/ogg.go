package sound

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"

	"github.com/tessera-go/tessera/internal/files"
)

// peeker looks at bytes of a file, which it reads in large parts.
type peeker struct {
	f    io.ReaderAt
	size int64
	buf  []byte
	base int64 // of buf in the file
}

// peek returns up to n bytes at a place, at most 64 KiB; fewer at the file's end.
func (p *peeker) peek(at int64, n int) ([]byte, error) {
	if at < p.base || at+int64(n) > p.base+int64(len(p.buf)) {
		p.buf, p.base = sized(p.buf, int(min(max(p.size, 1), 1<<17))), at
		k, err := p.f.ReadAt(p.buf[:min(int64(len(p.buf)), max(0, p.size-at))], at)
		if err != nil && err != io.EOF {
			return nil, files.Cause(err)
		}
		p.buf = p.buf[:k]
	}
	b := p.buf[min(at-p.base, int64(len(p.buf))):]
	return b[:min(n, len(b))], nil
}

// oggPage is a page of an Ogg stream (RFC 3533, 6): packets' parts of up to 255 bytes; a packet ends with a shorter one.
type oggPage struct {
	at       int64
	granule  int64
	serial   uint32
	sequence uint32
	flags    byte
	lengths  []byte // of parts
	data     []byte
}

// Flags of pages.
const (
	oggContinued = 1
	oggFirst     = 2
	oggLast      = 4
)

const oggHead = 27

// maxPage is the longest page.
const maxPage = oggHead + 255 + 255*255

// page reads a page; ok is false for what is none, or is damaged. Its bytes are the peeker's.
func (p *peeker) page(at int64) (g oggPage, ok bool, err error) {
	b, err := p.peek(at, maxPage)
	if err != nil || len(b) < oggHead || string(b[:5]) != "OggS\x00" {
		return g, false, err
	}
	g = oggPage{at: at, flags: b[5], granule: int64(binary.LittleEndian.Uint64(b[6:])), serial: binary.LittleEndian.Uint32(b[14:]), sequence: binary.LittleEndian.Uint32(b[18:])}
	n := oggHead + int(b[26])
	if len(b) < n {
		return g, false, nil
	}
	g.lengths = b[oggHead:n]
	end := n
	for _, l := range g.lengths {
		end += int(l)
	}
	if end > len(b) {
		return g, false, nil
	}
	g.data = b[n:end]
	sum := crc32ogg(0, b[:22])
	sum = crc32ogg(sum, []byte{0, 0, 0, 0})
	return g, crc32ogg(sum, b[26:end]) == binary.LittleEndian.Uint32(b[22:]), nil
}

// bytes is how long a page is.
func (g *oggPage) bytes() int64 { return int64(oggHead + len(g.lengths) + len(g.data)) }

// next returns where the next page begins; at the file's end that.
func (p *peeker) next(at int64) (int64, error) {
	for at < p.size {
		b, err := p.peek(at, 1<<16)
		if err != nil {
			return at, err
		}
		if k := bytes.Index(b, []byte("OggS")); k >= 0 {
			return at + int64(k), nil
		}
		if len(b) < 4 {
			break
		}
		at += int64(len(b) - 3)
	}
	return p.size, nil
}

// oggPackets hands out the packets of a stream from a page on.
type oggPackets struct {
	p      peeker
	serial uint32
	at     int64 // of the next page
	page   oggPage
	part   int    // of the page, the next one
	data   int    // where it is
	held   []byte // of a packet that goes on
	skip   bool   // what goes on was not read from its beginning
}

// maxPacket is the longest packet.
const maxPacket = 1 << 20

// next returns the next packet; its bytes are its own until it is called again.
func (o *oggPackets) next() (packet []byte, err error) {
	o.held = o.held[:0]
	for {
		for o.part < len(o.page.lengths) {
			n := int(o.page.lengths[o.part])
			o.held = append(o.held, o.page.data[o.data:o.data+n]...)
			o.part++
			o.data += n
			if len(o.held) > maxPacket {
				return nil, errors.New("an Ogg stream with a packet of more than 1 MiB")
			}
			if n == 255 {
				continue
			}
			if o.skip {
				o.skip, o.held = false, o.held[:0]
				continue
			}
			return o.held, nil
		}
		if err := o.turn(); err != nil {
			return nil, err
		}
	}
}

// turn reads the stream's next page. What goes on from a page that is not there is left out.
func (o *oggPackets) turn() error {
	for {
		if o.at >= o.p.size {
			return io.EOF
		}
		g, ok, err := o.p.page(o.at)
		if err != nil {
			return err
		}
		if !ok {
			if o.at, err = o.p.next(o.at + 1); err != nil {
				return err
			}
			continue
		}
		o.at += g.bytes()
		if g.serial != o.serial {
			continue
		}
		if g.sequence != o.page.sequence+1 {
			o.held = o.held[:0]
		}
		goes := g.flags&oggContinued != 0
		o.skip = goes && len(o.held) == 0
		if !goes {
			o.held = o.held[:0]
		}
		o.page, o.part, o.data = g, 0, 0
		return nil
	}
}

var crc32Table = func() (t [256]uint32) {
	for i := range t {
		v := uint32(i) << 24
		for range 8 {
			c := v&(1<<31) != 0
			if v <<= 1; c {
				v ^= 0x04c11db7
			}
		}
		t[i] = v
	}
	return t
}()

// crc32ogg is Ogg's sum: the polynomial of Ethernet, the highest bit first, nothing turned.
func crc32ogg(c uint32, b []byte) uint32 {
	for _, v := range b {
		c = c<<8 ^ crc32Table[byte(c>>24)^v]
	}
	return c
}
