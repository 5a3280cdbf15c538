package words

import (
	"encoding/binary"
	"math/bits"
)

// table finds words by an open hash of their keys. Nearly all words of a text are short, and of these the key is all there is to compare: one
// place in memory is touched for a word. Ids go from 1 on, in the order in which words came; where two would take one slot, the earlier has
// it, which mostly is the more frequent.
type table struct {
	slots []slot // a power of two of them
	text  []byte // all words, one after the other
	ends  []int  // of word id-1 in text; it begins where the one before ends
	shift uint
}

// slot is a place for a word; it is empty where the id is 0.
type slot struct {
	key
	id int32
	n  uint32 // how often the word was counted, modulo 2^32
}

// key are a word's bytes, where there are up to sixteen and no zero at either end: equal keys are equal words. Of other words it is a hash whose
// first byte is 0. It is zeros for no word only.
type key struct{ a, b uint64 }

func keyOf(word []byte) (k key) {
	switch n := len(word); {
	case n == 0:
	case n > 16 || word[0] == 0 || word[n-1] == 0:
		return hashed(word)
	case n > 8:
		k.a, k.b = binary.LittleEndian.Uint64(word), binary.LittleEndian.Uint64(word[n-8:])>>(8*(16-n)&63)
	default:
		k.a = upTo8(word)
	}
	return k
}

// hashed returns the key of a word that is too long for its bytes, eight of them at a time, the last ones of what is left.
func hashed(word []byte) key {
	h := uint64(len(word)) * 0x9e3779b97f4a7c15
	for ; len(word) > 8; word = word[8:] {
		h = scramble(h ^ binary.LittleEndian.Uint64(word))
	}
	return key{scramble(h^upTo8(word)) << 8, 1}
}

// upTo8 returns one to eight bytes as a number.
func upTo8(b []byte) uint64 {
	switch n := len(b); {
	case n == 8:
		return binary.LittleEndian.Uint64(b)
	case n >= 4:
		return uint64(binary.LittleEndian.Uint32(b)) | uint64(binary.LittleEndian.Uint32(b[n-4:]))<<(8*(n-4))
	default:
		return uint64(b[0]) | uint64(b[n/2])<<(8*(n/2)) | uint64(b[n-1])<<(8*(n-1))
	}
}

// scramble mixes 64 bits by a multiplication of 64 to 128 bits folded (Wang Yi, "wyhash").
func scramble(h uint64) uint64 {
	hi, lo := bits.Mul64(h^0xa0761d6478bd642f, 0xe7037ed1a0b428db)
	return hi ^ lo
}

// hash spreads keys, well in its upper bits: k.hash()>>t.shift is the slot that a key leads to. Loops over words look there themselves.
func (k *key) hash() uint64 {
	hi, lo := bits.Mul64(k.a^0xa0761d6478bd642f, k.b^0xe7037ed1a0b428db)
	return hi ^ lo
}

func (t *table) word(id int32) []byte {
	from := 0
	if id > 1 {
		from = t.ends[id-2]
	}
	return t.text[from:t.ends[id-1]]
}

// is tells whether a slot that has a word's key has the word.
func (t *table) is(s *slot, word []byte) bool {
	return byte(s.a) != 0 || string(t.word(s.id)) == string(word)
}

// find returns the slot of a word, or the empty one where it belongs. There are slots.
func (t *table) find(k key, word []byte) *slot {
	for i := int(k.hash() >> t.shift); ; i++ {
		s := &t.slots[i&(len(t.slots)-1)]
		if s.id == 0 || s.key == k && t.is(s, word) {
			return s
		}
	}
}

// add puts a word into the slot that find gave. Its slot may be another then; the new one is returned.
func (t *table) add(s *slot, k key, word []byte) *slot {
	t.text = append(t.text, word...)
	t.ends = append(t.ends, len(t.text))
	*s = slot{key: k, id: int32(len(t.ends))}
	if 3*len(t.ends) <= 2*len(t.slots) {
		return s
	}
	t.grow()
	return t.find(k, word)
}

// grow makes the table twice as large, a small one four times.
func (t *table) grow() {
	order := make([]int32, len(t.ends))
	for i := range t.slots {
		if id := t.slots[i].id; id != 0 {
			order[id-1] = int32(i)
		}
	}
	old := t.slots
	by := uint(1)
	if len(old) < 1<<17 {
		by = 2
	}
	t.slots, t.shift = make([]slot, len(old)<<by), t.shift-by
	for _, o := range order {
		i := int(old[o].hash() >> t.shift)
		for t.slots[i&(len(t.slots)-1)].id != 0 {
			i++
		}
		t.slots[i&(len(t.slots)-1)] = old[o]
	}
}

// tableFor returns a table that has room for so many words.
func tableFor(n int) table {
	size := 1 << 4
	for 2*size < 3*(n+1) {
		size *= 2
	}
	return table{slots: make([]slot, size), shift: uint(64 - bits.TrailingZeros(uint(size)))}
}
