package pretext

import (
	"math"
	"regexp"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
)

// agingStep is an update of some batches, of which what is done after it is kept.
type agingStep struct {
	pairStep
	update int
	last   bool
	after  []func()
}

func (s *agingStep) At() (int, int)                       { return s.update, 100 }
func (s *agingStep) Last() bool                           { return s.last }
func (s *agingStep) After(f func())                       { s.after = append(s.after, f) }
func (s *agingStep) Rows(x *tensor.Tensor) *tensor.Tensor { return x }

// TestQueueAge: what is told is the mean number of updates since each row was put in, as a list of them has it; of a queue that begins with zeros, in some update, from when it is full.
func TestQueueAge(t *testing.T) {
	for _, c := range []struct{ rows, each, batches, from int }{{7, 3, 1, 0}, {8, 2, 2, 0}, {5, 8, 1, 0}, {6, 6, 1, 0}, {64, 4, 1, 0}, {7, 3, 1, 4}, {8, 4, 3, 2}} {
		q := newQueue(tensor.NewRNG(1), c.rows, 4)
		born := make([]int, c.rows) // the first update, of random rows
		if c.from > 0 {
			q.rows.Fill(0)
		}
		at, put := 0, 0
		for update := c.from; update < c.from+12; update++ {
			s := &agingStep{pairStep: pairStep{values: map[string]float64{}}, update: update}
			for b := range c.batches {
				s.last = b == c.batches-1
				half := c.each / 2
				q.put(s, tensor.New(half, 4).Fill(0.5), tensor.New(c.each-half, 4).Fill(0.5))
			}
			want := 0.0
			for _, u := range born {
				want += float64(update-u) / float64(c.rows)
			}
			for _, f := range s.after {
				f()
			}
			got, told := s.values["queue_age"]
			if told != (c.from == 0 || put >= c.rows) || told && !(math.Abs(got-want) <= 1e-9) {
				t.Errorf("%+v at update %d: age %g, told: %v, want %g", c, update, got, told, want)
			}
			put += c.each * c.batches
			for range c.each * c.batches {
				born[at], at = update, (at+1)%c.rows
			}
		}
	}
	q := newQueue(tensor.NewRNG(1), 4, 4)
	q.put(&agingStep{last: true}, tensor.New(2, 4)) // of a look nothing is kept
	if q.rate != 0 {
		t.Errorf("a look counts %d rows", q.rate)
	}
}

// TestCollapseIsToTurn: a task whose held-out values say that a net has collapsed says what to turn, in a line or two, and by options that it has.
func TestCollapseIsToTurn(t *testing.T) {
	option := regexp.MustCompile(`([a-z-]+)=`)
	for _, name := range []string{"barlow", "byol", "deepcluster", "dino", "moco", "nnclr", "npid", "pirl", "simclr", "simsiam", "supcon", "swav", "vicreg"} {
		about := Tell(name)
		if about.Collapse == "" || len(about.Collapse) > 200 {
			t.Errorf("%s says %q", name, about.Collapse)
		}
		for _, said := range option.FindAllStringSubmatch(about.Collapse, -1) {
			known := false
			for _, o := range about.Options {
				known = known || o.Name == said[1]
			}
			if !known {
				t.Errorf("%s: %q names %s, which it does not have", name, about.Collapse, said[1])
			}
		}
	}
	if got := Tell("multi?tasks=rotation,byol").Collapse; got != "byol: "+Tell("byol").Collapse {
		t.Errorf("several tasks say %q", got)
	}
}

// TestMoCoGroups: groups that a trunk without statistics of a batch cannot have are told, unless nobody asked for them.
func TestMoCoGroups(t *testing.T) {
	for trunk, says := range map[string]string{"convnet": "", "vit-tiny?patch=16&depth=1": "has no statistics of a batch, groups=4 changes nothing"} {
		for task, want := range map[string]string{"moco?queue=16&groups=4": says, "moco?queue=16": ""} {
			made, err := New(task)
			if err != nil {
				t.Fatal(err)
			}
			net, err := layers.NewTrunk(trunk, tensor.NewRNG(1), 3)
			if err != nil {
				t.Fatal(err)
			}
			said := ""
			if _, err := made.Learner(Setup{Trunk: net, Side: 32, Norm: data.HalfNorm, RNG: tensor.NewRNG(2), Say: func(s string) { said += s }}); err != nil {
				t.Fatal(err)
			}
			if (want == "") != (said == "") || !strings.Contains(said, want) {
				t.Errorf("%s on %s says %q, want %q", task, trunk, said, want)
			}
		}
	}
}
