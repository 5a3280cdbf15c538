package layers

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/tensor"
)

// kernels lists a trunk's convolutions in order, name and shape.
func kernels(t *Trunk) string {
	var out []string
	for _, p := range State(t) {
		if name, ok := strings.CutSuffix(p.Name, ".weight"); ok && len(p.Value.Shape) >= 4 {
			out = append(out, fmt.Sprint(name, p.Value.Shape))
		}
	}
	return strings.Join(out, " ")
}

// sides lists the stages' names, sides and channels for images of a side.
func sides(t *Trunk, side int) string {
	var out []string
	for i, f := range t.Features(autograd.Const(tensor.NewRNG(1).FillNormal(tensor.New(1, side, side, 3), 0, 1))) {
		out = append(out, fmt.Sprintf("%s%v%d", t.Stages[i].Name, f.Shape()[1:3], t.Stages[i].Channels))
		if f.Shape()[3] != t.Stages[i].Channels {
			out = append(out, "but", fmt.Sprint(f.Shape()))
		}
	}
	return strings.Join(out, " ")
}

// TestArchitectures: kernels, strides, paddings and pools are those of the papers; torchvision's names where it has the network.
func TestArchitectures(t *testing.T) {
	vggWidths[5] = [][]int{{2}, {3, 4}}
	defer delete(vggWidths, 5)
	rng, o := tensor.NewRNG(1), TrunkOptions{Init: InitUniform}
	for _, c := range []struct {
		trunk          *Trunk
		side           int
		kernels, sides string
	}{
		{ConvNet(rng, 3, 4, o), 9, "conv1[3 3 3 4] conv2[3 3 4 4] conv3[3 3 4 8] conv4[3 3 8 16]", "conv1[9 9]4 conv2[5 5]4 conv3[3 3]8 conv4[2 2]16"},
		{NIN(rng, 3, o), 12, "block1.0.conv[5 5 3 192] block1.1.conv[1 1 192 160] block1.2.conv[1 1 160 96] " +
			"block2.0.conv[5 5 96 192] block2.1.conv[1 1 192 192] block2.2.conv[1 1 192 192] block3.0.conv[3 3 192 192] block3.1.conv[1 1 192 192] " +
			"block3.2.conv[1 1 192 192] block4.0.conv[3 3 192 192] block4.1.conv[1 1 192 192] block4.2.conv[1 1 192 192]",
			"block1[6 6]96 block2[3 3]192 block3[3 3]192 block4[3 3]192"},
		{AlexNet(rng, 3, o), 67, "conv1[11 11 3 64] conv2[5 5 64 192] conv3[3 3 192 384] conv4[3 3 384 256] conv5[3 3 256 256]",
			"conv1[7 7]64 conv2[3 3]192 conv3[3 3]384 conv4[3 3]256 conv5[1 1]256"},
		{CaffeNet(rng, 3, o), 67, "conv1[11 11 3 96] conv2[5 5 48 256] conv3[3 3 256 384] conv4[3 3 192 384] conv5[3 3 192 256]",
			"conv1[7 7]96 conv2[3 3]256 conv3[3 3]384 conv4[3 3]384 conv5[1 1]256"},
		{VGG(rng, 3, 5, true, o), 8, "features.0[3 3 3 2] features.4[3 3 2 3] features.7[3 3 3 4]", "block1[4 4]2 block2[2 2]4"},
		{VGG(rng, 3, 5, false, o), 8, "features.0[3 3 3 2] features.3[3 3 2 3] features.5[3 3 3 4]", "block1[4 4]2 block2[2 2]4"},
		{CIFARResNet(rng, 3, 14, o), 9, "conv1[3 3 3 16] layer1.0.conv1[3 3 16 16] layer1.0.conv2[3 3 16 16] layer1.1.conv1[3 3 16 16] layer1.1.conv2[3 3 16 16] " +
			"layer2.0.conv1[3 3 16 32] layer2.0.conv2[3 3 32 32] layer2.0.downsample.0[1 1 16 32] layer2.1.conv1[3 3 32 32] layer2.1.conv2[3 3 32 32] " +
			"layer3.0.conv1[3 3 32 64] layer3.0.conv2[3 3 64 64] layer3.0.downsample.0[1 1 32 64] layer3.1.conv1[3 3 64 64] layer3.1.conv2[3 3 64 64]",
			"conv1[9 9]16 layer1[9 9]16 layer2[5 5]32 layer3[3 3]64"},
	} {
		if got := kernels(c.trunk); got != c.kernels {
			t.Errorf("%s has\n%s, want\n%s", c.trunk.Name, got, c.kernels)
		}
		if got := sides(c.trunk, c.side); got != c.sides {
			t.Errorf("%s gives %s, want %s", c.trunk.Name, got, c.sides)
		}
	}
	norms := ""
	for _, p := range State(VGG(rng, 3, 5, true, o)) {
		if name, ok := strings.CutSuffix(p.Name, ".running_mean"); ok {
			norms += name + " "
		}
	}
	if norms != "features.1 features.5 features.8 " {
		t.Errorf("VGG's norms are %s", norms)
	}
}

