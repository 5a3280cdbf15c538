package data

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/internal/fuzzing"
)

// vocText is an annotation as VOC has it: of two objects, and the part of one.
const vocText = `<annotation><folder>VOC2012</folder><filename>a.png</filename><size><width>60</width><height>40</height><depth>3</depth></size>
<object><name>person</name><truncated>0</truncated><difficult>0</difficult><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>60</xmax><ymax>40</ymax></bndbox>
<part><name>head</name><bndbox><xmin>5</xmin><ymin>5</ymin><xmax>9</xmax><ymax>9</ymax></bndbox></part></object>
<object><name>dog</name><difficult>1</difficult><bndbox><xmax>30.5</xmax><xmin>11</xmin><ymin>21</ymin><ymax>30</ymax></bndbox></object></annotation>`

// object is an annotation of one object.
func object(name, x0, y0, x1, y1 string) string {
	return fmt.Sprintf("<annotation><filename>p.png</filename><size><width>60</width><height>40</height></size><object><name>%s</name><bndbox><xmin>%s</xmin><ymin>%s</ymin><xmax>%s</xmax><ymax>%s</ymax></bndbox></object></annotation>",
		name, x0, y0, x1, y1)
}

// mustOpen opens a data set, of which all boxes are read.
func mustOpen(t *testing.T, of string, split Split) (*Dataset, [][]Box) {
	t.Helper()
	d, err := Open(of, split)
	if err != nil {
		t.Fatal(err)
	}
	var boxes [][]Box
	for i := range d.Len() {
		b, err := d.Truth.Boxes.Boxes(i)
		if err != nil {
			t.Fatal(err)
		}
		boxes = append(boxes, b)
	}
	return d, boxes
}

// TestVOC: the first pixel is 1 there and 0 here, the last one lies inside; lists are splits; classes are VOC's.
func TestVOC(t *testing.T) {
	dir := t.TempDir()
	for _, id := range []string{"a", "b", "c"} {
		numberedPicture(t, filepath.Join(dir, "JPEGImages", id+".png"), 60, 40)
		write(t, filepath.Join(dir, "Annotations", id+".xml"), vocText)
	}
	main := filepath.Join(dir, "ImageSets", "Main")
	write(t, filepath.Join(main, "trainval.txt"), "a  1\r\nb -1\na 1\n")
	write(t, filepath.Join(main, "train.txt"), "a\n")
	write(t, filepath.Join(main, "val.txt"), "b\n")
	d, boxes := mustOpen(t, "voc:"+dir, Train)
	if d.Name != "voc:"+dir+"?split=train" || d.Len() != 1 || len(d.Truth.BoxClasses()) != 20 || d.Truth.BoxClasses()[14] != "person" || len(d.Notes) != 0 || d.Truth.Labels != nil {
		t.Errorf("%s, %d, %v, %v", d.Name, d.Len(), d.Truth.BoxClasses(), d.Notes)
	}
	if got := fmt.Sprint(boxes[0]); got != "[{0 0 60 40 14 false false 0} {10 20 30.5 30 11 true false 0}]" {
		t.Errorf("boxes %s", got)
	}
	if h, w, err := d.Truth.Sizes.Size(0); h != 40 || w != 60 || err != nil {
		t.Errorf("%dx%d, %v", w, h, err)
	}
	if im, err := d.Images.Image(0); err != nil || im.W != 60 || im.H != 40 {
		t.Errorf("%v, %v", im, err)
	}
	if n := d.BoxCounts(); n[14] != 1 || n[11] != 1 {
		t.Errorf("counts %v", n)
	}
	if test, _ := mustOpen(t, "voc:"+dir, Test); test.Len() != 1 || !strings.HasSuffix(test.Describe(0), "b.png") || test.Fingerprint == d.Fingerprint {
		t.Errorf("%s of %s", test.Describe(0), test.Name)
	}
	// with a list test, what is trained on is trainval, as for VOC 2007
	write(t, filepath.Join(main, "test.txt"), "c\n")
	d, _ = mustOpen(t, "voc:"+dir, Train)
	if d.Len() != 2 || !strings.Contains(fmt.Sprint(d.Notes), "1 pictures stand in their list again") {
		t.Errorf("%d, %v", d.Len(), d.Notes)
	}
	if d, _ = mustOpen(t, "voc:"+dir+"?train=train&test=val", Test); d.Len() != 1 || !strings.HasSuffix(d.Describe(0), "b.png") || d.Name != "voc:"+dir+"?split=test&test=val&train=train" {
		t.Errorf("%s of %s", d.Describe(0), d.Name)
	}
	if of, ok, err := TestSplit("voc:" + dir); err != nil || !ok || of != "voc:"+dir+"?split=test" {
		t.Errorf("%s, %v, %v", of, ok, err)
	}
	if _, err := Open("voc:"+dir+"?train=no", Train); err == nil || !strings.Contains(err.Error(), "the list of a split") {
		t.Error(err)
	}
}

