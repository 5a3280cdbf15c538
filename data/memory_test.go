package data

import (
	"bytes"
	"cmp"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// decodeBound is what a process takes at most that decodes whatever it is given, as docs/formats.md says: maxDecode, and what the garbage
// collector leaves lying meanwhile.
const decodeBound = 2 << 30

// TestDecodeBound: a process whose goroutines decode, all at once, the most expensive pictures that are not refused, and headers that claim more
// than there is, stays below the bound.
func TestDecodeBound(t *testing.T) {
	if os.Getenv("TESSERA_BOMBS") != "" {
		decodeBombs(t)
		return
	}
	if testing.Short() || raceDetector {
		t.Skip("SKIPPED: takes memory and time, and the race detector's own memory would be measured")
	}
	if runtime.GOOS != "linux" {
		t.Skip("SKIPPED: the peak of memory is read from /proc")
	}
	c := exec.Command(os.Args[0], "-test.run=^TestDecodeBound$", "-test.v")
	c.Env = append(os.Environ(), "TESSERA_BOMBS=1")
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	_, after, _ := bytes.Cut(out, []byte("VmHWM:"))
	kB, _, _ := strings.Cut(strings.TrimSpace(string(after)), " ")
	peak, err := strconv.Atoi(kB)
	if err != nil {
		t.Fatalf("no peak in %s", out)
	}
	t.Logf("%d MiB at most\n%s", peak>>10, out)
	if peak<<10 > decodeBound || peak<<10 < maxDecode/2 {
		t.Errorf("a peak of %d MiB, want at most %d, and no less than half of what is given", peak>>10, decodeBound>>20)
	}
}

// decodeBombs decodes them, the most expensive first and beside each other, and prints the process's peak of memory.
func decodeBombs(t *testing.T) {
	all := bombs(t)
	var names []string
	for name := range all {
		names = append(names, name)
	}
	cost := func(name string) int64 {
		h, _ := readHeader(all[name])
		return -h.cost
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(cost(a), cost(b)), strings.Compare(a, b)) })
	var next atomic.Int64
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for k := next.Add(1) - 1; k < int64(len(names)); k = next.Add(1) - 1 {
				b := all[names[k]]
				im, err := DecodeOptions{Stretch: true, Truncated: true}.Decode(b)
				what := fmt.Sprint(err)
				if err == nil {
					what = fmt.Sprintf("%d by %d", im.H, im.W)
				}
				fmt.Printf("%s, %d bytes: %s\n", names[k], len(b), what)
			}
		})
	}
	wg.Wait()
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, peak, _ := strings.Cut(string(b), "VmHWM:")
	peak, _, _ = strings.Cut(peak, "\n")
	fmt.Println("VmHWM:" + peak)
}

// bombs are files of few bytes that stand for large pictures, or say so.
func bombs(t *testing.T) map[string][]byte {
	out := map[string][]byte{
		"PNG, 16 bits, turned":     withChunk(blackPNG(9900, 9900, 16, 6, 0), "eXIf", exif(binary.LittleEndian, "II", [2]uint16{0x112, 6})[6:]),
		"PNG, interlaced":          blackPNG(9900, 9900, 8, 6, 1)[:200],
		"PNG, 65535 by 65535":      blackPNG(65535, 65535, 8, 6, 0)[:100],
		"GIF, 10000 by 10000":      slices.Concat([]byte("GIF89a\x10\x27\x10\x27\x80\x00\x00\x00\x00\x00\xff\xff\xff\x2c\x00\x00\x00\x00\x10\x27\x10\x27\x00\x02\x02"), []byte{0x44, 0x01, 0, 0x3b}),
		"GIF, 65535 by 65535":      []byte("GIF89a\xff\xff\xff\xff\x80\x00\x00\x00\x00\x00\xff\xff\xff"),
		"BMP, run lengths":         bmpBomb(10000, 10000, 8, 1),
		"BMP, 65535 by 65535":      bmpBomb(65535, 65535, 24, 0),
		"PNM, as text":             []byte("P3\n10000 10000\n65535\n1 2 3"),
		"PNM, 65535 by 65535":      []byte("P6\n65535 65535\n255\n"),
		"TIFF, a strip":            tiffBomb(10000, 10000, [][3]int{{258, 3, 8}, {259, 3, 8}, {262, 3, 2}, {277, 3, 3}}),
		"TIFF, floating-point":     tiffBomb(10000, 10000, [][3]int{{258, 3, 32}, {259, 3, 8}, {262, 3, 1}, {277, 3, 1}, {339, 3, 3}, {278, 4, 16}}),
		"TIFF, many samples":       tiffBomb(10000, 10000, [][3]int{{258, 3, 32}, {259, 3, 8}, {262, 3, 1}, {277, 3, 16}}),
		"TIFF, a large tile":       tiffBomb(1, 1, [][3]int{{258, 3, 8}, {259, 3, 8}, {262, 3, 1}, {277, 3, 1}, {322, 4, 1 << 30}, {323, 4, 1 << 30}}),
		"TIFF, group 4":            tiffBomb(10000, 10000, [][3]int{{258, 3, 1}, {259, 3, 4}, {262, 3, 0}}),
		"TIFF, 65535 by 65535":     tiffBomb(65535, 65535, [][3]int{{258, 3, 8}, {259, 3, 5}, {262, 3, 1}}),
		"WebP, lossless":           testFile(t, "black.webp"),
		"WebP, a canvas":           canvasBomb(16383, 6000),
		"WebP, 16777216 by 65535":  canvasBomb(1<<24, 65535),
		"JPEG":                     sizedJPEG(readCase(t, "jpeg_444.jpg"), 9900, 9900),
		"JPEG, 65535 by 65535":     sizedJPEG(readCase(t, "jpeg_444.jpg"), 65535, 65535),
		"JPEG, CMYK, restarts":     sizedJPEG(readCase(t, "jpeg_cmyk.jpg"), 4000, 4000),
		"JPEG, progressive":        sizedJPEG(readCase(t, "jpeg_progressive.jpg"), 9000, 9000),
		"JPEG, progressive, small": sizedJPEG(readCase(t, "jpeg_progressive.jpg"), 4000, 4000),
	}
	return out
}

