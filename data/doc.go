// Package data reads, decodes, augments and batches images in a seeded order. It has never heard of models.
//
// A Source hands out samples by number; Open makes one from a specification such as cifar10:DIR or folder:DIR. A Loader
// decodes and augments batches ahead of the consumer; what a sample looks like depends on the seed, the epoch and the
// sample, never on which worker made it.
//
// Start with source.go, then loader.go.
package data
