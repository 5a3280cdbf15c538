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

// aloneSetup is a setup of a trunk that hears, of 3, 3, 6 and 12 channels.
func aloneSetup(t *testing.T, hearing string) Setup {
	t.Helper()
	h, err := data.ParseHearing(hearing)
	if err != nil {
		t.Fatal(err)
	}
	return Setup{Trunk: layers.ConvNet(tensor.NewRNG(1), 1, 3, layers.TrunkOptions{}), Side: 16, Norm: plain, Hearing: h, RNG: tensor.NewRNG(2), CacheBytes: 1 << 24}
}

// learnerOf returns the learner of a task of recordings alone.
func learnerOf[L train.Learner](t *testing.T, task Task, s Setup) L {
	t.Helper()
	l, err := task.Learner(s)
	if err != nil {
		t.Fatal(err)
	}
	return l.(L)
}

// fourteenByTen is a hearing of 14 frames and 10 bands.
const fourteenByTen = "mel?rate=4000&seconds=0.24&bands=10&window=32&hop=16"

// TestAudioAlonePyTorch: from the same weights and spectrograms losses, all gradients and what is told are PyTorch's; testdata/audio_alone.py. That is within four
// times what float32 and a change of 1e-7 in the weights make there, and half of the ninth digit that is written. Errors of simple predictors are sums of float32 values: to 1e-6.
func TestAudioAlonePyTorch(t *testing.T) {
	type values map[string]struct {
		Want   []float64
		Spread float64
	}
	var all struct {
		Blocks [][]int
		Dealt  [][][]int32
		Tasks  map[string]values
	}
	golden.Load(t, "testdata/audio_alone.json", &all)
	tried := 0
	check := func(name string, l train.Learner, run func(s train.Step) map[string][]float64) {
		t.Helper()
		tried++
		goldenWeights(l.(layers.Stateful))
		step := newTracedStep()
		got := run(step)
		got["loss"] = []float64{step.values["loss"]}
		for _, p := range layers.Params(l.(layers.Stateful)) {
			var g []float64
			for _, v := range step.grads.Of(p.Value).Data {
				g = append(g, float64(v))
			}
			got[p.Name] = g
		}
		want := all.Tasks[name]
		if len(got) != len(want) {
			t.Errorf("%s: %d values are compared of PyTorch's %d", name, len(got), len(want))
		}
		for what, w := range want {
			if len(got[what]) != len(w.Want) || len(w.Want) == 0 {
				t.Errorf("%s: %s has %d values, want %d", name, what, len(got[what]), len(w.Want))
				continue
			}
			within := 1e-8
			if strings.HasPrefix(what, "error_") {
				within = 1e-6
			}
			for i, v := range w.Want {
				if d := math.Abs(got[what][i] - v); !(d <= 4*w.Spread+within*math.Abs(v)) {
					t.Errorf("%s: %s[%d] is %.9g, PyTorch's %.9g, off by %.2g where %.2g is rounding", name, what, i, got[what][i], v, d, w.Spread)
					break
				}
			}
		}
	}
	s := aloneSetup(t, fourteenByTen)
	if shape, _ := s.Hearing.Shape(); shape[0] != 14 || shape[1] != 10 {
		t.Fatal(shape)
	}
	for similarity, temperature := range map[string]float64{"bilinear": 0.5, "cosine": 0.2} {
		s := aloneSetup(t, fourteenByTen)
		l := learnerOf[*audioContrastive](t, AudioContrastive{Similarity: similarity, Temperature: temperature, Embed: 6}, s)
		check(similarity, l, func(step train.Step) map[string][]float64 {
			m, err := l.maker(rolled(10, 3).inputs(), false)
			if err != nil {
				t.Fatal(err)
			}
			b := m.New(5)
			golden.Fill(b.X[0].Data, "first", 1.7)
			golden.Fill(b.X[1].Data, "second", 1.7)
			l.step(step, b)
			table := make([]float64, 25)
			similar, _ := l.similar(l.both(autograd.NewTape(tensor.NewRNG(1)), b))
			for k, v := range similar.Data {
				table[k] = float64(v)
			}
			return map[string][]float64{"table": table, "match": {step.(*tracedStep).values["match"]}}
		})
	}
	for name, normalised := range map[string]bool{"masked": false, "normalised": true} {
		s := aloneSetup(t, fourteenByTen)
		l := learnerOf[*audioMasked](t, AudioMasked{Frames: 4, Bands: 3, Normalised: normalised, Width: 2}, s)
		check(name, l, func(step train.Step) map[string][]float64 {
			b := (&hiddenMaker{audioMasked: l}).New(3)
			golden.Fill(b.Want.Data, "sounds", 1.7)
			out := map[string][]float64{}
			for row, blocks := range all.Blocks {
				l.hide(b, row, blocks)
				out["error_bands"] = append(out["error_bands"], b.simple[row][0])
				out["error_line"] = append(out["error_line"], b.simple[row][1])
			}
			l.step(step, b)
			return out
		})
	}
	l := learnerOf[*audioOrder](t, AudioOrder{Deals: 2, Pool: 2, Embed: 5, Hidden: 4}, s)
	check("order", l, func(step train.Step) map[string][]float64 {
		b := &dealtWindows{clipBatch: clipBatch{X: tensor.New(9, 14, 10, 1)}, Silent: make([]int, 3)}
		golden.Fill(b.X.Data, "windows", 1.7)
		for row, deals := range all.Dealt {
			for _, d := range deals {
				b.Dealt = append(b.Dealt, d...)
				for k, p := range l.orders.all {
					if p[0] == uint8(d[0]-int32(3*row)) && p[1] == uint8(d[1]-int32(3*row)) {
						b.Labels = append(b.Labels, int32(k))
					}
				}
			}
		}
		l.step(step, b)
		return map[string][]float64{"accuracy": {step.(*tracedStep).values["accuracy"]}}
	})
	if tried != len(all.Tasks) {
		t.Errorf("%d tasks were compared of %d", tried, len(all.Tasks))
	}
}

