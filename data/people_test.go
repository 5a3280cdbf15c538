package data

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/internal/fuzzing"
)

// numberedPicture writes a picture of w by h whose red is the column and green the row.
func numberedPicture(t *testing.T, path string, w, h int) {
	t.Helper()
	im := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			im.Set(x, y, color.RGBA{uint8(x), uint8(y), 7, 255})
		}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, im); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestPeopleTable: a table of joints: two people of a picture, a joint that is not known, splits, and squares that reach beyond the picture.
func TestPeopleTable(t *testing.T) {
	dir := t.TempDir()
	numberedPicture(t, filepath.Join(dir, "images", "a.png"), 60, 40)
	numberedPicture(t, filepath.Join(dir, "images", "b.png"), 50, 50)
	at := filepath.Join(dir, "joints.csv")
	write(t, at, "image,split,width,neck_x,neck_y,neck_v,hip_x,hip_y,hip_v,toe_x,toe_y,toe_v\n"+
		"a.png,train,60,20,10,1,24,20,1,20,26,2\n"+ // a box of 4 by 16: a square of 20 around 22, 18
		"a.png,train,60,50,30,1,0,0,0,58,38,1\n"+
		"b.png,test,50,10,10,1,30,30,1,20,20,1\n"+
		"b.png,train,50,10,10,1,,,0,,,0\n") // one joint: too few
	d, err := Open("people:"+at+"?least=2", Train)
	if err != nil {
		t.Fatal(err)
	}
	if d.Len() != 2 || d.Kinds() != "pictures" || !strings.HasSuffix(d.Name, "?least=2&split=train") || !strings.Contains(fmt.Sprint(d.Notes), "1 of 3 people have fewer than 2 joints") {
		t.Errorf("%d, %s, %v", d.Len(), d.Name, d.Notes)
	}
	if h, w, err := d.Truth.Sizes.Size(0); h != 20 || w != 20 || err != nil {
		t.Errorf("%dx%d, %v", w, h, err)
	}
	k, err := d.Truth.KeyPoints.KeyPoints(0)
	if err != nil || fmt.Sprint(k) != "[{neck 8 2 0 true} {hip 12 12 0 true} {toe 8 18 0 true}]" {
		t.Errorf("%v, %v", k, err)
	}
	im, err := d.Images.Image(0)
	if err != nil || im.H != 20 || im.W != 20 || fmt.Sprint(im.Pix[(2*20+8)*3:][:3]) != "[20 10 7]" {
		t.Errorf("%v, %v", im, err)
	}
	// the second: 50..58 by 30..38, a square of 10 from 49, 29 on
	k, _ = d.Truth.KeyPoints.KeyPoints(1)
	if fmt.Sprint(k) != "[{neck 1 1 0 true} {toe 9 9 0 true}]" || !strings.HasSuffix(d.Describe(1), "a.png, person 2") {
		t.Errorf("%v of %s", k, d.Describe(1))
	}
	wide, err := Open("people:"+at+"?least=2&around=4", Train)
	if err != nil {
		t.Fatal(err)
	}
	if im, err = wide.Images.Image(1); err != nil || im.H != 32 || fmt.Sprint(im.Pix[(31*32+31)*3:][:3], im.Pix[:3], im.Pix[(21*32+21)*3:][:3], im.Pix[(22*32+21)*3:][:3]) != "[128 128 128] [38 18 7] [59 39 7] [128 128 128]" {
		t.Errorf("%v, %v", im, err)
	}
	test, err := Open("people:"+at+"?least=2", Test)
	if err != nil || test.Len() != 1 || test.Fingerprint == d.Fingerprint && test.Name == d.Name {
		t.Errorf("%v, %v", test, err)
	}
	if of, ok, err := TestSplit("people:" + at); err != nil || !ok || !strings.Contains(of, "split=test") {
		t.Errorf("%s, %v, %v", of, ok, err)
	}
	some := d.Subset([]int{1}, "n=1")
	if h, _, _ := some.Truth.Sizes.Size(0); h != 10 {
		t.Errorf("a subset's size is %d", h)
	}
}

const cocoText = `{"images":[{"id":7,"file_name":"a.png"},{"id":9,"file_name":"b.png"}],
"categories":[{"id":1,"name":"person","keypoints":["nose","hip"]},{"id":2,"name":"dog"}],
"annotations":[
{"image_id":7,"category_id":1,"iscrowd":0,"bbox":[10,10,8,16],"keypoints":[12,12,2,14,20,1]},
{"image_id":7,"category_id":1,"iscrowd":1,"bbox":[0,0,8,16],"keypoints":[12,12,2,14,20,1]},
{"image_id":9,"category_id":2,"iscrowd":0,"bbox":[0,0,8,16]},
{"image_id":9,"category_id":1,"iscrowd":0,"bbox":[0,0,8,16],"keypoints":[0,0,0,14,20,1]},
{"image_id":7,"category_id":1,"iscrowd":0,"bbox":[30,10,8,16],"keypoints":[32,12,2,34,20,2]}]}`