// TestVOCFlawed: annotations as tools leave them: each flaw is counted and named, and the rest is there.
func TestVOCFlawed(t *testing.T) {
	dir := t.TempDir()
	texts := map[string]string{
		"beyond":    object("cat", "-20", "1", "30", "90"),
		"cut":       object("cat", "0", "0", "30", "41"), // counted from 0, as some tools do: a pixel is no flaw
		"empty-box": object("cat", "30", "5", "20", "9"),
		"far":       object("cat", "100", "1", "120", "9"),
		"huge":      object("cat", "1", "1", "1e9", "9"),
		"nameless":  object(" ", "1", "1", "9", "9"),
		"named":     object("zebra\nb", "1", "1", "9", "9"),
		"nobox":     object("cat", "1", "", "9", "9"),
		"none":      "<annotation><size><width>60</width><height>40</height></size></annotation>",
		"nosize":    strings.Replace(object("cat", "1", "1", "70", "9"), "<width>60", "<width>0", 1),
		"larger":    strings.Replace(object("cat", "1", "1", "70", "9"), "<width>60", "<width>90", 1),
		"torn":      "<annotation><object>",
		"other":     "<html></html>",
		"void":      " \n",
		"lost":      object("cat", "1", "1", "9", "9"),
		"renamed":   strings.Replace(object("cat", "1", "1", "9", "9"), "p.png", `C:\pictures\other name.png`, 1),
	}
	for id, text := range texts {
		write(t, filepath.Join(dir, id+".xml"), text)
		if id != "lost" && id != "renamed" {
			numberedPicture(t, filepath.Join(dir, id+".png"), 60, 40)
		}
	}
	d, boxes := mustOpen(t, "voc:"+dir, Train)
	got := map[string]string{}
	for i := range d.Len() {
		got[strings.TrimSuffix(filepath.Base(d.Describe(i)), ".png")] = fmt.Sprint(boxes[i])
	}
	want := map[string]string{"beyond": "[{0 0 30 40 0 false false 0}]", "cut": "[{0 0 30 40 0 false false 0}]", "empty-box": "[]", "far": "[]", "huge": "[]", "nameless": "[]",
		"named": "[{0 0 9 9 1 false false 0}]", "nobox": "[]", "none": "[]", "nosize": "[{0 0 60 9 0 false false 0}]", "larger": "[{0 0 70 9 0 false false 0}]"}
	if fmt.Sprint(got) != fmt.Sprint(want) || fmt.Sprintf("%q", d.Truth.BoxClasses()) != `["cat" "zebra\\nb"]` {
		t.Errorf("%v\nwant %v, of %q", got, want, d.Truth.BoxClasses())
	}
	notes := strings.Join(d.Notes, "\n")
	for _, words := range []string{"2 boxes reach beyond their picture and are cut there; the first: beyond.xml", "1 boxes have no area and are left out; the first: empty-box.xml", "1 boxes lie beyond their picture",
		"1 boxes are at no place", "1 objects have no name", "1 objects have no box of four numbers", "6 pictures have no box: in them is nothing to be found", "3 annotations cannot be read",
		"2 annotations are of pictures that are not there and are left out; the first: lost.xml"} {
		if !strings.Contains(notes, words) {
			t.Errorf("no note says %q:\n%s", words, notes)
		}
	}
	for i := range d.Len() {
		im, err := d.Images.Image(i)
		if strings.HasSuffix(d.Describe(i), "larger.png") {
			if err == nil || !strings.Contains(err.Error(), "60x40 pixels, its annotation 90x40") {
				t.Errorf("%v, %v", im, err)
			}
		} else if err != nil {
			t.Error(err)
		}
	}
	// a listed picture without annotation is not known to be empty
	write(t, filepath.Join(dir, "ImageSets", "Main", "train.txt"), "cut\nunknown\n")
	write(t, filepath.Join(dir, "ImageSets", "Main", "test.txt"), "unknown\n")
	if d, _ = mustOpen(t, "voc:"+dir, Train); d.Len() != 1 || !strings.Contains(fmt.Sprint(d.Notes), "1 pictures have no annotation and are left out") {
		t.Errorf("%d, %v", d.Len(), d.Notes)
	}
	write(t, filepath.Join(dir, "ImageSets", "Main", "bad.txt"), "../../secret\n")
	for of, words := range map[string]string{"voc:" + dir + "?split=test": "none of 1 annotations can be used", "voc:" + dir + "?test=bad&split=test": "no file of the folder", "voc:" + dir + "?cut=0.5/0.5": "nothing to cut",
		"voc:" + t.TempDir(): "holds no annotations", "voc:": "no folder given", "voc:" + filepath.Dir(dir): "holds no annotations"} {
		if _, err := Open(of, Train); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v, want %s", of, err, words)
		}
	}
}

// TestVOCCut: without lists a cut makes splits, and every picture is in one of them.
func TestVOCCut(t *testing.T) {
	dir := t.TempDir()
	for i := range 10 {
		numberedPicture(t, filepath.Join(dir, "images", fmt.Sprint(i, ".png")), 60, 40)
		write(t, filepath.Join(dir, "annotations", fmt.Sprint(i, ".xml")), vocText)
	}
	seen := map[string]bool{}
	for _, split := range []Split{Train, Test} {
		d, boxes := mustOpen(t, "voc:"+dir+"?cut=0.7/0.3", split)
		for i := range d.Len() {
			seen[d.Describe(i)] = true
			if len(boxes[i]) != 2 {
				t.Errorf("%s has %v", d.Describe(i), boxes[i])
			}
		}
		if want := map[Split]int{Train: 7, Test: 3}[split]; d.Len() != want || !strings.Contains(d.Name, "cut=0.7/0.3&split="+string(split)) && !strings.Contains(d.Name, "split="+string(split)) {
			t.Errorf("%s has %d", d.Name, d.Len())
		}
	}
	if len(seen) != 10 {
		t.Errorf("%d pictures", len(seen))
	}
	if d, _ := mustOpen(t, "voc:"+dir+"?n=4", Train); d.Len() != 4 || d.BoxCounts()[14] != 4 {
		t.Errorf("%d, %v", d.Len(), d.BoxCounts())
	}
}

