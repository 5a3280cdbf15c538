package recipe

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/layers"
)

// Embedding writes what a model makes of samples to files: features, the rows' names, their classes where they are known, and what made them.
type Embedding struct {
	Data   string // as data.Open takes it
	Out    string // a file that ends in one of eval.FeatureFormats; of several stages FILE-STAGE with its ending
	Layers string // a stage's name, last (also empty) or all
	Eval   eval.Options
	Say    func(msg string)
}

// Embedded is a file that was written.
type Embedded struct {
	Features string `json:"features"`
	eval.Made
}

// Weights is a hash of the trunk's weights: of features of another the distances mean nothing.
func (m *Model) Weights() string {
	h := sha256.New()
	var b []byte
	for _, p := range layers.State(m.Trunk) {
		fmt.Fprintf(h, "%s %v\n", p.Name, p.Value.Shape)
		b = b[:0]
		for _, v := range p.Value.Data {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
		}
		h.Write(b)
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}

// Embed writes the features of samples, averaged over positions.
func (m *Model) Embed(ctx context.Context, e Embedding) ([]Embedded, error) {
	d, err := data.Open(e.Data, data.Train)
	if err != nil {
		return nil, err
	}
	if e.Say != nil {
		tell(e.Say, d)
	}
	if d.Len() == 0 {
		return nil, fmt.Errorf("%s is empty: there is nothing to embed", e.Data)
	}
	encoder := m.Encoder()
	stages := encoder.Depths()
	if e.Eval.Last = e.Layers == "" || e.Layers == "last"; !e.Eval.Last && e.Layers != "all" && !slices.Contains(stages, e.Layers) {
		return nil, &SettingError{"layers", fmt.Sprintf("%s: there are last, all, %s", e.Layers, spec.Or(stages))}
	}
	all, err := encoder.Encode(ctx, d.Inputs, e.Eval)
	if err != nil {
		return nil, err
	}
	var out []Embedded
	for _, f := range all {
		path := e.Out
		switch {
		case e.Layers == "all":
			ext := filepath.Ext(path)
			path = strings.TrimSuffix(path, ext) + "-" + strings.ReplaceAll(f.Name, "/", "-") + ext
		case !e.Eval.Last && f.Name != e.Layers:
			continue
		}
		one, err := m.saveFeatures(path, f, d, e.Data)
		if err != nil {
			return out, err
		}
		out = append(out, one)
	}
	return out, nil
}

// saveFeatures writes the features of one stage.
func (m *Model) saveFeatures(path string, f eval.Features, d *data.Dataset, of string) (Embedded, error) {
	var names, classes []string
	known := d.Truth.Classes()
	for _, i := range f.Index {
		names = append(names, d.Describe(i))
		if len(known) == 0 {
			continue
		}
		class := ""
		if c := d.Truth.Label(i); c >= 0 && c < len(known) {
			class = known[c]
		}
		classes = append(classes, class)
	}
	list, err := eval.SaveFeatures(path, f.Pooled, names)
	if err != nil {
		return Embedded{}, err
	}
	made := eval.Made{Network: m.Trunk.Name, Weights: m.Weights(), Stage: f.Name, Data: of, Fingerprint: d.Fingerprint, Rows: f.Pooled.Dim(0), Dim: f.Pooled.Dim(1), Names: list}
	if m.Hearing == nil {
		made.Side, made.Norm = m.Side, m.Norm.String()
	}
	made, err = eval.SaveMade(path, made, names, classes)
	return Embedded{path, made}, err
}
