package detect

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
)

// about is what a file says of a detector, by which New makes it again.
func (p Detect) about(s seeing, names []string, t *layers.Trunk) map[string]string {
	classes, _ := json.Marshal(names) // texts always can be
	of := spec.Spec{Kind: p.Name()}.With("head", p.Head).With("channels", strconv.Itoa(p.Channels))
	if p.Head == "rcnn" {
		of = of.With("neck", p.Neck)
	} else {
		of = of.With("convs", strconv.Itoa(p.Convs))
	}
	return map[string]string{"detector": of.String(), "classes": string(classes), "side": strconv.Itoa(s.side), "norm": s.norm.String(), "trunk": t.Name}
}

// Detector finds objects in pictures.
type Detector struct {
	Classes []string
	see     seeing
	net     detector
}

// mostClasses is how many classes the file of a detector may have.
const mostClasses = 100_000

// New returns a detector of the kind that a file says, on a trunk of the build that it learned on; its weights are to be read into it.
func New(t *layers.Trunk, about map[string]string) (*Detector, error) {
	s, err := spec.Parse(about["detector"])
	if err != nil {
		return nil, fmt.Errorf("detector %q: %w", about["detector"], err)
	}
	v := s.Values("detector", kind.Options)
	p, _ := kind.Make(v).(Detect)
	if err := v.Err(); err != nil || s.Kind != kind.Name || s.Path != "" {
		return nil, fmt.Errorf("%q is no detector: %w", about["detector"], err)
	}
	out := &Detector{}
	if err := json.Unmarshal([]byte(about["classes"]), &out.Classes); err != nil || len(out.Classes) == 0 || len(out.Classes) > mostClasses {
		return nil, fmt.Errorf("the detector's classes are %q, want a list of 1 to %d names", about["classes"], mostClasses)
	}
	if out.see.side, err = strconv.Atoi(about["side"]); err != nil || out.see.side < 1 || out.see.side > mostSide {
		return nil, fmt.Errorf("the detector's side is %q, want 1 to %d", about["side"], mostSide)
	}
	if out.see.norm, err = data.ParseNorm(about["norm"]); err != nil {
		return nil, err
	}
	out.net, _, err = p.make(t, out.see.side, len(out.Classes))
	return out, err
}

// Visit visits the weights.
func (d *Detector) Visit(prefix string, f func(layers.Param)) { d.net.Visit(prefix, f) }

// Find returns what is in a picture, the surest first, in its pixels.
func (d *Detector) Find(tape *autograd.Tape, im *data.Image) []Found {
	x := tensor.New(1, d.see.side, d.see.side, 3)
	d.see.norm.Normalize(x.Data, d.see.of(im))
	found := d.see.back(d.net.Find(tape.Input(x))[0], im.H, im.W)
	tape.Reset()
	return found
}
