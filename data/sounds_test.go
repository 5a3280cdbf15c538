package data

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tessera-go/tessera/internal/fuzzing"
	"github.com/tessera-go/tessera/sound"
	"github.com/tessera-go/tessera/tensor"
)

// writeWAV writes a recording of floats, which are read as they were written.
func writeWAV(t testing.TB, path string, rate float64, channels int, v ...float32) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	w, err := sound.Create(path, rate, channels, sound.Writing{Float: true})
	if err == nil {
		err = w.Write(v)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// ramp is n values that rise from first on.
func ramp(first float32, n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = first + float32(i)/1024
	}
	return v
}

func openedSounds(t testing.TB, of string, split Split) *Dataset {
	t.Helper()
	d, err := Open(of, split)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// countedClasses is how many samples of each class there are.
func countedClasses(l Labels, n int) string {
	out := map[string]int{}
	for i := range n {
		if c := l.Label(i); c < 0 {
			out["-"]++
		} else {
			out[l.Classes()[c]]++
		}
	}
	return strings.TrimPrefix(fmt.Sprint(out), "map")
}

// TestSounds: recordings of several rates and numbers of channels in one folder, windows of them by several goroutines at once; what is no recording is said of that
// sample alone.
func TestSounds(t *testing.T) {
	dir := t.TempDir()
	for k := range 6 {
		writeWAV(t, filepath.Join(dir, "low", fmt.Sprint(k, ".wav")), 8000, 1, ramp(-0.5+float32(k)/16, 100+k)...)
	}
	writeWAV(t, filepath.Join(dir, "wide", "two.wav"), 44100, 2, 0.5, 0.25, -0.5, 0.25, 1, 0, 0.5, -0.5)
	writeWAV(t, filepath.Join(dir, "wide", "loud.wav"), 192000, 1, 3, -3, 0, 0.5)
	os.WriteFile(filepath.Join(dir, "wide", "torn.wav"), []byte("RIFF"), 0o644)
	os.WriteFile(filepath.Join(dir, "wide", "empty.mp3"), nil, 0o644)
	os.WriteFile(filepath.Join(dir, "read.me"), nil, 0o644)
	d := openedSounds(t, "audio:"+dir, Train)
	if d.Len() != 10 || d.Kinds() != "sounds" || countedClasses(d.Truth.Labels, d.Len()) != "[low:6 wide:4]" || len(d.Notes) != 1 || !strings.HasSuffix(d.Notes[0], "1 ignored: 1 .me") {
		t.Fatal(d.Len(), d.Kinds(), countedClasses(d.Truth.Labels, d.Len()), d.Notes)
	}
	s := d.Sounds
	name := func(i int) string { return filepath.Base(s.Describe(i)) }
	for i, want := range map[int]string{0: "0.wav 100 8000", 5: "5.wav 105 8000", 7: "loud.wav 4 192000", 9: "two.wav 4 44100"} {
		n, rate, err := s.Length(i)
		if got := fmt.Sprint(name(i), " ", n, " ", rate); err != nil || got != want {
			t.Errorf("%s, want %s: %v", got, want, err)
		}
	}
	for i, want := range map[int][]float32{9: {0.375, -0.125, 0.5, 0}, 7: {1, -1, 0, 0.5}} {
		if v, err := s.Sound(i, 0, 4); err != nil || !slices.Equal(v, want) {
			t.Errorf("%s is %v, want %v: %v", name(i), v, want, err)
		}
	}
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			for k := range 60 {
				i := (g + k) % 6
				from, n := k%50, 1+k%40
				if v, err := s.Sound(i, from, n); err != nil || !slices.Equal(v, ramp(-0.5+float32(i)/16, 100+i)[from:from+n]) {
					t.Errorf("%s from %d: %v %v", name(i), from, v, err)
				}
			}
		})
	}
	all.Wait()
	if v, err := s.Sound(0, 100, 0); err != nil || len(v) != 0 {
		t.Error(v, err)
	}
	for _, w := range [][2]int{{-1, 2}, {99, 2}, {101, 0}, {0, -1}, {1, math.MaxInt}, {math.MaxInt, 1}} {
		if _, err := s.Sound(0, w[0], w[1]); err == nil || !strings.Contains(err.Error(), "0.wav has 100 values; there are no ") {
			t.Errorf("%v: %v", w, err)
		}
	}
	for i, want := range map[int]string{6: filepath.Join(dir, "wide") + ": empty.mp3: an empty file", 8: filepath.Join(dir, "wide") + ": torn.wav: "} {
		_, _, err := s.Length(i)
		_, again := s.Sound(i, 0, 1)
		if err == nil || !strings.HasPrefix(err.Error(), want) || again == nil || again.Error() != err.Error() {
			t.Errorf("%v and %v, want %s", err, again, want)
		}
	}
	sub := d.Subset([]int{9, 0}, "some")
	if n, _, err := sub.Sounds.Length(0); n != 4 || err != nil || sub.Truth.Label(0) != 1 {
		t.Error(n, err)
	}
	if v, err := sub.Sounds.Sound(1, 1, 1); err != nil || v[0] != -0.5+1.0/1024 {
		t.Error(v, err)
	}
	if f, err := FactsOf(sub.Sounds, 0); err != nil || f.Format == "" || f.Channels != 2 || f.Rate != 44100 || f.Length != 4 {
		t.Errorf("%+v, %v", f, err)
	}
}

