// Package eval measures features: nearest neighbours, linear probes, spread and rank. It does not know how the features
// were learned. Every score carries the complete settings that made it.
//
// Start with features.go, then knn.go and probe.go.
package eval
