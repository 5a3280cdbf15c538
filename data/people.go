package data

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/tessera-go/tessera/internal/files"
	"github.com/tessera-go/tessera/internal/spec"
)

// PeopleOptions of OpenPeople.
type PeopleOptions struct {
	Split  Split
	Images string  // where the pictures lie; empty: the folder images beside a table if there is one, else beside the file
	Around float64 // side of the square around a person, in longer sides of their box; 0 means 1.25
	Least  int     // joints that a person must have; 0 means 5
}

var peopleOptions = []spec.Option{
	{Name: "images", About: "the folder of the pictures, where it is neither beside the file nor called images, train or val there"},
	{Name: "around", Default: "1.25", About: "side of the square that is seen of a person, in longer sides of their box, 1 to 4"},
	{Name: "least", Default: "5", About: "joints that a person must have"},
}

// people are squares of pictures, a person in each.
type people struct {
	dir   string
	names []string // of joints
	list  []annotated
}

// annotated is somebody in a picture, in its pixels.
type annotated struct {
	file   string
	number int          // of those in the picture, from 0 on
	box    [4]float32   // x0, y0, x1, y1
	joints []knownJoint // those that are known
}

// knownJoint is a key point of a person's.
type knownJoint struct {
	name    int
	x, y    float32
	visible bool
}

// What a file of people may hold.
const (
	maxPeopleBytes = 1 << 30
	maxPeople      = 1 << 22
	maxJoints      = 256
	maxPlace       = 1 << 20 // pixels, of a place in a picture
)

