// Package report turns a run's files into one self-contained HTML page: curves, scores by depth, pictures, settings. It has
// never heard of models, tasks or protocols; it reads run.json, metrics.jsonl, eval/scores.json, PNG and WAV files, and shows each
// metric by what the run declares about it.
//
// Start with report.go, then metrics.go, scores.go, gallery.go and files.go.
package report

import (
	"bytes"
	"compress/flate"
	"embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/tessera-go/tessera/canvas"
	"github.com/tessera-go/tessera/checkpoint"
	"github.com/tessera-go/tessera/eval/score"
	"github.com/tessera-go/tessera/internal/files"
	"github.com/tessera-go/tessera/metric"
)

//go:embed page.html paper.html style.html
var pages embed.FS

var page, paper = parsed("page.html"), parsed("paper.html")

func parsed(name string) *template.Template {
	return template.Must(template.New(name).Funcs(template.FuncMap{"number": func(i int) int { return i + 1 }}).ParseFS(pages, name, "style.html"))
}

// section is what the page shows of a run.
type section struct {
	Dir      string
	Title    string
	Command  string
	Facts    [][2]string
	Headline []headline
	Charts   []template.HTML
	Groups   []*group
	Summary  *summary     // of several protocols; nil where there are fewer
	Stages   bool         // some scores are of a network's stages
	Confused []*confusion // of each group that says classes, and how many more there are
	Unshown  int
	Images   []picture
	Left     []string // pictures that are left out, and why
	Heard    []*gallery
	Settings string
	Closed   template.HTML // what is long, packed; "" where it is shown at once

	task, trunk string
	seed        uint64
	scores      []score.Score
}

type headline struct{ What, Value, Note string }

type picture struct {
	Title, About string
	Data         template.URL
}

// content is what the page shows.
type content struct {
	Together *summary // of several runs; nil of one, or where none has been judged
	Sections []*section
	Shrunk   int  // pictures that are smaller than their files
	Closed   bool // what is long of each run is unpacked when it is opened
}

// mostOpen is how many runs a page shows whole: a run that was judged by all protocols has some 15,000 elements.
const mostOpen = 4

// Write writes a page about run directories.
func Write(path string, dirs []string) error {
	var sections []*section
	var judged []score.Judged
	var tasks, trunks []string
	room := room{sound: soundBytes, pictures: picturesBytes, coming: pictures(dirs)}
	for _, d := range dirs {
		s, err := read(d, &room)
		if err == nil {
			err = s.addGalleries(d, &room)
		}
		if err != nil {
			return err
		}
		sections = append(sections, s)
		judged = append(judged, score.Judged{Seed: s.seed, Scores: s.scores})
		tasks, trunks = append(tasks, s.task), append(trunks, s.trunk)
	}
	c := content{Sections: sections, Shrunk: room.shrunk}
	if len(judged) > 1 {
		for i, name := range score.Names(tasks, trunks) {
			judged[i].Name = name
		}
		c.Together = summarise(judged, 1)
	}
	if c.Closed = len(sections) > mostOpen; c.Closed {
		for _, s := range sections {
			if err := s.pack(); err != nil {
				return err
			}
		}
	}
	return checkpoint.Atomic(path, func(w io.Writer) error { return page.Execute(w, c) })
}

// pack writes what is long of a run as the page's script unpacks it: deflated (RFC 1951), in base64.
func (s *section) pack() error {
	var packed bytes.Buffer
	to := base64.NewEncoder(base64.StdEncoding, &packed)
	z, err := flate.NewWriter(to, flate.DefaultCompression)
	if err != nil {
		return err
	}
	if err := errors.Join(page.ExecuteTemplate(z, "closed", s), z.Close(), to.Close()); err != nil {
		return err
	}
	s.Closed = template.HTML(packed.String()) // letters that stand for themselves
	return nil
}

// runBytes and metricsBytes are how large run.json and metrics.jsonl may be.
const runBytes, metricsBytes = 64 << 20, 1 << 30

// run is run.json: fields that are only shown, and what the page must understand.
type run struct {
	fields, config map[string]any
	metrics        []metric.Metric
}

func readRun(dir string) (*run, []byte, error) {
	path := filepath.Join(dir, "run.json")
	b, err := files.Read(path, runBytes)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil, fmt.Errorf("%s is not a run directory: it has no run.json", dir)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	r, err := parseRun(b)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return r, b, nil
}

func parseRun(b []byte) (*run, error) {
	r := &run{}
	var declared struct {
		Metrics []metric.Metric `json:"metrics"`
	}
	err := json.Unmarshal(b, &r.fields)
	if err == nil {
		err = json.Unmarshal(b, &declared)
	}
	if err != nil {
		return nil, err
	}
	r.config, _ = r.fields["config"].(map[string]any)
	r.metrics = declared.Metrics
	if r.metrics == nil { // a run of an earlier version
		accuracy := metric.Accuracy(1)
		accuracy.Trivial = r.number("chance")
		r.metrics = []metric.Metric{metric.Loss(), accuracy}
	}
	return r, nil
}

func (r *run) number(name string) float64 { return number(r.fields, name) }

