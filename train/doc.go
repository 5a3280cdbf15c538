// Package train is the one loop: steps, schedules, accumulation, checkpoints, resume, metrics, progress. It knows no task: a Learner
// makes steps of a data set, and each is given a Step, which trains, looks or measures.
//
// A run is a directory: run.json (configuration, seed, machine, versions, data), metrics.jsonl, TensorBoard events,
// checkpoints/step-*.safetensors and samples/*.png. Start with learner.go, then run.go, loop.go and step.go.
package train
