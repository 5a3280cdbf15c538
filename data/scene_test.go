package data

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/tensor"
)

// TestScenesNeverFuse reads the drawing's source: a product of floating point numbers stands in a conversion, or in another
// product, or is divided or compared, so that no compiler fuses it with a sum; and of package math only exact functions are used.
func TestScenesNeverFuse(t *testing.T) {
	names, err := filepath.Glob("scene*.go")
	if err != nil {
		t.Fatal(err)
	}
	fset := token.NewFileSet()
	var files []*ast.File
	for _, n := range append(names, "augment.go", "source.go") { // the last two for round8 and Image
		if strings.HasSuffix(n, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(fset, n, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}}
	conf := types.Config{Error: func(error) {}, Importer: mathOnly{importer.ForCompiler(fset, "source", nil)}}
	conf.Check("data", fset, files, info) // errors are of packages that are not read
	products := 0
	for _, f := range files {
		if strings.HasPrefix(filepath.Base(fset.Position(f.Pos()).Filename), "scene") {
			products += checkFusion(t, fset, f, info)
		}
	}
	if products < 300 {
		t.Errorf("only %d products were seen", products)
	}
}

// checkFusion reports products that could be fused, and inexact functions; it returns how many products there are.
func checkFusion(t *testing.T, fset *token.FileSet, f *ast.File, info *types.Info) (products int) {
	var stack []ast.Node
	ast.Inspect(f, func(n ast.Node) bool {
		if n == nil {
			stack = stack[:len(stack)-1]
			return true
		}
		switch e := n.(type) {
		case *ast.SelectorExpr:
			if x, ok := e.X.(*ast.Ident); ok && x.Name == "math" {
				switch e.Sel.Name {
				case "Sqrt", "Floor", "Abs", "Min", "Max", "Inf", "IsInf", "Pi", "MaxInt32", "MinInt32":
				default:
					t.Errorf("%s: math.%s may differ from machine to machine", fset.Position(e.Pos()), e.Sel.Name)
				}
			}
		case *ast.AssignStmt:
			if e.Tok == token.MUL_ASSIGN {
				if v := info.Types[e.Lhs[0]]; v.Type == nil || !isInteger(v.Type) {
					t.Errorf("%s: *= may be fused with a later sum", fset.Position(e.Pos()))
				}
			}
		case *ast.BinaryExpr:
			v := info.Types[e]
			if e.Op != token.MUL || v.Value != nil || v.Type != nil && isInteger(v.Type) {
				break
			}
			products++
			if !rounded(stack) {
				t.Errorf("%s: a product that may be fused with a sum", fset.Position(e.Pos()))
			}
		}
		stack = append(stack, n)
		return true
	})
	return products
}

func isInteger(t types.Type) bool {
	b, ok := t.Underlying().(*types.Basic)
	return ok && b.Info()&types.IsInteger != 0
}

// rounded says whether what stands above a product rounds it or passes it to a further product.
func rounded(stack []ast.Node) bool {
	for i := len(stack) - 1; i >= 0; i-- {
		switch p := stack[i].(type) {
		case *ast.ParenExpr:
			continue
		case *ast.BinaryExpr:
			return p.Op == token.MUL || p.Op == token.QUO || p.Op == token.LSS || p.Op == token.GTR || p.Op == token.LEQ || p.Op == token.GEQ
		case *ast.CallExpr:
			f, ok := p.Fun.(*ast.Ident)
			return ok && (f.Name == "float64" || f.Name == "float32")
		}
		return false
	}
	return false
}

// mathOnly imports package math, and others empty: what they declare has no type here, which counts as floating point.
type mathOnly struct{ types.Importer }

func (m mathOnly) Import(path string) (*types.Package, error) {
	if path == "math" {
		return m.Importer.Import(path)
	}
	p := types.NewPackage(path, filepath.Base(path))
	p.MarkComplete()
	return p, nil
}

// sceneSum is a checksum of all that a scene holds.
func sceneSum(s *Scene) string {
	h := sha256.New()
	h.Write(s.Image.Pix)
	h.Write(s.Instances)
	fmt.Fprintln(h, s.Class, s.Box, s.Full, s.Points, s.Mask, s.Objects, s.Factors)
	binary.Write(h, binary.LittleEndian, s.Depth)
	binary.Write(h, binary.LittleEndian, s.Normals)
	return hex.EncodeToString(h.Sum(nil))[:16]
}

// goldenScenes are the sums of the first scenes of each setting, printed by the test itself when they differ: a change of the drawing shows here
// and must change the version in Fingerprint. They are the same on every architecture.
var goldenScenes = map[string][]string{
	"scenes:?side=32":                   {"20629c1ad84c4c6b", "97c0514e5aeca037", "5dc8a17995f2dbf5", "c85b8c10b858f204", "bbb1c75f411f9c16", "9a6323743a726cbb", "a5820013180f89e8", "7084774e08d52e0a"},
	"scenes:?side=17&split=test&seed=3": {"1345fe611e5733e1", "ac0e7b19cc188baf", "c2b50d5b36593e4b"},
	"scenes:?side=64&objects=4":         {"a5d1be35b5bc36b2", "5919825f15c6bbdd", "8fe5a9083dffab4a"},
	"scenes:?side=256":                  {"14c62f4358981181"},
}

// TestScenesFirst is the first scene that TestScenesGolden asks for: what is wrong with all of them is said at once.
func TestScenesFirst(t *testing.T) {
	s := &Scenes{N: 1, Side: 17, Seed: 3, Split: Test}
	if got, want := sceneSum(s.Scene(0)), goldenScenes["scenes:?side=17&split=test&seed=3"][0]; got != want {
		t.Errorf("the sum is %s, want %s", got, want)
	}
}

func TestScenesGolden(t *testing.T) {
	for spec, want := range goldenScenes {
		src, err := Open(spec, Train)
		if err != nil {
			t.Fatal(err)
		}
		for i, sum := range want {
			if got := sceneSum(src.Images.(scenePictures).s.Scene(i)); got != sum {
				t.Errorf("%s: scene %d has the sum %s, want %s", spec, i, got, sum)
			}
		}
	}
}

// goldenClasses are the sums of six scenes of each class, printed as goldenScenes are.
var goldenClasses = [20]string{
	"51d5ba2440541df7", "548f137a4cfaddc2", "8867940cba082487", "18a53e07bda05380", "82c7a7f99a859611",
	"808128333233ff14", "16fdfd52459123ed", "9072c004f8845e48", "eceec0606264df52", "032b7a47954b5c88",
	"4022eff6b62ca50b", "b1bffdfac474298f", "15e939a6eaeee6fb", "baed4d2167b0643d", "4701b9a444b51df5",
	"f3f4bc66ee457745", "afa95c155fda2c4b", "88bb23e966e33a72", "1507c8fda007bff9", "4f8d2b52f5b32462",
}

func TestScenesGoldenClasses(t *testing.T) {
	var found [20]int
	var sums [20]string
	for i, left := 0, 20; left > 0; i++ {
		s := &Scenes{N: 10000, Side: 16, Seed: 11, Split: Train, Objects: 1 + i%3}
		c := s.Label(i)
		if found[c] == 6 {
			continue
		}
		sums[c] += sceneSum(s.Scene(i))
		if found[c]++; found[c] < 6 {
			continue
		}
		left--
		h := sha256.Sum256([]byte(sums[c]))
		if got := hex.EncodeToString(h[:])[:16]; got != goldenClasses[c] {
			t.Errorf("%s: the sum is %s, want %s", sceneClasses[c], got, goldenClasses[c])
		}
	}
}

// goldenModels are the sums of twelve models of each class, printed as goldenScenes are: also of what a picture hides.
var goldenModels = [20]string{
	"26e2e3f0776e0bd4", "9d61d1834aaa681c", "ff2b904b01fcc57d", "8f283409609eea8b", "cfb89a27c26eb67c",
	"0224483bfccb3488", "d99f5039e46ae6ea", "4e62bdb34f69bf41", "22c181f82b17fc77", "6dcc9bbce51b96fb",
	"504aeb4c2fe4db7e", "78c903630486d742", "676d43457fc5f740", "ab43ccda1c20f792", "0e015bda7fb73ab0",
	"1adef70756609c19", "6def1ab287feb327", "3cb39345f62684f7", "95d6e9391aedee3e", "c5a1cfdd482ae4c5",
}

func TestScenesModels(t *testing.T) {
	for c, build := range sceneBuilders {
		h := sha256.New()
		for i := range 12 {
			m := &model{}
			build(m, draws{tensor.NewRNG(12).Derive(uint64(c), uint64(i))})
			fmt.Fprintln(h, m.flies, m.turns, m.joints, m.parts)
		}
		if got := hex.EncodeToString(h.Sum(nil))[:16]; got != goldenModels[c] {
			t.Errorf("%s: the sum is %s, want %s", sceneClasses[c], got, goldenModels[c])
		}
	}
}

// TestScenesPure: what is drawn depends on seed, split and number, and on nothing else.
func TestScenesPure(t *testing.T) {
	a := NewScenes(40, 24, 1, Train)
	sums := map[string]bool{}
	for i := range 40 {
		sum := sceneSum(a.Scene(i))
		if again := sceneSum(NewScenes(90, 24, 1, Train).Scene(i)); again != sum {
			t.Fatalf("scene %d is another one when it is drawn again", i)
		}
		for _, other := range []*Scenes{a, NewScenes(40, 24, 2, Train), NewScenes(40, 24, 1, Test)} {
			sums[sceneSum(other.Scene(i))] = true
		}
		if a.Label(i) != a.Scene(i).Class {
			t.Errorf("scene %d: label %d, class %d", i, a.Label(i), a.Scene(i).Class)
		}
	}
	if len(sums) != 120 {
		t.Errorf("%d different scenes in three sources of 40", len(sums))
	}
	names := map[string]bool{}
	for _, s := range []*Scenes{a, {N: 40, Side: 24, Seed: 2, Split: Train}, {N: 40, Side: 24, Seed: 1, Split: Test}, {N: 40, Side: 25, Seed: 1, Split: Train}, {N: 40, Side: 24, Seed: 1, Split: Train, Objects: 2}} {
		names[s.Fingerprint()] = true
		back, err := Open(s.Name(), Train)
		if err != nil || back.Fingerprint != s.Fingerprint() {
			t.Errorf("%s opens as another source: %v", s.Name(), err)
		}
	}
	if len(names) != 5 {
		t.Errorf("%d fingerprints of five sources", len(names))
	}
	for spec, want := range map[string]string{"scenes:?side=513": "side=513", "scenes:?objects=9": "objects=9", "scenes:?objects=0": "objects=0"} {
		if _, err := Open(spec, Train); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", spec, err, want)
		}
	}
}

