package pretext

import (
	"fmt"
	"math"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/simd"
	"github.com/tessera-go/tessera/tensor"
)

// viewChange is how one view differs from its patch.
type viewChange struct {
	dy, dx, scale, angle         float32 // of the patch's side; factor; radians, counter-clockwise
	contrast                     [3]float32
	power, factor, offset, turns float32
}

// unchanged shows a patch as it is.
var unchanged = viewChange{scale: 1, contrast: [3]float32{1, 1, 1}, power: 1, factor: 1}

// draw draws a view's changes.
func (c ViewChanges) draw(rng *tensor.RNG) viewChange {
	by := func(most float32) float32 { return rng.Uniform(-most, most) }
	times := func(most float32) float32 {
		return float32(math.Exp(float64(by(1)) * math.Log(float64(most))))
	}
	v := viewChange{dy: by(c.Translation), dx: by(c.Translation), scale: times(c.Scale), angle: by(c.Rotation) * (math.Pi / 180)}
	for k := range v.contrast {
		v.contrast[k] = times(c.Contrast)
	}
	v.power, v.factor, v.offset, v.turns = times(c.Power), times(c.Factor), by(c.Offset), by(c.Hue)
	return v
}

// mostSamples is how many points along a side are looked at for a view's pixel, at most.
const mostSamples = 8

// cut writes side by side pixels of a patch, moved, enlarged and turned, values from 0 to 1. Each is the mean of as many points of the
// picture, bilinear, as it takes to see all of it; outside the picture is its mirror image.
func (v viewChange) cut(dst []float32, side int, im *data.Image, at place) {
	step := float64(at.Side) * float64(v.scale) / float64(side) // from pixel to pixel
	n := min(max(1, int(step+0.5)), mostSamples)
	sin, cos := math.Sincos(float64(v.angle))
	middleY := float64(at.Top) + float64(float64(at.Side)*(0.5+float64(v.dy))) - 0.5
	middleX := float64(at.Left) + float64(float64(at.Side)*(0.5+float64(v.dx))) - 0.5
	fine := step / float64(n)
	half := float64(side*n-1) / 2
	mean := 1 / float32(255*n*n)
	for y := range side {
		for x := range side {
			var sum [3]float32
			for i := range n {
				b := (float64(y*n+i) - half) * fine
				for j := range n {
					a := (float64(x*n+j) - half) * fine
					// y points down: counter-clockwise on the screen, as turn
					addPoint(&sum, im, middleY+float64(sin*a)+float64(cos*b), middleX+float64(cos*a)-float64(sin*b))
				}
			}
			out := dst[(y*side+x)*3:][:3]
			for c := range sum {
				out[c] = sum[c] * mean
			}
		}
	}
}

// addPoint adds the picture's value between pixels.
func addPoint(sum *[3]float32, im *data.Image, y, x float64) {
	fy, fx := math.Floor(y), math.Floor(x)
	b, a := float32(y-fy), float32(x-fx)
	y0, x0 := int(fy), int(fx)
	y1, x1 := y0+1, x0+1
	if y0 < 0 || x0 < 0 || y1 >= im.H || x1 >= im.W {
		y0, y1, x0, x1 = mirrored(y0, im.H), mirrored(y1, im.H), mirrored(x0, im.W), mirrored(x1, im.W)
	}
	p, q := im.Pix[y0*im.W*3:], im.Pix[y1*im.W*3:]
	for c := range sum {
		top := float32(float32(p[x0*3+c])*(1-a)) + float32(float32(p[x1*3+c])*a)
		bottom := float32(float32(q[x0*3+c])*(1-a)) + float32(float32(q[x1*3+c])*a)
		sum[c] += float32(top*(1-b)) + float32(bottom*b)
	}
}

// mirrored returns the pixel of n that stands for one outside: -1 for 0, n for n-1.
func mirrored(i, n int) int {
	if i %= 2 * n; i < 0 {
		i += 2 * n
	}
	return min(i, 2*n-1-i)
}

// colourBlock is how many pixels are changed at once.
const colourBlock = 128

