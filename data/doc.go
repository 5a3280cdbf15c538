// Package data reads, decodes, augments and batches samples in a seeded order. It has never heard of models.
//
// A Dataset is Inputs (pictures, films, sounds, texts) and, apart from them, Truth; Open makes one from a specification such as
// cifar10:DIR or folder:DIR. A Maker fills the rows of a batch, a Loader has its workers do so ahead of the consumer; what a row
// holds depends on the seed, the epoch and the sample, never on which worker made it.
//
// Start with source.go, then loader.go and view.go.
package data
