package data

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"

	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/tensor"
)

// FilmGroup is the division of frames by the film that they are of.
const FilmGroup = "film"

// FrameOptions of FramesOf.
type FrameOptions struct {
	Each   int    // so many-th frame of each film; 0 means 1, all
	Labels string // the division of frames that is their label; empty means the films' labels, "no" none
}

// framesOptions are the options of every kind that has films.
var framesOptions = []spec.Option{
	{Name: "as", About: "frames: the frames of films as pictures"},
	{Name: "each", Default: "1", About: "with as=frames: only each so many-th frame"},
	{Name: "labels", About: "with as=frames: what a frame's label is, such as film or pose, or no for none; if not given the film's"},
}

// asFrames reads what a specification says of frames; nil where the films stay films.
func (k Kind) asFrames(v *spec.Values) *FrameOptions {
	if !slices.ContainsFunc(k.Options, func(o spec.Option) bool { return o.Name == "as" }) {
		return nil
	}
	if !v.Given("as") {
		for _, name := range []string{"each", "labels"} {
			if v.Given(name) {
				v.Fail("option %s goes with as=frames", name)
			}
		}
		return nil
	}
	v.One("as", "frames")
	o := &FrameOptions{Each: v.Int("each", 1, 1<<20)}
	if v.Given("labels") {
		o.Labels = v.Text("labels")
	}
	return o
}

// asFrames are frames of films as pictures.
type asFrames struct {
	films *Dataset
	at    [][2]int // film and frame of each picture
}

// FramesOf returns the frames of the films as pictures. What is known about frames is known about the pictures. A film of which nothing can be read
// is left out, and a note says so.
func (d *Dataset) FramesOf(o FrameOptions) (*Dataset, error) {
	each, labels := max(o.Each, 1), o.Labels
	if d.Clips == nil {
		return nil, fmt.Errorf("data %s: the option as=frames takes the frames of films; there are %s", d.Name, d.Kinds())
	}
	s, err := spec.Parse(d.Name)
	if err != nil {
		return nil, fmt.Errorf("data %w", err)
	}
	s = s.With("as", "frames")
	out := &Dataset{Notes: slices.Clone(d.Notes), later: d.later}
	f := &asFrames{films: d}
	counts, errs := make([]int, d.Clips.Len()), make([]error, d.Clips.Len())
	parallel.For(len(counts), func(i int) {
		times, err := d.Clips.Times(i)
		counts[i], errs[i] = len(times), err
	})
	bad := 0
	for i, n := range counts {
		if errs[i] != nil {
			if bad++; bad <= mostNamed {
				out.Notes = append(out.Notes, fmt.Sprintf("a film is left out: %v", errs[i]))
			}
			continue
		}
		for t := each / 2; t < n; t += each {
			f.at = append(f.at, [2]int{i, t})
		}
	}
	if bad == len(counts) && bad > 0 {
		return nil, fmt.Errorf("none of %d films can be read; the first: %w", bad, errs[0])
	}
	if bad > 0 {
		out.Notes = append(out.Notes, fmt.Sprintf("%d of %d films cannot be read and are left out", bad, len(counts)))
	}
	if each > 1 {
		s = s.With("each", fmt.Sprint(each))
	}
	out.Inputs = Inputs{Images: f}
	if err := f.truth(&out.Truth, labels); err != nil {
		return nil, err
	}
	if labels != "" {
		s = s.With("labels", labels)
	}
	out.Name, out.Fingerprint = s.String(), fingerprint("frames", d.Fingerprint, fmt.Sprint(each, labels, counts))
	return out, nil
}

// truth sets what is known about the pictures.
func (f *asFrames) truth(t *Truth, labels string) error {
	names := make([]string, f.films.Clips.Len())
	for i := range names {
		names[i] = f.films.Clips.Describe(i)
	}
	t.Groups = map[string]Labels{FilmGroup: &frameLabels{f, names, func(i, _ int) int { return i }}}
	for name, of := range f.films.Truth.Groups {
		t.Groups[name] = &frameLabels{f, of.Classes(), func(i, _ int) int { return of.Label(i) }}
	}
	if known := f.films.Truth.Frames; known != nil {
		t.Boxes, t.KeyPoints, t.Masks, t.Factors = frameTruth{f}, frameTruth{f}, frameTruth{f}, frameTruth{f}
		for name, classes := range known.Groups() {
			t.Groups[name] = &frameLabels{f, classes, func(i, k int) int { return known.Group(name, i, k) }}
		}
	}
	if f.films.Truth.Sizes != nil {
		t.Sizes = frameTruth{f}
	}
	if of := f.films.Truth.Labels; of != nil && labels == "" {
		t.Labels = &frameLabels{f, of.Classes(), func(i, _ int) int { return of.Label(i) }}
	}
	if labels == "" || labels == "no" {
		return nil
	}
	if t.Labels = t.Groups[labels]; t.Groups[labels] == nil {
		has := append(slices.Sorted(maps.Keys(t.Groups)), "no")
		return fmt.Errorf("data %s: option labels=%s: frames are divided by %s", f.films.Name, labels, spec.Or(has))
	}
	return nil
}

func (f *asFrames) Len() int { return len(f.at) }

func (f *asFrames) Describe(i int) string {
	return fmt.Sprintf("%s, frame %d", f.films.Clips.Describe(f.at[i][0]), f.at[i][1])
}

func (f *asFrames) Image(i int) (*Image, error) {
	ims, err := ClipOf(f.films.Clips, f.at[i][0], []int{f.at[i][1]})
	if err != nil {
		return nil, err
	}
	return ims[0], nil
}

// Hash is of the film's hash and the frame's number.
func (f *asFrames) Hash(i int) (Hash, error) {
	h, err := ContentHash(f.films.Clips, f.at[i][0])
	if err != nil {
		return h, err
	}
	return sha256.Sum256(fmt.Append(h[:], " frame ", f.at[i][1])), nil
}

// frameLabels are a division of frames.
type frameLabels struct {
	f       *asFrames
	classes []string
	of      func(film, frame int) int
}

func (l *frameLabels) Classes() []string { return l.classes }
func (l *frameLabels) Label(i int) int   { return l.of(l.f.at[i][0], l.f.at[i][1]) }

// frameTruth is what is known about frames, as about pictures.
type frameTruth struct{ f *asFrames }

func (t frameTruth) frame(i int) (FrameTruth, error) {
	return t.f.films.Truth.Frames.Frame(t.f.at[i][0], t.f.at[i][1])
}

func (t frameTruth) Size(i int) (h, w int, err error) {
	return t.f.films.Truth.Sizes.Size(t.f.at[i][0])
}

// Classes are the films': their boxes are of what a film is of.
func (t frameTruth) Classes() []string { return t.f.films.Truth.Classes() }

func (t frameTruth) Boxes(i int) ([]Box, error) {
	k, err := t.frame(i)
	return slices.DeleteFunc(k.Boxes, func(b Box) bool { return b.X1 <= b.X0 }), err
}
func (t frameTruth) KeyPoints(i int) ([]KeyPoint, error) {
	k, err := t.frame(i)
	return k.KeyPoints, err
}
func (t frameTruth) Mask(i int) (*tensor.Tensor, error) {
	k, err := t.frame(i)
	return k.Mask, err
}
func (t frameTruth) Factors(i int) ([]Factor, error) {
	k, err := t.frame(i)
	return k.Factors, err
}
