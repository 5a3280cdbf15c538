package cluster

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"unsafe"

	"github.com/tessera-go/tessera/simd"
)

// Group is the ranks of a run. Every rank makes the same calls in the same order, with slices of the same lengths; one goroutine of a rank calls. An error means that the
// group is broken: a rank is gone, or the transport is. Whoever gets one ends.
type Group interface {
	Rank() int // of this process, from 0 on
	Size() int // ranks
	// Host returns where a rank runs, for messages.
	Host(rank int) string
	// AllGather sets dst, of Size()·len(src) bytes, to the src of every rank, in order.
	AllGather(dst, src []byte) error
	// AllToAll sends part r of src to rank r and sets part r of dst to what rank r sent here: both are Size() parts of one length.
	AllToAll(dst, src []byte) error
	// Broadcast sets b to what it is on rank 0.
	Broadcast(b []byte) error
	// Beside returns a group of the same ranks whose calls have an order of their own: another goroutine may make them while calls of this one go on. All ranks make
	// it, as a call of this group. It is not closed.
	Beside() (Group, error)
	// Abort ends all ranks, as well as it can, after a rank has failed: it does not return where the launcher can do that.
	Abort()
	// Close leaves the group. All ranks do.
	Close() error
}

// One is the group of a single process: its calls do nothing but copy.
type One struct{}

// Rank returns 0.
func (One) Rank() int { return 0 }

// Size returns 1.
func (One) Size() int { return 1 }

// Host returns nothing: there is nobody to tell apart.
func (One) Host(int) string { return "" }

// AllGather copies src.
func (One) AllGather(dst, src []byte) error { copy(dst, src); return nil }

// AllToAll copies src.
func (One) AllToAll(dst, src []byte) error { copy(dst, src); return nil }

// Broadcast does nothing.
func (One) Broadcast([]byte) error { return nil }

// Beside returns the same.
func (One) Beside() (Group, error) { return One{}, nil }

// Abort does nothing.
func (One) Abort() {}

// Close does nothing.
func (One) Close() error { return nil }

// Tree adds up what has several parts, in place, in a fixed order: neighbours first, then sums of neighbours, so that parts 0 to 3 are (0+1)+(2+3). add(to, from)
// adds part from to part to; the sum ends in part 0. Any run of 2ᵏ parts that begins at a multiple of 2ᵏ is summed by itself on the way: as many ranks may share the
// parts as they like, if both numbers are powers of two, and the bits are the same.
func Tree(parts int, add func(to, from int)) {
	for step := 1; step < parts; step *= 2 {
		for to := 0; to+step < parts; to += 2 * step {
			add(to, to+step)
		}
	}
}

// Summer sums over ranks. Its memory is used again; the zero value is ready.
type Summer struct {
	// BFloat16 rounds what each rank adds, and the sum, to bfloat16 on their ways: half as many bytes move. Sums are made in float32. All ranks have the same bits,
	// which are other ones on another number of ranks.
	BFloat16 bool

	send, receive []float32
	words         [2][]uint16 // of both, rounded
}

// PieceOfSum is how many values are summed in one go: their memory, on both ways, stays in a cache.
const PieceOfSum = 1 << 20

// Sum sets x, on every rank, to the sum of all ranks' x, in the order of Tree. Each rank sends and receives 2·(Size()-1)/Size() of x, as little as any
// way there is: a part of x from every rank comes to the one that sums it, and goes back from there.
func (s *Summer) Sum(g Group, x []float32) error { return s.SumAll(g, [][]float32{x}) }

// SumAll is Sum for several, as if they were one.
func (s *Summer) SumAll(g Group, xs [][]float32) error {
	if g.Size() == 1 {
		return nil
	}
	for len(xs) > 0 {
		var piece [][]float32
		n := 0
		for n < PieceOfSum && len(xs) > 0 {
			x := xs[0]
			take := min(len(x), PieceOfSum-n)
			piece, n = append(piece, x[:take]), n+take
			if xs = xs[1:]; take < len(x) {
				xs = append([][]float32{x[take:]}, xs...)
			}
		}
		if err := s.piece(g, piece, n); err != nil {
			return err
		}
	}
	return nil
}

func (s *Summer) piece(g Group, xs [][]float32, n int) error {
	ranks := g.Size()
	part := (n + ranks - 1) / ranks
	if len(s.send) < part*ranks {
		s.send, s.receive = make([]float32, part*ranks), make([]float32, part*ranks)
	}
	send, receive := s.send[:part*ranks], s.receive[:part*ranks]
	rest := send
	for _, x := range xs {
		rest = rest[copy(rest, x):]
	}
	clear(rest)
	if err := s.exchange(g, send, receive); err != nil {
		return err
	}
	for _, x := range xs {
		send = send[copy(x, send):]
	}
	return nil
}

// exchange sets send, of Size() parts, to the sum of all ranks' send.
func (s *Summer) exchange(g Group, send, receive []float32) error {
	part := len(send) / g.Size()
	if !s.BFloat16 {
		if err := scatter(g, receive, send); err != nil {
			return err
		}
		return g.AllGather(bytesOf(send), bytesOf(receive[:part]))
	}
	for i := range s.words {
		if len(s.words[i]) < len(send) {
			s.words[i] = make([]uint16, len(send))
		}
	}
	out, in := s.words[0][:len(send)], s.words[1][:len(send)]
	simd.NarrowBF16(out, send)
	if err := g.AllToAll(bytesOf(in), bytesOf(out)); err != nil {
		return err
	}
	simd.WidenBF16(receive, in)
	addParts(receive, g.Size())
	simd.NarrowBF16(in[:part], receive[:part])
	if err := g.AllGather(bytesOf(out), bytesOf(in[:part])); err != nil {
		return err
	}
	simd.WidenBF16(send, out)
	return nil
}

