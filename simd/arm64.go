//go:build arm64 && !purego

package simd

// available lists the levels that this processor runs, best first. Every arm64 processor has NEON.
func available() []*kernels { return []*kernels{&neon} }

// The tiles of this architecture; 0 to 7 are the Go loops.
const (
	tileRow4x16NEON tileID = iota + 8
	tileCol4x16NEON
	tileRow1x16NEON
	tileCol1x16NEON
)

// runTile calls a tile. A switch, not function values: a pointer passed through a function value escapes, and each
// call would allocate its arguments.
func runTile(id tileID, g *gemmArgs) {
	switch id {
	case tileRow4x16NEON:
		gemmRow4x16NEON(g)
	case tileCol4x16NEON:
		gemmCol4x16NEON(g)
	case tileRow1x16NEON:
		gemmRow1x16NEON(g)
	case tileCol1x16NEON:
		gemmCol1x16NEON(g)
	default:
		goTile(g, int(id)&3+1, id >= 4)
	}
}

var neon = kernels{
	level:                  NEON,
	add:                    addNEON,
	sub:                    subNEON,
	mul:                    mulNEON,
	div:                    divNEON,
	scale:                  scaleNEON,
	axpy:                   axpyNEON,
	mulAdd:                 mulAddNEON,
	relu:                   reluNEON,
	reluGrad:               reluGradNEON,
	maximum:                maximumNEON,
	exp:                    expNEON,
	log:                    logNEON,
	sigmoid:                sigmoidNEON,
	tanh:                   tanhNEON,
	sum:                    sumNEON,
	dot:                    dotNEON,
	sumSquares:             sumSquaresNEON,
	max:                    maxNEON,
	affineRows:             affineRowsNEON,
	affineReLURows:         affineReLURowsNEON,
	affineAddRows:          affineAddRowsNEON,
	affineAddReLURows:      affineAddReLURowsNEON,
	normGradRows:           normGradRowsNEON,
	normGradReLURows:       normGradReLURowsNEON,
	momentRows:             momentRowsNEON,
	normGradSums:           normGradSumsNEON,
	normGradReLUSums:       normGradReLUSumsNEON,
	sumRows:                sumRowsNEON,
	stream:                 streamGo,
	fence:                  fenceGo,
	squaresAbout:           squaresAboutNEON,
	dotAbout:               dotAboutNEON,
	layerNormRow:           layerNormRowNEON,
	layerNormGradRow:       layerNormGradRowNEON,
	layerNormRowStream:     layerNormRowNEON,
	layerNormGradRowStream: layerNormGradRowNEON,
	clampedSum:             clampedSumNEON,
	clampedGrad:            clampedGradNEON,
	logistic:               logisticNEON,
	sgd:                    sgdNEON,
	sgdNesterov:            sgdNesterovNEON,
	adam:                   adamNEON,
	normGradSetRows:        normGradSetRowsNEON,
	normGradReLUSetRows:    normGradReLUSetRowsNEON,
	reluGradSet:            reluGradSetNEON,
	takeEqual:              takeEqualNEON,
	yCbCrToRGB:             yCbCrToRGBNEON,
	upsampleH2V2:           upsampleH2V2NEON,
	weightedRows:           weightedRowsNEON,
	weightedPixels:         weightedPixelsNEON,
	bilinear5:              bilinear5NEON,
	normalizePixels:        normalizePixelsNEON,
	gauss:                  gaussNEON,
	normCDF:                normCDFNEON,
	gelu:                   geluNEON,
	geluGrad:               geluGradNEON,
	copyRows:               copyRows16NEON,
	wordsMean:              wordsMeanNEON,
	wordsDot:               wordsDotNEON,
	wordsSlope:             wordsSlopeNEON,
	wordsUpdate:            wordsUpdateNEON,
	wordsAdd:               wordsAddNEON,
	wordsFetch:             wordsFetchNEON,
	fftPass:                [4]func(dre, dim, sre, sim, w *float32, s, m int){fft2NEON, fft3NEON, fft4NEON, fft5NEON},
	fftTurn:                fftTurnNEON,
	fftSplit:               fftSplitNEON,
	fftReal:                fftRealNEON,
	fftPower:               fftPowerNEON,
	winograd: [transforms]func(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int){
		WinogradInput4:      winogradInput4NEON,
		WinogradOutput4:     winogradOutput4NEON,
		WinogradOutput4Add:  winogradOutput4AddNEON,
		WinogradGrad4:       winogradGrad4NEON,
		WinogradWeight4:     winogradWeight4NEON,
		WinogradWeightGrad4: winogradWeightGrad4AddNEON,
		WinogradInput2:      winogradInput2NEON,
		WinogradOutput2:     winogradOutput2NEON,
		WinogradOutput2Add:  winogradOutput2AddNEON,
		WinogradGrad2:       winogradGrad2NEON,
		WinogradWeight2:     winogradWeight2NEON,
		WinogradWeightGrad2: winogradWeightGrad2AddNEON,
	},
	panel: 16,
	tiles: []tileSet{
		{width: 16, whole: true,
			rows: map[int]tileID{4: tileRow4x16NEON, 1: tileRow1x16NEON},
			cols: map[int]tileID{4: tileCol4x16NEON, 1: tileCol1x16NEON},
		},
	},
}