// colour changes the colours of pixels [... 3], values from 0 to 1, which they keep to: contrast along the axes of all colours, then power,
// factor and offset of saturation and value, and the hue.
func (v viewChange) colour(x []float32, axes *colourAxes) {
	mix := axes.mix(v.contrast)
	var hues [colourBlock]float32
	var others [2 * colourBlock]float32 // saturation and value, pixel by pixel
	for len(x) > 0 {
		block := x[:min(len(x), 3*colourBlock)]
		x = x[len(block):]
		for p := 0; p+2 < len(block); p += 3 {
			rgb := [3]float32(block[p:])
			if v.contrast != unchanged.contrast {
				rgb = axes.stretch(&mix, rgb)
			}
			hues[p/3], others[p/3*2], others[p/3*2+1] = hsv(rgb)
		}
		v.bend(others[:len(block)/3*2])
		for p := 0; p+2 < len(block); p += 3 {
			rgb := fromHSV(hues[p/3]+v.turns, others[p/3*2], others[p/3*2+1])
			copy(block[p:p+3], rgb[:])
		}
	}
}

// bend changes saturations and values.
func (v viewChange) bend(x []float32) {
	if v.power != 1 {
		simd.Log(x, x)
		simd.Scale(x, v.power, x)
		simd.Exp(x, x)
	}
	for k, y := range x {
		x[k] = min(max(float32(y*v.factor)+v.offset, 0), 1)
	}
}

// hsv returns hue, in turns from -1/6 to 5/6, saturation and value of a colour (Smith, "Color gamut transform pairs", 1978).
func hsv(rgb [3]float32) (h, s, v float32) {
	r, g, b := rgb[0], rgb[1], rgb[2]
	hi, lo := max(r, g, b), min(r, g, b)
	d := hi - lo
	if d == 0 {
		return 0, 0, hi
	}
	switch hi {
	case r:
		h = (g - b) / d
	case g:
		h = 2 + (b-r)/d
	default:
		h = 4 + (r-g)/d
	}
	return h / 6, d / hi, hi
}

// fromHSV is the way back; a hue may be any number of turns.
func fromHSV(h, s, v float32) [3]float32 {
	h -= float32(math.Floor(float64(h)))
	sixth := h * 6
	k := int(sixth)
	f := sixth - float32(k)
	low, down, up := v*(1-s), v*(1-float32(s*f)), v*(1-float32(s*(1-f)))
	switch k {
	case 0:
		return [3]float32{v, up, low}
	case 1:
		return [3]float32{down, v, low}
	case 2:
		return [3]float32{low, v, up}
	case 3:
		return [3]float32{low, down, v}
	case 4:
		return [3]float32{up, low, v}
	case 5:
		return [3]float32{v, low, down}
	}
	return [3]float32{v, up, low} // a hue just below a turn, rounded to it
}

// colourAxes are the mean and the principal components of colours, values from 0 to 1.
type colourAxes struct {
	mean [3]float32
	axes [3][3]float32 // unit, in rows, the largest deviation first
}

// colourValues is how many numbers colourAxes are.
const colourValues = 12

// get writes the numbers to dst, and set takes them from there.
func (a *colourAxes) get(dst []float32) {
	copy(dst, a.mean[:])
	for i, axis := range a.axes {
		copy(dst[3*i+3:], axis[:])
	}
}

func (a *colourAxes) set(src []float32) {
	copy(a.mean[:], src)
	for i := range a.axes {
		copy(a.axes[i][:], src[3*i+3:])
	}
}

// stretch multiplies a colour's distance from the mean by what mix returned.
func (a *colourAxes) stretch(mix *[3][3]float32, rgb [3]float32) (out [3]float32) {
	var d [3]float32
	for c := range d {
		d[c] = rgb[c] - a.mean[c]
	}
	for c, m := range mix {
		out[c] = min(max(a.mean[c]+float32(m[0]*d[0])+float32(m[1]*d[1])+float32(m[2]*d[2]), 0), 1)
	}
	return out
}