func number(m map[string]any, name string) float64 { v, _ := m[name].(float64); return v }

// text writes a field for a person, nothing where it is missing.
func text(m map[string]any, name string) string {
	switch v := m[name].(type) {
	case nil:
		return ""
	case float64:
		return fmt.Sprintf("%.6g", v)
	default:
		return fmt.Sprint(v)
	}
}

// title says what learned.
func title(r *run) string {
	if trunk := text(r.config, "trunk"); trunk != "" {
		return text(r.config, "task") + " on " + trunk
	}
	return text(r.config, "task")
}

// network says what was trained.
func network(r *run) string {
	params := text(r.fields, "params") + " trained values"
	if trunk := text(r.config, "trunk"); trunk != "" {
		return trunk + ", " + params
	}
	return params
}

// time says how long it took; of a run that an evaluation fine-tuned nobody measured when its first step was done.
func (r *run) time() string {
	out := fmt.Sprintf("%.0f s", r.number("seconds"))
	if first := r.number("first_step_s"); first > 0 {
		out += fmt.Sprintf("; first step done %.1f s after the program's start", first)
	}
	return out
}

func (r *run) facts() [][2]string {
	facts := [][2]string{
		{"data", fmt.Sprintf("%s, %s samples, fingerprint %s", text(r.fields, "data_name"), text(r.fields, "data_len"), text(r.fields, "data_fingerprint"))},
		{"network", network(r)},
		{"steps", fmt.Sprintf("%.0f of %.0f, batch %s, seed %s", r.number("done"), r.number("steps"), text(r.config, "batch_size"), text(r.config, "seed"))},
		{"time", r.time()},
		{"machine", fmt.Sprintf("%s, %s threads, kernels %s, %s", text(r.fields, "cpu"), text(r.fields, "threads"), text(r.fields, "simd"), text(r.fields, "go"))},
		{"started", text(r.fields, "started")},
	}
	if peak := r.number("peak_memory"); peak > 0 {
		facts = append(facts, [2]string{"memory", fmt.Sprintf("%.0f MB of activations and gradients at most", peak/1e6)})
	}
	return facts
}

func (r *run) section(dir string, b []byte) *section {
	return &section{Dir: filepath.Base(dir), Settings: string(b), Facts: r.facts(), Command: text(r.fields, "command"),
		Title: title(r), task: text(r.config, "task"), trunk: text(r.config, "trunk"), seed: uint64(max(0, number(r.config, "seed")))}
}

func read(dir string, room *room) (*section, error) {
	r, b, err := readRun(dir)
	if err != nil {
		return nil, err
	}
	s := r.section(dir, b)
	values, err := readMetrics(filepath.Join(dir, "metrics.jsonl"))
	if err != nil {
		return nil, err
	}
	s.addMetrics(values, r.metrics)
	all, err := score.Load(dir)
	if err != nil {
		return nil, err
	}
	s.addScores(all)
	s.scores, s.Summary = all, summarise([]score.Judged{{Scores: all}}, 2)
	judged, err := within(filepath.Join(dir, "eval"), isPNG)
	if err != nil {
		return nil, err
	}
	for _, path := range judged {
		s.addPicture(path, told(path), room)
	}
	samples, err := within(filepath.Join(dir, "samples"), isPNG)
	if err != nil {
		return nil, err
	}
	if len(samples) > 0 {
		about := picture{Title: "What the net saw and said",
			About: "Pictures that it did not train on, at the last step that was drawn. Green: right, red: wrong; bars are probabilities, the right answer's dark."}
		if text(r.config, "trunk") == "" { // there is no net
			about = picture{Title: "What was learned", About: "At the last step that was drawn."}
		}
		s.addPicture(samples[len(samples)-1], about, room)
	}
	return s, nil
}

func (s *section) addMetrics(values series, declared []metric.Metric) {
	for _, c := range values.charts(declared) {
		s.draw(c)
	}
	s.Headline = values.headlines(declared)
}

// draw adds a chart, if there is something in it.
func (s *section) draw(c canvas.Chart) {
	if svg := c.SVG(); svg != "" {
		s.Charts = append(s.Charts, template.HTML(svg)) // canvas escapes what it writes
	}
}

// told returns what stands about a picture in the text beside it: the title on the first line. Without it the file's name has to do.
func told(path string) picture {
	name := strings.TrimSuffix(path, ".png")
	b, err := files.Read(name+".txt", pictureBytes)
	if err != nil {
		return picture{Title: filepath.Base(name)}
	}
	title, about, _ := strings.Cut(strings.TrimSpace(strings.ToValidUTF8(string(b[:min(len(b), toldBytes)]), "")), "\n")
	return picture{Title: title, About: about}
}

// toldBytes is how much of such a text is shown.
const toldBytes = 4096

// addPicture adds a PNG file, or says that it is left out.
func (s *section) addPicture(path string, p picture, room *room) {
	data, err := room.picture(path)
	if err != nil {
		s.Left = append(s.Left, leftOut(path, err))
		return
	}
	p.Data = data
	s.Images = append(s.Images, p)
}
