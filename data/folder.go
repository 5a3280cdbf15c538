package data

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

// imageExts are the endings of files that a folder source takes.
var imageExts = map[string]bool{".jpg": true, ".jpeg": true, ".png": true, ".gif": true, ".bmp": true, ".tif": true, ".tiff": true, ".webp": true}

// FolderOptions of OpenFolder.
type FolderOptions struct {
	NoLabels bool // ignore the folders' names
}

type folder struct {
	dir   string
	files []string // relative, sorted
	sizes []int64
}

// folderLabels are the folders of the first level.
type folderLabels struct {
	labels  []int
	classes []string
}

func (l *folderLabels) Label(i int) int   { return l.labels[i] }
func (l *folderLabels) Classes() []string { return l.classes }

// OpenFolder lists the images in a tree, in any depth, sorted by path. The folders of the first level are the classes,
// unless there are images beside them or only one folder; then there are no labels.
func OpenFolder(dir string, o FolderOptions) (*Dataset, error) {
	if err := missingDir(dir, "folder: wants a folder of images"); err != nil {
		return nil, err
	}
	f := &folder{dir: dir}
	others := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("reading folder %s: %w", dir, err)
		}
		if d.IsDir() {
			if path != dir && strings.HasPrefix(d.Name(), ".") {
				return filepath.SkipDir
			}
			return nil
		}
		if !imageExts[strings.ToLower(filepath.Ext(path))] || strings.HasPrefix(d.Name(), ".") {
			others++
			return nil
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		st, err := d.Info()
		if err != nil {
			return err
		}
		f.files = append(f.files, filepath.ToSlash(rel))
		f.sizes = append(f.sizes, st.Size())
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(f.files) == 0 {
		return nil, fmt.Errorf("%s holds no images (%d other files); wanted are .jpg, .png, .gif, .bmp, .tiff or .webp in any depth", dir, others)
	}
	d := &Dataset{Name: "folder:" + dir, Fingerprint: f.fingerprint(), Inputs: Inputs{Images: f}}
	if l := f.firstLevel(); l != nil && !o.NoLabels {
		d.Truth.Labels = l
	}
	return d, nil
}

// firstLevel returns the folders of the first level as labels; nil where there are images beside them, or fewer than two.
func (f *folder) firstLevel() *folderLabels {
	index := map[string]int{}
	for _, p := range f.files {
		class, _, deep := strings.Cut(p, "/")
		if !deep {
			return nil
		}
		index[class] = 0
	}
	if len(index) < 2 {
		return nil
	}
	l := &folderLabels{labels: make([]int, len(f.files))}
	for c := range index {
		l.classes = append(l.classes, c)
	}
	sort.Strings(l.classes)
	for i, c := range l.classes {
		index[c] = i
	}
	for i, p := range f.files {
		class, _, _ := strings.Cut(p, "/")
		l.labels[i] = index[class]
	}
	return l
}

func (f *folder) Len() int              { return len(f.files) }
func (f *folder) Describe(i int) string { return filepath.Join(f.dir, filepath.FromSlash(f.files[i])) }

func (f *folder) fingerprint() string {
	var parts []string
	for i, p := range f.files {
		parts = append(parts, fmt.Sprint(p, f.sizes[i]))
	}
	return fingerprint("folder", parts...)
}

func (f *folder) Image(i int) (*Image, error) { return f.read(i, Decode) }

func (f *folder) ImageFrame(i int, choose func(h, w int) Frame) (*Image, error) {
	return f.read(i, func(b []byte) (*Image, error) { return DecodeFrame(b, choose) })
}

func (f *folder) read(i int, decode func([]byte) (*Image, error)) (*Image, error) {
	path := f.Describe(i)
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	im, err := decode(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return im, nil
}
