package pretext

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// filmLearner returns the learner of a task on a small trunk for frames of 24 pixels.
func filmLearner[L train.Learner](t *testing.T, task Task, trunk *layers.Trunk) L {
	t.Helper()
	l, err := task.Learner(filmSetup(trunk, 24))
	if err != nil {
		t.Fatal(err)
	}
	return l.(L)
}

// TestFrameOrderFrames: four frames rise, apart by half of gap to gap, anywhere in the film; in short films by less, down to four frames.
func TestFrameOrderFrames(t *testing.T) {
	for _, c := range []struct{ frames, gap, least, most int }{{200, 20, 10, 20}, {61, 20, 10, 20}, {24, 20, 4, 7}, {4, 20, 1, 1}, {30, 1, 1, 1}, {30, 3, 2, 3}} {
		l := filmLearner[*frameOrder](t, FrameOrder{Gap: c.gap, Motion: "none"}, smallTrunk())
		m, err := l.maker(data.Inputs{Clips: slides{1, c.frames, steady}}, true)
		if err != nil {
			t.Fatal(err)
		}
		gaps, first, last := map[int]bool{}, c.frames, 0
		rng := tensor.NewRNG(1)
		for range 1000 {
			f, err := m.draw(0, rng)
			if err != nil {
				t.Fatal(err)
			}
			for k := 1; k < orderFrames; k++ {
				gaps[f[k]-f[k-1]] = true
			}
			first, last = min(first, f[0]), max(last, f[3])
		}
		if len(gaps) != c.most-c.least+1 || !gaps[c.least] || !gaps[c.most] || first != 0 || last != c.frames-1 {
			t.Errorf("%d frames, gap %d: gaps %v, frames %d to %d", c.frames, c.gap, gaps, first, last)
		}
	}
	m, _ := filmLearner[*frameOrder](t, FrameOrder{}, smallTrunk()).maker(data.Inputs{Clips: slides{1, 3, steady}}, true)
	if _, err := m.draw(0, tensor.NewRNG(1)); err == nil || !strings.Contains(err.Error(), "slide 0 has 3 frames, too few for a clip of 4") {
		t.Errorf("a film of three frames: %v", err)
	}
}

// TestFrameOrderLook: each frame is cut out of one window, a little beside the others, mirrored alike; of it one channel is seen, the same or another; where nothing
// is random all frames are cut alike.
func TestFrameOrderLook(t *testing.T) {
	for _, channel := range frameChannels {
		for _, augment := range []bool{false, true} {
			l := filmLearner[*frameOrder](t, FrameOrder{Channel: channel, Jitter: 2, Zoom: 2, Motion: "none"}, smallTrunk())
			m, err := l.maker(data.Inputs{Clips: counted{40, 48, 60}}, augment)
			if err != nil {
				t.Fatal(err)
			}
			ims, err := m.Still(0, []int{0, 1, 2, 3})
			if err != nil {
				t.Fatal(err)
			}
			rng := tensor.NewRNG(1)
			beside, mirrored, channels := map[int]bool{}, 0, map[[2]int]bool{}
			for range 600 {
				g := m.look(ims, rng)
				for k := range g {
					if g[k].Top < 9 || g[k].Top+24 > 39 || g[k].Left < 15 || g[k].Left+24 > 45 || g[k].Side != 24 { // the middle 30 pixels
						t.Fatalf("%+v leaves the window", g[k])
					}
					if g[k].Mirror != g[0].Mirror {
						t.Fatal("frames are mirrored each its own way")
					}
					beside[g[k].Top-g[0].Top], beside[g[k].Left-g[0].Left] = true, true
				}
				if g[0].Mirror {
					mirrored++
				}
				channels[[2]int{g[0].Channel, g[1].Channel}] = true
			}
			if want := map[string]int{"one": 3, "split": 9, "all": 1}[channel]; len(channels) != want {
				t.Errorf("%s: channels of two frames %v", channel, channels)
			}
			if augment && (len(beside) != 9 || mirrored < 240 || mirrored > 360) || !augment && (len(beside) != 1 || mirrored != 0) {
				t.Errorf("augment %v: cut out %v beside the first, %d of 600 mirrored", augment, beside, mirrored)
			}
		}
	}
	// a window is where something moves: at the left, of a frame whose middle window begins at 9
	l := filmLearner[*frameOrder](t, FrameOrder{Zoom: 2}, smallTrunk())
	m, _ := l.maker(data.Inputs{Clips: slides{1, 16, steady}}, false)
	ims, err := m.Still(0, []int{0, 1, 2, 3})
	if err != nil {
		t.Fatal(err)
	}
	if g := m.look(ims, tensor.NewRNG(1))[0]; g.Left < 5 || g.Left > 6 || g.Top != 12 { // it moves from 4 to 22; the square is 3 pixels inside
		t.Errorf("what moves at the left is looked at from %+v of %d pixels", g, ims[0].W)
	}
}

