package pretext

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/golden"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// smallContrastive returns a learner on trunks of few channels.
func smallContrastive(t *testing.T, task AVContrastive, s Setup, ear *layers.Trunk) *avContrastive {
	t.Helper()
	task.Ear = "convnet"
	made, err := task.Learner(s)
	if err != nil {
		t.Fatal(err)
	}
	l := made.(*avContrastive)
	l.ear, l.hear = ear, pooledTower(s.RNG, ear, l.task.Embed)
	return l
}

// TestAVContrastivePyTorch: from the same weights, frames, spectrograms and memory loss, every gradient, and what is remembered then are PyTorch's; testdata/av_pairs.py.
func TestAVContrastivePyTorch(t *testing.T) {
	var all map[string]reference
	golden.Load(t, "testdata/av_contrastive.json", &all)
	for kind, c := range map[string]struct {
		task AVContrastive
		rows int
	}{"batch": {AVContrastive{}, 4}, "views": {AVContrastive{Within: 0.5}, 8}, "memory": {AVContrastive{Memory: 3, Momentum: 0.5, Within: 2}, 4}} {
		want := all[kind]
		s, ear := goldenEars(t)
		s.Inputs.Clips = sixMurmurs{}
		c.task.Temperature, c.task.Embed = 0.2, 5
		l := smallContrastive(t, c.task, s, ear)
		goldenWeights(l)
		b := &heardFilms{tensor.New(c.rows, 20, 20, 3), tensor.New(c.rows, 14, 10, 1), []int32{4, 0, 5, 2}}
		golden.Fill(b.X.Data, "frames", 1.7)
		golden.Fill(b.Y.Data, "sounds", 1.7)
		step := newTracedStep()
		if kind != "memory" {
			l.step(step, b)
			want.all(t, step.values["loss"], step.grads, l)
			continue
		}
		for k, name := range []string{"pictures", "sounds"} {
			golden.Fill(l.memory[k].rows.Data, name, 1)
			for i := range 6 {
				unitLength(l.memory[k].rows.Rows(i, i+1).Data)
			}
		}
		z := l.both(step.tape, b)
		loss := l.recall(z, b.Of, []int32{1, 5, 3})
		value := float64(loss.Scalar())
		for k, name := range []string{"pictures", "sounds"} {
			l.memory[k].move(b.Of, z[k].Value.Data, 0.5)
			want.near(t, name, l.memory[k].rows.Data)
		}
		want.all(t, value, step.tape.Backward(loss), l)
	}
}

// sixMurmurs are six films.
type sixMurmurs struct{ murmurs }

func (sixMurmurs) Len() int { return 6 }

// TestAVContrastiveViews: there is a second view, at a time of its own, where views of one kind find each other in the batch, but not where they find what is remembered, nor where that is only looked at; rows of views lie one after the other; films are numbered.
func TestAVContrastiveViews(t *testing.T) {
	s := rolled(10, 3)
	for _, c := range []struct {
		task    AVContrastive
		augment bool
		views   int
	}{{AVContrastive{}, true, 1}, {AVContrastive{Within: 1}, true, 2}, {AVContrastive{Within: 1, Memory: 4}, true, 1}, {AVContrastive{Within: 1, Memory: 4, Frames: 3}, false, 1}} {
		setup := audioSetup(t, halfSecond)
		setup.Inputs = s.inputs()
		l := smallContrastive(t, c.task, setup, smallEar())
		m, err := l.maker(s.inputs(), c.augment)
		if err != nil {
			t.Fatal(err)
		}
		m.still = false
		frames := max(c.task.Frames, 1)
		b := m.New(4)
		if b.X.Dim(0) != c.views*4*frames || b.Y.Dim(0) != c.views*4 {
			t.Fatalf("%+v: %v frames and %v sounds", c, b.X.Shape, b.Y.Shape)
		}
		for row := range 4 {
			i := (row + 2) % 5
			if err := m.Fill(b, row, i, tensor.NewRNG(9)); err != nil {
				t.Fatal(err)
			}
			if int(b.Of[row]) != i {
				t.Errorf("row %d is of film %d, says %d", row, i, b.Of[row])
			}
			var times []float32
			for v := range c.views {
				for k := range frames {
					at := (v*4+row)*frames + k
					x := rounded(b.X.Rows(at, at+1).Data)
					if x[1] != float32(i) {
						t.Errorf("%+v: view %d of row %d is of film %g, want %d", c, v, row, x[1], i)
					}
					times = append(times, x[0])
				}
			}
			if frames == 3 && (times[1]-times[0] != 2 || times[2]-times[0] != 4) || c.views == 2 && times[0] == times[len(times)-1] {
				t.Errorf("%+v: frames %v", c, times)
			}
		}
	}
}

