package track

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/tensor"
)

// propagationRef is Propagation as its comment says it: labels of frame t from those of all frames before it.
func propagationRef(features, labels []*tensor.Tensor, o Options) *tensor.Tensor {
	o = o.filled()
	t := len(labels)
	h, w, c, l := features[0].Dim(0), features[0].Dim(1), features[0].Dim(2), labels[0].Dim(2)
	out := tensor.New(h, w, l)
	type candidate struct {
		cosine float32
		labels []float32
	}
	for y := range h {
		for x := range w {
			var all []candidate
			for s := range t {
				radius := o.Radius
				if s == 0 {
					radius = o.FirstRadius
				} else if s < t-o.Context {
					continue
				}
				for v := range h {
					for u := range w {
						if radius > 0 && (v-y)*(v-y)+(u-x)*(u-x) >= radius*radius {
							continue
						}
						dot := float32(0)
						for k := range c {
							dot += features[t].At(y, x, k) * features[s].At(v, u, k)
						}
						all = append(all, candidate{dot, labels[s].Data[(v*w+u)*l:][:l]})
					}
				}
			}
			slices.SortStableFunc(all, func(a, b candidate) int {
				switch {
				case a.cosine > b.cosine:
					return -1
				case a.cosine < b.cosine:
					return 1
				}
				return 0
			})
			all = all[:min(o.TopK, len(all))]
			for k := range l {
				sum, total := 0.0, 0.0
				for _, a := range all {
					weight := math.Exp(float64(a.cosine-all[0].cosine) / float64(o.Temperature))
					total += weight
					sum += weight * float64(a.labels[k])
				}
				if v := sum / total; v >= nothing {
					out.Set(float32(v), y, x, k)
				}
			}
		}
	}
	return out
}

// film returns features of frames whose products are exact, so that no order of sums matters, with many equal ones among them, and labels of the first.
func film(rng *tensor.RNG, frames, h, w, c, l int) (features []*tensor.Tensor, labels *tensor.Tensor) {
	still := tensor.New(h, w, c)
	for i := range still.Data {
		still.Data[i] = float32(rng.IntN(9)-4) / 16
	}
	for range frames {
		f := still.Clone()
		for range h * w / 4 {
			f.Data[rng.IntN(len(f.Data))] = float32(rng.IntN(9)-4) / 16
		}
		features = append(features, f)
	}
	labels = tensor.New(h, w, l)
	for k := range l {
		y, x := rng.IntN(h), rng.IntN(w)
		labels.Set(1, y, x, k)
		labels.Set(0.5, y, max(x-1, 0), k)
	}
	return features, labels
}

// TestPropagation: the labels of every frame are those of the slow reference, bit for bit, with any number of threads.
func TestPropagation(t *testing.T) {
	defer parallel.SetWorkers(parallel.Workers())
	for _, o := range []Options{{}, {Radius: 3}, {Radius: 2, Context: 2, TopK: 3}, {Context: -1, TopK: 1}, {Radius: -1, TopK: 5}, {Radius: 3, FirstRadius: 4, Temperature: 0.5},
		{Radius: 1, FirstRadius: 1, TopK: 100}} {
		for _, size := range [][5]int{{5, 9, 13, 4, 2}, {4, 1, 1, 3, 1}, {5, 10, 21, 8, 3}, {3, 17, 19, 3, 1}} {
			features, first := film(tensor.NewRNG(uint64(size[1])), size[0], size[1], size[2], size[3], size[4])
			var one []*tensor.Tensor
			for _, threads := range []int{1, 3} {
				parallel.SetWorkers(threads)
				p := NewPropagation(features[0], first, o)
				labels := []*tensor.Tensor{first}
				for k, f := range features[1:] {
					got := p.Next(f)
					if threads == 1 {
						if want := propagationRef(features, labels, o); !slices.Equal(got.Data, want.Data) {
							t.Fatalf("%+v of %v, frame %d: labels differ from the reference's", o, size, k+1)
						}
					} else if !slices.Equal(got.Data, one[k+1].Data) {
						t.Fatalf("%+v of %v, frame %d: other bits with %d threads", o, size, k+1, threads)
					}
					labels = append(labels, got)
				}
				one = labels
			}
		}
	}
}

// BenchmarkNext is a frame of 480 by 854 pixels at stride 8, an object on a tenth of it, features of ResNet-18's layer2 or layer3, noise about what the frame
// before had.
func BenchmarkNext(b *testing.B) {
	for _, c := range []int{128, 256} {
		b.Run(fmt.Sprint("60x107x", c), func(b *testing.B) {
			const h, w = 60, 107
			rng := tensor.NewRNG(1)
			still, noise := tensor.New(h*w, c), tensor.New(h*w, c)
			rng.FillNormal(still, 0, 1)
			next := func() *tensor.Tensor {
				rng.FillNormal(noise, 0, 0.3)
				f, unit := still.Clone(), tensor.New(h*w, c)
				tensor.Add(f, f, noise)
				tensor.L2Normalize(unit, f, make([]float32, h*w), 1e-12)
				return unit.Reshape(h, w, c)
			}
			labels := tensor.New(h, w, 1)
			for y := 20; y < 40; y++ {
				for x := 30; x < 62; x++ {
					labels.Set(1, y, x, 0)
				}
			}
			p := NewPropagation(next(), labels, Options{})
			for range 8 {
				p.Next(next())
			}
			f := next()
			b.ResetTimer()
			for range b.N {
				p.Next(f)
			}
		})
	}
}
