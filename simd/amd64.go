//go:build amd64 && !purego

package simd

import "github.com/klauspost/cpuid/v2"

// available lists the levels that this processor runs, best first.
func available() []*kernels {
	var out []*kernels
	if cpuid.CPU.Supports(cpuid.AVX512F, cpuid.AVX512DQ, cpuid.AVX512BW, cpuid.AVX512VL, cpuid.BMI2) {
		if cpuid.CPU.Supports(cpuid.AVX512BF16) {
			avx512.bf16, avx512.packBF16, avx512.pairBF16 = bf16Tiles, packBF16AVX512, pairBF16AVX512
		}
		if cpuid.CPU.Supports(cpuid.AVX512VNNI) {
			avx512.int8, avx512.quantize = vnniTiles, quantizeAVX512
		}
		out = append(out, &avx512)
	}
	if cpuid.CPU.Supports(cpuid.AVX2, cpuid.FMA3, cpuid.BMI2) {
		out = append(out, &avx2)
	}
	return out
}

// The tiles of this architecture; 0 to 7 are the Go loops.
const (
	tileRow14x32AVX512 tileID = iota + 8
	tileCol14x32AVX512
	tileRow8x32AVX512
	tileCol8x32AVX512
	tileRow7x32AVX512
	tileCol7x32AVX512
	tileRow4x32AVX512
	tileCol4x32AVX512
	tileRow2x32AVX512
	tileCol2x32AVX512
	tileRow1x32AVX512
	tileCol1x32AVX512
	tileRow14x16AVX512
	tileCol14x16AVX512
	tileRow8x16AVX512
	tileCol8x16AVX512
	tileRow7x16AVX512
	tileCol7x16AVX512
	tileRow4x16AVX512
	tileCol4x16AVX512
	tileRow2x16AVX512
	tileCol2x16AVX512
	tileRow1x16AVX512
	tileCol1x16AVX512
	tileRow6x16AVX2
	tileCol6x16AVX2
	tileRow4x16AVX2
	tileCol4x16AVX2
	tileRow2x16AVX2
	tileCol2x16AVX2
	tileRow1x16AVX2
	tileCol1x16AVX2
	tileRow6x8AVX2
	tileCol6x8AVX2
	tileRow4x8AVX2
	tileCol4x8AVX2
	tileRow2x8AVX2
	tileCol2x8AVX2
	tileRow1x8AVX2
	tileCol1x8AVX2
	tileRow14x32BF16
	tileCol14x32BF16
	tileRow8x32BF16
	tileCol8x32BF16
	tileRow7x32BF16
	tileCol7x32BF16
	tileRow4x32BF16
	tileCol4x32BF16
	tileRow2x32BF16
	tileCol2x32BF16
	tileRow1x32BF16
	tileCol1x32BF16
	tileRow14x16BF16
	tileCol14x16BF16
	tileRow8x16BF16
	tileCol8x16BF16
	tileRow7x16BF16
	tileCol7x16BF16
	tileRow4x16BF16
	tileCol4x16BF16
	tileRow2x16BF16
	tileCol2x16BF16
	tileRow1x16BF16
	tileCol1x16BF16
	tileRow14x32VNNI
	tileRow8x32VNNI
	tileRow7x32VNNI
	tileRow4x32VNNI
	tileRow2x32VNNI
	tileRow1x32VNNI
	tileRow14x16VNNI
	tileRow8x16VNNI
	tileRow7x16VNNI
	tileRow4x16VNNI
	tileRow2x16VNNI
	tileRow1x16VNNI
)

// runTile calls a tile. Switches, not function values: a pointer passed through a function value escapes, and each
// call would allocate its arguments.
func runTile(id tileID, g *gemmArgs) {
	switch {
	case id >= tileRow14x32VNNI:
		runVNNI(id, g)
	case id >= tileRow14x32BF16:
		runBF16(id, g)
	case id >= tileRow6x16AVX2:
		runAVX2(id, g)
	case id >= tileRow14x32AVX512:
		runAVX512(id, g)
	default:
		goTile(g, int(id)&3+1, id >= 4)
	}
}

