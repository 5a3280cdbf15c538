package layers

import (
	"cmp"
	"fmt"
	"math"
	"sync"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/tensor"
)

// ViTOptions of ViT.
type ViTOptions struct {
	Patch               int     // pixels along a side; 0 means 16
	Width, Depth, Heads int     // of a trunk that is made by its name, where they are not the name's
	Side                int     // of the pictures whose patches the table of positions is for; 0 means 224, or what whole patches come next, or 32 where Patch is 4
	Mean                bool    // the mean of the patches stands for a picture, not the class token
	Drop                float32 // a branch of the last block is left out with this probability while training, of earlier blocks with less (Huang et al. 2016)
	Stride              int     // pixels from patch to patch, at most Patch; 0 means Patch. Smaller, patches overlap (Amir et al. 2021, section 3)
	MAE                 bool    // initialised as He et al. 2022: linear layers by Glorot's rule, positions as Waves, by which neighbours are alike from the first step. All learns on
}

// usual returns the options with what 0 means.
func (o ViTOptions) usual() ViTOptions {
	if o.Patch == 0 {
		o.Patch = 16
	}
	switch {
	case o.Side > 0:
	case o.Patch == 4:
		o.Side = 32
	default:
		o.Side = max(1, 224/o.Patch) * o.Patch
	}
	if o.Stride == 0 || o.Stride > o.Patch {
		o.Stride = o.Patch
	}
	return o
}

// read reads a specification's options.
func (o *ViTOptions) read(v *spec.Values, name string) {
	o.Patch, o.Side, o.Stride = v.Int("patch", 1, 1<<10), v.Int("side", 0, 1<<12), v.Int("stride", 0, 1<<10)
	o.Width, o.Depth, o.Heads = v.Int("width", 0, 1<<13), v.Int("depth", 0, 1<<10), v.Int("heads", 0, 256)
	o.Mean, o.Drop = v.One("pool", "class", "mean") == "mean", float32(v.Float("drop", 0, 0.99))
	o.MAE = v.One("init", "timm", "mae") == "mae"
	if u := o.usual(); v.Err() == nil && u.Side%u.Patch != 0 {
		v.Fail("side=%d is not whole patches of %d; %d would be", u.Side, u.Patch, max(1, u.Side/u.Patch)*u.Patch)
	}
	width, heads := cmp.Or(o.Width, vits[name][0]), cmp.Or(o.Heads, vits[name][2])
	switch {
	case v.Err() != nil:
	case width%heads != 0:
		v.Fail("width=%d does not go into heads=%d; width=%d does", width, heads, (width+heads-1)/heads*heads)
	case o.MAE && width%4 != 0:
		v.Fail("width=%d: init=mae wants a multiple of 4", width)
	}
}

// ViT returns the vision transformer (Dosovitskiy et al. 2021, "An image is worth 16x16 words") of a width, depth and number of heads for
// pictures of c channels: stages embed, and block1 to the last, whose features have passed the last norm. It is timm's, names and
// initialisation too: norms before each branch, eps 1e-6, a class token, learned positions, normal weights of deviation 0.02 (timm's
// truncation at ±2 is of no effect). Pictures of other sides see the table of positions resampled bicubically, with antialiasing, as
// timm's resample_abs_pos_embed does by default.
func ViT(rng *tensor.RNG, c, width, depth, heads int, o ViTOptions) *Trunk {
	o = o.usual()
	if o.Side%o.Patch != 0 {
		panic(fmt.Sprintf("layers.ViT: pictures of %d pixels are not whole patches of %d", o.Side, o.Patch))
	}
	e := &patchEmbed{grid: o.Side / o.Patch, patch: o.Patch, stride: o.Stride}
	low := (o.Patch - o.Stride) / 2
	e.proj = NewConv2D(rng, c, width, o.Patch, ConvOptions{Stride: o.Stride, Pad: low})
	e.proj.Conv.H.High, e.proj.Conv.W.High = o.Patch-o.Stride-low, o.Patch-o.Stride-low
	e.class = rng.FillNormal(tensor.New(1, 1, width), 0, 1e-6)
	e.place = rng.FillNormal(tensor.New(1, 1+e.grid*e.grid, width), 0, 0.02)
	if o.MAE {
		edge := float32(math.Sqrt(6 / float64(o.Patch*o.Patch*c+width)))
		rng.FillUniform(e.proj.W, -edge, edge)
		tensor.Zero(e.proj.B)
		rng.FillNormal(e.class, 0, 0.02)
		copy(e.place.Data, Waves(e.grid, e.grid, width).Data)
	}
	t := &Trunk{Name: "vit", Tokens: 1 + depth, Patch: o.Stride, MeanPatch: o.Mean, embed: e}
	t.Side = t.Whole(o.Side)
	t.Stages = append(t.Stages, Stage{"embed", width, Sequential{{"", e}}})
	for i := range depth {
		parts := Sequential{{fmt.Sprint("blocks.", i), newTransformerBlock(rng, width, heads, risingDrop(o.Drop, i, depth), o.MAE)}}
		if i == depth-1 {
			parts = append(parts, Child{"norm", vitNorm(width)})
		}
		t.Stages = append(t.Stages, Stage{fmt.Sprint("block", i+1), width, parts})
	}
	return t
}

