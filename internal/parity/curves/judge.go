package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/tessera-go/tessera/checkpoint"
	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/recipe"
)

// points is by how many points the means of two programs' scores may differ.
const points = 2

// judge prints what the features of all runs are worth at every stage, ours and PyTorch's, and tells whether the means of a score are too far
// apart. Runs that began a ten-millionth apart end at other weights, with other scores: that is how far one run's score can be trusted.
func judge(dir string, p plan, on recipe.Comparison) (far bool, err error) {
	random, err := recipe.Random(p.Config.Trunk, p.Config.Seed)
	if err != nil {
		return false, err
	}
	var mine, theirs [][]eval.Score // of each run
	for k := range p.Runs {
		m, err := recipe.LoadRun(ours(dir, k))
		if err != nil {
			return false, err
		}
		m.Dir = "" // scores are not kept there
		mine, err = judged(mine, m, m, on)
		if err != nil {
			return false, err
		}
		t, err := recipe.Random(p.Config.Trunk, p.Config.Seed)
		if err != nil {
			return false, err
		}
		f, err := checkpoint.Load(filepath.Join(dir, fmt.Sprintf("theirs-%d.safetensors", k)))
		if err != nil {
			return false, err
		}
		if err := f.Restore(recipe.Named(t.Trunk), "trunk."); err != nil {
			return false, err
		}
		if theirs, err = judged(theirs, t, m, on); err != nil {
			return false, err
		}
		if k == 0 {
			random.Side, random.Norm, random.Mode = m.Side, m.Norm, m.Mode
		}
	}
	untrained, err := judged(nil, random, random, on)
	if err != nil {
		return false, err
	}
	fmt.Print("\n| protocol | stage | ours | PyTorch's | means apart | run 0 apart | random |\n|---|---|---:|---:|---:|---:|---:|\n")
	for i, s := range untrained[0] {
		x, y := summary(mine, i), summary(theirs, i)
		d := x.mean - y.mean
		fmt.Printf("| %s | %s | %s | %s | %.1f | %.1f | %.1f |\n", s.Protocol, s.Stage, x, y, d, x.first-y.first, 100*s.Value)
		far = far || !(max(d, -d) <= points)
	}
	return far, nil
}

// judged adds the scores of a model that sees pictures as another does.
func judged(to [][]eval.Score, m, as *recipe.Model, on recipe.Comparison) ([][]eval.Score, error) {
	m.Side, m.Norm, m.Mode = as.Side, as.Norm, as.Mode
	s, err := m.Judge(context.Background(), on)
	return append(to, s), err
}

// scores are one score of several runs, in points.
type scores struct{ first, mean, least, most float64 }

func summary(runs [][]eval.Score, i int) scores {
	var all []float64
	sum := 0.0
	for _, r := range runs {
		all = append(all, 100*r[i].Value)
		sum += 100 * r[i].Value
	}
	return scores{all[0], sum / float64(len(all)), slices.Min(all), slices.Max(all)}
}

func (s scores) String() string { return fmt.Sprintf("%.1f (%.1f to %.1f)", s.mean, s.least, s.most) }
