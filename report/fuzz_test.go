package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/eval/score"
	"github.com/tessera-go/tessera/internal/fuzzing"
)

// FuzzPage: whatever a run's files say (run.json, metrics.jsonl and scores.json, with a NUL between), the page is written, and its drawings are
// well-formed and have numbers.
func FuzzPage(f *testing.F) {
	const fields = `{"config":{"task":"rotation","trunk":"convnet"},"steps":10,"metrics":[{"name":"loss"},{"name":"accuracy","unit":"%","higher_is_better":true,"trivial_predictor":"chance","trivial":0.25}]}`
	const lines = "{\"step\":1,\"loss\":2,\"held_accuracy\":0.5,\"lr\":0.1}\n{\"step\":5,\"loss\":1.5,\"knn\":0.2}\n"
	const scores = `[{"protocol":"knn","features":"pretext","stage":"conv1","depth":1,"metric":{"name":"accuracy","unit":"%"},"value":0.5,"trivial":0.1,"settings":{"k":20}},{"protocol":"linear","features":"pixels","accuracy":0.3,"chance":0.1}]`
	seeds := [][]byte{[]byte(fields + "\x00" + lines + "\x00" + scores), []byte("{}\x00{\"step\":1e300,\"<\":1e300}\n{\"step\":1e300,\"<\":1.0000000000000002e300}\x00[]"), []byte("{\"chance\":0.25}\x00{\"step\":1,\"accuracy\":9007199254740993}\n{\"step\":1,\"accuracy\":9007199254740996}\x00" + scores)}
	fuzzing.Run(f, seeds, func(t testing.TB, b []byte) {
		parts := append(bytes.SplitN(b, []byte{0}, 3), nil, nil)
		r, err := parseRun(parts[0])
		if fuzzing.OneLine(t, err) {
			return
		}
		s := r.section("run", parts[0])
		var all []score.Score
		if len(parts[2]) > 0 && fuzzing.OneLine(t, json.Unmarshal(parts[2], &all)) {
			all = nil
		}
		fuzzing.Memory(t, 16<<20+256*len(b), func() {
			s.addMetrics(parseMetrics(parts[1]), r.metrics)
			s.addScores(all)
		})
		for _, g := range s.Groups {
			s.Charts = append(s.Charts, g.Chart)
		}
		for _, c := range s.Charts {
			d := xml.NewDecoder(strings.NewReader(string(c)))
			for err = nil; err == nil; {
				_, err = d.Token()
			}
			if !errors.Is(err, io.EOF) || strings.Contains(string(c), `="NaN`) || strings.Contains(string(c), `="+Inf`) {
				t.Fatalf("a drawing: %v\n%s", err, c)
			}
		}
		if err := page.Execute(io.Discard, content{summarise([]score.Judged{{Name: "a", Scores: s.scores}, {Name: "b", Scores: s.scores}}, 1), []*section{s}, 1, false}); err != nil {
			t.Fatal(err)
		}
	})
}
