// Package dense judges feature maps by what can be predicted from them at each pixel: depths, surface normals, classes, heat maps of joints. A head, linear
// or of a few dilated convolutions, learns on each stage of a trunk that stays as it is (all heads at once, so that the trunk runs once), or with tune=yes on
// the last stage of a trunk that learns too.
//
// Start with learn.go, which all protocols share; pixels.go is what depth.go, normals.go and segment.go have in common, heatmap.go is of joints, draw.go
// shows what was predicted beside what is true. The measures are in metric/dense.go, those of joints in eval/keypoints.go.
package dense