// TestFrameOrderBatch: frame k of sample i is row 4i+k, and what is dealt are the sample's rows in an order of the label's class.
func TestFrameOrderBatch(t *testing.T) {
	l := filmLearner[*frameOrder](t, FrameOrder{Channel: "all", Deals: 3, Zoom: 1, Jitter: -1}, smallTrunk())
	m, err := l.maker(data.Inputs{Clips: counted{40, 24, 24}}, false)
	if err != nil {
		t.Fatal(err)
	}
	b := m.New(2)
	for row := range 2 {
		if err := m.Fill(b, row, row, tensor.NewRNG(uint64(row))); err != nil {
			t.Fatal(err)
		}
	}
	for row := range 8 {
		if red := rounded(b.X.Rows(row, row+1).Data)[0]; red != float32(b.T[row]) || row%4 > 0 && b.T[row] <= b.T[row-1] {
			t.Errorf("row %d is frame %g, said to be %d", row, red, b.T[row])
		}
	}
	for d, label := range b.Labels {
		p := make([]uint8, 4)
		for place, at := range b.Dealt[4*d : 4*d+4] {
			p[place] = uint8(int(at) - d/3*4)
		}
		at := slices.IndexFunc(l.orders.all, func(q []uint8) bool { return slices.Equal(p, q) })
		if at < 0 || l.orders.class[at] != label {
			t.Errorf("deal %d is %v, of class %d", d, p, label)
		}
	}
}

// TestClipOrderFrames: clips follow each other with the gap between; in short films spans and gaps shrink; each clip has a place of its own.
func TestClipOrderFrames(t *testing.T) {
	for _, c := range []struct {
		films, frames int
		want          string // relative to the first
	}{
		{64, 16, "0-15 24-39 48-63"}, {100, 4, "2-14 26-38 50-62"}, {24, 2, "1-4 10-13 19-22"}, {3, 1, "0-0 1-1 2-2"},
	} {
		l := filmLearner[*clipOrder](t, ClipOrder{Frames: c.frames, Motion: "none"}, smallTrunk())
		m, err := l.maker(data.Inputs{Clips: counted{c.films, 24, 24}}, true)
		if err != nil {
			t.Fatal(err)
		}
		for seed := range uint64(50) {
			f, err := m.draw(0, tensor.NewRNG(seed))
			if err != nil {
				t.Fatal(err)
			}
			shift := 0
			fmt.Sscanf(c.want, "%d", &shift)
			shift = f[0] - shift
			var got []string
			for k := range 3 {
				clip := f[k*c.frames : (k+1)*c.frames]
				if !slices.IsSorted(clip) {
					t.Fatalf("frames %v", clip)
				}
				got = append(got, fmt.Sprintf("%d-%d", clip[0]-shift, clip[c.frames-1]-shift))
			}
			if text := strings.Join(got, " "); text != c.want || shift < 0 || f[len(f)-1] >= c.films {
				t.Fatalf("film of %d frames: clips %s from %d on, want %s", c.films, text, shift, c.want)
			}
		}
		b := filled(t, m, tensor.NewRNG(3))
		for row := range b.T {
			if x := rounded(b.X.Rows(row, row+1).Data); x[0] != float32(b.T[row]) || row%c.frames > 0 && !slices.Equal(x[1:3], rounded(b.X.Rows(row-1, row).Data)[1:3]) {
				t.Fatalf("row %d is frame %v, said to be %d", row, x[:3], b.T[row])
			}
		}
		if len(b.Dealt) != 18 || len(b.Labels) != 6 {
			t.Fatalf("dealt %v, labels %v", b.Dealt, b.Labels)
		}
		for d, label := range b.Labels {
			for place, at := range b.Dealt[3*d : 3*d+3] {
				if uint8(at) != l.orders.answers[label][place] {
					t.Errorf("dealt %v with label %d", b.Dealt[3*d:3*d+3], label)
				}
			}
		}
	}
}

