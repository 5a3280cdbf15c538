// Package detect judges trunks by finding objects: a detector of boxes and classes learns on a trunk's maps, the trunk frozen or learning with it, and is
// scored by the average precision of Pascal VOC and COCO.
//
// Start with detect.go, the protocol; seen.go is what a detector is shown, and where the objects are in it; pyramid.go makes maps of several strides of a
// trunk's stages. onestage.go is the detector without anchors (FCOS), rcnn.go the one that looks twice (Faster R-CNN), rpn.go what proposes to it, anchors.go where. boxes.go
// is the arithmetic of boxes; learn.go the loop and what a detector finds, scores.go its scores, picture.go how they are drawn, keep.go the detector as a file.
package detect
