package data

import (
	"math"

	"github.com/tessera-go/tessera/simd"
	"github.com/tessera-go/tessera/tensor"
)

// RandAugment does n of fourteen operations, each drawn anew, all of one magnitude, 0 to 10: the scale of AutoAugment, 10 as far as each goes (Cubuk, Zoph,
// Shlens, Le, "RandAugment: practical automated data augmentation with a reduced search space", 2020, section 3; 9 in MAE's fine-tuning, by a variant whose magnitude varies). The operations and
// how far they go are torchvision's of Pillow's pictures, bit for bit, whose magnitudes go to 30; half of the turns, shears, shifts and enhancements go the other
// way. What comes from outside the picture is grey, 128, as in the authors' code.
func RandAugment(n int, magnitude float32) Transform {
	return func(im *Image, rng *tensor.RNG) *Image {
		for range n {
			op, part := randOps[rng.IntN(len(randOps))], float64(magnitude)/10
			if op.signed && rng.Bool(0.5) {
				part = -part
			}
			im = op.do(im, part)
		}
		return im
	}
}

// randOp is one of RandAugment's operations.
type randOp struct {
	name   string // torchvision's
	signed bool
	do     func(im *Image, part float64) *Image // part of the operation's range: 0 to 1, or where it is signed -1 to 1
}

var randOps = []randOp{
	{"Identity", false, func(im *Image, _ float64) *Image { return im }},
	{"ShearX", true, func(im *Image, part float64) *Image { return affine(im, [6]float64{1, 0.3 * part, 0, 0, 1, 0}) }},
	{"ShearY", true, func(im *Image, part float64) *Image { return affine(im, [6]float64{1, 0, 0, 0.3 * part, 1, 0}) }},
	{"TranslateX", true, func(im *Image, part float64) *Image {
		return affine(im, [6]float64{1, 0, -math.Trunc(150.0 / 331 * float64(im.W) * part), 0, 1, 0})
	}},
	{"TranslateY", true, func(im *Image, part float64) *Image {
		return affine(im, [6]float64{1, 0, 0, 0, 1, -math.Trunc(150.0 / 331 * float64(im.H) * part)})
	}},
	{"Rotate", true, rotate30},
	{"Brightness", true, enhance(func(im *Image, f float32) { simd.Blend(im.Pix, f, 0) })},
	{"Color", true, enhance(func(im *Image, f float32) { simd.BlendGrey(im.Pix, f) })},
	{"Contrast", true, enhance(adjustContrast)},
	{"Sharpness", true, enhance(sharpen)},
	{"Posterize", false, func(im *Image, part float64) *Image {
		drop := uint(math.RoundToEven(4 * part))
		return pointwise(im, func(v int) int { return v >> drop << drop })
	}},
	{"Solarize", false, func(im *Image, part float64) *Image {
		return pointwise(im, func(v int) int {
			if float64(v) >= 255*(1-part) {
				return 255 - v
			}
			return v
		})
	}},
	{"AutoContrast", false, func(im *Image, _ float64) *Image { return mapped(im, fullRange) }},
	{"Equalize", false, func(im *Image, _ float64) *Image { return mapped(im, equalise) }},
}

// affine takes the pixel at (x, y) from (m0·x + m1·y + m2, m3·x + m4·y + m5), of pixels' middles, the nearest, in Pillow's steps of 1/65536.
func affine(im *Image, m [6]float64) *Image {
	fix := func(v float64) int { return int(math.Floor(v*65536 + 0.5)) }
	out := NewImage(im.H, im.W)
	for y := range im.H {
		x16 := fix(m[2]+m[0]*0.5+m[1]*0.5) + y*fix(m[1])
		y16 := fix(m[5]+m[3]*0.5+m[4]*0.5) + y*fix(m[4])
		for x := range im.W {
			to := out.Pix[(y*im.W+x)*3:][:3]
			if sx, sy := x16>>16, y16>>16; sx >= 0 && sx < im.W && sy >= 0 && sy < im.H {
				copy(to, im.Pix[(sy*im.W+sx)*3:])
			} else {
				to[0], to[1], to[2] = 128, 128, 128
			}
			x16, y16 = x16+fix(m[0]), y16+fix(m[3])
		}
	}
	return out
}

