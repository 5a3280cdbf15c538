package metric

import (
	"encoding/json"
	"math"
	"testing"
)

func TestMetric(t *testing.T) {
	a := Accuracy(4)
	for v, want := range map[float64]string{0.256: "25.6 %", 1: "100.0 %"} {
		if got := a.Format(v); got != want {
			t.Errorf("%g is %q, want %q", v, got, want)
		}
	}
	if a.Format(math.NaN()) != "-" {
		t.Error("what is no number has a value")
	}
	db := Metric{Name: "psnr", Unit: "dB", Higher: true, Predictor: "mean colour", Versus: "psnr_mean"}
	if db.Format(18.5812) != "18.58 dB" || Loss().Format(0.123456) != "0.1235" {
		t.Errorf("%q, %q", db.Format(18.5812), Loss().Format(0.123456))
	}
	if v, ok := a.Against(nil); !ok || v != 0.25 {
		t.Errorf("chance %g, %v", v, ok)
	}
	if v, ok := db.Against(map[string]float64{"psnr_mean": 12}); !ok || v != 12 {
		t.Errorf("mean colour %g, %v", v, ok)
	}
	if _, ok := db.Against(nil); ok {
		t.Error("a trivial predictor that was not measured is known")
	}
	if _, ok := Loss().Against(nil); ok {
		t.Error("a loss has a trivial predictor")
	}
	if !a.Better(0.5, 0.4) || a.Better(0.4, 0.4) || !Loss().Better(0.4, 0.5) || Loss().Better(0.4, 0.4) {
		t.Error("which way is better is wrong")
	}
	if Accuracy(0).Trivial != 1 {
		t.Error("one answer at least")
	}
	b, _ := json.Marshal(db)
	var back Metric
	if json.Unmarshal(b, &back); back != db {
		t.Errorf("%s is read back as %+v", b, back)
	}
}
