// Package eval judges features: protocols over encoders. An Encoder turns samples into features at named depths: a trunk, raw
// pixels, an array from a file. A Protocol learns from training features and their truth, and is scored on test features:
// nearest neighbours, linear probes, what neighbours have in common, places of joints, actions of films. Neither knows the other, and neither knows how
// the features were learned. A protocol that lets the trunk learn too (tune.go) is handed trunks. Every score carries the complete settings that made it.
//
// Start with encoder.go, then protocol.go, knn.go and probe.go; judge.go brings them together. svm.go, purity.go, clusters.go, keypoints.go and action.go each
// measure another thing; finetune.go and semi.go let all weights learn the classes, by tune.go and tune_fit.go; interval.go says how sure a score is; online.go is the probe that
// learns beside a run; rows.go reads what other programs made; plane.go draws maps. retrieval.go, cca.go and localise.go take features and heat maps of two kinds, such as images and
// sounds, and return scores: they are no protocols, for these see one kind.
package eval
