package eval

import (
	"context"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/data"
)

// walks are recordings of pictures, by their names.
type walks []string

func (w walks) Label(i int) int   { return i }
func (w walks) Classes() []string { return w }

// TestRecordingsInBoth: other moments of a recording that was learned from are said and counted, by its name; nothing is said where recordings are not known.
func TestRecordingsInBoth(t *testing.T) {
	set := func(seed uint64, of ...string) *data.Dataset {
		d := dots{n: len(of), side: 16, seed: seed}
		return &data.Dataset{Name: "dots", Inputs: data.Inputs{Images: d}, Truth: data.Truth{Labels: walks(of), KeyPoints: d, Sizes: d, Groups: map[string]data.Labels{data.RecordingGroup: walks(of)}}}
	}
	train, test := set(1, "kitchen", "hall", "hall", "yard"), set(2, "street", "hall", "kitchen", "kitchen")
	var said []string
	o := Options{Say: func(s string) { said = append(said, s) }}
	in := Views{Side: 16, Norm: data.HalfNorm}
	judge := func() Score {
		all, err := Judge(context.Background(), []Encoder{Pixels{in}}, train, test, []Protocol{KeyPoints{Decays: []float64{1}, Iterations: 2}}, o)
		if err != nil {
			t.Fatal(err)
		}
		return all[0]
	}
	s := judge()
	if s.Found["recordings_in_both"] != 2 || s.Found["of_recordings_in_both"] != 3 || len(said) != 2 ||
		!strings.Contains(said[1], "3 of the 4 test samples are of 2 recordings that training samples are of too (hall, kitchen)") {
		t.Errorf("%v, said %q", s.Found, said)
	}
	said, test.Truth.Groups = nil, nil
	if s := judge(); s.Found["recordings_in_both"] != nil || len(said) != 1 {
		t.Errorf("%v, said %q", s.Found, said)
	}
}

// TestBasic: the basic interval turns the drawn one about the value, within 0 to 1.
func TestBasic(t *testing.T) {
	if in := Basic(0.5, &[2]float64{0.45, 0.7}); differ(in[0], 0.3) || differ(in[1], 0.55) {
		t.Errorf("%v", in)
	}
	if in := Basic(0.1, &[2]float64{0, 0.9}); in[0] != 0 || differ(in[1], 0.2) {
		t.Errorf("%v", in)
	}
}

func differ(a, b float64) bool { return a-b > 1e-12 || b-a > 1e-12 }
