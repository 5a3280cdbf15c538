package layers

import (
	"cmp"
	"fmt"
	"sort"
	"strings"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/tensor"
)

// Trunk is a network without its head: stages whose features can be read one by one. A stage's children carry the names
// that torchvision gives them in the whole network; the stage's own name is for people.
//
// Every trunk takes pictures [N H W C] and clips [N T H W C]. One for pictures sees each frame of a clip by itself; one for clips sees a picture as
// a clip of one frame, whose features have the axes of a picture's.
type Trunk struct {
	Name   string
	Side   int // the image side that it was designed for
	Frames int // the clip's length that it was designed for; 0: it is for pictures
	Stages []Stage
	// Tokens is how many stages, the first ones, hand on tokens [N 1+L C] in place of maps: a class token before those of L patches, which
	// begin Patch pixels apart. The features of such a stage are those of the patches as a map; its summary is the class token, or with
	// MeanPatch there is none and the mean of the patches stands for a picture, as it does of all maps.
	Tokens, Patch int
	MeanPatch     bool
	// Again makes another trunk of this one's build, with weights of its own: a teacher, a twin. NewTrunk sets it; of a trunk made
	// otherwise it is nil unless its maker sets it.
	Again func(rng *tensor.RNG) *Trunk

	embed *patchEmbed // of a vision transformer; nil of others
}

// Stage is a part of a trunk, and how many channels come out of it.
type Stage struct {
	Name     string
	Channels int
	Parts    Sequential
}

// Forward returns the last stage's features, [N H W C], or [N T H W C] of clips. Pool makes one vector of each.
func (t *Trunk) Forward(x *autograd.Var) *autograd.Var {
	seen := t.see(x)
	y := t.Through(0, len(t.Stages), seen)
	if seen != x {
		return t.back(y, x)
	}
	return y
}

// see returns clips as frames for a trunk of pictures, [N·T H W C], and pictures as clips of one frame for a trunk of clips, [N 1 H W C].
func (t *Trunk) see(x *autograd.Var) *autograd.Var {
	switch s := x.Shape(); {
	case len(s) == 5 && t.Frames == 0:
		return autograd.Reshape(x, s[0]*s[1], s[2], s[3], s[4])
	case len(s) == 4 && t.Frames > 0:
		return autograd.Reshape(x, s[0], 1, s[1], s[2], s[3])
	}
	return x
}

// back returns the features y of what see made of x with x's axes.
func (t *Trunk) back(y, x *autograd.Var) *autograd.Var {
	s, f := x.Shape(), y.Shape()
	if t.Frames == 0 {
		z := autograd.Reshape(y, s[0], s[1], f[1], f[2], f[3])
		if of := y.Summary(); of != nil { // the mean of the frames'
			z.SetSummary(autograd.MeanAxis(autograd.Reshape(of, s[0], s[1], f[3]), 1))
		}
		return z
	}
	return autograd.Reshape(y, f[0], f[2], f[3], f[4])
}

// Through runs the stages from number from up to to on what the first of them reads, pictures or clips as the trunk has them or features of the
// stage before, and returns the features of the last. A map that a stage of tokens is handed has no class token.
func (t *Trunk) Through(from, to int, x *autograd.Var) *autograd.Var {
	w := walk{t: t, x: x, s: x.Shape()}
	if from > 0 && from < t.Tokens {
		w.h, w.w = w.s[1], w.s[2]
		w.x, w.tokens = autograd.Reshape(x, w.s[0], w.h*w.w, w.s[3]), true
	}
	for i := from; i < to; i++ {
		before := w.x
		w.step(i)
		if i > from && w.x != before && !before.Tape().Records() {
			before.Tape().Drop(before)
		}
	}
	return w.features()
}

// Features returns every stage's features.
func (t *Trunk) Features(x *autograd.Var) []*autograd.Var {
	out := make([]*autograd.Var, len(t.Stages))
	given := x
	x = t.see(x)
	w := walk{t: t, x: x, s: x.Shape()}
	for i := range t.Stages {
		w.step(i)
		if out[i] = w.features(); x != given {
			out[i] = t.back(out[i], given)
		}
	}
	return out
}