// pieces are recordings of so many values at 4000 Hz, of which all outside [from, to) is silent; the rest is a sine of hertz.
type pieces struct{ values, from, to, hertz int }

func (s pieces) Len() int                         { return 4 }
func (s pieces) Describe(i int) string            { return fmt.Sprint("piece ", i) }
func (s pieces) Length(int) (int, float64, error) { return s.values, 4000, nil }
func (s pieces) inputs() data.Inputs              { return data.Inputs{Sounds: s} }
func (s pieces) Sound(i, from, n int) ([]float32, error) {
	x := make([]float32, n)
	for k := range x {
		if at := from + k; at >= s.from && at < s.to {
			x[k] = float32(0.4 * math.Sin(2*math.Pi*float64(s.hertz)*float64(at)/4000))
		}
	}
	return x, nil
}

// heard returns what is heard of sample i from a second on.
func heard(t *testing.T, w *data.Windows, i int, at float32) []float32 {
	t.Helper()
	x := make([]float32, w.Shape()[0]*w.Shape()[1])
	if err := w.Fill(x, i, float64(at)); err != nil {
		t.Fatal(err)
	}
	return x
}

// TestWindowPairs: both windows of a row are of its recording, each anywhere in it, or around a short one; where nothing is random but what is drawn they are as they
// are; each change is made while training alone, to each window by itself.
func TestWindowPairs(t *testing.T) {
	for name, c := range map[string]struct {
		sounds    data.Sounds
		low, high float64
	}{"long": {rolled(10, 3), 0, 2.5}, "short": {rolled(10, 0.3), -0.2, 0}, "as long": {rolled(10, 0.5), 0, 0}} {
		l := learnerOf[*audioContrastive](t, AudioContrastive{}, aloneSetup(t, halfSecond))
		m, err := l.maker(data.Inputs{Sounds: c.sounds}, true)
		if err != nil {
			t.Fatal(err)
		}
		b := m.New(3)
		least, most := math.Inf(1), math.Inf(-1)
		rng := tensor.NewRNG(1)
		for range 200 {
			if err := m.Fill(b, 1, 2, rng); err != nil {
				t.Fatal(err)
			}
			for v := range 2 {
				from := float64(b.From[v][1])
				least, most = min(least, from), max(most, from)
				want, mean := heard(t, m.sounds, 2, b.From[v][1]), float32(0)
				for k, x := range b.X[v].Rows(1, 2).Data {
					if math.Abs(float64(x-want[k])) > 1e-2 { // From is rounded to float32, which may be another sample
						t.Fatalf("%s: value %d is %g, in the recording from %g s on %g", name, k, x, from, want[k])
					}
					if k%16 == 3 {
						mean += x / 30
					}
				}
				if d := mean - b.bands[v][16+3]; math.Abs(float64(d)) > 1e-4 {
					t.Fatalf("%s: band 3 is off by %g", name, d)
				}
			}
			if slices.Equal(b.X[0].Rows(1, 2).Data, b.X[1].Rows(1, 2).Data) != (name == "as long") {
				t.Fatalf("%s: two windows from %g and %g", name, b.From[0][1], b.From[1][1])
			}
		}
		spread := (c.high - c.low) / 20
		if least < c.low-1e-6 || least > c.low+spread+1e-6 || most > c.high+1e-6 || most < c.high-spread-1e-6 {
			t.Errorf("%s: windows from %g to %g s, want all of %g to %g", name, least, most, c.low, c.high)
		}
	}
}

