package data

import (
	"errors"
	"testing"

	"github.com/tessera-go/tessera/tensor"
)

type twoFilms struct{ scenes Images }

func (f twoFilms) Len() int                   { return f.scenes.Len() }
func (f twoFilms) Describe(i int) string      { return f.scenes.Describe(i) }
func (twoFilms) Times(int) ([]float64, error) { return []float64{0, 1}, nil }
func (f twoFilms) Clip(i int, frames []int, each func(k int, im *Image) error) error {
	if i > 1 {
		return errors.New("no such film")
	}
	for k, t := range frames {
		im, err := f.scenes.Image(i + t)
		if err == nil {
			err = each(k, im)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

type broken struct{ Images }

func (broken) Image(int) (*Image, error) { return nil, errors.New("broken") }

// TestGrey: pictures and films lose their colour and nothing else, to the values of RandomGrayscale; what they are made from keeps it,
// what is not there stays away, and errors pass.
func TestGrey(t *testing.T) {
	src := NewScenes(4, 24, 1, Train).Dataset().Images
	in := Inputs{Images: src, Clips: twoFilms{src}}
	grey := in.Grey()
	if grey.Images.Len() != 4 || grey.Images.Describe(2) != src.Describe(2) || grey.Clips.Len() != 4 {
		t.Error("grey samples are others")
	}
	colour := 0
	check := func(what string, got, of *Image) {
		t.Helper()
		want := RandomGrayscale(1)(of, tensor.NewRNG(1))
		for p := 0; p < len(of.Pix); p += 3 {
			if of.Pix[p] != of.Pix[p+1] {
				colour++
			}
			r, g, b := float64(of.Pix[p]), float64(of.Pix[p+1]), float64(of.Pix[p+2])
			if luma := 0.299*r + 0.587*g + 0.114*b; float64(got.Pix[p]) < luma-0.51 || float64(got.Pix[p]) > luma+0.51 {
				t.Fatalf("%s: pixel %d of %v is %d, want %.2f", what, p/3, of.Pix[p:p+3], got.Pix[p], luma)
			}
			for c := range 3 {
				if got.Pix[p+c] != want.Pix[p+c] || got.Pix[p+c] != got.Pix[p] {
					t.Fatalf("%s: pixel %d is %v, want %v", what, p/3, got.Pix[p:p+3], want.Pix[p:p+3])
				}
			}
		}
	}
	for i := range 2 {
		im, err := grey.Images.Image(i)
		of, _ := src.Image(i)
		if err != nil || im.H != 24 || im.W != 24 {
			t.Fatal(err)
		}
		check("a picture", im, of)
		frames, err := ClipOf(grey.Clips, i, []int{1, 0})
		if err != nil || len(frames) != 2 {
			t.Fatal(err)
		}
		of, _ = src.Image(i + 1)
		check("a frame", frames[0], of)
	}
	if colour == 0 {
		t.Error("the pictures had no colour to begin with")
	}
	if im, err := ImageFrame(grey.Images, 0, func(h, w int) Frame { return Frame{H: h, W: w, OutH: 8, OutW: 8} }); err != nil || im.H != 8 || im.Pix[0] != im.Pix[1] {
		t.Errorf("a frame of a grey picture: %v, %v", im, err)
	}
	if _, err := ClipOf(grey.Clips, 2, []int{0}); err == nil {
		t.Error("a film that is not there is grey")
	}
	if _, err := (Inputs{Images: broken{src}}).Grey().Images.Image(0); err == nil {
		t.Error("a broken picture is grey")
	}
	if none := (Inputs{}).Grey(); none.Images != nil || none.Clips != nil {
		t.Error("there is something grey of nothing")
	}
}
