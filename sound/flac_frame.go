package sound

import (
	"errors"
	"fmt"
	"math/bits"
)

// flacBlock is a decoded frame: values of each channel.
type flacBlock struct {
	channel [8][]int64
	n       int // channels
	coef    [32]int64
}

var errFLAC = errors.New("a frame of a FLAC that is damaged")

// decode decodes a frame and returns how many bytes it has.
func (d *flacBlock) decode(b []byte, info flacInfo) (int, error) {
	h, ok := readFLACHead(b)
	if !ok {
		return 0, errFLAC
	}
	at, err := d.values(b, h, info)
	if err == nil && (at+2 > len(b) || crc16(0, b[:at+2]) != 0) {
		err = errFLAC
	}
	return at + 2, err
}

// values decodes the channels of a frame with this header, and returns where they end.
func (d *flacBlock) values(b []byte, h flacHead, info flacInfo) (int, error) {
	if h.channel != info.channels || h.block > max(info.maxBlock, 16) {
		return 0, errFLAC
	}
	d.n = h.channel
	r := &bitReader{b: b, at: h.bytes}
	for c := range d.n {
		d.channel[c] = sized(d.channel[c], h.block)
		width := uint(info.bits)
		if h.assign == 8 && c == 1 || h.assign == 9 && c == 0 || h.assign == 10 && c == 1 {
			width++ // the difference of two channels
		}
		if err := d.subframe(r, d.channel[c], width); err != nil {
			return 0, err
		}
		if r.over {
			return 0, errFLAC
		}
	}
	d.channels(h.assign)
	return r.align(), nil
}

// channels makes two channels of one and the difference, or of mean and difference (RFC 9639, 9.1.3).
func (d *flacBlock) channels(assign int) {
	a, b := d.channel[0], d.channel[1]
	switch assign {
	case 8: // left, left-right
		for i := range a {
			b[i] = a[i] - b[i]
		}
	case 9: // left-right, right
		for i := range a {
			a[i] += b[i]
		}
	case 10: // mean, left-right
		for i := range a {
			m := a[i]<<1 | b[i]&1
			a[i], b[i] = (m+b[i])>>1, (m-b[i])>>1
		}
	}
}

// floats interleaves the channels, as parts of the largest value.
func (d *flacBlock) floats(dst []float32, bits int) {
	scale := float32(1) / float32(int64(1)<<(bits-1))
	for c, v := range d.channel[:d.n] {
		for i, x := range v {
			dst[i*d.n+c] = float32(x) * scale
		}
	}
}

// subframe decodes a channel (RFC 9639, 9.2).
func (d *flacBlock) subframe(r *bitReader, v []int64, bits uint) error {
	if r.take(1) != 0 {
		return errFLAC
	}
	kind := r.take(6)
	wasted := uint(0)
	if r.take(1) == 1 {
		k := r.unary() + 1
		if k >= uint64(bits) {
			return errFLAC
		}
		wasted = uint(k)
		bits -= wasted
	}
	var err error
	switch {
	case kind == 0:
		x := r.signed(bits)
		for i := range v {
			v[i] = x
		}
	case kind == 1:
		for i := range v {
			v[i] = r.signed(bits)
		}
	case kind >= 8 && kind <= 12:
		err = d.fixed(r, v, int(kind-8), bits)
	case kind >= 32:
		err = d.linear(r, v, int(kind-31), bits)
	default:
		err = fmt.Errorf("a FLAC with a channel of the reserved kind %d", kind)
	}
	if wasted > 0 {
		for i := range v {
			v[i] <<= wasted
		}
	}
	return err
}

// warm reads the values before the predicted ones.
func warm(r *bitReader, v []int64, order int, bits uint) error {
	if order > len(v) {
		return errFLAC
	}
	for i := range order {
		v[i] = r.signed(bits)
	}
	return nil
}

// fixed decodes a channel that a polynomial predicts (RFC 9639, 9.2.5).
func (d *flacBlock) fixed(r *bitReader, v []int64, order int, bits uint) error {
	if err := warm(r, v, order, bits); err != nil {
		return err
	}
	if err := residual(r, v, order); err != nil {
		return err
	}
	switch order {
	case 1:
		for i := 1; i < len(v); i++ {
			v[i] += v[i-1]
		}
	case 2:
		for i := 2; i < len(v); i++ {
			v[i] += 2*v[i-1] - v[i-2]
		}
	case 3:
		for i := 3; i < len(v); i++ {
			v[i] += 3*v[i-1] - 3*v[i-2] + v[i-3]
		}
	case 4:
		for i := 4; i < len(v); i++ {
			v[i] += 4*v[i-1] - 6*v[i-2] + 4*v[i-3] - v[i-4]
		}
	}
	return nil
}

// linear decodes a channel that a linear prediction with coefficients of its own predicts (RFC 9639, 9.2.6).
func (d *flacBlock) linear(r *bitReader, v []int64, order int, bits uint) error {
	if err := warm(r, v, order, bits); err != nil {
		return err
	}
	precision := uint(r.take(4)) + 1
	shift := r.signed(5)
	if precision == 16 || shift < 0 {
		return errFLAC
	}
	coef := d.coef[:order]
	for i := range coef { // the last value's comes first
		coef[order-1-i] = r.signed(precision)
	}
	if err := residual(r, v, order); err != nil {
		return err
	}
	for i := order; i < len(v); i++ {
		sum := int64(0)
		past := v[i-order : i]
		for k, c := range coef {
			sum += c * past[k]
		}
		v[i] += sum >> uint(shift)
	}
	return nil
}

// residual reads what a prediction lacks, in Rice codes (RFC 9639, 9.2.7).
func residual(r *bitReader, v []int64, order int) error {
	width, escape := uint(4), uint64(15)
	switch r.take(2) {
	case 0:
	case 1:
		width, escape = 5, 31
	default:
		return errFLAC
	}
	parts := 1 << r.take(4)
	if len(v)%parts != 0 || len(v)/parts < order {
		return errFLAC
	}
	for p := range parts {
		part := v[p*len(v)/parts : (p+1)*len(v)/parts]
		if p == 0 {
			part = part[order:]
		}
		k := r.take(width)
		if k == escape {
			bits := uint(r.take(5))
			for i := range part {
				part[i] = r.signed(bits)
			}
		} else {
			rice(r, part, uint(k))
		}
		if r.over {
			return errFLAC
		}
	}
	return nil
}

// rice reads numbers of k low bits each, and the rest in unary; even ones are not negative.
func rice(r *bitReader, v []int64, k uint) {
	for i := range v {
		if r.n < 48 {
			r.fill()
		}
		var q uint64
		if z := uint(bits.LeadingZeros64(r.acc)); z+1+k <= r.n { // all of it is there
			acc := r.acc << (z + 1)
			q = uint64(z)<<k | acc>>(64-k)
			r.acc = acc << k
			r.n -= z + 1 + k
		} else {
			q = r.unary()<<k | r.take(k)
		}
		v[i] = int64(q>>1) ^ -int64(q&1)
		if r.over {
			return
		}
	}
}