// TestWindowChanges: what each option does to windows of a sine that all begin at the same time.
func TestWindowChanges(t *testing.T) {
	in := pieces{2000, 0, 2000, 500}.inputs() // as long as a window
	peak := func(x []float32) (band int) {    // of the mean over time
		sum := make([]float32, 16)
		for k, v := range x {
			sum[k%16] += v
		}
		for k, v := range sum {
			if v > sum[band] {
				band = k
			}
		}
		return band
	}
	for name, c := range map[string]struct {
		task AudioContrastive
		ok   func(x, as []float32) bool // whether a window is as it should be
		all  bool                       // each is changed, else most
	}{
		"gain": {AudioContrastive{Gain: 6}, func(x, as []float32) bool {
			k := 15*16 + peak(as) // where it is loud, power is up to 6 dB more or less
			d := float64(x[k] - as[k])
			return d != 0 && math.Abs(d) <= 6/10.*math.Ln10+1e-4 && math.Abs(float64(x[k+16]-as[k+16])-d) < 1e-3
		}, true},
		"mask": {AudioContrastive{Mask: 0.5}, func(x, as []float32) bool {
			masked := 0
			for k := range x {
				if x[k] == 0 {
					masked++
				} else if x[k] != as[k] {
					return false
				}
			}
			return masked > 0
		}, false},
		"shift": {AudioContrastive{Shift: 0.5}, func(x, as []float32) bool {
			floor := float32(math.Log(1e-5))
			return x[5] <= floor+1e-3 || x[len(x)-11] <= floor+1e-3 // silence before or after
		}, false},
		"speed": {AudioContrastive{Speed: 0.3}, func(x, as []float32) bool { return peak(x) != peak(as) }, false},
		"noise": {AudioContrastive{Noise: 10}, func(x, as []float32) bool { return x[15*16+15] > as[15*16+15]+0.5 }, true},
		"mix":   {AudioContrastive{Mix: 10}, func(x, as []float32) bool { return x[15*16+peak(as)] > as[15*16+peak(as)] }, true}, // with itself: all four are the same sine
	} {
		l := learnerOf[*audioContrastive](t, c.task, aloneSetup(t, halfSecond))
		changed, all := 0, 0
		for seed := range uint64(40) {
			for _, augment := range []bool{false, true} {
				m, err := l.maker(in, augment)
				if err != nil {
					t.Fatal(err)
				}
				b := m.New(1)
				if err := m.Fill(b, 0, 0, tensor.NewRNG(seed)); err != nil {
					t.Fatal(err)
				}
				as := heard(t, m.sounds, 0, 0)
				for v := range 2 {
					if !augment {
						if !slices.Equal(b.X[v].Data, as) {
							t.Fatalf("%s: changed where nothing is learned", name)
						}
						continue
					}
					all++
					if c.ok(b.X[v].Data, as) {
						changed++
					} else if c.all {
						t.Errorf("%s: seed %d, window %d is not as it should be", name, seed, v)
					}
				}
				if augment && name != "speed" && name != "mix" && slices.Equal(b.X[0].Data, b.X[1].Data) {
					t.Errorf("%s: seed %d changes both windows alike", name, seed)
				}
			}
		}
		if changed < all/2 {
			t.Errorf("%s: %d of %d windows are changed", name, changed, all)
		}
	}
}