// TestAVContrastiveTells: match counts both ways on the first views; what is drawn is remembered and told apart by its film, so that a film never stands against itself.
func TestAVContrastiveTells(t *testing.T) {
	s := audioSetup(t, halfSecond)
	l := smallContrastive(t, AVContrastive{Embed: 2}, s, smallEar())
	step := newTracedStep()
	unit := func(angles ...float64) *autograd.Var {
		var x []float32
		for _, a := range angles {
			x = append(x, float32(math.Cos(a)), float32(math.Sin(a)))
		}
		return autograd.Const(tensor.From(x, len(angles), 2))
	}
	// pictures 0 and 2 find their sounds; sounds 0 and 2 their pictures; 1 is nearer to others both ways
	l.match(step, [2]*autograd.Var{unit(0, 1, 2), unit(0.1, 2.9, 2.1)}, 3)
	if math.Abs(step.values["chance"]-1.0/3) > 1e-9 || math.Abs(step.values["match"]-2.0/3) > 1e-9 {
		t.Errorf("told %v", step.values)
	}
	memory := &bank{unit(0, 0, 1).Value}
	found := func(drawn ...int32) float32 {
		return autograd.CrossEntropy(memory.recall(unit(0.5), []int32{0}, drawn, 0.07), make([]int32, 1)).Scalar()
	}
	one, two, three := found(0, 2, 0), found(2), found(1, 2)
	if one != two || three <= two {
		t.Errorf("with itself among the others the loss is %g, without %g, with one that is alike %g", one, two, three)
	}
}

// TestAVContrastiveMemory: it begins at random and of unit length, is changed after an update alone, in the rows of the films that were seen, and belongs to the films that
// it was made for; a loaded run's is as large as it was.
func TestAVContrastiveMemory(t *testing.T) {
	s := audioSetup(t, halfSecond)
	s.Inputs = rolled(10, 3).inputs()
	l := smallContrastive(t, AVContrastive{Memory: 7, Embed: 8}, s, smallEar())
	for _, m := range l.memory {
		for i := range 5 {
			if n := tensor.Dot(m.rows.Rows(i, i+1), m.rows.Rows(i, i+1)); math.Abs(n-1) > 1e-5 {
				t.Errorf("what is remembered of film %d has length %g", i, math.Sqrt(n))
			}
		}
	}
	m, err := l.maker(s.Inputs, true)
	if err != nil {
		t.Fatal(err)
	}
	b, err := draw(m, []int{3, 1})
	if err != nil {
		t.Fatal(err)
	}
	before := l.memory[0].rows.Clone()
	step := &memoryStep{tracedStep: newTracedStep()}
	l.remembering(step, b)
	if !slices.Equal(before.Data, l.memory[0].rows.Data) || len(step.after) != 2 {
		t.Fatal("the memory is changed before the update")
	}
	clear(b.Of) // the batch is used again by then
	for _, f := range step.after {
		f()
	}
	for i := range 5 {
		if moved := !slices.Equal(before.Rows(i, i+1).Data, l.memory[0].rows.Rows(i, i+1).Data); moved != (i == 3 || i == 1) {
			t.Errorf("of film %d: moved is %v", i, moved)
		}
	}
	if _, err := l.Feed(sixMurmurs{rolled(10, 3)}.inputs6(), true, data.LoaderOptions{BatchSize: 2}); err == nil || err.Error() != "task av-contrastive remembers 5 films with sound; the data has 6" {
		t.Errorf("other films: %v", err)
	}
	if _, err := l.Feed(sixMurmurs{rolled(10, 3)}.inputs6(), false, data.LoaderOptions{BatchSize: 2}); err != nil {
		t.Errorf("other films, to look at: %v", err)
	}
	again := audioSetup(t, halfSecond)
	again.Kept = func(name string) *tensor.Tensor {
		for _, p := range layers.State(l) {
			if p.Name == name {
				return p.Value
			}
		}
		return nil
	}
	if loaded := smallContrastive(t, AVContrastive{Memory: 7, Embed: 8}, again, smallEar()); !slices.Equal(loaded.memory[1].rows.Shape, []int{5, 8}) {
		t.Errorf("a loaded run remembers %v", loaded.memory[1].rows.Shape)
	}
	again.Kept = nil
	if _, err := (AVContrastive{Memory: 7}).Learner(again); err == nil || !strings.Contains(err.Error(), "remembers films with sound that it learns from") {
		t.Errorf("without films: %v", err)
	}
}

