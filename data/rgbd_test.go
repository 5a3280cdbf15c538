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
	"github.com/tessera-go/tessera/internal/golden"
	"github.com/tessera-go/tessera/tensor"
)

// TestSurfaceNormals: the normals of NumPy's least squares, and those of a plane.
func TestSurfaceNormals(t *testing.T) {
	var g struct {
		H, W       int
		Camera     [4]float64
		Z, Normals []float32
	}
	golden.Load(t, "testdata/normals.json", &g)
	c := camera{g.Camera[0], g.Camera[1], g.Camera[2], g.Camera[3]}
	got := surfaceNormals(tensor.From(g.Z, g.H, g.W), c)
	known := 0
	for i, v := range g.Normals {
		if math.Abs(float64(got.Data[i]-v)) > 1e-5 {
			t.Fatalf("value %d of pixel %d, %d: %g, want %g", i%3, i/3%g.W, i/3/g.W, got.Data[i], v)
		}
		if v != 0 {
			known++
		}
	}
	if known < 300 {
		t.Errorf("only %d values are known", known)
	}
	n := [3]float64{0.36, -0.48, -0.8}
	plane := tensor.New(g.H, g.W)
	for p := range plane.Data {
		x, y := (float64(p%g.W)-c.cx)/c.fx, (float64(p/g.W)-c.cy)/c.fy
		plane.Data[p] = float32(-2 / (n[0]*x + n[1]*y + n[2]))
	}
	for i, v := range surfaceNormals(plane, c).Data {
		if math.Abs(float64(v)-n[i%3]) > 1e-5 && v != 0 {
			t.Fatalf("value %d of a plane's normal is %g, want %g", i%3, v, n[i%3])
		}
	}
}

// greyPNG writes a picture of one grey value, of 8 or 16 bits.
func greyPNG(t testing.TB, path string, w, h, bits, value int) {
	t.Helper()
	var im image.Image
	switch bits {
	case 16:
		g := image.NewGray16(image.Rect(0, 0, w, h))
		for p := range w * h {
			g.SetGray16(p%w, p/w, color.Gray16{Y: uint16(value)})
		}
		g.SetGray16(0, 0, color.Gray16{Y: 65535})
		im = g
	case 8:
		g := image.NewGray(image.Rect(0, 0, w, h))
		for p := range g.Pix {
			g.Pix[p] = uint8(value)
		}
		im = g
	default:
		im = image.NewRGBA(image.Rect(0, 0, w, h))
	}
	var b bytes.Buffer
	if err := png.Encode(&b, im); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestRGBD(t *testing.T) {
	dir := t.TempDir()
	for k := range 4 {
		greyPNG(t, filepath.Join(dir, fmt.Sprintf("c%d.png", k)), 12, 9, 0, 0)
		greyPNG(t, filepath.Join(dir, fmt.Sprintf("d%d.png", k)), 12, 9, []int{16, 8, 16, 16}[k], []int{1500, 51, 2000, 3000}[k])
	}
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	const table = "rgb,depth,scene,split,depth_unit,fx,fy,cx,cy\n" +
		"c0.png,d0.png,hall,train,\"16 bit, millimetres; 0 and 65535 = no value\",20,20,6,4.5\n" +
		"c1.png,d1.png,hall,train,\"8 bit, metres = value*10/255\",,,,\n" +
		"c2.png,d2.png,room,test,,,,,\n" +
		"c3.png,none.png,room,train,,,,,\n"
	write(pairsFile, table)
	d, err := Open("rgbd:"+dir, Train)
	if err != nil {
		t.Fatal(err)
	}
	if d.Len() != 2 || len(d.Notes) != 2 || !strings.Contains(d.Notes[0], "of 1 of 3 pairs a file is not there, and they are left out; the first is none.png") ||
		!strings.Contains(d.Notes[1], "1 of 2 pairs the camera is not known") || !strings.HasSuffix(d.Name, "split=train") {
		t.Errorf("%d samples, %s, notes %q", d.Len(), d.Name, d.Notes)
	}
	for i, want := range []float32{1.5, 2} {
		x, err := d.Truth.Depths.Depth(i)
		if err != nil || math.Abs(float64(x.Data[5]-want)) > 1e-6 || x.Dim(0) != 9 || x.Dim(1) != 12 || (x.Data[0] == 0) != (i == 0) {
			t.Errorf("depth %d: %v, %v", i, x, err)
		}
		n, err := d.Truth.Normals.Normals(i)
		if err != nil || n.Data[5*3+2] != []float32{-1, 0}[i] {
			t.Errorf("normals %d: %v, %v", i, n.Data[15:18], err)
		}
		if h, w, err := d.Truth.Sizes.Size(i); h != 9 || w != 12 || err != nil {
			t.Errorf("%d x %d, %v", w, h, err)
		}
	}
	if g := d.Truth.Groups[RecordingGroup]; g.Label(0) != g.Label(1) || g.Classes()[g.Label(0)] != "hall" {
		t.Errorf("scenes %v", g.Classes())
	}
	if test, ok, err := TestSplit("rgbd:" + dir); !ok || err != nil || !strings.Contains(test, "split=test") {
		t.Errorf("test split %q, %v, %v", test, ok, err)
	}
	held, err := Open("rgbd:"+dir, Test)
	if err != nil || held.Len() != 1 || held.Truth.Normals != nil {
		t.Fatalf("%+v, %v", held, err)
	}
	write(intrinsicsFile, "585 0 6\n0 585 4\n0 0 1\n")
	if held, err = Open("rgbd:"+dir, Test); err != nil || held.Truth.Normals == nil {
		t.Fatalf("with %s: %v", intrinsicsFile, err)
	}
	write(intrinsicsFile, "585 0 6\n")
	_, err = Open("rgbd:"+dir, Test)
	saysRGBD(t, err, "3 numbers, want three rows of three")
	if err := os.Remove(filepath.Join(dir, intrinsicsFile)); err != nil {
		t.Fatal(err)
	}
	for text, words := range map[string]string{"a,b\n1,2\n": "no columns are called rgb and depth", "rgb,depth,fx\na,b,1\n": "1 of the columns fx, fy, cx, cy",
		"rgb,depth,depth_unit\na,b,feet\n": `line 2: a depth_unit "feet", want millimetres`, "rgb,depth\n../a,b\n": "no file of the folder", "rgb,depth\na,b\n": "no pairs",
		"rgb,depth,fx,fy,cx,cy\na,b,0,1,2,3\n": "no camera has focal lengths 0, 1"} {
		write(pairsFile, text)
		_, err := Open("rgbd:"+dir, Train)
		saysRGBD(t, err, words)
	}
	write(pairsFile, "rgb,depth\nc1.png,d1.png\nc0.png,c0.png\n")
	if d, err = Open("rgbd:"+dir, Train); err != nil {
		t.Fatal(err)
	}
	_, err = d.Truth.Depths.Depth(0)
	saysRGBD(t, err, "8 bits, whose unit the column depth_unit has to say")
	_, err = d.Truth.Depths.Depth(1)
	saysRGBD(t, err, "a depth of colours")
}

func saysRGBD(t *testing.T, err error, words string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), words) || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v, want %q", err, words)
	}
}