// TestSoundPaths: a recording alone, and what is none.
func TestSoundPaths(t *testing.T) {
	dir, empty := t.TempDir(), t.TempDir()
	writeWAV(t, filepath.Join(dir, "a.wav"), 8000, 1, 0.5)
	writeWAV(t, filepath.Join(dir, "b", "c.wav"), 8000, 1, 0.5)
	os.WriteFile(filepath.Join(empty, "a.txt"), nil, 0o644)
	one := openedSounds(t, "audio:"+filepath.Join(dir, "a.wav"), Train)
	if one.Len() != 1 || one.Truth.Labels != nil || one.Truth.Groups != nil {
		t.Errorf("%+v", one)
	}
	if d := openedSounds(t, "audio:"+dir, Train); d.Truth.Labels != nil || len(d.Notes) != 1 || !strings.Contains(d.Notes[0], "a.wav lies beside the folders") {
		t.Errorf("%v", d.Notes)
	}
	for of, want := range map[string]string{"audio:": "no folder given after the colon", "audio:" + filepath.Join(dir, "none"): "no such folder; audio: wants a recording or a folder of recordings",
		"audio:" + empty: "holds no recordings (1 ignored: 1 .txt); wanted are .aac, ", "audio:" + dir + "?split=test": `there is no option "split"`, "audio:" + dir + "?labels=x": "option labels=x: want no",
		"audio:" + dir + "?together=speaker": "together goes with cut", "audio:" + dir + "?cut=0.5/0.5&together=speaker": "option together=speaker: want no", "audio:" + dir + "?cut=2": "want two parts",
		"audio:" + dir + "?cut=0.1/0.1&split=test": "the part test of cut=0.1/0.1 is empty", "audio:" + dir + "?table=" + filepath.Join(dir, "x.csv"): "x.csv: no such file"} {
		if _, err := Open(of, Train); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", of, err, want)
		}
	}
}

// TestManySounds: few recordings are open at once, however many there are.
func TestManySounds(t *testing.T) {
	dir := t.TempDir()
	for k := range soundsOpen + 9 {
		writeWAV(t, filepath.Join(dir, fmt.Sprintf("%03d.wav", k)), 8000, 1, float32(k)/1024)
	}
	d := openedSounds(t, "audio:"+dir, Train)
	s := d.Sounds.(*soundFiles)
	var all sync.WaitGroup
	for g := range 4 {
		all.Go(func() {
			for k := range d.Len() {
				i := (k*(2*g+1) + g) % d.Len()
				if v, err := s.Sound(i, 0, 1); err != nil || v[0] != float32(i)/1024 {
					t.Errorf("%d: %v %v", i, v, err)
				}
			}
		})
	}
	all.Wait()
	s.Sound(0, 0, 1)
	if n := len(s.open.files); n > soundsOpen {
		t.Errorf("%d recordings are open", n)
	}
}