// TestArrowBatch: each clip comes both ways; frames are evenly spread.
func TestArrowBatch(t *testing.T) {
	l := filmLearner[*arrowOfTime](t, ArrowOfTime{Span: 9, Frames: 3, Borders: -1}, smallTrunk())
	m, err := l.maker(data.Inputs{Clips: counted{40, 24, 24}}, true)
	if err != nil {
		t.Fatal(err)
	}
	b := filled(t, m, tensor.NewRNG(5))
	if fmt.Sprint(b.Dealt, b.Labels) != "[0 1 2 2 1 0] [0 1]" || b.T[1] != b.T[0]+3 || b.T[2] != b.T[1]+3 {
		t.Errorf("dealt %v, labels %v, frames %v", b.Dealt, b.Labels, b.T)
	}
	for row := range 3 {
		if red := rounded(b.X.Rows(row, row+1).Data)[0]; red != float32(b.T[row]) {
			t.Errorf("row %d is frame %g, said to be %d", row, red, b.T[row])
		}
	}
}

// TestArrowDefences: a border that is dark in all frames is black in all, what is dark in some stays; one step that is many times larger than all others is a cut.
func TestArrowDefences(t *testing.T) {
	frame := func(level uint8) *data.Image {
		im := data.NewImage(10, 12)
		for p := range 120 {
			v := level
			if y, x := p/12, p%12; y < 2 || y == 9 || x < 1 || x > 8 {
				v = 20 // a border that flickers
			}
			im.Pix[3*p], im.Pix[3*p+1], im.Pix[3*p+2] = v, v, v
		}
		return im
	}
	a, c := frame(100), frame(90)
	c.Pix[0] = 3
	edges := darkBorders([]*data.Image{a, c}, 24)
	if edges != (borders{2, 1, 1, 3}) {
		t.Fatalf("borders %+v", edges)
	}
	for _, im := range []*data.Image{a, c} {
		got := edges.black(im)
		for p := range 120 {
			want := im.Pix[3*p]
			if y, x := p/12, p%12; y < 2 || y == 9 || x < 1 || x > 8 {
				want = 0
			}
			if got.Pix[3*p] != want {
				t.Fatalf("pixel %d is %d, want %d", p, got.Pix[3*p], want)
			}
		}
	}
	c.Pix[0] = 25 // no longer dark everywhere
	if e := darkBorders([]*data.Image{a, c}, 24); e != (borders{0, 1, 0, 3}) {
		t.Errorf("borders with a bright corner: %+v", e)
	}
	if e := darkBorders([]*data.Image{frame(10), frame(5)}, 24); e != (borders{}) {
		t.Errorf("all dark: %+v", e)
	}
	for _, c := range []struct {
		levels []uint8
		cut    bool
	}{{[]uint8{50, 55, 200, 205}, true}, {[]uint8{50, 100, 150, 200}, false}, {[]uint8{50, 52, 60, 61}, false}, {[]uint8{50, 200, 201}, true}, {[]uint8{7, 7}, false}} {
		var ims []*data.Image
		for _, v := range c.levels {
			ims = append(ims, frame(v))
		}
		if hasCut(ims) != c.cut {
			t.Errorf("levels %v: a cut %v", c.levels, !c.cut)
		}
	}
}

// TestSpeedFrames: every speed's frames are so far apart, around one middle, within the film; a film that is too short is told what fits.
func TestSpeedFrames(t *testing.T) {
	for _, c := range []struct {
		task   PlaybackSpeed
		frames int
	}{{PlaybackSpeed{Motion: "none"}, 24}, {PlaybackSpeed{Motion: "none", Frames: 16}, 130}, {PlaybackSpeed{Motion: "none", Speeds: []int{1, 3}, Frames: 4}, 10}} {
		l := filmLearner[*playbackSpeed](t, c.task, smallTrunk())
		m, err := l.maker(data.Inputs{Clips: counted{c.frames, 24, 24}}, true)
		if err != nil {
			t.Fatal(err)
		}
		T, low, high := l.task.Frames, c.frames, 0
		for seed := range uint64(200) {
			f, err := m.draw(0, tensor.NewRNG(seed))
			if err != nil {
				t.Fatal(err)
			}
			for k, s := range l.task.Speeds {
				clip := f[k*T : (k+1)*T]
				for j := 1; j < T; j++ {
					if clip[j]-clip[j-1] != s {
						t.Fatalf("speed %d: frames %v", s, clip)
					}
				}
				if d := clip[0] + clip[T-1] - f[0] - f[T-1]; d < -1 || d > 1 {
					t.Fatalf("middles of speeds lie %d half frames apart", d)
				}
				low, high = min(low, clip[0]), max(high, clip[T-1])
			}
		}
		if low != 0 || high != c.frames-1 {
			t.Errorf("film of %d frames: seen are %d to %d", c.frames, low, high)
		}
		b := filled(t, m, tensor.NewRNG(1))
		for i, at := range b.Dealt {
			if int(at) != i {
				t.Fatalf("dealt %v", b.Dealt)
			}
		}
		for i, label := range b.Labels {
			if int(label) != i%len(l.task.Speeds) {
				t.Fatalf("labels %v", b.Labels)
			}
		}
	}
	l := filmLearner[*playbackSpeed](t, PlaybackSpeed{}, smallTrunk())
	m, _ := l.maker(data.Inputs{Clips: counted{12, 24, 24}}, true)
	if _, err := m.draw(1, tensor.NewRNG(1)); err == nil ||
		!strings.Contains(err.Error(), "film 1 has 12 frames, too few for 3 at 8 times the speed, which take 17; the task's options frames=2, or speeds=1,2,4, fit") {
		t.Errorf("too short a film: %v", err)
	}
}

