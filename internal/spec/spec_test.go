package spec

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/internal/fuzzing"
)

var options = []Option{{"n", "3", "how many"}, {"rate", "0.5", "how fast"}, {"labels", "yes", "whether"}, {"free", "", "as the data has it"}, {"mode", "a", "which"}}

func read(t *testing.T, s string) *Values {
	t.Helper()
	p, err := Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return p.Values("thing x", options)
}

func TestParse(t *testing.T) {
	for s, want := range map[string]string{"a": "a", "a:b": "a:b", "a:b?y=2&x=1": "a:b?x=1&y=2", "a?x=0,1": "a?x=0,1", "folder:C:/x?labels=no": "folder:C:/x?labels=no", "a:?x=a%26b": "a?x=a%26b", "a?%26%3D=1": "a?%26%3D=1"} {
		p, err := Parse(s)
		if err != nil || p.String() != want {
			t.Errorf("%s: %s, %v; want %s", s, p, err, want)
		}
		if again, err := Parse(p.String()); err != nil || again.String() != p.String() {
			t.Errorf("%s is read back as %s", p, again)
		}
	}
	p, _ := Parse("folder:C:/x?labels=no")
	if p.Kind != "folder" || p.Path != "C:/x" || !p.Has("labels") || p.Has("n") {
		t.Errorf("%+v", p)
	}
	with := p.With("n", "4").With("labels", "")
	if with.String() != "folder:C:/x?n=4" || p.String() != "folder:C:/x?labels=no" {
		t.Errorf("with: %s, from %s", with, p)
	}
	for _, bad := range []string{"a?%zz", "a?x=1&x=2", "a?x=1;y=2"} {
		if _, err := Parse(bad); err == nil {
			t.Errorf("%s passes", bad)
		}
	}
}

func TestValues(t *testing.T) {
	v := read(t, "x?n=7&labels=no&rate=0.25&mode=b")
	if v.Int("n", 1, 9) != 7 || v.Float("rate", 0, 1) != 0.25 || v.Bool("labels") || v.One("mode", "a", "b") != "b" || v.Err() != nil {
		t.Errorf("values differ: %v", v.Err())
	}
	if !v.Given("n") || v.Given("free") || v.Given("other") {
		t.Error("Given is wrong")
	}
	d := read(t, "x")
	if d.Int("n", 1, 9) != 3 || d.Float("rate", 0, 1) != 0.5 || !d.Bool("labels") || d.Text("free") != "" || d.Int("free", 2, 9) != 2 || d.Float("free", 2, 9) != 2 || d.Err() != nil {
		t.Errorf("defaults differ: %v", d.Err())
	}
	for s, want := range map[string]string{"x?n=0": "option n=0: want a whole number between 1 and 9", "x?n=10": "n=10", "x?n=x": "n=x", "x?n=": "n=", "x?rate=1.5": "rate=1.5: want a number between 0 and 1",
		"x?rate=NaN": "rate=NaN", "x?rate=-0.1": "rate=-0.1", "x?labels=No": "labels=No, want yes or no", "x?mode=c": "mode=c, want a or b", "x?speed=1": `no option "speed"; options: n, rate, labels, free, mode`} {
		v := read(t, s)
		v.Int("n", 1, 9)
		v.Float("rate", 0, 1)
		v.Bool("labels")
		v.One("mode", "a", "b")
		if v.Err() == nil || !strings.Contains(v.Err().Error(), want) || !strings.HasPrefix(v.Err().Error(), "thing x: ") {
			t.Errorf("%s: %v, want %q", s, v.Err(), want)
		}
	}
	for n, ok := range map[int]bool{1: true, 9: true, 0: false, 10: false} {
		v := read(t, fmt.Sprint("x?n=", n))
		if v.Int("n", 1, 9); (v.Err() == nil) != ok {
			t.Errorf("n=%d: %v", n, v.Err())
		}
	}
	for rate, ok := range map[string]bool{"0": true, "1": true, "-0.01": false, "1.01": false} {
		v := read(t, "x?rate="+rate)
		if v.Float("rate", 0, 1); (v.Err() == nil) != ok {
			t.Errorf("rate=%s: %v", rate, v.Err())
		}
	}
	v = read(t, "x?n=-1")
	if v.Int("n", 2, math.MaxInt); !strings.Contains(v.Err().Error(), "of at least 2") {
		t.Errorf("%v", v.Err())
	}
	v.Fail("later")
	if strings.Contains(v.Err().Error(), "later") {
		t.Error("the first complaint does not stay")
	}
	v = (Spec{}).Values("y", nil)
	v.Fail("%d", 4)
	if v.Err().Error() != "y: 4" {
		t.Errorf("%v", v.Err())
	}
	if p, _ := Parse("x?a=1"); !strings.Contains(p.Values("y", nil).Err().Error(), "options: none") {
		t.Error("who has no options does not say so")
	}
	defer func() {
		if recover() == nil {
			t.Error("an option that is not declared can be read")
		}
	}()
	read(t, "x").Text("other")
}

type colour string

func (c *colour) UnmarshalText(b []byte) error {
	if string(b) != "red" && string(b) != "a" {
		return fmt.Errorf("%q is no colour", b)
	}
	*c = colour(b)
	return nil
}

