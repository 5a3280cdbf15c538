package workload

import (
	"github.com/tessera-go/tessera/spectrum"
	"github.com/tessera-go/tessera/tensor"
)

// noise is the peers' recordings: n seconds at a rate, of noise.
func noise(seconds, rate int) []float32 {
	return tensor.NewRNG(1).FillNormal(tensor.New(seconds*rate), 0, 0.1).Data
}

// audioBenches are what a recording goes through before a network: eight of ten seconds, or one where the peer takes one.
func audioBenches() []Item {
	mel := func(id string, recordings, n, hop, bands int, o spectrum.MelOptions) Item {
		return Item{ID: "audio/logmel/" + id, sound: 10 * recordings, setup: func() func() {
			x := noise(10, 48000)
			s := spectrum.NewSTFT(n, spectrum.STFTOptions{Hop: hop})
			m, err := spectrum.NewMel(bands, n, 48000, o)
			if err != nil {
				panic(err)
			}
			y := tensor.New(s.Frames(len(x)), bands)
			return func() {
				for range recordings {
					m.Spectrogram(y, s, x)
					spectrum.LogPlus(y, y, 1e-6)
				}
			}
		}}
	}
	resample := func(id string, from, to int) Item {
		return Item{ID: "audio/resample/" + id, sound: 10, setup: func() func() {
			x := noise(10, from)
			r, err := spectrum.NewResampler(from, to, spectrum.ResampleOptions{})
			if err != nil {
				panic(err)
			}
			y := make([]float32, r.Len(len(x)))
			return func() { r.Resample(y, x) }
		}}
	}
	torchaudio := spectrum.MelOptions{HTK: true, Unscaled: true}
	return []Item{
		{ID: "audio/stft_mag/10s48k_n2048_h512", sound: 80, setup: func() func() {
			x := noise(10, 48000)
			s := spectrum.NewSTFT(2048, spectrum.STFTOptions{Hop: 512})
			y := tensor.New(s.Shape(len(x))...)
			return func() {
				for range 8 {
					s.Magnitude(y, x)
				}
			}
		}},
		mel("10s48k_n2048_h512_m128", 8, 2048, 512, 128, torchaudio),
		mel("10s48k_n1200_h480_m64", 8, 1200, 480, 64, torchaudio),
		mel("10s48k_n2048_h512_m128#librosa", 1, 2048, 512, 128, spectrum.MelOptions{}),
		resample("10s48k_16k", 48000, 16000),
		resample("10s44k1_16k", 44100, 16000),
		resample("10s16k_48k", 16000, 48000),
		resample("10s44k1_48k", 44100, 48000),
	}
}
