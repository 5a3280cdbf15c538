package main

import (
	"os"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/recipe"
	"github.com/tessera-go/tessera/train"
)

// TestSay: on a terminal lines are folded at its width, indented; commands stay whole, and so does everything elsewhere.
func TestSay(t *testing.T) {
	old := widthOf
	defer func() { widthOf = old }()
	text := "a sentence that is longer than twenty columns\n    a command that is longer than that\nshort"
	for width, want := range map[int]string{
		0:  text + "\n",
		20: "a sentence that is\n  longer than twenty\n  columns\n    a command that is longer than that\nshort\n",
	} {
		widthOf = func(*os.File) int { return width }
		if out, _ := captured(t, func() { say(os.Stdout, "%s", text) }); out != want {
			t.Errorf("in %d columns %q, want %q", width, out, want)
		}
	}
	widthOf = old
	if w := widthOf(os.Stdin); w < 0 {
		t.Errorf("a width of %d", w)
	}
}

// TestCompletion: a shell completes every flag of a closed set with values that the flag takes.
func TestCompletion(t *testing.T) {
	complete := func(args ...string) []string {
		t.Helper()
		out, _ := captured(t, func() { run(append([]string{"__complete"}, args...)) })
		lines := strings.Split(strings.TrimSpace(out), "\n")
		return lines[:len(lines)-1] // the last says what else the shell may do
	}
	takes := map[string]func(c *train.Config, v string){
		"trunk": func(c *train.Config, v string) { c.Trunk = v }, "schedule": func(c *train.Config, v string) { c.Schedule = v },
		"optimizer": func(c *train.Config, v string) { c.Optimizer = v }, "augment": func(c *train.Config, v string) { c.Augment = v },
		"norm": func(c *train.Config, v string) { c.Norm = v },
	}
	for flag, set := range takes {
		values := complete("pretrain", "rotation", "--"+flag, "")
		if len(values) < 2 {
			t.Errorf("--%s: %q", flag, values)
		}
		for _, v := range values {
			c, err := recipe.For("rotation")
			if err != nil {
				t.Fatal(err)
			}
			if set(&c, v); recipe.Check(c) != nil {
				t.Errorf("--%s %s: %v", flag, v, recipe.Check(c))
			}
		}
	}
	for _, c := range []struct{ args, want string }{
		{"eval", "knn probe linear svm sound voc07 lowshot purity retrieve clusters cluster invariance action finetune semi segment normals depth keypoints detect analogies similarity track retrieval localisation all summary compare"}, {"eval knn RUN --solver", "lbfgs sgd"}, {"eval knn RUN --layers", "all last"}, {"export RUN --format", "safetensors npz"},
		{"embed RUN --conv", "auto direct winograd2 winograd4"}, {"embed RUN --data", "scenes cifar10: idx: folder: video: frames: audio: av: people: voc: coco: yolo: tinyimagenet: rgbd: text:"}, {"embed RUN --side", ""}, {"bench --recompute", "nothing normalisations blocks"},
		{"pretrain rotation --precision", "float32 bfloat16 int8"}, {"pretrain rotation --preset", strings.Join(recipe.Presets(), " ")},
	} {
		if got := strings.Join(complete(append(strings.Fields(c.args), "")...), " "); got != c.want {
			t.Errorf("%s: %q, want %q", c.args, got, c.want)
		}
	}
}
