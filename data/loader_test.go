package data

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tessera-go/tessera/tensor"
)

// drawn is a batch of what was drawn for each row.
type drawn struct {
	sample []int
	value  []uint32
	over   []int // how often the row was filled before
}

// drawing is a maker that draws a number for each sample; some samples are broken.
type drawing struct {
	broken map[int]bool
	mu     *sync.Mutex
	made   *int // batches whose memory was taken
}

func newDrawing(broken ...int) drawing {
	d := drawing{map[int]bool{}, &sync.Mutex{}, new(int)}
	for _, i := range broken {
		d.broken[i] = true
	}
	return d
}

func (d drawing) New(n int) *drawn {
	d.mu.Lock()
	*d.made++
	d.mu.Unlock()
	return &drawn{make([]int, n), make([]uint32, n), make([]int, n)}
}

func (d drawing) Fill(b *drawn, row, i int, rng *tensor.RNG) error {
	b.sample[row] = -1
	if d.broken[i] {
		rng.Uint32() // what a broken sample draws must not matter
		return fmt.Errorf("sample %d is broken", i)
	}
	b.sample[row], b.value[row] = i, rng.Uint32()
	b.over[row]++
	return nil
}

// rows gathers an epoch: sample and value of each row.
func rows(l *Loader[drawn], epoch, from int) (samples []int, values []uint32) {
	for b := range l.Epoch(epoch, from) {
		samples = append(samples, b.sample...)
		values = append(values, b.value...)
	}
	return samples, values
}

// TestLoader: every sample once an epoch, in another order and with other views each epoch, whatever the number of workers; a start
// in the middle gives what was left.
func TestLoader(t *testing.T) {
	of := func(workers int) *Loader[drawn] {
		return NewLoader(50, newDrawing(), LoaderOptions{BatchSize: 8, Seed: 3, Workers: workers, KeepLast: true})
	}
	s1, v1 := rows(of(1), 2, 0)
	s4, v4 := rows(of(4), 2, 0)
	if !slices.Equal(s1, s4) || !slices.Equal(v1, v4) {
		t.Error("the number of workers changes the batches")
	}
	if !slices.Equal(s1, of(1).Order(2)) {
		t.Error("the batches do not come in the epoch's order")
	}
	sorted := slices.Clone(s1)
	slices.Sort(sorted)
	for i, v := range sorted {
		if len(sorted) != 50 || v != i {
			t.Fatalf("an epoch of 50 samples has %v", sorted)
		}
	}
	if slices.Equal(s1, sorted) {
		t.Error("the order is not shuffled")
	}
	s, v := rows(of(3), 2, 4)
	if !slices.Equal(s, s1[32:]) || !slices.Equal(v, v1[32:]) {
		t.Error("a start in the middle gives other samples or views")
	}
	s3, v3 := rows(of(2), 3, 0)
	if slices.Equal(s3, s1) {
		t.Error("the order is the same in every epoch")
	}
	was := map[int]uint32{}
	for k, i := range s1 {
		was[i] = v1[k]
	}
	for k, i := range s3 {
		if was[i] == v3[k] {
			t.Errorf("sample %d looks the same in two epochs", i)
		}
	}
	other := NewLoader(50, newDrawing(), LoaderOptions{BatchSize: 8, Seed: 4, KeepLast: true})
	if s, v := rows(other, 2, 0); slices.Equal(s, s1) || slices.Equal(v, v1) {
		t.Error("another seed gives the same epoch")
	}
	if o := NewLoader(5, newDrawing(), LoaderOptions{BatchSize: 2, Ordered: true, KeepLast: true}); !slices.Equal(o.Order(7), []int{0, 1, 2, 3, 4}) {
		t.Error("an ordered loader shuffles")
	}
}