// TestHide: so many whole blocks are hidden, each as often as others, and shown as zeros; the rest is as it is heard; where nothing is learned it is the middle of the recording.
func TestHide(t *testing.T) {
	for name, c := range map[string]struct {
		task           AudioMasked
		blocks, hidden int
		smallest       int // values of a block
	}{
		"blocks": {AudioMasked{Frames: 4, Bands: 3}, 48, 36, 2}, "few": {AudioMasked{Frames: 4, Bands: 3, Mask: 0.01}, 48, 1, 2}, "many": {AudioMasked{Frames: 15, Mask: 0.99}, 2, 1, 15 * 16},
		"time": {AudioMasked{Frames: 7, Bands: -1, Mask: 0.5}, 5, 3, 2 * 16}, "large": {AudioMasked{Frames: 1000, Bands: 9}, 2, 1, 30 * 7},
	} {
		l := learnerOf[*audioMasked](t, c.task, aloneSetup(t, halfSecond)) // 30 frames of 16 bands
		if l.blocks != c.blocks || l.hidden != c.hidden {
			t.Errorf("%s: %d of %d blocks are hidden, want %d of %d", name, l.hidden, l.blocks, c.hidden, c.blocks)
		}
		times := make([]int, l.blocks)
		var froms []float32
		for _, augment := range []bool{false, true} {
			m, err := l.maker(rolled(10, 3).inputs(), augment)
			if err != nil {
				t.Fatal(err)
			}
			b := m.New(2)
			for seed := range uint64(60) {
				if err := m.Fill(b, 1, 3, tensor.NewRNG(seed)); err != nil {
					t.Fatal(err)
				}
				froms = append(froms, b.From[1])
				want := heard(t, m.sounds, 3, b.From[1])
				hidden := b.Hidden.Rows(1, 2).Data
				for k := range l.blocks {
					n, size := 0, 0
					l.each(k, func(p int) { n, size = n+int(hidden[p]), size+1 })
					if n != 0 && n != size || size < c.smallest {
						t.Fatalf("%s: of block %d of %d values %d are hidden", name, k, size, n)
					}
					times[k] += min(n, 1)
				}
				for p, v := range b.X.Rows(1, 2).Data {
					if hidden[p] == 1 && v != 0 || hidden[p] == 0 && math.Abs(float64(v-want[p])) > 1e-2 {
						t.Fatalf("%s: value %d, hidden %g, is %g, want %g", name, p, hidden[p], v, want[p])
					}
				}
			}
			if !augment && slices.ContainsFunc(froms, func(at float32) bool { return at != 1.25 }) {
				t.Errorf("%s: windows from %v s where nothing is learned", name, froms)
			}
		}
		for k, n := range times {
			if part := float64(n) / 120; math.Abs(part-float64(c.hidden)/float64(c.blocks)) > 0.2 {
				t.Errorf("%s: block %d is hidden %d times of 120", name, k, n)
			}
		}
	}
	_, err := AudioMasked{Frames: 100, Bands: 100}.Learner(aloneSetup(t, halfSecond))
	if err == nil || !strings.Contains(err.Error(), "30 by 16 values are one block") {
		t.Error(err)
	}
}

// TestHideNormalised: what is asked for has mean 0 and deviation 1 in each block, and mean and scale give back what was heard; of a silent block nothing is asked.
func TestHideNormalised(t *testing.T) {
	l := learnerOf[*audioMasked](t, AudioMasked{Frames: 6, Bands: 4, Normalised: true}, aloneSetup(t, halfSecond))
	for name, in := range map[string]data.Inputs{"noise": rolled(10, 3).inputs(), "silence": pieces{8000, 0, 0, 1}.inputs()} {
		m, err := l.maker(in, false)
		if err != nil {
			t.Fatal(err)
		}
		b, err := draw(m, []int{1})
		if err != nil {
			t.Fatal(err)
		}
		for k := range l.blocks {
			mean, variance := l.moments(k, b.Want.Data)
			if want := map[string]float64{"noise": 1, "silence": 0}[name]; math.Abs(mean) > 1e-4 || math.Abs(variance-want) > 1e-4 {
				t.Errorf("%s: block %d has mean %g and variance %g", name, k, mean, variance)
			}
		}
		for p, v := range heard(t, m.sounds, 1, b.From[0]) {
			if d := b.Want.Data[p]*b.scale.Data[p] + b.mean.Data[p] - v; math.Abs(float64(d)) > 1e-4 {
				t.Fatalf("%s: value %d is off by %g", name, p, d)
			}
		}
	}
}

