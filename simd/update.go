package simd

import "math"

// SGD makes one step of gradient descent with momentum mu and weight decay wd (PyTorch's form, dampening 0):
//
//	g = fma(wd, w, g);  v = mu·v + g;  w = fma(-lr, v, w)
//
// g is not changed. All slices have w's length.
func SGD(w, v, g []float32, lr, mu, wd float32) { active.sgd(w, v[:len(w)], g[:len(w)], lr, mu, wd) }

// SGDNesterov is SGD with Nesterov's momentum: w = fma(-lr, g + mu·v, w).
func SGDNesterov(w, v, g []float32, lr, mu, wd float32) {
	active.sgdNesterov(w, v[:len(w)], g[:len(w)], lr, mu, wd)
}

// Adam makes one step (Kingma and Ba 2015, algorithm 1, bias corrections folded into rs and step):
//
//	m = m + c1·(g - m);  v = b2·v + (c2·g)·g;  w = w - step·m/(rs·√v + eps)
//
// with c1 = 1-β1, b2 = β2, c2 = 1-β2, rs = 1/√(1-β2ᵗ), step = lr/(1-β1ᵗ).
func Adam(w, m, v, g []float32, c1, b2, c2, rs, eps, step float32) {
	active.adam(w, m[:len(w)], v[:len(w)], g[:len(w)], c1, b2, c2, rs, eps, step)
}

func sgdGo(w, v, g []float32, lr, mu, wd float32) {
	for i := range w {
		e := fma(wd, w[i], g[i])
		v[i] = float32(mu*v[i]) + e
		w[i] = fma(-lr, v[i], w[i])
	}
}

func sgdNesterovGo(w, v, g []float32, lr, mu, wd float32) {
	for i := range w {
		e := fma(wd, w[i], g[i])
		v[i] = float32(mu*v[i]) + e
		w[i] = fma(-lr, fma(mu, v[i], e), w[i])
	}
}

func adamGo(w, m, v, g []float32, c1, b2, c2, rs, eps, step float32) {
	for i := range w {
		m[i] = fma(c1, g[i]-m[i], m[i])
		v[i] = fma(float32(c2*g[i]), g[i], float32(b2*v[i]))
		d := float32(rs*float32(math.Sqrt(float64(v[i])))) + eps
		w[i] = fma(-step, m[i]/d, w[i])
	}
}