// scatter sets the first of Size() parts of dst to the sum of all ranks' part of src that is this rank's, in the order of Tree; the rest of dst is used up.
func scatter(g Group, dst, src []float32) error {
	if err := g.AllToAll(bytesOf(dst), bytesOf(src)); err != nil {
		return err
	}
	addParts(dst, g.Size())
	return nil
}

// addParts adds up the parts of x into the first.
func addParts(x []float32, parts int) {
	part := len(x) / parts
	Tree(parts, func(to, from int) {
		a := x[to*part:][:part]
		simd.Add(a, a, x[from*part:][:part])
	})
}

// Scatter returns, of the sum of all ranks' x, the part that is this rank's: x has as many equal parts as there are ranks.
func Scatter(g Group, x []float32) ([]float32, error) {
	out := make([]float32, len(x))
	err := scatter(g, out, x)
	return out[:len(x)/g.Size()], err
}

// GatherFloat32 returns every rank's x, one after the other. All have as many.
func GatherFloat32(g Group, x []float32) ([]float32, error) {
	out := make([]float32, len(x)*g.Size())
	return out, g.AllGather(bytesOf(out), bytesOf(x))
}

// Gather returns every rank's src, in order; lengths may differ.
func Gather(g Group, src []byte) ([][]byte, error) {
	lengths := make([]byte, 8*g.Size())
	if err := g.AllGather(lengths, binary.LittleEndian.AppendUint64(nil, uint64(len(src)))); err != nil {
		return nil, err
	}
	longest := 0
	for r := range g.Size() {
		longest = max(longest, int(binary.LittleEndian.Uint64(lengths[8*r:])))
	}
	padded, all := make([]byte, longest), make([]byte, longest*g.Size())
	copy(padded, src)
	if err := g.AllGather(all, padded); err != nil {
		return nil, err
	}
	out := make([][]byte, g.Size())
	for r := range out {
		out[r] = all[r*longest:][:binary.LittleEndian.Uint64(lengths[8*r:])]
	}
	return out, nil
}

// First returns, on every rank, rank 0's src, whatever the others have.
func First(g Group, src []byte) ([]byte, error) {
	length := binary.LittleEndian.AppendUint64(nil, uint64(len(src)))
	if err := g.Broadcast(length); err != nil {
		return nil, err
	}
	out := make([]byte, binary.LittleEndian.Uint64(length))
	if g.Rank() == 0 {
		copy(out, src)
	}
	return out, g.Broadcast(out)
}

// Meanwhile makes call, a call of g, in the background of f, and returns when both are over.
func Meanwhile(g Group, call, f func()) {
	there := make(chan struct{})
	go func() {
		defer close(there)
		call()
	}()
	defer func() { <-there }()
	runtime.Gosched()            // that the call begins first
	if g, ok := g.(waiter); ok { // the call is under way, and nobody waits for it
		g.waits(-1)
		defer g.waits(1)
	}
	f()
}

// waiter is a group that gives its transport more of the rank's time while the rank waits for calls: it is told of so many more.
type waiter interface{ waits(calls int32) }

// GatherFloat64 returns every rank's x, one after the other. All have as many.
func GatherFloat64(g Group, x []float64) ([]float64, error) {
	out := make([]float64, len(x)*g.Size())
	return out, g.AllGather(bytesOf(out), bytesOf(x))
}

// BroadcastFloat32 sets x to what it is on rank 0.
func BroadcastFloat32(g Group, x []float32) error { return g.Broadcast(bytesOf(x)) }

// bytesOf returns the memory of x: ranks of one group have one order of bytes.
func bytesOf[T float32 | float64 | uint16](x []T) []byte {
	if len(x) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&x[0])), int(unsafe.Sizeof(x[0]))*len(x))
}

// Everywhere is an error that all ranks have: the first tells it.
type Everywhere struct{ Err error }

func (e *Everywhere) Error() string { return e.Err.Error() }

// Unwrap returns the error.
func (e *Everywhere) Unwrap() error { return e.Err }

// Agreed is an error of this rank that the others know of: it tells it.
type Agreed struct{ Err error }

func (e *Agreed) Error() string { return e.Err.Error() }

// Unwrap returns the error.
func (e *Agreed) Unwrap() error { return e.Err }

// Agree returns, on all ranks, the error of the first rank that has one, or nil: there an Agreed, on the others an Elsewhere.
func Agree(g Group, err error) error {
	if g.Size() == 1 {
		return err
	}
	text := []byte{0}
	if err != nil {
		text = append([]byte{1}, err.Error()...)
	}
	all, e := Gather(g, text)
	if e != nil {
		return e
	}
	for r, t := range all {
		switch {
		case t[0] == 0:
		case r == g.Rank():
			return &Agreed{err}
		default:
			return &Elsewhere{Rank: r, Host: g.Host(r), Msg: string(t[1:])}
		}
	}
	return nil
}

// Elsewhere is another rank's Agreed.
type Elsewhere struct {
	Rank int
	Host string
	Msg  string
}

func (e *Elsewhere) Error() string { return fmt.Sprintf("rank %d on %s: %s", e.Rank, e.Host, e.Msg) }

// IsPowerOfTwo tells whether n is 1, 2, 4, 8, ...: what Tree cuts evenly.
func IsPowerOfTwo(n int) bool { return n > 0 && n&(n-1) == 0 }
