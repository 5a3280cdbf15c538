// Package pretext holds one self-supervised task a file, all with one anatomy: what is hidden, how it is sampled and which
// shortcut each trick defends against, the head, the loss, the metric against chance, and a picture of what the net saw and
// said. A task never sees a label, and does not know how it is judged.
//
// Start with task.go, then rotation.go.
package pretext