// patchEmbed makes tokens [N 1+L C] of pictures: the class token, and each patch as one linear layer sees it.
type patchEmbed struct {
	proj                *Conv2D
	class, place        *tensor.Tensor // [1 1 C], [1 1+grid² C]
	grid, patch, stride int
	resampled           sync.Map // of [2]int, rows and columns: what resamples the table, [1 rows·columns grid²]
}

// Forward embeds all patches.
func (e *patchEmbed) Forward(x *autograd.Var) *autograd.Var { return e.of(x, Patches{}) }

// of embeds some patches.
func (e *patchEmbed) of(x *autograd.Var, p Patches) *autograd.Var {
	s := x.Shape()
	if len(s) != 4 || s[1]%e.stride != 0 || s[2]%e.stride != 0 || s[1] == 0 || s[2] == 0 {
		panic(&autograd.OpError{Op: "layers.ViT", Msg: fmt.Sprintf("%v: pictures [N H W C] are cut into patches %d pixels apart, so their sides must be multiples of %d, such as %d",
			s, e.stride, e.stride, e.fits(s))})
	}
	h, w := s[1]/e.stride, s[2]/e.stride
	y := enter("patch_embed.proj", e.proj, x)
	place := x.Param(e.place)
	if h != e.grid || w != e.grid {
		n := e.grid * e.grid
		place = autograd.Concat(1, autograd.Slice(place, 1, 0, 1, 1), autograd.BatchMatMul(autograd.Const(e.resample(h, w)), autograd.Slice(place, 1, 1, n, 1)))
	}
	y = autograd.Reshape(y, s[0], h*w, -1)
	return p.keep(autograd.Tokens(p.hide(y), x.Param(e.class), place))
}

// fits returns a side that fits, near that of pictures [... H W C].
func (e *patchEmbed) fits(s []int) int {
	side := e.patch
	if len(s) == 4 {
		side = s[1]
	}
	return max(1, (side+e.stride/2)/e.stride) * e.stride
}

// resample returns the matrix that makes h by w positions of the table's, [1 h·w grid²].
func (e *patchEmbed) resample(h, w int) *tensor.Tensor {
	if m, ok := e.resampled.Load([2]int{h, w}); ok {
		return m.(*tensor.Tensor)
	}
	rows, cols := bicubic(h, e.grid), bicubic(w, e.grid)
	m := tensor.New(1, h*w, e.grid*e.grid)
	for i := range h {
		for j := range w {
			for k := range e.grid {
				for l := range e.grid {
					m.Data[((i*w+j)*e.grid+k)*e.grid+l] = float32(rows[i*e.grid+k] * cols[j*e.grid+l])
				}
			}
		}
	}
	e.resampled.Store([2]int{h, w}, m)
	return m
}

// bicubic returns the weights [to from] that resample a line: Keys' kernel with a = -0.5, as wide as the larger of the two grids' cells
// (antialiasing), normalised at the ends, as PyTorch's interpolate with antialias and as Pillow have it.
func bicubic(to, from int) []float64 {
	scale := float64(from) / float64(to)
	wide := max(scale, 1)
	out := make([]float64, to*from)
	for i := range to {
		centre, sum := (float64(i)+0.5)*scale, 0.0
		row := out[i*from : (i+1)*from]
		for j := max(0, int(centre-2*wide+0.5)); j < min(from, int(centre+2*wide+0.5)); j++ {
			x := math.Abs((float64(j) + 0.5 - centre) / wide)
			switch {
			case x < 1:
				row[j] = (1.5*x-2.5)*x*x + 1
			case x < 2:
				row[j] = ((-0.5*x+2.5)*x-4)*x + 2
			}
			sum += row[j]
		}
		for j := range row {
			row[j] /= sum
		}
	}
	return out
}

