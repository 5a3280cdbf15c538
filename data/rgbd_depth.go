package data

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"math"

	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/tensor"
)

// Depth returns the depths in metres, 0 where they are not known.
func (t rgbdTruth) Depth(i int) (*tensor.Tensor, error) {
	p := t.r.list[i]
	path := t.r.path(p.depth)
	b, err := readPicture(path)
	if err != nil {
		return nil, err
	}
	x, err := decodeDepth(b, p.metres)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return x, nil
}

// decodeDepth reads a grey PNG of 8 or 16 bits, [H W], as values of so many metres each; where metres is 0, 16 bits are millimetres.
func decodeDepth(b []byte, metres float64) (x *tensor.Tensor, err error) {
	head, err := readHeader(b)
	if err != nil {
		return nil, err
	}
	if head.format != "png" {
		return nil, fmt.Errorf("a depth in a %s, want a grey PNG of 8 or 16 bits", head.format)
	}
	defer working.enter(head.cost)()
	im, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		return nil, decodeError(err)
	}
	x = tensor.New(head.h, head.w)
	switch im := im.(type) {
	case *image.Gray16:
		if metres == 0 {
			metres = 1e-3
		}
		for y := range head.h {
			row := im.Pix[y*im.Stride:]
			for k := range head.w {
				if v := int(row[2*k])<<8 | int(row[2*k+1]); v < 65535 {
					x.Data[y*head.w+k] = float32(float64(v) * metres)
				}
			}
		}
	case *image.Gray:
		if metres == 0 {
			return nil, fmt.Errorf("a depth of 8 bits, whose unit the column depth_unit has to say")
		}
		for y := range head.h {
			for k, v := range im.Pix[y*im.Stride:][:head.w] {
				x.Data[y*head.w+k] = float32(float64(v) * metres)
			}
		}
	default:
		return nil, fmt.Errorf("a depth of colours, want a grey PNG of 8 or 16 bits")
	}
	return x, nil
}

// Normals returns the normals of the surfaces that the depths are of; zeros where the camera or a depth is not known.
func (t rgbdTruth) Normals(i int) (*tensor.Tensor, error) {
	x, err := t.Depth(i)
	if err != nil {
		return nil, err
	}
	c := t.r.list[i].camera
	if c == nil {
		return tensor.New(x.Dim(0), x.Dim(1), 3), nil
	}
	return surfaceNormals(x, *c), nil
}

// What surfaceNormals looks at around a pixel.
const (
	normalReach = 5    // pixels to each side
	normalApart = 0.05 // of the pixel's own depth
	normalLeast = 1.0 / 3
)

// surfaceNormals returns the normals of surfaces that depths z [H W] along a camera's axis are of, [H W 3]: of the plane that fits the pixels around each best
// whose depth is near its own (Silberman et al. 2012, section 3.1). A plane in space is one over the pixels too, in the inverse depth, in which the noise of
// sensors that triangulate is alike near and far (Khoshelham and Elberink 2012); there least squares are taken. Where fewer than a third of the pixels around
// are near, the normal is not known.
func surfaceNormals(z *tensor.Tensor, c camera) *tensor.Tensor {
	h, w := z.Dim(0), z.Dim(1)
	out := tensor.New(h, w, 3)
	parallel.For(h, func(y int) {
		for x := range w {
			if z.Data[y*w+x] > 0 {
				normalAt(out.Data[(y*w+x)*3:][:3], z, x, y, c)
			}
		}
	})
	return out
}

// normalAt sets to to the normal at pixel (x, y), whose depth is known.
//
//	1/z = a·du + b·dv + k      at the pixel du to the right and dv below, by least squares
//	n ∝ -(a·fx, b·fy, k + a·(cx-x) + b·(cy-y))      since n·p is the same for all points p = z·((u-cx)/fx, (v-cy)/fy, 1) of a plane
func normalAt(to []float32, z *tensor.Tensor, x, y int, c camera) {
	h, w := z.Dim(0), z.Dim(1)
	own := float64(z.Data[y*w+x])
	var n, su, sv, suu, suv, svv, s, us, vs float64
	all := 0
	for r := max(0, y-normalReach); r <= min(h-1, y+normalReach); r++ {
		for q := max(0, x-normalReach); q <= min(w-1, x+normalReach); q++ {
			all++
			d := float64(z.Data[r*w+q])
			if !(d > 0) || math.Abs(d-own) > normalApart*own {
				continue
			}
			u, v, i := float64(q-x), float64(r-y), 1/d
			n, su, sv, suu, suv, svv = n+1, su+u, sv+v, suu+float64(u*u), suv+float64(u*v), svv+float64(v*v)
			s, us, vs = s+i, us+float64(u*i), vs+float64(v*i)
		}
	}
	if n < normalLeast*float64(all) {
		return
	}
	// deviations from the means leave two equations
	uu, uv, vv := suu-su*su/n, suv-su*sv/n, svv-sv*sv/n
	ui, vi := us-su*s/n, vs-sv*s/n
	det := uu*vv - uv*uv
	if !(det > 1e-9*uu*vv) { // all in a line
		return
	}
	a, b := (ui*vv-vi*uv)/det, (vi*uu-ui*uv)/det
	k := (s - a*su - b*sv) / n
	normal := [3]float64{-a * c.fx, -b * c.fy, -(k + a*(c.cx-float64(x)) + b*(c.cy-float64(y)))}
	l := math.Sqrt(normal[0]*normal[0] + normal[1]*normal[1] + normal[2]*normal[2])
	if !(l > 0) || math.IsInf(l, 0) {
		return
	}
	for i := range to {
		to[i] = float32(normal[i] / l)
	}
}
