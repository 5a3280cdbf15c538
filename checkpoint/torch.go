package checkpoint

import (
	"fmt"
	"strings"

	"github.com/tessera-go/tessera/tensor"
)

// layoutKey marks files whose weights have Tessera's layout; a file without it is taken to be a PyTorch state dictionary.
const layoutKey = "tessera.layout"

// Layouts of a file's kernels; see tensor.Layout.
const (
	ChannelsLast = "channels_last" // convolutions [KH KW I O], linear [I O]
	Torch        = "torch"         // convolutions [O I KH KW], linear [O I]
)

// Layout returns which layout the file's weights have.
func (f *File) Layout() string {
	if f.Metadata[layoutKey] == ChannelsLast {
		return ChannelsLast
	}
	return Torch
}

// MarkLayout writes the layout into the metadata.
func (f *File) MarkLayout(layout string) {
	if f.Metadata == nil {
		f.Metadata = map[string]string{}
	}
	f.Metadata[layoutKey] = layout
}

// ToTorch returns x as PyTorch stores a tensor of that layout: a kernel's last two axes come first, exchanged, so that linear
// [I O] becomes [O I], and convolutions [K I O], [KH KW I O] and [KT KH KW I O] become [O I K], [O I KH KW] and [O I KT KH KW].
// What stays as it is is not copied.
func ToTorch(x *tensor.Tensor, layout tensor.Layout) *tensor.Tensor {
	n := len(x.Shape)
	if layout != tensor.Kernel || n < 2 {
		return x
	}
	order := []int{n - 1, n - 2}
	for i := range n - 2 {
		order = append(order, i)
	}
	return permuted(x, order)
}

// FromTorch undoes ToTorch.
func FromTorch(x *tensor.Tensor, layout tensor.Layout) *tensor.Tensor {
	n := len(x.Shape)
	if layout != tensor.Kernel || n < 2 {
		return x
	}
	var order []int
	for i := range n - 2 {
		order = append(order, i+2)
	}
	return permuted(x, append(order, 1, 0))
}

func permuted(x *tensor.Tensor, order []int) *tensor.Tensor {
	y := tensor.New(tensor.PermuteShape(x.Shape, order)...)
	tensor.Permute(y, x, order...)
	return y
}

// Restore copies the file's tensors into dst by name, those of PyTorch's layout converted by dst's. A name in the file that begins with prefix
// is matched without it. It reports what did not fit: a missing name, another shape.
func (f *File) Restore(dst []Named, prefix string) error {
	have := map[string]*tensor.Tensor{}
	for _, t := range f.Tensors {
		if n, ok := strings.CutPrefix(t.Name, prefix); ok {
			have[n] = t.Value
		}
	}
	torch := f.Layout() == Torch
	for _, d := range dst {
		s := have[d.Name]
		if s == nil {
			if strings.HasSuffix(d.Name, "num_batches_tracked") {
				continue
			}
			return fmt.Errorf("there is no tensor %q in the file; it has %s", prefix+d.Name, someNames(f.Tensors))
		}
		if torch {
			s = FromTorch(s, d.Layout)
		}
		if len(s.Data) != len(d.Value.Data) || len(s.Shape) > 0 && !tensor.SameShape(s.Shape, d.Value.Shape) {
			return fmt.Errorf("tensor %q has shape %v, the model wants %v", prefix+d.Name, s.Shape, d.Value.Shape)
		}
		copy(d.Value.Data, s.Data)
	}
	return nil
}

// RestoreAll is Restore of a file whose tensors that begin with prefix are all in dst: others are of another model, whose names may happen to be dst's.
func (f *File) RestoreAll(dst []Named, prefix string) error {
	known := map[string]bool{}
	for _, d := range dst {
		known[prefix+d.Name] = true
	}
	for _, t := range f.Tensors {
		if strings.HasPrefix(t.Name, prefix) && !known[t.Name] {
			return fmt.Errorf("tensor %q of the file is not in the model: the file is of another one, or of another version of the program", t.Name)
		}
	}
	return f.Restore(dst, prefix)
}

func someNames(ts []Named) string {
	if len(ts) == 0 {
		return "none"
	}
	var out []string
	for i, t := range ts {
		if i == 4 {
			out = append(out, fmt.Sprintf("and %d more", len(ts)-4))
			break
		}
		out = append(out, t.Name)
	}
	return strings.Join(out, ", ")
}

// TorchFile returns tensors as a PyTorch state dictionary, each converted by its layout.
func TorchFile(ts []Named) *File {
	f := &File{Metadata: map[string]string{"format": "pt"}}
	for _, t := range ts {
		f.Tensors = append(f.Tensors, Named{Name: t.Name, Value: ToTorch(t.Value, t.Layout)})
	}
	return f
}
