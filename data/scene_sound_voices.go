package data

import "math"

// soundClasses are what is seen and heard in films with sound.
var soundClasses = []string{"drum", "bell", "wood block", "cymbal", "glass", "guitar", "maraca", "ball"}

// soundVoices stand in the order of soundClasses: what one of a size sounds like, where 1 is usual. Twice the size is half the pitch.
var soundVoices = []func(r draws, size float64) (v voice, pitch float64){drumVoice, bellVoice, blockVoice, cymbalVoice, glassVoice, guitarVoice, maracaVoice, ballVoice}

// pitched returns the pitch of one of a size: some are tuned a little higher than others.
func pitched(r draws, usual, size float64) float64 { return float64(usual*r.u(0.96, 1.04)) / size }

// ringing returns modes at multiples of a pitch. A mode fades faster the higher it is: by the multiple's square root. No two things have their modes
// excited quite alike.
func ringing(r draws, pitch, fade float64, multiples, amps []float64) (out []mode) {
	for i, k := range multiples {
		out = append(out, mode{float64(pitch * k), float64(amps[i] * r.u(0.7, 1.3)), fade / math.Sqrt(k)})
	}
	return out
}

// drumVoice has the modes of a round skin (zeros of Bessel functions over the first; Fletcher and Rossing, "The Physics of Musical Instruments") and
// the noise of the stick.
func drumVoice(r draws, size float64) (voice, float64) {
	pitch := pitched(r, 150, size)
	v := voice{contact: r.u(0.0018, 0.003), after: r.u(0.03, 0.05)}
	v.modes = ringing(r, pitch, r.u(0.35, 0.6), []float64{1, 1.594, 2.136, 2.296, 2.653, 2.918, 3.156, 3.501, 3.6}, []float64{1, 0.7, 0.5, 0.45, 0.35, 0.3, 0.25, 0.2, 0.2})
	v.hiss = []mode{{float64(6 * pitch), 0.2, 0.004}}
	return v, pitch
}

// bellVoice has a bell's partials: hum, prime, tierce, quint, nominal and those above.
func bellVoice(r draws, size float64) (voice, float64) {
	pitch := pitched(r, 520, size)
	v := voice{contact: r.u(0.0005, 0.0009)}
	v.modes = ringing(r, pitch, r.u(1.4, 2.4), []float64{0.5, 1, 1.2, 1.5, 2, 2.5, 2.67, 3, 4, 5.33, 6.67},
		[]float64{0.5, 0.8, 0.9, 0.4, 1, 0.5, 0.5, 0.6, 0.5, 0.35, 0.2})
	return v, pitch
}

// blockVoice has the modes of a bar that is free at both ends: as the squares of 3.011, 5, 7 and 9.
func blockVoice(r draws, size float64) (voice, float64) {
	pitch := pitched(r, 820, size)
	v := voice{contact: r.u(0.0007, 0.0012)}
	v.modes = ringing(r, pitch, r.u(0.06, 0.1), []float64{1, 2.756, 5.404, 8.933}, []float64{1, 0.5, 0.25, 0.1})
	return v, pitch
}

// cymbalVoice has as many modes as a thin plate has: as dense in the treble as in the bass.
func cymbalVoice(r draws, size float64) (voice, float64) {
	pitch := pitched(r, 340, size)
	v := voice{contact: r.u(0.00012, 0.00018)}
	for k := range 30 {
		f := float64(pitch * (1 + float64(0.5*float64(k)) + r.u(-0.2, 0.2)))
		v.modes = append(v.modes, mode{f, float64(r.u(0.6, 1)), float64(r.u(0.7, 1.3) * 1.1)})
	}
	return v, pitch
}

// glassVoice has the modes of a wine glass, of two to five waves about its rim.
func glassVoice(r draws, size float64) (voice, float64) {
	pitch := pitched(r, 1350, size)
	v := voice{contact: r.u(0.0003, 0.0005)}
	v.modes = ringing(r, pitch, r.u(0.6, 1.1), []float64{1, 2.32, 4.25, 6.63}, []float64{1, 0.35, 0.2, 0.1})
	return v, pitch
}

// guitarVoice has harmonics as a string that is plucked at a part of its length: sin(πkβ)/k, a little stretched.
func guitarVoice(r draws, size float64) (voice, float64) {
	pitch := pitched(r, 165, size)
	v := voice{contact: r.u(0.0004, 0.0007)}
	at, fade := r.u(0.12, 0.28), r.u(0.9, 1.5)
	for k := 1.0; k <= 22; k++ {
		s, _ := sincos(float64(math.Pi * k * at))
		f := float64(pitch * k * (1 + float64(0.0002*k*k)))
		v.modes = append(v.modes, mode{f, float64(1.5*s) / k, fade / (1 + float64(0.07*k))})
	}
	return v, pitch
}

// maracaVoice is grains in a hollow gourd (Cook, "Physically Informed Sonic Modeling (PhISM)", 1997): noise in two broad bands.
func maracaVoice(r draws, size float64) (voice, float64) {
	pitch := pitched(r, 2900, size)
	v := voice{contact: 0.001}
	v.hiss = []mode{{pitch, 0.7, r.u(0.003, 0.005)}, {float64(pitch * r.u(1.5, 1.7)), 0.6, r.u(0.002, 0.004)}}
	return v, pitch
}

// ballVoice is a solid ball that rolls on wood: noise in the wood's bands.
func ballVoice(r draws, size float64) (voice, float64) {
	pitch := pitched(r, 230, size)
	v := voice{contact: 0.001}
	v.hiss = []mode{{pitch, 1, r.u(0.02, 0.04)}, {float64(pitch * r.u(2.1, 2.5)), 0.6, r.u(0.01, 0.02)}, {float64(pitch * r.u(4.1, 4.6)), 0.25, 0.008}}
	return v, pitch
}
