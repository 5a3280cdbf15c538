package data

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tessera-go/tessera/internal/spec"
)

// imageEndings are the endings of files that a folder source takes; which format a file has is decided by its content.
var imageEndings = map[string]bool{".jpg": true, ".jpeg": true, ".jpe": true, ".jfif": true, ".png": true, ".gif": true, ".bmp": true, ".tif": true, ".tiff": true, ".webp": true,
	".ppm": true, ".pgm": true, ".pbm": true, ".pnm": true}

const endingsText = ".jpg, .jpeg, .jpe, .jfif, .png, .gif, .bmp, .tif, .tiff, .webp, .ppm, .pgm, .pbm or .pnm"

// scan looks for files in a tree, and counts what it leaves out.
type scan struct {
	root   string
	wanted map[string]bool // endings, in lower case
	take   func(rel string, size int64)
	left   map[string]int // files that are not taken, by ending
	hidden int
	odd    []string // what is neither file nor folder
	broken []string // what cannot be looked at, and why
	loops  []string // links to a folder that they lie in
	done   bool     // nothing further is wanted
}

// walk takes the files of a folder, given relative to the root, in order of their names. above are the folders that lead there: a
// link to one of them is a loop.
func (s *scan) walk(rel string, above []os.FileInfo) error {
	dir := filepath.Join(s.root, filepath.FromSlash(rel))
	st, err := os.Stat(dir)
	if err != nil {
		return s.unread(rel, err)
	}
	if slices.ContainsFunc(above, func(a os.FileInfo) bool { return os.SameFile(a, st) }) {
		s.loops = append(s.loops, rel)
		return nil
	}
	above = append(slices.Clip(above), st)
	entries, err := os.ReadDir(dir)
	if err != nil && len(entries) == 0 {
		return s.unread(rel, err)
	}
	for _, e := range entries {
		if s.done {
			return nil
		}
		if err := s.entry(joined(rel, e.Name()), above); err != nil {
			return err
		}
	}
	return nil
}

// joined is path.Join without cleaning: names stay what they are.
func joined(rel, name string) string {
	if rel == "" {
		return name
	}
	return rel + "/" + name
}

func (s *scan) entry(rel string, above []os.FileInfo) error {
	name := rel[strings.LastIndexByte(rel, '/')+1:]
	if strings.HasPrefix(name, ".") {
		s.hidden++
		return nil
	}
	st, err := os.Stat(filepath.Join(s.root, filepath.FromSlash(rel))) // follows links
	switch {
	case err != nil:
		return s.unread(rel, err)
	case st.IsDir():
		return s.walk(rel, above)
	case !st.Mode().IsRegular():
		s.odd = append(s.odd, rel)
	case !s.wanted[strings.ToLower(filepath.Ext(name))]:
		s.left[strings.ToLower(filepath.Ext(name))]++
	default:
		s.take(rel, st.Size())
	}
	return nil
}

// unread notes what cannot be read; the root itself must be.
func (s *scan) unread(rel string, err error) error {
	if rel == "" {
		return fmt.Errorf("reading folder %s: %w", s.root, err)
	}
	why := err
	if p, ok := err.(*fs.PathError); ok {
		why = p.Err
	}
	s.broken = append(s.broken, fmt.Sprintf("%q (%v)", rel, why))
	return nil
}

// summary says in words which files were left out for their ending: 12 other files: 5 .heic, 4 .avif, 3 without an ending.
func (s *scan) summary() string {
	var endings []string
	all := 0
	for e, n := range s.left {
		endings = append(endings, e)
		all += n
	}
	slices.SortFunc(endings, func(a, b string) int {
		if s.left[a] != s.left[b] {
			return s.left[b] - s.left[a]
		}
		return strings.Compare(a, b)
	})
	var parts []string
	for _, e := range endings {
		text := fmt.Sprintf("%d %s", s.left[e], e)
		if e == "" {
			text = fmt.Sprintf("%d without an ending", s.left[e])
		}
		parts = append(parts, text)
	}
	if s.hidden > 0 {
		all += s.hidden
		parts = append(parts, fmt.Sprintf("%d hidden", s.hidden))
	}
	if all == 0 {
		return "it is empty"
	}
	return fmt.Sprintf("%d ignored: %s", all, strings.Join(parts, ", "))
}

// notes are lines for a person about what was not taken.
func (s *scan) notes() []string {
	var out []string
	add := func(what string, names []string) {
		if n := len(names); n > 0 {
			out = append(out, fmt.Sprintf("%s: %d %s: %s", s.root, n, what, spec.Few(names, mostNamed)))
		}
	}
	if len(s.left) > 0 || s.hidden > 0 {
		out = append(out, s.root+": "+s.summary())
	}
	add("cannot be read", s.broken)
	add("neither file nor folder, not opened", s.odd)
	add("link back to a folder that they lie in, not followed", s.loops)
	return out
}