// rotate30 turns a picture about its middle, by part of 30 degrees against the clock.
func rotate30(im *Image, part float64) *Image {
	sin, cos := math.Sincos(-30 * part * math.Pi / 180)
	cx, cy := float64(im.W)/2, float64(im.H)/2
	return affine(im, [6]float64{cos, sin, cx - cos*cx - sin*cy, -sin, cos, cy + sin*cx - cos*cy})
}

// enhance is an operation that goes from a picture without something, 0.1 of it at part -1, to one with more, 1.9.
func enhance(change func(im *Image, f float32)) func(im *Image, part float64) *Image {
	return func(im *Image, part float64) *Image {
		out := &Image{im.H, im.W, append([]uint8(nil), im.Pix...)}
		change(out, float32(1+0.9*part))
		return out
	}
}

// sharpen blends with a picture smoothed by 3x3 pixels, the middle five times as heavy; the border stays.
func sharpen(im *Image, f float32) {
	old, row := append([]uint8(nil), im.Pix...), 3*im.W
	for y := 1; y < im.H-1; y++ {
		for k := y*row + 3; k < (y+1)*row-3; k++ {
			sum := 4 * int(old[k])
			for _, at := range [3]int{k - row, k, k + row} {
				sum += int(old[at-3]) + int(old[at]) + int(old[at+3])
			}
			smooth := float32((2*sum + 13) / 26)
			im.Pix[k] = uint8(min(max(int32(smooth+float32(f*(float32(old[k])-smooth))), 0), 255))
		}
	}
}

// pointwise replaces each value by what to makes of it, 0 to 255.
func pointwise(im *Image, to func(v int) int) *Image {
	var table [256]uint8
	for v := range table {
		table[v] = uint8(to(v))
	}
	return replaced(im, [3]*[256]uint8{&table, &table, &table})
}

// mapped replaces each value by what is in a table that rule makes, for each channel, of how often each value is in it.
func mapped(im *Image, rule func(count *[256]int, table *[256]uint8)) *Image {
	var tables [3]*[256]uint8
	for c := range tables {
		var count [256]int
		for k := c; k < len(im.Pix); k += 3 {
			count[im.Pix[k]]++
		}
		tables[c] = new([256]uint8)
		rule(&count, tables[c])
	}
	return replaced(im, tables)
}

// replaced replaces each value by what the table of its channel has for it.
func replaced(im *Image, tables [3]*[256]uint8) *Image {
	out := NewImage(im.H, im.W)
	for c, table := range tables {
		for k := c; k < len(im.Pix); k += 3 {
			out.Pix[k] = table[im.Pix[k]]
		}
	}
	return out
}

// fullRange has the smallest value at 0 and the largest at 255.
func fullRange(count *[256]int, table *[256]uint8) {
	lo, hi := 0, 255
	for lo < 255 && count[lo] == 0 {
		lo++
	}
	for hi > 0 && count[hi] == 0 {
		hi--
	}
	if hi <= lo {
		unchanged(table)
		return
	}
	scale := 255 / float64(hi-lo)
	for v := lo; v <= hi; v++ {
		table[v] = uint8(min(max(int(float64(v)*scale-float64(lo)*scale), 0), 255))
	}
}

// equalise has all values about equally often.
func equalise(count *[256]int, table *[256]uint8) {
	total, last := 0, 0
	for _, n := range count {
		total += n
		if n > 0 {
			last = n
		}
	}
	step, below := (total-last)/255, 0
	if step == 0 {
		unchanged(table)
		return
	}
	for v, n := range count {
		table[v] = uint8(min((step/2+below)/step, 255))
		below += n
	}
}

// unchanged leaves every value as it is.
func unchanged(table *[256]uint8) {
	for v := range table {
		table[v] = uint8(v)
	}
}