func runAVX512(id tileID, g *gemmArgs) {
	switch id {
	case tileRow14x32AVX512:
		gemmRow14x32AVX512(g)
	case tileCol14x32AVX512:
		gemmCol14x32AVX512(g)
	case tileRow8x32AVX512:
		gemmRow8x32AVX512(g)
	case tileCol8x32AVX512:
		gemmCol8x32AVX512(g)
	case tileRow7x32AVX512:
		gemmRow7x32AVX512(g)
	case tileCol7x32AVX512:
		gemmCol7x32AVX512(g)
	case tileRow4x32AVX512:
		gemmRow4x32AVX512(g)
	case tileCol4x32AVX512:
		gemmCol4x32AVX512(g)
	case tileRow2x32AVX512:
		gemmRow2x32AVX512(g)
	case tileCol2x32AVX512:
		gemmCol2x32AVX512(g)
	case tileRow1x32AVX512:
		gemmRow1x32AVX512(g)
	case tileCol1x32AVX512:
		gemmCol1x32AVX512(g)
	case tileRow14x16AVX512:
		gemmRow14x16AVX512(g)
	case tileCol14x16AVX512:
		gemmCol14x16AVX512(g)
	case tileRow8x16AVX512:
		gemmRow8x16AVX512(g)
	case tileCol8x16AVX512:
		gemmCol8x16AVX512(g)
	case tileRow7x16AVX512:
		gemmRow7x16AVX512(g)
	case tileCol7x16AVX512:
		gemmCol7x16AVX512(g)
	case tileRow4x16AVX512:
		gemmRow4x16AVX512(g)
	case tileCol4x16AVX512:
		gemmCol4x16AVX512(g)
	case tileRow2x16AVX512:
		gemmRow2x16AVX512(g)
	case tileCol2x16AVX512:
		gemmCol2x16AVX512(g)
	case tileRow1x16AVX512:
		gemmRow1x16AVX512(g)
	case tileCol1x16AVX512:
		gemmCol1x16AVX512(g)
	}
}

func runAVX2(id tileID, g *gemmArgs) {
	switch id {
	case tileRow6x16AVX2:
		gemmRow6x16AVX2(g)
	case tileCol6x16AVX2:
		gemmCol6x16AVX2(g)
	case tileRow4x16AVX2:
		gemmRow4x16AVX2(g)
	case tileCol4x16AVX2:
		gemmCol4x16AVX2(g)
	case tileRow2x16AVX2:
		gemmRow2x16AVX2(g)
	case tileCol2x16AVX2:
		gemmCol2x16AVX2(g)
	case tileRow1x16AVX2:
		gemmRow1x16AVX2(g)
	case tileCol1x16AVX2:
		gemmCol1x16AVX2(g)
	case tileRow6x8AVX2:
		gemmRow6x8AVX2(g)
	case tileCol6x8AVX2:
		gemmCol6x8AVX2(g)
	case tileRow4x8AVX2:
		gemmRow4x8AVX2(g)
	case tileCol4x8AVX2:
		gemmCol4x8AVX2(g)
	case tileRow2x8AVX2:
		gemmRow2x8AVX2(g)
	case tileCol2x8AVX2:
		gemmCol2x8AVX2(g)
	case tileRow1x8AVX2:
		gemmRow1x8AVX2(g)
	case tileCol1x8AVX2:
		gemmCol1x8AVX2(g)
	}
}

func runBF16(id tileID, g *gemmArgs) {
	switch id {
	case tileRow14x32BF16:
		gemmRow14x32BF16(g)
	case tileCol14x32BF16:
		gemmCol14x32BF16(g)
	case tileRow8x32BF16:
		gemmRow8x32BF16(g)
	case tileCol8x32BF16:
		gemmCol8x32BF16(g)
	case tileRow7x32BF16:
		gemmRow7x32BF16(g)
	case tileCol7x32BF16:
		gemmCol7x32BF16(g)
	case tileRow4x32BF16:
		gemmRow4x32BF16(g)
	case tileCol4x32BF16:
		gemmCol4x32BF16(g)
	case tileRow2x32BF16:
		gemmRow2x32BF16(g)
	case tileCol2x32BF16:
		gemmCol2x32BF16(g)
	case tileRow1x32BF16:
		gemmRow1x32BF16(g)
	case tileCol1x32BF16:
		gemmCol1x32BF16(g)
	case tileRow14x16BF16:
		gemmRow14x16BF16(g)
	case tileCol14x16BF16:
		gemmCol14x16BF16(g)
	case tileRow8x16BF16:
		gemmRow8x16BF16(g)
	case tileCol8x16BF16:
		gemmCol8x16BF16(g)
	case tileRow7x16BF16:
		gemmRow7x16BF16(g)
	case tileCol7x16BF16:
		gemmCol7x16BF16(g)
	case tileRow4x16BF16:
		gemmRow4x16BF16(g)
	case tileCol4x16BF16:
		gemmCol4x16BF16(g)
	case tileRow2x16BF16:
		gemmRow2x16BF16(g)
	case tileCol2x16BF16:
		gemmCol2x16BF16(g)
	case tileRow1x16BF16:
		gemmRow1x16BF16(g)
	case tileCol1x16BF16:
		gemmCol1x16BF16(g)
	}
}

