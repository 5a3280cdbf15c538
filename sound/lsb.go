package sound

import "math"

// lsbReader takes bits from bytes, the lowest first, as Vorbis stores them. Behind the end there are zeros, and over says so.
type lsbReader struct {
	b    []byte
	at   int // in bits
	over bool
}

// peek returns the next bits, at least 24 of them where there are so many.
func (r *lsbReader) peek() uint32 {
	k := r.at >> 3
	if k+4 <= len(r.b) {
		b := r.b[k : k+4]
		return (uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24) >> (r.at & 7)
	}
	v := uint32(0)
	for i := k; i < len(r.b); i++ {
		v |= uint32(r.b[i]) << (8 * (i - k))
	}
	return v >> (r.at & 7)
}

// pass passes bits.
func (r *lsbReader) pass(k uint) {
	if r.at += int(k); r.at > 8*len(r.b) {
		r.at, r.over = 8*len(r.b), true
	}
}

// take returns the next k bits, at most 32.
func (r *lsbReader) take(k uint) int {
	if k > 24 {
		low := r.take(16)
		return low | r.take(k-16)<<16
	}
	if r.at+int(k) > 8*len(r.b) {
		r.at, r.over = 8*len(r.b), true
		return 0
	}
	v := r.peek() & (1<<k - 1)
	r.at += int(k)
	return int(v)
}

// left is how many bits there are.
func (r *lsbReader) left() int { return 8*len(r.b) - r.at }

// float reads a number as Vorbis packs it (9.2.2).
func (r *lsbReader) float() float32 {
	v := r.take(32)
	m := float64(v & 0x1fffff)
	if v>>31&1 == 1 {
		m = -m
	}
	return float32(math.Ldexp(m, v>>21&0x3ff-788))
}

// lsbHuffman is a code of Vorbis: what the next bits mean, if they are enough, or a tree for the longer ones.
type lsbHuffman struct {
	first [1 << lsbFirst]struct {
		entry int32
		bits  uint8 // 0: longer
	}
	tree [][2]int32 // two sons each; less than 0: an entry; 0: none
}

const lsbFirst = 8

// newLSBHuffman gives each entry the lowest code of its length that is free (3.2.1). A code of one entry takes a bit.
func newLSBHuffman(lengths []uint8) (*lsbHuffman, error) {
	h := &lsbHuffman{tree: make([][2]int32, 1)}
	var free [33]uint32 // the next code of each length, at its top; 0: none
	used := 0
	for i, n := range lengths {
		if n == 0 {
			continue
		}
		code := uint32(0)
		if used++; used == 1 {
			for k := 1; k <= int(n); k++ {
				free[k] = 1 << (32 - k)
			}
		} else {
			k := int(n)
			for k > 0 && free[k] == 0 {
				k--
			}
			if k == 0 {
				return nil, errVorbis
			}
			code = free[k]
			free[k] = 0
			for ; k < int(n); k++ {
				free[k+1] = code + 1<<(31-k)
			}
		}
		h.add(code, uint(n), int32(i))
	}
	if used == 0 {
		h.tree[0] = [2]int32{-1, -1}
	} else if used == 1 { // the other bit means the same
		for k := range h.tree[0] {
			if h.tree[0][k] == 0 {
				h.tree[0][k] = h.tree[0][1-k]
			}
		}
	}
	for i := range h.first {
		node := int32(0)
		for k := range lsbFirst {
			if node = h.tree[node][i>>k&1]; node < 0 {
				h.first[i].entry, h.first[i].bits = -1-node, uint8(k+1)
				break
			} else if node == 0 {
				break
			}
		}
	}
	return h, nil
}

// add adds a code, which stands at the top of its word.
func (h *lsbHuffman) add(code uint32, n uint, entry int32) {
	node := int32(0)
	for k := uint(0); k+1 < n; k++ {
		bit := code >> 31
		code <<= 1
		next := h.tree[node][bit]
		if next == 0 {
			next = int32(len(h.tree))
			h.tree[node][bit] = next
			h.tree = append(h.tree, [2]int32{})
		}
		node = next
	}
	h.tree[node][code>>31] = -1 - entry
}

// take reads a code; -1 behind the end, and for bits that are none.
func (h *lsbHuffman) take(r *lsbReader) int {
	if e := h.first[r.peek()&(1<<lsbFirst-1)]; e.bits > 0 {
		if r.pass(uint(e.bits)); r.over {
			return -1
		}
		return int(e.entry)
	}
	node := int32(0)
	for {
		node = h.tree[node][r.take(1)]
		switch {
		case node == 0 || r.over:
			r.over = true
			return -1
		case node < 0:
			return int(-1 - node)
		}
	}
}
