package data

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// soundOf returns the first film of a class from number i on that sounds on the screen.
func soundOf(s *SceneSounds, class, i int) int {
	for told := newTold(s.draws(i)); told.class != class || told.off; told = newTold(s.draws(i)) {
		i++
	}
	return i
}

// soundSum is a checksum of a frame, of all that is known about it, and of a film's sound.
func soundSum(t testing.TB, s *SceneSounds, i, frame int) string {
	t.Helper()
	ims, err := ClipOf(s.Dataset().Clips, i, []int{frame})
	if err != nil {
		t.Fatal(err)
	}
	tr, err := s.Frame(i, frame)
	if err != nil {
		t.Fatal(err)
	}
	h := sha256.New()
	h.Write(ims[0].Pix)
	fmt.Fprintln(h, boxPlaces(tr.Boxes), tr.KeyPoints, tr.Factors, tr.Sounding)
	binary.Write(h, binary.LittleEndian, tr.Mask.Data)
	if tr.Flow != nil {
		binary.Write(h, binary.LittleEndian, tr.Flow.Data)
	}
	binary.Write(h, binary.LittleEndian, soundIn(t, s, i, 0, s.values()))
	return hex.EncodeToString(h.Sum(nil))[:16]
}

// soundIn returns a piece of a film's sound.
func soundIn(t testing.TB, s *SceneSounds, i, from, n int) []float32 {
	t.Helper()
	x, err := s.Dataset().Sounds.Sound(i, from, n)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// goldenSounds are the sums of the first film of each class, of one whose sound is off the screen, and of a larger one, printed as goldenScenes are: a change of
// the drawing or of the sound shows here and must change the version in Fingerprint. They are the same on every architecture.
var goldenSounds = [10]string{
	"3d7f118126b8ff82", "9fd278070a709cea", "eafede855773981c", "47d587f9c9e6341c", "df33c35e29b62e14",
	"2394bc923e8abb1d", "7755376a8cb7fe57", "cfee23eac03ef75b", "88faea3b8a28a453", "765e827ebd652d1a",
}

func TestSceneSoundsGolden(t *testing.T) {
	for c, want := range goldenSounds {
		s, i, frames, name := NewSceneSounds(1000, 24, 18, 12, 16000, 3, Test), 0, []int{0, 5, 11, 17}, "large"
		switch {
		case c < len(soundClasses):
			i, name = soundOf(s, c, 0), soundClasses[c]
		case c == len(soundClasses):
			name = "off the screen"
			for !newTold(s.draws(i)).off {
				i++
			}
		default:
			s, i, frames = NewSceneSounds(1000, 80, 100, 25, 44100, 2, Train), 4, []int{99}
		}
		h := sha256.New()
		for _, frame := range frames {
			fmt.Fprintln(h, soundSum(t, s, i, frame))
		}
		if got := hex.EncodeToString(h.Sum(nil))[:16]; got != want {
			t.Errorf("%s: film %d has the sum %s, want %s", name, i, got, want)
		}
	}
}

// TestSceneSoundsPure: what is drawn and heard depends on seed, split, number and time alone, in any order, from any goroutine, kept or not.
func TestSceneSoundsPure(t *testing.T) {
	a := NewSceneSounds(40, 20, 8, 12, 8000, 1, Train)
	want := map[[2]int]string{}
	for i := range 24 {
		for _, frame := range []int{0, 5} {
			want[[2]int{i, frame}] = soundSum(t, a, i, frame)
		}
	}
	b := NewSceneSounds(90, 20, 8, 12, 8000, 1, Train)
	b.films.most, b.places.most, b.stages.most, b.tracks.most = 2, 2, 2, 2
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for k, sum := range want { // in an order of Go's choice
				if got := soundSum(t, b, k[0], k[1]); got != sum {
					t.Errorf("film %d, frame %d is another one when it is drawn again", k[0], k[1])
				}
			}
		})
	}
	wg.Wait()
	if n := len(b.tracks.of); n > 2 {
		t.Errorf("%d sounds are kept, of at most 2", n)
	}
	sums, names := map[string]bool{}, map[string]bool{}
	for _, s := range []*SceneSounds{a, NewSceneSounds(40, 20, 8, 12, 8000, 2, Train), NewSceneSounds(40, 20, 8, 12, 8000, 1, Test)} {
		for i := range 24 {
			sums[fmt.Sprint(soundIn(t, s, i, 100, 500))] = true
		}
	}
	if len(sums) != 72 {
		t.Errorf("%d different sounds in three sources of 24 films", len(sums))
	}
	for _, s := range []*SceneSounds{a, NewSceneSounds(41, 20, 8, 12, 8000, 1, Train), NewSceneSounds(40, 21, 8, 12, 8000, 1, Train), NewSceneSounds(40, 20, 9, 12, 8000, 1, Train),
		NewSceneSounds(40, 20, 8, 12.5, 8000, 1, Train), NewSceneSounds(40, 20, 8, 12, 8001, 1, Train), NewSceneSounds(40, 20, 8, 12, 8000, 1, Test)} {
		names[s.Fingerprint()] = true
		back, err := Open(s.Name(), Train)
		if err != nil || back.Fingerprint != s.Fingerprint() || back.Len() != s.N || back.Name != s.Name() {
			t.Errorf("%s opens as another source: %v", s.Name(), err)
		}
	}
	if len(names) != 7 {
		t.Errorf("%d fingerprints of seven sources", len(names))
	}
	for _, frame := range []int{-1, 8} {
		_, err := ClipOf(a.Dataset().Clips, 0, []int{frame})
		if _, e := a.Frame(0, frame); err == nil || e == nil || a.Group("sounding", 0, frame) != -1 {
			t.Errorf("there is a frame %d", frame)
		}
	}
	whole := soundIn(t, a, 3, 0, a.values())
	for _, at := range [][2]int{{0, 1}, {17, 400}, {a.values() - 5, 5}, {a.values(), 0}} {
		if got := soundIn(t, a, 3, at[0], at[1]); fmt.Sprint(got) != fmt.Sprint(whole[at[0]:at[0]+at[1]]) {
			t.Errorf("%d values from %d on are not those of the whole", at[1], at[0])
		}
	}
	soundIn(t, a, 3, 0, 1)[0] = 9
	if soundIn(t, a, 3, 0, 1)[0] == 9 {
		t.Error("what is handed out is what is kept")
	}
	for _, at := range [][2]int{{-1, 3}, {0, a.values() + 1}, {a.values() - 1, 2}, {3, -1}, {math.MaxInt, math.MaxInt}} {
		if _, err := a.Sound(0, at[0], at[1]); err == nil || !strings.Contains(err.Error(), "5333 values") {
			t.Errorf("%d values from %d on: %v", at[1], at[0], err)
		}
	}
}

