package recipe

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/tensor"
)

// photos writes n pictures that differ into a folder, and a copy of the first under another name.
func photos(t *testing.T, n int) string {
	t.Helper()
	dir := t.TempDir()
	for i := range n + 1 {
		k := i % n
		im := image.NewRGBA(image.Rect(0, 0, 16, 16))
		for p := range 256 {
			x, y := p%16, p/16
			im.Set(x, y, color.RGBA{uint8(x * (k*37%13 + 2)), uint8(y * (k*53%11 + 3)), uint8((x ^ y) * (k*29%15 + 1)), 255})
		}
		if err := os.MkdirAll(filepath.Join(dir, fmt.Sprint("class", i%2)), 0o755); err != nil {
			t.Fatal(err)
		}
		f, err := os.Create(filepath.Join(dir, fmt.Sprint("class", i%2), fmt.Sprintf("%02d.png", i)))
		if err != nil {
			t.Fatal(err)
		}
		if err := png.Encode(f, im); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	return dir
}

// TestSearch: a picture finds itself and its copy, a row of the index its copy; the copy is told apart from what is nearly the same.
func TestSearch(t *testing.T) {
	ctx, dir, out := context.Background(), photos(t, 20), t.TempDir()
	m, err := Random("convnet", 1)
	if err != nil {
		t.Fatal(err)
	}
	m.Side = 16
	for _, ext := range eval.FeatureFormats {
		s := Searching{Index: filepath.Join(out, "photos"+ext), Data: "folder:" + dir}
		if _, err := m.OpenIndex(ctx, s); err != nil {
			t.Fatal(err)
		}
		if _, err := m.OpenIndex(ctx, s); err == nil || !strings.Contains(err.Error(), "is there already") {
			t.Error(err)
		}
		s.Data = ""
		x, err := m.OpenIndex(ctx, s)
		if err != nil {
			t.Fatal(err)
		}
		first, copied := filepath.Join(dir, "class0", "00.png"), filepath.Join(dir, "class0", "20.png")
		link := filepath.Join(out, "elsewhere.png")
		b, _ := os.ReadFile(first)
		if err := os.WriteFile(link, b, 0o644); err != nil {
			t.Fatal(err)
		}
		found, err := x.Search(ctx, []string{first, link}, 3)
		if err != nil || len(found) != 2 || found[0].Near[0].Name != copied || found[1].Near[0].Name != first || found[1].Near[1].Name != copied || len(found[1].Near) != 3 || found[1].Near[0].Similarity < 0.99999 {
			t.Fatalf("%+v, %v", found, err)
		}
		if sheet, gone, err := x.Sheet(found); err != nil || gone != 0 || sheet.Bounds().Empty() {
			t.Error(gone, err)
		}
		groups, pairs, err := x.Duplicates(1)
		if err != nil || pairs != 1 || len(groups) != 1 || groups[0].Exact != 2 || fmt.Sprint(groups[0].Names) != fmt.Sprint([]string{first, copied}) || groups[0].Least < 0.99999 {
			t.Errorf("%+v, %d pairs, %v", groups, pairs, err)
		}
		if groups, _, _ = x.Duplicates(0.01); len(groups) == 0 || len(groups[0].Names) < 3 || groups[0].Exact > 2 {
			t.Errorf("%+v", groups)
		}
		labels, err := eval.ReadLabels(filepath.Join(out, "photos.labels.csv"))
		if err != nil || len(labels.Labels) != 21 || labels.Labels[0] != "class0" || labels.Names[0] != first {
			t.Errorf("%+v, %v", labels, err)
		}
	}
}

// TestDuplicatesOfFew: copies are found where all rows are alike, and every pair of them is counted; on a sheet each has its own cosine with the first.
func TestDuplicatesOfFew(t *testing.T) {
	m, err := Random("convnet", 1)
	if err != nil {
		t.Fatal(err)
	}
	m.Side = 16
	x, err := m.OpenIndex(context.Background(), Searching{Index: filepath.Join(t.TempDir(), "two.npy"), Data: "folder:" + photos(t, 1)})
	if err != nil {
		t.Fatal(err)
	}
	groups, pairs, err := x.Duplicates(0.9)
	if err != nil || pairs != 1 || len(groups) != 1 || groups[0].Exact != 2 || groups[0].Least != 1 {
		t.Errorf("%+v, %d pairs, %v", groups, pairs, err)
	}
	some := &Index{made: &eval.Made{}, at: map[string]int{}, rows: eval.Rows{Names: []string{"a", "b", "c", "d", "e", "f"}, X: tensor.New(6, 2)}}
	copy(some.rows.X.Data, []float32{9, 1, 9, 1, 9, 1, 9, 2, -18, -2, -18, -3}) // seen from their mean, (0, 0), but for the last number
	groups, pairs, err = some.Duplicates(0.95)
	if err != nil || pairs != 7 || len(groups) != 2 || len(groups[0].Names) != 4 || groups[0].Least == 1 {
		t.Fatalf("%+v, %d pairs, %v", groups, pairs, err)
	}
	near := some.ofGroups(groups, 3)[0].Near
	if len(near) != 3 || near[0].Similarity != 1 || near[1].Similarity != 1 || !(near[2].Similarity < 0.9999 && near[2].Similarity > 0.98) {
		t.Errorf("%+v", near)
	}
}

// TestSearchRefuses: what is wrong with an index or a query is said in a sentence.
func TestSearchRefuses(t *testing.T) {
	ctx, dir, out := context.Background(), photos(t, 4), t.TempDir()
	m, _ := Random("convnet", 1)
	m.Side = 16
	path := filepath.Join(out, "photos.npy")
	x, err := m.OpenIndex(ctx, Searching{Index: path, Data: "folder:" + dir})
	if err != nil {
		t.Fatal(err)
	}
	broken := filepath.Join(out, "broken.png")
	if err := os.WriteFile(broken, []byte("no picture"), 0o644); err != nil {
		t.Fatal(err)
	}
	other, _ := Random("convnet", 2)
	other.Side = 16
	larger := *m
	larger.Side = 32
	gone, _ := Random("resnet18", 1)
	open := func(m *Model, path string) func() error {
		return func() error { _, err := m.OpenIndex(ctx, Searching{Index: path}); return err }
	}
	ask := func(k int, of string) func() error {
		return func() error { _, err := x.Search(ctx, []string{of}, k); return err }
	}
	for want, f := range map[string]func() error{
		"there is no index":      open(m, filepath.Join(out, "none.npy")),
		"want a file ending in":  open(m, filepath.Join(out, "none.txt")),
		"made by other weights":  open(other, path),
		"of resnet18":            open(gone, path),
		"made of pictures of 16": open(&larger, path),
		"no row of":              ask(1, "nobody.png"),
		"broken.png":             ask(1, broken),
		"want at least 1":        ask(-1, x.rows.Names[0]),
		"above 0, at most 1":     func() error { _, _, err := x.Duplicates(0); return err },
		"there are last, all, conv1": func() error {
			_, err := m.Embed(ctx, Embedding{Data: "folder:" + dir, Out: path, Layers: "top"})
			return err
		},
	} {
		if err := f(); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v, want %q", err, want)
		}
	}
	// a file of another program's is taken at its word, and what is told beside must be of it
	if err := os.Remove(filepath.Join(out, "photos.json")); err != nil {
		t.Fatal(err)
	}
	said := ""
	if _, err := m.OpenIndex(ctx, Searching{Index: path, Say: func(s string) { said = s }}); err != nil || !strings.Contains(said, "does not say what made it") {
		t.Errorf("%q, %v", said, err)
	}
	if err := os.WriteFile(filepath.Join(out, "photos.json"), []byte(`{"rows": 3, "dim": 128}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := open(m, path)(); err == nil || !strings.Contains(err.Error(), "not of one making") {
		t.Error(err)
	}
	if err := os.WriteFile(filepath.Join(out, "photos.json"), []byte(`{"rows": `), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := open(m, path)(); err == nil || !strings.Contains(err.Error(), "should say what made") {
		t.Error(err)
	}
	// pictures that are gone are counted
	if err := os.RemoveAll(filepath.Join(dir, "class0")); err != nil {
		t.Fatal(err)
	}
	found, err := x.Search(ctx, []string{x.rows.Names[0]}, 4)
	if err != nil {
		t.Fatal(err)
	}
	if _, gone, err := x.Sheet(found); err != nil || gone != 3 {
		t.Errorf("%d are gone, want 3, %v", gone, err)
	}
}

// TestEmbedStages: each stage has its file.
func TestEmbedStages(t *testing.T) {
	m, _ := Random("convnet", 1)
	m.Side = 16
	out := filepath.Join(t.TempDir(), "f.csv")
	all, err := m.Embed(context.Background(), Embedding{Data: "scenes:?n=5&side=16", Out: out, Layers: "all"})
	if err != nil || len(all) != len(m.Trunk.Stages) {
		t.Fatal(all, err)
	}
	for i, e := range all {
		made, err := eval.LoadMade(e.Features)
		if want := strings.TrimSuffix(out, ".csv") + "-" + m.Trunk.Stages[i].Name + ".csv"; err != nil || e.Features != want || made.Stage != m.Trunk.Stages[i].Name || made.Rows != 5 || made.Weights != m.Weights() {
			t.Errorf("%+v, %+v, %v", e, made, err)
		}
	}
	one, err := m.Embed(context.Background(), Embedding{Data: "scenes:?n=5&side=16", Out: out, Layers: m.Trunk.Stages[1].Name})
	if err != nil || len(one) != 1 || one[0].Features != out || one[0].Stage != m.Trunk.Stages[1].Name {
		t.Errorf("%+v, %v", one, err)
	}
}