// TestScenesSides: every class is drawn at every side, and the scene is the same: the picture, shrunk, is the small one.
func TestScenesSides(t *testing.T) {
	seen := map[int]bool{}
	for i := 0; len(seen) < len(sceneClasses); i++ {
		small := NewScenes(1000, 16, 3, Train).Scene(i)
		if seen[small.Class] {
			continue
		}
		seen[small.Class] = true
		for _, side := range []int{32, 64, 256} {
			s := NewScenes(1000, side, 3, Train).Scene(i)
			k := side / 16
			sum := 0.0
			for y := range 16 {
				for x := range 16 {
					for c := range 3 {
						mean := 0.0
						for j := range k * k {
							mean += float64(s.Image.Pix[((y*k+j/k)*side+x*k+j%k)*3+c])
						}
						sum += math.Abs(mean/float64(k*k) - float64(small.Image.Pix[(y*16+x)*3+c]))
					}
				}
			}
			if mean := sum / (16 * 16 * 3); mean > 12 {
				t.Errorf("%s, scene %d: at side %d it differs from side 16 by %.1f levels", sceneClasses[s.Class], i, side, mean)
			}
			for j := range 4 {
				if d := math.Abs(float64(s.Full[j])/float64(k) - float64(small.Full[j])); d > 1.2 {
					t.Errorf("%s, scene %d: full box %v at side %d, %v at 16", sceneClasses[s.Class], i, s.Full, side, small.Full)
				}
			}
			if s.Class != small.Class || fmt.Sprint(s.Factors) != fmt.Sprint(small.Factors) {
				t.Errorf("scene %d: class or factors depend on the side", i)
			}
		}
	}
}