// walk is the way of features through stages.
type walk struct {
	t      *Trunk
	x      *autograd.Var // what the last stage handed on
	tokens bool          // x is tokens, not a map
	s      []int         // the shape of what came in
	h, w   int           // patches in a column and in a row; 0: by s
}

// step runs stage i.
func (w *walk) step(i int) {
	tokens := i < w.t.Tokens
	if w.tokens && !tokens {
		w.x = w.features()
	}
	w.x, w.tokens = w.t.Stages[i].Parts.Forward(w.x), tokens
}

// features returns what the last stage handed on as a map.
func (w *walk) features() *autograd.Var {
	if !w.tokens {
		return w.x
	}
	h, c, s := w.h, w.w, w.x.Shape()
	if h == 0 {
		h, c = w.s[1]/w.t.Patch, w.s[2]/w.t.Patch
	}
	first := s[1] - h*c // 1, or 0 where there is no class token
	y := w.x
	if first > 0 {
		y = autograd.Slice(y, 1, first, h*c, 1)
	}
	y = autograd.Reshape(y, s[0], h, c, s[2])
	if first > 0 && !w.t.MeanPatch {
		y.SetSummary(autograd.Reshape(autograd.Slice(w.x, 1, 0, 1, 1), s[0], s[2]))
	}
	return y
}

// Whole returns the smallest side of pictures, at least side, that the trunk can cut into whole patches; of maps, side itself.
func (t *Trunk) Whole(side int) int {
	if t.Patch == 0 {
		return side
	}
	return (side + t.Patch - 1) / t.Patch * t.Patch
}

// Pooled returns what stands for all of a trunk's features, [N C]: their summary where they have one, such as a class token, their mean over
// all places and frames elsewhere.
func Pooled(x *autograd.Var) *autograd.Var {
	if s := x.Summary(); s != nil {
		return s
	}
	return autograd.GlobalAvgPool(x)
}

// Visit visits the stages' parts.
func (t *Trunk) Visit(prefix string, f func(Param)) {
	for _, s := range t.Stages {
		s.Parts.Visit(prefix, f)
	}
}

// Channels returns how many channels the last stage has.
func (t *Trunk) Channels() int { return t.Stages[len(t.Stages)-1].Channels }

// Net is a trunk and a head: trunk.* and head.* in a checkpoint.
type Net struct {
	Trunk *Trunk
	Head  Module
}

// Forward runs the head on the trunk's last features.
func (n *Net) Forward(x *autograd.Var) *autograd.Var {
	return enter("head", n.Head, enter("trunk", n.Trunk, x))
}

// Visit names trunk and head.
func (n *Net) Visit(prefix string, f func(Param)) {
	n.Trunk.Visit(join(prefix, "trunk"), f)
	n.Head.Visit(join(prefix, "head"), f)
}

// PoolHead is one vector of a trunk's last stage, and one linear layer to so many values.
func PoolHead(rng *tensor.RNG, t *Trunk, out int) Module {
	return Sequential{{"pool", Pool}, {"fc", NewLinear(rng, t.Channels(), out, LinearOptions{})}}
}

// Classifier returns a trunk with one vector of its last stage and one linear layer, named as torchvision names it: fc.
func Classifier(rng *tensor.RNG, t *Trunk, classes int) Sequential {
	return Sequential{{"", t}, {"", Pool}, {"fc", NewLinear(rng, t.Channels(), classes, LinearOptions{})}}
}

// Siamese runs one module on several inputs with shared weights, as one batch, and joins the results along the last
// axis: n inputs [N ...] -> [N n·D].
func Siamese(m Module, xs ...*autograd.Var) *autograd.Var {
	y := m.Forward(autograd.Concat(0, xs...))
	n := xs[0].Shape()[0]
	parts := make([]*autograd.Var, len(xs))
	for i := range xs {
		parts[i] = autograd.Slice(y, 0, i*n, n, 1)
	}
	return autograd.Concat(len(y.Shape())-1, parts...)
}