// OpenPeople opens people with the places of their joints, each cut from its picture: a square around the person. The path is
//
//	a CSV      a header with the columns image and, of each joint, NAME_x, NAME_y and NAME_v (0: not known, else known), perhaps split; a person a line
//	a JSON     COCO's key points (person_keypoints_*.json; Lin et al. 2014), or MPII's people as MMPose has them (mpii_*.json)
//	a folder   that has the folder annotations with person_keypoints_train*.json and person_keypoints_val*.json, or mpii_train.json and mpii_val.json
//
// A person's box is COCO's, or that of their joints. What a square has beyond the picture is grey.
func OpenPeople(path string, o PeopleOptions) (*Dataset, error) {
	if o.Split == "" {
		o.Split = Train
	}
	if o.Around == 0 {
		o.Around = 1.25
	}
	if o.Least == 0 {
		o.Least = 5
	}
	file, images, err := peopleFile(path, o)
	if err != nil {
		return nil, err
	}
	b, err := readPeople(file)
	if err != nil {
		return nil, err
	}
	var names []string
	var list []annotated
	switch {
	case strings.EqualFold(filepath.Ext(file), ".csv"):
		names, list, err = parseJoints(b, string(o.Split))
	case bytes.HasPrefix(bytes.TrimSpace(b[:min(len(b), 64)]), []byte("[")):
		names, list, err = parseMPII(b)
	default:
		names, list, err = parseCOCO(b)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	p := &people{dir: images, names: names}
	d := &Dataset{}
	if file != path {
		d.Notes = passedOver(file)
	}
	few := 0
	for _, one := range list {
		if len(one.joints) < o.Least {
			few++
			continue
		}
		one.box = squareAround(one.box, o.Around)
		p.list = append(p.list, one)
	}
	if few > 0 {
		d.Notes = append(d.Notes, fmt.Sprintf("%s: %d of %d people have fewer than %d joints that are known, and are left out (least)", file, few, len(list), o.Least))
	}
	if len(p.list) == 0 {
		return nil, fmt.Errorf("%s holds nobody of the split %s with %d joints", file, o.Split, o.Least)
	}
	s := spec.Spec{Kind: "people", Path: path}
	for _, x := range []struct{ name, value, usual string }{{"images", o.Images, ""}, {"around", fmt.Sprint(o.Around), "1.25"}, {"least", fmt.Sprint(o.Least), "5"}} {
		if x.value != x.usual {
			s = s.With(x.name, x.value)
		}
	}
	if peopleSplits(s) {
		s = s.With("split", string(o.Split))
	}
	d.Name, d.Fingerprint, d.Inputs = s.String(), fingerprint("people", s.With("images", "").String(), string(b)), Inputs{Images: p}
	t := peopleTruth{p}
	d.Truth = Truth{KeyPoints: t, Sizes: t}
	return d, nil
}

// squareAround returns the square of whole pixels around a box, so many of its longer sides wide.
func squareAround(b [4]float32, around float64) [4]float32 {
	side := max(1, math.Round(around*float64(max(b[2]-b[0], b[3]-b[1]))))
	x := math.Round((float64(b[0]+b[2]) - side) / 2)
	y := math.Round((float64(b[1]+b[3]) - side) / 2)
	return [4]float32{float32(x), float32(y), float32(x + side), float32(y + side)}
}

// peopleFile returns the file of what a path names, and the folder of its pictures.
func peopleFile(path string, o PeopleOptions) (file, images string, err error) {
	st, err := os.Stat(path)
	if err != nil {
		return "", "", fmt.Errorf("people: wants a CSV of joints, a JSON of COCO's, or a folder with COCO's annotations: %w", err)
	}
	if strings.EqualFold(filepath.Ext(path), ".mat") {
		return "", "", fmt.Errorf("%s is a file of MATLAB's: docs/dense.md says how FLIC's becomes a CSV of joints, and which JSON of MPII's is read", path)
	}
	images = o.Images
	if found := cocoFiles(path, "mpii")[o.Split]; st.IsDir() && found != "" && len(cocoFiles(path, "person_keypoints")) == 0 {
		if file = found; images == "" {
			images = filepath.Join(path, "images")
		}
	} else if st.IsDir() {
		found := cocoFiles(path, "person_keypoints")
		if found[o.Split] == "" {
			return "", "", fmt.Errorf("%s has no file annotations/person_keypoints_%s*.json", path, map[Split]string{Train: "train", Test: "val"}[o.Split])
		}
		file = found[o.Split]
		if images == "" {
			of := strings.TrimPrefix(strings.TrimSuffix(filepath.Base(file), ".json"), "person_keypoints_")
			images = filepath.Join(path, of)
		}
	} else if file = path; images == "" {
		images = filepath.Dir(path)
		if st, err := os.Stat(filepath.Join(images, "images")); err == nil && st.IsDir() {
			images = filepath.Join(images, "images")
		}
	}
	return file, images, missingDir(images, "people: wants the folder of the pictures there, or in the option images")
}

// cocoFiles returns the files of COCO's annotations of a kind below a folder: person_keypoints, instances.
func cocoFiles(dir, kind string) map[Split]string {
	out := map[Split]string{}
	for split, name := range map[Split]string{Train: "train", Test: "val"} {
		if found, err := filepath.Glob(filepath.Join(escapeGlob(dir), "annotations", kind+"_"+name+"*.json")); err == nil && len(found) > 0 {
			out[split] = found[0]
		}
	}
	return out
}

// passedOver says which files cocoFiles left for the one that it returned.
func passedOver(file string) []string {
	for _, name := range []string{"_train", "_val"} {
		dir, base := filepath.Split(file)
		kind, _, ok := strings.Cut(base, name)
		if !ok {
			continue
		}
		if found, err := filepath.Glob(filepath.Join(escapeGlob(dir), kind+name+"*.json")); err == nil && len(found) > 1 {
			return []string{fmt.Sprintf("%s is read, and %d beside it that could be meant are not: %s", file, len(found)-1, spec.Few(found[1:], 3))}
		}
	}
	return nil
}

// escapeGlob returns a path as a pattern that only it fits.
func escapeGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(path)
}