// TestVOCSegments: numbers of pixels are classes, 255 does not count; of a list of ImageSets/Segmentation pictures without are left out.
func TestVOCSegments(t *testing.T) {
	dir := t.TempDir()
	for _, id := range []string{"a", "b", "c"} {
		numberedPicture(t, filepath.Join(dir, "JPEGImages", id+".png"), 60, 40)
		write(t, filepath.Join(dir, "Annotations", id+".xml"), vocText)
	}
	save := func(id string, im image.Image) {
		var b bytes.Buffer
		if err := png.Encode(&b, im); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, "SegmentationClass", id+".png"), b.String())
	}
	colours := make(color.Palette, 256)
	for i := range colours {
		colours[i] = color.RGBA{uint8(i), 0, uint8(i), 255}
	}
	a, b := image.NewPaletted(image.Rect(0, 0, 60, 40), colours), image.NewGray(image.Rect(0, 0, 50, 40))
	a.SetColorIndex(2, 1, 20)
	a.SetColorIndex(3, 1, 255)
	save("a", a)
	save("b", b)
	write(t, filepath.Join(dir, "ImageSets", "Segmentation", "train.txt"), "a\nb\nc\n")
	write(t, filepath.Join(dir, "ImageSets", "Segmentation", "val.txt"), "b\n")
	d, boxes := mustOpen(t, "voc:"+dir+"?segments=yes", Train)
	if d.Len() != 2 || len(boxes[0]) != 2 || d.Name != "voc:"+dir+"?segments=yes&split=train" || !strings.Contains(fmt.Sprint(d.Notes), "1 pictures have no classes of pixels") || d.Truth.Segments.SegmentNames()[20] != "tvmonitor" {
		t.Errorf("%s, %d, %v", d.Name, d.Len(), d.Notes)
	}
	x, err := d.Truth.Segments.Segment(0)
	if err != nil || fmt.Sprint(x.Shape, x.Data[:2], x.Data[60+1:60+5]) != "[40 60] [0 0] [0 20 -1 0]" {
		t.Errorf("%v, %v", x, err)
	}
	refused := func(words string) {
		t.Helper()
		if _, err := d.Truth.Segments.Segment(1); err == nil || !strings.Contains(err.Error(), words) || !strings.Contains(err.Error(), "b.png") {
			t.Errorf("%v, want %s", err, words)
		}
	}
	refused("has 50x40 pixels, its picture 60x40")
	b.SetGray(7, 0, color.Gray{21})
	save("b", b)
	refused("the pixel at 7, 0 has the number 21")
	save("b", image.NewRGBA(image.Rect(0, 0, 60, 40)))
	refused("a PNG of colours")
	write(t, filepath.Join(dir, "SegmentationClass", "b.png"), "torn")
	refused("png")
	if plain, _ := mustOpen(t, "voc:"+dir, Train); plain.Truth.Segments != nil || plain.Len() != 3 {
		t.Errorf("%d", plain.Len())
	}
}

// instancesText has a crowd, an annotation twice, one of an image and one of a category that are not listed.
const instancesText = `{"info":{"deep":[1,{"x":[]}]},"annotations":[
{"id":1,"image_id":7,"category_id":18,"iscrowd":0,"bbox":[10,10,8.5,16],"area":70.5,"segmentation":[[1,2,3,4,5,6]]},
{"id":2,"image_id":7,"category_id":1,"iscrowd":1,"bbox":[0,0,80,16],"segmentation":{"counts":[1,2],"size":[3,4]}},
{"id":1,"image_id":7,"category_id":18,"iscrowd":0,"bbox":[10,10,8.5,16],"area":70.5},
{"id":1,"image_id":7,"category_id":1,"bbox":[1,1,2,2]},
{"id":5,"image_id":8,"category_id":1,"bbox":[1,1,2,2]},
{"id":6,"image_id":7,"category_id":5,"bbox":[1,1,2,2]},
{"id":7,"image_id":7,"category_id":1,"bbox":[1,1,2]},
{"id":8,"image_id":7,"category_id":1,"bbox":[1,1,2,0]}],
"images":[{"id":7,"file_name":"a.png","height":40,"width":60},{"id":9,"file_name":"b.png","height":40,"width":60}],
"categories":[{"id":18,"name":"dog"},{"id":1,"name":"person"},{"id":20,"name":"dog"}]}`