// TripletOf runs one module on an anchor, a positive and a negative with shared weights and returns their embeddings.
func TripletOf(m Module, anchor, positive, negative *autograd.Var) (a, p, n *autograd.Var) {
	y := m.Forward(autograd.Concat(0, anchor, positive, negative))
	k := anchor.Shape()[0]
	return autograd.Slice(y, 0, 0, k, 1), autograd.Slice(y, 0, k, k, 1), autograd.Slice(y, 0, 2*k, k, 1)
}

// Shortcut is what a residual block adds where its result has another shape than its input.
type Shortcut int

const (
	Projection Shortcut = iota // a 1x1 convolution and a norm (He et al. 2016, option B)
	OptionA                    // every stride-th pixel, zeros for the new channels: no parameters
)

var shortcutNames = []string{"projection", "a"}

// String returns projection or a.
func (s Shortcut) String() string { return shortcutNames[s] }

// MarshalText returns the name.
func (s Shortcut) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a name; an unknown one is an error that says which there are.
func (s *Shortcut) UnmarshalText(b []byte) error { return choose(s, shortcutNames, b) }

// TrunkOptions are choices that an architecture's name leaves open. docs/decisions.md has what they do to accuracy.
type TrunkOptions struct {
	Shortcut Shortcut // of residual networks
	Init     Init     // of convolutions
	ZeroLast bool     // residual networks: each block's last norm begins with scale 0, the block with its shortcut (Goyal et al. 2017)
	// Stride is how many times smaller than the picture features become at most, 0 for as the network is: strides beyond it are 1, with the same
	// weights (as Jabri et al. 2020 have it where they compare places). What would halve the features beyond it leaves them as they are.
	Stride int
	ViT    ViTOptions // of vision transformers, which read nothing else
}

// maker returns what makes a trunk whose own initialisation is own.
func (o TrunkOptions) maker(rng *tensor.RNG, own Init) maker {
	if o.Init == InitOwn {
		o.Init = own
	}
	return maker{rng, o, new(int)}
}

// stride returns a stride of a trunk's next part, or a smaller one where features would become smaller than the options allow.
func (m maker) stride(s int) int {
	*m.shrunk = max(*m.shrunk, 1)
	if m.Stride > 0 {
		s = max(1, min(s, m.Stride / *m.shrunk))
	}
	*m.shrunk *= s
	return s
}

// residual says whether an option is set that only residual networks have.
func (o TrunkOptions) residual() bool { return o.Shortcut != Projection || o.ZeroLast }

// plain panics where an option asks for what a network without shortcuts does not have.
func (o TrunkOptions) plain(name string) TrunkOptions {
	if o.residual() {
		panic(fmt.Sprintf("layers.%s: no residual blocks, so no Shortcut and no ZeroLast: %+v", name, o))
	}
	return o
}

// trunkMaker builds a trunk for images or clips of a channel count.
type trunkMaker struct {
	about    string
	residual bool
	make     func(rng *tensor.RNG, channels int, o TrunkOptions) *Trunk
}

