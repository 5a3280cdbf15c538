package data

import (
	"fmt"
	"math"

	"github.com/tessera-go/tessera/tensor"
)

// Transform changes a picture; what it draws comes from rng. It may return its argument, and must not change it.
type Transform func(im *Image, rng *tensor.RNG) *Image

// Compose runs transforms one after the other.
func Compose(ts ...Transform) Transform {
	return func(im *Image, rng *tensor.RNG) *Image {
		for _, t := range ts {
			im = t(im, rng)
		}
		return im
	}
}

// Crop returns h by w pixels at (top, left); outside the picture it is black.
func Crop(im *Image, top, left, h, w int) *Image {
	out := NewImage(h, w)
	for y := range h {
		sy := y + top
		if sy < 0 || sy >= im.H {
			continue
		}
		x0, x1 := max(0, -left), min(w, im.W-left)
		if x0 < x1 {
			copy(out.Pix[(y*w+x0)*3:(y*w+x1)*3], im.Pix[(sy*im.W+left+x0)*3:])
		}
	}
	return out
}

// filterTaps returns, for each of out pixels made from the n pixels beginning at start (a fraction), the first source pixel
// and the weights: the triangle filter, stretched by the reduction, as Pillow's BILINEAR does. Weights sum to 1.
func filterTaps(n int, start, length float64, out int) (first []int, weights [][]float32) {
	scale := length / float64(out)
	support := math.Max(scale, 1)
	first, weights = make([]int, out), make([][]float32, out)
	for o := range out {
		center := start + (float64(o)+0.5)*scale
		lo := max(0, int(center-support+0.5))
		hi := min(n, int(center+support+0.5))
		w := make([]float64, max(hi-lo, 1))
		sum := 0.0
		for k := range hi - lo {
			v := math.Max(0, 1-math.Abs(float64(lo+k)-center+0.5)/support)
			w[k] = v
			sum += v
		}
		if sum == 0 { // cannot be with lo < hi; keeps the picture whole all the same
			w, sum, lo = []float64{1}, 1, min(max(int(center), 0), n-1)
		}
		first[o] = lo
		for _, v := range w {
			weights[o] = append(weights[o], float32(v/sum))
		}
	}
	return first, weights
}

// ResizeTo resizes a picture to h by w with antialiasing, as Pillow's BILINEAR does (to within one level of rounding).
func ResizeTo(im *Image, h, w int) *Image {
	return resizeBox(im, 0, 0, float64(im.H), float64(im.W), h, w)
}

func resizeBox(im *Image, top, left, bh, bw float64, h, w int) *Image {
	if h == im.H && w == im.W && top == 0 && left == 0 && bh == float64(h) && bw == float64(w) {
		return im
	}
	fx, wx := filterTaps(im.W, left, bw, w)
	fy, wy := filterTaps(im.H, top, bh, h)
	y0, y1 := fy[0], fy[h-1]+len(wy[h-1])
	mid := make([]uint8, (y1-y0)*w*3) // Pillow rounds between the passes too
	for y := y0; y < y1; y++ {
		row := im.Pix[y*im.W*3:][:im.W*3]
		for x := range w {
			var r, g, b float32
			at := fx[x] * 3
			for _, k := range wx[x] {
				r += k * float32(row[at])
				g += k * float32(row[at+1])
				b += k * float32(row[at+2])
				at += 3
			}
			o := ((y-y0)*w + x) * 3
			mid[o], mid[o+1], mid[o+2] = round8(r), round8(g), round8(b)
		}
	}
	out := NewImage(h, w)
	acc := make([]float32, w*3)
	for y := range h {
		clear(acc)
		for k, v := range wy[y] {
			row := mid[(fy[y]-y0+k)*w*3:][:w*3]
			for i, p := range row {
				acc[i] += v * float32(p)
			}
		}
		for i, v := range acc {
			out.Pix[y*w*3+i] = round8(v)
		}
	}
	return out
}

func round8(v float32) uint8 {
	switch {
	case v <= 0:
		return 0
	case v >= 255:
		return 255
	}
	return uint8(v + 0.5)
}

