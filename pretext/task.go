package pretext

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"sort"
	"strings"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// Task is a pretext task: it makes a learner around a trunk.
type Task interface {
	Learner(s Setup) (train.Learner, error)
}

// Setup is what a task is given to make its learner.
type Setup struct {
	Trunk *layers.Trunk
	// Side of the pictures that the trunk is to see, in pixels. A task that cuts patches chooses theirs itself, from Side or not.
	Side int
	Norm data.Norm
	// Hearing is how recordings are heard, where the task learns from some.
	Hearing data.Hearing
	// Augment is the view of a whole picture while training, Plain the one without randomness; a task that needs other views makes
	// its own.
	Augment, Plain data.View
	RNG            *tensor.RNG // the weights that the task adds
	// Inputs are what will be learned from, for what a task has to know of it beforehand: how large pictures are, which colours are
	// frequent. What looks on (a monitor, a drawing) is fed other inputs and must see the same task.
	Inputs     data.Inputs
	Labels     data.Labels      // of Inputs, for a task that is Labelled; nil where there are none, and for any other
	CacheBytes int64            // how much memory decoded pictures may take, of every feed
	Say        func(msg string) // is told what a person should know; nil for nobody
	// File opens what the learner kept as a Filer in the directory of the run that is loaded; nil where no run is.
	File func(name string) (io.ReadCloser, error)
	// Kept returns a tensor of the state that the learner is going to be given, by its name, or nil: where a run is loaded there are no Inputs, and
	// what they decided, such as how many classes there are, is to be seen there. It is nil where there is no such state.
	Kept func(name string) *tensor.Tensor
}

// teacher returns a second net like the trunk, no branch of which is left out.
func (s Setup) teacher() *layers.Trunk {
	t := s.Trunk.Again(s.RNG)
	t.DropBranches(0)
	return t
}

// kept is Kept, or nil.
func (s Setup) kept(name string) *tensor.Tensor {
	if s.Kept == nil {
		return nil
	}
	return s.Kept(name)
}

// Tower is a learner that looks at patches one by one, such as relative position and jigsaw.
type Tower interface {
	// Tower returns how it looks at patches of such pictures.
	Tower(in data.Inputs) (PatchView, error)
}

// Located is a learner that cuts patches out of pictures and knows from where.
type Located interface {
	// Located returns a feed of the patches alone, as training sees them: x [M S S 3], and of each where its middle lies in its picture, [M 2], down
	// and to the right, parts of its height and width.
	Located(in data.Inputs, augment bool, o data.LoaderOptions, step func(s train.Step, x, where *tensor.Tensor)) (*train.Feed, error)
}

// Hearer is a learner with a trunk of its own for sounds, beside the one of pictures.
type Hearer interface {
	Ear() *layers.Trunk
}

// Paired is a learner that embeds pictures and spectrograms [N T F 1], [N D].
type Paired interface {
	// OneSpace tells whether both lie in one space, as it was made, so that one can be found by the other.
	OneSpace() bool
	// ClipFrames is how many frames it embeds as one: 1, or those of a clip that lasts as long as a window of sound.
	ClipFrames() int
	// Pictures embeds frames [N·ClipFrames S S 3], clip after clip.
	Pictures(x *autograd.Var) *autograd.Var
	Sounds(y *autograd.Var) *autograd.Var
}

// Localiser is a learner that says where in a picture it sounds.
type Localiser interface {
	// Localises tells whether it does, as it was made.
	Localises() bool
	// Where returns how surely each place of a picture [1 S S 3], which need not be square, makes a sound [1 T F 1]: logits [H W].
	Where(x, y *autograd.Var) *tensor.Tensor
}

// As returns what a learner can do beside learning, such as a Tower: itself, or the first of several on its trunk that can and sees the data
// as it is.
func As[T any](l train.Learner) (T, bool) {
	if t, ok := l.(T); ok {
		return t, true
	}
	if m, ok := l.(*multi); ok {
		for _, p := range m.parts {
			if t, ok := p.Learner.(T); ok && !m.greys(p.member) {
				return t, true
			}
		}
	}
	var none T
	return none, false
}

