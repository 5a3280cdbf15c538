package spectrum_test

import (
	"fmt"
	"math"
	"slices"

	"github.com/tessera-go/tessera/spectrum"
	"github.com/tessera-go/tessera/tensor"
)

// A second of a tone at 44.1 kHz becomes the logarithms of 40 mel bands at 16 kHz.
func Example() {
	x := make([]float32, 44100)
	for i := range x {
		x[i] = float32(0.5 * math.Sin(2*math.Pi*1000*float64(i)/44100))
	}
	r, err := spectrum.NewResampler(44100, 16000, spectrum.ResampleOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	y := make([]float32, r.Len(len(x)))
	r.Resample(y, x)

	s := spectrum.NewSTFT(512, spectrum.STFTOptions{Length: 400, Hop: 160})
	mel, err := spectrum.NewMel(40, 512, 16000, spectrum.MelOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	z := tensor.New(s.Frames(len(y)), mel.Bands())
	mel.Spectrogram(z, s, y)
	spectrum.Log(z, z, 1e-10)

	middle := z.Data[50*40 : 51*40]
	loudest := slices.Index(middle, slices.Max(middle))
	fmt.Printf("%d samples, %v, loudest around %.0f Hz\n", len(y), z.Shape, mel.Centre(loudest))
	// Output: 16000 samples, [101 40], loudest around 1031 Hz
}

// A second somewhere in a long recording, resampled from just the samples that it needs.
func ExampleResampler_Window() {
	r, err := spectrum.NewResampler(48000, 16000, spectrum.ResampleOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	const length = 3600 * 48000 // an hour
	lo, hi := 1000*16000, 1001*16000
	first, end := r.Support(lo, hi)
	x := make([]float32, end-first) // read from a file
	y := make([]float32, hi-lo)
	r.Window(y, lo, x, first, length)
	fmt.Println("inputs", first, "to", end)
	// Output: inputs 47999691 to 48048309
}
