// Package train is the one loop: steps, schedules, checkpoints, resume, metrics, progress. It knows no task: an Objective
// makes the loss of a batch.
//
// A run is a directory: run.json (configuration, seed, machine, versions, data), metrics.jsonl, TensorBoard events,
// checkpoints/step-*.safetensors and samples/*.png. Start with run.go.
package train
