package recipe

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/index"
	"github.com/tessera-go/tessera/tensor"
)

// Searching finds what is near to pictures in an index: a file of features that Embed wrote.
type Searching struct {
	Index string // the file; where it is not there it is made of Data
	Data  string // what to make the index of; empty where there is one
	K     int    // how many are found for each query; 0 means 8
	// Approximate is empty, for an exact search, or ivf?option=value, of ApproximateOptions: rows are in cells, of which a search looks into some.
	Approximate string
	Eval        eval.Options
	Say         func(msg string)
}

// Found is what is near to a query.
type Found struct {
	Query string `json:"query"`
	Near  []Near `json:"nearest"`
}

// Near is a row of an index.
type Near struct {
	Name       string  `json:"name"`
	Similarity float32 `json:"similarity"` // the cosine
	row        int
}

// Index is an index that was opened, and the model that made it. It serves one goroutine at a time.
type Index struct {
	m     *Model
	path  string
	rows  eval.Rows
	names map[string]int
	made  *eval.Made   // nil where nothing is said of it
	want  *approximate // nil for an exact search
	// what rows are searched with, made by the first search
	flat  *index.Flat     // nil for an approximate search
	cells *index.Division // nil for an exact one, and so ivf
	ivf   *index.IVF
	// Approximation is how the last search was done, or the search for duplicates; nil for an exact one.
	Approximation *Approximation
	o             eval.Options
	say           func(msg string)
	source        *data.Dataset // nil where it cannot be opened
	at            map[string]int
}

// OpenIndex opens the index of a search, or makes it. It is an error where the index was made by other weights.
func (m *Model) OpenIndex(ctx context.Context, s Searching) (*Index, error) {
	if s.Say == nil {
		s.Say = func(string) {}
	}
	want, err := readApproximate(s.Approximate)
	if err != nil {
		return nil, err
	}
	_, err = os.Stat(s.Index)
	switch {
	case !slices.Contains(eval.FeatureFormats, strings.ToLower(filepath.Ext(s.Index))):
		return nil, &SettingError{"index", fmt.Sprintf("%s: want a file ending in %s", s.Index, strings.Join(eval.FeatureFormats, ", "))}
	case errors.Is(err, os.ErrNotExist) && s.Data == "":
		return nil, fmt.Errorf("there is no index %s; --data says what to make it of", s.Index)
	case errors.Is(err, os.ErrNotExist):
		made, err := m.Embed(ctx, Embedding{Data: s.Data, Out: s.Index, Eval: s.Eval, Say: s.Say})
		if err != nil {
			return nil, err
		}
		s.Say(fmt.Sprintf("%s: made of %d samples by stage %s", s.Index, made[0].Rows, made[0].Stage))
	case s.Data != "":
		return nil, &SettingError{"data", fmt.Sprintf("%s is there already; without --data it is searched, under another name it is made anew", s.Index)}
	}
	a, err := eval.LoadArray(s.Index)
	if err != nil {
		return nil, err
	}
	x := &Index{m: m, path: s.Index, rows: a.Files[0], names: map[string]int{}, o: s.Eval, say: s.Say, want: want}
	if x.made, err = eval.LoadMade(s.Index); err != nil {
		return nil, err
	}
	if err := x.check(); err != nil {
		return nil, err
	}
	if x.rows.Names == nil {
		for i := range x.rows.X.Dim(0) {
			x.rows.Names = append(x.rows.Names, fmt.Sprintf("row %d", i))
		}
	}
	for i, name := range x.rows.Names {
		if _, twice := x.names[name]; !twice {
			x.names[name] = i
		}
	}
	return x, nil
}

