package data

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/tessera-go/tessera/internal/spec"
)

// rgbd are pictures with depths.
type rgbd struct {
	dir    string
	list   []depthPair
	scenes []string
}

// depthPair is a picture with how far things in it are.
type depthPair struct {
	rgb, depth string // files in the folder
	scene      int    // -1 where nobody says
	metres     float64
	camera     *camera // nil where it is not known
}

// camera is a pinhole camera: focal lengths and the place of its axis, in pixels.
type camera struct{ fx, fy, cx, cy float64 }

// pairsFile is the table of the pairs, and intrinsicsFile a camera's matrix beside the depths that it took.
const (
	pairsFile      = "pairs.csv"
	intrinsicsFile = "camera-intrinsics.txt"
)

// OpenRGBD opens the pictures with depths that the file pairs.csv of a folder lists, a pair a line, with the columns
//
//	rgb, depth       files in the folder; a depth is a grey PNG of 8 or 16 bits, as large as its picture
//	depth_unit       what its values mean: millimetres, or metres = value*A/B; without it 16 bits are millimetres. 0 is not known, and of 16 bits 65535
//	scene            of which scene it is: intervals are over scenes. May be left out
//	split            train, or another for testing. May be left out
//	fx, fy, cx, cy   the camera, in the depth's pixels; without them the file camera-intrinsics.txt beside the depth, three rows of three numbers as
//	                 7-Scenes' (Shotton et al. 2013), is read. May be left out; then there are no surface normals
//
// Pairs of which a file is not there are left out, which a note says. Depths are in metres along the camera's axis. Normals are computed from them:
// see surfaceNormals.
func OpenRGBD(dir string, split Split) (*Dataset, error) {
	if split == "" {
		split = Train
	}
	if err := missingDir(dir, "rgbd: wants a folder with the file "+pairsFile); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, pairsFile)
	t, err := readTable(path)
	if err != nil {
		return nil, fmt.Errorf("rgbd: %w", err)
	}
	list, scenes, err := parsePairs(t, string(split))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	r := &rgbd{dir: dir, scenes: scenes}
	d := &Dataset{}
	if err := r.take(list, d); err != nil {
		return nil, err
	}
	if len(r.list) == 0 {
		return nil, fmt.Errorf("%s lists no pairs of the split %s whose files are there", path, split)
	}
	s := spec.Spec{Kind: "rgbd", Path: dir}
	if pairsSplit(t) {
		s = s.With("split", string(split))
	}
	d.Name, d.Fingerprint, d.Inputs = s.String(), fingerprint("rgbd", s.String(), fmt.Sprint(t.columns, t.rows)), Inputs{Images: r}
	d.Truth = Truth{Depths: rgbdTruth{r}, Sizes: rgbdTruth{r}}
	if slices.ContainsFunc(r.list, func(p depthPair) bool { return p.camera != nil }) {
		d.Truth.Normals = rgbdTruth{r}
	}
	if len(scenes) > 0 {
		d.Truth.Groups = map[string]Labels{RecordingGroup: rgbdTruth{r}}
	}
	return d, nil
}

// take keeps the pairs whose files are there, with the cameras of files beside them.
func (r *rgbd) take(list []depthPair, d *Dataset) error {
	cameras, missing, first := map[string]*camera{}, 0, ""
	without := 0
	for _, p := range list {
		gone := ""
		for _, name := range []string{p.rgb, p.depth} {
			if st, err := os.Stat(r.path(name)); err != nil || !st.Mode().IsRegular() {
				gone = name
			}
		}
		if gone != "" {
			if missing++; first == "" {
				first = gone
			}
			continue
		}
		if p.camera == nil {
			in := filepath.Dir(r.path(p.depth))
			c, known := cameras[in]
			if !known {
				var err error
				if c, err = readCamera(filepath.Join(in, intrinsicsFile)); err != nil {
					return err
				}
				cameras[in] = c
			}
			p.camera = c
		}
		if p.camera == nil {
			without++
		}
		r.list = append(r.list, p)
	}
	if missing > 0 {
		d.Notes = append(d.Notes, fmt.Sprintf("%s: of %d of %d pairs a file is not there, and they are left out; the first is %s", r.dir, missing, len(list), spec.Line(first)))
	}
	if without > 0 && without < len(r.list) {
		d.Notes = append(d.Notes, fmt.Sprintf("%s: of %d of %d pairs the camera is not known (fx, fy, cx, cy, or %s), and they have no surface normals", r.dir, without, len(r.list), intrinsicsFile))
	}
	return nil
}

