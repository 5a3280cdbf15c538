package recipe

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/metric"
	"github.com/tessera-go/tessera/train"
)

// tableOf is a small table of two tasks.
func tableOf(dir string) Table {
	return Table{Tasks: []string{"rotation", "jigsaw?grid=2&set=6"}, Data: "scenes:?n=64&side=16", Test: "scenes:?n=40&side=16&split=test", Trunk: "convnet", Side: 16, Steps: 6, BatchSize: 8, Seeds: 2,
		Learned: 50, Judged: 30, Iterations: 5, Dir: dir}
}

// TestTable: every row that is asked for, in an order in which the first seeds are whole; stopped in the middle and asked for again it goes on
// and comes to the same.
func TestTable(t *testing.T) {
	whole, err := tableOf(t.TempDir()).Make(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	var order []string
	for _, r := range whole {
		order = append(order, fmt.Sprint(r.Task, " ", r.Seed))
		stages := 4
		if r.Task == "pixels" {
			stages = 1
		}
		if len(r.Probe) != stages || len(r.KNN) != stages || len(r.Stages) != stages || (r.Seconds > 0) != (r.Task != "pixels" && r.Task != "random") {
			t.Errorf("%+v", r)
		}
		if told := strings.HasPrefix(r.Task, "rotation") || strings.HasPrefix(r.Task, "jigsaw"); told != r.Told || told && (r.Metric.Name != "accuracy" || r.Value == 0) {
			t.Errorf("%+v", r)
		}
	}
	if got := strings.Join(order, ", "); got != "random 1, supervised 1, rotation 1, jigsaw?grid=2&set=6 1, pixels 1, random 2, supervised 2, rotation 2, jigsaw?grid=2&set=6 2" {
		t.Errorf("rows %s", got)
	}
	dir := t.TempDir()
	ctx, stop := context.WithCancel(context.Background())
	again := tableOf(dir)
	again.Progress = func(what string) func(train.Progress) {
		return func(p train.Progress) {
			if what == "rotation 1" && p.Step == 3 {
				stop()
			}
		}
	}
	if _, err := again.Make(ctx); !errors.Is(err, train.ErrInterrupted) || !strings.Contains(err.Error(), "rotation, seed 1") {
		t.Fatalf("interrupted: %v", err)
	}
	made := 0
	again = tableOf(dir)
	again.Row = func(r Row, done, of int) {
		if made++; of != 9 || done != made+2 {
			t.Errorf("row %d of %d after %d new ones", done, of, made)
		}
	}
	rest, err := again.Make(context.Background())
	if err != nil || made != 7 || len(rest) != len(whole) {
		t.Fatal(made, len(rest), err)
	}
	for i := range whole {
		a, b := whole[i], rest[i]
		a.Seconds, b.Seconds, a.Images, b.Images = 0, 0, 0, 0
		if fmt.Sprintf("%+v", a) != fmt.Sprintf("%+v", b) {
			t.Errorf("gone on with: %+v, in one go: %+v", b, a)
		}
	}
	more := tableOf(dir)
	more.Seeds, more.Tasks, made = 1, []string{"relative-position"}, 0
	more.Row = func(Row, int, int) { made++ }
	if rows, err := more.Make(context.Background()); err != nil || made != 1 || len(rows) != 10 {
		t.Errorf("another task: %d new rows of %d, %v", made, len(rows), err)
	}
	b, err := os.ReadFile(filepath.Join(dir, "table.json"))
	if err != nil {
		t.Fatal(err)
	}
	var info train.Info
	info.Describe()
	os.WriteFile(filepath.Join(dir, "table.json"), []byte(strings.Replace(string(b), fmt.Sprintf("%q", info.CPU), `"an abacus"`, 1)), 0o644)
	said := ""
	more.Say = func(s string) { said += s }
	if _, err := more.Make(context.Background()); err != nil || !strings.Contains(said, "begun on another machine (an abacus)") {
		t.Errorf("%v, said %q", err, said)
	}
	more.Test = "scenes:?n=39&side=16&split=test"
	if _, err := more.Make(context.Background()); err == nil || !strings.Contains(err.Error(), "another table") {
		t.Errorf("other test data: %v", err)
	}
	more.Test = tableOf(dir).Test
	more.Steps = 7
	if _, err := more.Make(context.Background()); err == nil || !strings.Contains(err.Error(), "another table: it was made with --data scenes:?n=64&side=16 --trunk convnet --side 16 --steps 6 ") {
		t.Error(err)
	}
	os.WriteFile(filepath.Join(dir, "table.json"), []byte("{"), 0o644)
	if _, err := tableOf(dir).Make(context.Background()); err == nil || !strings.Contains(err.Error(), "table.json: ") {
		t.Error(err)
	}
}

// TestTableRefuses: what cannot be made is said before anything is trained.
func TestTableRefuses(t *testing.T) {
	for want, change := range map[string]func(t *Table){
		`no task "none"`: func(t *Table) { t.Tasks = []string{"none"} },
		"named twice":    func(t *Table) { t.Tasks = []string{"rotation", "rotation"} },
		"--seeds -1":     func(t *Table) { t.Seeds = -1 },
		"--judged-on -2": func(t *Table) { t.Judged = -2 },
		"a directory":    func(t *Table) { t.Dir = "" },
		`no option "x"`:  func(t *Table) { t.Tasks = []string{"rotation?x=1"} },
		"no such":        func(t *Table) { t.Data = "folder:/nowhere" },
	} {
		table := tableOf(filepath.Join(t.TempDir(), "t"))
		change(&table)
		if _, err := table.Make(context.Background()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q: %v", want, err)
		}
		if _, err := os.Stat(table.Dir); err == nil {
			t.Errorf("%s: the directory was made", want)
		}
	}
}

// TestSummarise: means and intervals by hand; stages are chosen by their means; differences are of equal seeds.
func TestSummarise(t *testing.T) {
	row := func(task string, seed uint64, probe ...float64) Row {
		knn := make([]float64, len(probe))
		for i, v := range probe {
			knn[i] = v / 2
		}
		return Row{Task: task, Seed: seed, Stages: []string{"a", "b"}[:len(probe)], Probe: probe, KNN: knn}
	}
	rows := []Row{row("random", 1, 0.50, 0.10), row("random", 2, 0.30, 0.20), row("random", 3, 0.40, 0.30),
		row("x", 1, 0.90, 0.62), row("x", 2, 0.10, 0.36), row("x", 3, 0.20, 0.52), row("pixels", 1, 0.25)}
	for i := range 3 {
		rows[3+i].Told, rows[3+i].Metric, rows[3+i].Value, rows[3+i].Trivial = true, metric.Accuracy(4), 0.5+float64(i)/10, 0.25
		rows[3+i].Seconds, rows[3+i].Images = 10, 100
	}
	s := Summarise(rows)
	if len(s) != 3 || s[0].Task != "random" || s[1].Task != "x" || s[2].Task != "pixels" {
		t.Fatalf("%+v", s)
	}
	x := s[1]
	near := func(what string, got, want float64) {
		if math.Abs(got-want) > 1e-6 {
			t.Errorf("%s is %g, want %g", what, got, want)
		}
	}
	if x.ProbeAt != 1 || s[0].ProbeAt != 0 {
		t.Errorf("best stages %d and %d", x.ProbeAt, s[0].ProbeAt)
	}
	near("mean", x.Probe[1].Value, 0.5)
	// deviation of 0.62, 0.36, 0.52 is sqrt((0.0144+0.0196+0.0004)/2); t of 2 degrees of freedom 4.3026527
	near("interval", x.Probe[1].Half, 4.3026527297*math.Sqrt(0.0344/2/3))
	near("difference", x.ProbeUp.Value, (0.12+0.06+0.12)/3)
	near("its interval", x.ProbeUp.Half, 4.3026527297*math.Sqrt((0.0004+0.0016+0.0004)/2/3))
	near("of neighbours", x.KNNUp.Value, 0.05)
	near("held out", x.Value.Value, 0.6)
	if s[0].ProbeUp.N != 0 || s[2].ProbeUp.N != 0 || s[2].Probe[0].Half != 0 {
		t.Errorf("%+v", s)
	}
	var b strings.Builder
	if err := WriteTable(&b, rows); err != nil {
		t.Fatal(err)
	}
	want := `| task | held out | trivial | probe a | probe b | over random | kNN a | kNN b | over random | s | images/s |
|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|
| random |  |  | **40.0** ± 24.8 | 20.0 |  | **20.0** ± 12.4 | 10.0 |  |  |  |
| x | accuracy 60.0 % | chance 25.0 % | 40.0 | **50.0** ± 32.6 | +10.0 ± 8.6 | 20.0 | **25.0** ± 16.3 | +5.0 ± 4.3 | 10 | 100 |
| pixels |  |  | **25.0** |  |  | **12.5** |  |  |  |  |
` + legend
	if b.String() != want {
		t.Errorf("the table is\n%s", b.String())
	}
}
