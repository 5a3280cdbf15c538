package train

import (
	"testing"

	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/optim"
	"github.com/tessera-go/tessera/tensor"
)

// TestForget: the optimiser of a group that begins anew is as it was made; others keep what they had.
func TestForget(t *testing.T) {
	s := &training{groups: map[string]*group{}}
	for _, name := range []string{"new", "old"} {
		p := []layers.Param{{Name: "w", Value: tensor.New(3)}}
		opt, err := optim.New("adam", p, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range opt.State() {
			q.Value.Fill(2)
		}
		s.groups[name], s.names = &group{Group{Name: name, Params: p}, opt}, append(s.names, name)
	}
	s.forget([]string{"new"})
	for name, want := range map[string]float32{"new": 0, "old": 2} {
		for _, q := range s.groups[name].opt.State() {
			if q.Value.Data[0] != want {
				t.Errorf("%s: %s is %g, want %g", name, q.Name, q.Value.Data[0], want)
			}
		}
	}
}

// TestRests: a group rests for epochs of updates from the run's first on, whatever part of one.
func TestRests(t *testing.T) {
	s := &training{run: &Run{epoch: 4}}
	for _, c := range []struct {
		rest   float64
		update int
		want   bool
	}{{0, 0, false}, {1, 3, true}, {1, 4, false}, {0.3, 1, true}, {0.3, 2, false}, {2, 7, true}, {2, 8, false}} {
		s.update = c.update
		if got := s.rests(&group{Group: Group{Rest: c.rest}}); got != c.want {
			t.Errorf("rest %g, update %d: %v", c.rest, c.update, got)
		}
	}
}