// readCamera reads a camera's matrix; nil where there is no file.
func readCamera(path string) (*camera, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, nil
	}
	if !st.Mode().IsRegular() || st.Size() > maxTableValue {
		return nil, fmt.Errorf("%s is no matrix of three rows of three numbers", path)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	c, err := parseCamera(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// parseCamera reads the matrix fx 0 cx, 0 fy cy, 0 0 1.
func parseCamera(b []byte) (*camera, error) {
	words := strings.Fields(string(b))
	if len(words) != 9 {
		return nil, fmt.Errorf("%d numbers, want three rows of three: fx 0 cx, 0 fy cy, 0 0 1", len(words))
	}
	var m [9]float64
	for k, w := range words {
		v, err := strconv.ParseFloat(w, 64)
		if err != nil {
			return nil, fmt.Errorf("%s is no number", spec.Line(strconv.Quote(w)))
		}
		m[k] = v
	}
	return newCamera(m[0], m[4], m[2], m[5])
}

func newCamera(fx, fy, cx, cy float64) (*camera, error) {
	if !(fx >= 1e-3 && fx <= maxPlace && fy >= 1e-3 && fy <= maxPlace) || place(cx, cy) != nil {
		return nil, fmt.Errorf("no camera has focal lengths %g, %g and its axis at %g, %g pixels", fx, fy, cx, cy)
	}
	return &camera{fx, fy, cx, cy}, nil
}

// pairsSplit tells whether a table has pairs to train on and others.
func pairsSplit(t *sampleTable) bool {
	c := t.column("split")
	if c < 0 {
		return false
	}
	train := func(row []string) bool { return row[c] == string(Train) }
	return slices.ContainsFunc(t.rows, train) && slices.ContainsFunc(t.rows, func(row []string) bool { return !train(row) })
}

// hasPairsSplit is of what a specification names.
func hasPairsSplit(s spec.Spec) bool {
	t, err := readTable(filepath.Join(s.Path, pairsFile))
	return err == nil && pairsSplit(t)
}

// parsePairs returns the pairs of a split, and the names of the scenes.
func parsePairs(t *sampleTable, split string) (list []depthPair, scenes []string, err error) {
	rgb, depth, unit, scene, by := t.column("rgb"), t.column("depth"), t.column("depth_unit"), t.column("scene"), t.column("split")
	if rgb < 0 || depth < 0 {
		return nil, nil, fmt.Errorf("no columns are called rgb and depth; the first line has to name the columns")
	}
	lens := []int{t.column("fx"), t.column("fy"), t.column("cx"), t.column("cy")}
	if n := len(slices.DeleteFunc(slices.Clone(lens), func(c int) bool { return c < 0 })); n != 0 && n != 4 {
		return nil, nil, fmt.Errorf("it has %d of the columns fx, fy, cx, cy, want all or none", n)
	}
	parted := pairsSplit(t)
	number := map[string]int{}
	for r, row := range t.rows {
		if parted && (row[by] == string(Train)) != (split == string(Train)) {
			continue
		}
		p := depthPair{rgb: row[rgb], depth: row[depth], scene: -1}
		bad := func(err error) error { return fmt.Errorf("line %d: %w", t.lines[r], err) }
		for _, name := range []string{p.rgb, p.depth} {
			if err := fileName(name); err != nil {
				return nil, nil, bad(err)
			}
		}
		if unit >= 0 {
			if p.metres, err = parseUnit(row[unit]); err != nil {
				return nil, nil, bad(err)
			}
		}
		if scene >= 0 && row[scene] != "" {
			k, known := number[row[scene]]
			if !known {
				k = len(scenes)
				number[row[scene]], scenes = k, append(scenes, row[scene])
			}
			p.scene = k
		}
		if lens[0] >= 0 && row[lens[0]] != "" {
			var v [4]float64
			for k, c := range lens {
				if v[k], err = strconv.ParseFloat(row[c], 64); err != nil {
					return nil, nil, bad(fmt.Errorf("%s: %s is no number", t.columns[c], spec.Line(strconv.Quote(row[c]))))
				}
			}
			if p.camera, err = newCamera(v[0], v[1], v[2], v[3]); err != nil {
				return nil, nil, bad(err)
			}
		}
		list = append(list, p)
	}
	return list, scenes, nil
}

var unitFormula = regexp.MustCompile(`(?i)\bmet(?:re|er)s? *= *value *\* *([0-9.eE+-]+)(?: */ *([0-9.eE+-]+))?`)

var millimetres = regexp.MustCompile(`(?i)\b(mm|millimet(re|er)s?)\b`)

// parseUnit returns how many metres a value of 1 is; 0 where nothing is said.
func parseUnit(text string) (float64, error) {
	if text == "" {
		return 0, nil
	}
	if m := unitFormula.FindStringSubmatch(text); m != nil {
		a, err := strconv.ParseFloat(m[1], 64)
		b := 1.0
		if err == nil && m[2] != "" {
			b, err = strconv.ParseFloat(m[2], 64)
		}
		if v := a / b; err == nil && v >= 1e-9 && v <= 1e6 {
			return v, nil
		}
	} else if millimetres.MatchString(text) {
		return 1e-3, nil
	}
	return 0, fmt.Errorf("a depth_unit %s, want millimetres, or metres = value*A/B", spec.Line(strconv.Quote(text)))
}

func (r *rgbd) path(name string) string { return filepath.Join(r.dir, filepath.FromSlash(name)) }

func (r *rgbd) Len() int                    { return len(r.list) }
func (r *rgbd) Describe(i int) string       { return r.path(r.list[i].rgb) }
func (r *rgbd) Image(i int) (*Image, error) { return ReadImage(r.Describe(i)) }

// Hash is of the picture's file.
func (r *rgbd) Hash(i int) (Hash, error) {
	b, err := readPicture(r.Describe(i))
	return sha256.Sum256(b), err
}

// rgbdTruth is what is known of the pictures.
type rgbdTruth struct{ r *rgbd }

// Classes are the scenes.
func (t rgbdTruth) Classes() []string { return t.r.scenes }
func (t rgbdTruth) Label(i int) int   { return t.r.list[i].scene }

// Size reads the picture's header.
func (t rgbdTruth) Size(i int) (h, w int, err error) {
	path := t.r.Describe(i)
	b, err := readPicture(path)
	if err != nil {
		return 0, 0, err
	}
	head, err := readHeader(b)
	if err != nil {
		return 0, 0, fmt.Errorf("%s: %w", path, err)
	}
	if orientation(b, head) >= 5 { // it lies on its side
		return head.w, head.h, nil
	}
	return head.h, head.w, nil
}

func openRGBD(path string, _ *spec.Values, split Split) (*Dataset, error) {
	return OpenRGBD(path, split)
}