// check refuses an index that is not of the model.
func (x *Index) check() error {
	depths := x.m.Encoder().Depths()
	if x.made == nil {
		x.say(fmt.Sprintf("%s does not say what made it: it is taken to be of the last stage of %s", x.path, x.m.name()))
		x.made = &eval.Made{Weights: x.m.Weights(), Stage: depths[len(depths)-1], Rows: x.rows.X.Dim(0), Dim: x.rows.X.Dim(1)}
	}
	if n, d := x.rows.X.Dim(0), x.rows.X.Dim(1); x.made.Rows != n || x.made.Dim != d {
		return fmt.Errorf("%s is [%d %d], what stands beside it is of [%d %d]: the two are not of one making", x.path, n, d, x.made.Rows, x.made.Dim)
	}
	if own := x.m.Weights(); x.made.Weights != own {
		return fmt.Errorf("%s was made by other weights (%s of %s) than those of %s (%s of %s): embed its samples again, or search with the run that made it",
			x.path, x.made.Weights, x.made.Network, x.m.name(), own, x.m.Trunk.Name)
	}
	if x.made.Norm != "" && (x.made.Side != x.m.Side || x.made.Norm != x.m.Norm.String()) {
		return fmt.Errorf("%s was made of pictures of %d pixels, normalised by %s; %s looks at %d, normalised by %s", x.path, x.made.Side, x.made.Norm, x.m.name(), x.m.Side, x.m.Norm)
	}
	if !slices.Contains(depths, x.made.Stage) {
		return fmt.Errorf("%s is of the stage %s, which %s does not have", x.path, x.made.Stage, x.m.Trunk.Name)
	}
	return nil
}

// Rows returns how many rows there are.
func (x *Index) Rows() int { return x.rows.X.Dim(0) }

// asked are pictures that were read from files.
type asked struct {
	paths []string
	all   []*data.Image
}

func (a *asked) Len() int                         { return len(a.paths) }
func (a *asked) Describe(i int) string            { return a.paths[i] }
func (a *asked) Image(i int) (*data.Image, error) { return a.all[i], nil }

// Search finds for each query, a file of a picture or else the name of a row, the k nearest rows; a row is not near to itself.
func (x *Index) Search(ctx context.Context, queries []string, k int) ([]Found, error) {
	if k == 0 {
		k = 8
	}
	if k < 1 {
		return nil, &SettingError{"k", fmt.Sprintf("%d: want at least 1", k)}
	}
	q := tensor.New(len(queries), x.rows.X.Dim(1))
	own := make([]int, len(queries))
	some := &asked{}
	var of []int // the queries of these
	for i, name := range queries {
		own[i] = -1
		if r, ok := x.names[name]; ok {
			own[i] = r
			copy(q.Rows(i, i+1).Data, x.rows.X.Rows(r, r+1).Data)
			continue
		}
		if _, err := os.Stat(name); err != nil {
			return nil, fmt.Errorf("%s is no file, and no row of %s has that name", name, x.path)
		}
		if x.m.Hearing != nil {
			return nil, fmt.Errorf("%s: %s hears, and a query is a picture, or the name of a row of %s", name, x.m.name(), x.path)
		}
		im, err := data.ReadImage(name)
		if err != nil {
			return nil, err
		}
		some.paths, some.all, of = append(some.paths, name), append(some.all, im), append(of, i)
	}
	if some.Len() > 0 {
		o := x.o
		o.MaxBad, o.Last = 0, false
		all, err := x.m.Encoder().Encode(ctx, data.Inputs{Images: some}, o)
		if err != nil {
			return nil, err
		}
		for _, f := range all {
			if f.Name != x.made.Stage {
				continue
			}
			if f.Pooled.Dim(1) != q.Dim(1) {
				return nil, fmt.Errorf("the rows of %s have %d values, stage %s of %s %d", x.path, q.Dim(1), f.Name, x.m.name(), f.Pooled.Dim(1))
			}
			for r, i := range f.Index {
				copy(q.Rows(of[i], of[i]+1).Data, f.Pooled.Rows(r, r+1).Data)
			}
		}
	}
	near, err := x.nearest(q, k, func(query, at int) bool { return own[query] == at })
	if err != nil {
		return nil, err
	}
	out := make([]Found, len(queries))
	for i, hits := range near {
		out[i] = Found{Query: queries[i], Near: []Near{}}
		for _, h := range hits {
			out[i].Near = append(out[i].Near, Near{x.rows.Names[h.At], h.Similarity, h.At})
		}
	}
	return out, nil
}

