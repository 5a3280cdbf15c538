package layers

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/tensor"
)

// TestClipTrunks: kernels, names and strides are those of torchvision and of the papers, along time too.
func TestClipTrunks(t *testing.T) {
	rng, o := tensor.NewRNG(1), TrunkOptions{Init: InitUniform}
	solid := "layer1.0.conv1.0[3 3 3 64 64] layer1.0.conv2.0[3 3 3 64 64] layer1.1.conv1.0[3 3 3 64 64] layer1.1.conv2.0[3 3 3 64 64] " +
		"layer2.0.conv1.0[3 3 3 64 128] layer2.0.conv2.0[3 3 3 128 128] layer2.0.downsample.0[1 1 1 64 128]"
	factored := "layer2.0.conv1.0.0[1 3 3 64 230] layer2.0.conv1.0.3[3 1 1 230 128] layer2.0.conv2.0.0[1 3 3 128 230] layer2.0.conv2.0.3[3 1 1 230 128] " +
		"layer2.0.downsample.0[1 1 1 64 128] layer2.1.conv1.0.0[1 3 3 128 288]"
	for _, c := range []struct {
		trunk   *Trunk
		size    int // 0: not torchvision's
		kernels string
		sides   string
	}{
		{R3D(rng, 3, o), 33371472 - 512*400 - 400, "stem.0[3 7 7 3 64] " + solid, "stem[6 10 9]64 layer1[6 10 9]64 layer2[3 5 5]128 layer3[2 3 3]256 layer4[1 2 2]512"},
		{R2Plus1D(rng, 3, o), 31505325 - 512*400 - 400, factored, "stem[6 10 9]64 layer1[6 10 9]64 layer2[3 5 5]128 layer3[2 3 3]256 layer4[1 2 2]512"},
		{C3D(rng, 3, o), 0, "conv1[3 3 3 3 64] conv2[3 3 3 64 128] conv3a[3 3 3 128 256] conv3b[3 3 3 256 256] conv4a[3 3 3 256 512] conv4b[3 3 3 512 512] " +
			"conv5a[3 3 3 512 512] conv5b[3 3 3 512 512]", "conv1[6 20 18]64 conv2[6 10 9]128 conv3[3 5 4]256 conv4[1 2 2]512 conv5[1 1 1]512"},
		{ConvNet3D(rng, 3, 4, o), 0, "conv1[3 3 3 3 4] conv2[3 3 3 4 4] conv3[3 3 3 4 8] conv4[3 3 3 8 16]", "conv1[6 20 18]4 conv2[3 10 9]4 conv3[2 5 5]8 conv4[1 3 3]16"},
	} {
		if got := kernels(c.trunk); !strings.Contains(got, c.kernels) {
			t.Errorf("%s has\n%s, want\n%s", c.trunk.Name, got, c.kernels)
		}
		if got := Size(c.trunk); c.size > 0 && got != c.size {
			t.Errorf("%s has %d parameters, want %d", c.trunk.Name, got, c.size)
		}
		var sides []string
		for i, f := range c.trunk.Features(autograd.Const(rng.FillNormal(tensor.New(1, 6, 20, 18, 3), 0, 1))) {
			sides = append(sides, fmt.Sprintf("%s%v%d", c.trunk.Stages[i].Name, f.Shape()[1:4], f.Shape()[4]))
		}
		if got := strings.Join(sides, " "); got != c.sides {
			t.Errorf("%s gives %s, want %s", c.trunk.Name, got, c.sides)
		}
	}
}

// TestEveryTrunkSeesBoth: a trunk of pictures sees the frames of clips one by one, a trunk of clips sees pictures as clips of one frame.
func TestEveryTrunkSeesBoth(t *testing.T) {
	rng := tensor.NewRNG(1)
	clips := rng.FillNormal(tensor.New(2, 3, 9, 8, 3), 0, 1)
	frames := tensor.From(clips.Data, 6, 9, 8, 3)
	image := ConvNet(rng, 3, 4, TrunkOptions{})
	for _, tape := range []func() *autograd.Tape{autograd.NewInference, func() *autograd.Tape { return autograd.NewTape(nil) }} {
		whole, parts := image.Features(tape().Input(clips)), image.Features(tape().Input(frames))
		whole, parts = append(whole, image.Forward(tape().Input(clips))), append(parts, image.Forward(tape().Input(frames)))
		for i := range whole {
			if fmt.Sprint(whole[i].Value.Data) != fmt.Sprint(parts[i].Value.Data) || fmt.Sprint(whole[i].Shape()[:2]) != "[2 3]" || len(whole[i].Shape()) != 5 {
				t.Errorf("stage %d of a trunk of pictures gives %v of clips, %v of their frames", i, whole[i].Shape(), parts[i].Shape())
			}
		}
	}
	for _, name := range TrunkNames() {
		if !strings.Contains(name, "3d") {
			continue
		}
		clip := newTrunk(t, name, TrunkOptions{})
		if clip.Frames != 16 {
			t.Errorf("%s is for clips of %d frames", name, clip.Frames)
		}
		x := rng.FillNormal(tensor.New(2, 32, 24, 3), 0, 1)
		one := tensor.From(x.Data, 2, 1, 32, 24, 3)
		got, want := clip.Features(autograd.Const(x)), clip.Features(autograd.Const(one))
		got, want = append(got, clip.Forward(autograd.Const(x))), append(want, clip.Forward(autograd.Const(one)))
		for i := range got {
			s := want[i].Shape()
			if fmt.Sprint(got[i].Value.Data) != fmt.Sprint(want[i].Value.Data) || fmt.Sprint(got[i].Shape()) != fmt.Sprint([]int{2, s[2], s[3], s[4]}) || s[1] != 1 {
				t.Errorf("%s, stage %d: %v of pictures, %v of clips of one frame", name, i, got[i].Shape(), s)
			}
		}
	}
}

