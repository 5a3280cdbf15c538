// Package spec reads the one grammar in which a person names things: kind:path?option=value&option=value. Data, tasks, trunks
// and optimisers are named in it; each declares its options, with their defaults and a line about each, and an option that was not
// declared is refused.
package spec

import (
	"encoding"
	"fmt"
	"math"
	"net/url"
	"slices"
	"sort"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Spec is a parsed specification.
type Spec struct {
	Kind, Path string
	options    url.Values
}

// Parse reads kind:path?option=value&option=value; path and options may be missing.
func Parse(s string) (Spec, error) {
	body, query, _ := strings.Cut(s, "?")
	kind, path, _ := strings.Cut(body, ":")
	q, err := url.ParseQuery(query)
	if err != nil {
		return Spec{}, fmt.Errorf("%q: the options after '?' do not parse: %s", s, Line(err.Error()))
	}
	for name, v := range q {
		if len(v) > 1 {
			return Spec{}, fmt.Errorf("%q: option %s is given %d times", s, Line(name), len(v))
		}
	}
	return Spec{kind, path, q}, nil
}

// String returns the specification with its options in order of their names.
func (s Spec) String() string {
	out := s.Kind
	if s.Path != "" {
		out += ":" + s.Path
	}
	for i, name := range sortedKeys(s.options) {
		sep := "&"
		if i == 0 {
			sep = "?"
		}
		out += sep + escape(name) + "=" + escape(s.options.Get(name))
	}
	return out
}

// escape writes a name or a value so that Parse reads it back; commas and slashes stay what they are.
func escape(text string) string {
	return strings.NewReplacer("%2C", ",", "%2F", "/").Replace(url.QueryEscape(text))
}

// Has tells whether an option is given.
func (s Spec) Has(name string) bool { return s.options.Has(name) }

// Get returns an option as it is written, nothing where it is not said.
func (s Spec) Get(name string) string { return s.options.Get(name) }

// With returns the specification with an option set, or without it where value is empty.
func (s Spec) With(name, value string) Spec {
	o := url.Values{}
	for k, v := range s.options {
		o[k] = v
	}
	o.Set(name, value)
	if value == "" {
		o.Del(name)
	}
	s.options = o
	return s
}

// Over returns the specification with those options of under that it does not say itself.
func (s Spec) Over(under Spec) Spec {
	o := url.Values{}
	for _, from := range []Spec{under, s} {
		for k, v := range from.options {
			o[k] = v
		}
	}
	s.options = o
	return s
}

// Option declares an option. An empty Default means that what happens without it cannot be said in one value; About says it. A name with
// a dot, as in PART.OPTION, declares the options of all parts, which Values.Parts reads.
type Option struct{ Name, Default, About string }

// Usage lists options for a person: name=default, and what each is.
func Usage(options []Option) []string {
	var out []string
	for _, o := range options {
		d := o.Default
		if d == "" {
			d = "..."
		}
		out = append(out, fmt.Sprintf("%s=%s  %s", o.Name, d, o.About))
	}
	return out
}

// Values are a specification's options, read against those declared. The first thing that is wrong stays in Err; the getters
// return defaults from then on, so that a reader asks for everything and looks at Err once.
type Values struct {
	what     string
	given    url.Values
	declared map[string]string
	err      error
}

// Values reads the options; what is named in errors, such as "task rotation".
func (s Spec) Values(what string, declared []Option) *Values {
	v := &Values{what: what, given: s.options, declared: map[string]string{}}
	var names []string
	parts := false
	for _, o := range declared {
		v.declared[o.Name] = o.Default
		names = append(names, o.Name)
		parts = parts || strings.Contains(o.Name, ".")
	}
	for _, name := range sortedKeys(s.options) {
		if _, ok := v.declared[name]; !ok && !(parts && strings.Contains(name, ".")) {
			has := "none"
			if len(names) > 0 {
				has = strings.Join(names, ", ")
			}
			v.Fail("there is no option %q; options: %s", name, has)
		}
	}
	return v
}

// Parts returns a specification for each of some parts, with those options that are given for it as PART.OPTION, without its name. An
// option of another part is refused.
func (v *Values) Parts(names []string) []Spec {
	out := make([]Spec, len(names))
	for i, n := range names {
		out[i] = Spec{Kind: n, options: url.Values{}}
	}
	for _, name := range sortedKeys(v.given) {
		part, option, dotted := strings.Cut(name, ".")
		if !dotted {
			continue
		}
		i := slices.Index(names, part)
		if i < 0 {
			v.Fail("option %s: %q is not among %s", name, part, strings.Join(names, ", "))
			continue
		}
		out[i].options[option] = v.given[name]
	}
	return out
}

// Fail records what is wrong, if nothing is yet.
func (v *Values) Fail(format string, args ...any) {
	if v.err == nil {
		v.err = fmt.Errorf("%s: %s", v.what, Line(fmt.Sprintf(format, args...)))
	}
}

// Err returns the first thing that was wrong.
func (v *Values) Err() error { return v.err }

// Given tells whether the person said an option that is declared.
func (v *Values) Given(name string) bool {
	_, declared := v.declared[name]
	return declared && v.given.Has(name)
}

// Text returns an option as it is written.
func (v *Values) Text(name string) string {
	d, ok := v.declared[name]
	if !ok {
		panic("spec: option " + name + " of " + v.what + " is not declared")
	}
	if v.given.Has(name) {
		return v.given.Get(name)
	}
	return d
}

// One returns an option that is one of some words.
func (v *Values) One(name string, of ...string) string {
	t := v.Text(name)
	for _, o := range of {
		if t == o {
			return t
		}
	}
	v.Fail("option %s=%s, want %s", name, t, Or(of))
	return of[0]
}

// Bool returns an option that is yes or no.
func (v *Values) Bool(name string) bool { return v.One(name, "yes", "no") == "yes" }

// Into lets an enumeration read an option.
func (v *Values) Into(name string, e encoding.TextUnmarshaler) {
	if err := e.UnmarshalText([]byte(v.Text(name))); err != nil {
		v.Fail("option %s: %v", name, err)
	}
}

// Int returns an option that is a whole number between low and high. Without a default and not given it is low.
func (v *Values) Int(name string, low, high int) int {
	t := v.Text(name)
	if t == "" && !v.Given(name) {
		return low
	}
	n, err := strconv.Atoi(t)
	if err != nil || n < low || n > high {
		want := fmt.Sprintf("between %d and %d", low, high)
		if high == math.MaxInt {
			want = fmt.Sprintf("of at least %d", low)
		}
		v.Fail("option %s=%s: want a whole number %s", name, t, want)
		return low
	}
	return n
}

// Float returns an option that is a number between low and high.
func (v *Values) Float(name string, low, high float64) float64 {
	t := v.Text(name)
	if t == "" && !v.Given(name) {
		return low
	}
	x, err := strconv.ParseFloat(t, 64)
	if err != nil || !(x >= low && x <= high) {
		v.Fail("option %s=%s: want a number between %g and %g", name, t, low, high)
		return low
	}
	return x
}

// Line returns text as one line: what cannot be printed is written as in a Go string.
func Line(text string) string {
	odd := func(r rune) bool { return r == utf8.RuneError || !unicode.IsPrint(r) }
	if !strings.ContainsFunc(text, odd) {
		return text
	}
	var out strings.Builder
	for len(text) > 0 {
		r, n := utf8.DecodeRuneInString(text)
		if odd(r) {
			q := strconv.Quote(text[:n])
			out.WriteString(q[1 : len(q)-1])
		} else {
			out.WriteString(text[:n])
		}
		text = text[n:]
	}
	return out.String()
}

// Few names the first of some things, and says how many more there are: a, b and 3 more.
func Few(names []string, most int) string {
	if n := len(names); n > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), n-most)
	}
	return strings.Join(names, ", ")
}

// Or joins words for a sentence: a, b or c.
func Or(words []string) string {
	switch n := len(words); n {
	case 0:
		return "nothing"
	case 1:
		return words[0]
	default:
		return strings.Join(words[:n-1], ", ") + " or " + words[n-1]
	}
}

func sortedKeys(m url.Values) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}
