package data

import (
	"fmt"
	"maps"
	"os"
	slash "path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/sound"
)

// SoundOptions of OpenSounds.
type SoundOptions struct {
	Split    Split      // of a cut, or of a tree that has splits of its own
	Cut      [2]float64 // parts of all recordings that make a training and a test split; zeros for no cut
	Labels   string     // the division that is the label: folder, a column of the table, no; empty: the table's class, else the folders, else the names
	Table    string     // a CSV of what is known about the recordings; empty: meta.csv in the folder, or the one CSV in its folder meta; no for none
	Together string     // the division whose classes stay whole in a cut; empty: the first of speaker, recording, src_file and so on; no for none
}

var soundOptions = []spec.Option{
	{Name: "labels", About: "what the label is: folder, speaker, a column of the table, no; if not given the table's class, else the first folder level, else the name"},
	{Name: "table", About: "a CSV with a column of the recordings' names and others, a recording a line; no for none; if not given meta.csv in the folder or the one CSV in its folder meta"},
	{Name: "cut", About: "such as 0.8/0.2: parts of the recordings for training and testing; a recording stays in its part while others come and go"},
	{Name: "together", About: "with cut: the division whose classes stay whole, no for none; if not given the first there is of speaker, recording, film, src_file, fsid, source, group, fold"},
}

const (
	// SpeakerGroup is the division of recordings by who speaks in them.
	SpeakerGroup = "speaker"
	folderGroup  = "folder"
)

// soundTree is a tree of recordings and what its folders, its names and its table say.
type soundTree struct {
	path  string
	dir   string
	files []string
	sizes []int64
	table *sampleTable

	labels  *folderLabels // what is usually the label
	groups  map[string]*folderLabels
	folders *folderLabels // the first level
	own     []Split       // the split of each recording where the tree has splits of its own; empty of one that is in none
	how     string        // where they come from
	notes   []string
}

// OpenSounds opens the recordings in a tree, in any depth, sorted by path; a single one may be named too. Recordings are looked into when their sound is asked for. What is
// known about them is of
//
//	a table    a CSV with a column of names and others (SoundOptions.Table), as ESC-50 has it: a column category, class, label or target is the label, all others are
//	           divisions (Truth.Groups), but those that are different for each recording; a column split makes a training and a test split
//	folders    of the first level, unless there are recordings beside them or only one folder
//	names      CLASS_SPEAKER_NUMBER, where all are of this form, as those of the Free Spoken Digit Dataset; numbers below 5 are the test split
//
// whichever there is first. A cut in two parts keeps the recordings of one speaker together, or those of what else SoundOptions.Together says.
func OpenSounds(path string, o SoundOptions) (*Dataset, error) {
	if o.Split == "" {
		o.Split = Train
	}
	t, err := newSoundTree(path, o.Table, nil)
	if err != nil {
		return nil, err
	}
	if err := t.known(); err != nil {
		return nil, err
	}
	s := spec.Spec{Kind: "audio", Path: path}
	for _, x := range [][2]string{{"labels", o.Labels}, {"table", o.Table}, {"together", o.Together}} {
		s = s.With(x[0], x[1])
	}
	parts := make([]string, 0, len(t.files)+1)
	for i, f := range t.files {
		parts = append(parts, fmt.Sprint(f, t.sizes[i]))
	}
	if t.table != nil {
		parts = append(parts, fmt.Sprint(t.table.columns, t.table.rows))
	}
	of := newSoundFiles(t.dir, t.files, t.sizes)
	d := &Dataset{Name: s.String(), Fingerprint: fingerprint("audio", parts...), Inputs: Inputs{Sounds: of}, later: &of.quiet.later}
	if d.Truth, err = t.truth(o.Labels); err != nil {
		return nil, err
	}
	d.Notes = t.notes
	return t.part(d, s, o)
}

func openSounds(path string, v *spec.Values, split Split) (*Dataset, error) {
	o := SoundOptions{Split: split, Labels: v.Text("labels"), Table: v.Text("table"), Together: v.Text("together")}
	if v.Given("cut") {
		o.Cut = parseCut(v)
	} else if v.Given("together") {
		v.Fail("option together goes with cut=0.8/0.2")
	}
	if v.Err() != nil {
		return nil, v.Err()
	}
	return OpenSounds(path, o)
}

// soundSplits tells whether what is named has a training and a test split.
func soundSplits(s spec.Spec) bool {
	if s.Has("cut") {
		return true
	}
	table := s.Values("", soundOptions).Text("table")
	t, err := newSoundTree(s.Path, table, func(rel string, t *sampleTable) bool {
		return t == nil && !spokenName.MatchString(slash.Base(rel)) || t != nil && t.column("split") < 0
	})
	return err == nil && t != nil && t.known() == nil && t.own != nil
}