// TestSoundHash: the same recording under two names is the same, whatever it is called; what is in no file is hashed by its values.
func TestSoundHash(t *testing.T) {
	a, b := t.TempDir(), t.TempDir()
	writeWAV(t, filepath.Join(a, "x.wav"), 8000, 1, ramp(0, 50)...)
	writeWAV(t, filepath.Join(a, "y.wav"), 8000, 1, ramp(0.25, 50)...)
	writeWAV(t, filepath.Join(b, "other.wav"), 8000, 1, ramp(0.25, 50)...)
	writeWAV(t, filepath.Join(b, "rate.wav"), 16000, 1, ramp(0, 50)...)
	writeWAV(t, filepath.Join(b, "long.wav"), 8000, 1, ramp(0.25, 51)...)
	x, y := openedSounds(t, "audio:"+a, Train), openedSounds(t, "audio:"+b, Train)
	if n := InBoth(x, y); n != 1 {
		t.Errorf("%d recordings are in both", n)
	}
	if n := InBoth(x.Subset([]int{0}, "first"), y); n != 0 {
		t.Errorf("%d recordings are in both", n)
	}
	if x.Fingerprint == y.Fingerprint || x.Fingerprint != openedSounds(t, "audio:"+a, Train).Fingerprint {
		t.Error("a fingerprint is not of what is there")
	}
	value := func(d *Dataset, i int) Hash { return must(ContentHash(onlySounds{d.Sounds}, i)) }
	if value(x, 1) != value(y, 1) || value(x, 0) == value(x, 1) || value(x, 0) == value(y, 2) || value(x, 1) == value(y, 0) {
		t.Error("a hash is not of rate and values")
	}
}

// onlySounds are sounds in no file.
type onlySounds struct{ Sounds }

// TestSpokenNames: recordings whose names say class, speaker and take.
func TestSpokenNames(t *testing.T) {
	dir := t.TempDir()
	for _, digit := range []int{0, 1, 10} {
		for _, who := range []string{"ann", "bob", "eve", "joe"} {
			for take := range 8 {
				writeWAV(t, filepath.Join(dir, "recordings", fmt.Sprintf("%d_%s_%d.wav", digit, who, take)), 8000, 1, 0.5)
			}
		}
	}
	of := "audio:" + dir
	train, test := openedSounds(t, of, Train), openedSounds(t, of+"?split=test", Train)
	if got := fmt.Sprint(train.Len(), test.Len(), train.Truth.Classes()); got != "36 60 [0 1 10]" || train.Name != of+"?split=train" || test.Name != of+"?split=test" {
		t.Error(got, train.Name, test.Name)
	}
	if got := countedClasses(test.Truth.Groups[SpeakerGroup], test.Len()); got != "[ann:15 bob:15 eve:15 joe:15]" {
		t.Error(got)
	}
	for i := range test.Len() {
		if d := test.Describe(i); !strings.ContainsAny(d[len(d)-5:], "01234") || !strings.HasPrefix(filepath.Base(d), test.Truth.Classes()[test.Truth.Label(i)]+"_") {
			t.Errorf("%s is in the test split, of class %d", d, test.Truth.Label(i))
		}
	}
	if own, ok, err := TestSplit(of); own != of+"?split=test" || !ok || err != nil {
		t.Error(own, ok, err)
	}
	seen := map[string]bool{}
	for _, split := range []Split{Train, Test} {
		d := openedSounds(t, of+"?cut=0.75/0.25&split="+string(split), Train)
		l := d.Truth.Groups[SpeakerGroup]
		here := map[string]bool{}
		for i := range d.Len() {
			here[l.Classes()[l.Label(i)]] = true
		}
		for who := range here {
			if seen[who] {
				t.Errorf("%s speaks in both parts", who)
			}
			seen[who] = true
		}
		if want := map[Split]int{Train: 72, Test: 24}[split]; d.Len() != want {
			t.Errorf("%s has %d, want %d", split, d.Len(), want)
		}
	}
	if d := openedSounds(t, of+"?labels=speaker&split=test", Train); countedClasses(d.Truth.Labels, d.Len()) != "[ann:15 bob:15 eve:15 joe:15]" || d.Truth.Groups != nil {
		t.Error(d.Truth.Classes(), d.Truth.Groups)
	}
	if d := openedSounds(t, of+"?cut=0.5/0.5&together=no", Train); d.Len() != 48 || len(d.Truth.Groups) != 1 {
		t.Error(d.Len())
	}
	writeWAV(t, filepath.Join(dir, "recordings", "noise.wav"), 8000, 1, 0.5)
	if d := openedSounds(t, of, Test); d.Len() != 97 || d.Truth.Labels != nil || d.Truth.Groups != nil {
		t.Error(d.Len(), d.Truth)
	}
	if _, ok, err := TestSplit(of); ok || err != nil {
		t.Error(ok, err)
	}
}

