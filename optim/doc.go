// Package optim holds update rules, learning-rate schedules, clipping and the moving average of weights, over named
// parameters and gradients. It does not know what the model is.
//
// Start with optim.go.
package optim
