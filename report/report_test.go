package report

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/canvas"
	"github.com/tessera-go/tessera/eval/score"
	"github.com/tessera-go/tessera/metric"
)

// write makes a file with the folders above it.
func write(t *testing.T, content string, elem ...string) {
	t.Helper()
	path := filepath.Join(elem...)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// pageOf writes a report and returns it.
func pageOf(t *testing.T, dirs ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "r.html")
	if err := Write(path, dirs); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func has(t *testing.T, page string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(page, w) {
			t.Errorf("the page lacks %q", w)
		}
	}
}

func lacks(t *testing.T, page string, unwanted ...string) {
	t.Helper()
	for _, w := range unwanted {
		if strings.Contains(page, w) {
			t.Errorf("the page has %q", w)
		}
	}
}

var chartTitle = regexp.MustCompile(`class="title">([^<]*)<`)

// titles returns the charts' titles in order.
func titles(page string) string {
	var out []string
	for _, m := range chartTitle.FindAllStringSubmatch(page, -1) {
		out = append(out, m[1])
	}
	return strings.Join(out, "; ")
}

// chartOf cuts the chart of a title out of a page.
func chartOf(t *testing.T, page, title string) string {
	t.Helper()
	for _, svg := range strings.Split(page, "<svg ")[1:] {
		svg, _, _ = strings.Cut(svg, "</svg>")
		if strings.Contains(svg, `class="title">`+title+"<") {
			return svg
		}
	}
	t.Errorf("there is no chart %q; there are %s", title, titles(page))
	return ""
}

// TestMetrics: whatever a run declares is drawn, with its trivial predictor, and leads the page; nothing is known by its name.
func TestMetrics(t *testing.T) {
	dir := t.TempDir()
	declared, _ := json.Marshal([]metric.Metric{{Name: "loss"}, {Name: "loss_adversary"}, {Name: "gain", Unit: "dB", Higher: true, Predictor: "mean colour", Trivial: 12.5},
		{Name: "error", Predictor: "last frame", Versus: "copy_error"}, {Name: "hits", Unit: metric.Percent, Higher: true, Predictor: "chance", Trivial: 0.25}})
	write(t, `{"config":{"task":"paint","trunk":"resnet"},"command":"tessera pretrain paint","chance":0.9,"metrics":`+string(declared)+`,"done":20,"steps":40,"peak_memory":3e6}`, dir, "run.json")
	write(t, `{"step":10,"epoch":0.5,"loss":2,"gain":14,"error":0.5,"copy_error":0.75,"hits":0.375,"lr":0.1,"samples_per_s":100,"wild_guess":7}
{"step":20,"epoch":1,"loss":1,"gain":15,"error":0.25,"copy_error":0.75,"hits":0.5,"held_gain":14.25,"held_error":0.375,"held_copy_error":0.625,"held_hits":0.4375,"knn":0.5,"held_wild_guess":3}
`, dir, "metrics.jsonl")
	p := pageOf(t, dir)
	if got, want := titles(p), "Loss, lower is better; Gain, dB, higher is better; Error, lower is better; Hits, higher is better; Neighbours of the same class, last stage (monitor); "+
		"Learning rate; Samples a second; Held wild guess; Wild guess"; got != want {
		t.Errorf("charts %s\nwant   %s", got, want)
	}
	gain := chartOf(t, p, "Gain, dB, higher is better")
	has(t, gain, ">mean colour<", ">training<", ">held out<", "training: 15<", "held out: 14.25<")
	failure := chartOf(t, p, "Error, lower is better")
	has(t, failure, ">last frame<", "last frame: 0.75<", "last frame, held out: 0.625<")
	lacks(t, failure, `class="rule"`)
	hits := chartOf(t, p, "Hits, higher is better")
	has(t, hits, ">chance<", "held out: 43.8 %<", `class="rule"`)
	has(t, chartOf(t, p, "Neighbours of the same class, last stage (monitor)"), "50.0 %")
	has(t, chartOf(t, p, "Learning rate"), "<title>0.1</title>")
	lacks(t, chartOf(t, p, "Loss, lower is better"), `class="rule"`)
	has(t, p, "<span>task: gain, held out</span><b>14.25 dB</b><span>mean colour 12.5 dB</span>", "<span>task: error, held out</span><b>0.375</b><span>last frame 0.625</span>",
		"<span>task: hits, held out</span><b>43.8 %</b><span>chance 25.0 %</span>", "tessera pretrain paint", "20 of 40", "3 MB", "paint on resnet")
	if n := strings.Count(p, `class="card"`); n != 3 {
		t.Errorf("%d headlines, want 3", n)
	}
}