// Resize makes the shorter side size pixels long, keeping the proportions, as torchvision's Resize(int).
func Resize(size int) Transform {
	return func(im *Image, _ *tensor.RNG) *Image {
		h, w := size, size*im.W/max(im.H, 1)
		if im.W < im.H {
			h, w = size*im.H/im.W, size
		}
		return ResizeTo(im, max(h, 1), max(w, 1))
	}
}

// CenterCrop takes the middle size by size pixels; a smaller picture gets a black border.
func CenterCrop(size int) Transform {
	return func(im *Image, _ *tensor.RNG) *Image {
		return Crop(im, int(math.RoundToEven(float64(im.H-size)/2)), int(math.RoundToEven(float64(im.W-size)/2)), size, size)
	}
}

// RandomCrop takes size by size pixels anywhere, after a black border of pad pixels.
func RandomCrop(size, pad int) Transform {
	return func(im *Image, rng *tensor.RNG) *Image {
		top := rng.IntN(max(im.H+2*pad-size, 0)+1) - pad
		left := rng.IntN(max(im.W+2*pad-size, 0)+1) - pad
		return Crop(im, top, left, size, size)
	}
}

// RandomResizedCrop takes a part of the area in [minScale, maxScale] and of proportions between 3/4 and 4/3, and resizes it
// to size by size (Szegedy et al. 2015; torchvision's, with its fallback after ten misses).
func RandomResizedCrop(size int, minScale, maxScale float32) Transform {
	return func(im *Image, rng *tensor.RNG) *Image {
		area := float64(im.H * im.W)
		for range 10 {
			target := area * float64(rng.Uniform(minScale, maxScale))
			ratio := math.Exp(float64(rng.Uniform(float32(math.Log(3.0/4)), float32(math.Log(4.0/3)))))
			w := int(math.Round(math.Sqrt(target * ratio)))
			h := int(math.Round(math.Sqrt(target / ratio)))
			if w > 0 && h > 0 && w <= im.W && h <= im.H {
				top, left := rng.IntN(im.H-h+1), rng.IntN(im.W-w+1)
				return ResizeTo(Crop(im, top, left, h, w), size, size)
			}
		}
		h, w := im.H, im.W
		switch r := float64(w) / float64(h); {
		case r < 3.0/4:
			h = int(math.Round(float64(w) / (3.0 / 4)))
		case r > 4.0/3:
			w = int(math.Round(float64(h) * 4 / 3))
		}
		return ResizeTo(Crop(im, (im.H-h)/2, (im.W-w)/2, h, w), size, size)
	}
}

// RandomHorizontalFlip mirrors with probability p.
func RandomHorizontalFlip(p float32) Transform {
	return func(im *Image, rng *tensor.RNG) *Image {
		if rng.Bool(p) {
			return FlipH(im)
		}
		return im
	}
}

// ColorJitter changes brightness, contrast, saturation and hue in random order: factors uniform in [max(0, 1-x), 1+x], hue
// shifted by up to ±hue of a turn (0 to 0.5). The operations are Pillow's: blends with black, with the mean grey, with the
// grey picture; the hue is turned in floating point, where Pillow rounds hue, saturation and value to 8 bits.
func ColorJitter(brightness, contrast, saturation, hue float32) Transform {
	return func(im *Image, rng *tensor.RNG) *Image {
		out := &Image{im.H, im.W, append([]uint8(nil), im.Pix...)}
		factor := func(x float32) float32 { return rng.Uniform(max(0, 1-x), 1+x) }
		order := rng.Perm(4)
		fb, fc, fs, fh := factor(brightness), factor(contrast), factor(saturation), rng.Uniform(-hue, hue)
		for _, op := range order {
			switch {
			case op == 0 && brightness > 0:
				blend(out, fb, func(int) float32 { return 0 })
			case op == 1 && contrast > 0:
				adjustContrast(out, fc)
			case op == 2 && saturation > 0:
				blend(out, fs, func(i int) float32 { return float32(luma(out.Pix[i:])) })
			case op == 3 && hue > 0:
				shiftHue(out, fh)
			}
		}
		return out
	}
}