// TestScenesTruth: boxes, masks, depth, normals and factors agree with each other.
func TestScenesTruth(t *testing.T) {
	src := &Scenes{N: 200, Side: 48, Seed: 5, Split: Train, Objects: 3}
	hidden := 0
	for i := range src.N {
		s := src.Scene(i)
		for k, o := range s.Objects {
			box, n := [4]float32{48, 48, 0, 0}, 0
			for p, v := range s.Instances {
				if int(v) != k+1 {
					continue
				}
				x, y := float32(p%48), float32(p/48)
				box = [4]float32{min(box[0], x), min(box[1], y), max(box[2], x+1), max(box[3], y+1)}
				n++
			}
			if n == 0 {
				box = [4]float32{}
			} else if o.Full[0] > box[0] || o.Full[1] > box[1] || o.Full[2] < box[2] || o.Full[3] < box[3] {
				t.Errorf("scene %d, object %d: full box %v does not hold the visible one %v", i, k, o.Full, box)
			}
			if o.Box != box {
				t.Errorf("scene %d, object %d: box %v, its pixels' is %v", i, k, o.Box, box)
			}
			if f := o.Full; f[2]-f[0] < 0 || f[2]-f[0] > 96 || f[0] < -48 || f[3] > 96 {
				t.Errorf("scene %d, object %d: full box %v", i, k, f)
			}
			if (o.Class >= 0) != (k < 3) || o.Class >= len(sceneClasses) {
				t.Errorf("scene %d, object %d: class %d", i, k, o.Class)
			}
		}
		if s.Objects[0].Box != s.Box || s.Objects[0].Full != s.Full || s.Objects[0].Class != s.Class {
			t.Errorf("scene %d is not about its first object", i)
		}
		for p, v := range s.Instances {
			if s.Mask[p] != (v == 1) {
				t.Fatalf("scene %d: mask and instances differ", i)
			}
			n := s.Normals[p*3 : p*3+3]
			if l := n[0]*n[0] + n[1]*n[1] + n[2]*n[2]; !(math.Abs(float64(l)-1) <= 1e-5) {
				t.Fatalf("scene %d: a normal of length² %g", i, l)
			}
			if d := s.Depth[p]; !(d > 0.2 && d <= skyDepth) {
				t.Fatalf("scene %d: depth %g", i, d)
			}
			if v > 0 && (s.Depth[p] < 1.5 || s.Depth[p] > 30) {
				t.Errorf("scene %d: an object at depth %g", i, s.Depth[p])
			}
		}
		hidden += occlusion(t, src, i)
	}
	if hidden < 200 {
		t.Errorf("only %d pixels of objects are hidden by others", hidden)
	}
}