// TestLossAlone: where nothing has a trivial predictor the first metric leads.
func TestLossAlone(t *testing.T) {
	dir := t.TempDir()
	write(t, `{"metrics":[{"name":"loss"},{"name":"loss_b"}]}`, dir, "run.json")
	write(t, `{"step":1,"loss":3,"loss_b":1}
{"step":2,"held_loss":2.5,"held_loss_b":0.5}`, dir, "metrics.jsonl")
	p := pageOf(t, dir)
	has(t, p, "<span>task: loss, held out</span><b>2.5</b><span></span>")
	if titles(p) != "Loss, lower is better; Loss b, lower is better" || strings.Count(p, `class="card"`) != 1 {
		t.Errorf("charts %s", titles(p))
	}
	write(t, `{"metrics":[]}`, dir, "run.json")
	if p := pageOf(t, dir); titles(p) != "Held loss; Held loss b; Loss; Loss b" || strings.Contains(p, `class="card"`) {
		t.Errorf("with no metric declared: %s", titles(p))
	}
}

// TestOldRun: a run of the first version has accuracy, chance, images_per_s, and scores with accuracy and chance.
func TestOldRun(t *testing.T) {
	dir := t.TempDir()
	write(t, `{"config":{"task":"rotation","trunk":"convnet","batch_size":64},"chance":0.25,"params":123456,"started":"2026-11-24"}`, dir, "run.json")
	write(t, `{"step":5,"epoch":1,"loss":1.2,"accuracy":0.5,"images_per_s":300,"gflops":50,"grad_norm":1}
{"step":5,"held_accuracy":0.625,"held_loss":1,"feature_std":0.5,"effective_rank":9}
`, dir, "metrics.jsonl")
	write(t, `[{"protocol":"linear","features":"pretext","stage":"conv1","depth":1,"accuracy":0.5,"chance":0.1,"n_train":100,"n_test":20,"dim":64,"settings":{"weight_decay":0.01,"grid":4,"side":32}},
{"protocol":"linear","features":"pretext","stage":"conv2","depth":2,"accuracy":0.625,"chance":0.1,"settings":{"weight_decay":0.1,"grid":2,"side":32}},
{"protocol":"linear","features":"random","stage":"conv1","depth":1,"accuracy":0.375,"chance":0.1,"settings":{"weight_decay":0.1,"grid":4,"side":32}},
{"protocol":"linear","features":"pixels","stage":"pixels","depth":0,"accuracy":0.3125,"chance":0.1,"settings":{"weight_decay":0.1,"grid":32,"side":32}}]`, dir, "eval", "scores.json")
	p := pageOf(t, dir)
	if got, want := titles(p), "Probe: accuracy by stage; Loss, lower is better; Accuracy, higher is better; Deviation of the features, 1 is spread out (monitor); "+
		"Effective rank of the features (monitor); Norm of the gradient; Samples a second; GFLOP/s of products and convolutions"; got != want {
		t.Errorf("charts %s\nwant   %s", got, want)
	}
	has(t, chartOf(t, p, "Accuracy, higher is better"), ">chance<")
	has(t, p, "<span>task: accuracy, held out</span><b>62.5 %</b><span>chance 25.0 %</span>", "<span>probe, best stage</span><b>62.5 %</b><span>random 37.5 %</span>", "123456 trained values")
	c := chartOf(t, p, "Probe: accuracy by stage")
	has(t, c, ">conv1<", ">conv2<", ">pretext<", ">random<", ">pixels<", ">largest class<", "pretext: 62.5 %")
	lacks(t, c, "pixels: ")
	has(t, p, `<h3>probe</h3><p class="dim">side 32</p>`, `<td>pretext<td>conv1<td class="n">50.0 %<td class="n">10.0 %<td class="n">100<td class="n">20<td class="n">64<td class="dim">grid 4, weight decay 0.01`)
}

