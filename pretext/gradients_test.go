package pretext

import (
	"fmt"
	"testing"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
)

// reached is a step that updates nothing and writes down which values each loss reaches, and which groups it is for.
type reached struct {
	pairStep
	by     map[string]map[*tensor.Tensor]bool
	groups map[string]string
}

func (s *reached) Minimise(name string, loss func(*autograd.Tape) *autograd.Var, groups ...string) {
	t := autograd.NewTape(tensor.NewRNG(1))
	s.groups[name], s.by[name] = fmt.Sprint(groups), map[*tensor.Tensor]bool{}
	for _, p := range t.Backward(loss(t)).Params() {
		s.by[name][p] = true
	}
}

// among returns how many of m's weights a loss reaches, and of how many.
func (s *reached) among(name string, m layers.Stateful) [2]int {
	n, all := 0, layers.Params(m)
	for _, p := range all {
		if s.by[name][p.Value] {
			n++
		}
	}
	return [2]int{n, len(all)}
}

func newReached() *reached {
	return &reached{pairStep{values: map[string]float64{}}, map[string]map[*tensor.Tensor]bool{}, map[string]string{}}
}

// TestBYOLGradients: the loss reaches all of the online net and the predictor, and nothing of the teacher.
func TestBYOLGradients(t *testing.T) {
	l := newBYOL(t, "byol?hidden=8&out=4", 16)
	b := (&pairMaker{side: 16}).New(4)
	for v := range b.X {
		tensor.NewRNG(uint64(v)).FillNormal(b.X[v], 0, 1)
	}
	s := newReached()
	l.step(s, b)
	online, predictor, teacher := s.among("loss", l.online), s.among("loss", l.predictor), s.among("loss", l.teacher)
	if online[0] != online[1] || predictor[0] != predictor[1] || online[0] == 0 {
		t.Errorf("gradients for %v of the online net's weights, %v of the predictor's", online, predictor)
	}
	if teacher[0] != 0 || teacher[1] != online[1] {
		t.Errorf("gradients for %v of the teacher's weights", teacher)
	}
	for _, g := range l.Groups() {
		for _, p := range g.Params {
			for _, q := range layers.Params(l.teacher) {
				if p.Value == q.Value {
					t.Errorf("%s of the teacher is trained", q.Name)
				}
			}
		}
	}
}

// TestMaskedGradients: the loss of what is hidden reaches all of the trunk and of what stands behind it, and nothing that is not trained.
func TestMaskedGradients(t *testing.T) {
	for _, of := range []string{"mae?width=16&depth=1", "simmim?block=4", "simmim?block=2"} {
		l, m, step := newMasked(t, of, 16, of == "simmim?block=2")
		mk, err := m.maker(data.Inputs{Images: waves{3, 16}}, false)
		if err != nil {
			t.Fatal(err)
		}
		b, err := draw(mk, []int{0, 1, 2})
		if err != nil {
			t.Fatal(err)
		}
		s := newReached()
		step(s, b)
		if n := s.among("loss", l); n[0] != n[1] || n[0] == 0 {
			t.Errorf("%s: the loss reaches %v of the weights", of, n)
		}
	}
}

// TestContextEncoderGradients: the discriminator's loss reaches the discriminator alone, and each loss is for its own group.
func TestContextEncoderGradients(t *testing.T) {
	for _, mask := range []string{"centre", "blocks"} {
		const side = 16
		l := painter(t, ContextEncoder{Mask: mask, Width: 4}, side, 4)
		m, err := l.maker(data.Inputs{Images: waves{3, side}}, false)
		if err != nil {
			t.Fatal(err)
		}
		b := m.New(3)
		for i := range 3 {
			if err := m.Fill(b, i, i, tensor.NewRNG(uint64(i))); err != nil {
				t.Fatal(err)
			}
		}
		s := newReached()
		l.step(s, b)
		critic := l.critic.(layers.Stateful)
		if n := s.among("loss_discriminator", critic); n[0] != n[1] || n[0] == 0 {
			t.Errorf("%s: the discriminator's loss reaches %v of its weights", mask, n)
		}
		if n := s.among("loss_discriminator", l.Net); n[0] != 0 || n[1] == 0 {
			t.Errorf("%s: the discriminator's loss reaches %v of the painter's weights", mask, n)
		}
		if n := s.among("loss", l.Net); n[0] != n[1] {
			t.Errorf("%s: the painter's loss reaches %v of its weights", mask, n)
		}
		if s.groups["loss_discriminator"] != "[discriminator]" || s.groups["loss"] != "[painter]" {
			t.Errorf("%s: groups %v", mask, s.groups)
		}
	}
}
