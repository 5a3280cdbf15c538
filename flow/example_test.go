package flow_test

import (
	"fmt"
	"math"

	"github.com/tessera-go/tessera/flow"
	"github.com/tessera-go/tessera/tensor"
)

// ripples is a picture of 60 by 80 pixels, moved by 2 pixels to the right and 1 down for each unit of time.
func ripples(time float64) *tensor.Tensor {
	p := tensor.New(60, 80)
	for y := range 60 {
		for x := range 80 {
			u, v := float64(x)-2*time, float64(y)-time
			p.Set(float32(128+60*math.Sin(0.3*u+0.1*v)+60*math.Sin(0.4*v-0.1*u)), y, x)
		}
	}
	return p
}

func ExampleFarneback() {
	f := flow.Farneback(ripples(0), ripples(1), flow.FarnebackOptions{})
	fmt.Printf("%.2f to the right, %.2f down\n", f.At(30, 40, 0), f.At(30, 40, 1))
	// Output: 2.00 to the right, 1.00 down
}

// A film: what an Estimator learns of a picture serves as its second and as its first.
func ExampleEstimator() {
	e := flow.NewEstimator(flow.FarnebackOptions{})
	f := tensor.New(60, 80, 2)
	for t := range 4 {
		if e.Next(f, ripples(float64(t*t)/4)) {
			fmt.Printf("%.1f pixels\n", flow.Magnitude(f))
		}
	}
	// Output:
	// 0.6 pixels
	// 1.7 pixels
	// 2.8 pixels
}

func ExampleLucasKanade() {
	prev, next := ripples(0), ripples(1)
	points := []flow.Point{{X: 40, Y: 30}}
	track := flow.LucasKanade(prev, next, points, flow.LucasKanadeOptions{})[0]
	fmt.Printf("found: %v, %.2f to the right, %.2f down\n", track.Found, track.X-points[0].X, track.Y-points[0].Y)
	// Output: found: true, 2.00 to the right, 1.00 down
}

func ExampleColour() {
	fmt.Println(flow.Colour(tensor.From([]float32{0, 0, 3, 0, 0, 3, -3, 0}, 2, 2, 2), 3))
	// Output: [255 255 255 255 0 0 255 229 0 0 209 255]
}

func ExampleWarp() {
	next := tensor.From([]float32{10, 20, 30, 40}, 1, 4)
	fmt.Println(flow.Warp(next, tensor.From([]float32{1, 0, 1, 0, 0.5, 0, 1, 0}, 1, 4, 2)).Data)
	// Output: [20 30 35 40]
}

func ExampleCorners() {
	p := tensor.New(30, 40)
	for y := 8; y < 20; y++ {
		for x := 10; x < 40; x++ {
			p.Set(200, y, x)
		}
	}
	fmt.Println(len(flow.Corners(p, flow.CornerOptions{})), "corners of a bar that leaves the picture")
	// Output: 2 corners of a bar that leaves the picture
}
