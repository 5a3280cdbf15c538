// Package flow estimates and shows optical flow: where each point of a picture is in the next one. It knows nothing of files, films
// or models.
//
// A picture is a grey *tensor.Tensor [H W], 0 to 255. A flow is a *tensor.Tensor [H W 2]: how far each pixel of the first picture
// moves, in pixels, to the right and down.
//
// Start with farneback.go, which has the dense method (Farnebäck 2003); expansion.go, window.go and resample.go are its parts.
// lucaskanade.go follows single points (Lucas and Kanade 1981, Bouguet 2000) and corners.go finds points worth following (Shi and
// Tomasi 1994). colour.go draws a flow, warp.go undoes one and measures it.
//
// Work is cut into bands of rows by the shape of the picture alone, so that the result is the same bits with any number of workers.
package flow
