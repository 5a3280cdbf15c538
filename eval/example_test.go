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
