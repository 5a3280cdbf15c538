package data

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/internal/fuzzing"
)

// mpiiText is a person of two known joints, and one of none.
var mpiiText = `[{"image":"a.png","center":[20,20],"scale":0.2,"joints":[[11,13],[21,23]` + strings.Repeat(",[-1,-1]", 14) + `],"joints_vis":[1,1` + strings.Repeat(",0", 14) + `]},
{"image":"a.png","joints":[[0,0]` + strings.Repeat(",[0,0]", 15) + `],"joints_vis":[0` + strings.Repeat(",0", 15) + `]}]`

// TestPeopleMPII: MPII's folder; places count from 0.
func TestPeopleMPII(t *testing.T) {
	dir := t.TempDir()
	for _, split := range []string{"train", "val"} {
		write(t, filepath.Join(dir, "annotations", "mpii_"+split+".json"), mpiiText)
	}
	numberedPicture(t, filepath.Join(dir, "images", "a.png"), 60, 40)
	for _, of := range []string{dir, filepath.Join(dir, "annotations", "mpii_train.json") + "?images=" + filepath.Join(dir, "images")} {
		mark := "?"
		if strings.Contains(of, "?") {
			mark = "&"
		}
		d, err := Open("people:"+of+mark+"least=2", Train)
		if err != nil {
			t.Fatal(err)
		}
		k, err := d.Truth.KeyPoints.KeyPoints(0) // a square of 12 or 13 around 15, 17
		if d.Len() != 1 || err != nil || len(k) != 2 || k[0].Name != "right_ankle" || k[1].Name != "right_knee" || k[1].X-k[0].X != 10 || k[0].X > 3 {
			t.Errorf("%d people, %v, %v", d.Len(), k, err)
		}
		if _, err := d.Images.Image(0); err != nil {
			t.Error(err)
		}
	}
	test, err := Open("people:"+dir+"?least=1", Test)
	if err != nil || test.Len() != 1 || !strings.Contains(test.Name, "split=test") {
		t.Errorf("%v, %v", test, err)
	}
	write(t, filepath.Join(dir, "mpii_human_pose.mat"), "MATLAB 5.0")
	if _, err := Open("people:"+filepath.Join(dir, "mpii_human_pose.mat"), Train); err == nil || !strings.Contains(err.Error(), "docs/dense.md says how") {
		t.Error(err)
	}
	for of, words := range map[[2]string]string{
		{`[[11,13],`, `[`}:             "person 1: 15 joints and 16 of joints_vis, want 16",
		{`"a.png"`, `"../a.png"`}:      "person 1: \"../a.png\" is no file of the folder",
		{`[11,13]`, `[11e9,13]`}:       "no place",
		{`[11,13]`, `{"x":1}`}:         "no list of MPII's people",
		{`"image":"a.png"`, `"of":""`}: "no file of the folder",
	} {
		text := strings.Replace(mpiiText, of[0], of[1], 1)
		if _, _, err := parseMPII([]byte(text)); text == mpiiText || err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%v: %v, want %s", of, err, words)
		}
	}
	if names, list, err := parseMPII([]byte(mpiiText)); err != nil || len(list) != 2 || fmt.Sprint(list[0].box) != "[10 12 20 22]" || list[1].number != 1 || len(names) != 16 {
		t.Errorf("%v, %v", list, err)
	}
}

func FuzzMPII(f *testing.F) {
	fuzzing.Run(f, [][]byte{[]byte(mpiiText)}, func(t testing.TB, b []byte) {
		names, list, err := parseMPII(b)
		heldTo(t, names, list, err)
	})
}