// PatchView is how a tower looks at a patch, without what training draws.
type PatchView struct {
	Side  int          // of a patch, in pixels
	Frame data.Framing // how large a picture is when patches are cut from it
	// Prepare writes a patch, Side by Side pixels, to dst, [Side Side 3], as the trunk sees it. It may be called by several goroutines at once.
	Prepare func(dst []float32, patch *data.Image)
	Embed   layers.Module // what embeds the trunk's features of a patch, [N D]
}

// About is what a person is told of a task.
type About struct {
	Line    string // what is predicted, with its paper
	Of      string // what it learns from: pictures, films, sounds, films with sound, or texts
	Hidden  string // what is taken away, and has to be said
	Trivial string // the headline's trivial predictor, by its name, and behind a colon how good that is as the task usually is
	// Shortcut is what else could answer, where that is no Defence to switch off.
	Shortcut string
	// Collapse says what to turn where the net comes to say the same of everything; "" is what helps any task.
	Collapse string
	Options  []spec.Option
	// OwnViews says that the task makes its views itself, whatever Setup.Augment is: a run that asks for an augmentation is refused.
	OwnViews bool
	// Labelled says that it is told the classes of what it learns from (Setup.Labels): no pretext task, but what those are held against.
	Labelled bool
	// Narrows says that features come to lie along few directions, and are meant to, as many as there are classes or clusters to tell apart, or that one of several
	// tasks may have them so: a falling effective rank is no collapse.
	Narrows bool
	// OwnEpochs says that the task begins its epochs by itself, from all of its data (train.Feed.Begin): it cannot be one of several, whose epochs end elsewhere.
	OwnEpochs bool
	// ShowsGrey says that the trunk is shown grey pictures whatever the data has, and that colour may be the answer: who harmonises what
	// several tasks show (see Multi) leaves this one's data as it is.
	ShowsGrey bool
	// Defences are what keeps the task from being answered without looking at what is in a picture.
	Defences []Defence
	// Unused are settings of a run, as in run.json, that mean nothing to the task: a run that has others than the task's own is refused. A task
	// without a trunk names it among them.
	Unused []string
	// Exact are the options, as option=value, with which a run gives the same bits with any number of threads, where as it is it does not.
	Exact string
	// Trunk is the one that a run has where nobody says, of a task that needs one of a kind; "" of a task that takes any.
	Trunk string
	// Config sets what the task's paper wants and the usual run has otherwise; nil for nothing.
	Config func(c *train.Config)
	make   func(v Values) Task
	of     func(a About, v Values) About // what options change of this; nil for nothing
}

// Hears tells whether the task learns from recordings, by themselves or with films.
func (a About) Hears() bool { return a.Of == OfSounds || a.Of == OfFilmsWithSound }

// Takes tells whether the task can be learned on a trunk, by its specification.
func (a About) Takes(trunk string) bool {
	return a.Trunk == "" || !layers.Transformer(a.Trunk) || layers.Transformer(trunk)
}

// What About.Of calls samples with sound.
const (
	OfSounds         = "sounds"
	OfFilmsWithSound = "films with sound"
)

// Uses tells whether a setting of a run, as in run.json, means something to the task.
func (a About) Uses(setting string) bool { return !slices.Contains(a.Unused, setting) }

// Defence keeps a net from a shortcut; options switch it off, so that a laboratory can show what it is for.
type Defence struct {
	Name    string `json:"name"`
	Off     string `json:"off"`     // options of the task, as option=value&option=value
	Against string `json:"against"` // what could be looked at instead
}

// Values are a task's options as a person gave them, or their defaults.
type Values = *spec.Values