// TestLoaderSteps: with KeepLast the rest comes as a smaller batch, without it is left out; both agree with Steps.
func TestLoaderSteps(t *testing.T) {
	for _, c := range []struct {
		n    int
		keep bool
		want string
	}{{50, true, "[8 8 8 8 8 8 2]"}, {50, false, "[8 8 8 8 8 8]"}, {48, true, "[8 8 8 8 8 8]"}, {7, false, "[]"}, {7, true, "[7]"}} {
		l := NewLoader(c.n, newDrawing(), LoaderOptions{BatchSize: 8, KeepLast: c.keep})
		sizes := []int{}
		for b := range l.Epoch(0, 0) {
			sizes = append(sizes, len(b.sample))
		}
		if fmt.Sprint(sizes) != c.want || l.Steps() != len(sizes) {
			t.Errorf("%d samples, KeepLast %v: batches of %v, Steps %d; want %s", c.n, c.keep, sizes, l.Steps(), c.want)
		}
	}
	l := NewLoader(500, newDrawing(), LoaderOptions{BatchSize: 8, Workers: 3})
	for range 3 {
		for range l.Epoch(0, 0) { // leaving early must neither hang nor spoil the next epoch
			break
		}
	}
	if s, _ := rows(l, 0, 0); !slices.Equal(s, l.Order(0)[:496]) {
		t.Error("after epochs that were left early another one differs")
	}
	defer func() {
		if recover() == nil {
			t.Error("a batch size of 0 must panic")
		}
	}()
	NewLoader(1, newDrawing(), LoaderOptions{})
}

// TestLoaderMemory: batches are used again; no more are made than stand in memory at once.
func TestLoaderMemory(t *testing.T) {
	d := newDrawing()
	l := NewLoader(800, d, LoaderOptions{BatchSize: 8, Workers: 4})
	most := 0
	for e := range 3 {
		for b := range l.Epoch(e, 0) {
			most = max(most, b.over[0])
		}
	}
	if *d.made > l.Ahead()+1 {
		t.Errorf("%d batches were made; %d may be in memory beside the consumer's", *d.made, l.Ahead())
	}
	if most < 2 {
		t.Error("no batch was filled again")
	}
	made := *d.made
	for e := range 20 { // a consumer that goes away gives back what it has, and what waits for it
		n := 0
		for range l.Epoch(e, 0) {
			if n++; n > e {
				break
			}
		}
	}
	if *d.made != made {
		t.Errorf("%d batches were made for epochs that were left early", *d.made-made)
	}
	if l.Options().BatchSize != 8 || l.Options().Workers != 4 {
		t.Errorf("options %+v", l.Options())
	}
}

// TestBroken: another sample, always the same, stands in for a broken one; batches stay full, and the rows of whole samples are what
// they are without it.
func TestBroken(t *testing.T) {
	whole, values := rows(NewLoader(64, newDrawing(), LoaderOptions{BatchSize: 8, Seed: 5}), 1, 0)
	var named []int
	var mu sync.Mutex
	of := func(workers int, limit float64) *Loader[drawn] {
		return NewLoader(64, newDrawing(7, 20, 21), LoaderOptions{BatchSize: 8, Seed: 5, Workers: workers, MaxBad: limit,
			Bad: func(i int, err error) {
				mu.Lock()
				named = append(named, i)
				mu.Unlock()
				if want := fmt.Sprintf("sample %d is broken", i); err.Error() != want {
					t.Errorf("sample %d: %v", i, err)
				}
			}})
	}
	l := of(1, 0.1)
	s, v := rows(l, 1, 0)
	if len(s) != 64 || l.Err() != nil || l.BadCount() != 3 {
		t.Fatalf("%d rows, %d broken, %v", len(s), l.BadCount(), l.Err())
	}
	rows(l, 2, 0) // broken samples are named once
	slices.Sort(named)
	if !slices.Equal(named, []int{7, 20, 21}) {
		t.Errorf("named %v", named)
	}
	for k, i := range whole {
		switch {
		case i == 7 || i == 20 || i == 21:
			if s[k] == 7 || s[k] == 20 || s[k] == 21 {
				t.Errorf("broken sample %d stands in for %d", s[k], i)
			}
		case s[k] != i || v[k] != values[k]:
			t.Errorf("row %d of sample %d changed because others are broken", k, i)
		}
	}
	if s4, v4 := rows(of(4, 0.1), 1, 0); !slices.Equal(s, s4) || !slices.Equal(v, v4) {
		t.Error("what stands in depends on the workers")
	}
	if late, lv := rows(of(2, 0.1), 1, 5); !slices.Equal(late, s[40:]) || !slices.Equal(lv, v[40:]) {
		t.Error("what stands in depends on where the epoch is entered")
	}
	// 3 of 64 are 4.7 %
	if l := of(1, 0.046); true {
		rows(l, 1, 0)
		if !errors.Is(l.Err(), ErrTooManyBad) || !strings.Contains(l.Err().Error(), "3 of 64") {
			t.Errorf("too many: %v", l.Err())
		}
	}
	if l := of(1, 3.0/64); true {
		if rows(l, 1, 0); l.Err() != nil {
			t.Errorf("just few enough: %v", l.Err())
		}
	}
	for _, c := range []struct {
		bad  int
		part float64
		ok   bool
	}{{0, 0, true}, {1, 0, false}, {1, 0.01, true}, {2, 0.01, false}, {2, 0.05, true}, {3, 0.05, false}} { // of 40
		d := newDrawing()
		for i := range c.bad {
			d.broken[10*i+3] = true
		}
		l := NewLoader(40, d, LoaderOptions{BatchSize: 4, MaxBad: c.part})
		rows(l, 0, 0)
		if (l.Err() == nil) != c.ok || !c.ok && !strings.Contains(l.Err().Error(), "that max-bad allows") {
			t.Errorf("%d of 40 broken, %g allowed: %v", c.bad, c.part, l.Err())
		}
	}
	all := NewLoader(2, newDrawing(0, 1), LoaderOptions{BatchSize: 1, MaxBad: 1})
	if s, _ := rows(all, 0, 0); len(s) != 0 || !errors.Is(all.Err(), ErrTooManyBad) {
		t.Errorf("nothing but broken samples: %d rows, %v", len(s), all.Err())
	}
}