// TestPeopleCOCO: COCO's folders: people that are no crowd and have joints; a joint of v=0 is not there, of v=1 not visible.
func TestPeopleCOCO(t *testing.T) {
	dir := t.TempDir()
	for _, split := range []string{"train2017", "val2017"} {
		write(t, filepath.Join(dir, "annotations", "person_keypoints_"+split+".json"), cocoText)
		numberedPicture(t, filepath.Join(dir, split, "a.png"), 60, 40)
		numberedPicture(t, filepath.Join(dir, split, "b.png"), 60, 40)
	}
	d, err := Open("people:"+dir+"?least=2", Train)
	if err != nil {
		t.Fatal(err)
	}
	k, err := d.Truth.KeyPoints.KeyPoints(0)
	if d.Len() != 2 || err != nil || fmt.Sprint(k) != "[{nose 8 4 0 true} {hip 10 12 0 false}]" { // a square of 20 around 14, 18
		t.Errorf("%d people, %v, %v", d.Len(), k, err)
	}
	if im, err := d.Images.Image(1); err != nil || im.H != 20 || fmt.Sprint(im.Pix[:3]) != "[24 8 7]" {
		t.Errorf("%v", err)
	}
	test, err := Open("people:"+dir+"?least=1", Test)
	if err != nil || test.Len() != 3 || !strings.Contains(test.Describe(0), "val2017") {
		t.Errorf("%v, %v", test, err)
	}
	one, err := Open("people:"+filepath.Join(dir, "annotations", "person_keypoints_val2017.json")+"?least=2&images="+filepath.Join(dir, "val2017"), Train)
	if err != nil || one.Len() != 2 {
		t.Errorf("%v, %v", one, err)
	}
}

func TestPeopleMistakes(t *testing.T) {
	for text, words := range map[string]string{
		"":                                   "no table of joints",
		"file,a_x,a_y\n":                     "no column is called image",
		"image,a\n":                          "columns of 0 joints",
		"image,a_x,a_y,a_x\n":                `two columns are called "a_x"`,
		"image,_x,_y\nq,1,2\n":               "not empty",
		"image,a_x,a_y\nq.png,1\n":           "wrong number of fields",
		"image,a_x,a_y\nq.png,1,up\n":        `line 2: a: "up" is no number`,
		"image,a_x,a_y,a_v\nq.png,1,2,yes\n": `line 2: a_v: "yes"`,
		"image,a_x,a_y\nq.png,1,NaN\n":       "no place",
		"image,a_x,a_y\nq.png,1,1e9\n":       "no place",
		"image,a_x,a_y\n../q.png,1,2\n":      "no file of the folder",
	} {
		if _, _, err := parseJoints([]byte(text), "train"); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%q: %v, want %s", text, err, words)
		}
	}
	for of, words := range map[[2]string]string{
		{`"image_id":9,"category_id":1`, `"image_id":3,"category_id":1`}: "there is no picture 3",
		{`[30,10,8,16]`, `[30,10,8]`}:                                    "want x, y, width and height",
		{`[30,10,8,16]`, `[30,10,0,16]`}:                                 "want x, y, width and height",
		{`[30,10,8,16]`, `[30,10,8,16e9]`}:                               "no place",
		{`[32,12,2,34,20,2]`, `[32,12,2,34]`}:                            "want 3 for each of 2",
		{`[32,12,2,34,20,2]`, `[32,-2e9,2,1,1,1]`}:                       "no place",
		{`"nose","hip"`, `"hip","hip"`}:                                  "each once",
		{`,"keypoints":["nose","hip"]`, ``}:                              "0 key points",
		{`a.png`, `/etc/a.png`}:                                          "no file of the folder",
		{`{"images"`, `{{"images"`}:                                      "no annotations of COCO's",
	} {
		text := strings.Replace(cocoText, of[0], of[1], 1)
		if _, _, err := parseCOCO([]byte(text)); text == cocoText || err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%q: %v, want %s", of, err, words)
		}
	}
	dir := t.TempDir()
	numberedPicture(t, filepath.Join(dir, "a.png"), 10, 10)
	write(t, filepath.Join(dir, "p.csv"), "image,a_x,a_y,b_x,b_y\na.png,0,0,100,0\nb.png,1,1,2,2\n")
	d, err := Open("people:"+filepath.Join(dir, "p.csv")+"?least=1", Train)
	if err != nil {
		t.Fatal(err)
	}
	for i, words := range []string{"a square of 125 pixels", "b.png"} {
		if _, err := d.Images.Image(i); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%v", err)
		}
	}
	for of, words := range map[string]string{"people:" + dir: "has no file annotations", "people:" + filepath.Join(dir, "no.csv"): "wants a CSV", "people:" + filepath.Join(dir, "p.csv") + "?least=3": "holds nobody",
		"people:" + filepath.Join(dir, "p.csv") + "?images=nowhere": "no such folder"} {
		if _, err := Open(of, Train); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v, want %s", of, err, words)
		}
	}
}

