package eval_test

import (
	"context"
	"fmt"
	"log"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
)

// A random network and raw pixels, judged by neighbours and by a probe.
func ExampleJudge() {
	train, test, err := eval.Open("scenes:?n=200&side=16", "scenes:?n=60&side=16")
	if err != nil {
		log.Fatal(err)
	}
	seen := eval.Views{Side: 16, Norm: data.HalfNorm}
	random := &eval.TrunkEncoder{Label: "random", Trunk: layers.ConvNet(tensor.NewRNG(1), 3, 8, layers.TrunkOptions{}), Input: seen}
	probe, err := eval.NewProtocol("probe?decays=1e-2&iterations=20")
	if err != nil {
		log.Fatal(err)
	}
	scores, err := eval.Judge(context.Background(), []eval.Encoder{random, eval.Pixels{Input: seen}}, train, test,
		[]eval.Protocol{eval.KNN{K: 5}, probe}, eval.Options{Last: true})
	if err != nil {
		log.Fatal(err)
	}
	for _, s := range scores {
		fmt.Println(s.Protocol, s.Features, s.Metric.Name, s.Value > 0, s.Metric.Predictor)
	}
	// Output:
	// knn random accuracy true largest class
	// probe random accuracy true largest class
	// knn pixels accuracy true largest class
	// probe pixels accuracy true largest class
}

// Sounds are looked for by images, in a space that both share: how good is the order in which they are found?
func ExampleRetrieval() {
	truth := data.Truth{Labels: classesOf{"drum", "horn"}}
	images := eval.Sample{Features: eval.Features{Pooled: &tensor.Tensor{Shape: []int{4, 2}, Data: []float32{1, 0, 0, 1, 2, 1, 1, 2}}, Index: []int{0, 1, 2, 3}}, Truth: truth}
	sounds := eval.Sample{Features: eval.Features{Pooled: &tensor.Tensor{Shape: []int{4, 2}, Data: []float32{3, 1, 1, 3, 5, 4, 4, 5}}, Index: []int{0, 1, 2, 3}}, Truth: truth}
	scores, err := eval.Retrieval{K: 2}.Directions(images, sounds)
	if err != nil {
		log.Fatal(err)
	}
	for _, s := range scores {
		fmt.Printf("%s %.2f, by chance %.2f\n", s.Metric.Name, s.Value, s.Trivial)
	}
	// Output:
	// nDCG@2 image to image 1.00, by chance 0.54
	// nDCG@2 image to sound 1.00, by chance 0.50
	// nDCG@2 sound to image 0.81, by chance 0.50
	// nDCG@2 sound to sound 0.82, by chance 0.54
}

// classesOf are classes that samples have in turn.
type classesOf []string

func (c classesOf) Classes() []string { return c }
func (c classesOf) Label(i int) int   { return i % len(c) }