// tasks are all there are. A new task is a file of its own and a line here.
var tasks = map[string]About{
	"arrow-of-time":     arrowOfTimeAbout,
	"audio-contrastive": audioContrastiveAbout,
	"audio-masked":      audioMaskedAbout,
	"audio-order":       audioOrderAbout,
	"audio-visual":      audioVisualAbout,
	"autoencoder":       autoencoderAbout,
	"av-contrastive":    avContrastiveAbout,
	"av-sync":           avSyncAbout,
	"barlow":            barlowAbout,
	"byol":              byolAbout,
	"clip-order":        clipOrderAbout,
	"colourise":         colouriseAbout,
	"context-encoder":   contextEncoderAbout,
	"deepcluster":       deepClusterAbout,
	"denoising":         denoisingAbout,
	"dino":              dinoAbout,
	"exemplar":          exemplarAbout,
	"frame-order":       frameOrderAbout,
	"jigsaw":            jigsawAbout,
	"mae":               maeAbout,
	"moco":              mocoAbout,
	"multi":             multiAbout,
	"nnclr":             nnclrAbout,
	"npid":              npidAbout,
	"odd-one-out":       oddOneOutAbout,
	"pirl":              pirlAbout,
	"playback-speed":    playbackSpeedAbout,
	"relative-position": relativePositionAbout,
	"rotation":          rotationAbout,
	"shuffle-and-learn": shuffleAndLearnAbout,
	"simclr":            simclrAbout,
	"simmim":            simMIMAbout,
	"simsiam":           simsiamAbout,
	"supcon":            supconAbout,
	"swav":              swavAbout,
	"track":             trackAbout,
	"vicreg":            vicregAbout,
	"video-inpaint":     videoInpaintAbout,
	"word2vec":          word2vecAbout,
}

// Names returns the tasks' names, sorted.
func Names() []string {
	var out []string
	for n := range tasks {
		out = append(out, n)
	}
	sort.Strings(out)
	return out
}

// LearnFrom returns the names of the tasks that learn from such samples, as About.Of has it, sorted.
func LearnFrom(of string) []string {
	return slices.DeleteFunc(Names(), func(n string) bool { return tasks[n].Of != of })
}

// Tell says of a task's name, or a specification, what the task is, and which options it has; nothing where there is no such task.
func Tell(of string) About {
	s, err := spec.Parse(of)
	if err != nil {
		return About{}
	}
	a := tasks[s.Kind]
	if a.of != nil {
		return a.of(a, s.Values("task "+s.Kind, a.Options))
	}
	return a
}

// New returns the task of a specification name?option=value.
func New(of string) (Task, error) {
	s, err := spec.Parse(of)
	if err != nil {
		return nil, fmt.Errorf("task %w", err)
	}
	return newTask(s)
}

func newTask(s spec.Spec) (Task, error) {
	t, ok := tasks[s.Kind]
	if !ok {
		return nil, fmt.Errorf("there is no task %q; there are %s", s.Kind, strings.Join(Names(), ", "))
	}
	v := s.Values("task "+s.Kind, t.Options)
	task := t.make(v)
	if s.Path != "" {
		v.Fail("it takes no path; options stand after '?'")
	}
	return task, v.Err()
}

// orNone returns a whole option from 0 to high: -1 for a 0 that was given, which is none, and 0 for what was not, which is the usual.
func orNone(v Values, name string, high int) int {
	n := v.Int(name, 0, high)
	if n == 0 && v.Given(name) {
		return -1
	}
	return n
}

// usual fills in a setting of which 0 is the usual value and less is none.
func usual(v *int, value int) {
	if *v == 0 {
		*v = value
	}
	*v = max(*v, 0)
}

// meanCount returns by what a sum over so many things is divided, so that it is a mean over those of the whole batch, see autograd.Tape.MeanOverParts; 1 where there are none.
func meanCount(t *autograd.Tape, n int) float32 {
	if c := t.MeanOverParts(float64(n)); c > 0 {
		return float32(c)
	}
	return 1
}

// wantImages returns the pictures of inputs, or says that the task needs some.
func wantImages(task string, in data.Inputs) (data.Images, error) {
	if in.Images == nil {
		return nil, fmt.Errorf("task %s learns from pictures; the data has %s", task, in.Kinds())
	}
	return in.Images, nil
}

// Pictures returns the views of whole pictures, Side by Side, normalised, or says that the task needs pictures.
func (s Setup) Pictures(task string, in data.Inputs, augment bool) (*data.Pictures, error) {
	images, err := wantImages(task, in)
	if err != nil {
		return nil, err
	}
	v := s.Plain
	if augment {
		v = s.Augment
	}
	return data.NewPictures(images, v, s.Norm, s.CacheBytes), nil
}