// Visit names cls_token, pos_embed and patch_embed.proj.
func (e *patchEmbed) Visit(prefix string, f func(Param)) {
	f(Param{Name: join(prefix, "cls_token"), Value: e.class, Kind: Vector})
	f(Param{Name: join(prefix, "pos_embed"), Value: e.place, Kind: Vector})
	e.proj.Visit(join(prefix, "patch_embed.proj"), f)
}

// transformerBlock is a block with norms before its branches: x + proj(attention(qkv(norm1(x)))), then x + fc2(gelu(fc1(norm2(x)))).
type transformerBlock struct {
	norm1, norm2        *LayerNorm
	qkv, proj, fc1, fc2 *Linear
	heads               int
	drop                float32
}

func newTransformerBlock(rng *tensor.RNG, width, heads int, drop float32, glorot bool) *transformerBlock {
	linear := func(in, out int) *Linear {
		if glorot {
			return XavierLinear(rng, in, out)
		}
		return &Linear{rng.FillNormal(tensor.New(in, out), 0, 0.02), tensor.New(out)}
	}
	return &transformerBlock{vitNorm(width), vitNorm(width), linear(width, 3*width), linear(width, width), linear(width, 4*width), linear(4*width, width), heads, drop}
}

// vitNorm is the layer normalisation of vision transformers.
func vitNorm(width int) *LayerNorm {
	n := NewLayerNorm(width)
	n.Eps = 1e-6
	return n
}

// Forward runs the block on tokens [N L C]. The tape may let go what only the block's own backward pass reads.
func (b *transformerBlock) Forward(x *autograd.Var) *autograd.Var {
	n := enter("norm1", b.norm1, x)
	qkv := enter("attn.qkv", b.qkv, n)
	a := autograd.Attention(qkv, b.heads)
	y := b.add("attn.proj", b.proj, a, x)
	x.Tape().Drop(n, qkv, a)
	n = enter("norm2", b.norm2, y)
	leave := x.Tape().Enter("mlp.fc1")
	h := autograd.LinearGELU(n, n.Param(b.fc1.W), n.Param(b.fc1.B))
	leave()
	z := b.add("mlp.fc2", b.fc2, h, y)
	x.Tape().Drop(n, h, y)
	return z
}

// add returns x + l(y), or x alone for the samples whose branch is left out.
func (b *transformerBlock) add(name string, l *Linear, y, x *autograd.Var) *autograd.Var {
	leave := x.Tape().Enter(name)
	defer leave()
	w, bias := y.Param(l.W), y.Param(l.B)
	if t := x.Tape(); b.drop == 0 || t == nil || !t.Training {
		return autograd.LinearAdd(y, w, bias, x)
	}
	ones := x.Tape().New(x.Shape()[0], 1, 1).Fill(1)
	return autograd.Add(x, autograd.Mul(autograd.Linear(y, w, bias), autograd.Dropout(x.Tape().Input(ones), b.drop)))
}

// DropBranches has branches of a trunk left out while training as ViTOptions.Drop says, from now on; of none with 0, as of a teacher, which is to say the same of
// the same picture. It tells whether the trunk has branches that can be left out: those of the first block never are.
func (t *Trunk) DropBranches(drop float32) bool {
	var all []*transformerBlock
	for _, s := range t.Stages {
		for _, c := range s.Parts {
			if b, ok := c.Module.(*transformerBlock); ok {
				all = append(all, b)
			}
		}
	}
	for i, b := range all {
		b.drop = risingDrop(drop, i, len(all))
	}
	return len(all) > 1
}

// risingDrop returns with which probability a branch of block i of so many is left out: the last one's with drop, the first one's never.
func risingDrop(drop float32, i, depth int) float32 {
	if depth < 2 {
		return 0
	}
	return drop * float32(i) / float32(depth-1)
}

// Visit names norm1, attn.qkv, attn.proj, norm2, mlp.fc1 and mlp.fc2.
func (b *transformerBlock) Visit(prefix string, f func(Param)) {
	for _, c := range []Child{{"norm1", b.norm1}, {"attn.qkv", b.qkv}, {"attn.proj", b.proj}, {"norm2", b.norm2}, {"mlp.fc1", b.fc1}, {"mlp.fc2", b.fc2}} {
		c.Module.Visit(join(prefix, c.Name), f)
	}
}