func runVNNI(id tileID, g *gemmArgs) {
	switch id {
	case tileRow14x32VNNI:
		gemmRow14x32VNNI(g)
	case tileRow8x32VNNI:
		gemmRow8x32VNNI(g)
	case tileRow7x32VNNI:
		gemmRow7x32VNNI(g)
	case tileRow4x32VNNI:
		gemmRow4x32VNNI(g)
	case tileRow2x32VNNI:
		gemmRow2x32VNNI(g)
	case tileRow1x32VNNI:
		gemmRow1x32VNNI(g)
	case tileRow14x16VNNI:
		gemmRow14x16VNNI(g)
	case tileRow8x16VNNI:
		gemmRow8x16VNNI(g)
	case tileRow7x16VNNI:
		gemmRow7x16VNNI(g)
	case tileRow4x16VNNI:
		gemmRow4x16VNNI(g)
	case tileRow2x16VNNI:
		gemmRow2x16VNNI(g)
	case tileRow1x16VNNI:
		gemmRow1x16VNNI(g)
	}
}

// The tiles of the extensions, on processors that have them; see available.
var (
	bf16Tiles = []tileSet{
		{width: 32, sevens: true, rows: map[int]tileID{14: tileRow14x32BF16, 8: tileRow8x32BF16, 7: tileRow7x32BF16, 4: tileRow4x32BF16, 2: tileRow2x32BF16, 1: tileRow1x32BF16},
			cols: map[int]tileID{14: tileCol14x32BF16, 8: tileCol8x32BF16, 7: tileCol7x32BF16, 4: tileCol4x32BF16, 2: tileCol2x32BF16, 1: tileCol1x32BF16}},
		{width: 16, sevens: true, rows: map[int]tileID{14: tileRow14x16BF16, 8: tileRow8x16BF16, 7: tileRow7x16BF16, 4: tileRow4x16BF16, 2: tileRow2x16BF16, 1: tileRow1x16BF16},
			cols: map[int]tileID{14: tileCol14x16BF16, 8: tileCol8x16BF16, 7: tileCol7x16BF16, 4: tileCol4x16BF16, 2: tileCol2x16BF16, 1: tileCol1x16BF16}},
	}
	vnniTiles = []tileSet{
		{width: 32, sevens: true, rows: map[int]tileID{14: tileRow14x32VNNI, 8: tileRow8x32VNNI, 7: tileRow7x32VNNI, 4: tileRow4x32VNNI, 2: tileRow2x32VNNI, 1: tileRow1x32VNNI}},
		{width: 16, sevens: true, rows: map[int]tileID{14: tileRow14x16VNNI, 8: tileRow8x16VNNI, 7: tileRow7x16VNNI, 4: tileRow4x16VNNI, 2: tileRow2x16VNNI, 1: tileRow1x16VNNI}},
	}
)

