package film

import (
	"fmt"
	"strings"
)

// zigzag is the order in which coefficients are stored (ISO 11172-2, 2.4.4.1).
var zigzag = func() (t [64]uint8) {
	y, x := 0, 0
	for i := range t {
		t[i] = uint8(8*y + x)
		up := (y+x)%2 == 0
		switch {
		case up && x == 7:
			y++
		case up && y == 0:
			x++
		case up:
			y, x = y-1, x+1
		case y == 7:
			x++
		case x == 0:
			y++
		default:
			y, x = y+1, x-1
		}
	}
	return t
}()

// usualIntra is the quantiser matrix of intra blocks where a film brings none (ISO 11172-2, 2.4.3.2).
var usualIntra = [64]int32{
	8, 16, 19, 22, 26, 27, 29, 34,
	16, 16, 22, 24, 27, 29, 34, 37,
	19, 22, 26, 27, 29, 34, 34, 38,
	22, 22, 26, 27, 29, 34, 37, 40,
	22, 26, 27, 29, 32, 35, 40, 48,
	26, 27, 29, 32, 35, 40, 48, 58,
	26, 27, 29, 34, 38, 46, 56, 69,
	27, 29, 35, 38, 46, 56, 69, 83,
}

// vlcTable finds a code of variable length by the bits that come next.
type vlcTable struct {
	bits  int
	entry []vlcEntry
}

type vlcEntry struct {
	value int16
	bits  uint8
}

// vlc makes a table of codes written one after the other, and their values.
func vlc(codes string, values func(i int) int) (t vlcTable) {
	all := strings.Fields(codes)
	for _, c := range all {
		t.bits = max(t.bits, len(c))
	}
	t.entry = make([]vlcEntry, 1<<t.bits)
	for i, c := range all {
		code := 0
		for _, b := range c {
			code = code<<1 | int(b-'0')
		}
		rest := t.bits - len(c)
		for k := range 1 << rest {
			e := &t.entry[code<<rest|k]
			if e.bits != 0 {
				panic(fmt.Sprintf("film: the code %s begins as another", c))
			}
			*e = vlcEntry{int16(values(i)), uint8(len(c))}
		}
	}
	return t
}

func listed(values ...int) func(int) int { return func(i int) int { return values[i] } }

const (
	mbStuffing = 34
	mbEscape   = 35
)

// Table B.1: macroblock_address_increment, 1 to 33, stuffing, escape.
var tableIncrement = vlc(`1 011 010 0011 0010 00011 00010 0000111 0000110 00001011 00001010 00001001 00001000 00000111 00000110
	0000010111 0000010110 0000010101 0000010100 0000010011 0000010010 00000100011 00000100010 00000100001 00000100000
	00000011111 00000011110 00000011101 00000011100 00000011011 00000011010 00000011001 00000011000 00000001111 00000001000`, func(i int) int { return i + 1 })

// Tables B.2: macroblock_type, of I, P and B pictures.
var tableTypes = [4]vlcTable{
	mpegI: vlc("1 01", listed(mbIntra, mbIntra|mbQuant)),
	mpegP: vlc("1 01 001 00011 00010 00001 000001",
		listed(mbForward|mbPattern, mbPattern, mbForward, mbIntra, mbForward|mbPattern|mbQuant, mbPattern|mbQuant, mbIntra|mbQuant)),
	mpegB: vlc("10 11 010 011 0010 0011 00011 00010 000011 000010 000001",
		listed(mbForward|mbBackward, mbForward|mbBackward|mbPattern, mbBackward, mbBackward|mbPattern, mbForward, mbForward|mbPattern, mbIntra,
			mbForward|mbBackward|mbPattern|mbQuant, mbForward|mbPattern|mbQuant, mbBackward|mbPattern|mbQuant, mbIntra|mbQuant)),
}

