package spectrum

import (
	"sync"

	"github.com/tessera-go/tessera/internal/names"
	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/simd"
	"github.com/tessera-go/tessera/tensor"
)

// Edges says where the frames of a recording lie.
type Edges int

// The edges. With n the transform's length, a frame is centred where the first two say so, so that frame t stands for sample t·Hop.
const (
	Reflect      Edges = iota // n/2 samples mirrored at both ends, without repeating the outermost (torch.stft)
	Zeros                     // n/2 zeros at both ends (librosa)
	WholeFrames               // frames of n samples that lie in the recording (torch.stft with center=False)
	WholeWindows              // windows of Length samples that lie in the recording, followed by n-Length zeros (scipy, L3-Net)
)

var edges = names.Of("edges", "reflect", "zeros", "whole-frames", "whole-windows")

// String returns the name that UnmarshalText takes.
func (e Edges) String() string { return edges.String(int(e)) }

// MarshalText returns the name.
func (e Edges) MarshalText() ([]byte, error) { return edges.Marshal(int(e)) }

// UnmarshalText sets e to the edges of that name; the error says which there are.
func (e *Edges) UnmarshalText(text []byte) error {
	i, err := edges.Unmarshal(text)
	if err == nil {
		*e = Edges(i)
	}
	return err
}

// STFTOptions are the ways to cut a recording into frames.
type STFTOptions struct {
	Window    Window
	Symmetric bool // the window is the symmetric one
	Length    int  // of the window; 0 means the transform's. A shorter window stands in the frame's middle, but see WholeWindows
	Hop       int  // from frame to frame; 0 means a quarter of Length, rounded down
	Edges     Edges
}

// STFT is the plan of a short-time Fourier transform (Allen and Rabiner 1977): frames of a recording, each times a window, each
// transformed; a spectrogram [T F] of F = n/2+1 frequencies, k·rate/n Hz for k < F. It serves several goroutines.
type STFT struct {
	n, length, hop int
	edges          Edges
	fft            *RealFFT
	window         []float32 // n values, halves for an even n
	scratch        sync.Pool // *frame
}

// frame is what one worker needs.
type frame struct{ x, re, im []float32 }

// NewSTFT plans transforms of n samples. It panics unless 0 < Length <= n and Hop > 0.
func NewSTFT(n int, o STFTOptions) *STFT {
	const op = "NewSTFT"
	if o.Length == 0 {
		o.Length = n
	}
	if o.Hop == 0 {
		o.Hop = max(o.Length/4, 1)
	}
	switch {
	case n < 1:
		fail(op, "transforms of %d samples, want at least 1", n)
	case o.Length < 1 || o.Length > n:
		fail(op, "a window of %d samples in a frame of %d, want 1 to %d", o.Length, n, n)
	case o.Hop < 1:
		fail(op, "a hop of %d samples, want at least 1", o.Hop)
	case o.Edges < Reflect || o.Edges > WholeWindows:
		fail(op, "edges %v, want one of %v", o.Edges, edges.All())
	}
	s := &STFT{n: n, length: o.Length, hop: o.Hop, edges: o.Edges, fft: NewRealFFT(n), window: make([]float32, n)}
	at := (n - o.Length) / 2
	if o.Edges == WholeWindows {
		at = 0
	}
	copy(s.window[at:], o.Window.Of(o.Length, o.Symmetric))
	if n%2 == 0 {
		simd.Scale(s.window, 0.5, s.window) // exact; see RealFFT.windowed
	}
	s.scratch.New = func() any {
		f := s.Bins()
		b := make([]float32, n+2*f)
		return &frame{b[:n], b[n : n+f], b[n+f:]}
	}
	return s
}

// L3 plans the spectrogram of L3-Net (Arandjelović and Zisserman, "Look, Listen and Learn", ICCV 2017, section 3.1): windows of 10 ms
// with half overlap at 48 kHz, 257 frequencies; one second gives [199 257]. Their net sees Log of its magnitudes.
func L3() *STFT { return NewSTFT(512, STFTOptions{Length: 480, Hop: 240, Edges: WholeWindows}) }

// Bins returns F, the number of frequencies.
func (s *STFT) Bins() int { return s.fft.Bins() }