var avx512 = kernels{
	level:             AVX512,
	add:               addAVX512,
	sub:               subAVX512,
	mul:               mulAVX512,
	div:               divAVX512,
	scale:             scaleAVX512,
	axpy:              axpyAVX512,
	mulAdd:            mulAddAVX512,
	relu:              reluAVX512,
	reluGrad:          reluGradAVX512,
	maximum:           maximumAVX512,
	exp:               expAVX512,
	log:               logAVX512,
	sigmoid:           sigmoidAVX512,
	tanh:              tanhAVX512,
	sum:               sumAVX512,
	dot:               dotAVX512,
	sumSquares:        sumSquaresAVX512,
	max:               maxAVX512,
	affineRows:        affineRowsAVX512,
	affineReLURows:    affineReLURowsAVX512,
	affineAddRows:     affineAddRowsAVX512,
	affineAddReLURows: affineAddReLURowsAVX512,
	normGradRows:      normGradRowsAVX512,
	normGradReLURows:  normGradReLURowsAVX512,
	momentRows:        momentRowsAVX512,
	normGradSums:      normGradSumsAVX512,
	wordsMean:         wordsMeanAVX2, wordsDot: wordsDotAVX2, wordsSlope: wordsSlopeAVX2, wordsUpdate: wordsUpdateAVX2, wordsAdd: wordsAddAVX2, wordsFetch: wordsFetchAMD64,
	normGradReLUSums:       normGradReLUSumsAVX512,
	sumRows:                sumRowsAVX512,
	stream:                 streamAVX2,
	fence:                  fenceAVX2,
	squaresAbout:           squaresAboutAVX512,
	dotAbout:               dotAboutAVX512,
	layerNormRow:           layerNormRowAVX512,
	layerNormGradRow:       layerNormGradRowAVX512,
	layerNormRowStream:     layerNormRowStreamAVX2,
	layerNormGradRowStream: layerNormGradRowStreamAVX2,
	clampedSum:             clampedSumAVX512,
	clampedGrad:            clampedGradAVX512,
	logistic:               logisticAVX512,
	sgd:                    sgdAVX512,
	sgdNesterov:            sgdNesterovAVX512,
	adam:                   adamAVX512,
	normGradSetRows:        normGradSetRowsAVX512,
	normGradReLUSetRows:    normGradReLUSetRowsAVX512,
	reluGradSet:            reluGradSetAVX512,
	takeEqual:              takeEqualAVX512,
	yCbCrToRGB:             yCbCrToRGBAVX2,
	upsampleH2V2:           upsampleH2V2AVX2,
	weightedRows:           weightedRowsAVX2,
	weightedPixels:         weightedPixelsAVX2,
	bilinear5:              bilinear5AVX2,
	normalizePixels:        normalizePixelsAVX2,
	dequantize:             dequantizeAVX512,
	rangeOf:                rangeOfAVX512,
	gauss:                  gaussAVX512,
	normCDF:                normCDFAVX512,
	gelu:                   geluAVX512,
	geluGrad:               geluGradAVX512,
	copyRows:               copyRows32AVX512,
	packT8:                 packT8AVX2,
	fftPass:                [4]func(dre, dim, sre, sim, w *float32, s, m int){fft2AVX2, fft3AVX2, fft4AVX2, fft5AVX2},
	fftTurn:                fftTurnAVX2,
	fftSplit:               fftSplitAVX2,
	fftReal:                fftRealAVX2,
	fftPower:               fftPowerAVX2,
	lumaSum:                lumaSumAVX2,
	blendGrey:              blendGreyAVX2,
	blend:                  blendAVX2,
	shiftHue:               shiftHueAVX2,
	winograd: [transforms]func(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int){
		WinogradInput4:      winogradInput4AVX512,
		WinogradOutput4:     winogradOutput4AVX512,
		WinogradOutput4Add:  winogradOutput4AddAVX512,
		WinogradGrad4:       winogradGrad4AVX512,
		WinogradWeight4:     winogradWeight4AVX512,
		WinogradWeightGrad4: winogradWeightGrad4AddAVX512,
		WinogradInput2:      winogradInput2AVX512,
		WinogradOutput2:     winogradOutput2AVX512,
		WinogradOutput2Add:  winogradOutput2AddAVX512,
		WinogradGrad2:       winogradGrad2AVX512,
		WinogradWeight2:     winogradWeight2AVX512,
		WinogradWeightGrad2: winogradWeightGrad2AddAVX512,
	},
	panel: 32,
	tiles: []tileSet{
		{width: 32, sevens: true,
			rows: map[int]tileID{14: tileRow14x32AVX512, 8: tileRow8x32AVX512, 7: tileRow7x32AVX512, 4: tileRow4x32AVX512, 2: tileRow2x32AVX512, 1: tileRow1x32AVX512},
			cols: map[int]tileID{14: tileCol14x32AVX512, 8: tileCol8x32AVX512, 7: tileCol7x32AVX512, 4: tileCol4x32AVX512, 2: tileCol2x32AVX512, 1: tileCol1x32AVX512},
		},
		{width: 16, sevens: true,
			rows: map[int]tileID{14: tileRow14x16AVX512, 8: tileRow8x16AVX512, 7: tileRow7x16AVX512, 4: tileRow4x16AVX512, 2: tileRow2x16AVX512, 1: tileRow1x16AVX512},
			cols: map[int]tileID{14: tileCol14x16AVX512, 8: tileCol8x16AVX512, 7: tileCol7x16AVX512, 4: tileCol4x16AVX512, 2: tileCol2x16AVX512, 1: tileCol1x16AVX512},
		},
	},
}