// occlusion draws the objects of a scene one by one: where another is seen, it is nearer. It returns how many such pixels there are.
func occlusion(t *testing.T, src *Scenes, i int) (hidden int) {
	s := src.Scene(i)
	for k := range s.Objects {
		l := newLayout(src.draws(i), src.Objects)
		first, last := l.things[k].first, l.things[k].last
		l.parts = l.parts[first:last]
		l.things = l.things[k : k+1]
		l.things[0].first, l.things[0].last = 0, last-first
		for j := range l.parts {
			l.parts[j].object = 0
		}
		alone := l.draw(src.Side)
		if alone.Full != s.Objects[k].Full {
			t.Errorf("scene %d, object %d: alone its box is %v, full box %v", i, k, alone.Full, s.Objects[k].Full)
		}
		for p := range alone.Mask {
			switch v := int(s.Instances[p]); {
			case alone.Mask[p] && v != k+1 && v != 0 && inner(s.Instances, src.Side, p) && inner(alone.Instances, src.Side, p):
				hidden++ // where two objects pass through each other, a pixel's depths are known to within its slope
				if s.Depth[p] > alone.Depth[p]+min(0.2, slope(s, p)+slope(alone, p)) {
					t.Errorf("scene %d: object %d at depth %g hides object %d at depth %g", i, v-1, s.Depth[p], k, alone.Depth[p])
				}
			case v == k+1 && !alone.Mask[p] && inner(s.Instances, src.Side, p):
				t.Errorf("scene %d: object %d is seen where it is not", i, k)
			}
		}
	}
	return hidden
}

