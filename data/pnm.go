package data

import (
	"errors"
	"fmt"
	"io"
)

// pnmPicture is a portable anymap: P1 to P3 as text, P4 to P6 as bytes.
type pnmPicture struct {
	kind    byte // '1' to '6'
	h, w    int
	largest int    // the value of white
	raw     []byte // what follows the header
}

// isPNM tells whether a file begins as a portable anymap that is read.
func isPNM(b []byte) bool {
	return len(b) > 2 && b[0] == 'P' && b[1] >= '1' && b[1] <= '6' && (b[2] == ' ' || b[2] == '\n' || b[2] == '\r' || b[2] == '\t' || b[2] == '#')
}

// pnmNumber reads a number behind white space and comments; digits is how many it may have, 0 for any.
func pnmNumber(b []byte, digits int) (n int, rest []byte, err error) {
	for len(b) > 0 && (b[0] == '#' || b[0] == ' ' || b[0] >= '\t' && b[0] <= '\r') {
		if b[0] == '#' {
			for len(b) > 0 && b[0] != '\n' && b[0] != '\r' {
				b = b[1:]
			}
			continue
		}
		b = b[1:]
	}
	if len(b) == 0 {
		return 0, nil, io.ErrUnexpectedEOF
	}
	k := 0
	for ; k < len(b) && b[k] >= '0' && b[k] <= '9' && (digits == 0 || k < digits); k++ {
		n = min(10*n+int(b[k]-'0'), 1<<40)
	}
	if k == 0 {
		return 0, nil, fmt.Errorf("%q where a number is wanted", b[0])
	}
	return n, b[k:], nil
}

// parsePNM reads the header.
func parsePNM(b []byte) (*pnmPicture, error) {
	p := &pnmPicture{kind: b[1], largest: 1}
	var err error
	b = b[2:]
	for _, n := range []*int{&p.w, &p.h, &p.largest} {
		if n == &p.largest && (p.kind == '1' || p.kind == '4') {
			continue
		}
		if *n, b, err = pnmNumber(b, 0); err != nil {
			return nil, fmt.Errorf("broken picture: a PNM header: %w", err)
		}
	}
	if p.largest < 1 || p.largest > 65535 {
		return nil, fmt.Errorf("broken picture: a PNM whose white is %d, want 1 to 65535", p.largest)
	}
	if p.kind >= '4' { // one white space
		if len(b) == 0 {
			return nil, errors.New("broken picture: a PNM that ends with its header")
		}
		b = b[1:]
	}
	p.raw = b
	return p, nil
}

// deep tells whether white is more than 255.
func (p *pnmPicture) deep() bool { return p.largest > 255 }

// usual makes white 255, rounding as Pillow does.
func (p *pnmPicture) usual() levels { return levels{255, float64(p.largest), true} }

// decode makes the picture; of values above 255 the largest is returned.
func (p *pnmPicture) decode(s levels) (im *Image, top float64, err error) {
	im = NewImage(p.h, p.w)
	each := 1
	if p.kind == '3' || p.kind == '6' {
		each = 3
	}
	stride := p.w * each
	switch {
	case p.kind == '4':
		stride = (p.w + 7) / 8
	case p.kind > '4' && p.deep():
		stride *= 2
	}
	if p.kind >= '4' && len(p.raw)/stride < p.h {
		return nil, 0, fmt.Errorf("%d of %d rows are there: %w", len(p.raw)/stride, p.h, io.ErrUnexpectedEOF)
	}
	raw := p.raw
	for i := range p.h * p.w * each {
		v := 0
		switch {
		case p.kind == '1':
			v, raw, err = pnmNumber(raw, 1)
		case p.kind < '4':
			v, raw, err = pnmNumber(raw, 0)
		case p.kind == '4':
			y, x := i/p.w, i%p.w
			v = int(raw[y*stride+x/8] >> (7 - x%8) & 1)
		case p.deep():
			v = int(raw[2*i])<<8 | int(raw[2*i+1])
		default:
			v = int(raw[i])
		}
		if err != nil {
			return nil, 0, fmt.Errorf("value %d of %d: %w", i, p.h*p.w*each, err)
		}
		if p.kind == '1' || p.kind == '4' { // a one is black
			v = 1 - min(v, 1)
		}
		top = max(top, float64(v))
		l := s.of(float64(v))
		if each == 3 {
			im.Pix[i] = l
		} else {
			im.Pix[3*i], im.Pix[3*i+1], im.Pix[3*i+2] = l, l, l
		}
	}
	return im, top, nil
}
