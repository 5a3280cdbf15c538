//go:build linux || darwin

package simd

import (
	"math/rand/v2"
	"runtime/debug"
	"syscall"
	"testing"
	"unsafe"
)

// pages hands out memory between two pages that nobody may touch.
type pages struct {
	t     *testing.T
	back  bool // at the end of the memory, else at its start
	taken int
	cells [12][]byte // as many slices at once; the same ones for every run
}

// cell is how many bytes lie between the two pages.
const cell = 1 << 16

func (p *pages) bytes(n int) unsafe.Pointer {
	p.t.Helper()
	page, i := syscall.Getpagesize(), p.taken%len(p.cells)
	p.taken++
	if n > cell {
		p.t.Fatalf("%d bytes are asked for, there are %d", n, cell)
	}
	if p.cells[i] == nil {
		m, err := syscall.Mmap(-1, 0, cell+2*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
		if err != nil {
			p.t.Fatal(err)
		}
		p.t.Cleanup(func() { _ = syscall.Munmap(m) })
		for _, end := range [][]byte{m[:page], m[page+cell:]} {
			if err := syscall.Mprotect(end, syscall.PROT_NONE); err != nil {
				p.t.Fatal(err)
			}
		}
		p.cells[i] = m[page:][:cell]
	}
	if p.back {
		return unsafe.Pointer(&p.cells[i][cell-n])
	}
	return unsafe.Pointer(&p.cells[i][0])
}

// TestWordsAtPages: at every level no kernel reads or writes a byte before or behind one of its slices, which begin or end at a page that
// faults.
func TestWordsAtPages(t *testing.T) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	atEach(t, func(l Level) {
		for _, back := range []bool{false, true} {
			p := &pages{t: t, back: back}
			if x := unsafe.Slice((*float32)(p.bytes(8)), 3); !back {
				x = unsafe.Slice((*float32)(unsafe.Add(unsafe.Pointer(&x[0]), -4)), 3)
				if !panics(func() { x[0]++ }) {
					t.Fatal("the page before can be written")
				}
			} else if !panics(func() { x[2]++ }) {
				t.Fatal("the page behind can be written")
			}
			what := "between pages, at the first"
			if back {
				what = "between pages, at the last"
			}
			p.taken = 0
			checkWordKernels(t, rand.New(rand.NewPCG(13, 2)), what,
				func(n int) []float32 { return unsafe.Slice((*float32)(p.bytes(4*n)), n) },
				func(n int) []int32 { p.taken = 0; return unsafe.Slice((*int32)(p.bytes(4*n)), n) })
		}
	})
}