// blackPNG is a PNG whose data are all zeros.
func blackPNG(h, w, bits, kind, interlace int) []byte {
	var data bytes.Buffer
	z, _ := zlib.NewWriterLevel(&data, zlib.BestSpeed)
	if interlace == 0 && h < 20000 {
		row := make([]byte, 1+w*bits/8*map[int]int{0: 1, 6: 4}[kind])
		for range h {
			z.Write(row)
		}
	} else {
		z.Write(make([]byte, 1<<16))
	}
	z.Close()
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(w)), uint32(h))
	out := []byte("\x89PNG\r\n\x1a\n")
	for _, c := range []struct {
		name string
		data []byte
	}{{"IHDR", append(head, byte(bits), byte(kind), 0, 0, byte(interlace))}, {"IDAT", data.Bytes()}, {"IEND", nil}} {
		out = append(out, pngPart(c.name, c.data)...)
	}
	return out
}

func pngPart(name string, data []byte) []byte {
	b := append(binary.BigEndian.AppendUint32(nil, uint32(len(data))), name...)
	b = append(b, data...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

// withChunk puts a chunk behind a PNG's header.
func withChunk(b []byte, name string, data []byte) []byte {
	return slices.Concat(b[:33], pngPart(name, data), b[33:])
}

func bmpBomb(h, w uint32, bits, compression byte) []byte {
	b := append([]byte("BM"), make([]byte, 52)...)
	le := binary.LittleEndian
	le.PutUint32(b[10:], 58)
	le.PutUint32(b[14:], 40)
	le.PutUint32(b[18:], w)
	le.PutUint32(b[22:], h)
	b[28], b[30], b[46] = bits, compression, 1
	return append(b, 9, 9, 9, 0, 0, 1)
}

func deflated(b []byte) []byte {
	var data bytes.Buffer
	z := zlib.NewWriter(&data)
	z.Write(b)
	z.Close()
	return data.Bytes()
}

// tiffBomb has one strip or tile of a kilobyte of zeros, deflated, and the given tags: number, type and value.
func tiffBomb(h, w int, tags [][3]int) []byte {
	data := bytes.NewBuffer(deflated(make([]byte, 1<<24)))
	tags = append(tags, [3]int{256, 4, w}, [3]int{257, 4, h}, [3]int{273, 4, 8}, [3]int{279, 4, data.Len()}, [3]int{324, 4, 8}, [3]int{325, 4, data.Len()})
	le := binary.LittleEndian
	b := append(le.AppendUint32([]byte("II*\x00"), uint32(8+data.Len())), data.Bytes()...)
	b = le.AppendUint16(b, uint16(len(tags)))
	for _, tag := range tags {
		b = le.AppendUint16(le.AppendUint16(b, uint16(tag[0])), uint16(tag[1]))
		b = le.AppendUint32(le.AppendUint32(b, 1), uint32(tag[2]))
	}
	return append(b, 0, 0, 0, 0)
}

func testFile(t *testing.T, name string) []byte {
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// canvasBomb is a moving WebP of one frame, of which there is nothing.
func canvasBomb(w, h int) []byte {
	three := func(v int) []byte { return []byte{byte(v), byte(v >> 8), byte(v >> 16)} }
	head := slices.Concat([]byte{2, 0, 0, 0}, three(w-1), three(h-1))
	b := append([]byte("RIFF\xff\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00"), head...)
	frame := slices.Concat(three(0), three(0), three(w-1), three(h-1), make([]byte, 4), []byte("VP8L\x05\x00\x00\x00\x2f\xff\xff\xff\xff\x00"))
	b = binary.LittleEndian.AppendUint32(append(b, "ANMF"...), uint32(len(frame)))
	return append(b, frame...)
}

// sizedJPEG has other sides in its frame's header than in its data.
func sizedJPEG(b []byte, h, w uint16) []byte {
	b = bytes.Clone(b)
	for i := 2; i < len(b)-9; i += 2 + int(binary.BigEndian.Uint16(b[i+2:])) {
		if b[i+1] >= 0xc0 && b[i+1] <= 0xc2 {
			binary.BigEndian.PutUint16(b[i+5:], h)
			binary.BigEndian.PutUint16(b[i+7:], w)
			break
		}
	}
	return bytes.TrimSuffix(b, []byte{0xff, markEnd})
}

// TestDecodingWaits: what would take more than is given waits until there is room, what is small does not.
func TestDecodingWaits(t *testing.T) {
	d := newDecoding()
	first := d.enter(maxDecode - smallDecode)
	small := d.enter(smallDecode - 1)
	fits := d.enter(smallDecode)
	var in atomic.Bool
	done := make(chan struct{})
	go func() {
		d.enter(smallDecode)()
		in.Store(true)
		close(done)
	}()
	time.Sleep(20 * time.Millisecond)
	if in.Load() {
		t.Error("more than is given")
	}
	fits()
	<-done
	first()
	small()
	if d.used != 0 {
		t.Errorf("%d bytes are in use at the end", d.used)
	}
	d.enter(2 * maxDecode)() // alone, whatever it takes
}