// table writes a table beside eight recordings a0.wav to h7.wav, a folder of its own for each two.
func tableOfEight(t *testing.T, name, csv string) string {
	dir := t.TempDir()
	for i := range 8 {
		writeWAV(t, filepath.Join(dir, "audio", fmt.Sprint("f", i/2), fmt.Sprintf("%c%d.wav", 'a'+i, i)), 8000, 1, 0.5)
	}
	if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name), []byte(csv), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

const tableESC = "filename,fold,target,category,take\na0.wav,1,0,dog,A\nb1.wav,2,0,dog,B\nc2.wav,10,1,rain,A\nd3.wav,1,1,rain,A\ne4.wav,2,0,dog,C\nf5.wav,10,0,dog,B\nnone.wav,1,0,dog,A\n"

// TestSoundTables: labels and divisions of a CSV, wherever it lies.
func TestSoundTables(t *testing.T) {
	for name, option := range map[string]string{"meta.csv": "", "meta/esc50.csv": "", "meta/other.csv": "", "elsewhere.csv": "?table="} {
		dir := tableOfEight(t, name, tableESC)
		if option != "" {
			option += filepath.Join(dir, name)
		}
		d := openedSounds(t, "audio:"+dir+option, Train)
		if got := countedClasses(d.Truth.Labels, d.Len()); got != "[-:2 dog:4 rain:2]" {
			t.Errorf("%s: %s", name, got)
		}
		if got := fmt.Sprint(slices.Sorted(maps.Keys(d.Truth.Groups)), d.Truth.Groups["fold"].Classes()); got != "[fold take target] [1 2 10]" {
			t.Errorf("%s: %s", name, got)
		}
		text := strings.Join(d.Notes, "\n")
		for _, want := range []string{"says nothing of 2 recordings, which have no label: audio/f3/g6.wav, audio/f3/h7.wav", "1 of 7 rows are of recordings that are not there", "classes in column category, divisions in fold, target, take"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %q in\n%s", name, want, text)
			}
		}
	}
	dir := tableOfEight(t, "meta.csv", tableESC)
	for option, want := range map[string]string{"labels=fold": "[-:2 1:2 10:2 2:2]", "table=no&labels=no": "", "labels=take": "[-:2 A:3 B:2 C:1]"} {
		d := openedSounds(t, "audio:"+dir+"?"+option, Train)
		if want == "" && (d.Truth.Labels != nil || d.Truth.Groups != nil) || want != "" && countedClasses(d.Truth.Labels, d.Len()) != want {
			t.Errorf("%s: %v", option, d.Truth)
		}
	}
	cut := openedSounds(t, "audio:"+dir+"?cut=0.34/0.66", Train) // of three folds and two recordings without one
	if cut.Name != "audio:"+dir+"?cut=0.34/0.66&split=train" || cut.Len() < 1 || cut.Len() > 4 {
		t.Error(cut.Name, cut.Len())
	}
	all := cut.Len() + openedSounds(t, "audio:"+dir+"?cut=0.34/0.66&split=test", Train).Len()
	if all != 8 {
		t.Errorf("%d recordings in two parts", all)
	}
	a, b := openedSounds(t, "audio:"+dir, Train).Fingerprint, openedSounds(t, "audio:"+dir+"?table=no", Train).Fingerprint
	if a == b {
		t.Error("the table is not in the fingerprint")
	}
}

