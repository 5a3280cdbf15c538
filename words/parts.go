package words

// parts are the rows of words' parts: their n-grams of characters between < and >, hashed to buckets (Bojanowski, Grave, Joulin, Mikolov 2017, section 3.2).
type parts struct {
	words, minN, maxN, buckets int
	list                       []int32 // of each word: its own row and those of its parts
	ends                       []int
}

func newParts(v *Vocabulary, o Options) *parts {
	p := &parts{words: len(v.Words), minN: o.MinN, maxN: o.MaxN, buckets: o.Buckets}
	for i, w := range v.Words {
		p.list = p.rows(w, append(p.list, int32(i)))
		p.ends = append(p.ends, len(p.list))
	}
	return p
}

// of returns the rows of a word of the vocabulary.
func (p *parts) of(word int32) []int32 {
	from := 0
	if word > 0 {
		from = p.ends[word-1]
	}
	return p.list[from:p.ends[word]]
}

// rows adds the rows of a word's parts. A whole word with its brackets is one of them where it is short enough, a bracket alone is not: as fastText has
// it.
func (p *parts) rows(word string, to []int32) []int32 {
	w := "<" + word + ">"
	start := func(i int) bool { return w[i]&0xc0 != 0x80 } // of a character
	for i := range len(w) {
		if !start(i) {
			continue
		}
		for j, n := i, 1; j < len(w) && n <= p.maxN; n++ {
			j++
			for j < len(w) && !start(j) {
				j++
			}
			if n >= p.minN && !(n == 1 && (i == 0 || j == len(w))) {
				to = append(to, int32(p.words+int(fnv(w[i:j])%uint32(p.buckets))))
			}
		}
	}
	return to
}

// fnv is the hash FNV-1a of 32 bits as fastText has it, which reads a byte as a number with a sign.
func fnv(s string) uint32 {
	h := uint32(2166136261)
	for i := range len(s) {
		h = (h ^ uint32(int8(s[i]))) * 16777619
	}
	return h
}