// TestInstances: COCO's layout and that of others; classes are in the order of the categories' numbers; a picture without annotation is one without objects.
func TestInstances(t *testing.T) {
	dir := t.TempDir()
	for split, text := range map[string]string{"train2017": instancesText, "val2017": strings.ReplaceAll(instancesText, "b.png", "c.png")} {
		write(t, filepath.Join(dir, "annotations", "instances_"+split+".json"), text)
		numberedPicture(t, filepath.Join(dir, split, "a.png"), 60, 40)
		numberedPicture(t, filepath.Join(dir, split, "b.png"), 60, 40)
	}
	d, boxes := mustOpen(t, "coco:"+dir, Train)
	if got := fmt.Sprint(boxes); got != "[[{10 10 18.5 26 1 false false 70.5} {0 0 60 16 0 false true 0} {1 1 3 3 0 false false 0}] []]" {
		t.Errorf("boxes %s", got)
	}
	if d.Name != "coco:"+dir+"?split=train" || fmt.Sprint(d.Truth.BoxClasses()) != "[person dog]" || !strings.HasSuffix(d.Describe(1), filepath.Join("train2017", "b.png")) {
		t.Errorf("%s, %v, %s", d.Name, d.Truth.BoxClasses(), d.Describe(1))
	}
	notes := strings.Join(d.Notes, "\n")
	for _, words := range []string{"1 annotations stand there again", "1 annotations have the number of another", "images that are not listed and are left out; the first: annotation 5, of image 8",
		"no category that is listed and are left out; the first: annotation 6, of category 5", "1 annotations have no box of four numbers", "1 boxes have no area", "1 boxes reach beyond",
		"1 categories have the name of another", "1 pictures have no box: in them is nothing to be found; the first: b.png"} {
		if !strings.Contains(notes, words) {
			t.Errorf("no note says %q:\n%s", words, notes)
		}
	}
	test, _ := mustOpen(t, "coco:"+dir, Test)
	if test.Len() != 1 || !strings.Contains(fmt.Sprint(test.Notes), "1 pictures with annotations are not there and are left out; the first: c.png") {
		t.Errorf("%d, %v", test.Len(), test.Notes)
	}
	file := filepath.Join(dir, "annotations", "instances_train2017.json")
	if one, _ := mustOpen(t, "coco:"+file, Train); one.Len() != 2 {
		t.Errorf("%d", one.Len())
	}
	if one, _ := mustOpen(t, "coco:"+file+"?images="+filepath.Join(dir, "val2017")+"&cut=0.5/0.5", Test); one.Len() != 1 {
		t.Errorf("%d", one.Len())
	}
	other := t.TempDir()
	for _, split := range []string{"train", "valid"} {
		write(t, filepath.Join(other, split, "_annotations.coco.json"), instancesText)
		numberedPicture(t, filepath.Join(other, split, "a.png"), 60, 40)
	}
	if d, _ := mustOpen(t, "coco:"+other, Test); d.Len() != 1 || !strings.HasSuffix(d.Describe(0), filepath.Join("valid", "a.png")) {
		t.Errorf("%d, %s", d.Len(), d.Describe(0))
	}
	for of, words := range map[string]string{"coco:" + t.TempDir(): "has neither annotations", "coco:" + filepath.Join(dir, "no.json"): "wants a JSON of COCO's", "coco:" + dir + "?cut=0.5/0.5": "nothing to cut",
		"coco:" + file + "?images=" + t.TempDir(): "none of its pictures can be used", "coco:" + file + "?images=nowhere": "no such folder"} {
		if _, err := Open(of, Train); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v, want %s", of, err, words)
		}
	}
}

func TestInstancesMistakes(t *testing.T) {
	for of, words := range map[[2]string]string{
		{`"categories"`, `"classes"`}:                        "it has no categories",
		{`{"id":9,"file_name"`, `{"id":7,"file_name"`}:       "the images a.png and b.png both have the number 7",
		{`{"id":20,"name":"dog"}`, `{"id":18,"name":"cat"}`}: "the categories dog and cat both have the number 18",
		{`"name":"person"`, `"name":" "`}:                    "the category 1 has no name",
		{`"a.png"`, `"../a.png"`}:                            "is no file of the folder",
		{`"a.png"`, `""`}:                                    "is no file of the folder",
		{`"image_id":8`, `"image_id":"8"`}:                   "annotations: element 5",
		{`{"info"`, `[{"info"`}:                              "[ where { is wanted",
		{`"images":[`, `"images":[[`}:                        "images: element 1",
		{`"name":"dog"}]}`, `"name":"dog"}]`}:                "EOF",
		{`"annotations":[`, `"annotations":{"a":[`}:          "annotations: { where [ is wanted",
		{`"deep":[1,{"x":[]}]}`, `"deep":[1,{"x":[}]}`}:      "info",
	} {
		text := strings.Replace(instancesText, of[0], of[1], 1)
		if _, err := parseInstances(strings.NewReader(text), &faults{}); text == instancesText || err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%q: %v, want %s", of, err, words)
		}
	}
	var f faults
	b, err := parseInstances(strings.NewReader(strings.Replace(instancesText, `"height":40,"width":60`, `"height":0`, 1)), &f)
	if err != nil || b.list[0].h != 0 || b.list[0].boxes[1].X1 != 80 || !strings.Contains(fmt.Sprint(f.notes("")), "images have no height and width") {
		t.Errorf("%+v, %v", b, err)
	}
}