// TestSoundTableSplits: a column of splits makes two.
func TestSoundTableSplits(t *testing.T) {
	dir := tableOfEight(t, "meta.csv", "\ufefffile;Split;class\naudio/f0/a0.wav;train;x\naudio\\f0\\b1.wav;train;y\naudio/f1/c2.wav;val;x\n./audio/f1/d3.wav;test;x\naudio/f2/e4.wav;;x\n")
	train, test := openedSounds(t, "audio:"+dir, Train), openedSounds(t, "audio:"+dir, Test)
	if got := fmt.Sprint(train.Len(), test.Len(), train.Truth.Groups); got != "2 2 map[]" || train.Name != "audio:"+dir+"?split=train" {
		t.Error(got, train.Name, train.Notes)
	}
	if own, ok, err := TestSplit("audio:" + dir); !ok || err != nil || own != test.Name {
		t.Error(own, ok, err)
	}
	if d := openedSounds(t, "audio:"+dir+"?table=no", Test); d.Len() != 8 {
		t.Error(d.Len())
	}
	os.WriteFile(filepath.Join(dir, "meta.csv"), []byte("file,split\na0.wav,val\nb1.wav,val\n"), 0o644)
	if _, ok, err := TestSplit("audio:" + dir); ok || err != nil {
		t.Error(ok, err)
	}
	if d := openedSounds(t, "audio:"+dir, Test); d.Len() != 8 || countedClasses(d.Truth.Groups["split"], 8) != "[-:6 val:2]" {
		t.Error(d.Len(), d.Truth)
	}
}

// TestBrokenTables: a sentence each, with the line.
func TestBrokenTables(t *testing.T) {
	for csv, want := range map[string]string{
		"":                                  "an empty table",
		" \n":                               "an empty table",
		"filename,fold\n":                   "a table without rows",
		"filename,fold\na0.wav,1,2\n":       "line 2 has not the 2 values that the first line has names of",
		"filename,fold\na0.wav,1\na0.wav\n": "line 3 has not the 2 values",
		"filename,fold\n\"a0.wav,1\n":       "line 2: extraneous or missing \" in quoted-field",
		"fold,fold\n1,2\n":                  `two columns are called "fold"`,
		"fold,class\n1,2\n":                 "none of its 2 columns has names of the files, such as audio/f0/a0.wav",
		"file,x\na0.wav,1\nf0/a0.wav,2\naudio/f0/a0.wav,3\n":            "lines 2 and 4 are both of audio/f0/a0.wav",
		"file,x\na0.wav," + strings.Repeat("x", maxTableValue+1) + "\n": "line 2: a value of 1025 bytes",
		strings.Repeat("x,", maxTableColumns) + "y\na0.wav\n":           "a table of 257 columns",
		strings.Repeat(",", maxTableColumns) + "y\na0.wav\n":            "a table of 257 columns",
	} {
		dir := tableOfEight(t, "meta.csv", csv)
		_, err := Open("audio:"+dir, Train)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), filepath.Join(dir, "meta.csv")+": ") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%.40q: %v, want %s", csv, err, want)
		}
	}
	dir := tableOfEight(t, "meta.csv/x", "")
	if _, err := Open("audio:"+dir, Train); err == nil || !strings.Contains(err.Error(), "meta.csv: no file") {
		t.Error(err)
	}
}

// TestBrokenSounds: a recording that cannot be read is one bad sample of a loader's, and every batch is full.
func TestBrokenSounds(t *testing.T) {
	dir := t.TempDir()
	for k := range 10 {
		writeWAV(t, filepath.Join(dir, fmt.Sprintf("%d.wav", k)), 8000, 1, ramp(0, 20)...)
	}
	os.WriteFile(filepath.Join(dir, "3.wav"), []byte("torn"), 0o644)
	d := openedSounds(t, "audio:"+dir, Train)
	var told []string
	l := NewLoader(d.Len(), firstValues{d.Sounds}, LoaderOptions{BatchSize: 5, MaxBad: 0.2, Workers: 3, Bad: func(_ int, err error) { told = append(told, err.Error()) }})
	n := 0
	for b := range l.Epoch(0, 0) {
		for _, v := range *b {
			if v != 1.0/1024 {
				t.Errorf("%v", *b)
			}
		}
		n++
	}
	if n != 2 || l.Err() != nil || len(told) != 1 || !strings.Contains(told[0], "3.wav") {
		t.Error(n, l.Err(), told)
	}
	l = NewLoader(d.Len(), firstValues{d.Sounds}, LoaderOptions{BatchSize: 5})
	for range l.Epoch(0, 0) {
	}
	if !errors.Is(l.Err(), ErrTooManyBad) {
		t.Error(l.Err())
	}
}