// TestSceneSoundsOpen: films with sound are films and sounds, with their splits; options of other scenes are refused.
func TestSceneSoundsOpen(t *testing.T) {
	for split, n := range map[Split]int{Train: 2000, Test: 400} {
		d, err := Open("scenes:?sound=yes&side=16", split)
		if err != nil {
			t.Fatal(err)
		}
		if d.Len() != n || d.Images != nil || d.Kinds() != "films and sounds" || d.Truth.Frames == nil || len(d.Truth.Classes()) != len(soundClasses) || len(d.Truth.Groups) != 3 {
			t.Errorf("%s: %d samples, %s", split, d.Len(), d.Kinds())
		}
		times, err := d.Clips.Times(3)
		if err != nil || len(times) != 36 || times[0] != 0 || times[12] != 1 {
			t.Errorf("times %v, %v", times, err)
		}
		if n, rate, err := d.Sounds.Length(3); n != 48000 || rate != 16000 || err != nil {
			t.Errorf("%d values, %g a second, %v", n, rate, err)
		}
		if !strings.Contains(d.Describe(3), "film 3") || !strings.Contains(d.Describe(3), string(split)) {
			t.Error(d.Describe(3))
		}
		if part := d.Subset([]int{7, 2}, "two"); part.Truth.Groups["background"].Label(1) != d.Truth.Groups["background"].Label(2) || part.Truth.Label(0) != d.Truth.Label(7) {
			t.Error("a part has other groups")
		}
	}
	for spec, want := range map[string]string{"scenes:?sound=yes&frames=1": "frames=1", "scenes:?sound=yes&rate=0.5": "rate=0.5", "scenes:?sound=yes&objects=5": "objects=5",
		"scenes:?hz=16000": "sound=yes", "scenes:?frames=24&hz=16000": "sound=yes", "scenes:?sound=no&hz=16000": "sound=yes", "scenes:?sound=yes&hz=7999": "hz=7999", "scenes:?sound=maybe": "sound=maybe"} {
		if _, err := Open(spec, Train); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", spec, err, want)
		}
	}
	for _, objects := range []int{1, 3} {
		d, err := Open(fmt.Sprintf("scenes:?sound=yes&objects=%d&side=16&n=40", objects), Train)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 12 {
			tr, err := d.Truth.Frames.Frame(i, 3)
			if err != nil {
				t.Fatal(err)
			}
			classes := 0
			for _, b := range tr.Boxes {
				if b.Class >= 0 {
					classes++
				}
			}
			if classes != objects {
				t.Errorf("%d instruments of %d", classes, objects)
			}
		}
		if again, err := Open(d.Name, Train); err != nil || again.Fingerprint != d.Fingerprint || !strings.Contains(d.Name, fmt.Sprintf("objects=%d", objects)) {
			t.Errorf("%s opens as another source: %v", d.Name, err)
		}
	}
	if d, err := Open("scenes:?sound=no&n=2", Train); err != nil || d.Images == nil {
		t.Errorf("scenes without sound are pictures: %v", err)
	}
}

// TestSceneSoundsSheet draws a film of each class as rows of frames: go test -run Sheet -artifacts ./data.
func TestSceneSoundsSheet(t *testing.T) {
	const side, every, shown = 64, 1, 12
	s := NewSceneSounds(400, side, 36, 12, 16000, 1, Train)
	sheet := NewImage(side*len(soundClasses), side*shown)
	for c := range soundClasses {
		i := soundOf(s, c, 100)
		frames := make([]int, shown)
		for k := range frames {
			frames[k] = k * every
		}
		ims, err := ClipOf(s.Dataset().Clips, i, frames)
		if err != nil {
			t.Fatal(err)
		}
		for k, im := range ims {
			for y := range side {
				copy(sheet.Pix[((c*side+y)*sheet.W+k*side)*3:], im.Pix[y*side*3:(y+1)*side*3])
			}
		}
	}
	f, err := os.Create(filepath.Join(t.ArtifactDir(), "sounds.png"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, sheet.RGBA()); err != nil {
		t.Fatal(err)
	}
}