// TestYOLO: boxes are in parts of the picture's sides, outlines become their boxes, and names come from a YAML or a text.
func TestYOLO(t *testing.T) {
	dir := t.TempDir()
	for _, split := range []string{"train", "val"} {
		for _, name := range []string{"a", "b", "c"} {
			numberedPicture(t, filepath.Join(dir, "images", split, name+".png"), 60, 40)
		}
		write(t, filepath.Join(dir, "labels", split, "a.txt"), "\ufeff1 0.5 0.5 1 0.5\r\n\n0 0.1 0.1 0.3 0.1 0.2 0.6\n1 0.9 0.5 0.4 0.5 0.99\n")
		write(t, filepath.Join(dir, "labels", split, "b.txt"), "")
		write(t, filepath.Join(dir, "labels", split, "z.txt"), "0 0.5 0.5 1 1\n")
	}
	write(t, filepath.Join(dir, "data.yaml"), "path: ../elsewhere\ntrain: images/train\nnames:\n  0: cat\n  1: 'dog: old'\n")
	d, boxes := mustOpen(t, "yolo:"+dir, Test)
	// 60 by 40: the first over all of its width, the second the box of three corners, the third cut at the right edge
	want := []Box{{X0: 0, Y0: 10, X1: 60, Y1: 30, Class: 1}, {X0: 6, Y0: 4, X1: 18, Y1: 24}, {X0: 42, Y0: 10, X1: 60, Y1: 30, Class: 1}}
	for k, b := range boxes[0] {
		near := func(a, b float32) bool { return math.Abs(float64(a-b)) < 1e-4 }
		if w := want[k]; !near(b.X0, w.X0) || !near(b.Y0, w.Y0) || !near(b.X1, w.X1) || !near(b.Y1, w.Y1) || b.Class != w.Class {
			t.Errorf("%+v, want %+v", b, w)
		}
	}
	if len(boxes[0]) != 3 || len(boxes[1]) != 0 || d.Len() != 3 || fmt.Sprintf("%q", d.Truth.BoxClasses()) != `["cat" "dog: old"]` || d.Name != "yolo:"+dir+"?split=test" || fmt.Sprint(d.BoxCounts()) != "[1 2]" {
		t.Errorf("%v, %d, %q, %s", boxes, d.Len(), d.Truth.BoxClasses(), d.Name)
	}
	notes := strings.Join(d.Notes, "\n")
	for _, words := range []string{"1 files of boxes are of pictures that are not there and are left out; the first: z.txt", "1 pictures have no file of boxes", "2 pictures have no box", "1 boxes reach beyond"} {
		if !strings.Contains(notes, words) {
			t.Errorf("no note says %q:\n%s", words, notes)
		}
	}
	// the other layout, without names
	other := t.TempDir()
	for _, split := range []string{"train", "test"} {
		numberedPicture(t, filepath.Join(other, split, "images", "a.png"), 60, 40)
		write(t, filepath.Join(other, split, "labels", "a.txt"), "2 0.5 0.5 0.5 0.5\n2 0.5 0.5 0.5\nx 1 1 1 1\n2 NaN 0.5 1 1\n2 0.5 0.5 0 1\n")
	}
	d, boxes = mustOpen(t, "yolo:"+other, Train)
	notes = strings.Join(d.Notes, "\n")
	if fmt.Sprint(d.Truth.BoxClasses()) != "[0 1 2]" || len(boxes[0]) != 1 || !strings.Contains(notes, "has no names of classes") || !strings.Contains(notes, "3 lines are neither") || !strings.Contains(notes, "a.txt, line 2") ||
		!strings.Contains(notes, "1 boxes have no area") {
		t.Errorf("%v, %v\n%s", d.Truth.BoxClasses(), boxes, notes)
	}
	write(t, filepath.Join(other, "classes.txt"), "one\ntwo\n")
	if d, boxes = mustOpen(t, "yolo:"+other, Train); len(boxes[0]) != 0 || !strings.Contains(fmt.Sprint(d.Notes), "classes that have no name, of 2, and are left out; the first: a.png, class 2") {
		t.Errorf("%v, %v", boxes, d.Notes)
	}
	// all in one folder, cut
	flat := t.TempDir()
	for i := range 4 {
		numberedPicture(t, filepath.Join(flat, fmt.Sprint(i, ".png")), 60, 40)
		write(t, filepath.Join(flat, fmt.Sprint(i, ".txt")), "0 0.5 0.5 1 1\n")
	}
	write(t, filepath.Join(flat, "classes.txt"), "one\n")
	if d, _ = mustOpen(t, "yolo:"+flat+"?cut=0.75/0.25", Test); d.Len() != 1 || d.Truth.BoxClasses()[0] != "one" {
		t.Errorf("%d, %v", d.Len(), d.Truth.BoxClasses())
	}
	write(t, filepath.Join(flat, "data.yaml"), "names: [one, one]\n")
	empty := t.TempDir()
	numberedPicture(t, filepath.Join(empty, "a.png"), 60, 40)
	for of, words := range map[string]string{"yolo:" + flat: "each once", "yolo:" + empty: "holds no file of boxes", "yolo:" + t.TempDir(): "holds no images", "yolo:" + dir + "?cut=0.5/0.5": "nothing to cut"} {
		if _, err := Open(of, Train); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v, want %s", of, err, words)
		}
	}
	// a picture that is torn has no size, and an error of its own
	os.WriteFile(filepath.Join(other, "train", "images", "a.png"), []byte("no picture"), 0o644)
	write(t, filepath.Join(other, "classes.txt"), "one\ntwo\nthree\n")
	torn, err := Open("yolo:"+other, Train)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := torn.Truth.Boxes.Boxes(0); err == nil || !strings.Contains(err.Error(), "a.png") {
		t.Error(err)
	}
}