//go:noescape
func addNEON(dst, x, y []float32)

//go:noescape
func subNEON(dst, x, y []float32)

//go:noescape
func mulNEON(dst, x, y []float32)

//go:noescape
func divNEON(dst, x, y []float32)

//go:noescape
func scaleNEON(dst []float32, a float32, x []float32)

//go:noescape
func axpyNEON(y []float32, a float32, x []float32)

//go:noescape
func mulAddNEON(dst, x, y []float32)

//go:noescape
func reluNEON(dst, x []float32)

//go:noescape
func reluGradNEON(dx, dy, y []float32)

//go:noescape
func maximumNEON(dst, x, y []float32)

//go:noescape
func expNEON(dst []float32, a float32, x []float32)

//go:noescape
func logNEON(dst, x []float32)

//go:noescape
func sigmoidNEON(dst, x []float32)

//go:noescape
func tanhNEON(dst, x []float32)

//go:noescape
func sumNEON(x []float32) (ret float32)

//go:noescape
func dotNEON(x []float32, y []float32) (ret float32)

//go:noescape
func sumSquaresNEON(x []float32) (ret float32)

//go:noescape
func maxNEON(x []float32) (ret float32)

//go:noescape
func affineRowsNEON(dst, x, scale, shift []float32)

//go:noescape
func affineReLURowsNEON(dst, x, scale, shift []float32)

//go:noescape
func affineAddRowsNEON(dst, x, z, scale, shift []float32)

//go:noescape
func affineAddReLURowsNEON(dst, x, z, scale, shift []float32)

//go:noescape
func normGradRowsNEON(dx, dy, x, a, b, d []float32)

//go:noescape
func normGradReLURowsNEON(dx, dy, x, y, a, b, d []float32)

//go:noescape
func momentRowsNEON(sum, sumsq, x, shift []float32, rows int)

//go:noescape
func normGradSumsNEON(sum, dot, dy, x, mean []float32, rows int)

//go:noescape
func normGradReLUSumsNEON(sum, dot, dy, x, y, mean []float32, rows int)

//go:noescape
func sumRowsNEON(sum, x []float32, rows int)

//go:noescape
func squaresAboutNEON(x []float32, a float32) (ret float32)

//go:noescape
func dotAboutNEON(x, y, z []float32, a float32) (ret float32)

//go:noescape
func layerNormRowNEON(dst, x, gamma, beta []float32, mean, inv float32)

//go:noescape
func layerNormGradRowNEON(dx, dgamma, dbeta, dy, x, gamma []float32, mean, inv, b, d float32)

//go:noescape
func clampedSumNEON(x, t, w []float32, lo, hi, h float32) (ret float32)

//go:noescape
func clampedGradNEON(dx, x, t, w []float32, s, lo, hi float32)

//go:noescape
func logisticNEON(dst, x, t []float32)