// TestTitles: a title begins with a capital, whatever its letters.
func TestTitles(t *testing.T) {
	for name, want := range map[string]string{"": "", "loss": "Loss", "\u00e9cart": "\u00c9cart", "\uc190\uc2e4": "\uc190\uc2e4"} {
		if got := titleOf(name); got != want {
			t.Errorf("%q is %q, want %q", name, got, want)
		}
	}
}

// TestGroups: scores stand side by side only where the same protocol, data and settings made them, and say in what they differ.
func TestGroups(t *testing.T) {
	dir := t.TempDir()
	write(t, `{}`, dir, "run.json")
	one := func(protocol, features string, depth int, value float64, settings map[string]any) score.Score {
		m := metric.Metric{Name: "miss", Predictor: "coin", Trivial: 0.5}
		return score.Score{Protocol: protocol, Features: features, Stage: fmt.Sprint("s", depth), Depth: depth, Metric: m, Value: value, Trivial: 0.5, Settings: settings,
			Found: map[string]any{"k_used": 3}}
	}
	a, b, c := map[string]any{"data": "x", "k": 5}, map[string]any{"data": "x", "k": 20}, map[string]any{"data": "x", "solver": "lbfgs"}
	err := score.Save(dir, []score.Score{one("knn", "pretext", 2, 0.375, a), one("knn", "pretext", 1, 0.25, a), one("knn", "pretext", 1, 0.1875, b), one("probe", "random", 3, 0.75, c),
		one("knn", "random", 1, 0.625, a), one("knn", "random", 2, 0.875, a)})
	if err != nil {
		t.Fatal(err)
	}
	p := pageOf(t, dir)
	has(t, p, `<h3>knn miss (k 5)</h3><p class="dim">data x, k 5</p>`, `<h3>knn miss (k 20)</h3><p class="dim">data x, k 20</p>`, `<h3>probe miss</h3><p class="dim">data x, solver lbfgs</p>`,
		"<span>knn miss (k 5), best stage</span><b>0.25</b><span>random 0.625</span>", "<span>knn miss (k 20), best stage</span><b>0.1875</b><span></span>",
		`<th class="n">miss<th class="n">coin<th`, `<td class="dim">k used 3</tr>`)
	lacks(t, p, "<span>probe miss, best stage")
	if titles(p) != "Knn: miss by stage; Knn: miss by stage; Probe: miss by stage" {
		t.Errorf("charts %s", titles(p))
	}
	hit := one("knn", "pretext", 1, 0.5, a)
	hit.Metric.Name = "hit"
	if two := groups([]score.Score{one("knn", "pretext", 1, 0.25, a), hit}); len(two) != 2 || two[0].Title != "knn miss" || two[1].Title != "knn hit" {
		t.Errorf("two measures of one protocol stand together: %+v", two)
	}
	g := groups([]score.Score{one("knn", "pretext", 2, 0.375, a), one("knn", "pretext", 1, 0.25, a), one("knn", "pixels", 0, 0.75, a)})[0].byDepth()
	if fmt.Sprint(g.Lines, g.Labels, g.Rules, g.Percent) != fmt.Sprint([]canvas.Line{{Name: "pretext", Points: []canvas.Point{{X: 1, Y: 0.25}, {X: 2, Y: 0.375}}}}, []string{"s1", "s2"},
		[]canvas.Rule{{Name: "coin", Y: 0.5}, {Name: "pixels", Y: 0.75}}, false) {
		t.Errorf("by depth: %+v", g)
	}
	if g := groups([]score.Score{one("probe", "x", 3, 1, nil)})[0].byDepth(); fmt.Sprintf("%q", g.Labels) != `["" "" "s3"]` {
		t.Errorf("labels %q", g.Labels)
	}
}

// TestPictures: what was drawn of an evaluation, with what stands beside it, and the last of the samples.
func TestPictures(t *testing.T) {
	dir := t.TempDir()
	write(t, `{}`, dir, "run.json")
	lacks(t, pageOf(t, dir), "<img", "<h2>What the features are worth")
	write(t, "one", dir, "samples", "step-000001.png")
	write(t, "two", dir, "samples", "step-000002.png")
	write(t, "near", dir, "eval", "neighbours.png")
	write(t, "Nearest <neighbours>\nLeft the query.\n", dir, "eval", "neighbours.txt")
	write(t, "bare", dir, "eval", "by-hand.png")
	p := pageOf(t, dir)
	has(t, p, `src="data:image/png;base64,dHdv"`, `src="data:image/png;base64,bmVhcg=="`, "<h2>Nearest &lt;neighbours&gt;</h2><p>Left the query.</p>", `<h2>by-hand</h2><p></p><img alt="by-hand" src="data:image/png;base64,YmFyZQ=="`)
	lacks(t, p, "b25l")
}

