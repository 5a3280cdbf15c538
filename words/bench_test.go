package words

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/tessera-go/tessera/internal/parallel"
)

// zipfian returns a vocabulary of words that come as often as 1 over their rank, and a text of them in lines of 20.
func zipfian(words, length int) (*Vocabulary, []int32) {
	v := &Vocabulary{}
	sums := make([]float64, words)
	var sum float64
	for i := range words {
		sum += 1 / float64(i+1)
		sums[i] = sum
		v.Words = append(v.Words, fmt.Sprintf("w%d", i))
	}
	for i := range words {
		v.Counts = append(v.Counts, max(5, int64(float64(length)/float64(i+1)/sum)))
	}
	v.build()
	rng := rand.New(rand.NewPCG(1, 2))
	weight := make([]float64, words)
	for i := range weight {
		weight[i] = 1 / float64(i+1)
	}
	a := newAlias(weight)
	text := make([]int32, 0, length)
	d := draws(rng.Uint64())
	for i := range length {
		if i%20 == 19 {
			text = append(text, -1)
		}
		text = append(text, a.draw(&d))
	}
	return v, text
}

// BenchmarkLearn is what bench_others.py asks of gensim: 50,000 words, nothing left out.
func BenchmarkLearn(b *testing.B) {
	const step = 10000
	v, text := zipfian(50000, 200*step)
	for _, o := range []Options{{Loss: Negative}, {Loss: Negative, SkipGram: true}, {Loss: Tree}, {Loss: Tree, SkipGram: true}} {
		o.Dim, o.Window, o.Negatives = 100, 5, 5
		for _, workers := range []int{1, 2, -2} {
			name := fmt.Sprintf("%s/skipgram=%v/workers=%d", o.Loss, o.SkipGram, max(workers, -workers))
			if o.Free = workers < 0; o.Free {
				name += "/free"
			}
			b.Run(name, func(b *testing.B) {
				defer parallel.SetWorkers(parallel.Workers())
				parallel.SetWorkers(max(workers, -workers))
				n := NewNet(v, o, 1)
				k := 0
				for b.Loop() {
					from := k % 200 * step
					n.Learn(text[from:from+step], uint64(k*step), 0.025)
					k++
				}
				b.ReportMetric(float64(k*step)/b.Elapsed().Seconds(), "words/s")
			})
		}
	}
}
