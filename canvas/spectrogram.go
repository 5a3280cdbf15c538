package canvas

import (
	"math"
	"strconv"
)

// Spectrogram is how loud it is at which time and frequency.
type Spectrogram struct {
	X       []float32 // [T F], frames of time, then frequencies, the lowest first; 0 is the mean, 1 a deviation above it
	T, F    int
	Seconds float64   // from the first frame to the last; 0 leaves the axis of time out
	Hertz   []float64 // of the frequencies, rising; nil leaves their axis out
}

// Loudest is the loudness, in deviations, that is drawn brightest; as far below the mean it is darkest.
const Loudest = 2.5

// Pixels returns an RGB picture of F rows by T columns: time to the right, frequency upwards.
func (p Spectrogram) Pixels() []uint8 {
	pix := make([]uint8, 3*p.T*p.F)
	for t := range p.T {
		for f := range p.F {
			at := pix[((p.F-1-f)*p.T+t)*3:][:3]
			at[0], at[1], at[2] = Heat(0.5 + float64(p.X[t*p.F+f])/(2*Loudest))
		}
	}
	return pix
}

// Heat is the colour of a value in [0, 1]: from black over violet and orange to a light yellow, ever brighter.
func Heat(v float64) (r, g, b uint8) {
	v = math.Min(math.Max(v, 0), 1)
	at := func(x float64) uint8 { return uint8(255*math.Min(math.Max(x, 0), 1) + 0.5) }
	return at(1.6*v - 0.1*(1-v)), at(1.9*v*v - 0.45*v), at(0.75*math.Sin(math.Pi*math.Min(1.6*v, 1)) + math.Max(0, 1.9*(v-0.75)))
}

// What the axes of a spectrogram take, in pixels.
const (
	hertzWidth    = 6*TextWidth + 4 // 500 Hz
	secondsHeight = TextHeight + 3
)

// Spectrogram draws a spectrogram into a box of w by h pixels, its axes among them: seconds below, Hz on the left.
func (s Sheet) Spectrogram(x, y, w, h int, p Spectrogram) {
	if p.Hertz != nil {
		x, w = x+hertzWidth, w-hertzWidth
	}
	if p.Seconds > 0 {
		h -= secondsHeight
	}
	if w < 1 || h < 1 || p.T < 1 || p.F < 1 {
		return
	}
	s.Stretch(x, y, w, h, p.Pixels(), p.F, p.T)
	if p.Hertz != nil {
		s.hertz(x, y, h, p.Hertz)
	}
	if p.Seconds > 0 {
		s.seconds(x, y+h, w, p.Seconds)
	}
}

// hertz writes octaves beside a picture of h pixels whose left side is x, the highest first, as many as have room.
func (s Sheet) hertz(x, y, h int, of []float64) {
	free := y - 2*TextHeight // where the last label's text begins
	for f := 16000.0; f >= 62.5; f /= 2 {
		if f < of[0] || f > of[len(of)-1]*1.03 { // the last band ends where its middle's successor would be
			continue
		}
		at := y + h - int((place(of, f)+0.5)*float64(h)/float64(len(of))+0.5)
		top := max(at-TextHeight/2-1, y-1)
		if top < free+TextHeight+1 || top+TextHeight > y+h+2 {
			continue
		}
		label := strconv.FormatFloat(f, 'g', -1, 64) + " Hz"
		if f >= 1000 {
			label = strconv.FormatFloat(f/1000, 'g', -1, 64) + " kHz"
		}
		s.Text(x-4-TextWidth*len(label), top, TextWidth*len(label), label, Ink)
		s.Fill(x-3, min(max(at, y), y+h-1), 3, 1, Ink)
		free = top
	}
}

// place returns which of rising frequencies one is, with parts between two.
func place(of []float64, f float64) float64 {
	for k := 1; k < len(of); k++ {
		if f <= of[k] {
			return float64(k) - (of[k]-f)/(of[k]-of[k-1])
		}
	}
	return float64(len(of) - 1)
}

// seconds writes times below a picture of w pixels whose lower left corner is (x, y).
func (s Sheet) seconds(x, y, w int, all float64) {
	const apart = 9 * TextWidth // of two labels at least
	step := niceStep(5 * all * apart / float64(w))
	for k := 0; ; k++ {
		t := float64(k) * step
		if t > all*(1+1e-9) {
			return
		}
		at := x + min(int(t/all*float64(w)+0.5), w-1)
		label := strconv.FormatFloat(t, 'g', 6, 64) + " s"
		s.Fill(at, y, 1, 3, Ink)
		s.Text(min(max(at-TextWidth*len(label)/2, x), x+w-TextWidth*len(label)), y+3, TextWidth*len(label), label, Ink)
	}
}