// peopleSplits tells whether what is named has splits: both of COCO's files, or a column.
func peopleSplits(s spec.Spec) bool {
	for _, kind := range []string{"person_keypoints", "mpii"} {
		if found := cocoFiles(s.Path, kind); len(found) > 0 {
			return len(found) == 2
		}
	}
	if st, err := os.Stat(s.Path); err != nil || !st.Mode().IsRegular() || !strings.EqualFold(filepath.Ext(s.Path), ".csv") {
		return false // readPeople says why
	}
	f, err := os.Open(s.Path)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, 1<<16)
	n, _ := io.ReadFull(f, head)
	line, _, _ := strings.Cut(string(head[:n]), "\n")
	for _, column := range strings.Split(strings.TrimSpace(line), ",") {
		if column == "split" {
			return true
		}
	}
	return false
}

// readPeople reads a file of people.
func readPeople(path string) ([]byte, error) {
	b, err := files.Read(path, maxPeopleBytes)
	switch {
	case errors.Is(err, files.ErrNoFile):
		err = fmt.Errorf("%s is no file", path)
	case errors.Is(err, files.ErrTooLarge):
		err = fmt.Errorf("%s has more than %d MiB", path, maxPeopleBytes>>20)
	}
	return b, err
}

func (p *people) Len() int { return len(p.list) }

func (p *people) Describe(i int) string {
	one := p.list[i]
	return fmt.Sprintf("%s, person %d", filepath.Join(p.dir, filepath.FromSlash(one.file)), one.number+1)
}

// beyond is the grey of what a square has beyond the picture.
const beyond = 128

// maxBeyond is how many times a picture's longer side a square may be wide.
const maxBeyond = 8

func (p *people) Image(i int) (*Image, error) {
	one := p.list[i]
	im, err := ReadImage(filepath.Join(p.dir, filepath.FromSlash(one.file)))
	if err != nil {
		return nil, err
	}
	return squareOf(im, one.box, p.Describe(i))
}

// squareOf returns a square of a picture, grey where it lies beyond.
func squareOf(im *Image, box [4]float32, what string) (*Image, error) {
	x0, y0, n := int(box[0]), int(box[1]), int(box[2]-box[0])
	if n > maxBeyond*max(im.H, im.W) {
		return nil, fmt.Errorf("%s: a square of %d pixels around the person, the picture has %dx%d", what, n, im.W, im.H)
	}
	out := NewImage(n, n)
	for k := range out.Pix {
		out.Pix[k] = beyond
	}
	left, right := max(x0, 0), min(x0+n, im.W)
	for y := max(y0, 0); y < min(y0+n, im.H) && left < right; y++ {
		copy(out.Pix[((y-y0)*n+left-x0)*3:], im.Pix[(y*im.W+left)*3:(y*im.W+right)*3])
	}
	return out, nil
}

// side is of the person's square.
func (p annotated) side() int { return int(p.box[2] - p.box[0]) }

// Hash is of the file and the square.
func (p *people) Hash(i int) (Hash, error) {
	one := p.list[i]
	b, err := readPicture(filepath.Join(p.dir, filepath.FromSlash(one.file)))
	return sha256.Sum256(fmt.Append(b, one.box)), err
}

// peopleTruth are the joints, in pixels of the squares.
type peopleTruth struct{ p *people }

func (t peopleTruth) Size(i int) (h, w int, err error) {
	n := t.p.list[i].side()
	return n, n, nil
}

func (t peopleTruth) KeyPoints(i int) ([]KeyPoint, error) {
	one := t.p.list[i]
	out := make([]KeyPoint, len(one.joints))
	for k, j := range one.joints {
		out[k] = KeyPoint{Name: t.p.names[j.name], X: j.x - one.box[0], Y: j.y - one.box[1], Visible: j.visible}
	}
	return out, nil
}

func openPeople(path string, v *spec.Values, split Split) (*Dataset, error) {
	o := PeopleOptions{Split: split, Around: v.Float("around", 1, 4), Least: v.Int("least", 1, maxJoints)}
	if v.Given("images") {
		o.Images = v.Text("images")
	}
	if v.Err() != nil {
		return nil, v.Err()
	}
	return OpenPeople(path, o)
}

// place says what is wrong with a place in a picture.
func place(x, y float64) error {
	if !(math.Abs(x) <= maxPlace && math.Abs(y) <= maxPlace) {
		return fmt.Errorf("%g, %g is no place in a picture", x, y)
	}
	return nil
}