// slope is the largest difference in depth between a pixel and its neighbours.
func slope(s *Scene, p int) (d float32) {
	for _, q := range []int{p - s.Image.W, p - 1, p + 1, p + s.Image.W} {
		d = max(d, s.Depth[p]-s.Depth[q], s.Depth[q]-s.Depth[p])
	}
	return d
}

// inner says that a pixel's neighbours show the same thing.
func inner(instances []uint8, side, p int) bool {
	x, y := p%side, p/side
	if x == 0 || y == 0 || x == side-1 || y == side-1 {
		return false
	}
	for _, q := range []int{p - side - 1, p - side, p - side + 1, p - 1, p + 1, p + side - 1, p + side, p + side + 1} {
		if instances[q] != instances[p] {
			return false
		}
	}
	return true
}

// TestScenesNormals: a normal is the direction in which depth falls: what differences of neighbouring depths say agrees with it.
func TestScenesNormals(t *testing.T) {
	const side = 128
	src := NewScenes(30, side, 9, Train)
	good, all := 0, 0
	for i := range src.N {
		s := src.Scene(i)
		focal := 0.0
		for _, f := range s.Factors {
			if f.Name == "focal length" {
				focal = f.Value * side
			}
		}
		point := func(p int) vec { // x right, y down, z away
			d := float64(s.Depth[p])
			return vec{(float64(p%side) + 0.5 - side/2) / focal * d, (float64(p/side) + 0.5 - side/2) / focal * d, d}
		}
		for p, in := range s.Mask {
			if !in || !inner(s.Instances, side, p) {
				continue
			}
			n := point(p + 1).sub(point(p - 1)).cross(point(p + side).sub(point(p - side))).by(-1).unit()
			stated := vec{float64(s.Normals[p*3]), float64(s.Normals[p*3+1]), float64(s.Normals[p*3+2])}
			if all++; n.dot(stated) > 0.9 {
				good++
			}
			if stated.dot(point(p).unit()) > 0.01 {
				t.Fatalf("scene %d: a visible surface looks away", i)
			}
		}
	}
	if all < 10000 || good < all*75/100 { // the rest lies on edges within the object
		t.Errorf("%d of %d normals agree with the depth", good, all)
	}
}

// TestScenesJoints: animals and people have joints; the visible ones lie on the mask or next to it, and behind its surface.
func TestScenesJoints(t *testing.T) {
	src := NewScenes(600, 64, 2, Train)
	figures, visible, all := map[string]bool{}, 0, 0
	for i := range src.N {
		l := newLayout(src.draws(i), 1)
		class := sceneClasses[l.things[0].class]
		if len(l.things[0].joints) == 0 {
			if class == "person" || class == "cat" || class == "dog" || class == "bird" {
				t.Errorf("scene %d: a %s without joints", i, class)
			}
			continue
		}
		figures[class] = true
		s := l.draw(64)
		names := map[string]bool{}
		for _, q := range s.Points {
			names[q.Name] = true
			all++
			if !q.Visible {
				continue
			}
			visible++
			x, y := int(q.X), int(q.Y)
			near := false
			for dy := -1; dy <= 1; dy++ {
				for dx := -1; dx <= 1; dx++ {
					near = near || x+dx >= 0 && x+dx < 64 && y+dy >= 0 && y+dy < 64 && s.Mask[(y+dy)*64+x+dx]
				}
			}
			if !near {
				t.Errorf("scene %d: the %s of the %s is visible off its mask", i, q.Name, class)
			}
		}
		if len(names) != len(s.Points) {
			t.Errorf("scene %d: two joints of a %s have one name", i, class)
		}
	}
	if len(figures) != 4 {
		t.Errorf("classes with joints: %v", figures)
	}
	if visible < all/3 || visible > all*95/100 {
		t.Errorf("%d of %d joints are visible", visible, all)
	}
}