// newSoundTree looks for recordings and their table; at the first recording at which enough says yes it ends, without a tree.
func newSoundTree(path, table string, enough func(rel string, t *sampleTable) bool) (*soundTree, error) {
	t := &soundTree{path: path, dir: path, groups: map[string]*folderLabels{}}
	st, err := os.Stat(path)
	single := err == nil && st.Mode().IsRegular()
	if single {
		t.dir = filepath.Dir(path)
	} else if err := missingDir(path, "audio: wants a recording or a folder of recordings"); err != nil {
		return nil, err
	}
	if !single || table != "" {
		if t.table, err = tableOf(path, table); err != nil {
			return nil, err
		}
	}
	if single {
		t.files, t.sizes = []string{filepath.Base(path)}, []int64{st.Size()}
		return t, nil
	}
	s := scan{root: path, wanted: endingSet(sound.Endings()), left: map[string]int{}}
	s.take = func(rel string, size int64) {
		t.files, t.sizes = append(t.files, rel), append(t.sizes, size)
		s.done = enough != nil && enough(rel, t.table)
	}
	if err := s.walk("", nil); err != nil || s.done {
		return nil, err
	}
	t.notes = s.notes()
	if len(t.files) == 0 {
		return nil, fmt.Errorf("%s holds no recordings (%s); wanted are %s in any depth, or av:DIR for films with sound", path, s.summary(), strings.Join(sound.Endings(), ", "))
	}
	return t, nil
}

// tableOf reads the table that an option names, or the one that lies in a folder; nil where there is none.
func tableOf(dir, option string) (*sampleTable, error) {
	switch option {
	case "no":
		return nil, nil
	case "":
	default:
		return readTable(option)
	}
	path := filepath.Join(dir, "meta.csv")
	if _, err := os.Stat(path); err != nil {
		found, _ := filepath.Glob(filepath.Join(escapeGlob(dir), "meta", "*.csv"))
		if len(found) != 1 {
			return nil, nil
		}
		path = found[0]
	}
	t, err := readTable(path)
	if err != nil {
		return nil, fmt.Errorf("%w (table=no leaves it out)", err)
	}
	return t, nil
}

// spokenName is a name of the Free Spoken Digit Dataset's (Jackson et al.): class, speaker, number.
var spokenName = regexp.MustCompile(`^([^_/]+)_([^_/]+)_([0-9]{1,9})\.[^./]*$`)

// testTakes are the first takes of each speaker and digit, which are that data set's test split.
const testTakes = 5

// known reads what folders, names and the table say.
func (t *soundTree) known() error {
	var stray string
	if t.folders, stray = firstLevel(t.files); t.folders == nil && stray != "" {
		t.notes = append(t.notes, fmt.Sprintf("%s lies beside the folders, so their names are no labels", stray))
	}
	t.labels = t.folders
	if r := recordingsOf(t.files); r != nil {
		t.groups[RecordingGroup] = r
	}
	switch {
	case t.table != nil:
		return t.ofTable()
	case t.folders == nil:
		t.ofNames()
	}
	return nil
}

// ofNames reads class, speaker and number of names, where all have them.
func (t *soundTree) ofNames() {
	label, speaker := make([]string, len(t.files)), make([]string, len(t.files))
	own, tests := make([]Split, len(t.files)), 0
	for i, f := range t.files {
		m := spokenName.FindStringSubmatch(slash.Base(f))
		if m == nil {
			return
		}
		label[i], speaker[i], own[i] = m[1], m[2], Train
		if len(strings.TrimLeft(m[3], "0")) <= 1 && m[3][len(m[3])-1] < '0'+testTakes {
			own[i] = Test
			tests++
		}
	}
	labels := labelsOf(label)
	if len(labels.classes) < 2 {
		return
	}
	t.labels, t.groups[SpeakerGroup] = labels, labelsOf(speaker)
	t.notes = append(t.notes, fmt.Sprintf("%s: labels and speakers are those of the names, such as %s: %s of %s", t.path, slash.Base(t.files[0]), label[0], speaker[0]))
	if tests > 0 && tests < len(t.files) {
		t.own, t.how = own, fmt.Sprintf("takes below %d are for testing", testTakes)
	}
}

// labelsOf returns texts as classes, in order.
func labelsOf(texts []string) *folderLabels {
	l := &folderLabels{classes: slices.Clone(texts), labels: make([]int, len(texts))}
	slices.SortFunc(l.classes, byValue)
	l.classes = slices.Compact(l.classes)
	at := map[string]int{}
	for i, c := range l.classes {
		at[c] = i
	}
	for i, text := range texts {
		l.labels[i] = at[text]
	}
	return l
}

