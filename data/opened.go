package data

import (
	"cmp"
	"io"
	"slices"
	"sync"
)

// openFiles are files, of which one is opened when something of it is asked for, and closed when others are. They may be used by several goroutines at once.
type openFiles[F io.Closer] struct {
	most int // that are open at once, but for those in use
	open func(i int) (F, error)

	mu    sync.Mutex
	files map[int]*openFile[F]
	clock int
}

// openFile is a file that is open, or why it is not, and by how many it is used.
type openFile[F io.Closer] struct {
	once sync.Once
	file F
	err  error
	used int // by how many, now
	last int // when
}

// use hands file i to f, opening it where it is not open.
func (o *openFiles[F]) use(i int, f func(file F) error) error {
	o.mu.Lock()
	if o.files == nil {
		o.files = map[int]*openFile[F]{}
	}
	file := o.files[i]
	if file == nil {
		file = &openFile[F]{}
		o.files[i] = file
	}
	file.used++
	o.clock++
	file.last = o.clock
	o.makeRoom()
	o.mu.Unlock()
	file.once.Do(func() { file.file, file.err = o.open(i) })
	err := file.err
	if err == nil {
		err = f(file.file)
	}
	o.mu.Lock()
	file.used--
	o.mu.Unlock()
	return err
}

// makeRoom closes the files that nobody uses for longest, where too many are open.
func (o *openFiles[F]) makeRoom() {
	if len(o.files) <= o.most {
		return
	}
	var idle []int
	for i, file := range o.files {
		if file.used == 0 {
			idle = append(idle, i)
		}
	}
	slices.SortFunc(idle, func(a, b int) int { return cmp.Compare(o.files[a].last, o.files[b].last) })
	for _, i := range idle[:min(len(idle), len(o.files)-o.most)] {
		if file := o.files[i]; file.err == nil {
			file.file.Close()
		}
		delete(o.files, i)
	}
}