// fileName says what is wrong with the name of a picture's file: it must lie in the folder.
func fileName(name string) error {
	if !filepath.IsLocal(filepath.FromSlash(name)) || strings.ContainsRune(name, 0) {
		return fmt.Errorf("%q is no file of the folder", spec.Line(name))
	}
	return nil
}

// parseCOCO reads COCO's key points: people that are no crowd, in the order of the file.
func parseCOCO(b []byte) (names []string, list []annotated, err error) {
	var in struct {
		Images []struct {
			ID   int64  `json:"id"`
			File string `json:"file_name"`
		} `json:"images"`
		Categories []struct {
			ID        int64    `json:"id"`
			KeyPoints []string `json:"keypoints"`
		} `json:"categories"`
		Annotations []struct {
			Image     int64     `json:"image_id"`
			Category  int64     `json:"category_id"`
			Crowd     int       `json:"iscrowd"`
			Box       []float64 `json:"bbox"`
			KeyPoints []float64 `json:"keypoints"`
		} `json:"annotations"`
	}
	if err := json.Unmarshal(b, &in); err != nil {
		return nil, nil, fmt.Errorf("no annotations of COCO's: %w", err)
	}
	category := int64(-1)
	for _, c := range in.Categories {
		if len(c.KeyPoints) > 0 && names == nil {
			names, category = c.KeyPoints, c.ID
		}
	}
	if names == nil || len(names) > maxJoints {
		return nil, nil, fmt.Errorf("it has categories with %d key points, want 1 to %d", len(names), maxJoints)
	}
	if err := jointNames(names); err != nil {
		return nil, nil, err
	}
	files, seen := map[int64]string{}, map[int64]int{}
	for _, im := range in.Images {
		if err := fileName(im.File); err != nil {
			return nil, nil, err
		}
		files[im.ID] = im.File
	}
	for k, a := range in.Annotations {
		file, ok := files[a.Image]
		if a.Category != category || a.Crowd != 0 || len(a.KeyPoints) == 0 {
			continue
		}
		bad := func(format string, args ...any) error {
			return fmt.Errorf("annotation %d: %s", k+1, fmt.Sprintf(format, args...))
		}
		switch {
		case !ok:
			return nil, nil, bad("there is no picture %d", a.Image)
		case len(a.Box) != 4 || !(a.Box[2] > 0 && a.Box[3] > 0):
			return nil, nil, bad("a box %v, want x, y, width and height", a.Box)
		case len(a.KeyPoints) != 3*len(names):
			return nil, nil, bad("%d numbers of key points, want 3 for each of %d", len(a.KeyPoints), len(names))
		}
		p := annotated{file: file, number: seen[a.Image], box: [4]float32{float32(a.Box[0]), float32(a.Box[1]), float32(a.Box[0] + a.Box[2]), float32(a.Box[1] + a.Box[3])}}
		seen[a.Image]++
		if err := place(a.Box[0], a.Box[1]); err != nil {
			return nil, nil, bad("%v", err)
		}
		if err := place(a.Box[0]+a.Box[2], a.Box[1]+a.Box[3]); err != nil {
			return nil, nil, bad("%v", err)
		}
		for j := range names {
			x, y, v := a.KeyPoints[3*j], a.KeyPoints[3*j+1], a.KeyPoints[3*j+2]
			if v == 0 {
				continue
			}
			if err := place(x, y); err != nil {
				return nil, nil, bad("%v", err)
			}
			p.joints = append(p.joints, knownJoint{j, float32(x), float32(y), v == 2})
		}
		list = append(list, p)
	}
	return names, list, nil
}

// jointNames refuses names that are empty or come twice.
func jointNames(names []string) error {
	seen := map[string]bool{}
	for _, n := range names {
		if n == "" || seen[n] {
			return fmt.Errorf("joints are called %q, want names that are not empty, each once", spec.Few(names, 20))
		}
		seen[n] = true
	}
	return nil
}
