package simd

// Bilinear5 looks places up in a picture of five channels, and writes the channels apart: with p = src[at[i]:], q = src[at[i]+row:]
//
//	top    = p[k] + fx[i]·(p[5+k] - p[k])
//	bottom = q[k] + fx[i]·(q[5+k] - q[k])
//	dst[k·stride + i] = top + fy[i]·(bottom - top)
//
// for k in [0, 5), each operation rounded. len(at) places; len(fx), len(fy) >= len(at), len(dst) >= 4·stride + len(at), stride >=
// len(at). src has three more elements than the last place needs, 13 from at[i] + row, any value.
func Bilinear5(dst []float32, stride int, src []float32, row int, at []int32, fx, fy []float32) {
	n := len(at)
	if n == 0 {
		return
	}
	if stride < n || len(dst) < 4*stride+n || len(fx) < n || len(fy) < n || row < 0 {
		panic("simd.Bilinear5: a slice is shorter than the places ask")
	}
	for _, a := range at {
		if a < 0 || int(a)+row+13 > len(src) {
			panic("simd.Bilinear5: a place outside the source")
		}
	}
	from := 0
	if m := n &^ 7; active.bilinear5 != nil && m > 0 {
		active.bilinear5(&dst[0], stride, &src[0], row, &at[0], &fx[0], &fy[0], m)
		from = m
	}
	bilinear5Go(dst, stride, src, row, at, fx, fy, from)
}

func bilinear5Go(dst []float32, stride int, src []float32, row int, at []int32, fx, fy []float32, from int) {
	for i := from; i < len(at); i++ {
		p, q := src[at[i]:][:10], src[int(at[i])+row:][:10]
		x, y := fx[i], fy[i]
		for k := range 5 {
			top := p[k] + float32(x*(p[5+k]-p[k]))
			bottom := q[k] + float32(x*(q[5+k]-q[k]))
			dst[k*stride+i] = top + float32(y*(bottom-top))
		}
	}
}
