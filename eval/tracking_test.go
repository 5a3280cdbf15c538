package eval

import (
	"bytes"
	"context"
	"math"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/eval/track"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
)

// movingSquare is a film of a red square on a ground of grey dots that moves by two pixels down and three to the right from frame to frame.
type movingSquare struct{ frames int }

const movingSide, squareSide = 48, 12

func (movingSquare) Len() int            { return 1 }
func (movingSquare) Describe(int) string { return "films/square" }

func (m movingSquare) Times(int) ([]float64, error) { return make([]float64, m.frames), nil }

func (m movingSquare) at(t int) (top, left int) { return 4 + 2*t, 3 + 3*t }

func (m movingSquare) Clip(_ int, frames []int, each func(k int, im *data.Image) error) error {
	for k, t := range frames {
		im := data.NewImage(movingSide, movingSide)
		top, left := m.at(t)
		for p := range movingSide * movingSide {
			y, x := p/movingSide, p%movingSide
			g := uint8(80 + (x*37+y*91)%50)
			pix := []uint8{g, g, g}
			if y >= top && y < top+squareSide && x >= left && x < left+squareSide {
				pix = []uint8{250, uint8(10 + (x-left)*15), uint8(10 + (y-top)*15)}
			}
			copy(im.Pix[3*p:], pix)
		}
		if err := each(k, im); err != nil {
			return err
		}
	}
	return nil
}

func (m movingSquare) Groups() map[string][]string { return nil }
func (m movingSquare) Group(string, int, int) int  { return -1 }

func (m movingSquare) Frame(_, t int) (data.FrameTruth, error) {
	top, left := m.at(t)
	y, x := float64(top), float64(left)
	return data.FrameTruth{Boxes: []data.Box{{X0: float32(left), Y0: float32(top), X1: float32(left + squareSide), Y1: float32(top + squareSide)}},
		KeyPoints: []data.KeyPoint{{X: float32(x) + 2, Y: float32(y) + 2, Visible: true}, {X: float32(x) + 10, Y: float32(y) + 10, Visible: true}, {X: 1, Y: 1}},
		Mask:      track.Fill([]track.Box{{X0: x, Y0: y, X1: x + squareSide, Y1: y + squareSide}}, movingSide, movingSide)}, nil
}

// pixelTrunk is a trunk whose features are the pixels as they are.
func pixelTrunk() *layers.Trunk {
	same := layers.Func(func(x *autograd.Var) *autograd.Var { return autograd.Scale(x, 1) })
	return &layers.Trunk{Name: "colours", Side: movingSide, Stages: []layers.Stage{{Name: "pixels", Channels: 3, Parts: layers.Sequential{{Name: "same", Module: same}}}}}
}

// TestTracking: what has a colour of its own is followed by colours, mask, box and key points, to nearly all there is to reach, and leaving it where it was is much worse.
func TestTracking(t *testing.T) {
	film := movingSquare{8}
	d := &data.Dataset{Name: "square", Inputs: data.Inputs{Clips: film}, Truth: data.Truth{Frames: film}}
	e := &TrunkEncoder{Label: "colours", Trunk: pixelTrunk(), Input: Views{Side: movingSide, Norm: data.HalfNorm}}
	scores, err := Tracking{Options: track.Options{Temperature: 0.001}}.Follow(context.Background(), e, d, Options{})
	if err != nil {
		t.Fatal(err)
	}
	least := map[string]float64{"track-masks": 0.95, "track-boxes": 0.85, "track-points": 0.9}
	if len(scores) != len(least) {
		t.Fatalf("%d scores", len(scores))
	}
	for _, s := range scores {
		if s.Value < least[s.Protocol] || s.Trivial > 0.5 || len(s.Parts) != 1 || s.Parts[0].Name != "square" || math.Abs(s.Parts[0].Value-s.Value) > 1e-9 {
			t.Errorf("%s is %g, want %g; where it was %g; parts %+v", s.Protocol, s.Value, least[s.Protocol], s.Trivial, s.Parts)
		}
	}
	if n := scores[0].Test; n != 6 { // DAVIS: neither the first frame nor the last
		t.Errorf("masks of %d frames count, want 6", n)
	}
	if n := scores[1].Test; n != 8 {
		t.Errorf("boxes of %d frames count, want 8", n)
	}
	if n := scores[2].Test; n != 14 {
		t.Errorf("%d key points count, want 14", n)
	}
	var table bytes.Buffer
	if err := WriteTracks(&table, scores); err != nil || strings.Count(table.String(), "\n") != 7 {
		t.Errorf("the table is %v:\n%s", err, table.String())
	}
	d.Truth.Frames = nil
	if _, err := (Tracking{}).Follow(context.Background(), e, d, Options{}); err == nil || !strings.Contains(err.Error(), "frame by frame") {
		t.Errorf("without truth: %v", err)
	}
}

// TestPlaces: features finer than 64 places along the shorter side are averaged, and of unit length.
func TestPlaces(t *testing.T) {
	e := &TrunkEncoder{Label: "colours", Trunk: pixelTrunk(), Input: Views{Norm: data.HalfNorm}}
	im := data.NewImage(130, 300)
	for p := range im.Pix {
		im.Pix[p] = uint8(p * 7)
	}
	f, err := e.Places(im, 0)
	if err != nil || f[0].Dim(0) != 33 || f[0].Dim(1) != 75 {
		t.Fatalf("%v: %v", err, f)
	}
	for p := range 33 * 75 {
		if s := tensor.SumSquares(tensor.From(f[0].Data[3*p:3*p+3], 3)); math.Abs(s-1) > 1e-5 {
			t.Fatalf("place %d has a length of %g", p, s)
		}
	}
	if s := Smaller(im, 65); s.H != 65 || s.W != 150 {
		t.Errorf("made smaller it is %dx%d", s.W, s.H)
	}
}