func TestYOLONames(t *testing.T) {
	for text, want := range map[string]string{
		"names: [a, 'b c', \"d\"]":                `["a" "b c" "d"]`,
		"nc: 2\nnames:\n- x\n- y\n":               `["x" "y"]`,
		"names: {1: y, 0: x}":                     `["x" "y"]`,
		"names: {0: x, 2: y}":                     "none of class 1",
		"names: [a, '']":                          "not empty",
		"names: [[a]]":                            "names: ",
		"names: {a: b}":                           "names: ",
		"names: [":                                "no YAML",
		"train: images":                           `[]`,
		"names: 3":                                `[]`,
		"a: &a [x,x]\nb: &b [*a,*a]\nnames: [*b]": "names: ",
	} {
		names, err := parseYOLONames([]byte(text), true)
		if got := fmt.Sprintf("%q", names); err != nil && !strings.Contains(err.Error(), want) || err == nil && got != want {
			t.Errorf("%q: %s, %v, want %s", text, got, err, want)
		}
	}
}

// TestYOLOPose: of a line with key points the box is taken, never one around all of its numbers, and that is said.
func TestYOLOPose(t *testing.T) {
	dir := t.TempDir()
	numberedPicture(t, filepath.Join(dir, "images", "a.png"), 60, 40)
	write(t, filepath.Join(dir, "labels", "a.txt"), "0 0.5 0.5 1 0.5 0.1 0.1 0.9 0.9\n0 0.5 0.5 0.5 0.5\n0 0.1 0.1 0.3 0.1 0.2 0.6\n")
	write(t, filepath.Join(dir, "data.yaml"), "kpt_shape: [2, 2]\nnames: [person]\n")
	d, boxes := mustOpen(t, "yolo:"+dir, Train)
	notes := strings.Join(d.Notes, "\n")
	if fmt.Sprint(boxes) != "[[{0 10 60 30 0 false false 0} {15 10 45 30 0 false false 0}]]" || !strings.Contains(notes, "key points (kpt_shape in its YAML): they are not read") ||
		!strings.Contains(notes, "1 lines are neither a class and four numbers nor those and 4 of key points (kpt_shape), and are left out; the first: a.txt, line 3") {
		t.Errorf("%v\n%s", boxes, notes)
	}
	for _, shape := range []string{"3", "[2]", "[2, 4]", "[-1, 2]", "[1000000, 3]", "{a: b}"} {
		write(t, filepath.Join(dir, "data.yaml"), "kpt_shape: "+shape+"\nnames: [person]\n")
		if _, err := Open("yolo:"+dir, Train); err == nil || !strings.Contains(err.Error(), "kpt_shape is not [K, 2]") {
			t.Errorf("%s: %v", shape, err)
		}
	}
}

// TestYOLOPoseUnsaid: where no YAML says that lines have key points, and all of them look so, that is said; outlines, of which one does not, are not suspected.
func TestYOLOPoseUnsaid(t *testing.T) {
	for text, want := range map[string]string{
		"0 0.5 0.5 1 0.5 0.1 0.3 0.9 0.7\n0 0.5 0.5 0.5 0.5 0 0 0.4 0.6\n":     "all 2 lines of more than a box may be a box and 2 key points of 2 numbers each",
		"0 0.5 0.5 1 0.5 0.1 0.3 2 0.9 0.7 0\n0 0.2 0.2 0.1 0.1\n":             "write kpt_shape: [2, 3]",
		"0 0.5 0.5 1 0.5 0.1 0.3 0.5 0.9 0.7 0\n":                              "", // whether it is seen is 0, 1 or 2
		"0 0.5 0.5 1 0.5 0.1 0.3 0.9 0.7\n0 0.1 0.1 0.3 0.1 0.2 0.6 0.1 0.2\n": "", // the second is none
		"0 0.5 0.5 1 0.5 0.1 0.3 0.9 0.7\n0 0.5 0.5 1 0.5 0.1 0.3\n":           "", // of two lengths
		"0 0.9 0.5 0.4 0.5 0.9 0.5 0.9 0.5\n":                                  "", // the box reaches beyond the picture
		"0 0.5 0.9 0.4 0.5 0.5 0.9 0.5 0.9\n":                                  "",
		"0 0.5 0.5 0.2 0.2 0.5 0.5 0.5 0.65\n":                                 "", // a point beyond the box
		"0 0.5 0.5 0.2 0.2\n0 0.5 0.5 0.2 0.2 0.9\n":                           "", // boxes alone, the second with how sure it is
		"0 0.5 0.5 1 1 nan 0.5 0.5 0.5\n":                                      "",
	} {
		dir := t.TempDir()
		numberedPicture(t, filepath.Join(dir, "images", "a.png"), 60, 40)
		numberedPicture(t, filepath.Join(dir, "images", "b.png"), 60, 40)
		write(t, filepath.Join(dir, "labels", "a.txt"), text)
		write(t, filepath.Join(dir, "labels", "b.txt"), "0 0.5 0.5 0.1 0.1\n")
		d, _ := mustOpen(t, "yolo:"+dir, Train)
		if notes := strings.Join(d.Notes, "\n"); want == "" && strings.Contains(notes, "kpt_shape") || !strings.Contains(notes, want) {
			t.Errorf("%q: %s; want %q", text, notes, want)
		}
	}
}