// heldTo is what people that were read are held to.
func heldTo(t testing.TB, names []string, list []annotated, err error) {
	if fuzzing.OneLine(t, err) {
		return
	}
	for _, p := range list {
		if fileName(p.file) != nil || len(p.joints) > len(names) || p.box[2] < p.box[0] || p.box[3] < p.box[1] {
			t.Fatalf("%+v", p)
		}
		s := squareAround(p.box, 4)
		if w := s[2] - s[0]; w < 1 || w != s[3]-s[1] || w > 16*maxPlace {
			t.Fatalf("a square %v around %v", s, p.box)
		}
		for _, j := range p.joints {
			if j.name < 0 || j.name >= len(names) || place(float64(j.x), float64(j.y)) != nil {
				t.Fatalf("%+v of %d names", j, len(names))
			}
		}
	}
}

func FuzzJoints(f *testing.F) {
	fuzzing.Run(f, [][]byte{[]byte("image,split,neck_x,neck_y,neck_v,hip_x,hip_y,hip_v\na.png,train,1,2,1,3,4,0\n\"b,c.png\",test,1.5,2,1,3,4,2\n"), []byte("\ufeffimage,a_x,a_y\nq,1,2\n")}, func(t testing.TB, b []byte) {
		for _, split := range []string{"train", "test"} {
			names, list, err := parseJoints(b, split)
			heldTo(t, names, list, err)
		}
	})
}

func FuzzCOCO(f *testing.F) {
	fuzzing.Run(f, [][]byte{[]byte(cocoText)}, func(t testing.TB, b []byte) {
		names, list, err := parseCOCO(b)
		heldTo(t, names, list, err)
	})
}

// TestAroundFigures: frames of films are cut around their figure, joints go with it, and what is known in pixels of the whole frame is left out.
func TestAroundFigures(t *testing.T) {
	const of = "scenes:?frames=4&n=3&side=48&as=frames&labels=pose"
	whole, err := Open(of, Train)
	if err != nil {
		t.Fatal(err)
	}
	d, err := Open(of+"&figure=1.5", Train)
	if err != nil {
		t.Fatal(err)
	}
	if d.Len() != whole.Len() || d.Truth.Boxes != nil || d.Truth.Masks != nil || d.Truth.Groups["film"] == nil || !strings.Contains(d.Name, "figure=1.5") || d.Fingerprint == whole.Fingerprint {
		t.Errorf("%d samples, %s, %+v", d.Len(), d.Name, d.Truth)
	}
	for i := range d.Len() {
		im, err := d.Images.Image(i)
		if err != nil {
			t.Fatal(err)
		}
		all, _ := whole.Images.Image(i)
		h, w, _ := d.Truth.Sizes.Size(i)
		if im.H != h || im.W != w || h != w {
			t.Errorf("frame %d has %dx%d pixels, said are %dx%d", i, im.W, im.H, w, h)
		}
		a, _ := whole.Truth.KeyPoints.KeyPoints(i)
		b, _ := d.Truth.KeyPoints.KeyPoints(i)
		low, high := float32(w), float32(0)
		for k := range b {
			dx, dy := a[k].X-b[k].X, a[k].Y-b[k].Y
			if dx != a[0].X-b[0].X || dy != a[0].Y-b[0].Y || a[k].Name != b[k].Name {
				t.Fatalf("frame %d: %+v becomes %+v", i, a[k], b[k])
			}
			low, high = min(low, b[k].X, b[k].Y), max(high, b[k].X, b[k].Y)
			x, y := int(a[k].X), int(a[k].Y)
			if x < 0 || y < 0 || x >= 48 || y >= 48 {
				continue
			}
			at, from := (int(b[k].Y)*w+int(b[k].X))*3, (y*48+x)*3
			if fmt.Sprint(im.Pix[at:at+3]) != fmt.Sprint(all.Pix[from:from+3]) {
				t.Errorf("frame %d, %s: %v, was %v", i, b[k].Name, im.Pix[at:at+3], all.Pix[from:from+3])
			}
		}
		if len(b) == 0 || low < float32(w)/8 || high > float32(w)*7/8 {
			t.Errorf("frame %d: joints from %g to %g of %d pixels", i, low, high, w)
		}
	}
	if _, err := Open("scenes:?frames=4&n=3&figure=1.5", Train); err == nil || !strings.Contains(err.Error(), "of films as=frames") {
		t.Errorf("films: %v", err)
	}
}