// Sounds returns the views of recordings, or says that the task needs some.
func (s Setup) Sounds(task string, in data.Inputs) (*data.Windows, error) {
	if in.Sounds == nil {
		why := ""
		if in.Clips != nil || in.Images != nil {
			why = " (of scenes they are films with sound with the option sound=yes)"
		}
		return nil, fmt.Errorf("task %s learns from sounds; the data has %s%s", task, in.Kinds(), why)
	}
	return data.NewWindows(in.Sounds, s.Hearing, s.CacheBytes)
}

// The most that pictures are enlarged: without a word, and at all.
const (
	enlargedQuietly = 1.25
	enlargedAtMost  = 4
)

// enlarges says so where pictures must be enlarged to have so many pixels at their shorter sides, and refuses what would show a net more of the
// enlarging than of a picture.
func (s Setup) enlarges(task string, need int) error {
	if s.Inputs.Images == nil {
		return nil
	}
	short, err := shorterSide(task, s.Inputs.Images)
	switch {
	case err != nil:
		return err
	case need > enlargedAtMost*short:
		return fmt.Errorf("task %s: pictures of %d pixels at the shorter side are too small for what is cut from them, which takes %d; smaller patches (the task's options, --side) or larger pictures fit",
			task, short, need)
	case float64(need) > enlargedQuietly*float64(short) && s.Say != nil:
		s.Say(fmt.Sprintf("task %s: pictures of %d pixels at the shorter side are enlarged to %d, which is what is cut from them", task, short, need))
	}
	return nil
}

// shorterSide returns the median of the shorter sides of some pictures, drawn.
func shorterSide(task string, images data.Images) (int, error) {
	return typical(task, "pictures", images.Len(), func(i int) (side int, err error) {
		_, err = data.ImageFrame(images, i, func(h, w int) data.Frame {
			side = min(h, w)
			return data.Frame{H: 1, W: 1, OutH: 1, OutW: 1}
		})
		return side, err
	})
}

// typical returns the median of what is so of some of n samples, drawn, which a person calls pictures or recordings; broken ones are passed over.
func typical[T cmp.Ordered](task, called string, n int, of func(i int) (T, error)) (median T, err error) {
	const some = 15
	var all []T
	var last error
	rng := tensor.NewRNG(1)
	for k := range min(some, n) {
		if n > some {
			k = rng.IntN(n)
		}
		v, err := of(k)
		if err != nil {
			last = err
			continue
		}
		all = append(all, v)
	}
	if len(all) == 0 {
		return median, fmt.Errorf("task %s: none of %d %s could be read: %w", task, min(some, n), called, last)
	}
	slices.Sort(all)
	return all[len(all)/2], nil
}

// within runs a part of a learner under its name, which a message about it says.
func within(name string, m layers.Module, x *autograd.Var) *autograd.Var {
	defer x.Tape().Enter(name)()
	return m.Forward(x)
}

// draw makes a batch of samples for a picture.
func draw[B any](m data.Maker[B], index []int) (*B, error) {
	b := m.New(len(index))
	for row, i := range index {
		if err := m.Fill(b, row, i, tensor.NewRNG(uint64(i))); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// galleryOf is how many samples Draw looks for the nearest among.
const galleryOf = 64

// gallery makes a batch of the samples of index and, behind them, of others of so many that can be read, galleryOf in all.
func gallery[B any](m data.Maker[B], index []int, of int) (*B, error) {
	rows, taken := slices.Clone(index), map[int]bool{}
	for _, i := range index {
		taken[i] = true
	}
	for i, look := 0, m.New(1); i < of && len(rows) < galleryOf; i++ {
		if !taken[i] && m.Fill(look, 0, i, tensor.NewRNG(uint64(i))) == nil {
			rows = append(rows, i)
		}
	}
	return draw(m, rows)
}

// place is a square of a picture, in its pixels.
type place struct{ Top, Left, Side int32 }

// locate writes where the middles of places lie in a picture of h by w pixels, to [M 2].
func locate(dst []float32, places []place, h, w int) {
	for k, p := range places {
		dst[2*k], dst[2*k+1] = (float32(p.Top)+float32(p.Side)/2)/float32(h), (float32(p.Left)+float32(p.Side)/2)/float32(w)
	}
}
