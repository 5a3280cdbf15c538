// Package spectrum turns recordings into what a network sees: resampling, Fourier transforms, spectrograms, mel bands, cepstra, and
// the ways to vary them. It knows nothing of files or models; a recording is a []float32 of one channel, usually within [-1, 1].
//
// Start with stft.go. fft.go is the transform below it, window.go the windows, mel.go the bands of hearing, decibel.go logarithms, cepstrum.go
// MFCC, resample.go changes the rate, augment.go varies sounds and spectrograms.
//
// A plan (FFT, STFT, Mel, Resampler, ...) is made once and serves several goroutines. Spectrograms are tensors [T F]: frames,
// then frequencies, the lowest first. Work is cut into frames by the shape of the problem alone, so that the result is the same bits
// with any number of workers.
//
// A NaN or an infinite sample spoils the frames and the outputs that it reaches and no others; it is never replaced. Check finds it.
package spectrum
