package sound

import "math"

// layerII decodes Layer II (ISO 11172-3, 2.4.1.6 and 2.4.3.3).
type layerII struct {
	class  [2][32]int // of quantisation
	scale  [2][32][3]float32
	part   [32][3]float32 // samples without their scale, which two channels may share
	sample [2][32][3]float32
}

// Classes of quantisation: how many steps, by the code of the allocation, for subbands with so many bits for it (tables B.2 and B.1 of ISO 13818-3).
var (
	steps4a = []int{0, 3, 7, 15, 31, 63, 127, 255, 511, 1023, 2047, 4095, 8191, 16383, 32767, 65535}
	steps4b = []int{0, 3, 5, 7, 9, 15, 31, 63, 127, 255, 511, 1023, 2047, 4095, 8191, 65535}
	steps3a = []int{0, 3, 5, 7, 9, 15, 31, 65535}
	steps2a = []int{0, 3, 5, 65535}
	steps4c = []int{0, 3, 5, 9, 15, 31, 63, 127, 255, 511, 1023, 2047, 4095, 8191, 16383, 32767}
	steps3c = []int{0, 3, 5, 9, 15, 31, 63, 127}
	steps4d = []int{0, 3, 5, 7, 9, 15, 31, 63, 127, 255, 511, 1023, 2047, 4095, 8191, 16383}
	steps2d = []int{0, 3, 5, 9}
)

// allocation returns the steps of each subband that is stored.
func (h *mpegHead) allocation() (out [][]int) {
	each := h.bitrate / 1000 / h.channels()
	add := func(n int, steps []int) {
		for range n {
			out = append(out, steps)
		}
	}
	switch {
	case h.half > 0:
		add(4, steps4d)
		add(7, steps3c)
		add(19, steps2d)
	case h.rate == 48000 && each >= 56, each >= 56 && each <= 80:
		add(3, steps4a)
		add(8, steps4b)
		add(12, steps3a)
		add(4, steps2a)
	case h.rate != 48000 && each >= 96:
		add(3, steps4a)
		add(8, steps4b)
		add(12, steps3a)
		add(7, steps2a)
	case h.rate != 32000 && each <= 48:
		add(2, steps4c)
		add(6, steps3c)
	default:
		add(2, steps4c)
		add(10, steps3c)
	}
	return out
}

// scaleII are the scale factors, 2^(1-i/3) (table B.1).
var scaleII = func() (t [64]float32) {
	for i := range t {
		t[i] = float32(math.Exp2(1 - float64(i)/3))
	}
	return t
}()

func (l *layerII) decode(h *mpegHead, b []byte, out []float32, synth *[2]synthesis) {
	r := &bitReader{b: b, at: min(h.side(), len(b))}
	channels := h.channels()
	alloc := h.allocation()
	bound := len(alloc) // from here on both channels share their samples
	if h.mode == 1 {
		bound = min(bound, 4+4*h.joint)
	}
	l.class = [2][32]int{}
	for sb, steps := range alloc {
		width := uint(2)
		for 1<<width < len(steps) {
			width++
		}
		for c := range channels {
			if c == 1 && sb >= bound {
				l.class[1][sb] = l.class[0][sb]
			} else {
				l.class[c][sb] = steps[r.take(width)]
			}
		}
	}
	l.scales(r, len(alloc), channels)
	var bands [32]float32
	for group := range 12 {
		for sb := range alloc {
			for c := range channels {
				if c == 1 && sb >= bound {
					l.shared(sb, group/4)
				} else {
					l.samples(r, c, sb, group/4)
				}
			}
		}
		for k := range 3 {
			for c := range channels {
				for sb := range bands {
					bands[sb] = l.sample[c][sb][k]
				}
				if sb := len(alloc); sb < 32 {
					clear(bands[sb:])
				}
				synth[c].run(&bands, out[(96*group+32*k)*channels+c:], channels)
			}
		}
	}
}

// scales reads the scale factors: three a subband, of which some may be said together.
func (l *layerII) scales(r *bitReader, n, channels int) {
	var share [2][32]uint64
	for sb := range n {
		for c := range channels {
			if l.class[c][sb] > 0 {
				share[c][sb] = r.take(2)
			}
		}
	}
	for sb := range n {
		for c := range channels {
			if l.class[c][sb] == 0 {
				continue
			}
			s := &l.scale[c][sb]
			s[0] = scaleII[r.take(6)]
			switch share[c][sb] {
			case 0:
				s[1] = scaleII[r.take(6)]
				s[2] = scaleII[r.take(6)]
			case 1:
				s[1] = s[0]
				s[2] = scaleII[r.take(6)]
			case 2:
				s[1], s[2] = s[0], s[0]
			default:
				s[1] = scaleII[r.take(6)]
				s[2] = s[1]
			}
		}
	}
}

// samples reads three samples of a subband; of 3, 5 and 9 steps the three are one number.
func (l *layerII) samples(r *bitReader, c, sb, part int) {
	steps := l.class[c][sb]
	s := &l.sample[c][sb]
	if steps == 0 {
		*s = [3]float32{}
		return
	}
	var v [3]int
	switch steps {
	case 3, 5, 9:
		code := int(r.take([]uint{3: 5, 5: 7, 9: 10}[steps]))
		v = [3]int{code % steps, code / steps % steps, code / steps / steps % steps}
	default:
		width := uint(3)
		for 1<<width <= steps {
			width++
		}
		for k := range v {
			v[k] = int(r.take(width))
		}
	}
	for k := range v {
		l.part[sb][k] = float32(2*v[k]+1-steps) / float32(steps)
		s[k] = l.part[sb][k] * l.scale[c][sb][part]
	}
}

// shared makes the second channel's samples of the first one's, with scale factors of their own.
func (l *layerII) shared(sb, part int) {
	s := &l.sample[1][sb]
	if l.class[1][sb] == 0 {
		*s = [3]float32{}
		return
	}
	for k := range s {
		s[k] = l.part[sb][k] * l.scale[1][sb][part]
	}
}
