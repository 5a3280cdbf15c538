package spectrum

import (
	"math"

	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/simd"
	"github.com/tessera-go/tessera/tensor"
)

// elementsAtOnce is how many numbers a worker takes of a whole tensor.
const elementsAtOnce = 1 << 14

// Log sets dst to log(max(x, floor)), the natural logarithm of values clamped from below, floor > 0. NaN stays. dst may be x.
func Log(dst, x *tensor.Tensor, floor float32) {
	const op = "Log"
	wantShape(op, "the result", dst.Shape, x.Shape...)
	if !(floor > 0) {
		fail(op, "floor %g, want a number above 0", floor)
	}
	parallel.Chunks(len(x.Data), elementsAtOnce, func(lo, hi int) {
		d := dst.Data[lo:hi]
		for i, v := range x.Data[lo:hi] {
			if v < floor {
				v = floor
			}
			d[i] = v
		}
		simd.Log(d, d)
	})
}

// LogPlus sets dst to log(x + a), a > 0, the other usual way to keep silence finite. dst may be x.
func LogPlus(dst, x *tensor.Tensor, a float32) {
	const op = "LogPlus"
	wantShape(op, "the result", dst.Shape, x.Shape...)
	if !(a > 0) {
		fail(op, "offset %g, want a number above 0", a)
	}
	parallel.Chunks(len(x.Data), elementsAtOnce, func(lo, hi int) {
		d := dst.Data[lo:hi]
		for i, v := range x.Data[lo:hi] {
			d[i] = v + a
		}
		simd.Log(d, d)
	})
}

// DecibelOptions are the ways to say powers in decibels.
type DecibelOptions struct {
	Reference float32 // the power of 0 dB; 0 means 1
	Loudest   bool    // 0 dB is the largest value instead
	Floor     float32 // smaller powers are taken as this; 0 means 1e-10
	Range     float32 // dB below the largest value at which values are clamped, 80 in librosa; 0 means none
}

// PowerToDB sets dst to 10·log10(x/reference), x clamped from below. dst may be x.
func PowerToDB(dst, x *tensor.Tensor, o DecibelOptions) {
	const op = "PowerToDB"
	wantShape(op, "the result", dst.Shape, x.Shape...)
	if o.Floor == 0 {
		o.Floor = 1e-10
	}
	if o.Reference == 0 {
		o.Reference = 1
	}
	if !(o.Floor > 0) || !(o.Reference > 0) || !(o.Range >= 0) {
		fail(op, "floor %g, reference %g, range %g, want none below 0", o.Floor, o.Reference, o.Range)
	}
	if len(x.Data) == 0 {
		return
	}
	top := max(simd.Max(x.Data), o.Floor)
	if o.Loudest {
		o.Reference = top
	}
	const scale = float32(10 / math.Ln10)
	logs := []float32{max(o.Reference, o.Floor), top} // by the function that the values go through: what equals the reference is exactly 0 dB
	simd.Log(logs, logs)
	least := float32(math.Inf(-1))
	if o.Range > 0 {
		least = (logs[1]-logs[0])*scale - o.Range
	}
	Log(dst, x, o.Floor)
	parallel.Chunks(len(dst.Data), elementsAtOnce, func(lo, hi int) {
		d := dst.Data[lo:hi]
		for i, v := range d {
			v = (v - logs[0]) * scale
			if v < least {
				v = least
			}
			d[i] = v
		}
	})
}