// luma is Pillow's conversion to grey, ITU-R 601-2 in 16-bit fixed point.
func luma(p []uint8) uint8 {
	return uint8((uint32(p[0])*19595 + uint32(p[1])*38470 + uint32(p[2])*7471 + 0x8000) >> 16)
}

// adjustContrast blends with the mean grey, rounded, as Pillow does.
func adjustContrast(im *Image, f float32) {
	sum := 0
	for i := 0; i < len(im.Pix); i += 3 {
		sum += int(luma(im.Pix[i:]))
	}
	mean := float32(math.Floor(float64(sum)/float64(max(len(im.Pix)/3, 1)) + 0.5))
	blend(im, f, func(int) float32 { return mean })
}

// blend sets each value to other + f·(value - other), truncated as Pillow's blend does; other is asked once a pixel.
func blend(im *Image, f float32, other func(i int) float32) {
	for i := 0; i < len(im.Pix); i += 3 {
		o := other(i)
		for c := i; c < i+3; c++ {
			v := o + float32(f*(float32(im.Pix[c])-o))
			im.Pix[c] = uint8(min(max(v, 0), 255))
		}
	}
}

// shiftHue turns the hue by t turns.
func shiftHue(im *Image, t float32) {
	for i := 0; i < len(im.Pix); i += 3 {
		r, g, b := float32(im.Pix[i])/255, float32(im.Pix[i+1])/255, float32(im.Pix[i+2])/255
		hi, lo := max(r, g, b), min(r, g, b)
		d := hi - lo
		if d == 0 {
			continue
		}
		var h float32
		switch hi {
		case r:
			h = (g - b) / d
		case g:
			h = 2 + (b-r)/d
		default:
			h = 4 + (r-g)/d
		}
		h = h/6 + t
		h = (h - float32(math.Floor(float64(h)))) * 6
		k := int(h) % 6
		f := h - float32(int(h))
		q, u := hi-d*f, hi-d*(1-f)
		switch k {
		case 0:
			r, g, b = hi, u, lo
		case 1:
			r, g, b = q, hi, lo
		case 2:
			r, g, b = lo, hi, u
		case 3:
			r, g, b = lo, q, hi
		case 4:
			r, g, b = u, lo, hi
		default:
			r, g, b = hi, lo, q
		}
		im.Pix[i], im.Pix[i+1], im.Pix[i+2] = round8(r*255), round8(g*255), round8(b*255)
	}
}

// RandomGrayscale makes the picture grey, in three channels, with probability p.
func RandomGrayscale(p float32) Transform {
	return func(im *Image, rng *tensor.RNG) *Image {
		if !rng.Bool(p) {
			return im
		}
		out := NewImage(im.H, im.W)
		for i := 0; i < len(im.Pix); i += 3 {
			g := luma(im.Pix[i:])
			out.Pix[i], out.Pix[i+1], out.Pix[i+2] = g, g, g
		}
		return out
	}
}

// GaussianBlur blurs with a kernel of size pixels (odd) and a standard deviation uniform in [lo, hi]; the border is
// reflected.
func GaussianBlur(size int, lo, hi float32) Transform {
	if size < 1 || size%2 == 0 {
		panic(fmt.Sprintf("data.GaussianBlur: size %d, want an odd one", size))
	}
	return func(im *Image, rng *tensor.RNG) *Image {
		sigma := float64(rng.Uniform(lo, hi))
		k := make([]float32, size)
		sum := 0.0
		for i := range k {
			d := float64(i - size/2)
			sum += math.Exp(-d * d / (2 * sigma * sigma))
		}
		for i := range k {
			d := float64(i - size/2)
			k[i] = float32(math.Exp(-d*d/(2*sigma*sigma)) / sum)
		}
		mid := make([]float32, len(im.Pix))
		out := NewImage(im.H, im.W)
		for y := range im.H {
			for x := range im.W {
				for c := range 3 {
					s := float32(0)
					for i, w := range k {
						s += w * float32(im.Pix[(y*im.W+reflect(x+i-size/2, im.W))*3+c])
					}
					mid[(y*im.W+x)*3+c] = s
				}
			}
		}
		for y := range im.H {
			for x := range im.W * 3 {
				s := float32(0)
				for i, w := range k {
					s += w * mid[reflect(y+i-size/2, im.H)*im.W*3+x]
				}
				out.Pix[y*im.W*3+x] = round8(s)
			}
		}
		return out
	}
}