// firstValues are batches of one value of each sound.
type firstValues struct{ Sounds }

func (firstValues) New(n int) *[]float32 { v := make([]float32, n); return &v }
func (f firstValues) Fill(b *[]float32, row, i int, _ *tensor.RNG) error {
	v, err := f.Sound(i, 1, 1)
	if err == nil {
		(*b)[row] = v[0]
	}
	return err
}

// FuzzTable: a table that is read has a value for each column in each row, its divisions are of its values, and no table makes an error of two lines.
func FuzzTable(f *testing.F) {
	files := []string{"a/x.wav", "a/y.wav", "b/z.wav"}
	fuzzing.Run(f, words(tableESC, "file;class\nx.wav;1\n", "file\tclass\na/x.wav\t\"a\nb\"\n", "x\n", "", "file,class\nx.wav,1\na/x.wav,2\n", "f,c\nx.wav,2\ny.wav,10\nz.wav,2\n", ",\n\"\",\n"), func(t testing.TB, b []byte) {
		var table *sampleTable
		var err error
		fuzzing.Memory(t, 1<<18+256*len(b), func() { table, err = parseTable(b) })
		if fuzzing.OneLine(t, err) {
			return
		}
		if len(table.rows) == 0 || len(table.rows) != len(table.lines) || len(table.columns) > maxTableColumns {
			t.Fatalf("%+v", table)
		}
		rows, names, err := table.rowsOf(files)
		if fuzzing.OneLine(t, err) {
			return
		}
		for i, r := range rows {
			if r >= 0 && !strings.HasSuffix(filepath.ToSlash(filepath.Clean(table.rows[r][names])), files[i][2:]) {
				t.Errorf("%s is of row %v", files[i], table.rows[r])
			}
		}
		for c := range table.columns {
			l := table.labels(c, rows)
			if l == nil {
				continue
			}
			if len(l.labels) != len(files) || !slices.IsSortedFunc(l.classes, byValue) {
				t.Errorf("%+v", l)
			}
			for i, k := range l.labels {
				if k >= 0 && l.classes[k] != table.rows[rows[i]][c] {
					t.Errorf("%s is of %s", files[i], l.classes[k])
				}
			}
		}
		if again, err := parseTable(bytes.Clone(b)); err != nil || fmt.Sprint(again.rows) != fmt.Sprint(table.rows) {
			t.Errorf("read again it is %v, %v", again, err)
		}
	})
}

// TestSilence: that nothing is heard is said, once; of sounds that are heard nothing is.
func TestSilence(t *testing.T) {
	for _, loud := range []bool{false, true} {
		dir := t.TempDir()
		for k := range 4 {
			v := make([]float32, 100)
			if loud && k == 3 {
				v[50] = 0.5
			}
			writeWAV(t, filepath.Join(dir, fmt.Sprint(k, ".wav")), 100, 1, v...)
		}
		d, err := Open("audio:"+dir, Train)
		if err != nil {
			t.Fatal(err)
		}
		d = d.Subset([]int{3, 2, 1, 0}, "some")
		var said []string
		d.Listen(func(note string) { said = append(said, note) })
		for k := range 3 * mostSilent {
			if _, err := d.Sounds.Sound(k%4, 20, 60); err != nil {
				t.Fatal(err)
			}
		}
		if loud != (len(said) == 0) || len(said) > 1 || !loud && !strings.Contains(said[0], "nothing is heard in the 32 windows that were read first, the last of "+dir) {
			t.Errorf("loud %v: %q", loud, said)
		}
	}
}
