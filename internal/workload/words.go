package workload

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"

	"github.com/tessera-go/tessera/words"
)

// inMemory is one text.
type inMemory []byte

func (inMemory) Len() int                          { return 1 }
func (t inMemory) Open(int) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(t)), nil }

// zipfian returns a text of words that come as often as one over their rank, lines of 20, as the peers' benchmark has it.
func zipfian(vocabulary, length int) inMemory {
	rng := rand.New(rand.NewPCG(1, 1))
	sums := make([]float64, vocabulary)
	sum := 0.0
	for i := range sums {
		sum += 1 / float64(i+1)
		sums[i] = sum
	}
	var b bytes.Buffer
	for i := range length {
		at, u := 0, rng.Float64()*sum
		for step := vocabulary; step > 0; step /= 2 {
			for at+step <= vocabulary && sums[at+step-1] < u {
				at += step
			}
		}
		end := byte(' ')
		if i%20 == 19 {
			end = '\n'
		}
		fmt.Fprintf(&b, "w%d%c", min(at, vocabulary-1), end)
	}
	return b.Bytes()
}

// wordBenches are a pass over a text as word2vec makes it: reading, windows, negative samples, updates.
func wordBenches() []Item {
	const vocabulary, length = 50_000, 5_000_000
	var out []Item
	for _, free := range []bool{true, false} {
		id := "word2vec/cbow_neg5_d100_w5#file"
		if !free {
			id += "#exact"
		}
		out = append(out, Item{ID: id, slow: true, setup: func() func() {
			return wordPass(zipfian(vocabulary, length), words.Options{Loss: words.Negative, Dim: 100, Window: 5, Negatives: 5, Free: free})
		}})
	}
	return out
}

// wordPass returns a pass over a text with the rate that falls.
func wordPass(text inMemory, o words.Options) func() {
	var c words.Counting
	_, err := c.CountAll(text)
	var v *words.Vocabulary
	if err == nil {
		v, err = c.Vocabulary(5, 0)
	}
	if err != nil {
		panic(err)
	}
	n := words.NewNet(v, o, 1)
	return func() {
		const step = 10_000
		r := words.NewReader(text, v)
		defer r.Close()
		var buf []int32
		for first, total := int64(0), v.Kept(); ; {
			var k int
			if buf, k = r.Next(buf[:0], step); k == 0 {
				break
			}
			n.Learn(buf, uint64(first), 0.05*max(1e-4, float32(total-first)/float32(total)))
			first += int64(k)
		}
		if r.Err() != nil {
			panic(r.Err())
		}
	}
}