// pictures opens the data that the index is of, so that its rows can be shown; what is no longer as it was is said.
func (x *Index) pictures() {
	if x.at != nil {
		return
	}
	x.at = map[string]int{}
	if x.made.Data == "" {
		return
	}
	d, err := data.Open(x.made.Data, data.Train)
	if err != nil {
		x.say(fmt.Sprintf("the samples of %s cannot be shown: %v", x.path, err))
		return
	}
	if d.Fingerprint != x.made.Fingerprint {
		x.say(fmt.Sprintf("%s is not as it was when %s was made of it", x.made.Data, x.path))
	}
	x.source = d
	for i := range d.Len() {
		x.at[d.Describe(i)] = i
	}
}

// look returns the picture of a row, nil where it is gone.
func (x *Index) look() (eval.Look, error) {
	x.pictures()
	none := func(int) *data.Image { return nil }
	if x.source == nil {
		return none, nil
	}
	look, err := x.m.looks(x.source.Inputs)
	if err != nil {
		return nil, err
	}
	return func(row int) *data.Image {
		if i, ok := x.at[x.rows.Names[row]]; ok {
			return look(i)
		}
		return nil
	}, nil
}

// Sheet draws what was found: a row a query, the nearest beside it. gone is how many pictures could not be shown.
func (x *Index) Sheet(found []Found) (sheet image.Image, gone int, err error) {
	look, err := x.look()
	if err != nil {
		return nil, 0, err
	}
	n := eval.Nearest{Features: x.m.Label}
	k := 0
	var queries []int
	for q, f := range found {
		var near []eval.Neighbour
		for _, h := range f.Near {
			near = append(near, eval.Neighbour{At: h.row, Similarity: h.Similarity})
		}
		k = max(k, len(near))
		n.Near, queries = append(n.Near, near), append(queries, x.Rows()+q) // queries are numbered behind the rows
	}
	missing := map[int]bool{}
	show := func(i int) (im *data.Image) {
		if i < x.Rows() {
			im = look(i)
		} else if name := found[i-x.Rows()].Query; true {
			if r, ok := x.names[name]; ok {
				im = look(r)
			} else {
				im, _ = data.ReadImage(name) // it was read before
			}
		}
		if im == nil {
			missing[i] = true
		}
		return im
	}
	return eval.NearestSheet([]eval.Nearest{n}, show, nil, queries, k), len(missing), nil
}

// Group are samples that are nearly the same.
type Group struct {
	Names []string `json:"names"`
	// Exact is how many of them have, byte for byte or pixel for pixel, the content of another of the group.
	Exact int     `json:"exact"`
	Least float32 `json:"least_similarity"` // of the pairs that join the group
	rows  []int
	first []float32 // the cosine of each of rows with the first
}