// TestClipHeads: what stands behind a trunk takes the features of clips.
func TestClipHeads(t *testing.T) {
	rng := tensor.NewRNG(1)
	for _, trunk := range []*Trunk{ConvNet3D(rng, 3, 4, TrunkOptions{}), ConvNet(rng, 3, 4, TrunkOptions{})} {
		x := autograd.Const(rng.FillNormal(tensor.New(2, 4, 8, 8, 3), 0, 1))
		net := &Net{trunk, PoolHead(rng, trunk, 7)}
		if y := net.Forward(x); fmt.Sprint(y.Shape()) != "[2 7]" {
			t.Errorf("%s: a pooled head gives %v", trunk.Name, y.Shape())
		}
		if y := Siamese(Classifier(rng, trunk, 5), x, x, x); fmt.Sprint(y.Shape()) != "[2 15]" {
			t.Errorf("%s: three clips beside each other give %v", trunk.Name, y.Shape())
		}
	}
}

// TestClipBlocks: the blocks of clips pass on what those of pictures do, on a tape for inference too, and shortcuts without parameters are strided
// along time.
func TestClipBlocks(t *testing.T) {
	m := TrunkOptions{}.maker(tensor.NewRNG(1), InitUniform)
	a := TrunkOptions{Shortcut: OptionA, ZeroLast: true}.maker(tensor.NewRNG(1), InitUniform)
	x := tensor.NewRNG(2).FillNormal(tensor.New(1, 3, 5, 4, 8), 0, 1)
	for _, c := range []struct {
		b    *block
		down bool
		pad  int
		out  string
	}{
		{m.solid(8, 8, 1), false, 0, "[1 3 5 4 8]"}, {m.solid(8, 8, 2), true, 0, "[1 2 3 2 8]"}, {m.factored(8, 16, 2), true, 0, "[1 2 3 2 16]"},
		{m.factored(8, 8, 1), false, 0, "[1 3 5 4 8]"}, {a.factored(8, 16, 2), false, 4, "[1 2 3 2 16]"}, {a.solid(8, 12, 1), false, 2, "[1 3 5 4 12]"},
	} {
		want := c.b.Forward(autograd.Const(x))
		if (c.b.down != nil) != c.down || c.b.pad != c.pad || fmt.Sprint(want.Shape()) != c.out {
			t.Errorf("projects: %t, adds %d, gives %v, want %t, %d, %s", c.b.down != nil, c.b.pad, want.Shape(), c.down, c.pad, c.out)
		}
		if got := c.b.Forward(autograd.NewInference().Input(x)); fmt.Sprint(got.Value.Data) != fmt.Sprint(want.Value.Data) {
			t.Errorf("%s on a tape for inference: other values", c.out)
		}
	}
	y := a.solid(8, 16, 2).Forward(autograd.Const(x)).Value // the last norm's scale is zero: the shortcut's ReLU remains
	if got, want := y.At(0, 1, 1, 1, 4+3), max(0, x.At(0, 2, 2, 2, 3)); got != want {
		t.Errorf("option A passes on %g, want %g", got, want)
	}
	var names []string
	for _, p := range State(m.factored(2, 4, 2)) {
		if strings.HasSuffix(p.Name, ".weight") {
			names = append(names, p.Name)
		}
	}
	if got := strings.Join(names, " "); got != "conv1.0.0.weight conv1.0.1.weight conv1.0.3.weight conv1.1.weight conv2.0.0.weight conv2.0.1.weight "+
		"conv2.0.3.weight conv2.1.weight downsample.0.weight downsample.1.weight" {
		t.Errorf("a block of R(2+1)D has %s", got)
	}
}
