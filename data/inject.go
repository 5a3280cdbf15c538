package data

import (
	"bytes"
	"fmt"
	"image/jpeg"
	"math"
	"strconv"
	"strings"

	"github.com/tessera-go/tessera/internal/spec"
)

// A pretext task may be solved by what a camera or a file leaves in a picture or a sound rather than by what is seen or heard in it. The option
// inject puts such a trace into every one, as strongly as one likes: a task whose defence holds learns no faster with it, and features of a net
// that took the shortcut are worse. What is put in depends on the sample alone; it is put into what is stored, before any view resizes it or
// resamples it. Sizes are parts of a picture's, so that a trace is to be seen in small views too (but for JPEG's blocks of 8 pixels).

// injector puts one kind of trace into pictures, or into sounds.
type injector struct {
	name      string
	about     string
	low, high float64
	whole     bool                                         // takes whole numbers
	put       func(im *Image, by float64) (*Image, error)  // nil where it is of sounds
	hear      func(w soundWindow, x []float32, by float64) // changes a window's values; nil where it is of pictures
}

// kind is what the trace is put into, one and many.
func (j injector) kind() (one, many string) {
	if j.hear != nil {
		return "sound", "sounds"
	}
	return "picture", "pictures"
}

// injectors are all there are, in the order of their names.
var injectors = []injector{
	{"aberration", "red this many per cent larger about the middle, blue smaller", 0, 50, false, aberrate, nil},
	{"border", "black lines along the sides, per cent of the shorter one", 0, 50, false, lineBorder, nil},
	{"codec", "where a frame of the film begins its sound is this part quieter, and is back 5 ms later; every 0.04 s of recordings alone", 0, 1, false, nil, stumble},
	{"jpeg", "written and read as a JPEG of this quality: blocks of 8 pixels", 1, 100, true, compress, nil},
	{"vignette", "darker towards the corners, by this part there", 0, 1, false, vignette, nil},
	{"watermark", "a white T at the lower right, this opaque", 0, 1, false, watermark, nil},
}

// Injectors returns the names that the option inject knows, each with a line about it.
func Injectors() [][2]string {
	var out [][2]string
	for _, k := range injectors {
		out = append(out, [2]string{k.name, k.about})
	}
	return out
}

// injection is one trace, and how strong it is.
type injection struct {
	injector
	by float64
}

// parseInject reads the option inject: name:strength,name:strength.
func parseInject(v *spec.Values) (list []injection) {
	for _, item := range strings.Split(v.Text("inject"), ",") {
		name, text, _ := strings.Cut(item, ":")
		at := -1
		var names []string
		for k, j := range injectors {
			if names = append(names, j.name); j.name == name {
				at = k
			}
		}
		if at < 0 {
			v.Fail("option inject: there is no %q; there are %s, such as inject=aberration:2,vignette:0.5", name, spec.Or(names))
			return nil
		}
		j := injection{injector: injectors[at]}
		kind := "a number"
		if j.whole {
			kind = "a whole number"
		}
		var err error
		if j.by, err = strconv.ParseFloat(text, 64); err != nil || !(j.by >= j.low && j.by <= j.high) || j.whole && j.by != math.Trunc(j.by) {
			v.Fail("option inject=%s: want %s between %g and %g behind the colon", item, kind, j.low, j.high)
			return nil
		}
		list = append(list, j)
	}
	return list
}

// inject returns the data set with traces in its pictures and its sounds, one after the other.
func (d *Dataset) inject(list []injection) (*Dataset, error) {
	var each []string
	into := map[string][]injection{}
	for _, j := range list {
		text := fmt.Sprintf("%s:%g", j.name, j.by)
		one, many := j.kind()
		if one == "picture" && d.Images == nil || one == "sound" && d.Sounds == nil {
			return nil, fmt.Errorf("data %s: the option inject=%s puts a trace into %s; there are %s", d.Name, text, many, d.Kinds())
		}
		each, into[one] = append(each, text), append(into[one], j)
	}
	what := strings.Join(each, ",")
	sep := "?"
	if strings.Contains(d.Name, "?") {
		sep = "&"
	}
	out := *d
	out.Name += sep + "inject=" + what
	out.Fingerprint = fingerprint(d.Fingerprint, "inject", what)
	out.Notes = append([]string(nil), d.Notes...)
	for _, one := range []string{"picture", "sound"} {
		var each []string
		for _, j := range into[one] {
			each = append(each, fmt.Sprintf("%s:%g", j.name, j.by))
		}
		if each != nil {
			out.Notes = append(out.Notes, fmt.Sprintf("put into every %s: %s", one, strings.Join(each, ", ")))
		}
	}
	if list := into["picture"]; list != nil {
		out.Images = &injected{d.Images, list}
	}
	if list := into["sound"]; list != nil {
		out.Sounds = &injectedSounds{d.Sounds, d.Clips, list}
	}
	return &out, nil
}

