// Package lab turns 8-bit sRGB into CIE L*a*b* with white D65 and back, by tables: what of a picture is lightness, and what is colour.
//
// L lies in [0, 100]; of what sRGB can show a lies in [-86.2, 98.3] and b in [-107.9, 94.5]. The chroma of a colour is the length of
// (a, b), 0 for grey. The constants are those of scikit-image (matrix of IEC 61966-2-1 in six digits), to which golden values hold it.
package lab

import (
	"fmt"
	"math"
)

// toXYZ are the CIE 1931 coordinates of linear red, green and blue, and white is that of equal parts.
var (
	toXYZ = [3][3]float64{{0.412453, 0.357580, 0.180423}, {0.212671, 0.715160, 0.072169}, {0.019334, 0.119193, 0.950227}}
	white = [3]float64{0.95047, 1, 1.08883}
)

const (
	knee   = 0.008856 // below it f is a line
	slope  = 7.787
	offset = 16.0 / 116
	bits   = 9               // of the mantissa that choose a place in the table of f
	shift  = 1.0 / 128       // what f's table adds to t, so that t = 0 is as any other
	first  = (127 - 7) << 23 // the bits of shift
	codes  = 4096            // places of the table of codes: more than 12.92·255, so that a place has one step at most
)

// chord is f between two places of its table: value at the first, and rise for each step of the bits between them.
type chord struct{ at, rise float32 }

var (
	linear   [256]float32                // of a code
	chords   [8 << bits]chord            // of f, by the leading bits of t + shift: from shift up to twice 1
	fromRGB  [3][3]float32               // over white
	toRGB    [3][3]float32               // from what is over white
	low      [codes]uint8                // the code at a place's beginning
	stepAt   [codes]float32              // where within the place the next code begins; beyond it where none does
	encoding = func(v float64) float64 { // of a linear value
		if v <= 0.0031308 {
			return 12.92 * v
		}
		return 1.055*math.Pow(v, 1/2.4) - 0.055
	}
	decoding = func(v float64) float64 {
		if v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
)

func init() {
	for i := range linear {
		linear[i] = float32(decoding(float64(i) / 255))
	}
	exact := func(i int) float64 { // f at a place
		t := float64(math.Float32frombits(uint32(first+i<<(23-bits)))) - shift
		if t <= knee {
			return slope*t + offset
		}
		return math.Cbrt(t)
	}
	for i := range chords {
		chords[i] = chord{float32(exact(i)), float32((exact(i+1) - exact(i)) / (1 << (23 - bits)))}
	}
	back := inverse(toXYZ)
	for i := range 3 {
		for j := range 3 {
			fromRGB[i][j] = float32(toXYZ[i][j] / white[i])
			toRGB[i][j] = float32(back[i][j] * white[j])
		}
	}
	for i := range low {
		v := float64(i) / codes
		low[i] = uint8(math.Floor(encoding(v)*255 + 0.5))
		stepAt[i] = 2
		if low[i] < 255 {
			stepAt[i] = float32(decoding((float64(low[i]) + 0.5) / 255))
		}
	}
}

// inverse returns m⁻¹, by cofactors.
func inverse(m [3][3]float64) (out [3][3]float64) {
	det := 0.0
	for i := range 3 {
		for j := range 3 {
			a, b, c, d := (i+1)%3, (i+2)%3, (j+1)%3, (j+2)%3
			out[j][i] = float64(m[a][c]*m[b][d]) - float64(m[a][d]*m[b][c])
		}
		det += float64(m[0][i] * out[i][0])
	}
	for i := range out {
		for j := range out[i] {
			out[i][j] /= det
		}
	}
	return out
}

// f is the cube root above the knee, and the line that meets it there below, for t from 0 to 1. It is off by 1.3e-7 at most.
func f(t float32) float32 {
	b := math.Float32bits(t+shift) - first
	c := &chords[b>>(23-bits)%uint32(len(chords))]
	return c.at + float32(c.rise*float32(b&(1<<(23-bits)-1)))
}

// back is the inverse of f.
func back(v float32) float32 {
	if v > 0.2068966 {
		return float32(float32(v*v) * v)
	}
	return (v - float32(offset)) * float32(1/slope)
}

// FromRGB sets dst [N 3] to L, a and b of pix [N 3]. It is within 2e-4 of the exact values.
func FromRGB(dst []float32, pix []uint8) {
	each(len(dst), len(pix))
	m := &fromRGB
	for i := 0; i+2 < len(pix); i += 3 {
		r, g, b := linear[pix[i]], linear[pix[i+1]], linear[pix[i+2]]
		x := f(float32(m[0][0]*r) + float32(m[0][1]*g) + float32(m[0][2]*b))
		y := f(float32(m[1][0]*r) + float32(m[1][1]*g) + float32(m[1][2]*b))
		z := f(float32(m[2][0]*r) + float32(m[2][1]*g) + float32(m[2][2]*b))
		dst[i], dst[i+1], dst[i+2] = float32(116*y)-16, 500*(x-y), 200*(y-z)
	}
}

// ToRGB sets pix [N 3] to the colours lab [N 3], rounded; what sRGB cannot show is cut off channel by channel.
func ToRGB(pix []uint8, lab []float32) {
	each(len(lab), len(pix))
	for i := 0; i+2 < len(lab); i += 3 {
		r, g, b := linearRGB(lab[i], lab[i+1], lab[i+2])
		pix[i], pix[i+1], pix[i+2] = encoded(r), encoded(g), encoded(b)
	}
}

// linearRGB returns the linear values of a colour, below 0 or above 1 where sRGB cannot show it.
func linearRGB(l, a, b float32) (red, green, blue float32) {
	fy := float32((l + 16) * float32(1.0/116))
	x, y, z := back(fy+float32(a*float32(1.0/500))), back(fy), back(fy-float32(b*float32(1.0/200)))
	if z < float32(-offset/slope) { // scikit-image cuts f(z) off at 0
		z = float32(-offset / slope)
	}
	m := &toRGB
	return float32(m[0][0]*x) + float32(m[0][1]*y) + float32(m[0][2]*z), float32(m[1][0]*x) + float32(m[1][1]*y) + float32(m[1][2]*z),
		float32(m[2][0]*x) + float32(m[2][1]*y) + float32(m[2][2]*z)
}

// encoded returns the code of a linear value, by the one step that a place of the table may have.
func encoded(v float32) uint8 {
	if !(v > 0) { // NaN is black
		return 0
	}
	if v > 1-1.0/(1<<24) {
		return 255
	}
	i := uint32(v*codes) % codes
	k := uint8(0)
	if v >= stepAt[i] {
		k = 1
	}
	return low[i] + k
}

func each(n, m int) {
	if n != m || n%3 != 0 {
		panic(fmt.Sprintf("lab: %d values and %d bytes, want as many, three a pixel", n, m))
	}
}