// TestScenesLeftAndRight: a person who looks at the camera has the right hand on the picture's left, mirrored or not.
func TestScenesLeftAndRight(t *testing.T) {
	src := NewScenes(2000, 16, 4, Train)
	var mirrored [2]int
	for i := range src.N {
		if sceneClasses[src.Label(i)] != "person" {
			continue
		}
		s := src.Scene(i)
		at := map[string]KeyPoint{}
		for _, q := range s.Points {
			at[q.Name] = q
		}
		f := map[string]float64{}
		for _, v := range s.Factors {
			f[v.Name] = v.Value
		}
		if !(math.Abs(f["yaw"]) <= 0.7) {
			continue
		}
		mirrored[int(f["mirrored"])]++
		if at["right shoulder"].X >= at["left shoulder"].X {
			t.Errorf("scene %d: right shoulder at %g, left at %g", i, at["right shoulder"].X, at["left shoulder"].X)
		}
		if at["head"].Y >= at["hip"].Y || at["hip"].Y >= at["left foot"].Y {
			t.Errorf("scene %d: a person upside down", i)
		}
	}
	if min(mirrored[0], mirrored[1]) < 10 {
		t.Errorf("mirrored: %v", mirrored)
	}
}

// TestScenesFactors: the numbers that a scene was made from say where its object is.
func TestScenesFactors(t *testing.T) {
	src := NewScenes(300, 64, 8, Train)
	off := [3]float64{}
	for i := range src.N {
		s := src.Scene(i)
		f := map[string]float64{}
		for _, v := range s.Factors {
			f[v.Name] = v.Value
		}
		if len(f) != len(s.Factors) {
			t.Fatal("two factors of one name")
		}
		if l := (vec{f["light x"], f["light y"], f["light z"]}); !(math.Abs(l.length()-1) <= 1e-9) || l.z >= 0 || !(math.Abs(math.Atan2(-l.y, l.x)-math.Atan2(math.Sin(f["light azimuth"]), math.Cos(f["light azimuth"]))) <= 1e-9) {
			t.Errorf("scene %d: light %v at azimuth %g", i, l, f["light azimuth"])
		}
		if m := f["mirrored"]; m != 0 && m != 1 || f["things"] != float64(len(s.Objects)) || f["hue"] < 0 || f["hue"] >= 1 {
			t.Errorf("scene %d: factors %v", i, f)
		}
		x, y := float64(s.Full[0]+s.Full[2])/128, float64(s.Full[1]+s.Full[3])/128
		size := float64(max(s.Full[2]-s.Full[0], s.Full[3]-s.Full[1])) / 64
		for k, d := range []float64{x - f["x"], y - f["y"], size - f["size"]} {
			if off[k] += math.Abs(d) / float64(src.N); !(math.Abs(d) <= 0.25) {
				t.Errorf("scene %d (%s): box %v, factors x %.2f y %.2f size %.2f", i, sceneClasses[s.Class], s.Full, f["x"], f["y"], f["size"])
			}
		}
	}
	if off[0] > 0.03 || off[1] > 0.03 || off[2] > 0.08 {
		t.Errorf("centre and size differ from the factors by %.3f on average", off)
	}
}

// TestScenesVisible: of the object enough is seen, in every scene.
func TestScenesVisible(t *testing.T) {
	src := NewScenes(1500, 32, 6, Train)
	small, cut := 0, 0
	for i := range src.N {
		s := src.Scene(i)
		n := 0
		for _, m := range s.Mask {
			if m {
				n++
			}
		}
		if n < 16 {
			t.Errorf("scene %d (%s): %d pixels of the object are seen", i, sceneClasses[s.Class], n)
		}
		if n < 60 {
			small++
		}
		if s.Box != s.Full {
			cut++
		}
	}
	if small > src.N/20 {
		t.Errorf("in %d of %d scenes fewer than 60 pixels of the object are seen", small, src.N)
	}
	if cut < src.N/20 {
		t.Errorf("in only %d of %d scenes is the object's outline hidden or cut", cut, src.N)
	}
}