func TestInto(t *testing.T) {
	var c colour
	v := read(t, "x?mode=red")
	if v.Into("mode", &c); c != "red" || v.Err() != nil {
		t.Errorf("%q, %v", c, v.Err())
	}
	v = read(t, "x?mode=9")
	if v.Into("mode", &c); v.Err() == nil || !strings.Contains(v.Err().Error(), `option mode: "9" is no colour`) {
		t.Errorf("%v", v.Err())
	}
}

// TestLine: a line stays as it is, whatever its letters; what would break it or is no text is written out, and so in every complaint.
func TestLine(t *testing.T) {
	for text, want := range map[string]string{"": "", "a b, \"c\" 사진 é": "a b, \"c\" 사진 é", "a\nb": `a\nb`, "\x80x\tÿ\x00": `\x80x\tÿ\x00`, "\u2028\ufffd": `\u2028�`} {
		if got := Line(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
	v := read(t, "x?n=1%0A2")
	if v.Int("n", 1, 9); v.Err() == nil || v.Err().Error() != `thing x: option n=1\n2: want a whole number between 1 and 9` {
		t.Errorf("%v", v.Err())
	}
	for _, s := range []string{"a?x%0A=1&x%0A=2", "a?\n%zz"} {
		if _, err := Parse(s); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v", s, err)
		}
	}
}

// FuzzParse: a specification that is read is written, and read back as the same; its options are given or refused in a line, and within limits.
func FuzzParse(f *testing.F) {
	var seeds [][]byte
	for _, s := range []string{"a", "a:b", "a:b?y=2&x=1", "folder:C:/x?labels=no", "a:?x=a%26b", "x?n=7&labels=no&rate=0.25&mode=b", "x?n=1e9&free=", "a?%zz", "a?x=1&x=2", "a?%26=1", "a??"} {
		seeds = append(seeds, []byte(s))
	}
	fuzzing.Run(f, seeds, func(t testing.TB, b []byte) {
		p, err := Parse(string(b))
		if fuzzing.OneLine(t, err) {
			return
		}
		again, err := Parse(p.String())
		if err != nil || !reflect.DeepEqual(p, again) {
			t.Fatalf("%q is %#v; written as %q it is %#v, %v", b, p, p, again, err)
		}
		if over := p.Over(p); !reflect.DeepEqual(over, p) {
			t.Errorf("%q over itself is %q", p, over)
		}
		if with := p.With("n", "7").With("n", ""); with.Has("n") || with.Kind != p.Kind {
			t.Errorf("%q without n is %q", p, with)
		}
		v := p.Values("thing", options)
		n, rate := v.Int("n", 1, 9), v.Float("rate", 0, 1)
		if v.Bool("labels"); n < 1 || n > 9 || !(rate >= 0 && rate <= 1) || v.One("mode", "a", "b") > "b" {
			t.Errorf("%q gives %d and %g", p, n, rate)
		}
		fuzzing.OneLine(t, v.Err())
	})
}

func TestWords(t *testing.T) {
	for want, words := range map[string][]string{"nothing": nil, "a": {"a"}, "a or b": {"a", "b"}, "a, b or c": {"a", "b", "c"}} {
		if Or(words) != want {
			t.Errorf("%q, want %q", Or(words), want)
		}
	}
	if u := Usage(options[:4]); u[0] != "n=3  how many" || u[3] != "free=...  as the data has it" {
		t.Errorf("usage %q", u)
	}
}

// TestFew: as many as are wanted by name, the others by number.
func TestFew(t *testing.T) {
	for n, want := range []string{"", "a", "a, b", "a, b and 1 more", "a, b and 2 more"} {
		if got := Few([]string{"a", "b", "c", "d"}[:n], 2); got != want {
			t.Errorf("of %d: %q, want %q", n, got, want)
		}
	}
}

// TestParts: options of parts are let through where some are declared, and only there; each part gets its own, and nobody else's pass.
func TestParts(t *testing.T) {
	p, err := Parse("x?n=4&b.size=2&a.name=u,v&b.odd.one=z&a.=1")
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Values("thing x", options).Err(); err == nil || !strings.Contains(err.Error(), `there is no option "a."`) {
		t.Errorf("where no parts are declared: %v", err)
	}
	declared := append([]Option{{Name: "PART.OPTION"}}, options...)
	v := p.Values("thing x", declared)
	if got := fmt.Sprint(v.Parts([]string{"b", "a", "c"})); got != "[b?odd.one=z&size=2 a?=1&name=u,v c]" || v.Err() != nil || v.Int("n", 1, 9) != 4 {
		t.Errorf("parts %s, %v", got, v.Err())
	}
	for _, s := range v.Parts([]string{"b", "a", "c"}) {
		if again, err := Parse(s.String()); err != nil || !reflect.DeepEqual(again, s) {
			t.Errorf("%s is read back as %+v, %v", s, again, err)
		}
	}
	v = p.Values("thing x", declared)
	if v.Parts([]string{"b"}); v.Err() == nil || v.Err().Error() != `thing x: option a.: "a" is not among b` {
		t.Errorf("options of another part: %v", v.Err())
	}
	p, _ = Parse("x?speed=1&a.b=1")
	if err := p.Values("thing x", declared).Err(); err == nil || !strings.Contains(err.Error(), `no option "speed"; options: PART.OPTION, n`) {
		t.Errorf("an option of nobody: %v", err)
	}
	v = (Spec{Kind: "x"}).Values("thing x", declared)
	if got := fmt.Sprint(v.Parts([]string{"a"})); got != "[a]" || v.Err() != nil {
		t.Errorf("without options: %s, %v", got, v.Err())
	}
}