// TestDealtWindows: windows lie in the recording one after the other, apart by the gap and at most twice that, each is heard as it is, and dealt as its label says.
func TestDealtWindows(t *testing.T) {
	for name, task := range map[string]AudioOrder{"usual": {}, "two": {Windows: 2, Gap: 0.7}, "five": {Windows: 5, Gap: -1}, "tight": {Windows: 4, Gap: 0.3333}} {
		l := learnerOf[*audioOrder](t, task, aloneSetup(t, halfSecond))
		k, gap := l.task.Windows, l.task.Gap
		least, most := math.Inf(1), 0.0
		first, last := math.Inf(1), 0.0
		seen := map[int32]bool{}
		for _, augment := range []bool{false, true} {
			m, err := l.maker(rolled(10, 3).inputs(), augment)
			if err != nil {
				t.Fatal(err)
			}
			b := m.New(2)
			if b.X.Dim(0) != 2*k || len(b.Labels) != 2*l.task.Deals {
				t.Fatal(b.X.Shape, len(b.Labels))
			}
			for seed := range uint64(150) {
				if err := m.Fill(b, 1, 4, tensor.NewRNG(seed)); err != nil {
					t.Fatal(err)
				}
				from := b.From[k:]
				first, last = min(first, float64(from[0])), max(last, float64(from[k-1])+0.5)
				for w := 1; w < k; w++ {
					apart := float64(from[w]-from[w-1]) - 0.5
					least, most = min(least, apart), max(most, apart)
				}
				for w := range k {
					x, as := b.X.Rows(k+w, k+w+1).Data, heard(t, m.sounds, 4, from[w])
					louder := x[40] - as[40]
					if augment != (louder != 0) || math.Abs(float64(louder)) > 3/10.*math.Ln10+1e-3 || math.Abs(float64(x[333]-as[333]-louder)) > 1e-3 {
						t.Fatalf("%s: window %d is louder by %g", name, w, louder)
					}
				}
				for d := l.task.Deals; d < 2*l.task.Deals; d++ {
					seen[b.Labels[d]] = true
					for place, thing := range l.orders.all[b.Labels[d]] {
						if b.Dealt[d*k+place] != int32(k)+int32(thing) {
							t.Fatalf("%s: dealt %v, label %d", name, b.Dealt[d*k:][:k], b.Labels[d])
						}
					}
				}
				if b.Silent[1] != 0 {
					t.Errorf("%s: %d windows are silent", name, b.Silent[1])
				}
			}
		}
		room := 3 - l.least()
		if wide := min(gap, room/float64(k-1)); least < gap-1e-5 || least > gap+0.1*wide+1e-5 || most > gap+wide+1e-5 || most < gap+0.9*wide-1e-5 {
			t.Errorf("%s: windows are from %g to %g s apart, want %g to %g", name, least, most, gap, gap+wide)
		}
		if first < -1e-6 || first > 0.15 || last > 3+1e-5 || last < 2.85 {
			t.Errorf("%s: windows from %g to %g s of 3", name, first, last)
		}
		if len(seen) != len(l.orders.all) && k < 5 {
			t.Errorf("%s: %d orders of %d are dealt", name, len(seen), len(l.orders.all))
		}
	}
}

