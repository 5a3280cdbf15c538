package data

import (
	"fmt"
	"math"
	"sync"

	"github.com/tessera-go/tessera/simd"
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

// RandomApply does t with probability p.
func RandomApply(p float32, t Transform) Transform {
	return func(im *Image, rng *tensor.RNG) *Image {
		if rng.Bool(p) {
			return t(im, rng)
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

// ResizeTo resizes a picture to h by w with antialiasing, as Pillow's BILINEAR does (to within one level of rounding). It may
// return im.
func ResizeTo(im *Image, h, w int) *Image { return Frame{0, 0, im.H, im.W, h, w}.Of(im) }

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
func Resize(size int) Transform { return ShortSide(size).Transform() }

// CenterCrop takes the middle size by size pixels; a smaller picture gets a black border. Where the middle is half a pixel off, it is
// where torchvision has it.
func CenterCrop(size int) Transform {
	return func(im *Image, _ *tensor.RNG) *Image {
		return Crop(im, margin(im.H, size), margin(im.W, size), size, size)
	}
}

// margin is what torchvision leaves of n pixels before the middle size: half to even, and of a border half rounded down.
func margin(n, size int) int {
	if size > n {
		return -((size - n) / 2)
	}
	return int(math.RoundToEven(float64(n-size) / 2))
}

// RandomCrop takes size by size pixels anywhere, after a black border of pad pixels.
func RandomCrop(size, pad int) Transform {
	return func(im *Image, rng *tensor.RNG) *Image {
		top := rng.IntN(max(im.H+2*pad-size, 0)+1) - pad
		left := rng.IntN(max(im.W+2*pad-size, 0)+1) - pad
		return Crop(im, top, left, size, size)
	}
}

// RandomResizedCrop is the RandomResized framing as a transform.
func RandomResizedCrop(size int, minScale, maxScale float32) Transform {
	return RandomResized(size, minScale, maxScale).Transform()
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
// grey picture. The hue is turned in floating point, as torchvision does it for tensors, to within one level; Pillow, and torchvision for
// its pictures, round hue, saturation and value to 8 bits on the way, which moves a value by up to 12.
func ColorJitter(brightness, contrast, saturation, hue float32) Transform {
	return func(im *Image, rng *tensor.RNG) *Image {
		out := &Image{im.H, im.W, append([]uint8(nil), im.Pix...)}
		factor := func(x float32) float32 { return rng.Uniform(max(0, 1-x), 1+x) }
		order := rng.Perm(4)
		fb, fc, fs, fh := factor(brightness), factor(contrast), factor(saturation), rng.Uniform(-hue, hue)
		for _, op := range order {
			switch {
			case op == 0 && brightness > 0:
				simd.Blend(out.Pix, fb, 0)
			case op == 1 && contrast > 0:
				adjustContrast(out, fc)
			case op == 2 && saturation > 0:
				simd.BlendGrey(out.Pix, fs)
			case op == 3 && hue > 0:
				simd.ShiftHue(out.Pix, 6*fh)
			}
		}
		return out
	}
}

// adjustContrast blends with the mean grey, rounded, as Pillow does.
func adjustContrast(im *Image, f float32) {
	mean := float64(simd.LumaSum(im.Pix)) / float64(max(len(im.Pix)/3, 1))
	simd.Blend(im.Pix, f, float32(math.Floor(mean+0.5)))
}

// RandomGrayscale makes the picture grey, in three channels, with probability p.
func RandomGrayscale(p float32) Transform {
	return func(im *Image, rng *tensor.RNG) *Image {
		if !rng.Bool(p) {
			return im
		}
		return im.Grey()
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
		b := blurrers.Get().(*blurrer)
		defer blurrers.Put(b)
		b.kernel = grow(b.kernel, size)
		sum := 0.0
		for i := range b.kernel {
			d := float64(i - size/2)
			sum += math.Exp(-d * d / (2 * sigma * sigma))
		}
		for i := range b.kernel {
			d := float64(i - size/2)
			b.kernel[i] = float32(math.Exp(-d*d/(2*sigma*sigma)) / sum)
		}
		return b.blur(im)
	}
}

// blurrer keeps what a blur needs beside its pictures.
type blurrer struct {
	kernel, weights, row []float32 // weights: the kernel, once for each pixel of a row
	first                []int32
	tall                 []uint8 // the picture with its rows reflected above and below
}

var blurrers = sync.Pool{New: func() any { return new(blurrer) }}

// blur convolves with the kernel in both directions, a row at a time: first its rows, in floating point, then its pixels, rounded once.
func (b *blurrer) blur(im *Image) *Image {
	size, h, w := len(b.kernel), im.H, im.W
	r := size / 2
	b.tall = grow(b.tall, (h+2*r)*w*3)
	for y := range h + 2*r {
		copy(b.tall[y*w*3:], im.Pix[reflected(y-r, h)*w*3:][:w*3])
	}
	b.first, b.weights = grow(b.first, w), grow(b.weights, w*size)
	for x := range w {
		b.first[x] = int32(x)
		copy(b.weights[x*size:], b.kernel)
	}
	b.row = grow(b.row, (w+2*r)*3+1)
	b.row[(w+2*r)*3] = 0
	middle := b.row[r*3:][:w*3]
	out := NewImage(h, w)
	for y := range h {
		simd.WeightedRows(middle, b.tall[y*w*3:], w*3, b.kernel)
		for x := range r {
			copy(b.row[x*3:][:3], middle[reflected(x-r, w)*3:])
			copy(b.row[(r+w+x)*3:][:3], middle[reflected(w+x, w)*3:])
		}
		simd.WeightedPixels(out.Pix[y*w*3:][:w*3], b.row, b.first, b.weights, size)
	}
	return out
}

func reflected(i, n int) int {
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

// TenCrop returns the four corners and the middle, CenterCrop's, size by size, and those of the mirror image.
func TenCrop(im *Image, size int) []*Image {
	if size > min(im.H, im.W) {
		panic(fmt.Sprintf("data.TenCrop: crops of %d by %d do not fit a picture of %d by %d", size, size, im.H, im.W))
	}
	var out []*Image
	for _, m := range []*Image{im, FlipH(im)} {
		b, r := m.H-size, m.W-size
		for _, at := range [][2]int{{0, 0}, {0, r}, {b, 0}, {b, r}, {margin(m.H, size), margin(m.W, size)}} {
			out = append(out, Crop(m, at[0], at[1], size, size))
		}
	}
	return out
}