// TestSpeedShrinks: what is made smaller and back is a clip, its frames alike, the next its own; where nothing is random, and with shrink 1, all stay.
func TestSpeedShrinks(t *testing.T) {
	for _, c := range []struct {
		shrink  float64
		augment bool
	}{{0.25, true}, {0.25, false}, {1, true}} {
		l := filmLearner[*playbackSpeed](t, PlaybackSpeed{Shrink: c.shrink, Frames: 2, Speeds: []int{1, 2}}, smallTrunk())
		m, err := l.maker(data.Inputs{Clips: speckles{24}}, c.augment)
		if err != nil {
			t.Fatal(err)
		}
		smooth := map[float64]bool{}
		for seed := range uint64(20) {
			b := filled(t, m, tensor.NewRNG(seed))
			rough := func(row int) (sum float64) {
				x := b.X.Rows(row, row+1).Data
				for i := 3; i < len(x); i++ {
					sum += math.Abs(float64(x[i] - x[i-3]))
				}
				return math.Round(sum)
			}
			if rough(0) != rough(1) || rough(2) != rough(3) { // the film does not change
				t.Fatal("frames of one clip are shrunk each its own way")
			}
			smooth[rough(0)], smooth[rough(2)] = true, true
		}
		if changes := c.shrink < 1 && c.augment; changes && len(smooth) < 10 || !c.augment && len(smooth) != 1 {
			t.Errorf("%+v: %d kinds of smoothness", c, len(smooth))
		}
	}
}

// speckles are films whose frames are all one noisy picture.
type speckles struct{ frames int }

func (s speckles) Len() int                     { return 1 }
func (s speckles) Describe(int) string          { return "noise" }
func (s speckles) Times(int) ([]float64, error) { return make([]float64, s.frames), nil }
func (s speckles) Clip(_ int, frames []int, each func(k int, im *data.Image) error) error {
	for k := range frames {
		im, rng := data.NewImage(27, 27), tensor.NewRNG(1)
		for i := range im.Pix {
			im.Pix[i] = uint8(rng.IntN(256))
		}
		if err := each(k, im); err != nil {
			return err
		}
	}
	return nil
}