var trunks = map[string]trunkMaker{
	"convnet": {"four 3x3 convolutions, the last three with stride 2, 32 to 128 channels; for small images", false,
		func(r *tensor.RNG, c int, o TrunkOptions) *Trunk { return ConvNet(r, c, 32, o) }},
	"resnet18":        {"ResNet-18, ImageNet stem", true, resNet(18, false)},
	"resnet34":        {"ResNet-34, ImageNet stem", true, resNet(34, false)},
	"resnet50":        {"ResNet-50, ImageNet stem", true, resNet(50, false)},
	"resnet101":       {"ResNet-101, ImageNet stem", true, resNet(101, false)},
	"resnet18-cifar":  {"ResNet-18, 3x3 stem without pooling, for 32 to 64 pixels", true, resNet(18, true)},
	"resnet34-cifar":  {"ResNet-34, 3x3 stem without pooling", true, resNet(34, true)},
	"resnet50-cifar":  {"ResNet-50, 3x3 stem without pooling", true, resNet(50, true)},
	"resnet101-cifar": {"ResNet-101, 3x3 stem without pooling", true, resNet(101, true)},
	"resnet20":        {"CIFAR ResNet-20 (He et al. 2016, section 4.2), 16 to 64 channels", true, cifarResNet(20)},
	"resnet32":        {"CIFAR ResNet-32", true, cifarResNet(32)},
	"resnet56":        {"CIFAR ResNet-56", true, cifarResNet(56)},
	"alexnet":         {"AlexNet with batch norm, as in RotNet", false, AlexNet},
	"caffenet":        {"CaffeNet: AlexNet with grouped convolutions, with batch norm", false, CaffeNet},
	"nin":             {"network in network, four blocks, as in RotNet", false, NIN},
	"vgg11":           {"VGG-11 with batch norm", false, vgg(11)},
	"vgg16":           {"VGG-16 with batch norm", false, vgg(16)},
	"l3":              {"a subnetwork of L3-Net: eight 3x3 convolutions, 64 to 512 channels; for pictures and spectrograms", false, L3},
	"avenet":          {"a subnetwork of AVE-Net and AVOL-Net: l3 whose first convolution has stride 2", false, AVENet},
	"r3d18":           {"R3D-18, torchvision's: ResNet-18 of 3x3x3 convolutions, for clips of 16 frames", true, R3D},
	"r2plus1d18":      {"R(2+1)D-18, torchvision's: each 3x3x3 convolution as one in the plane and one through time; for clips", true, R2Plus1D},
	"c3d":             {"C3D with batch norm, as in Xu et al. 2019, for clips of 16 frames", false, C3D},
	"convnet3d": {"four 3x3x3 convolutions, the last three with stride 2, 32 to 128 channels; for small clips", false,
		func(r *tensor.RNG, c int, o TrunkOptions) *Trunk { return ConvNet3D(r, c, 32, o) }},
	"vit-tiny":  {"vision transformer, 192 wide, 12 blocks of 3 heads; patch=4 for 32 pixels", false, vit("vit-tiny")},
	"vit-small": {"vision transformer, 384 wide, 12 blocks of 6 heads", false, vit("vit-small")},
	"vit-base":  {"vision transformer, 768 wide, 12 blocks of 12 heads", false, vit("vit-base")},
	"zhang":     {"the net that colours pictures (Zhang et al. 2016), up to conv7", false, Zhang},
}

// vits are the vision transformers' widths, depths and numbers of heads (Dosovitskiy et al. 2021, table 1; Touvron et al. 2021, table 1).
var vits = map[string][3]int{"vit-tiny": {192, 12, 3}, "vit-small": {384, 12, 6}, "vit-base": {768, 12, 12}}

func vit(name string) func(*tensor.RNG, int, TrunkOptions) *Trunk {
	size := vits[name]
	return func(r *tensor.RNG, c int, o TrunkOptions) *Trunk {
		return ViT(r, c, cmp.Or(o.ViT.Width, size[0]), cmp.Or(o.ViT.Depth, size[1]), cmp.Or(o.ViT.Heads, size[2]), o.ViT)
	}
}

func resNet(depth int, cifar bool) func(*tensor.RNG, int, TrunkOptions) *Trunk {
	return func(r *tensor.RNG, c int, o TrunkOptions) *Trunk { return ResNet(r, c, depth, cifar, o) }
}

func cifarResNet(depth int) func(*tensor.RNG, int, TrunkOptions) *Trunk {
	return func(r *tensor.RNG, c int, o TrunkOptions) *Trunk { return CIFARResNet(r, c, depth, o) }
}

func vgg(depth int) func(*tensor.RNG, int, TrunkOptions) *Trunk {
	return func(r *tensor.RNG, c int, o TrunkOptions) *Trunk { return VGG(r, c, depth, true, o) }
}

