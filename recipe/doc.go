// Package recipe turns what a person says into what is done: a task, a trunk and a data set become a training run; a run directory
// becomes an encoder again; a run becomes a comparison with random weights, raw pixels and supervision. It has never heard of flags,
// and prints nothing.
//
// Start with recipe.go.
package recipe
