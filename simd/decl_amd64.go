//go:build amd64 && !purego

package simd

// The kernels of this architecture's assembly, which amd64.go puts in tables.

//go:noescape
func addAVX512(dst, x, y []float32)

//go:noescape
func subAVX512(dst, x, y []float32)

//go:noescape
func mulAVX512(dst, x, y []float32)

//go:noescape
func divAVX512(dst, x, y []float32)

//go:noescape
func scaleAVX512(dst []float32, a float32, x []float32)

//go:noescape
func axpyAVX512(y []float32, a float32, x []float32)

//go:noescape
func mulAddAVX512(dst, x, y []float32)

//go:noescape
func reluAVX512(dst, x []float32)

//go:noescape
func reluGradAVX512(dx, dy, y []float32)

//go:noescape
func maximumAVX512(dst, x, y []float32)

//go:noescape
func expAVX512(dst []float32, a float32, x []float32)

//go:noescape
func logAVX512(dst, x []float32)

//go:noescape
func sigmoidAVX512(dst, x []float32)

//go:noescape
func tanhAVX512(dst, x []float32)

//go:noescape
func sumAVX512(x []float32) (ret float32)

//go:noescape
func dotAVX512(x []float32, y []float32) (ret float32)

//go:noescape
func sumSquaresAVX512(x []float32) (ret float32)

//go:noescape
func maxAVX512(x []float32) (ret float32)

//go:noescape
func affineRowsAVX512(dst, x, scale, shift []float32)

//go:noescape
func affineReLURowsAVX512(dst, x, scale, shift []float32)

//go:noescape
func affineAddRowsAVX512(dst, x, z, scale, shift []float32)

//go:noescape
func affineAddReLURowsAVX512(dst, x, z, scale, shift []float32)

//go:noescape
func normGradRowsAVX512(dx, dy, x, a, b, d []float32)

//go:noescape
func normGradReLURowsAVX512(dx, dy, x, y, a, b, d []float32)

//go:noescape
func momentRowsAVX512(sum, sumsq, x, shift []float32, rows int)

//go:noescape
func normGradSumsAVX512(sum, dot, dy, x, mean []float32, rows int)

//go:noescape
func normGradReLUSumsAVX512(sum, dot, dy, x, y, mean []float32, rows int)

//go:noescape
func sumRowsAVX512(sum, x []float32, rows int)

//go:noescape
func squaresAboutAVX512(x []float32, a float32) (ret float32)

//go:noescape
func dotAboutAVX512(x, y, z []float32, a float32) (ret float32)

//go:noescape
func layerNormRowAVX512(dst, x, gamma, beta []float32, mean, inv float32)

//go:noescape
func layerNormGradRowAVX512(dx, dgamma, dbeta, dy, x, gamma []float32, mean, inv, b, d float32)

//go:noescape
func clampedSumAVX512(x, t, w []float32, lo, hi, h float32) (ret float32)

//go:noescape
func clampedGradAVX512(dx, x, t, w []float32, s, lo, hi float32)

//go:noescape
func logisticAVX512(dst, x, t []float32)

//go:noescape
func sgdAVX512(w, v, g []float32, lr, mu, wd float32)

//go:noescape
func sgdNesterovAVX512(w, v, g []float32, lr, mu, wd float32)

//go:noescape
func adamAVX512(w, m, v, g []float32, c1, b2, c2, rs, eps, step float32)

//go:noescape
func gemmRow14x32AVX512(args *gemmArgs)

//go:noescape
func gemmCol14x32AVX512(args *gemmArgs)

//go:noescape
func gemmRow8x32AVX512(args *gemmArgs)

//go:noescape
func gemmCol8x32AVX512(args *gemmArgs)

//go:noescape
func gemmRow7x32AVX512(args *gemmArgs)

//go:noescape
func gemmCol7x32AVX512(args *gemmArgs)

//go:noescape
func gemmRow4x32AVX512(args *gemmArgs)

//go:noescape
func gemmCol4x32AVX512(args *gemmArgs)

//go:noescape
func gemmRow2x32AVX512(args *gemmArgs)

//go:noescape
func gemmCol2x32AVX512(args *gemmArgs)

//go:noescape
func gemmRow1x32AVX512(args *gemmArgs)

//go:noescape
func gemmCol1x32AVX512(args *gemmArgs)

//go:noescape
func gemmRow14x16AVX512(args *gemmArgs)

//go:noescape
func gemmCol14x16AVX512(args *gemmArgs)

//go:noescape
func gemmRow8x16AVX512(args *gemmArgs)

//go:noescape
func gemmCol8x16AVX512(args *gemmArgs)

//go:noescape
func gemmRow7x16AVX512(args *gemmArgs)