func (s sixMurmurs) inputs6() data.Inputs { return data.Inputs{Clips: s, Sounds: s} }

// memoryStep keeps what is done after a step.
type memoryStep struct {
	*tracedStep
	after []func()
}

func (s *memoryStep) RNG() *tensor.RNG                     { return tensor.NewRNG(5) }
func (s *memoryStep) After(f func())                       { s.after = append(s.after, f) }
func (s *memoryStep) Rows(x *tensor.Tensor) *tensor.Tensor { return x }

var _ train.Step = &memoryStep{}

// TestAVContrastiveRefusals: what cannot be learned is said in a sentence.
func TestAVContrastiveRefusals(t *testing.T) {
	for of, want := range map[string]string{
		"av-contrastive?temperature=0":         "temperature",
		"av-contrastive?momentum=0.9":          "option momentum: it is of memory, which is 0",
		"av-contrastive?memory=4&momentum=1.5": "momentum",
		"av-contrastive?within=-1":             "within",
	} {
		if _, err := New(of); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", of, err)
		}
	}
	if _, err := (AVContrastive{Momentum: 1}).Learner(audioSetup(t, halfSecond)); err == nil || !strings.Contains(err.Error(), "Momentum") {
		t.Errorf("%v", err)
	}
	l := smallContrastive(t, AVContrastive{}, audioSetup(t, halfSecond), smallEar())
	if _, err := l.Feed(rolled(10, 3).inputs(), true, data.LoaderOptions{BatchSize: 1}); err == nil || !strings.Contains(err.Error(), "batches of 2 and more") {
		t.Errorf("batches of one: %v", err)
	}
	if _, err := l.Feed(data.Inputs{Sounds: rolled(10, 3)}, true, data.LoaderOptions{BatchSize: 2}); err == nil || !strings.Contains(err.Error(), "task av-contrastive learns from films with sound; the data has sounds") {
		t.Errorf("%v", err)
	}
}

// TestAVContrastiveDraw: a row a film, of trunks of pictures and of clips.
func TestAVContrastiveDraw(t *testing.T) {
	d, err := data.Open("scenes:?sound=yes&n=8&side=32&frames=24&hz=8000", data.Train)
	if err != nil {
		t.Fatal(err)
	}
	for _, trunk := range []string{"convnet", "r3d18"} {
		s := pairSetup(t, trunk)
		s.Inputs = d.Inputs
		l := smallContrastive(t, AVContrastive{Embed: 16, Memory: 3, Within: 1}, s, smallEar())
		im, err := l.Draw(d.Inputs, []int{0, 3})
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(im.Bounds().Dx()/filmCell, im.Bounds().Dy()/(2*filmCell)); got != "6 2" {
			t.Errorf("%s: %s cells, want 6 of 2", trunk, got)
		}
		save(t, im, "av_contrastive_"+trunk)
	}
}