// TestBroken: a line cut short by a crash is passed over; a folder that is no run says so; a run's text is escaped.
func TestBroken(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "r.html")
	write(t, "{\"step\":1,\"loss\":2}\n{\"step\":2,\"loss\":\"NaN\"}\n{\"loss\":9}\n{\"step\":3,\"lo", dir, "metrics.jsonl")
	m, err := readMetrics(filepath.Join(dir, "metrics.jsonl"))
	if err != nil || len(m) != 1 || fmt.Sprint(m["loss"]) != "[{1 2}]" {
		t.Errorf("%v, %v", m, err)
	}
	fail := func(what string) {
		t.Helper()
		if err := Write(out, []string{dir}); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("want an error about %s, got %v", what, err)
		}
	}
	fail("run.json")
	write(t, `{"metrics":7}`, dir, "run.json")
	fail("run.json")
	write(t, `{`, dir, "run.json")
	fail("run.json")
	write(t, `{"config":{"task":"<script>"},"metrics":[{"name":"<script>","unit":"<script>","trivial_predictor":"<script>"}],"command":"<script>"}`, dir, "run.json")
	write(t, `{"step":1,"<script>":1,"held_<script>":1,"<script> again":1}`, dir, "metrics.jsonl")
	write(t, `[{"protocol":"<script>","features":"<script>","stage":"<script>","depth":1,"settings":{"<script>":"<script>"}}]`, dir, "eval", "scores.json")
	p := pageOf(t, dir)
	lacks(t, p, "<script>")
	has(t, p, "&lt;script&gt;")
	write(t, "[{]", dir, "eval", "scores.json")
	fail("scores.json")
	write(t, `[{"protocol":"knn","depth":1000000000000000000}]`, dir, "eval", "scores.json")
	fail("depth 1000000000000000000")
	os.RemoveAll(filepath.Join(dir, "eval"))
	os.Remove(filepath.Join(dir, "metrics.jsonl"))
	write(t, "", dir, "metrics.jsonl", "a file in its place")
	fail("metrics.jsonl")
	if titleOf("") != "" {
		t.Error("a title of nothing")
	}
}

// TestGalleries: folders of figures are shown in rows, each with its sound and its line, and a page holds no more sound than there is room for.
func TestGalleries(t *testing.T) {
	dir := t.TempDir()
	write(t, `{}`, dir, "run.json")
	lacks(t, pageOf(t, dir), "<audio", "<figure")
	write(t, "What <sounds> alike\nListen.\n", dir, "eval", "heard", "about.txt")
	write(t, "one", dir, "eval", "heard", "00-00.png")
	write(t, "wave", dir, "eval", "heard", "00-00.wav")
	write(t, "a <dog>\n", dir, "eval", "heard", "00-00.txt")
	write(t, "two", dir, "eval", "heard", "00-01.png")
	write(t, "three", dir, "eval", "heard", "01-00.png")
	write(t, "no gallery", dir, "eval", "other", "00-00.png")
	p := pageOf(t, dir)
	has(t, p, "<h2>What &lt;sounds&gt; alike</h2><p>Listen.</p>", `<audio controls preload="none" src="data:audio/wav;base64,d2F2ZQ=="></audio><figcaption>a &lt;dog&gt;</figcaption>`,
		`<img alt="" src="data:image/png;base64,dHdv"><figcaption></figcaption>`)
	lacks(t, p, "bm8gZ2FsbGVyeQ", "ZgotmplZ")
	if rows, figures, sounds := strings.Count(p, `<div class="heard">`), strings.Count(p, "<figure>"), strings.Count(p, "<audio"); rows != 2 || figures != 3 || sounds != 1 {
		t.Errorf("%d rows, %d figures, %d sounds", rows, figures, sounds)
	}
	write(t, "Long\n", dir, "eval", "long", "about.txt")
	for _, name := range []string{"00-00", "00-01", "00-02"} {
		write(t, "p", dir, "eval", "long", name+".png")
		write(t, strings.Repeat("x", 350_000), dir, "eval", "long", name+".wav")
	}
	p = pageOf(t, dir)
	has(t, p, "This page has room for 0.8 MB of sound; 1 more lie in eval/long.")
	if sounds := strings.Count(p, "<audio"); sounds != 3 || len(p) > 1_200_000 {
		t.Errorf("%d sounds, %d bytes", sounds, len(p))
	}
	write(t, "Cut off\n", dir, "eval", ".heard.tmp", "about.txt")
	write(t, "left", dir, "eval", ".heard.tmp", "00-00.png")
	lacks(t, pageOf(t, dir), "Cut off", "bGVmdA==")
	if both := pageOf(t, dir, dir); strings.Count(both, "<audio") != 4 {
		t.Errorf("two runs have %d sounds on their page", strings.Count(both, "<audio"))
	}
}