// Table B.3: coded_block_pattern.
var tablePattern = vlc(`111 1101 1100 1011 1010 10011 10010 10001 10000 01111 01110 01101 01100 01011 01010 01001 01000 001111 001110 001101 001100
	0010111 0010110 0010101 0010100 0010011 0010010 0010001 0010000 00011111 00011110 00011101 00011100 00011011 00011010 00011001 00011000
	00010111 00010110 00010101 00010100 00010011 00010010 00010001 00010000 00001111 00001110 00001101 00001100 00001011 00001010 00001001 00001000
	00000111 00000110 00000101 00000100 000000111 000000110 000000101 000000100 000000011 000000010`,
	listed(60, 4, 8, 16, 32, 12, 48, 20, 40, 28, 44, 52, 56, 1, 61, 2, 62, 24, 36, 3, 63, 5, 9, 17, 33, 6, 10, 18, 34, 7, 11, 19, 35, 13, 49, 21, 41, 14, 50, 22, 42, 15, 51, 23, 43,
		25, 37, 26, 38, 29, 45, 53, 57, 30, 46, 54, 58, 31, 47, 55, 59, 27, 39))

// Table B.4: the size of a motion code, 0 to 16, its sign behind it.
var tableMotion = vlc("1 01 001 0001 000011 0000101 0000100 0000011 000001011 000001010 000001001 0000010001 0000010000 0000001111 0000001110 0000001101 0000001100", func(i int) int { return i })

// Tables B.5a and b: the size of a DC difference, of luma and chroma.
var tableDC = [2]vlcTable{
	vlc("100 00 01 101 110 1110 11110 111110 1111110", func(i int) int { return i }),
	vlc("00 01 10 110 1110 11110 111110 1111110 11111110", func(i int) int { return i }),
}

const (
	coefficientEnd    = 1<<15 - 1
	coefficientEscape = 1<<15 - 2
)

// Table B.5c: run and level of a coefficient that is not the first, its sign behind it: run·64 + level. A row is a run's levels from 1 on.
var tableCoefficient = func() vlcTable {
	rows := []string{
		`11 0100 00101 0000110 00100110 00100001 0000001010 000000011101 000000011000 000000010011 000000010000 0000000011010 0000000011001 0000000011000 0000000010111
		00000000011111 00000000011110 00000000011101 00000000011100 00000000011011 00000000011010 00000000011001 00000000011000
		00000000010111 00000000010110 00000000010101 00000000010100 00000000010011 00000000010010 00000000010001 00000000010000
		000000000011000 000000000010111 000000000010110 000000000010101 000000000010100 000000000010011 000000000010010 000000000010001 000000000010000`,
		`011 000110 00100101 0000001100 000000011011 0000000010110 0000000010101 000000000011111 000000000011110 000000000011101 000000000011100 000000000011011
		000000000011010 000000000011001 0000000000010011 0000000000010010 0000000000010001 0000000000010000`,
		"0101 0000100 0000001011 000000010100 0000000010100",
		"00111 00100100 000000011100 0000000010011",
		"00110 0000001111 000000010010",
		"000111 0000001001 0000000010010",
		"000101 000000011110 0000000000010100",
		"000100 000000010101",
		"0000111 000000010001",
		"0000101 0000000010001",
		"00100111 0000000010000",
		"00100011 0000000000011010",
		"00100010 0000000000011001",
		"00100000 0000000000011000",
		"0000001110 0000000000010111",
		"0000001101 0000000000010110",
		"0000001000 0000000000010101",
		"000000011111", "000000011010", "000000011001", "000000010111", "000000010110", "0000000011111", "0000000011110", "0000000011101", "0000000011100", "0000000011011",
		"0000000000011111", "0000000000011110", "0000000000011101", "0000000000011100", "0000000000011011",
	}
	codes, values := "10 000001", []int{coefficientEnd, coefficientEscape}
	for run, row := range rows {
		for k := range strings.Fields(row) {
			values = append(values, run<<6|(k+1))
		}
		codes += " " + row
	}
	return vlc(codes, listed(values...))
}()