func reflect(i, n int) int {
	if n == 1 {
		return 0
	}
	for i < 0 || i >= n {
		if i < 0 {
			i = -i
		} else {
			i = 2*(n-1) - i
		}
	}
	return i
}

// Solarize inverts values of at least threshold, with probability p.
func Solarize(threshold uint8, p float32) Transform {
	return func(im *Image, rng *tensor.RNG) *Image {
		if !rng.Bool(p) {
			return im
		}
		out := NewImage(im.H, im.W)
		for i, v := range im.Pix {
			if v >= threshold {
				v = 255 - v
			}
			out.Pix[i] = v
		}
		return out
	}
}

// RandomErasing blackens, with probability p, a rectangle of 2 to 33 % of the area and proportions between 0.3 and 3.3
// (Zhong et al. 2020).
func RandomErasing(p float32) Transform {
	return func(im *Image, rng *tensor.RNG) *Image {
		if !rng.Bool(p) {
			return im
		}
		for range 10 {
			area := float64(im.H*im.W) * float64(rng.Uniform(0.02, 0.33))
			ratio := math.Exp(float64(rng.Uniform(float32(math.Log(0.3)), float32(math.Log(3.3)))))
			h, w := int(math.Round(math.Sqrt(area*ratio))), int(math.Round(math.Sqrt(area/ratio)))
			if h < im.H && w < im.W && h > 0 && w > 0 {
				top, left := rng.IntN(im.H-h+1), rng.IntN(im.W-w+1)
				out := &Image{im.H, im.W, append([]uint8(nil), im.Pix...)}
				for y := top; y < top+h; y++ {
					clear(out.Pix[(y*im.W+left)*3 : (y*im.W+left+w)*3])
				}
				return out
			}
		}
		return im
	}
}

// TenCrop returns the four corners and the middle, size by size, and their mirror images.
func TenCrop(im *Image, size int) []*Image {
	var out []*Image
	for _, m := range []*Image{im, FlipH(im)} {
		b, r := m.H-size, m.W-size
		for _, at := range [][2]int{{0, 0}, {0, r}, {b, 0}, {b, r}, {b / 2, r / 2}} {
			out = append(out, Crop(m, at[0], at[1], size, size))
		}
	}
	return out
}

// Norm is what Normalize subtracts and divides by, on values in [0, 1].
type Norm struct{ Mean, Std [3]float32 }

// Usual normalisations.
var (
	ImageNetNorm = Norm{[3]float32{0.485, 0.456, 0.406}, [3]float32{0.229, 0.224, 0.225}}
	HalfNorm     = Norm{[3]float32{0.5, 0.5, 0.5}, [3]float32{0.25, 0.25, 0.25}}
)

// Normalize writes a picture to dst [H W 3] as (value/255 - mean)/std.
func (n Norm) Normalize(dst []float32, im *Image) {
	var table [3][256]float32
	for c := range 3 {
		for v := range 256 {
			table[c][v] = (float32(v)/255 - n.Mean[c]) / n.Std[c]
		}
	}
	for i := 0; i+2 < len(im.Pix); i += 3 {
		dst[i], dst[i+1], dst[i+2] = table[0][im.Pix[i]], table[1][im.Pix[i+1]], table[2][im.Pix[i+2]]
	}
}

// ToImage undoes Normalize for one picture of h by w.
func (n Norm) ToImage(x []float32, h, w int) *Image {
	im := NewImage(h, w)
	for i := range im.Pix {
		im.Pix[i] = round8((float32(x[i]*n.Std[i%3]) + n.Mean[i%3]) * 255)
	}
	return im
}