// TestEndless: a page holds files alone, of a size that a browser shows, and says what it leaves out; a run's folder may have any name.
func TestEndless(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run [1]*")
	write(t, `{}`, dir, "run.json")
	write(t, "near", dir, "eval", "near.png")
	write(t, "Heard\n", dir, "eval", "heard", "about.txt")
	write(t, "figure", dir, "eval", "heard", "00-00.png")
	write(t, "", dir, "samples", "a.txt")
	for _, path := range []string{"eval/zero.png", "eval/near.txt", "eval/heard/00-00.wav", "eval/heard/00-01.png", "samples/step-1.png"} {
		if err := os.Symlink("/dev/zero", filepath.Join(dir, path)); err != nil {
			t.Skip("no links here: ", err)
		}
	}
	large := filepath.Join(dir, "eval", "large.png")
	write(t, "", dir, "eval", "large.png")
	if err := os.Truncate(large, pictureBytes+1); err != nil {
		t.Fatal(err)
	}
	p := pageOf(t, dir)
	has(t, p, "bmVhcg==", "ZmlndXJl", "eval/large.png is left out: a page holds pictures of 8 MiB each", "eval/zero.png is left out: it is neither a file", "samples/step-1.png is left out",
		"1 of the sounds in eval/heard cannot be read. 1 of the pictures in eval/heard cannot be read")
	lacks(t, p, "<audio")
}