// TestBrokenOrdered: in the source's order nothing stands in; the maker sees to the row.
func TestBrokenOrdered(t *testing.T) {
	l := NewLoader(4, newDrawing(1, 2), LoaderOptions{BatchSize: 2, MaxBad: 1, Ordered: true})
	var filled []int
	for b := range l.Epoch(0, 0) {
		filled = append(filled, b.sample...)
	}
	if !slices.Equal(filled, []int{0, -1, -1, 3}) || l.BadCount() != 2 {
		t.Errorf("filled %v, %d broken", filled, l.BadCount())
	}
}

// views is a maker of normalised pictures, as tasks have them.
type views struct {
	p    *Pictures
	side int
}

func (m views) New(n int) *tensor.Tensor { return tensor.New(n, m.side, m.side, 3) }
func (m views) Fill(b *tensor.Tensor, row, i int, rng *tensor.RNG) error {
	size := m.side * m.side * 3
	return m.p.Fill(b.Data[row*size:(row+1)*size], i, rng)
}

// TestSizesMustAgree: a view of another size is a mistake that ends the epoch with both sizes.
func TestSizesMustAgree(t *testing.T) {
	dir := folderWith(t, map[string][]byte{"a.png": encoded(t, "png", 8, 8), "b.png": encoded(t, "png", 8, 9)})
	d, err := Open("folder:"+dir, Train)
	if err != nil {
		t.Fatal(err)
	}
	l := NewLoader(2, views{NewPictures(d.Images, View{}, HalfNorm, 0), 8}, LoaderOptions{BatchSize: 2})
	for range l.Epoch(0, 0) {
		t.Error("a batch of different sizes")
	}
	if l.Err() == nil || !strings.Contains(l.Err().Error(), "b.png is 9x8") {
		t.Errorf("error %v", l.Err())
	}
}

// TestBrokenFile: a broken file among many is named with its path.
func TestBrokenFile(t *testing.T) {
	files := map[string][]byte{}
	for i := range 20 {
		files[fmt.Sprintf("a/%02d.png", i)] = encoded(t, "png", 8, 8)
	}
	files["a/07.png"] = []byte("broken")
	d, err := Open("folder:"+folderWith(t, files), Train)
	if err != nil {
		t.Fatal(err)
	}
	var named []string
	l := NewLoader(d.Len(), views{NewPictures(d.Images, View{}, HalfNorm, 1<<20), 8}, LoaderOptions{BatchSize: 4, MaxBad: 0.05, Workers: 1,
		Bad: func(_ int, err error) { named = append(named, err.Error()) }})
	n := 0
	for range l.Epoch(0, 0) {
		n++
	}
	if n != 5 || len(named) != 1 || !strings.Contains(named[0], "07.png: not a JPEG") {
		t.Errorf("%d batches, named %v, %v", n, named, l.Err())
	}
}