var avx2 = kernels{
	level:             AVX2,
	add:               addAVX2,
	sub:               subAVX2,
	mul:               mulAVX2,
	div:               divAVX2,
	scale:             scaleAVX2,
	axpy:              axpyAVX2,
	mulAdd:            mulAddAVX2,
	relu:              reluAVX2,
	reluGrad:          reluGradAVX2,
	maximum:           maximumAVX2,
	exp:               expAVX2,
	log:               logAVX2,
	sigmoid:           sigmoidAVX2,
	tanh:              tanhAVX2,
	sum:               sumAVX2,
	dot:               dotAVX2,
	sumSquares:        sumSquaresAVX2,
	max:               maxAVX2,
	affineRows:        affineRowsAVX2,
	affineReLURows:    affineReLURowsAVX2,
	affineAddRows:     affineAddRowsAVX2,
	affineAddReLURows: affineAddReLURowsAVX2,
	normGradRows:      normGradRowsAVX2,
	normGradReLURows:  normGradReLURowsAVX2,
	momentRows:        momentRowsAVX2,
	normGradSums:      normGradSumsAVX2,
	wordsMean:         wordsMeanAVX2, wordsDot: wordsDotAVX2, wordsSlope: wordsSlopeAVX2, wordsUpdate: wordsUpdateAVX2, wordsAdd: wordsAddAVX2, wordsFetch: wordsFetchAMD64,
	normGradReLUSums:       normGradReLUSumsAVX2,
	sumRows:                sumRowsAVX2,
	stream:                 streamAVX2,
	fence:                  fenceAVX2,
	squaresAbout:           squaresAboutAVX2,
	dotAbout:               dotAboutAVX2,
	layerNormRow:           layerNormRowAVX2,
	layerNormGradRow:       layerNormGradRowAVX2,
	layerNormRowStream:     layerNormRowStreamAVX2,
	layerNormGradRowStream: layerNormGradRowStreamAVX2,
	clampedSum:             clampedSumAVX2,
	clampedGrad:            clampedGradAVX2,
	logistic:               logisticAVX2,
	sgd:                    sgdAVX2,
	sgdNesterov:            sgdNesterovAVX2,
	adam:                   adamAVX2,
	normGradSetRows:        normGradSetRowsAVX2,
	normGradReLUSetRows:    normGradReLUSetRowsAVX2,
	reluGradSet:            reluGradSetAVX2,
	takeEqual:              takeEqualAVX2,
	yCbCrToRGB:             yCbCrToRGBAVX2,
	upsampleH2V2:           upsampleH2V2AVX2,
	weightedRows:           weightedRowsAVX2,
	weightedPixels:         weightedPixelsAVX2,
	bilinear5:              bilinear5AVX2,
	normalizePixels:        normalizePixelsAVX2,
	gauss:                  gaussAVX2,
	normCDF:                normCDFAVX2,
	gelu:                   geluAVX2,
	geluGrad:               geluGradAVX2,
	copyRows:               copyRows16AVX2,
	packT8:                 packT8AVX2,
	fftPass:                [4]func(dre, dim, sre, sim, w *float32, s, m int){fft2AVX2, fft3AVX2, fft4AVX2, fft5AVX2},
	fftTurn:                fftTurnAVX2,
	fftSplit:               fftSplitAVX2,
	fftReal:                fftRealAVX2,
	fftPower:               fftPowerAVX2,
	lumaSum:                lumaSumAVX2,
	blendGrey:              blendGreyAVX2,
	blend:                  blendAVX2,
	shiftHue:               shiftHueAVX2,
	winograd: [transforms]func(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int){
		WinogradInput4:      winogradInput4AVX2,
		WinogradOutput4:     winogradOutput4AVX2,
		WinogradOutput4Add:  winogradOutput4AddAVX2,
		WinogradGrad4:       winogradGrad4AVX2,
		WinogradWeight4:     winogradWeight4AVX2,
		WinogradWeightGrad4: winogradWeightGrad4AddAVX2,
		WinogradInput2:      winogradInput2AVX2,
		WinogradOutput2:     winogradOutput2AVX2,
		WinogradOutput2Add:  winogradOutput2AddAVX2,
		WinogradGrad2:       winogradGrad2AVX2,
		WinogradWeight2:     winogradWeight2AVX2,
		WinogradWeightGrad2: winogradWeightGrad2AddAVX2,
	},
	panel: 16,
	tiles: []tileSet{
		{width: 16,
			rows: map[int]tileID{6: tileRow6x16AVX2, 4: tileRow4x16AVX2, 2: tileRow2x16AVX2, 1: tileRow1x16AVX2},
			cols: map[int]tileID{6: tileCol6x16AVX2, 4: tileCol4x16AVX2, 2: tileCol2x16AVX2, 1: tileCol1x16AVX2},
		},
		{width: 8,
			rows: map[int]tileID{6: tileRow6x8AVX2, 4: tileRow4x8AVX2, 2: tileRow2x8AVX2, 1: tileRow1x8AVX2},
			cols: map[int]tileID{6: tileCol6x8AVX2, 4: tileCol4x8AVX2, 2: tileCol2x8AVX2, 1: tileCol1x8AVX2},
		},
	},
}
