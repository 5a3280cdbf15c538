package optim

import "math"

// Schedule gives the learning rate of a step, or its weight decay, from 0 on.
type Schedule func(step int) float32

// Constant is always lr.
func Constant(lr float32) Schedule { return func(int) float32 { return lr } }

// Steps multiplies lr by gamma at each of the milestones.
func Steps(lr, gamma float32, milestones ...int) Schedule {
	return func(step int) float32 {
		r := lr
		for _, m := range milestones {
			if step >= m {
				r *= gamma
			}
		}
		return r
	}
}

// Cosine falls from lr to 0 over total steps along half a cosine (Loshchilov and Hutter 2017, without restarts).
func Cosine(lr float32, total int) Schedule { return CosineTo(lr, 0, total) }

// CosineTo goes from one value to another over total steps along half a cosine, up or down: a rate that does not end at 0, or DINO's weight decay.
func CosineTo(from, to float32, total int) Schedule {
	return func(step int) float32 {
		return float32(float64(to) + (float64(from)-float64(to))*0.5*(1+math.Cos(math.Pi*progress(step, total))))
	}
}

// LinearTo goes from one value to another over total steps, up or down.
func LinearTo(from, to float32, total int) Schedule {
	return func(step int) float32 {
		return float32(float64(from) + (float64(to)-float64(from))*progress(step, total))
	}
}

// Linear falls from lr to 0 over total steps, but not below least times lr.
func Linear(lr float32, total int, least float32) Schedule {
	return func(step int) float32 { return lr * max(float32(1-progress(step, total)), least) }
}

// Polynomial falls from lr to 0 over total steps as (1 - step/total)^power.
func Polynomial(lr float32, total int, power float64) Schedule {
	return func(step int) float32 {
		return float32(float64(lr) * math.Pow(1-progress(step, total), power))
	}
}

// Warmup multiplies the first n steps of s by 1/n, 2/n, ... 1: s counts its steps from the start, so that a cosine has begun to fall
// when the warm-up ends, and the rate never quite reaches its top. See WarmupThen.
func Warmup(n int, s Schedule) Schedule {
	return func(step int) float32 {
		r := s(step)
		if step < n {
			r *= float32(step+1) / float32(n)
		}
		return r
	}
}

// WarmupThen rises linearly to the top of s in n steps, top/n, 2·top/n, ... top, then follows s from its own start: the other of the two usual
// definitions (SimCLR, MoCo v3, PyTorch's SequentialLR of LinearLR and CosineAnnealingLR). s falls over the steps that are left.
func WarmupThen(n int, s Schedule) Schedule {
	return func(step int) float32 {
		if step < n {
			return s(0) * (float32(step+1) / float32(n))
		}
		return s(step - n)
	}
}

// OneCycle rises from peak/25 to peak over the first 30 % of total steps and falls to peak/250000, both along half a
// cosine (Smith and Topin 2019, as PyTorch has it).
func OneCycle(peak float32, total int) Schedule {
	up := 0.3*float64(total) - 1
	cos := func(from, to, p float64) float64 { return to + (from-to)/2*(1+math.Cos(math.Pi*math.Min(1, p))) }
	return func(step int) float32 {
		p := float64(peak)
		if s := float64(step); s <= up {
			return float32(cos(p/25, p, s/up))
		}
		return float32(cos(p, p/25/1e4, (float64(step)-up)/(float64(total-1)-up)))
	}
}

func progress(step, total int) float64 {
	if total <= 0 {
		return 1
	}
	return math.Min(1, float64(step)/float64(total))
}
