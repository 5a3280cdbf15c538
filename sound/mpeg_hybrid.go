package sound

import "math"

// stereo makes two channels of their sum and difference, or of one and a direction for each band (2.4.3.4.9; ISO 13818-3, 2.4.3.2).
func (l *layerIII) stereo(h *mpegHead, g *[2]granule, rate int) {
	if h.mode != 1 || h.joint == 0 {
		return
	}
	a, b := &l.spectra[0], &l.spectra[1]
	middle := h.joint&2 != 0
	bound := 576 // of what has no direction
	if h.joint&1 != 0 {
		bound = l.directions(h, g, rate, middle)
	}
	n := max(l.used[0], l.used[1])
	if middle {
		for i := range min(n, bound) {
			rotate(a, b, i)
		}
	}
	l.used[0], l.used[1] = n, n
}

func rotate(a, b *[576]float32, i int) {
	const half = math.Sqrt2 / 2
	a[i], b[i] = (a[i]+b[i])*half, (a[i]-b[i])*half
}

// directions spreads the bands above the second channel's last value, and returns where they begin. Of short blocks each window has its own.
func (l *layerIII) directions(h *mpegHead, g *[2]granule, rate int, middle bool) int {
	a, b := &l.spectra[0], &l.spectra[1]
	bands := bandsOf[rate][g[1].layout()]
	empty := [4]bool{true, true, true, true} // of windows 0 to 2, and of long blocks
	for i := len(bands) - 1; i >= 0; i-- {
		p := bands[i]
		w := p.window
		if w < 0 {
			w = 3
			empty[3] = empty[3] && empty[0] && empty[1] && empty[2]
		}
		for k := p.at; k < p.at+p.width && empty[w]; k++ {
			empty[w] = b[k] == 0
		}
		if !empty[w] {
			if w == 3 || !empty[0] && !empty[1] && !empty[2] {
				return p.at + p.width
			}
			for k := p.at; k < p.at+p.width && middle; k++ {
				rotate(a, b, k)
			}
			continue
		}
		of := i // the last band of each window has the direction of the one before
		if i >= len(bands)-1 && p.window < 0 {
			of = i - 1
		} else if i >= len(bands)-3 && p.window >= 0 {
			of = i - 3
		}
		l.spread(h, g, p, l.scale[1][of], l.limits[1][of], middle)
	}
	return 0
}

// spread makes a band's two channels of the first one.
func (l *layerIII) spread(h *mpegHead, g *[2]granule, p band, place, limit int, middle bool) {
	a, b := &l.spectra[0], &l.spectra[1]
	left, right := float32(1), float32(1)
	switch {
	case place == limit && middle:
		for k := p.at; k < p.at+p.width; k++ {
			rotate(a, b, k)
		}
		return
	case place == limit:
		return
	case h.half == 0 && place == 6:
		right = 0
	case h.half == 0:
		t := math.Tan(float64(place) * math.Pi / 12)
		left, right = float32(t/(1+t)), float32(1/(1+t))
	default:
		step := 1 // quarters
		if g[1].scaleCode&1 == 1 {
			step = 2
		}
		if place&1 == 1 {
			left = gain(-step * (place + 1) / 2)
		} else {
			right = gain(-step * place / 2)
		}
	}
	for k := p.at; k < p.at+p.width; k++ {
		a[k], b[k] = a[k]*left, a[k]*right
	}
}

// hybrid makes values of a spectrum: an inverse MDCT of each subband, and the filter bank.
func (l *layerIII) hybrid(g *granule, c, rate int, synth *synthesis, out []float32, every int) {
	x := &l.spectra[c]
	n := l.used[c]
	if g.block == 2 {
		n = reorder(x, bandsOf[rate][g.layout()], n)
	}
	long := 32 // subbands of long blocks
	if g.block == 2 {
		long = 0
		if g.mixed {
			long = 2
		}
	}
	for sb := 1; sb < min(long, 32); sb++ {
		if 18*sb-8 < n {
			butterflies(x, 18*sb)
			n = max(n, min(18*sb+8, 576))
		}
	}
	var bands [18][32]float32
	for sb := range 32 {
		over := &l.overlap[c][sb]
		var y [36]float32
		if 18*sb < n {
			in := x[18*sb : 18*sb+18]
			switch {
			case sb >= long:
				imdctShort(in, &y)
			case g.mixed && g.windowed && sb < 2:
				imdctLong(in, &y, 0)
			default:
				imdctLong(in, &y, g.block)
			}
		}
		for i := range 18 {
			v := y[i] + over[i]
			if sb&i&1 == 1 {
				v = -v
			}
			bands[i][sb] = v
			over[i] = y[18+i]
		}
	}
	for i := range bands {
		synth.run(&bands[i], out[32*i*every:], every)
	}
}

