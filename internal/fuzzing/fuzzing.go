// Package fuzzing runs fuzz targets, and holds what all of them ask of a reader of foreign bytes: errors of one line, and memory in proportion.
//
//	go test ./data -run XXX -fuzz '^FuzzIDX$' -fuzztime 100000x        Go's engine: guided by coverage, some thousand inputs a second
//	FUZZ_BLIND=10000000 go test -v ./data -run '^FuzzIDX$'              changes of the seeds, the same ones each time, at full speed
//
// The second way takes what the first one found from the folder FUZZ_FOUND, and stops after FUZZ_TIME, such as 10m.
package fuzzing

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/metrics"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

// Run is the body of a target: seeds, and what is tried with each input, which it must not change.
func Run(f *testing.F, seeds [][]byte, try func(t testing.TB, b []byte)) {
	f.Helper()
	if n, err := strconv.Atoi(os.Getenv("FUZZ_BLIND")); err == nil {
		blind(f, append(seeds, found(f)...), n, try)
		return
	}
	for _, b := range seeds {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) { try(t, b) })
}

// blind tries n inputs: the seeds and changes of them, the same ones each time. An input that fails is written where Go's engine looks for it.
func blind(f *testing.F, seeds [][]byte, n int, try func(t testing.TB, b []byte)) {
	var b []byte
	defer func() {
		e := recover()
		if e == nil && !f.Failed() || f.Skipped() {
			return
		}
		path := filepath.Join("testdata", "fuzz", f.Name(), "blind")
		err := os.MkdirAll(filepath.Dir(path), 0o755)
		if err == nil {
			err = os.WriteFile(path, text(b), 0o644)
		}
		f.Fatalf("the input is in %s (%v): %v", path, err, e)
	}()
	m := mutator{rng: rand.New(rand.NewPCG(1, 2)), seeds: seeds}
	begin := time.Now()
	limit, err := time.ParseDuration(os.Getenv("FUZZ_TIME"))
	done := 0
	for ; done < n && !(err == nil && done%1024 == 0 && time.Since(begin) > limit); done++ {
		if b = m.next(); done < len(seeds) {
			b = seeds[done]
		}
		if try(f, b); f.Failed() {
			return
		}
	}
	s := time.Since(begin).Seconds()
	f.Skipf("%d inputs from %d seeds, %.0f s, %.0f a second", done, len(seeds), s, float64(done)/s)
}

// found returns the inputs that Go's engine found interesting, and kept in the folder FUZZ_FOUND.
func found(f *testing.F) (out [][]byte) {
	names, err := filepath.Glob(filepath.Join(os.Getenv("FUZZ_FOUND"), f.Name(), "*"))
	if err != nil || os.Getenv("FUZZ_FOUND") == "" {
		return nil
	}
	for _, name := range names {
		kept, err := os.ReadFile(name)
		var b []byte
		if err == nil {
			b, err = input(kept)
		}
		if err != nil {
			f.Fatalf("%s: %v", name, err)
		}
		out = append(out, b)
	}
	return out
}

// text is an input as Go's engine keeps it in a file.
func text(b []byte) []byte {
	return []byte("go test fuzz v1\n[]byte(" + strconv.Quote(string(b)) + ")\n")
}

// input undoes text.
func input(text []byte) ([]byte, error) {
	_, line, _ := strings.Cut(string(text), "\n[]byte(")
	b, err := strconv.Unquote(strings.TrimSuffix(strings.TrimSpace(line), ")"))
	return []byte(b), err
}

// mutator makes inputs from seeds by a few changes each.
type mutator struct {
	rng   *rand.Rand
	seeds [][]byte
	buf   []byte
}

// edges are numbers at which readers break.
var edges = []uint32{0, 1, 2, 3, 4, 7, 8, 9, 16, 64, 127, 128, 255, 256, 257, 1024, 4096, 32767, 32768, 65535, 65536, 1 << 20, 1<<24 - 1, 1<<31 - 1, 1 << 31, 1<<32 - 8, 1<<32 - 1}

// next returns an input, whose memory is used again by the next call.
func (m *mutator) next() []byte {
	m.buf = append(m.buf[:0], m.seeds[m.rng.IntN(len(m.seeds))]...)
	for range 1 << m.rng.IntN(4) {
		m.change()
	}
	return m.buf
}

// change makes one change: a bit, a byte, a number of one to four bytes, a part that is left out, doubled or from another seed.
func (m *mutator) change() {
	r, b := m.rng, m.buf
	if len(b) == 0 {
		m.buf = append(b, byte(r.Uint32()))
		return
	}
	at := r.IntN(len(b))
	part := min(1+r.IntN(1<<r.IntN(7)), len(b)-at)
	switch r.IntN(8) {
	case 0:
		b[at] ^= 1 << r.IntN(8)
	case 1:
		b[at] = byte(r.Uint32())
	case 2:
		b[at] += byte(r.IntN(33) - 16)
	case 3: // a number, of either order of bytes
		v, n, big := edges[r.IntN(len(edges))], min(1<<r.IntN(3), len(b)-at), r.IntN(2)
		for k := range n {
			b[at+k] = byte(v >> (8 * (k + big*(n-1-2*k))))
		}
	case 4:
		m.buf = append(b[:at], b[at+part:]...)
	case 5:
		from := r.IntN(len(b))
		copy(b[at:], b[from:min(from+part, len(b))])
	case 6:
		m.insert(at, append([]byte(nil), b[at:at+part]...))
	default:
		if other := m.seeds[r.IntN(len(m.seeds))]; len(other) > 0 {
			from := r.IntN(len(other))
			m.insert(at, append([]byte(nil), other[from:min(from+part, len(other))]...))
		}
	}
}

func (m *mutator) insert(at int, part []byte) {
	tail := append([]byte(nil), m.buf[at:]...)
	m.buf = append(append(m.buf[:at], part...), tail...)
}

// OneLine tells whether there was an error, and fails where its text is no line that a terminal can show.
func OneLine(t testing.TB, err error) bool {
	if err == nil {
		return false
	}
	text := err.Error()
	if text == "" || !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
		t.Errorf("the error is not a line: %q", text)
	}
	return true
}

// late is how many bytes the runtime may count late: small objects are counted a span at a time.
const late = 2 << 20

// Memory fails where f takes more than most bytes, and late, from the heap, given back in between or not.
func Memory(t testing.TB, most int, f func()) {
	before := allocated()
	f()
	if took := allocated() - before; took > uint64(most+late) {
		t.Errorf("%d bytes of memory were taken, at most %d are allowed", took, most+late)
	}
}

func allocated() uint64 {
	s := [1]metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(s[:])
	return s[0].Value.Uint64()
}
