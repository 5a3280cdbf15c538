package film

import (
	"math"
	"math/bits"
	"slices"
)

// palette is up to 256 colours, and which of them is nearest to a colour.
type palette struct {
	rgb   []uint8 // [N 3]
	exact bool    // it has every colour of its frame

	place map[[3]uint8]uint8
	near  []int16 // of colours of 5 bits a value, -1 where none was looked for yet
}

func newPalette(rgb []uint8, exact bool) *palette {
	p := &palette{rgb: rgb, exact: exact, place: map[[3]uint8]uint8{}}
	for i := p.len() - 1; i >= 0; i-- {
		p.place[[3]uint8(rgb[3*i:])] = uint8(i)
	}
	return p
}

func (p *palette) len() int { return len(p.rgb) / 3 }

// bits is how many bits an index has, that of transparency too.
func (p *palette) bits() int { return max(1, bits.Len(uint(min(p.len(), 255)))) }

// padded returns the colours as a GIF stores them, 2 to the number of bits.
func (p *palette) padded() []uint8 {
	return append(slices.Clone(p.rgb), make([]uint8, 3<<p.bits()-len(p.rgb))...)
}

func (p *palette) find(c []uint8) (uint8, bool) {
	k, ok := p.place[[3]uint8(c)]
	return k, ok
}

func (p *palette) exactly(c []uint8) uint8 { return p.place[[3]uint8(c)] }

// nearest returns the colour nearest to the middle of the cell of 8 by 8 by 8 colours that v is in.
func (p *palette) nearest(v [3]int32) uint8 {
	if p.near == nil {
		p.near = make([]int16, 1<<15)
		for i := range p.near {
			p.near[i] = -1
		}
	}
	cell := v[0]>>3<<10 | v[1]>>3<<5 | v[2]>>3
	if p.near[cell] < 0 {
		k, _ := p.closest([3]int32{v[0]&^7 + 4, v[1]&^7 + 4, v[2]&^7 + 4})
		p.near[cell] = int16(k)
	}
	return uint8(p.near[cell])
}

// closest returns the nearest colour and its squared distance, weighted as eyes do: green most.
func (p *palette) closest(v [3]int32) (best int, least int32) {
	least = math.MaxInt32
	for i := range p.len() {
		r, g, b := v[0]-int32(p.rgb[3*i]), v[1]-int32(p.rgb[3*i+1]), v[2]-int32(p.rgb[3*i+2])
		if d := 2*r*r + 4*g*g + b*b; d < least {
			best, least = i, d
		}
	}
	return best, least
}

// error is the sum of squared distances of a frame's colours from the palette's.
func (p *palette) error(hist []bin) float64 {
	sum := 0.0
	for _, b := range hist {
		n := float64(b.n)
		_, d := p.closest([3]int32{int32(b.sum[0] / n), int32(b.sum[1] / n), int32(b.sum[2] / n)})
		sum += float64(d) * n
	}
	return sum
}

// exactPalette returns the colours of a frame in rising order, nil if there are more than 256.
func exactPalette(pix []uint8) *palette {
	seen := map[[3]uint8]bool{}
	var last [3]uint8
	for i := 0; i < len(pix); i += 3 {
		c := [3]uint8(pix[i:])
		if i > 0 && c == last {
			continue
		}
		last = c
		if seen[c] = true; len(seen) > 256 {
			return nil
		}
	}
	all := make([][3]uint8, 0, len(seen))
	for c := range seen {
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b [3]uint8) int { return slices.Compare(a[:], b[:]) })
	var rgb []uint8
	for _, c := range all {
		rgb = append(rgb, c[:]...)
	}
	return newPalette(rgb, true)
}

// bin is the pixels of a cell of colours.
type bin struct {
	n   int
	sum [3]float64
}

// histogram returns the cells, of 5 bits a value, that a frame has pixels in.
func histogram(pix []uint8) []bin {
	all := make([]bin, 1<<15)
	for i := 0; i+2 < len(pix); i += 3 {
		b := &all[int(pix[i])>>3<<10|int(pix[i+1])>>3<<5|int(pix[i+2])>>3]
		b.n++
		for c := range 3 {
			b.sum[c] += float64(pix[i+c])
		}
	}
	var used []bin
	for _, b := range all {
		if b.n > 0 {
			used = append(used, b)
		}
	}
	return used
}

// box is a part of the colours that becomes one of the palette.
type box struct {
	bins     []bin
	axis     int // along which it spreads most
	mean     [3]float64
	variance float64 // along the axis, times pixels
}

// weights of the values' spread, as in palette.closest.
var weights = [3]float64{2, 4, 1}

func newBox(bins []bin) box {
	b := box{bins: bins}
	n := 0.0
	var square [3]float64
	for _, v := range bins {
		n += float64(v.n)
		for c := range 3 {
			b.mean[c] += v.sum[c]
			square[c] += v.sum[c] * v.sum[c] / float64(v.n)
		}
	}
	for c := range 3 {
		b.mean[c] /= n
		if v := weights[c] * (square[c] - b.mean[c]*b.mean[c]*n); v > b.variance && len(bins) > 1 {
			b.axis, b.variance = c, v
		}
	}
	return b
}

// medianCut makes n colours: again and again the box that spreads most is cut at its mean (Heckbert 1982, cut as Wan, Wong and Prusinkiewicz 1990 do).
func medianCut(hist []bin, n int) *palette {
	boxes := []box{newBox(hist)}
	for len(boxes) < n {
		worst := 0
		for i := range boxes {
			if boxes[i].variance > boxes[worst].variance {
				worst = i
			}
		}
		w := boxes[worst]
		if w.variance <= 0 {
			break
		}
		var low, high []bin
		for _, b := range w.bins {
			if b.sum[w.axis]/float64(b.n) <= w.mean[w.axis] {
				low = append(low, b)
			} else {
				high = append(high, b)
			}
		}
		if len(low) == 0 || len(high) == 0 {
			boxes[worst].variance = 0 // rounding
			continue
		}
		boxes[worst] = newBox(low)
		boxes = append(boxes, newBox(high))
	}
	var rgb []uint8
	for _, b := range boxes {
		for c := range 3 {
			rgb = append(rgb, uint8(math.Round(b.mean[c])))
		}
	}
	return newPalette(rgb, false)
}