// TestPartNames: convolutions, norms and pools stand in their stages under the names that checkpoints have.
func TestPartNames(t *testing.T) {
	rng, o := tensor.NewRNG(1), TrunkOptions{Init: InitUniform}
	for _, c := range []struct {
		trunk *Trunk
		want  string
	}{
		{ConvNet(rng, 3, 2, o), "conv1 bn1 conv2 bn2 conv3 bn3 conv4 bn4"},
		{AlexNet(rng, 3, o), "conv1 bn1 pool1 conv2 bn2 pool2 conv3 bn3 conv4 bn4 conv5 bn5 pool5"},
		{&Trunk{Stages: NIN(rng, 3, o).Stages[:2]}, "block1.0.conv block1.0.bn block1.1.conv block1.1.bn block1.2.conv block1.2.bn block1.pool " +
			"block2.0.conv block2.0.bn block2.1.conv block2.1.bn block2.2.conv block2.2.bn block2.pool"},
		{CIFARResNet(rng, 3, 8, o), "conv1 bn1 layer1 layer2 layer3"},
	} {
		var got []string
		for _, s := range c.trunk.Stages {
			for _, p := range s.Parts {
				got = append(got, p.Name)
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s has %v, want %s", c.trunk.Name, got, c.want)
		}
	}
}

// TestZhang: kernels, strides and dilations of the paper's figure 2, its own initialisation; ReLU before each norm, which has neither scale nor shift.
func TestZhang(t *testing.T) {
	trunk := Zhang(tensor.NewRNG(1), 3, TrunkOptions{})
	for name, w := range weights(trunk) {
		checkInit(t, name, w, InitFanOut)
	}
	want, in := "", 3
	for i, b := range zhangBlocks {
		for j, out := range b.widths {
			want += fmt.Sprintf("conv%d_%d[3 3 %d %d] ", i+1, j+1, in, out)
			in = out
		}
	}
	if got := kernels(trunk); got != strings.TrimSpace(want) || !strings.HasPrefix(want, "conv1_1[3 3 3 64] conv1_2[3 3 64 64] conv2_1[3 3 64 128]") ||
		!strings.HasSuffix(want, "conv7_3[3 3 512 512] ") || strings.Count(want, "[") != 19 {
		t.Errorf("%s, want %s", got, want)
	}
	if got := sides(trunk, 20); got != "conv1[10 10]64 conv2[5 5]128 conv3[3 3]256 conv4[3 3]512 conv5[3 3]512 conv6[3 3]512 conv7[3 3]512" {
		t.Errorf("features %s", got)
	}
	var dilated []string
	for _, s := range trunk.Stages {
		relus := 0
		for _, p := range s.Parts {
			switch m := p.Module.(type) {
			case *Conv2D:
				if m.B == nil {
					t.Errorf("%s has no bias", p.Name)
				}
				if m.Conv.H.Dilation == 2 && m.Conv.W.Dilation == 2 && m.Conv.H.Low == 2 {
					dilated = append(dilated, p.Name)
				}
			case *BatchNorm:
				if m.Gamma != nil || m.Beta != nil || m.ReLU {
					t.Errorf("%s has scale, shift or ReLU", p.Name)
				}
			default:
				relus++
			}
		}
		if n := len(s.Parts); n != 2*relus+1 {
			t.Errorf("%s: %d parts, of them %d ReLUs", s.Name, n, relus)
		}
	}
	if got := strings.Join(dilated, " "); got != "conv5_1 conv5_2 conv5_3 conv6_1 conv6_2 conv6_3" {
		t.Errorf("dilated are %s", got)
	}
	for i, f := range trunk.Features(autograd.Const(tensor.NewRNG(1).FillNormal(tensor.New(1, 16, 16, 3), 0, 1))) {
		if low := slices.Min(f.Value.Data); low < 0 {
			t.Errorf("stage %d at inference, with statistics of nothing, has %g: the norm stands behind ReLU", i, low)
		}
	}
	y := trunk.Forward(autograd.NewTape(tensor.NewRNG(1)).Input(tensor.NewRNG(1).FillNormal(tensor.New(2, 16, 16, 3), 0, 1))).Value
	if slices.Min(y.Data) >= 0 {
		t.Error("while training the last features are not normalised behind ReLU")
	}
}

// TestOwnInit: the trunk's own initialisation holds where none is named, the named one elsewhere.
func TestOwnInit(t *testing.T) {
	for named, want := range map[Init]Init{InitOwn: InitFanIn, InitUniform: InitUniform, InitFanOut: InitFanOut} {
		if m := (TrunkOptions{Init: named}).maker(nil, InitFanIn); m.Init != want {
			t.Errorf("named %v it is %v, want %v", named, m.Init, want)
		}
	}
}

// TestZeroLastNorm: the last norm of a block, and no other, begins with scale 0 where that is asked for.
func TestZeroLastNorm(t *testing.T) {
	for _, zero := range []bool{false, true} {
		m := TrunkOptions{ZeroLast: zero}.maker(tensor.NewRNG(1), InitUniform)
		for _, b := range []*block{m.basic(4, 4, 1), m.bottleneck(4, 2, 2)} {
			for i, n := range b.norms {
				if want := zero && i == len(b.norms)-1; (n.Gamma.Data[0] == 0) != want || n.Gamma.Data[0] != n.Gamma.Data[1] {
					t.Errorf("zero %t: norm %d of %d begins at %v", zero, i+1, len(b.norms), n.Gamma.Data)
				}
			}
		}
	}
}

// TestTripletOrder: anchor, positive and negative come back as the module sees each, in their order.
func TestTripletOrder(t *testing.T) {
	rng := tensor.NewRNG(1)
	l := NewLinear(rng, 3, 2, LinearOptions{})
	var in []*autograd.Var
	for range 3 {
		in = append(in, autograd.Const(rng.FillNormal(tensor.New(4, 3), 0, 1)))
	}
	a, p, n := TripletOf(l, in[0], in[1], in[2])
	for i, y := range []*autograd.Var{a, p, n} {
		if want := l.Forward(in[i]).Value; fmt.Sprint(y.Value.Shape, y.Value.Data) != fmt.Sprint(want.Shape, want.Data) {
			t.Errorf("%d is %v, want %v", i, y.Value, want)
		}
	}
	y, rows := Siamese(l, in...).Value, 4
	for i := range in {
		want := l.Forward(in[i]).Value
		for r := range rows {
			if y.At(r, 2*i) != want.At(r, 0) || y.At(r, 2*i+1) != want.At(r, 1) {
				t.Errorf("the %d. of three in row %d: %v, want %v", i, r, y, want)
			}
		}
	}
}

// TestResNets: the sizes are torchvision's without the classifiers, and the stride stands where each stage begins.
func TestResNets(t *testing.T) {
	rng, o := tensor.NewRNG(1), TrunkOptions{Init: InitUniform}
	for _, c := range []struct {
		trunk *Trunk
		size  int
		sides string
		names string
	}{
		{ResNet(rng, 3, 18, true, o), 11689512 - 513000 - 7*7*3*64 + 3*3*3*64, "conv1[17 17]64 layer1[17 17]64 layer2[9 9]128 layer3[5 5]256 layer4[3 3]512",
			"layer1.0.conv1[3 3 64 64] layer1.0.conv2[3 3 64 64] layer1.1.conv1[3 3 64 64]"},
		{ResNet(rng, 3, 50, false, o), 25557032 - 2049000, "conv1[5 5]64 layer1[5 5]256 layer2[3 3]512 layer3[2 2]1024 layer4[1 1]2048",
			"layer2.0.conv1[1 1 256 128] layer2.0.conv2[3 3 128 128] layer2.0.conv3[1 1 128 512] layer2.0.downsample.0[1 1 256 512] layer2.1.conv1[1 1 512 128]"},
	} {
		if got := Size(c.trunk); got != c.size {
			t.Errorf("%s has %d parameters, want %d", c.trunk.Name, got, c.size)
		}
		if got := sides(c.trunk, 17); got != c.sides {
			t.Errorf("%s gives %s, want %s", c.trunk.Name, got, c.sides)
		}
		if got := kernels(c.trunk); !strings.Contains(got, c.names) {
			t.Errorf("%s lacks %s in\n%s", c.trunk.Name, c.names, got)
		}
	}
	defer func() {
		if msg := fmt.Sprint(recover()); !strings.Contains(msg, "depth 19") {
			t.Errorf("a depth that there is not: %s", msg)
		}
	}()
	ResNet(rng, 3, 19, false, o)
}

// TestBlockShortcuts: a block passes its input on as it is only where neither channels nor sides change, and says so by its parts.
func TestBlockShortcuts(t *testing.T) {
	m := TrunkOptions{}.maker(tensor.NewRNG(1), InitUniform)
	a := TrunkOptions{Shortcut: OptionA}.maker(tensor.NewRNG(1), InitUniform)
	for _, c := range []struct {
		b    *block
		down bool
		pad  int
		out  string
	}{
		{m.basic(8, 8, 1), false, 0, "[1 5 4 8]"}, {m.basic(8, 8, 2), true, 0, "[1 3 2 8]"}, {m.basic(8, 16, 1), true, 0, "[1 5 4 16]"},
		{a.basic(8, 16, 2), false, 4, "[1 3 2 16]"}, {a.basic(8, 12, 1), false, 2, "[1 5 4 12]"},
		{m.bottleneck(8, 2, 1), false, 0, "[1 5 4 8]"}, {m.bottleneck(8, 4, 2), true, 0, "[1 3 2 16]"},
	} {
		x := tensor.NewRNG(2).FillNormal(tensor.New(1, 5, 4, 8), 0, 1)
		want := c.b.Forward(autograd.Const(x))
		if (c.b.down != nil) != c.down || c.b.pad != c.pad || fmt.Sprint(want.Shape()) != c.out {
			t.Errorf("projects: %t, adds %d, gives %v, want %t, %d, %s", c.b.down != nil, c.b.pad, want.Shape(), c.down, c.pad, c.out)
		}
		if got := c.b.Forward(autograd.NewInference().Input(x)); fmt.Sprint(got.Value.Data) != fmt.Sprint(want.Value.Data) {
			t.Errorf("%s on a tape for inference: other values", c.out)
		}
		for _, n := range c.b.norms { // F(x) is nothing: what remains is the shortcut's ReLU
			n.Gamma.Fill(0)
		}
		got := c.b.Forward(autograd.Const(x)).Value
		short := x
		switch {
		case c.down:
			short = c.b.downNorm.Forward(c.b.down.Forward(autograd.Const(x))).Value
		case c.pad > 0:
			short = optionA(autograd.Const(x), c.b.stride, c.pad).Value
		}
		tensor.ReLU(short, short)
		if fmt.Sprint(got.Data) != fmt.Sprint(short.Data) {
			t.Errorf("%s: the shortcut is %v, want %v", c.out, got.Data, short.Data)
		}
	}
}

// TestOptionAStrides: every third pixel from the first, also where the last step is not whole.
func TestOptionAStrides(t *testing.T) {
	x := tensor.New(1, 5, 7, 1)
	for i := range x.Data {
		x.Data[i] = float32(i)
	}
	y := optionA(autograd.Const(x), 3, 1).Value
	if got := fmt.Sprint(y.Shape, y.Data); got != "[1 2 3 3] [0 0 0 0 3 0 0 6 0 0 21 0 0 24 0 0 27 0]" {
		t.Errorf("a stride of 3 gives %s", got)
	}
	if y := optionA(autograd.Const(x), 1, 2).Value; fmt.Sprint(y.Shape, y.Data[:5]) != "[1 5 7 5] [0 0 0 0 0]" || y.At(0, 4, 6, 2) != 34 {
		t.Errorf("a stride of 1 gives %v", y.Shape)
	}
}

// TestPlaces: an error says which layer of which block it is, on every kind of tape, and a graph's places are the names of the state.
func TestPlaces(t *testing.T) {
	tapes := map[string]func() *autograd.Tape{"training": func() *autograd.Tape { return autograd.NewTape(nil) }, "inference": autograd.NewInference}
	x := tensor.New(2, 5, 4, 8).Fill(1)
	for kind, tape := range tapes {
		m := TrunkOptions{}.maker(tensor.NewRNG(1), InitUniform)
		b := m.bottleneck(8, 4, 2)
		tp := tape()
		var places []string
		tp.OnConv = func(place string, _, _, _ []int, _ tensor.Conv) { places = append(places, place) }
		Sequential{{"net", b}}.Forward(tp.Input(x))
		if got := fmt.Sprint(places); got != "[net.downsample net.conv1 net.conv2 net.conv3]" {
			t.Errorf("%s: convolutions in %s", kind, got)
		}
		for i := range b.norms {
			b := m.bottleneck(8, 4, 2)
			b.norms[i] = NewBatchNorm(5)
			want := fmt.Sprint(map[string]string{"training": "bn", "inference": "conv"}[kind], i+1)
			if err := autograd.Try(func() { Sequential{{"net", b}}.Forward(tape().Input(x)) }); err == nil || !strings.Contains(err.Error(), "net."+want+":") {
				t.Errorf("%s, a norm of other channels: %v, want it in %s", kind, err, want)
			}
		}
	}
	var names []string
	for _, p := range State(Sequential{{"net", TrunkOptions{}.maker(tensor.NewRNG(1), InitUniform).basic(4, 4, 1)}}) {
		names = append(names, p.Name)
	}
	bn := func(i int) string {
		p := fmt.Sprint("net.bn", i, ".")
		return p + "weight " + p + "bias " + p + "running_mean " + p + "running_var " + p + "num_batches_tracked"
	}
	if got, want := strings.Join(names, " "), "net.conv1.weight "+bn(1)+" net.conv2.weight "+bn(2); got != want {
		t.Errorf("a block's state is\n%s, want\n%s", got, want)
	}
}

// TestHeads: the classifiers read what the features are, whole and pooled.
func TestHeads(t *testing.T) {
	rng := tensor.NewRNG(1)
	head := AlexNetHead(rng, 2, 3, 5)
	if got := Size(head); got != 12*4096+4096*4096+2*2*4096+4096*5+5 {
		t.Errorf("AlexNet's head has %d parameters", got)
	}
	if y := head.Forward(autograd.Const(tensor.New(2, 2, 2, 3))); fmt.Sprint(y.Shape()) != "[2 5]" {
		t.Errorf("AlexNet's head gives %v", y.Shape())
	}
	for _, c := range []struct {
		h, w int
		same bool
	}{{3, 3, true}, {3, 4, false}, {4, 3, false}, {6, 6, false}} {
		x := autograd.Const(tensor.New(1, c.h, c.w, 2))
		if y := adaptive(3).Forward(x); (y == x) != c.same || fmt.Sprint(y.Shape()) != "[1 3 3 2]" {
			t.Errorf("%d by %d pooled to 3 by 3: %v, the same: %t", c.h, c.w, y.Shape(), y == x)
		}
	}
	trunk := ConvNet(rng, 3, 4, TrunkOptions{})
	if trunk.Channels() != 16 || Size(PoolHead(rng, trunk, 7)) != 16*7+7 {
		t.Errorf("%d channels, the head has %d parameters", trunk.Channels(), Size(PoolHead(rng, trunk, 7)))
	}
	x := autograd.Const(rng.FillNormal(tensor.New(2, 2, 3, 2), 0, 1))
	if got, want := FlattenCHW.Forward(x).Value, x.Value; got.At(1, 0*6+1*3+2) != want.At(1, 1, 2, 0) || got.At(0, 1*6+0*3+1) != want.At(0, 0, 1, 1) {
		t.Error("FlattenCHW is not channels first")
	}
}

// TestTruncatedNormal: nothing beyond two deviations, much between one and two, both signs.
func TestTruncatedNormal(t *testing.T) {
	w := tensor.New(20000)
	TruncatedNormal(tensor.NewRNG(7), w, 0.5)
	beyond := 0
	for _, v := range w.Data {
		if math.Abs(float64(v)) > 0.5 {
			beyond++
		}
	}
	if far, low := slices.Max(w.Data), slices.Min(w.Data); !(far <= 1 && far > 0.98 && low >= -1 && low < -0.98) {
		t.Errorf("from %g to %g, want just -1 to 1", low, far)
	}
	if got := float64(beyond) / 20000; !(math.Abs(got-0.2847) <= 0.02) { // (Φ(2)-Φ(1))/(Φ(2)-1/2)
		t.Errorf("%g are beyond one deviation, want 0.2847", got)
	}
}
