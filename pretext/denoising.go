package pretext

import (
	"fmt"

	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// Denoising hides a picture under noise (Vincent, Larochelle, Bengio, Manzagol, "Extracting and composing robust features with denoising
// autoencoders", ICML 2008; Vincent et al., "Stacked denoising autoencoders", JMLR 2010).
//
// Sampling: noise is drawn anew each time a picture is seen, while training and when it is looked at. Gaussian noise is added to every
// value; masking takes pixels away, which become the data's mean colour, zero once normalised; salt and pepper makes pixels black or white,
// either as often as the other. A pixel is struck in all its channels: a single value would be found in the two others of its pixel.
//
// The papers train one layer after the other, on grey pictures; here the trunk is the encoder, all of it is trained at once. There is no
// bottleneck unless one is asked for: noise is what keeps features of more values than a picture has from copying it.
//
// Shortcuts: noise that is drawn for each pixel by itself is taken away by a mean over neighbours, and a pixel that is missing is like those
// beside it; the more is struck, the further a net must look. What was not struck is seen as well as asked for, and copied: clean=0 does not
// ask for it, and values between are the second paper's emphasis on what was corrupted.
//
// Head, loss and metric are Autoencoder's. The ratio is seen against that of the noisy picture itself: a net that does nothing.
type Denoising struct {
	Noise      string  // gaussian, masking or salt; "" means masking
	Level      float64 // deviation of gaussian noise, a pixel's values being 0 to 1; of the others the part of the pixels; 0 means that of noises
	Clean      float64 // how much an error counts where noise did not strike; 0 means 1, below 0 not at all
	Bottleneck int     // as Autoencoder's; 0 means none
	Width      int     // as Autoencoder's
}

// noises are the kinds, with their usual levels.
var noises = map[string]float64{"gaussian": 0.2, "masking": 0.5, "salt": 0.25}

var denoisingAbout = About{
	Line: "paint the picture without the noise that it is shown under (Vincent et al. 2008, 2010)",
	Of:   "pictures", Hidden: "what noise struck",
	Trivial:  "what it sees, left as it is",
	Shortcut: "copying what noise did not strike; clean=0 does not count that",
	Options: []spec.Option{
		{Name: "noise", Default: "masking", About: "gaussian, masking (missing pixels) or salt (black and white ones)"},
		{Name: "level", About: "deviation of gaussian noise, pixels being 0 to 1, or the part of the pixels struck; if not given 0.2, 0.5 (masking), 0.25 (salt)"},
		{Name: "clean", Default: "1", About: "how much an error counts where noise did not strike; 0: not at all"},
		{Name: "bottleneck", Default: "0", About: "values of a picture's code; 0: the decoder sees the features as they are"},
		autoencoderOptions[1],
	},
	Config: paintsWithAdam,
	make: func(v Values) Task {
		d := Denoising{Noise: v.One("noise", "gaussian", "masking", "salt"), Clean: v.Float("clean", 0, 1),
			Bottleneck: v.Int("bottleneck", 0, 1<<16), Width: v.Int("width", 1, 1<<12)}
		if v.Given("level") {
			if d.Level = v.Float("level", 0, 1); d.Level == 0 {
				v.Fail("option level=0: there would be no noise; that is the task autoencoder")
			}
		}
		if d.Clean == 0 {
			d.Clean = -1
		}
		if d.Noise == "gaussian" && d.Clean != 1 {
			v.Fail("option clean: gaussian noise strikes every pixel")
		}
		return d
	},
}

// Learner returns a trunk with a decoder.
func (d Denoising) Learner(s Setup) (train.Learner, error) {
	if d.Noise == "" {
		d.Noise = "masking"
	}
	if noises[d.Noise] == 0 || d.Level < 0 || d.Level > 1 {
		return nil, fmt.Errorf("task denoising: noise %q of level %g: want gaussian, masking or salt, and a level up to 1", d.Noise, d.Level)
	}
	if d.Level == 0 {
		d.Level = noises[d.Noise]
	}
	if d.Clean == 0 {
		d.Clean = 1
	}
	r, err := newRepainter("denoising", s, Autoencoder{Bottleneck: d.Bottleneck, Width: d.Width})
	if err != nil {
		return nil, err
	}
	r.others = float32(max(d.Clean, 0))
	level, norm := float32(d.Level), s.Norm
	switch d.Noise {
	case "gaussian":
		r.noise = func(x []float32, struck []uint8, rng *tensor.RNG) {
			for k := range x {
				x[k] += level / norm.Std[k%3] * rng.Normal()
			}
			for p := range struck {
				struck[p] = 1
			}
		}
	default:
		r.noise = func(x []float32, struck []uint8, rng *tensor.RNG) {
			for p := range struck {
				if struck[p] = 0; !rng.Bool(level) {
					continue
				}
				struck[p] = 1
				value := [3]float32{} // the mean colour
				if d.Noise == "salt" {
					extreme := float32(rng.IntN(2))
					for c := range value {
						value[c] = (extreme - norm.Mean[c]) / norm.Std[c]
					}
				}
				copy(x[p*3:], value[:])
			}
		}
	}
	return r, nil
}