//go:noescape
func gemmCol7x16AVX512(args *gemmArgs)

//go:noescape
func gemmRow4x16AVX512(args *gemmArgs)

//go:noescape
func gemmCol4x16AVX512(args *gemmArgs)

//go:noescape
func gemmRow2x16AVX512(args *gemmArgs)

//go:noescape
func gemmCol2x16AVX512(args *gemmArgs)

//go:noescape
func gemmRow1x16AVX512(args *gemmArgs)

//go:noescape
func gemmCol1x16AVX512(args *gemmArgs)

//go:noescape
func addAVX2(dst, x, y []float32)

//go:noescape
func subAVX2(dst, x, y []float32)

//go:noescape
func mulAVX2(dst, x, y []float32)

//go:noescape
func divAVX2(dst, x, y []float32)

//go:noescape
func scaleAVX2(dst []float32, a float32, x []float32)

//go:noescape
func axpyAVX2(y []float32, a float32, x []float32)

//go:noescape
func mulAddAVX2(dst, x, y []float32)

//go:noescape
func reluAVX2(dst, x []float32)

//go:noescape
func reluGradAVX2(dx, dy, y []float32)

//go:noescape
func maximumAVX2(dst, x, y []float32)

//go:noescape
func expAVX2(dst []float32, a float32, x []float32)

//go:noescape
func logAVX2(dst, x []float32)

//go:noescape
func sigmoidAVX2(dst, x []float32)

//go:noescape
func tanhAVX2(dst, x []float32)

//go:noescape
func sumAVX2(x []float32) (ret float32)

//go:noescape
func dotAVX2(x []float32, y []float32) (ret float32)

//go:noescape
func sumSquaresAVX2(x []float32) (ret float32)

//go:noescape
func maxAVX2(x []float32) (ret float32)

//go:noescape
func affineRowsAVX2(dst, x, scale, shift []float32)

//go:noescape
func affineReLURowsAVX2(dst, x, scale, shift []float32)

//go:noescape
func affineAddRowsAVX2(dst, x, z, scale, shift []float32)

//go:noescape
func affineAddReLURowsAVX2(dst, x, z, scale, shift []float32)

//go:noescape
func normGradRowsAVX2(dx, dy, x, a, b, d []float32)

//go:noescape
func normGradReLURowsAVX2(dx, dy, x, y, a, b, d []float32)

//go:noescape
func momentRowsAVX2(sum, sumsq, x, shift []float32, rows int)

//go:noescape
func normGradSumsAVX2(sum, dot, dy, x, mean []float32, rows int)

//go:noescape
func normGradReLUSumsAVX2(sum, dot, dy, x, y, mean []float32, rows int)

//go:noescape
func sumRowsAVX2(sum, x []float32, rows int)

//go:noescape
func squaresAboutAVX2(x []float32, a float32) (ret float32)

//go:noescape
func dotAboutAVX2(x, y, z []float32, a float32) (ret float32)

//go:noescape
func layerNormRowAVX2(dst, x, gamma, beta []float32, mean, inv float32)

//go:noescape
func layerNormGradRowAVX2(dx, dgamma, dbeta, dy, x, gamma []float32, mean, inv, b, d float32)

//go:noescape
func clampedSumAVX2(x, t, w []float32, lo, hi, h float32) (ret float32)

//go:noescape
func clampedGradAVX2(dx, x, t, w []float32, s, lo, hi float32)

//go:noescape
func logisticAVX2(dst, x, t []float32)

//go:noescape
func sgdAVX2(w, v, g []float32, lr, mu, wd float32)

//go:noescape
func sgdNesterovAVX2(w, v, g []float32, lr, mu, wd float32)

//go:noescape
func adamAVX2(w, m, v, g []float32, c1, b2, c2, rs, eps, step float32)

//go:noescape
func gemmRow6x16AVX2(args *gemmArgs)

//go:noescape
func gemmCol6x16AVX2(args *gemmArgs)

//go:noescape
func gemmRow4x16AVX2(args *gemmArgs)

//go:noescape
func gemmCol4x16AVX2(args *gemmArgs)

//go:noescape
func gemmRow2x16AVX2(args *gemmArgs)

//go:noescape
func gemmCol2x16AVX2(args *gemmArgs)

//go:noescape
func gemmRow1x16AVX2(args *gemmArgs)

//go:noescape
func gemmCol1x16AVX2(args *gemmArgs)

//go:noescape
func gemmRow6x8AVX2(args *gemmArgs)

//go:noescape
func gemmCol6x8AVX2(args *gemmArgs)

//go:noescape
func gemmRow4x8AVX2(args *gemmArgs)