// TestScenesUniform: classes come equally often, within four standard deviations; so do mirrored objects and backdrops, whatever the class.
func TestScenesUniform(t *testing.T) {
	const n = 20000
	src := NewScenes(n, 16, 1, Train)
	count := make([]int, len(sceneClasses))
	for i := range n {
		count[src.Label(i)]++
	}
	for c, k := range count {
		if !(math.Abs(float64(k)-n/20) <= 4*math.Sqrt(n/20)) {
			t.Errorf("%s: %d of %d", sceneClasses[c], k, n)
		}
	}
	back := map[[2]int]int{}
	for i := range 4000 {
		l := newLayout(src.draws(i), 1)
		back[[2]int{l.things[0].class, l.back.kind}]++
	}
	for c := range sceneClasses {
		for k := range 4 {
			if v := back[[2]int{c, k}]; v < 22 || v > 84 {
				t.Errorf("%s stands before backdrop %d in %d of 4000 scenes, want about 50", sceneClasses[c], k, v)
			}
		}
	}
}

// TestScenesColour: a classifier by the picture's mean colour, and one by the object's, is near chance but for the classes with a colour of their own.
func TestScenesColour(t *testing.T) {
	const n = 3000
	src := NewScenes(2*n, 16, 1, Train)
	whole, object := make([]vec, 2*n), make([]vec, 2*n)
	for i := range whole {
		s := src.Scene(i)
		seen := 0
		for p, in := range s.Mask {
			v := vec{float64(s.Image.Pix[p*3]), float64(s.Image.Pix[p*3+1]), float64(s.Image.Pix[p*3+2])}
			if whole[i] = whole[i].add(v); in {
				object[i] = object[i].add(v)
				seen++
			}
		}
		whole[i], object[i] = whole[i].by(1.0/256), object[i].by(1/float64(seen))
	}
	for what, x := range map[string][]vec{"picture": whole, "object": object} {
		var mean [20]vec
		var count [20]float64
		for i := range n {
			c := src.Label(i)
			mean[c], count[c] = mean[c].add(x[i]), count[c]+1
		}
		var right, all [2]float64 // without and with a hue of their own
		for i := n; i < 2*n; i++ {
			best, near := -1, math.Inf(1)
			for c := range mean {
				d := mean[c].by(1 / count[c]).sub(x[i])
				if d.dot(d) < near {
					best, near = c, d.dot(d)
				}
			}
			own := 0
			if sceneHue[src.Label(i)] >= 0 {
				own = 1
			}
			if all[own]++; best == src.Label(i) {
				right[own]++
			}
		}
		if acc := right[0] / all[0]; acc > 0.1 {
			t.Errorf("by the mean colour of the %s, %.1f %% of the classes without one are told", what, 100*acc)
		}
		acc := right[1] / all[1]
		t.Logf("mean colour of the %s: %.1f %% without a colour, %.1f %% with", what, 100*right[0]/all[0], 100*acc)
		if what == "object" && acc < 0.2 {
			t.Errorf("classes with a colour are told by it in %.1f %%", 100*acc)
		}
	}
}

