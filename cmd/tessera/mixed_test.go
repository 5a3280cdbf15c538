//go:build unix

package main

import (
	"encoding/csv"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
)

// mixedFolder makes what people have: pictures of all kinds in two classes, awkward names, links, and what is no picture. It
// returns the files that are pictures and those that look like one and are broken.
func mixedFolder(t *testing.T) (root string, good, broken []string) {
	t.Helper()
	root = filepath.Join(t.TempDir(), "mixed")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	at := func(name string) string {
		p := filepath.Join(root, filepath.FromSlash(name))
		must(os.MkdirAll(filepath.Dir(p), 0o755))
		return p
	}
	seed := 0
	picture := func(path, format string) {
		t.Helper()
		seed++
		im := image.NewRGBA(image.Rect(0, 0, 40, 32))
		for i := range 40 * 32 {
			x, y := i%40, i/40
			im.Set(x, y, color.RGBA{uint8(seed*37 + x*7), uint8(seed*91 + y*5), uint8(x*y + seed), 255})
		}
		f, err := os.Create(path)
		must(err)
		switch format {
		case "png":
			err = png.Encode(f, im)
		case "gif":
			err = gif.Encode(f, im, nil)
		case "bmp":
			err = bmp.Encode(f, im)
		case "tif":
			err = tiff.Encode(f, im, nil)
		default:
			err = jpeg.Encode(f, im, nil)
		}
		must(err)
		must(f.Close())
	}
	for _, class := range []string{"a", "b"} {
		for i, ending := range []string{"png", "jpg", "bmp", "gif", "tif", "jpeg", "jfif", "PNG"} {
			good = append(good, at(fmt.Sprintf("%s/p%d.%s", class, i, ending)))
			picture(good[len(good)-1], strings.ToLower(ending))
		}
	}
	for _, name := range []string{"a/고양이.png", "b/two\nlines.png", `a/comma, "quote".jpg`, "b/it's.jpg", "a/wrong ending.png", "b/more.png", "b/deep/er/one.png"} {
		good = append(good, at(name))
		picture(at(name), "jpg") // whatever the ending says
	}
	cases := filepath.Join("..", "..", "data", "testdata", "cases")
	for i, name := range []string{"bw.webp", "png_turned.png", "gif_offset.gif", "jpg_cmyk_noadobe.jpg", "png_16grey_12bit.png", "thin_1x60000.png", "tif_g4.tif", "webp_anim.webp", "jpg_trunc50.jpg"} {
		b, err := os.ReadFile(filepath.Join(cases, name))
		must(err)
		to := at([]string{"a/", "b/"}[i%2] + name)
		must(os.WriteFile(to, b, 0o644))
		if i < 8 {
			good = append(good, to)
		} else {
			broken = append(broken, to)
		}
	}
	broken = append(broken, at("a/text.jpg"), at("b/empty.png"))
	must(os.WriteFile(at("a/text.jpg"), []byte("this is a text\n"), 0o644))
	must(os.WriteFile(at("b/empty.png"), nil, 0o644))
	for _, name := range []string{"readme.txt", "a/.hidden.png", "a/photo.heic", "b/photo.avif", "b/noending", ".git/x.png"} {
		must(os.WriteFile(at(name), []byte("nothing that is a picture"), 0o644))
	}
	must(syscall.Mkfifo(at("b/fifo.png"), 0o644))
	must(os.Symlink("..", at("a/loop")))
	must(os.Symlink("nowhere.png", at("a/dangling.png")))
	must(os.Symlink("p0.png", at("a/link.png")))
	linked := filepath.Join(t.TempDir(), "elsewhere")
	must(os.Mkdir(linked, 0o755))
	picture(filepath.Join(linked, "l.png"), "png")
	must(os.Symlink(linked, at("b/linked")))
	return root, append(good, at("a/link.png"), at("b/linked/l.png")), broken
}

// TestMixedFolder: such a folder goes through data, pretrain, embed, eval and report; everything that is left out is said, once, by
// every command, and features join to files.
func TestMixedFolder(t *testing.T) {
	root, good, broken := mixedFolder(t)
	spec, run := "folder:"+root, filepath.Join(t.TempDir(), "run")
	says := func(what, text string, more ...string) {
		t.Helper()
		for _, s := range append([]string{"ignored: ", "1 .heic", "1 .avif", "1 .txt", "1 without an ending", "2 hidden", "1 cannot be read: \"a/dangling.png\"", "not opened: b/fifo.png", "not followed: a/loop"}, more...) {
			if strings.Count(text, s) != 1 {
				t.Errorf("%s says %d times %q:\n%s", what, strings.Count(text, s), s, text)
			}
		}
	}
	out, errs, code := tessera(t, "data", spec)
	if want := fmt.Sprintf("%d samples, 2 classes", len(good)+len(broken)); code != 0 || !strings.Contains(out, want) {
		t.Fatalf("exit %d: %s%s, want %s", code, out, errs, want)
	}
	says("data", out)
	small := []string{"--max-bad", "0.5"}
	pretrain := []string{"pretrain", "rotation", "--data", spec, "--trunk", "convnet", "--side", "16", "--batch-size", "8", "--epochs", "2", "--out", run}
	if _, errs, code = tessera(t, pretrain...); code != exitFailed || !strings.Contains(errs, "--max-bad") && !strings.Contains(errs, "max-bad allows") {
		t.Fatalf("%d broken ones of %d pass: exit %d: %s", len(broken), len(good), code, errs)
	}
	if _, err := os.Stat(run); err == nil { // it made steps before it met them
		_, errs, code = tessera(t, append(small, "pretrain", "--resume", run)...)
	} else {
		_, errs, code = tessera(t, append(pretrain, small...)...)
	}
	if code != 0 {
		t.Fatalf("exit %d: %s", code, errs)
	}
	says("pretrain", errs, fmt.Sprintf("%d of %d samples could not be read; others stood in for them", len(broken), len(good)+len(broken)))

	table := filepath.Join(t.TempDir(), "f.csv")
	if _, errs, code = tessera(t, append(small, "embed", run, "--data", spec, "--out", table)...); code != 0 {
		t.Fatalf("exit %d: %s", code, errs)
	}
	says("embed", errs, broken...)
	f, err := os.Open(table)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, r := range rows[1:] {
		names = append(names, r[0])
	}
	slices.Sort(names)
	slices.Sort(good)
	if !slices.Equal(names, good) {
		t.Errorf("features of\n%q, want\n%q", names, good)
	}

	if _, errs, code = tessera(t, append(small, "eval", "compare", run, "--data", spec, "--k", "3", "--gallery", "2")...); code != 0 {
		t.Fatalf("exit %d: %s", code, errs)
	}
	says("eval", errs, broken...)
	if out, errs, code = tessera(t, "report", run); code != 0 || !strings.Contains(out, "report.html") {
		t.Fatalf("exit %d: %s%s", code, out, errs)
	}
}