//go:noescape
func gemmCol4x8AVX2(args *gemmArgs)

//go:noescape
func gemmRow2x8AVX2(args *gemmArgs)

//go:noescape
func gemmCol2x8AVX2(args *gemmArgs)

//go:noescape
func gemmRow1x8AVX2(args *gemmArgs)

//go:noescape
func gemmCol1x8AVX2(args *gemmArgs)

//go:noescape
func winogradInput4AVX512(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)

//go:noescape
func winogradOutput4AVX512(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)

//go:noescape
func winogradOutput4AddAVX512(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)

//go:noescape
func winogradGrad4AVX512(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)

//go:noescape
func winogradWeight4AVX512(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)

//go:noescape
func winogradWeightGrad4AddAVX512(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)

//go:noescape
func winogradInput2AVX512(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)

//go:noescape
func winogradOutput2AVX512(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)

//go:noescape
func winogradOutput2AddAVX512(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)

//go:noescape
func winogradGrad2AVX512(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)

//go:noescape
func winogradWeight2AVX512(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)

//go:noescape
func winogradWeightGrad2AddAVX512(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)

//go:noescape
func winogradInput4AVX2(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)

//go:noescape
func winogradOutput4AVX2(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)

//go:noescape
func winogradOutput4AddAVX2(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)

//go:noescape
func winogradGrad4AVX2(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)

//go:noescape
func winogradWeight4AVX2(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)

//go:noescape
func winogradWeightGrad4AddAVX2(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)

//go:noescape
func winogradInput2AVX2(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)

//go:noescape
func winogradOutput2AVX2(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)

//go:noescape
func winogradOutput2AddAVX2(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)

//go:noescape
func winogradGrad2AVX2(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)

//go:noescape
func winogradWeight2AVX2(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)

//go:noescape
func winogradWeightGrad2AddAVX2(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)

//go:noescape
func normGradSetRowsAVX512(dx, dy, x, a, b, d []float32)

//go:noescape
func normGradReLUSetRowsAVX512(dx, dy, x, y, a, b, d []float32)

//go:noescape
func reluGradSetAVX512(dx, dy, y []float32)

//go:noescape
func takeEqualAVX512(dx, g, x, y []float32)

//go:noescape
func normGradSetRowsAVX2(dx, dy, x, a, b, d []float32)

//go:noescape
func normGradReLUSetRowsAVX2(dx, dy, x, y, a, b, d []float32)

//go:noescape
func reluGradSetAVX2(dx, dy, y []float32)

//go:noescape
func takeEqualAVX2(dx, g, x, y []float32)

//go:noescape
func yCbCrToRGBAVX2(dst, y, cb, cr *uint8, n int)

//go:noescape
func upsampleH2V2AVX2(dst, near, far *uint8, n int)

//go:noescape
func weightedRowsAVX2(dst *float32, src *uint8, stride int, w *float32, taps, n int)

//go:noescape
func weightedPixelsAVX2(dst *uint8, src *float32, first *int32, w *float32, taps, n int)

//go:noescape
func bilinear5AVX2(dst *float32, stride int, src *float32, row int, at *int32, fx, fy *float32, n int)

//go:noescape
func normalizePixelsAVX2(dst *float32, src *uint8, table *[48]float32, n int)

//go:noescape
func gemmRow14x32BF16(args *gemmArgs)

//go:noescape
func gemmCol14x32BF16(args *gemmArgs)

//go:noescape
func gemmRow8x32BF16(args *gemmArgs)

//go:noescape
func gemmCol8x32BF16(args *gemmArgs)

//go:noescape
func gemmRow7x32BF16(args *gemmArgs)

//go:noescape
func gemmCol7x32BF16(args *gemmArgs)

//go:noescape
func gemmRow4x32BF16(args *gemmArgs)

//go:noescape
func gemmCol4x32BF16(args *gemmArgs)

//go:noescape
func gemmRow2x32BF16(args *gemmArgs)

//go:noescape
func gemmCol2x32BF16(args *gemmArgs)

//go:noescape
func gemmRow1x32BF16(args *gemmArgs)

//go:noescape
func gemmCol1x32BF16(args *gemmArgs)

//go:noescape
func gemmRow14x16BF16(args *gemmArgs)

//go:noescape
func gemmCol14x16BF16(args *gemmArgs)

//go:noescape
func gemmRow8x16BF16(args *gemmArgs)

//go:noescape
func gemmCol8x16BF16(args *gemmArgs)

//go:noescape
func gemmRow7x16BF16(args *gemmArgs)

//go:noescape
func gemmCol7x16BF16(args *gemmArgs)

//go:noescape
func gemmRow4x16BF16(args *gemmArgs)

