package checkpoint

import (
	"fmt"
	"strings"

	"github.com/tessera-go/tessera/tensor"
)

// layoutKey marks files whose weights have Tessera's layout; a file without it is taken to be a PyTorch state dictionary.
const layoutKey = "tessera.layout"

// Layouts of weights in a file.
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

// ToTorch returns x as PyTorch stores it: four axes [KH KW I O] -> [O I KH KW], two axes [I O] -> [O I].
func ToTorch(x *tensor.Tensor) *tensor.Tensor {
	switch len(x.Shape) {
	case 4:
		return permuted(x, 3, 2, 0, 1)
	case 2:
		return permuted(x, 1, 0)
	}
	return x
}

// FromTorch undoes ToTorch.
func FromTorch(x *tensor.Tensor) *tensor.Tensor {
	switch len(x.Shape) {
	case 4:
		return permuted(x, 2, 3, 1, 0)
	case 2:
		return permuted(x, 1, 0)
	}
	return x
}

func permuted(x *tensor.Tensor, order ...int) *tensor.Tensor {
	y := tensor.New(tensor.PermuteShape(x.Shape, order)...)
	tensor.Permute(y, x, order...)
	return y
}

// Restore copies the file's tensors into dst by name, converting the layout. A name in the file that begins with prefix
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
			s = FromTorch(s)
		}
		if len(s.Data) != len(d.Value.Data) || len(s.Shape) > 0 && !tensor.SameShape(s.Shape, d.Value.Shape) {
			return fmt.Errorf("tensor %q has shape %v, the model wants %v", prefix+d.Name, s.Shape, d.Value.Shape)
		}
		copy(d.Value.Data, s.Data)
	}
	return nil
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

// TorchFile returns tensors as a PyTorch state dictionary.
func TorchFile(ts []Named) *File {
	f := &File{Metadata: map[string]string{"format": "pt"}}
	for _, t := range ts {
		f.Tensors = append(f.Tensors, Named{t.Name, ToTorch(t.Value)})
	}
	return f
}