// ofTable reads what the table says.
func (t *soundTree) ofTable() error {
	rows, names, err := t.table.rowsOf(t.files)
	if err != nil {
		return err
	}
	var without []string
	for i, r := range rows {
		if r < 0 {
			without = append(without, t.files[i])
		}
	}
	if n := len(without); n > 0 {
		t.notes = append(t.notes, fmt.Sprintf("%s says nothing of %d recordings, which have no label: %s", t.table.path, n, spec.Few(without, mostNamed)))
	}
	if n := len(t.table.rows) - (len(rows) - len(without)); n > 0 {
		t.notes = append(t.notes, fmt.Sprintf("%s: %d of %d rows are of recordings that are not there", t.table.path, n, len(t.table.rows)))
	}
	class, split := t.table.column(classColumns...), t.table.column("split")
	said := "no classes"
	var divisions []string
	for c, name := range t.table.columns {
		l := t.table.labels(c, rows)
		switch {
		case c == names || name == "" || l == nil:
		case c == split && t.ofSplits(l):
		case c == class:
			t.labels = l
			said = "classes in column " + spec.Line(name)
		default:
			t.groups[name] = l
			divisions = append(divisions, spec.Line(name))
		}
	}
	if divisions != nil {
		said += ", divisions in " + strings.Join(divisions, ", ")
	}
	t.notes = append(t.notes, fmt.Sprintf("%s tells of the recordings: %s", t.table.path, said))
	return nil
}

// ofSplits takes a column of splits, where recordings of it are for training and others are not.
func (t *soundTree) ofSplits(l *folderLabels) bool {
	train := slices.IndexFunc(l.classes, func(c string) bool { return strings.EqualFold(c, string(Train)) })
	if train < 0 || len(l.classes) < 2 {
		return false
	}
	t.own, t.how = make([]Split, len(t.files)), "its column split says so"
	for i, of := range l.labels {
		switch of {
		case train:
			t.own[i] = Train
		case -1:
		default:
			t.own[i] = Test
		}
	}
	return true
}

// truth is what is known about the recordings; labels is the option.
func (t *soundTree) truth(labels string) (Truth, error) {
	out := Truth{}
	groups := maps.Clone(t.groups)
	l := t.labels
	switch {
	case labels == "":
	case labels == "no":
		l = nil
	case labels == folderGroup && t.folders != nil:
		l = t.folders
	case groups[labels] != nil:
		l = groups[labels]
		delete(groups, labels)
	default:
		has := slices.Sorted(maps.Keys(groups))
		if t.folders != nil {
			has = append(has, folderGroup)
		}
		return out, fmt.Errorf("data audio:%s: option labels=%s: want %s", t.path, spec.Line(labels), spec.Or(append(has, "no")))
	}
	if l != nil {
		out.Labels = l
	}
	for name, of := range groups {
		if out.Groups == nil {
			out.Groups = map[string]Labels{}
		}
		out.Groups[name] = of
	}
	return out, nil
}

// part keeps the recordings of a split: of a cut, or of the tree's own.
func (t *soundTree) part(d *Dataset, s spec.Spec, o SoundOptions) (*Dataset, error) {
	var kept []int
	switch {
	case o.Cut != [2]float64{}:
		by, name, err := t.together(o.Together)
		if err != nil {
			return nil, err
		}
		if kept = cutTogether(t.files, by, o.Cut, o.Split); len(kept) == 0 {
			return nil, fmt.Errorf("%s: the part %s of cut=%g/%g is empty", s.Path, o.Split, o.Cut[0], o.Cut[1])
		}
		if by != nil {
			d.Notes = append(d.Notes, fmt.Sprintf("%s: cut by the division %s, of which %d are in this part, none of them in the other", s.Path, name, len(by.of(kept).present())))
		}
		s = s.With("cut", fmt.Sprintf("%g/%g", o.Cut[0], o.Cut[1]))
	case t.own != nil:
		tests := 0
		for i, of := range t.own {
			if of == o.Split {
				kept = append(kept, i)
			}
			if of == Test {
				tests++
			}
		}
		d.Notes = append(d.Notes, fmt.Sprintf("%s has splits of its own, %s: this is %s, %d of %d recordings", s.Path, t.how, o.Split, len(kept), len(t.own)))
	default:
		return d, nil
	}
	d = d.Subset(kept, "split="+string(o.Split))
	d.Name = s.With("split", string(o.Split)).String()
	return d, nil
}

// together returns the division whose classes stay whole in a cut, nil where recordings are cut one by one.
func (t *soundTree) together(option string) (by *folderLabels, name string, err error) {
	if option == "no" {
		return nil, "", nil
	}
	if option == "" {
		name = wholeGroup(t.groups)
		return t.groups[name], name, nil
	}
	names := slices.Sorted(maps.Keys(t.groups))
	for _, name := range names {
		if strings.EqualFold(name, option) {
			return t.groups[name], name, nil
		}
	}
	return nil, "", fmt.Errorf("data audio:%s: option together=%s: want %s", t.path, spec.Line(option), spec.Or(append(names, "no")))
}

// present returns the classes that some sample has.
func (l *folderLabels) present() []int {
	out := slices.Sorted(slices.Values(l.labels))
	return slices.DeleteFunc(slices.Compact(out), func(c int) bool { return c < 0 })
}