//go:noescape
func gemmCol4x16BF16(args *gemmArgs)

//go:noescape
func gemmRow2x16BF16(args *gemmArgs)

//go:noescape
func gemmCol2x16BF16(args *gemmArgs)

//go:noescape
func gemmRow1x16BF16(args *gemmArgs)

//go:noescape
func gemmCol1x16BF16(args *gemmArgs)

//go:noescape
func gemmRow14x32VNNI(args *gemmArgs)

//go:noescape
func gemmRow8x32VNNI(args *gemmArgs)

//go:noescape
func gemmRow7x32VNNI(args *gemmArgs)

//go:noescape
func gemmRow4x32VNNI(args *gemmArgs)

//go:noescape
func gemmRow2x32VNNI(args *gemmArgs)

//go:noescape
func gemmRow1x32VNNI(args *gemmArgs)

//go:noescape
func gemmRow14x16VNNI(args *gemmArgs)

//go:noescape
func gemmRow8x16VNNI(args *gemmArgs)

//go:noescape
func gemmRow7x16VNNI(args *gemmArgs)

//go:noescape
func gemmRow4x16VNNI(args *gemmArgs)

//go:noescape
func gemmRow2x16VNNI(args *gemmArgs)

//go:noescape
func gemmRow1x16VNNI(args *gemmArgs)

//go:noescape
func packBF16AVX512(dst, src *float32, n int)

//go:noescape
func pairBF16AVX512(dst, even, odd *float32, n int)

//go:noescape
func quantizeAVX512(dst *uint8, src *float32, inv, zero float32, n int)

//go:noescape
func dequantizeAVX512(dst *float32, sum, minus *int32, scale *float32, n int)

//go:noescape
func rangeOfAVX512(x *float32, n int) (lo, hi float32)

//go:noescape
func gaussAVX512(dst, x []float32)

//go:noescape
func normCDFAVX512(dst, x []float32)

//go:noescape
func gaussAVX2(dst, x []float32)

//go:noescape
func normCDFAVX2(dst, x []float32)

//go:noescape
func copyRows32AVX512(dst, src *float32, ld, k int)

//go:noescape
func copyRows16AVX2(dst, src *float32, ld, k int)

//go:noescape
func lumaSumAVX2(rgb *uint8, n int) (sum int)

//go:noescape
func blendGreyAVX2(rgb *uint8, f float32, n int)

//go:noescape
func blendAVX2(p *uint8, f, other float32, n int)

//go:noescape
func shiftHueAVX2(rgb *uint8, t float32, n int)

//go:noescape
func packT8AVX2(dst, src *float32, w, ld, k int)

//go:noescape
func streamAVX2(dst, src []float32)

func fenceAVX2()

//go:noescape
func layerNormRowStreamAVX2(dst, x, gamma, beta []float32, mean, inv float32)

//go:noescape
func layerNormGradRowStreamAVX2(dx, dgamma, dbeta, dy, x, gamma []float32, mean, inv, b, d float32)

//go:noescape
func wordsMeanAVX2(dst, table *float32, rows *int32, m, stride, n int, scale float32)

//go:noescape
func wordsDotAVX2(dst, h, table *float32, rows *int32, k, stride, n, apart int)

//go:noescape
func wordsSlopeAVX2(dst, x, p, want *float32, n int, rate float32, skip int)

//go:noescape
func wordsUpdateAVX2(e, h, table *float32, rows *int32, by *float32, k, stride, n int)

//go:noescape
func wordsAddAVX2(table *float32, rows *int32, e *float32, m, stride, n int)

//go:noescape
func wordsFetchAMD64(table *float32, rows *int32, k, stride, n int)

//go:noescape
func fft2AVX2(dre, dim, sre, sim, w *float32, s, m int)

//go:noescape
func fft3AVX2(dre, dim, sre, sim, w *float32, s, m int)

//go:noescape
func fft4AVX2(dre, dim, sre, sim, w *float32, s, m int)

//go:noescape
func fft5AVX2(dre, dim, sre, sim, w *float32, s, m int)

//go:noescape
func fftTurnAVX2(dre, dim, sre, sim, wre, wim *float32, rows, cols int)

//go:noescape
func fftSplitAVX2(re, im, x, w *float32, n int)

//go:noescape
func fftRealAVX2(dre, dim, zre, zim, wre, wim *float32, n int)

//go:noescape
func fftPowerAVX2(dst, re, im *float32, n, root int)

//go:noescape
func geluAVX2(dst, x []float32)

//go:noescape
func geluGradAVX2(dx, dy, x []float32)

//go:noescape
func geluAVX512(dst, x []float32)

//go:noescape
func geluGradAVX512(dx, dy, x []float32)
