// Package eval judges features: protocols over encoders. An Encoder turns samples into features at named depths: a trunk, raw
// pixels, an array from a file. A Protocol learns from training features and their truth, and is scored on test features:
// nearest neighbours, linear probes. Neither knows the other, and neither knows how the features were learned. Every score
// carries the complete settings that made it.
//
// Start with encoder.go, then protocol.go, knn.go and probe.go; judge.go brings them together.
package eval