// TestPlainSource: each pixel of a view is seen of the pixel that a view of a picture of its own numbers shows, where nothing is mixed.
func TestPlainSource(t *testing.T) {
	for _, c := range []struct{ h, w, side int }{{8, 8, 8}, {8, 14, 8}, {15, 8, 8}, {1, 40, 1}, {6, 9, 12}, {16, 22, 8}} {
		im := NewImage(c.h, c.w)
		for y := range c.h {
			for x := range c.w {
				p := (y*c.w + x) * 3
				im.Pix[p], im.Pix[p+1] = uint8(y*8), uint8(x*8)
			}
		}
		view := PlainView(c.side).prepared(im)
		for p, from := range PlainSource(c.h, c.w, c.side) {
			for a, at := range []int{from / c.w, from % c.w} {
				// a view's pixel is a mean around its middle, which lies at most half a pixel beside that of the source's; at an edge it is a mean of fewer
				if d := int(view.Pix[3*p+a]) - 8*at; d < -8 || d > 8 || c.side == min(c.h, c.w) && d != 0 {
					t.Fatalf("%+v, pixel %d: source %d, %d of the view's %d, %d", c, p, from/c.w, from%c.w, view.Pix[3*p], view.Pix[3*p+1])
				}
			}
		}
	}
}

// FuzzPairs: tables of pairs, with cameras.
func FuzzPairs(f *testing.F) {
	fuzzing.Run(f, [][]byte{[]byte("rgb,depth,scene,split,depth_unit\na.png,b.png,x,train,mm\nc.png,d.png,y,test,metres = value*10/255\n"),
		[]byte("rgb;depth;fx;fy;cx;cy\na;b;1;2;3;4\n"), []byte("585 0 320\n0 585 240\n0 0 1\n")}, func(t testing.TB, b []byte) {
		if c, err := parseCamera(b); !fuzzing.OneLine(t, err) && !(c.fx > 0 && c.fy > 0) {
			t.Fatalf("%+v", c)
		}
		table, err := parseTable(b)
		if fuzzing.OneLine(t, err) {
			return
		}
		for _, split := range []string{"train", "test"} {
			list, scenes, err := parsePairs(table, split)
			if fuzzing.OneLine(t, err) {
				continue
			}
			for _, p := range list {
				if fileName(p.rgb) != nil || fileName(p.depth) != nil || p.scene >= len(scenes) || !(p.metres >= 0 && p.metres <= 1e6) || p.camera != nil && !(p.camera.fx > 0) {
					t.Fatalf("%+v", p)
				}
			}
		}
	})
}