//go:noescape
func sgdNEON(w, v, g []float32, lr, mu, wd float32)

//go:noescape
func sgdNesterovNEON(w, v, g []float32, lr, mu, wd float32)

//go:noescape
func adamNEON(w, m, v, g []float32, c1, b2, c2, rs, eps, step float32)

//go:noescape
func gemmRow4x16NEON(args *gemmArgs)

//go:noescape
func gemmCol4x16NEON(args *gemmArgs)

//go:noescape
func gemmRow1x16NEON(args *gemmArgs)

//go:noescape
func gemmCol1x16NEON(args *gemmArgs)

//go:noescape
func winogradInput4NEON(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)

//go:noescape
func winogradOutput4NEON(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)

//go:noescape
func winogradOutput4AddNEON(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)

//go:noescape
func winogradGrad4NEON(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)

//go:noescape
func winogradWeight4NEON(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)

//go:noescape
func winogradWeightGrad4AddNEON(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)

//go:noescape
func winogradInput2NEON(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)

//go:noescape
func winogradOutput2NEON(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)

//go:noescape
func winogradOutput2AddNEON(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)

//go:noescape
func winogradGrad2NEON(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)

//go:noescape
func winogradWeight2NEON(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)

//go:noescape
func winogradWeightGrad2AddNEON(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)

//go:noescape
func normGradSetRowsNEON(dx, dy, x, a, b, d []float32)

//go:noescape
func normGradReLUSetRowsNEON(dx, dy, x, y, a, b, d []float32)

//go:noescape
func reluGradSetNEON(dx, dy, y []float32)

//go:noescape
func takeEqualNEON(dx, g, x, y []float32)

//go:noescape
func yCbCrToRGBNEON(dst, y, cb, cr *uint8, n int)

//go:noescape
func upsampleH2V2NEON(dst, near, far *uint8, n int)

//go:noescape
func weightedRowsNEON(dst *float32, src *uint8, stride int, w *float32, taps, n int)

//go:noescape
func weightedPixelsNEON(dst *uint8, src *float32, first *int32, w *float32, taps, n int)

//go:noescape
func bilinear5NEON(dst *float32, stride int, src *float32, row int, at *int32, fx, fy *float32, n int)

//go:noescape
func normalizePixelsNEON(dst *float32, src *uint8, table *[48]float32, n int)

//go:noescape
func gaussNEON(dst, x []float32)

//go:noescape
func normCDFNEON(dst, x []float32)

//go:noescape
func geluNEON(dst, x []float32)

//go:noescape
func geluGradNEON(dx, dy, x []float32)

//go:noescape
func copyRows16NEON(dst, src *float32, ld, k int)

//go:noescape
func wordsMeanNEON(dst, table *float32, rows *int32, m, stride, n int, scale float32)

//go:noescape
func wordsDotNEON(dst, h, table *float32, rows *int32, k, stride, n, apart int)

//go:noescape
func wordsSlopeNEON(dst, x, p, want *float32, n int, rate float32, skip int)

//go:noescape
func wordsUpdateNEON(e, h, table *float32, rows *int32, by *float32, k, stride, n int)

//go:noescape
func wordsAddNEON(table *float32, rows *int32, e *float32, m, stride, n int)

//go:noescape
func wordsFetchNEON(table *float32, rows *int32, k, stride, n int)

//go:noescape
func fft2NEON(dre, dim, sre, sim, w *float32, s, m int)

//go:noescape
func fft3NEON(dre, dim, sre, sim, w *float32, s, m int)

//go:noescape
func fft4NEON(dre, dim, sre, sim, w *float32, s, m int)

//go:noescape
func fft5NEON(dre, dim, sre, sim, w *float32, s, m int)

//go:noescape
func fftTurnNEON(dre, dim, sre, sim, wre, wim *float32, rows, cols int)

//go:noescape
func fftSplitNEON(re, im, x, w *float32, n int)

//go:noescape
func fftRealNEON(dre, dim, zre, zim, wre, wim *float32, n int)

//go:noescape
func fftPowerNEON(dst, re, im *float32, n, root int)