// injected are pictures with traces. A frame of one is cut from the whole, as ImageFrame does it: a trace knows the picture's middle and sides.
type injected struct {
	Images
	list []injection
}

func (s *injected) Image(i int) (*Image, error) {
	im, err := s.Images.Image(i)
	for _, j := range s.list {
		if err != nil {
			break
		}
		if im, err = j.put(im, j.by); err != nil {
			err = fmt.Errorf("%s: inject=%s: %w", s.Describe(i), j.name, err)
		}
	}
	return im, err
}

// Hash is of the sample without traces: the same picture with others is the same sample.
func (s *injected) Hash(i int) (Hash, error) { return ContentHash(s.Images, i) }

func (s *injected) size(i int) int64 {
	if of, ok := s.Images.(measured); ok {
		return of.size(i)
	}
	return -1
}

func (im *Image) clone() *Image { return &Image{im.H, im.W, append([]uint8(nil), im.Pix...)} }

// aberrate enlarges red about the picture's middle, and makes blue smaller: lateral chromatic aberration. Bilinear; the border goes on.
func aberrate(im *Image, by float64) (*Image, error) {
	out := im.clone()
	for c, scale := range map[int]float64{0: 1 + by/100, 2: 1 - by/100} {
		ys, xs := points(im.H, scale), points(im.W, scale)
		for y, v := range ys {
			p, q := im.Pix[v.at*im.W*3:], im.Pix[min(v.at+1, im.H-1)*im.W*3:]
			for x, u := range xs {
				l, r := u.at*3+c, min(u.at+1, im.W-1)*3+c
				top := float32(float32(p[l])*(1-u.part)) + float32(float32(p[r])*u.part)
				bottom := float32(float32(q[l])*(1-u.part)) + float32(float32(q[r])*u.part)
				out.Pix[(y*im.W+x)*3+c] = round8(float32(top*(1-v.part)) + float32(bottom*v.part))
			}
		}
	}
	return out, nil
}

// point is a place between pixels at and at+1.
type point struct {
	at   int
	part float32
}

// points returns where n pixels come from that are drawn larger about their middle.
func points(n int, scale float64) []point {
	out := make([]point, n)
	middle := float64(n-1) / 2
	for i := range out {
		x := min(max(middle+float64((float64(i)-middle)/scale), 0), float64(n-1))
		out[i] = point{int(x), float32(x - math.Floor(x))}
	}
	return out
}

// lineBorder draws black lines along the sides, at least a pixel wide.
func lineBorder(im *Image, by float64) (*Image, error) {
	out := im.clone()
	wide := 0
	if by > 0 {
		wide = max(1, int(float64(min(im.H, im.W))*by/100+0.5))
	}
	for y := range im.H {
		row := out.Pix[y*im.W*3:][:im.W*3]
		if y < wide || y >= im.H-wide {
			clear(row)
			continue
		}
		clear(row[:min(wide, im.W)*3])
		clear(row[max(im.W-wide, 0)*3:])
	}
	return out, nil
}

// compress writes a JPEG with chroma of half the side, as the standard library does, and reads it as any other.
func compress(im *Image, by float64) (*Image, error) {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, im.RGBA(), &jpeg.Options{Quality: int(by)}); err != nil {
		return nil, err
	}
	return Decode(b.Bytes())
}

// vignette multiplies a pixel by 1 - by·r², r its distance from the middle, 1 in the corners.
func vignette(im *Image, by float64) (*Image, error) {
	out := im.clone()
	cy, cx := float64(im.H-1)/2, float64(im.W-1)/2
	corner := max(float64(cy*cy)+float64(cx*cx), 1)
	for y := range im.H {
		for x := range im.W {
			dy, dx := float64(y)-cy, float64(x)-cx
			f := float32(1 - float64(by*(float64(dy*dy)+float64(dx*dx))/corner))
			for c := range 3 {
				p := &out.Pix[(y*im.W+x)*3+c]
				*p = round8(float32(*p) * f)
			}
		}
	}
	return out, nil
}

// mark is the watermark, in cells.
var mark = [5]string{"#####", "#####", "  #  ", "  #  ", "  #  "}

// watermark blends a white T with the picture: a fifth of the shorter side, a cell of five away from the lower right corner.
func watermark(im *Image, by float64) (*Image, error) {
	out := im.clone()
	cell := max(1, min(im.H, im.W)/(5*len(mark)))
	top, left := im.H-(len(mark)+1)*cell, im.W-(len(mark)+1)*cell
	for y := max(top, 0); y < im.H-cell; y++ {
		for x := max(left, 0); x < im.W-cell; x++ {
			if mark[(y-top)/cell][(x-left)/cell] != '#' {
				continue
			}
			for c := range 3 {
				p := &out.Pix[(y*im.W+x)*3+c]
				*p = round8(float32(*p) + float32(float32(by)*float32(255-*p)))
			}
		}
	}
	return out, nil
}
