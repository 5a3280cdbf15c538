package pretext

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/train"
)

// fedRows is what a task was shown in a step.
type fedRows struct {
	task string
	rows []int
}

// fedInShards returns what the tasks of several learners, which are of one batch each or of its shards, see in an epoch from a step on: a rank each has shards/len(ranks) of them.
func fedInShards(t *testing.T, task Multi, n []int, batch, update, shards, ranks, epoch, from int) (out [][]fedRows) {
	t.Helper()
	each := make([][][]fedRows, ranks) // of a rank's shards
	for rank := range ranks {
		var log []fedRows
		of := task
		of.Tasks = nil
		for k, size := range n {
			s := alone(string(rune('a'+k)), size)
			s.step = func(l *stubLearner, _ train.Step, b *stubBatch) {
				log = append(log, fedRows{l.name, slices.Clone(b.rows)})
			}
			of.Tasks = append(of.Tasks, Member{Name: s.name, Task: s})
		}
		setup, _ := multiSetup()
		l, err := of.Learner(setup)
		if err != nil {
			t.Fatal(err)
		}
		o := data.LoaderOptions{BatchSize: batch / shards, Update: update * shards}
		if shards > 1 {
			o.Share = data.Share{Of: shards, First: rank * shards / ranks, Count: shards / ranks}
		}
		f, err := l.Feed(data.Inputs{}, true, o)
		if err != nil {
			t.Fatal(err)
		}
		if !f.Shares || len(f.Parts) != len(n) {
			t.Fatalf("it shares: %v, parts %d", f.Shares, len(f.Parts))
		}
		var held []func(train.Step) // a rank takes its shards together, once all are there
		for step := range f.Epoch(epoch, from*shards) {
			if held = append(held, step); len(held) < shards/ranks {
				continue
			}
			for _, step := range held {
				log = nil
				step(&pairStep{values: map[string]float64{}})
				each[rank] = append(each[rank], log)
			}
			held = nil
		}
		if f.Err() != nil || held != nil {
			t.Fatal(f.Err(), len(held))
		}
	}
	here := shards / ranks
	for at := 0; at < len(each[0]); at += here {
		var whole []fedRows
		for _, steps := range each {
			for _, step := range steps[at:][:here] {
				for k, s := range step {
					if k == len(whole) {
						whole = append(whole, fedRows{task: s.task})
					}
					if whole[k].task != s.task {
						t.Fatalf("of one step's shards one is of %s, another of %s", whole[k].task, s.task)
					}
					whole[k].rows = append(whole[k].rows, s.rows...)
				}
			}
		}
		out = append(out, whole)
	}
	return out
}

// TestMultiFeedShares: shards of all ranks, in order, have the samples of the batch in one piece, step for step of each schedule, across passes of a task's samples that leave
// more than a shard and less than a batch, and wherever an epoch is entered.
func TestMultiFeedShares(t *testing.T) {
	for _, task := range []Multi{{}, {Schedule: "weighted", Weights: []int{1, 3}}, {Schedule: "together"}} {
		for _, n := range [][]int{{11, 11}, {11, 7}, {8, 15}} {
			for _, update := range []int{1, 2} {
				for epoch := range 2 {
					for from := range 2 {
						want := fedInShards(t, task, n, 4, update, 1, 1, epoch, from)
						if n[1] != 7 && len(want)+from < 2 { // 7 are fewer than two batches, which make an update here
							t.Fatalf("%v, %d an update: %d steps", n, update, len(want))
						}
						for _, cut := range [][2]int{{2, 1}, {2, 2}, {4, 1}, {4, 2}, {4, 4}} {
							if got := fedInShards(t, task, n, 4, update, cut[0], cut[1], epoch, from); !reflect.DeepEqual(got, want) {
								t.Errorf("%s of %v, %d an update, epoch %d from %d, in %d shards on %d ranks: %v, want %v", fmt.Sprint(task.Schedule, task.Weights), n, update, epoch, from, cut[0], cut[1], got, want)
							}
						}
					}
				}
			}
		}
	}
}
