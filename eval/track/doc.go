// Package track carries what is known of a film's first frame to the frames behind it, by which places of frames have alike features, and measures how
// well: masks of objects, boxes, key points. It knows tensors alone: no files, no films, no networks.
//
// Start with propagation.go; decode.go makes masks, boxes and points of what it carries, region.go and boxes.go measure them as DAVIS and OTB do.
package track