// Hop returns the samples from frame to frame.
func (s *STFT) Hop() int { return s.hop }

// Frames returns T, the number of frames of a recording of n samples; 0 where it is too short for one.
func (s *STFT) Frames(n int) int {
	switch s.edges {
	case WholeFrames:
		n -= s.n
	case WholeWindows:
		n -= s.length
	default:
		if n > 0 {
			n += s.n/2*2 - s.n // an odd frame loses a sample
		} else {
			n = -1
		}
	}
	if n < 0 {
		return 0
	}
	return n/s.hop + 1
}

// Shape returns the shape [T F] of the spectrogram of n samples.
func (s *STFT) Shape(n int) []int { return []int{s.Frames(n), s.Bins()} }

// Complex sets re and im, of Shape(len(x)), to the spectrogram of x.
func (s *STFT) Complex(re, im *tensor.Tensor, x []float32) {
	const op = "STFT.Complex"
	s.want(op, re, x, s.Bins())
	s.want(op, im, x, s.Bins())
	f := s.Bins()
	s.each(x, func(t int, r, i []float32) {
		copy(re.Data[t*f:], r)
		copy(im.Data[t*f:], i)
	})
}

// Magnitude sets dst, of Shape(len(x)), to the magnitudes of the spectrogram of x.
func (s *STFT) Magnitude(dst *tensor.Tensor, x []float32) {
	s.want("STFT.Magnitude", dst, x, s.Bins())
	f := s.Bins()
	s.each(x, func(t int, re, im []float32) { simd.Magnitude(dst.Data[t*f:(t+1)*f], re, im) })
}

// Power sets dst, of Shape(len(x)), to the squared magnitudes.
func (s *STFT) Power(dst *tensor.Tensor, x []float32) {
	s.want("STFT.Power", dst, x, s.Bins())
	f := s.Bins()
	s.each(x, func(t int, re, im []float32) { simd.Power(dst.Data[t*f:(t+1)*f], re, im) })
}

// want panics unless x has a frame and dst the shape of its f values a frame.
func (s *STFT) want(op string, dst *tensor.Tensor, x []float32, f int) {
	t := s.Frames(len(x))
	if t == 0 {
		least := 1
		switch s.edges {
		case WholeFrames:
			least = s.n
		case WholeWindows:
			least = s.length
		}
		fail(op, "the recording has %d samples, want at least %d for a frame", len(x), least)
	}
	wantShape(op, "the spectrogram", dst.Shape, t, f)
}

// framesAtOnce is how many frames a worker takes: some tens of microseconds' work.
const framesAtOnce = 16

// each calls f with every frame's transform. re and im are f's until it returns.
func (s *STFT) each(x []float32, f func(t int, re, im []float32)) {
	parallel.Chunks(s.Frames(len(x)), framesAtOnce, func(lo, hi int) { s.frames(x, lo, hi, f) })
}

// frames calls f with the transforms of the frames from lo to before hi.
func (s *STFT) frames(x []float32, lo, hi int, f func(t int, re, im []float32)) {
	w := s.scratch.Get().(*frame)
	for t := lo; t < hi; t++ {
		s.fft.windowed(w.re, w.im, s.samples(w.x, x, t), s.window)
		f(t, w.re, w.im)
	}
	s.scratch.Put(w)
}

// samples returns the samples of frame t: a part of x, or where it reaches over an end buf, filled.
func (s *STFT) samples(buf, x []float32, t int) []float32 {
	at := t * s.hop
	if s.edges == Reflect || s.edges == Zeros {
		at -= s.n / 2
	}
	if at >= 0 && at+s.n <= len(x) {
		return x[at : at+s.n]
	}
	for i := range buf {
		j := at + i
		switch {
		case j >= 0 && j < len(x):
			buf[i] = x[j]
		case s.edges == Reflect:
			buf[i] = x[mirrored(j, len(x))]
		default:
			buf[i] = 0
		}
	}
	return buf
}

// mirrored returns where place i of a recording of n samples, mirrored at its ends without end, comes from.
func mirrored(i, n int) int {
	if n == 1 {
		return 0
	}
	period := 2 * (n - 1)
	i %= period
	if i < 0 {
		i += period
	}
	return min(i, period-i)
}