// TestOddFrames: every clip's frames rise but the odd one's, which neither rise nor fall; they are drawn as the sampling says; the odd one is anywhere.
func TestOddFrames(t *testing.T) {
	for _, sampling := range oddSamplings {
		l := filmLearner[*oddOneOut](t, OddOneOut{Sampling: sampling, Motion: "none"}, smallTrunk())
		m, err := l.maker(data.Inputs{Clips: counted{40, 24, 24}}, true)
		if err != nil {
			t.Fatal(err)
		}
		where := make([]int, 6)
		for seed := range uint64(600) {
			frames, clips, odd, err := m.draw(0, tensor.NewRNG(seed))
			if err != nil {
				t.Fatal(err)
			}
			where[odd]++
			if len(frames) != l.task.shared() || len(clips) != 6 {
				t.Fatalf("%s: %d frames, %d clips", sampling, len(frames), len(clips))
			}
			for c, clip := range clips {
				var f []int
				for _, at := range clip {
					f = append(f, frames[at])
				}
				up, down := slices.IsSorted(f), slices.IsSortedFunc(f, func(a, b int) int { return b - a })
				if up == (c == odd) || down || len(f) != 4 {
					t.Fatalf("%s: clip %d, odd is %d: frames %v", sampling, c, odd, f)
				}
				slices.Sort(f)
				if spread := f[3] - f[0]; sampling != "random" && spread != 3 || len(slices.Compact(slices.Clone(f))) != 4 {
					t.Fatalf("%s: frames %v", sampling, f)
				}
			}
			if spread := slices.Max(frames) - slices.Min(frames); sampling == "constrained" && spread != 5 {
				t.Fatalf("constrained clips out of %d frames", spread+1)
			}
		}
		for c, n := range where {
			if n < 60 || n > 140 {
				t.Errorf("%s: clip %d is odd %d times of 600", sampling, c, n)
			}
		}
		b := filled(t, m, tensor.NewRNG(8))
		for q := range 6 {
			rises := true
			for k, at := range b.Dealt[4*q : 4*q+4] {
				if red := rounded(b.X.Rows(int(at), int(at)+1).Data)[0]; red != float32(b.T[at]) {
					t.Fatalf("row %d is frame %g, said to be %d", at, red, b.T[at])
				}
				rises = rises && (k == 0 || b.T[at] > b.T[b.Dealt[4*q+k-1]])
			}
			if rises == (int32(q) == b.Labels[0]) {
				t.Errorf("%s: clip %d rises: %v, odd is %d", sampling, q, rises, b.Labels[0])
			}
		}
	}
}

// TestOddPictures: what a clip is as one picture, by the formulas.
func TestOddPictures(t *testing.T) {
	frames := [][]float32{{1, 2, 3}, {3, 1, 5}, {0, 4, 4}, {2, 2, 9}}
	luma := func(x []float32) float32 { return 0.299*x[0] + 0.587*x[1] + 0.114*x[2] }
	dst := make([]float32, 3)
	for as, want := range map[string][]float32{
		"stack":   {luma(frames[1]) - luma(frames[0]), luma(frames[2]) - luma(frames[1]), luma(frames[3]) - luma(frames[2])},
		"sum":     {(2 - 6 + 6) / 4.0, (-1 + 6 - 6) / 4.0, 15 / 4.0},
		"dynamic": {(-3*1 - 3 + 0 + 3*2) / 4.0, (-3*2 - 1 + 4 + 3*2) / 4.0, (-3*3 - 5 + 4 + 3*9) / 4.0},
	} {
		onePicture(dst, frames, as)
		for k := range want {
			if math.Abs(float64(dst[k]-want[k])) > 1e-5 {
				t.Errorf("%s: %v, want %v", as, dst, want)
			}
		}
		l := filmLearner[*oddOneOut](t, OddOneOut{Input: as}, smallTrunk())
		m, err := l.maker(data.Inputs{Clips: slides{1, 20, steady}}, true)
		if err != nil {
			t.Fatal(err)
		}
		b := filled(t, m, tensor.NewRNG(1))
		if logits := l.forward(autograd.NewInference().Input(b.X), b.Dealt).Value; fmt.Sprint(b.X.Shape, logits.Shape) != "[6 24 24 3] [1 6]" {
			t.Errorf("%s: shapes %v, %v", as, b.X.Shape, logits.Shape)
		}
	}
}

// TestOddFusion: the head sees the sum of all differences of the clips' activations.
func TestOddFusion(t *testing.T) {
	l := filmLearner[*oddOneOut](t, OddOneOut{Clips: 4, Frames: 3, Sampling: "random", Fusion: "difference", Width: 5, Embed: 4}, smallTrunk())
	x := tensor.NewRNG(4).FillNormal(tensor.New(6, 24, 24, 3), 0, 1)
	dealt := []int32{0, 1, 2, 3, 2, 4, 1, 3, 5, 0, 4, 5}
	v := l.clip.Forward(l.net.forward(autograd.NewInference().Input(x), dealt)).Value
	sum := tensor.New(1, 5)
	for a := range 4 {
		for b := a + 1; b < 4; b++ {
			for e := range 5 {
				sum.Data[e] += v.At(a, e) - v.At(b, e)
			}
		}
	}
	want := l.head.Forward(autograd.NewInference().Input(sum)).Value
	got := l.forward(autograd.NewInference().Input(x), dealt).Value
	for k := range 4 {
		if math.Abs(float64(got.At(0, k)-want.At(0, k))) > 1e-4 {
			t.Errorf("logit %d is %g, want %g", k, got.At(0, k), want.At(0, k))
		}
	}
}