// TestSilentWindows: where a recording is silent for long, windows are where something is heard, as far as there is room; how many are not is told. All silence, and
// recordings that are too short, are errors that say so.
func TestSilentWindows(t *testing.T) {
	l := learnerOf[*audioOrder](t, AudioOrder{Windows: 2}, aloneSetup(t, halfSecond))
	for name, c := range map[string]struct {
		sounds pieces
		silent int
	}{"half": {pieces{16000, 8000, 16000, 440}, 0}, "a second": {pieces{12000, 2000, 7000, 440}, 0}, "short": {pieces{8000, 5000, 5200, 440}, 1}} {
		m, err := l.maker(c.sounds.inputs(), true)
		if err != nil {
			t.Fatal(err)
		}
		b := m.New(1)
		for seed := range uint64(50) {
			if err := m.Fill(b, 0, 0, tensor.NewRNG(seed)); err != nil {
				t.Fatal(name, err)
			}
			silent := 0
			for w := range 2 {
				if same(b.X.Rows(w, w+1).Data) {
					silent++
				}
			}
			if silent != b.Silent[0] || silent != c.silent {
				t.Errorf("%s: %d windows are silent, told are %d, want %d", name, silent, b.Silent[0], c.silent)
			}
		}
	}
	for want, s := range map[string]pieces{
		"piece 1 is silent, or nearly all of it: nothing tells the order of its windows": {16000, 0, 0, 1},
		"piece 1 lasts 1 s: 2 windows of 0.5 s, 0.1 s apart, take 1.1 s":                 {4000, 0, 4000, 440},
		"piece 1 holds no sound": {0, 0, 0, 1},
	} {
		m, err := l.maker(s.inputs(), true)
		if err == nil {
			err = m.Fill(m.New(1), 0, 1, tensor.NewRNG(1))
		}
		if err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// TestShortRecordings: most recordings are too short for the windows: that is said before anything is learned, with what fits; and what fits does.
func TestShortRecordings(t *testing.T) {
	s := aloneSetup(t, halfSecond)
	s.Inputs = pieces{4000, 0, 4000, 440}.inputs()
	_, err := AudioOrder{}.Learner(s)
	if err == nil || !strings.Contains(err.Error(), "recordings of 1 s (the median) are too short: 3 windows of 0.5 s, 0.1 s apart, take 1.7 s; shorter windows (--sound 'mel?bands=16&hop=16&rate=4000&seconds=0.21&window=32')") {
		t.Error(err)
	}
	s.Hearing.Seconds = 0.21
	learnerOf[*audioOrder](t, AudioOrder{}, s)
	var said []string
	s = aloneSetup(t, halfSecond)
	s.Say = func(msg string) { said = append(said, msg) }
	s.Inputs = rolled(10, 3).inputs()
	learnerOf[*audioContrastive](t, AudioContrastive{}, s)
	if len(said) != 0 {
		t.Error(said)
	}
	s.Inputs = pieces{2000, 0, 2000, 440}.inputs()
	learnerOf[*audioContrastive](t, AudioContrastive{}, s)
	if len(said) != 1 || !strings.Contains(said[0], "recordings of 0.5 s (the median) hardly hold two windows of 0.5 s that differ; --sound 'mel?bands=16&hop=16&rate=4000&seconds=0.25&window=32' makes shorter ones") {
		t.Error(said)
	}
	s.Inputs = pieces{}.inputs()
	for _, task := range []Task{AudioContrastive{}, AudioOrder{}} {
		if _, err := task.Learner(s); err == nil || !strings.Contains(err.Error(), "none of 4 recordings could be read: piece") {
			t.Error(err)
		}
	}
	if _, err := (AudioContrastive{Similarity: "dot"}).Learner(aloneSetup(t, halfSecond)); err == nil || !strings.Contains(err.Error(), `similarity="dot"`) {
		t.Error(err)
	}
	l := learnerOf[*audioContrastive](t, AudioContrastive{}, aloneSetup(t, halfSecond))
	if _, err := l.Feed(rolled(10, 3).inputs(), true, data.LoaderOptions{BatchSize: 1}); err == nil || !strings.Contains(err.Error(), "batches of 2") {
		t.Error(err)
	}
}

// TestNearRows: rows of any width are compared whole.
func TestNearRows(t *testing.T) {
	a := make([]float32, 3*12)
	b := slices.Clone(a)
	a[0*12+10], b[0*12+10] = 5, 5 // each recording has a band of its own that is loud
	a[1*12+11], b[1*12+11] = 7, 7
	a[2*12+4], b[2*12+4] = 2, 3
	table := tensor.New(3, 3)
	near(table, a, b)
	if got := fmt.Sprint(table.Data); got != "[-0 -74 -34 -74 -0 -58 -29 -53 -1]" {
		t.Errorf("near: %s", got)
	}
	if matches(table) != 3 {
		t.Errorf("%d of 3 are found by a band", matches(table))
	}
}

// TestFastWindows: at any speed a window is whole, and a recording shorter than it is heard whole.
func TestFastWindows(t *testing.T) {
	for _, speed := range []float64{0.1, 0.129, 0.5} {
		s := aloneSetup(t, halfSecond)
		l := learnerOf[*audioContrastive](t, AudioContrastive{Speed: speed, Gain: 1e-6, Mask: 1e-6}, s)
		for _, values := range []int{1200, 9000} { // of 2000 in a window
			p := pieces{values: values, to: values, hertz: 500}
			m, err := l.maker(p.inputs(), true)
			if err != nil {
				t.Fatal(err)
			}
			shape := m.sounds.Shape()
			x := make([]float32, shape[0]*shape[1])
			for seed := range uint64(60) {
				if _, err := m.put(x, 1, tensor.NewRNG(seed)); err != nil {
					t.Fatal(err)
				}
				heard := 0
				for k := range shape[0] {
					if slices.Max(x[k*shape[1]:][:shape[1]]) > slices.Min(x)+1 {
						heard++
					}
				}
				if least := min(values, 2000) * shape[0] / 2000 * 6 / 10; heard < least {
					t.Fatalf("speed %g, %d values: %d of %d frames are heard, want %d", speed, values, heard, shape[0], least)
				}
			}
		}
	}
}
