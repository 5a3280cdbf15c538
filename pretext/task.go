package pretext

import (
	"fmt"
	"image"
	"net/url"
	"sort"
	"strings"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
)

// Task is a pretext task.
type Task interface {
	// Name is the task's name with its options, as New takes it.
	Name() string
	// Head returns what turns the trunk's last features into answers; side is the side of the input images.
	Head(rng *tensor.RNG, trunk *layers.Trunk, side int) layers.Module
	// Step makes views and targets of a batch, runs the net and returns the loss. rng is this step's.
	Step(tape *autograd.Tape, net layers.Module, x *tensor.Tensor, rng *tensor.RNG) Outcome
	// Chance is the accuracy of guessing.
	Chance() float64
	// Draw shows what the net saw and said for some images.
	Draw(net layers.Module, x *tensor.Tensor, norm data.Norm) image.Image
}

// Outcome of a step.
type Outcome struct {
	Loss    *autograd.Var
	Correct int // answers that were right
	Total   int // answers
}

// about is what New can make.
type about struct {
	line, options string
	make          func(o *options) (Task, error)
}

var tasks = map[string]about{
	"rotation": {"predict by which quarter turn an image was rotated (Gidaris, Singh, Komodakis 2018)",
		"set=0,90,180,270 | 0,180 | 90,270 | 8 (multiples of 45 degrees)", newRotation},
}

// Names returns the tasks' names, sorted.
func Names() []string {
	var out []string
	for n := range tasks {
		out = append(out, n)
	}
	sort.Strings(out)
	return out
}

// About says in a line what a task is, and which options it has.
func About(name string) (line, options string) { return tasks[name].line, tasks[name].options }

// New returns the task of a specification name?option=value.
func New(spec string) (Task, error) {
	name, query, _ := strings.Cut(spec, "?")
	t, ok := tasks[name]
	if !ok {
		return nil, fmt.Errorf("there is no task %q; there is %s", name, strings.Join(Names(), ", "))
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, fmt.Errorf("task %q: the options after '?' do not parse: %v", spec, err)
	}
	o := &options{values, map[string]bool{}}
	task, err := t.make(o)
	if err != nil {
		return nil, fmt.Errorf("task %s: %w", name, err)
	}
	for k := range values {
		if !o.read[k] {
			return nil, fmt.Errorf("task %s has no option %q; it has %s", name, k, t.options)
		}
	}
	return task, nil
}

// options are a specification's options, and which were asked for.
type options struct {
	values url.Values
	read   map[string]bool
}

func (o *options) get(name, otherwise string) string {
	o.read[name] = true
	if o.values.Has(name) {
		return o.values.Get(name)
	}
	return otherwise
}

// poolHead is global average pooling and one linear layer.
func poolHead(rng *tensor.RNG, trunk *layers.Trunk, classes int) layers.Module {
	return layers.Sequential{{Name: "pool", Module: layers.GlobalAvgPool}, {Name: "fc", Module: layers.NewLinear(rng, trunk.Channels(), classes, layers.LinearOptions{})}}
}