// trunkOptions are what a trunk's specification can say: those of every trunk, then those of residual networks.
var (
	trunkOptions = []spec.Option{{Name: "init", Default: "own", About: "of convolutions: uniform, fan-out, fan-in, or the trunk's own"},
		{Name: "stride", Default: "0", About: "how many times smaller than the picture features become at most: later strides are 1; 0: as the trunk is"},
		{Name: "sobel", Default: "no", About: "pictures are seen as maps of how their grey falls, without colours, as DeepCluster's are"}}
	residualOptions = []spec.Option{{Name: "shortcut", Default: "projection", About: "where a block changes the shape: projection, or a (no parameters)"},
		{Name: "zero", Default: "no", About: "yes: each block's last norm begins with scale 0"}}
	vitOptions = []spec.Option{{Name: "patch", Default: "16", About: "pixels along a side of a patch: 4, 8, 14 or 16, or any other"},
		{Name: "depth", Default: "0", About: "blocks; 0: 12"},
		{Name: "side", Default: "0", About: "of the pictures that positions are learned for; others see them resampled; 0: 224, or 32 where patch is 4"},
		{Name: "pool", Default: "class", About: "what stands for a picture: class, the class token, or mean, of the patches"},
		{Name: "drop", Default: "0", About: "how often the last block's branches are left out while training, earlier ones' less"},
		{Name: "stride", Default: "0", About: "pixels from patch to patch, at most patch: smaller, patches overlap; 0: patch"},
		{Name: "init", Default: "timm", About: "timm's, or mae: as He et al. 2022, with larger weights, and positions by which neighbours are alike"},
		{Name: "width", Default: "0", About: "of its tokens, a multiple of heads (of 4, with init=mae); 0: the name's, as of heads"},
		{Name: "heads", Default: "0", About: "of their attention"}}
)

// NewTrunk returns the trunk of a specification such as resnet20 or resnet20?shortcut=a&init=fan-out, for images of so many channels.
func NewTrunk(of string, rng *tensor.RNG, channels int) (*Trunk, error) {
	s, err := spec.Parse(of)
	if err != nil {
		return nil, fmt.Errorf("trunk %w", err)
	}
	m, ok := trunks[s.Kind]
	if !ok {
		return nil, fmt.Errorf("there is no trunk %q; there are %s", s.Kind, strings.Join(TrunkNames(), ", "))
	}
	v := s.Values("trunk "+s.Kind, TrunkOptionsOf(s.Kind))
	if s.Path != "" {
		v.Fail("it takes no path; options stand after '?'")
	}
	var o TrunkOptions
	grey := false // seen through Sobel's filters
	if _, vision := vits[s.Kind]; vision {
		o.ViT.read(v, s.Kind)
	} else {
		v.Into("init", &o.Init)
		o.Stride = v.Int("stride", 0, 1<<10)
		grey = v.Bool("sobel")
	}
	if m.residual {
		v.Into("shortcut", &o.Shortcut)
		o.ZeroLast = v.Bool("zero")
	}
	if err := v.Err(); err != nil {
		return nil, err
	}
	var again func(rng *tensor.RNG) *Trunk
	again = func(rng *tensor.RNG) *Trunk {
		seen := channels
		if grey {
			seen = 2
		}
		t := m.make(rng, seen, o)
		t.Name, t.Again = s.String(), again
		if first := &t.Stages[0]; grey {
			first.Parts = append(Sequential{{Name: "sobel", Module: newSobel(channels)}}, first.Parts...)
		}
		return t
	}
	t := again(rng)
	if grey && t.Frames > 0 {
		return nil, fmt.Errorf("trunk %s is for clips; option sobel is of those for pictures", s.Kind)
	}
	return t, nil
}

// TrunkOptionsOf returns the options that a trunk's specification can have.
func TrunkOptionsOf(name string) []spec.Option {
	if _, vision := vits[name]; vision {
		return vitOptions
	}
	if trunks[name].residual {
		return append(append([]spec.Option(nil), trunkOptions...), residualOptions...)
	}
	return trunkOptions
}

// Transformer tells whether a specification is one of a vision transformer.
func Transformer(of string) bool {
	s, err := spec.Parse(of)
	_, vision := vits[s.Kind]
	return err == nil && vision
}

// TrunkNames returns the names that NewTrunk knows, sorted.
func TrunkNames() []string {
	var out []string
	for n := range trunks {
		out = append(out, n)
	}
	sort.Strings(out)
	return out
}

// AboutTrunk says in a line what a trunk is.
func AboutTrunk(name string) string { return trunks[name].about }