// mix returns what multiplies a colour's distance from the mean, so that its projection on each axis is multiplied by a factor.
func (a *colourAxes) mix(by [3]float32) (m [3][3]float32) {
	for k, axis := range a.axes {
		for i := range m {
			for j := range m {
				m[i][j] += float32(float32(by[k]*axis[i]) * axis[j])
			}
		}
	}
	return m
}

// principalColours measures the axes of the pixels of some pictures, evenly spread. Broken ones are passed over; an error says that none
// could be read.
func principalColours(images data.Images) (colourAxes, error) {
	const most, size = 200, 32
	n := min(most, images.Len())
	sums := make([][10]float64, n) // of each picture: so that the order of adding is always the same
	errs := make([]error, n)
	parallel.For(n, func(k int) {
		small := atMost(size)
		im, err := data.ImageFrame(images, k*images.Len()/n, func(h, w int) data.Frame { return small(h, w, nil) })
		if errs[k] = err; err != nil {
			return
		}
		for p := 0; p+2 < len(im.Pix); p += 3 {
			var c [3]float64
			for i := range c {
				c[i] = float64(im.Pix[p+i]) / 255
			}
			for i, v := range [10]float64{c[0], c[1], c[2], c[0] * c[0], c[0] * c[1], c[0] * c[2], c[1] * c[1], c[1] * c[2], c[2] * c[2], 1} {
				sums[k][i] += v / float64(len(im.Pix)/3) // each picture counts the same
			}
		}
	})
	var m [10]float64
	var last error
	for k := range sums {
		if errs[k] != nil {
			last = errs[k]
			continue
		}
		for i, v := range sums[k] {
			m[i] += v
		}
	}
	if m[9] == 0 {
		return colourAxes{}, fmt.Errorf("none of %d pictures could be read: %w", n, last)
	}
	for i := range m[:9] {
		m[i] /= m[9]
	}
	cov := [3][3]float64{
		{m[3] - float64(m[0]*m[0]), m[4] - float64(m[0]*m[1]), m[5] - float64(m[0]*m[2])},
		{0, m[6] - float64(m[1]*m[1]), m[7] - float64(m[1]*m[2])},
		{0, 0, m[8] - float64(m[2]*m[2])}}
	cov[1][0], cov[2][0], cov[2][1] = cov[0][1], cov[0][2], cov[1][2]
	a := colourAxes{mean: [3]float32{float32(m[0]), float32(m[1]), float32(m[2])}}
	for k, axis := range principal(cov) {
		for i, v := range axis {
			a.axes[k][i] = float32(v)
		}
	}
	return a, nil
}

// principal returns the unit eigenvectors of a symmetric matrix in rows, that of the largest eigenvalue first, by Jacobi's rotations.
func principal(a [3][3]float64) (v [3][3]float64) {
	for i := range v {
		v[i][i] = 1
	}
	for range 32 { // converges quadratically: a handful is enough
		for _, pq := range [][2]int{{0, 1}, {0, 2}, {1, 2}} {
			p, q := pq[0], pq[1]
			if a[p][q] == 0 {
				continue
			}
			theta := (a[q][q] - a[p][p]) / (2 * a[p][q])
			t := math.Copysign(1/(math.Abs(theta)+math.Sqrt(float64(theta*theta)+1)), theta)
			c := 1 / math.Sqrt(float64(t*t)+1)
			s := t * c
			for k := range 3 { // columns
				x, y := a[k][p], a[k][q]
				a[k][p], a[k][q] = float64(c*x)-float64(s*y), float64(s*x)+float64(c*y)
			}
			for k := range 3 { // rows
				x, y := a[p][k], a[q][k]
				a[p][k], a[q][k] = float64(c*x)-float64(s*y), float64(s*x)+float64(c*y)
				x, y = v[p][k], v[q][k]
				v[p][k], v[q][k] = float64(c*x)-float64(s*y), float64(s*x)+float64(c*y)
			}
		}
	}
	for i := range 2 { // three in order
		for j := range 2 - i {
			if a[j][j] < a[j+1][j+1] {
				a[j][j], a[j+1][j+1] = a[j+1][j+1], a[j][j]
				v[j], v[j+1] = v[j+1], v[j]
			}
		}
	}
	return v
}