// Duplicates returns groups of rows that are joined by pairs of at least so large a cosine, each with one of the others, the largest groups first, and how many pairs these
// are. Seen from the mean of all rows: features of one network often all point one way. The same features are a pair whatever their cosine, which so near to the mean
// of a few rows says nothing. Nothing is changed or removed.
func (x *Index) Duplicates(least float64) (groups []Group, pairs int, err error) {
	if !(least > 0 && least <= 1) {
		return nil, 0, &SettingError{"threshold", fmt.Sprintf("%g: want above 0, at most 1", least)}
	}
	n, d := x.Rows(), x.rows.X.Dim(1)
	mean, centred := make([]float32, d), x.rows.X.Clone()
	tensor.BatchStats(mean, make([]float32, d), centred)
	for i := range n {
		row := centred.Rows(i, i+1).Data
		for j := range row {
			row[j] -= mean[j]
		}
	}
	parent, weakest := make([]int, n), make([]float32, n)
	for i := range parent {
		parent[i], weakest[i] = i, 1
	}
	root := func(i int) int {
		for parent[i] != i {
			parent[i] = parent[parent[i]]
			i = parent[i]
		}
		return i
	}
	join := func(p index.Pair) {
		pairs++
		a, b := root(p.A), root(p.B)
		w := min(weakest[a], weakest[b], p.Similarity)
		a, b = min(a, b), max(a, b)
		parent[b], weakest[a] = a, w
	}
	same, copies := sameRows(x.rows.X)
	for i, first := range same {
		if first < i {
			join(index.Pair{A: first, B: i, Similarity: 1})
			pairs += copies[i] - 1 // with the others of them
		}
	}
	x.within(centred, float32(least)-1e-6, func(p index.Pair) bool { // 1 is that of the same features but for rounding
		if same[p.A] != same[p.B] {
			join(p)
		}
		return true
	})
	members := map[int][]int{}
	for i := range n {
		members[root(i)] = append(members[root(i)], i)
	}
	x.pictures()
	for r, rows := range members {
		if len(rows) < 2 {
			continue
		}
		g := Group{Exact: x.exact(rows), Least: min(1, weakest[r]), rows: rows}
		for _, i := range rows {
			g.Names = append(g.Names, x.rows.Names[i])
			near := float32(1)
			if same[i] != same[rows[0]] {
				near = cosine(centred.Rows(i, i+1).Data, centred.Rows(rows[0], rows[0]+1).Data)
			}
			g.first = append(g.first, near)
		}
		groups = append(groups, g)
	}
	slices.SortFunc(groups, func(a, b Group) int {
		if len(a.rows) != len(b.rows) {
			return len(b.rows) - len(a.rows)
		}
		return a.rows[0] - b.rows[0]
	})
	return groups, pairs, nil
}

// sameRows returns for each row of x the first that has its values, and how many rows before it have them.
func sameRows(x *tensor.Tensor) (first, before []int) {
	at, count := map[string]int{}, map[string]int{}
	for i := range x.Dim(0) {
		var b []byte
		for _, v := range x.Rows(i, i+1).Data {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v+0)) // -0 is 0
		}
		sum := sha256.Sum256(b)
		key := string(sum[:])
		if _, known := at[key]; !known {
			at[key] = i
		}
		first, before = append(first, at[key]), append(before, count[key])
		count[key]++
	}
	return first, before
}

// cosine returns that of two vectors, 0 where one is 0.
func cosine(a, b []float32) float32 {
	var ab, aa, bb float64
	for i, v := range a {
		w := float64(b[i])
		ab, aa, bb = ab+float64(v)*w, aa+float64(v)*float64(v), bb+w*w
	}
	if aa == 0 || bb == 0 {
		return 0
	}
	return float32(ab / math.Sqrt(aa*bb))
}

// exact counts the rows whose content another of them has.
func (x *Index) exact(rows []int) (n int) {
	if x.source == nil {
		return 0
	}
	count := map[data.Hash]int{}
	for _, r := range rows {
		if i, ok := x.at[x.rows.Names[r]]; ok {
			if h, err := data.ContentHash(x.source.Samples(), i); err == nil {
				count[h]++
			}
		}
	}
	for _, c := range count {
		if c > 1 {
			n += c
		}
	}
	return n
}

// GroupSheet draws groups of duplicates, a row each: the first, and at most so many others, under each its cosine with the first.
func (x *Index) GroupSheet(groups []Group, most int) (sheet image.Image, gone int, err error) {
	return x.Sheet(x.ofGroups(groups, most))
}

// ofGroups takes the first of each group for what was asked, and the others for what was found.
func (x *Index) ofGroups(groups []Group, most int) (found []Found) {
	for _, g := range groups {
		f := Found{Query: g.Names[0]}
		for i, r := range g.rows[1:min(len(g.rows), most+1)] {
			f.Near = append(f.Near, Near{x.rows.Names[r], g.first[i+1], r})
		}
		found = append(found, f)
	}
	return found
}

// CheckSheet refuses a file to draw to that cannot be one.
func CheckSheet(out string) error {
	if st, err := os.Stat(filepath.Dir(out)); filepath.Ext(out) != ".png" || err != nil || !st.IsDir() {
		return &SettingError{"out", fmt.Sprintf("%s: want a file in a folder that exists, ending in .png", out)}
	}
	return nil
}
