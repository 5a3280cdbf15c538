// Package cluster moves flat slices between the processes of a run, its ranks. It has never heard of gradients.
//
// A Group is what a launcher made of the processes: One of a single process, Loopback of goroutines, and in a build with the tag mpi the cluster's own MPI library,
// opened at run time. Whatever it is, sums are ours: they are made in a fixed tree, so that the number of ranks does not change their bits.
//
// Start with group.go, then mpi.go.
package cluster