// TestFilmTaskOptions: options are what they say, and what cannot be is refused.
func TestFilmTaskOptions(t *testing.T) {
	for of, want := range map[string]Task{
		"frame-order?gap=5&motion=none&zoom=2&jitter=0&channel=split&deals=2&pool=3&embed=8&hidden=9&dropout=0.5": FrameOrder{5, "none", 2, -1, "split", 2, 3, 8, 9, 0.5},
		"clip-order?clips=4&span=8&gap=0&frames=6&motion=difference&deals=1&pool=1&embed=8&hidden=9":              ClipOrder{4, 8, -1, 6, "difference", 1, 1, 8, 9, 0},
		"odd-one-out?clips=5&frames=4&sampling=constrained&input=stack&fusion=concat&width=7&pool=2&embed=8":      OddOneOut{5, 4, "constrained", "stack", "concat", "flow", 2, 8, 7, 0},
		"arrow-of-time?span=8&frames=5&cuts=yes&borders=0&pool=1&embed=8&hidden=9":                                ArrowOfTime{8, 5, "flow", true, -1, 1, 8, 9, 0},
	} {
		if got, err := New(of); err != nil || got != want {
			t.Errorf("%s: %+v, %v, want %+v", of, got, err, want)
		}
	}
	got, err := New("playback-speed?speeds=1,3&frames=4&shrink=1")
	if err != nil || fmt.Sprintf("%+v", got) != "{Speeds:[1 3] Frames:4 Motion:flow Shrink:1 Pool:4 Embed:128 Hidden:128 Dropout:0}" {
		t.Errorf("playback-speed: %+v, %v", got, err)
	}
	for of, want := range map[string]string{
		"playback-speed?speeds=1":   "want 2 to 8",
		"playback-speed?speeds=2,1": "rising", "playback-speed?speeds=1,x": "no whole number", "playback-speed?speeds=0,1": "from 1 on",
		"odd-one-out?frames=2": "fewer than 3", "odd-one-out?input=stack&frames=5": "of 4 frames", "frame-order?channel=red": "channel", "clip-order?clips=6": "clips",
	} {
		if _, err := New(of); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", of, err, want)
		}
	}
	for _, c := range []struct {
		task Task
		want string
	}{{ArrowOfTime{Frames: 1}, "1 frame have no direction"}, {PlaybackSpeed{Frames: 1}, "1 frame have no speed"}, {PlaybackSpeed{Speeds: []int{4, 2}}, "rising"},
		{OddOneOut{Frames: 6, Input: "stack"}, "of 4 frames"}, {ClipOrder{Clips: 6}, "want 2 to 5"}} {
		if _, err := c.task.Learner(filmSetup(smallTrunk(), 24)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", c.task, err, c.want)
		}
	}
}

// TestFilmTasksOfClips: a trunk of clips takes every task of films' order, and every weight is reached by the loss.
func TestFilmTasksOfClips(t *testing.T) {
	films := slides{4, 30, func(t int) int { return t % 2 }}
	for _, of := range []string{"frame-order?deals=1", "clip-order?frames=4", "odd-one-out?frames=4",
		"odd-one-out?input=stack&frames=4&fusion=concat", "arrow-of-time?frames=4", "playback-speed?frames=3"} {
		for _, trunk := range []*layers.Trunk{smallTrunk(), layers.ConvNet3D(tensor.NewRNG(1), 3, 4, layers.TrunkOptions{})} {
			task, err := New(of)
			if err != nil {
				t.Fatal(err)
			}
			l, err := task.Learner(filmSetup(trunk, 24))
			if err != nil {
				t.Fatal(err)
			}
			feed, err := l.Feed(data.Inputs{Clips: films}, true, data.LoaderOptions{BatchSize: 4, Seed: 1})
			if err != nil {
				t.Fatal(err)
			}
			s := newReached()
			for step := range feed.Epoch(0, 0) {
				step(s)
			}
			if n := s.among("loss", l); n[0] != n[1] || n[0] == 0 {
				t.Errorf("%s on %s: the loss reaches %v of the weights", of, trunk.Name, n)
			}
			im, err := l.Draw(data.Inputs{Clips: films}, []int{0, 1})
			if err != nil || im.Bounds().Dx() < 100 || im.Bounds().Dy() < 200 {
				t.Errorf("%s on %s: drawn %v, %v", of, trunk.Name, im, err)
			}
		}
	}
}