// TestPicturePipes: a pipe in the place of a picture is told when the picture is asked for, and nothing waits.
func TestPicturePipes(t *testing.T) {
	voc, yolo := t.TempDir(), t.TempDir()
	numberedPicture(t, filepath.Join(voc, "JPEGImages", "a.png"), 60, 40)
	numberedPicture(t, filepath.Join(yolo, "images", "a.png"), 60, 40)
	if !makePipe(t, filepath.Join(yolo, "images", "b.png")) {
		t.Skip("this system has no named pipes")
	}
	for _, id := range []string{"a", "b"} {
		write(t, filepath.Join(voc, "Annotations", id+".xml"), vocText)
		write(t, filepath.Join(yolo, "labels", id+".txt"), "0 0.5 0.5 1 1\n")
	}
	makePipe(t, filepath.Join(voc, "JPEGImages", "b.png"))
	for _, of := range []string{"voc:" + voc, "yolo:" + yolo} {
		d, err := Open(of, Train)
		if err != nil {
			t.Fatal(err)
		}
		for i := range d.Len() {
			pipe := strings.HasSuffix(d.Describe(i), "b.png")
			_, read := d.Images.Image(i)
			_, hash := d.Images.(interface{ Hash(i int) (Hash, error) }).Hash(i)
			for _, err := range []error{read, hash} {
				if pipe != (err != nil) || pipe && !strings.Contains(err.Error(), "b.png is no file that holds a picture") {
					t.Errorf("%s: %v", d.Describe(i), err)
				}
			}
			if _, _, err := d.Truth.Sizes.Size(i); of[0] == 'y' && pipe != (err != nil) {
				t.Errorf("size of %s: %v", d.Describe(i), err)
			}
		}
	}
	for _, name := range []string{"joints.csv", "joints.json"} {
		pipe := filepath.Join(t.TempDir(), name)
		makePipe(t, pipe)
		for _, split := range []Split{Train, Test} {
			if _, err := Open("people:"+pipe, split); err == nil || !strings.Contains(err.Error(), "is no file") {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// TestBoxPipes: a pipe among annotations, lists and names, which would wait for whoever writes, is told.
func TestBoxPipes(t *testing.T) {
	if !makePipe(t, filepath.Join(t.TempDir(), "pipe")) {
		t.Skip("this system has no named pipes")
	}
	voc := t.TempDir()
	for _, id := range []string{"a", "b"} {
		numberedPicture(t, filepath.Join(voc, "JPEGImages", id+".png"), 60, 40)
		write(t, filepath.Join(voc, "Annotations", id+".xml"), vocText)
	}
	other := filepath.Join(voc, "Annotations", "b.xml")
	os.Remove(other)
	makePipe(t, other)
	if d, _ := mustOpen(t, "voc:"+voc, Train); d.Len() != 1 || !strings.Contains(fmt.Sprint(d.Notes), "b.xml: neither a file") {
		t.Errorf("%d, %v", d.Len(), d.Notes)
	}
	list := filepath.Join(voc, "ImageSets", "Main", "train.txt")
	write(t, filepath.Join(filepath.Dir(list), "val.txt"), "a\n")
	makePipe(t, list)
	segments := filepath.Join(voc, "SegmentationClass", "a.png")
	os.MkdirAll(filepath.Dir(segments), 0o755)
	makePipe(t, segments)
	if _, err := (&vocSegments{dir: filepath.Dir(segments), kept: []string{"a.png"}}).Segment(0); err == nil || !strings.Contains(err.Error(), "neither a file") {
		t.Error(err)
	}
	coco := t.TempDir()
	numberedPicture(t, filepath.Join(coco, "b.png"), 60, 40)
	write(t, filepath.Join(coco, "a.json"), instancesText)
	makePipe(t, filepath.Join(coco, "a.png"))
	if d, _ := mustOpen(t, "coco:"+filepath.Join(coco, "a.json"), Train); d.Len() != 1 {
		t.Errorf("%d pictures", d.Len())
	}
	makePipe(t, filepath.Join(coco, "pipe.json"))
	yolo := t.TempDir()
	for _, name := range []string{"a", "b"} {
		numberedPicture(t, filepath.Join(yolo, "images", name+".png"), 60, 40)
	}
	write(t, filepath.Join(yolo, "labels", "a.txt"), "0 0.5 0.5 1 1\n")
	makePipe(t, filepath.Join(yolo, "labels", "b.txt"))
	if d, _ := mustOpen(t, "yolo:"+yolo, Train); d.Len() != 1 || !strings.Contains(fmt.Sprint(d.Notes), "b.txt: neither a file") {
		t.Errorf("%d, %v", d.Len(), d.Notes)
	}
	makePipe(t, filepath.Join(yolo, "data.yaml"))
	for of, words := range map[string]string{"voc:" + voc + "?train=train&test=val": "train.txt: neither a file", "coco:" + filepath.Join(coco, "pipe.json"): "is no file", "yolo:" + yolo: "data.yaml: neither a file"} {
		if _, err := Open(of, Train); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v, want %s", of, err, words)
		}
	}
}

// TestCOCOFiles: where several files could be meant, that is said of the split that is read.
func TestCOCOFiles(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"train2014", "train2017", "val2017"} {
		write(t, filepath.Join(dir, "annotations", "instances_"+name+".json"), instancesText)
		numberedPicture(t, filepath.Join(dir, name, "a.png"), 60, 40)
	}
	const words = "1 beside it that could be meant are not: "
	if d, _ := mustOpen(t, "coco:"+dir, Train); !strings.Contains(fmt.Sprint(d.Notes), words) || !strings.Contains(fmt.Sprint(d.Notes), "instances_train2017.json") {
		t.Errorf("%v", d.Notes)
	}
	for _, of := range []string{dir, filepath.Join(dir, "annotations", "instances_train2014.json")} {
		if d, _ := mustOpen(t, "coco:"+of, Test); strings.Contains(fmt.Sprint(d.Notes), words) {
			t.Errorf("%s: %v", of, d.Notes)
		}
	}
}

// heldInside is what boxes that were read are held to.
func heldInside(t testing.TB, boxes []Box, h, w float32, classes int) {
	for _, b := range boxes {
		if !(b.X0 >= 0 && b.Y0 >= 0 && b.X0 < b.X1 && b.Y0 < b.Y1 && b.X1 <= w && b.Y1 <= h && b.Area >= 0) || b.Class < 0 || b.Class >= classes {
			t.Fatalf("%+v in %gx%g, %d classes", b, w, h, classes)
		}
	}
}

func FuzzVOC(f *testing.F) {
	fuzzing.Run(f, [][]byte{[]byte(vocText), []byte(object("cat", "-20", "1", "3e1", "90"))}, func(t testing.TB, b []byte) {
		var p vocPicture
		if fuzzing.OneLine(t, p.parse(b, "a")) {
			return
		}
		if p.h == 0 != (p.w == 0) || p.h > maxPlace || p.w > maxPlace {
			t.Fatalf("%dx%d", p.w, p.h)
		}
		h, w := float32(p.h), float32(p.w)
		for k := range p.boxes {
			if p.boxes[k].fit(h, w, 1, &p.faults, "a") {
				heldInside(t, p.boxes[k:k+1], h, w, len(p.names))
			}
		}
		for _, note := range p.faults.notes("a") {
			fuzzing.OneLine(t, fmt.Errorf("%s", note))
		}
	})
}

func FuzzSegment(f *testing.F) {
	var a, b bytes.Buffer
	png.Encode(&a, image.NewPaletted(image.Rect(0, 0, 5, 4), color.Palette{color.Black, color.White, color.RGBA{200, 0, 0, 255}}))
	png.Encode(&b, image.NewGray(image.Rect(0, 0, 5, 4)))
	fuzzing.Run(f, [][]byte{a.Bytes(), b.Bytes(), encoded(f, "png", 6, 5)}, func(t testing.TB, raw []byte) {
		if len(raw) > fuzzBytes {
			return
		}
		x, err := decodeSegment(raw)
		if fuzzing.OneLine(t, err) {
			return
		}
		for _, v := range x.Data {
			if v < -1 || v > 20 || v != float32(int(v)) {
				t.Fatalf("class %g", v)
			}
		}
	})
}

func FuzzInstances(f *testing.F) {
	fuzzing.Run(f, [][]byte{[]byte(instancesText)}, func(t testing.TB, b []byte) {
		var of faults
		got, err := parseInstances(bytes.NewReader(b), &of)
		if fuzzing.OneLine(t, err) {
			return
		}
		for _, p := range got.list {
			h, w := float32(p.h), float32(p.w)
			if p.h == 0 {
				h, w = maxPlace, maxPlace
			}
			if fileName(p.file) != nil {
				t.Fatalf("%q", p.file)
			}
			heldInside(t, p.boxes, h, w, len(got.classes))
		}
		for _, note := range of.notes("a") {
			fuzzing.OneLine(t, fmt.Errorf("%s", note))
		}
	})
}

func FuzzYOLO(f *testing.F) {
	fuzzing.Run(f, [][]byte{[]byte("1 0.5 0.5 1 0.5\r\n\n0 0.1 0.1 0.3 0.1 0.2 0.6\n1 0.9 0.5 0.4 0.5 0.99\n"), []byte("0 0 0 1e3 1e-3\n")}, func(t testing.TB, b []byte) {
		var of faults
		for _, points := range []int{0, 6} {
			heldInside(t, parseYOLO(b, "a.txt", points, &of, &yoloLong{}), 1, 1, maxBoxClasses)
		}
		for _, note := range of.notes("a") {
			fuzzing.OneLine(t, fmt.Errorf("%s", note))
		}
	})
}

func FuzzYOLONames(f *testing.F) {
	fuzzing.Run(f, [][]byte{[]byte("path: x\nnames:\n  0: cat\n  1: 'dog: old'\n"), []byte("names: [a, \"b\"]\nnc: 2\n"), []byte("a: &a [x]\nnames: *a\n")}, func(t testing.TB, b []byte) {
		for _, isYAML := range []bool{true, false} {
			names, err := parseYOLONames(b, isYAML)
			if fuzzing.OneLine(t, err) {
				continue
			}
			for _, n := range names {
				fuzzing.OneLine(t, fmt.Errorf("%s", n))
			}
		}
		n, err := parseKeyPointShape(b)
		if !fuzzing.OneLine(t, err) && (n < 0 || n > 3*maxJoints) {
			t.Fatalf("%d numbers of key points", n)
		}
	})
}