// TestShare: pictures share the page's room: one that is larger than its share is packed, or is left out; what others leave it may take.
func TestShare(t *testing.T) {
	noise := image.NewRGBA(image.Rect(0, 0, 200, 100))
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range noise.Pix {
		if noise.Pix[i] = uint8(rng.Uint32()); i%4 == 3 {
			noise.Pix[i] = 255
		}
	}
	path := filepath.Join(t.TempDir(), "noise.png")
	f, err := os.Create(path)
	if err == nil {
		err = png.Encode(f, noise)
	}
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	st, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	whole := int(st.Size())
	r := &room{pictures: whole + 20_000, coming: 2}
	small, err := r.picture(path)
	if err != nil || !strings.HasPrefix(string(small), "data:image/jpeg;") || r.shrunk != 1 || r.pictures < whole {
		t.Fatalf("%.30s, %v, %+v", small, err, r)
	}
	b, err := base64.StdEncoding.DecodeString(string(small[len("data:image/jpeg;base64,"):]))
	if err != nil || len(b) > (whole+20_000)/2 {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	if im, err := jpeg.Decode(bytes.NewReader(b)); err != nil || im.Bounds().Dx() > 200 {
		t.Errorf("%v", err)
	}
	if last, err := r.picture(path); err != nil || !strings.HasPrefix(string(last), "data:image/png;") || r.shrunk != 1 {
		t.Errorf("the last picture has what is left: %.30s, %v", last, err)
	}
	if _, err := (&room{pictures: 3}).picture(path); err != errRoom {
		t.Errorf("3 bytes of room: %v", err)
	}
	dir := t.TempDir()
	write(t, "x", dir, "eval", "a.png")
	write(t, "x", dir, "eval", "heard", "00-00.png")
	write(t, "x", dir, "eval", "heard", "00-00.wav")
	if n := pictures([]string{dir, filepath.Join(dir, "none")}); n != 4 {
		t.Errorf("%d pictures to come, want 2 and one that was said of each", n)
	}
}

// TestJudgedPage: of several protocols there are the drop of the last stage, curves over labels at the stage that is best, with what lies around them, and what is taken for what.
func TestJudgedPage(t *testing.T) {
	a, b := judgedRun(t, "rotation"), judgedRun(t, "jigsaw")
	p := pageOf(t, a, b)
	grown := chartOf(t, p, "probe")
	has(t, grown, "rotation: 50.0 %<", "jigsaw: 50.0 %<", "random: 50.0 %<", "<polygon", ">labelled samples<", ">96<", ">largest class<")
	if n := strings.Count(p, ">With few labels<"); n != 3 {
		t.Errorf("curves stand in %d places, want side by side and in two runs", n)
	}
	drops := chartOf(t, p, "Drop from the best stage to the last")
	has(t, drops, "knn, rotation: 0.0 %", "probe, random: 0.0 %")
	one := pageOf(t, a)
	has(t, one, "pretext, conv3, 38.0 %; of 9 classes those that are confused most", "<th>&lt;b&gt;<td><td class=\"c2 own\">4<td class=\"c4\">7", "<span>others</span>")
	if n := strings.Count(one, `class="confused"`); n != 2 {
		t.Errorf("%d matrices, want one for each protocol", n)
	}
}

// TestFiftyRuns: a page of fifty runs, each judged by ten protocols with matrices and curves, leaves the room that pictures and sounds may take in 20 MB.
func TestFiftyRuns(t *testing.T) {
	counts, _ := json.Marshal(slices.Repeat([][]int{slices.Repeat([]int{123}, 13)}, 12))
	classes, _ := json.Marshal(slices.Repeat([]string{"a class"}, 12))
	var scores []string
	for k := range 10 {
		for _, features := range []string{"pretext", "random", "supervised"} {
			for depth := 1; depth <= 5; depth++ {
				scores = append(scores, fmt.Sprintf(`{"protocol":"protocol%d","features":%q,"stage":"stage%d","depth":%d,"metric":{"name":"accuracy","unit":"%%","higher_is_better":true,"trivial_predictor":"largest class","trivial":0.1},
"value":0.%d,"trivial":0.1,"n_test":300,"settings":{"k":20,"data":"scenes:?n=2000"},"confusion":{"classes":%s,"counts":%s,"of":100},"curve":{"along":"labels","points":[{"x":1,"value":0.1,"interval":[0,1]},{"x":9,"value":0.1,"interval":[0,1]}]}}`,
					k, features, depth, depth, 10*k+depth, classes, counts))
			}
		}
	}
	var dirs []string
	for k := range 50 {
		dir := filepath.Join(t.TempDir(), fmt.Sprint("run", k))
		write(t, `{"config":{"task":"rotation","trunk":"convnet"},"chance":0.25}`, dir, "run.json")
		write(t, "["+strings.Join(scores, ",")+"]", dir, "eval", "scores.json")
		dirs = append(dirs, dir)
	}
	p := pageOf(t, dirs...)
	if n := strings.Count(unpacked(t, p), `class="confused"`); len(p)+(picturesBytes+soundBytes)*3/2 >= 20e6 || n != 50*mostMatrices {
		t.Errorf("%.1f MB, %d matrices", float64(len(p))/1e6, n)
	}
	if n := strings.Count(p, "<"); n > 60_000 {
		t.Errorf("a browser that opens the page makes some %d elements", n)
	}
	has(t, unpacked(t, p), "6 more are in eval/scores.json.")
	whole := pageOf(t, dirs[:mostOpen]...)
	lacks(t, whole, "<script", "<template")
	if n := strings.Count(whole, `class="confused"`); n != mostOpen*mostMatrices {
		t.Errorf("%d matrices of the %d runs that a page shows whole", n, mostOpen)
	}
}

var packed = regexp.MustCompile(`<template>([^<]*)</template>`)

// unpacked returns a page as it is when everything in it has been opened.
func unpacked(t *testing.T, page string) string {
	t.Helper()
	return packed.ReplaceAllStringFunc(page, func(s string) string {
		b, err := io.ReadAll(flate.NewReader(base64.NewDecoder(base64.StdEncoding, strings.NewReader(packed.FindStringSubmatch(s)[1]))))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	})
}
