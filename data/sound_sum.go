package data

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/internal/spec"
)

// SumOfSounds is what many sounds are together.
type SumOfSounds struct {
	Sounds   int            `json:"sounds"`
	Hours    float64        `json:"hours"`    // of all that can be read
	Shortest float64        `json:"shortest"` // seconds
	Longest  float64        `json:"longest"`
	Rates    map[string]int `json:"rates"`    // sounds of each: 44100 Hz
	Channels map[string]int `json:"channels"` // sounds of each number
	Formats  map[string]int `json:"formats"`  // sounds of each; none of those that are in no file
	Broken   []string       `json:"broken"`   // why sounds cannot be read
	Noted    []string       `json:"noted"`    // what a person should know of single ones
}

// SumSounds opens every sound, a few at a time, and says what there is. Values are not decoded but where an index takes it.
func SumSounds(s Sounds) SumOfSounds {
	facts, errs := make([]SoundFacts, s.Len()), make([]error, s.Len())
	parallel.For(len(facts), func(i int) { facts[i], errs[i] = FactsOf(s, i) })
	out := SumOfSounds{Sounds: s.Len(), Rates: map[string]int{}, Channels: map[string]int{}, Formats: map[string]int{}}
	for i, f := range facts {
		if errs[i] != nil {
			out.Broken = append(out.Broken, errs[i].Error())
			continue
		}
		seconds := float64(f.Length) / f.Rate
		if out.Hours == 0 {
			out.Shortest = seconds
		}
		out.Hours += seconds / 3600
		out.Shortest, out.Longest = min(out.Shortest, seconds), max(out.Longest, seconds)
		out.Rates[fmt.Sprintf("%g Hz", f.Rate)]++
		out.Channels[channelsOf(f.Channels)]++
		if f.Format != "" {
			out.Formats[f.Format]++
		}
		for _, note := range f.Notes {
			out.Noted = append(out.Noted, s.Describe(i)+": "+note)
		}
	}
	return out
}

func channelsOf(n int) string {
	switch n {
	case 1:
		return "mono"
	case 2:
		return "stereo"
	}
	return fmt.Sprintf("%d channels", n)
}

// Lines are the sum for a person.
func (s SumOfSounds) Lines() []string {
	var out []string
	if s.Hours > 0 {
		out = append(out, fmt.Sprintf("%s of sound, %s to %s each", duration(3600*s.Hours), duration(s.Shortest), duration(s.Longest)))
		line := byCount(s.Rates) + "; " + byCount(s.Channels)
		if len(s.Formats) > 0 {
			line += "; " + byCount(s.Formats)
		}
		out = append(out, line)
	}
	some := func(what string, names []string) {
		for _, name := range names[:min(len(names), mostNamed)] {
			out = append(out, what+name)
		}
		if n := len(names) - mostNamed; n > 0 {
			out = append(out, fmt.Sprintf("%sand %d more", what, n))
		}
	}
	some("", s.Noted)
	if n := len(s.Broken); n > 0 {
		out = append(out, fmt.Sprintf("%d of %d recordings cannot be read:", n, s.Sounds))
		some("  ", s.Broken)
	}
	return out
}

// duration is a time in words: 3.25 s, 12.5 min, 1.75 h.
func duration(seconds float64) string {
	switch {
	case seconds < 100:
		return fmt.Sprintf("%.4g s", seconds)
	case seconds < 6000:
		return fmt.Sprintf("%.4g min", seconds/60)
	}
	return fmt.Sprintf("%.4g h", seconds/3600)
}

// byCount names things with how many there are of each, the most first: 3 of 8000 Hz, 1 of 44100 Hz; one alone without its number.
func byCount(of map[string]int) string {
	names := slices.Sorted(maps.Keys(of))
	if len(names) == 1 {
		return names[0]
	}
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(of[b], of[a]) })
	for i, name := range names {
		names[i] = fmt.Sprintf("%d of %s", of[name], name)
	}
	const most = 8
	return strings.TrimSpace(spec.Few(names, most))
}