// TestSolids: where rays along the axes enter a solid and through what, by hand; also rays that touch it, and those beside it.
func TestSolids(t *testing.T) {
	inf := math.Inf(1)
	left, right, down, up, in, out := vec{x: -1}, vec{x: 1}, vec{y: -1}, vec{y: 1}, vec{z: -1}, vec{z: 1}
	for _, c := range []struct {
		p       part
		o, d    vec
		want    float64
		through int
	}{
		{part{shape: ball}, vec{z: 5}, in, 4, 0}, {part{shape: ball}, vec{y: 1, z: 5}, in, 5, 0}, {part{shape: ball}, vec{y: 1.5, z: 5}, in, inf, 0},
		{part{shape: capsule, kx: 2}, vec{z: 5}, in, 4, 0}, {part{shape: capsule, kx: 2}, vec{y: 2, z: 5}, in, 4, 0}, {part{shape: capsule, kx: 2}, vec{y: -2, z: 5}, in, 4, 0},
		{part{shape: capsule, kx: 2}, vec{y: 5}, vec{y: -1}, 2, 0}, {part{shape: capsule, kx: 2}, vec{y: -5}, vec{y: 1}, 2, 0}, {part{shape: capsule, kx: 2}, vec{x: 0.6, y: 5}, vec{y: -1}, 2.2, 0},
		{part{shape: capsule, kx: 2}, vec{x: 2, y: 5}, vec{y: -1}, inf, 0},
		{part{shape: capsule, kx: 2}, vec{y: 2.6, z: 5}, in, 4.2, 0}, {part{shape: capsule, kx: 2}, vec{y: -2.6, z: 5}, in, 4.2, 0}, {part{shape: capsule, kx: 2}, vec{y: 3.5, z: 5}, in, inf, 0},
		{part{shape: frustum, kx: 0.5}, vec{z: 5}, in, 4.25, 0}, {part{shape: frustum, kx: 0.5}, vec{y: 5}, down, 4, 1}, {part{shape: frustum, kx: 0.5}, vec{y: -5}, up, 4, -1},
		{part{shape: frustum, kx: 0.5}, vec{x: 0.75, y: 5}, down, 5, 0}, {part{shape: frustum, kx: 0.5}, vec{x: 2, y: 5}, down, inf, 0}, {part{shape: frustum, kx: 0.5}, vec{y: 2, z: 5}, in, inf, 0},
		{part{shape: block, kx: 0.5, kz: 1}, vec{y: 5}, down, 4, 0}, {part{shape: block, kx: 0.5, kz: 1}, vec{y: -5}, up, 4, 1}, {part{shape: block, kx: 0.5, kz: 1}, vec{x: 5}, left, 4.25, 2},
		{part{shape: block, kx: 0.5, kz: 1}, vec{x: -5}, right, 4.25, 3}, {part{shape: block, kx: 0.5, kz: 1}, vec{z: 5}, in, 4, 4}, {part{shape: block, kx: 0.5, kz: 1}, vec{z: -5}, out, 4, 5},
		{part{shape: block, kx: 0.5, kz: 1}, vec{x: 0.9, y: 5}, down, 5.6, 2}, {part{shape: block, kx: 0.5, kz: 1}, vec{y: 5, z: 1}, down, 4, 0}, {part{shape: block, kx: 0.5, kz: 1}, vec{y: 5, z: 1.5}, down, inf, 0},
		{part{shape: block, kx: 0.5, kz: 1}, vec{x: 1.5, y: 5}, down, inf, 0},
	} {
		got, through := c.p.enter(c.o, c.d), 0
		switch c.p.shape {
		case frustum:
			_, through = c.p.enterFrustum(c.o, c.d)
		case block:
			_, through = c.p.enterBlock(c.o, c.d)
		}
		if got != c.want && !(math.Abs(got-c.want) <= 1e-12) || through != c.through {
			t.Errorf("shape %d, kx %g: from %v along %v it is entered at %g through %d, want %g through %d", c.p.shape, c.p.kx, c.o, c.d, got, through, c.want, c.through)
		}
	}
}

// TestSincos against package math.
func TestSincos(t *testing.T) {
	for a := -20.0; a < 20; a += 0.0137 {
		if s, c := sincos(a); !(math.Abs(s-math.Sin(a)) <= 1e-10) || !(math.Abs(c-math.Cos(a)) <= 1e-10) {
			t.Fatalf("sincos(%g) = %g, %g", a, s, c)
		}
	}
}

func BenchmarkScenes(b *testing.B) {
	for _, side := range []int{16, 32, 64, 128, 256} {
		b.Run(fmt.Sprint(side), func(b *testing.B) {
			src := NewScenes(1000, side, 1, Train)
			for i := 0; b.Loop(); i++ {
				src.Scene(i % 1000)
			}
		})
	}
}