// reorder puts the windows of short blocks side by side: value i of window w of a band at 3i+w. It returns how many values there are then.
func reorder(x *[576]float32, bands []band, n int) int {
	var buf [576]float32
	last := 0
	for i, b := range bands {
		if b.window != 0 {
			continue
		}
		if b.at >= n {
			break
		}
		copy(buf[:3*b.width], x[b.at:b.at+3*b.width])
		for k := range b.width {
			x[b.at+3*k], x[b.at+3*k+1], x[b.at+3*k+2] = buf[k], buf[b.width+k], buf[2*b.width+k]
		}
		last = bands[i+2].at + b.width
	}
	return max(last, min(n, 36))
}

// Factors of the butterflies (2.4.3.4.10.1, table B.9).
var aliasA, aliasB = func() (a, b [8]float32) {
	for i, c := range [8]float64{-0.6, -0.535, -0.33, -0.185, -0.095, -0.041, -0.0142, -0.0037} {
		a[i], b[i] = float32(1/math.Sqrt(1+c*c)), float32(c/math.Sqrt(1+c*c))
	}
	return a, b
}()

// butterflies take out what two subbands have of each other.
func butterflies(x *[576]float32, at int) {
	for i := range 8 {
		u, d := x[at-1-i], x[at+i]
		x[at-1-i], x[at+i] = u*aliasA[i]-d*aliasB[i], d*aliasA[i]+u*aliasB[i]
	}
}

// imdctRows are cos(π/72 (2i+1+18)(2k+1)) for i of 9 to 26, which all others follow from, and shortRows cos(π/24 (2i+1+6)(2k+1)).
var (
	imdctRows  [18][18]float32
	shortRows  [12][6]float32
	imdctShape [4][36]float32
	shortShape [12]float32
)

func init() {
	for i := range imdctRows {
		for k := range 18 {
			imdctRows[i][k] = float32(math.Cos(math.Pi / 72 * float64((2*(i+9)+1+18)*(2*k+1))))
		}
	}
	for i := range shortRows {
		for k := range 6 {
			shortRows[i][k] = float32(math.Cos(math.Pi / 24 * float64((2*i+1+6)*(2*k+1))))
		}
		shortShape[i] = float32(math.Sin(math.Pi / 12 * (float64(i) + 0.5)))
	}
	for i := range 36 {
		whole := math.Sin(math.Pi / 36 * (float64(i) + 0.5))
		imdctShape[0][i] = float32(whole)
		switch {
		case i < 18:
			imdctShape[1][i] = float32(whole)
		case i < 24:
			imdctShape[1][i] = 1
		case i < 30:
			imdctShape[1][i] = float32(math.Sin(math.Pi / 12 * (float64(i-18) + 0.5)))
		}
	}
	for i := range 36 {
		imdctShape[3][i] = imdctShape[1][35-i]
	}
}

// imdctLong is the inverse MDCT of 18 values, in a window (2.4.3.4.10.2 and .3).
func imdctLong(in []float32, y *[36]float32, block int) {
	in = in[:18]
	w := &imdctShape[block]
	for i := range imdctRows {
		sum := float32(0)
		row := &imdctRows[i]
		for k, v := range in {
			sum += row[k] * v
		}
		if i < 9 { // 9 to 17, and 8 to 0 with the other sign
			y[9+i], y[8-i] = sum*w[9+i], -sum*w[8-i]
		} else { // 18 to 26, and 35 to 27
			y[9+i], y[44-i] = sum*w[9+i], sum*w[44-i]
		}
	}
}

// imdctShort is that of three windows of 6 values each, which overlap.
func imdctShort(in []float32, y *[36]float32) {
	for w := range 3 {
		for i := range shortRows {
			sum := float32(0)
			for k := range 6 {
				sum += shortRows[i][k] * in[3*k+w]
			}
			y[6+6*w+i] += sum * shortShape[i]
		}
	}
}
