package film

import (
	"bytes"
	"encoding/binary"
	"os"
	"strings"
	"testing"
)

// aviBytes is a film of testdata, and where its list of frames and its index begin.
func aviBytes(t *testing.T) (b []byte, movi, idx1 int) {
	t.Helper()
	b, err := os.ReadFile("testdata/index.avi")
	if err != nil {
		t.Fatal(err)
	}
	return b, bytes.Index(b, []byte("movi")), bytes.Index(b, []byte("idx1"))
}

func holdAVI(t *testing.T, what string, b []byte, note string) {
	t.Helper()
	f, err := readAVI(memoryFile{bytes.NewReader(b)}, int64(len(b)), Options{}.filled())
	if err != nil {
		t.Errorf("%s: %v", what, err)
		return
	}
	if notes := strings.Join(f.Notes(), "; "); note == "" && notes != "" || !strings.Contains(notes, note) {
		t.Errorf("%s: notes %q, want %q", what, notes, note)
	}
	want, _ := reference(t, "index.avi", 18, 25)
	if len(f.Times()) != len(want) {
		t.Fatalf("%s: %d frames, want %d", what, len(f.Times()), len(want))
	}
	for i, p := range decoded(t, f) {
		if d := farthest(p.Pix, want[i]); d > 3 {
			t.Errorf("%s: frame %d differs by %d", what, i, d)
		}
	}
}

// TestIndexes: frames are found by an idx1 that counts from the file's beginning, by an OpenDML index, and where an index is broken, or bytes that are no
// chunks stand between the frames, without it.
func TestIndexes(t *testing.T) {
	b, movi, idx1 := aviBytes(t)
	long := binary.LittleEndian
	absolute := bytes.Clone(b)
	for at := idx1 + 8; at+16 <= len(b); at += 16 {
		long.PutUint32(absolute[at+8:], long.Uint32(b[at+8:])+uint32(movi))
	}
	holdAVI(t, "absolute", absolute, "")
	broken := bytes.Clone(b)
	for at := idx1 + 8; at+16 <= len(b); at += 16 {
		long.PutUint32(broken[at+8:], long.Uint32(b[at+8:])+6)
	}
	holdAVI(t, "broken", broken, "its index (idx1) does not fit")
	far := bytes.Clone(b)
	long.PutUint32(far[idx1+8+16*3+8:], 1<<31)
	holdAVI(t, "far", far, "its index (idx1) does not fit")

	noise := append(bytes.Clone(b[:movi+4]), "\x00\x01\x02 noise \xff"...)
	noise = append(noise, b[movi+4:idx1]...)
	long.PutUint32(noise[movi-4:], uint32(idx1-movi+11))
	long.PutUint32(noise[4:], uint32(len(noise)-8))
	holdAVI(t, "noise", noise, "without an index")

	unfinished := bytes.Clone(b[:idx1])
	long.PutUint32(unfinished[movi-4:], 0)
	long.PutUint32(unfinished[4:], 0)
	holdAVI(t, "unfinished", unfinished, "cut short")
	holdAVI(t, "OpenDML", openDML(b, movi, idx1), "")
}

// openDML puts an index of indexes into the stream's header, and its one part, ix00, behind the frames; idx1 goes.
func openDML(b []byte, movi, idx1 int) []byte {
	long := binary.LittleEndian
	strl := bytes.Index(b, []byte("strl"))
	end := strl + int(long.Uint32(b[strl-4:]))
	const super = 8 + 24 + 16
	out := bytes.Clone(b[:end])
	at := idx1 + super // of ix00
	out = append(out, "indx"...)
	out = long.AppendUint32(out, super-8)
	out = long.AppendUint16(out, 4)
	out = append(out, 0, 0)
	out = long.AppendUint32(out, 1)
	out = append(out, "00dc"...)
	out = append(out, make([]byte, 12)...)
	out = long.AppendUint64(out, uint64(at))
	entries := (len(b) - idx1 - 8) / 16
	out = long.AppendUint32(out, uint32(32+8*entries))
	out = long.AppendUint32(out, uint32(entries))
	for _, list := range []int{strl, bytes.Index(b, []byte("hdrl"))} {
		long.PutUint32(out[list-4:], long.Uint32(b[list-4:])+super)
	}
	out = append(out, b[end:idx1]...)
	out = append(out, "ix00"...)
	out = long.AppendUint32(out, uint32(24+8*entries))
	out = long.AppendUint16(out, 2)
	out = append(out, 0, 1)
	out = long.AppendUint32(out, uint32(entries))
	out = append(out, "00dc"...)
	out = long.AppendUint64(out, uint64(movi+super))
	out = append(out, 0, 0, 0, 0)
	for e := b[idx1+8:]; len(e) >= 16; e = e[16:] {
		out = long.AppendUint32(out, long.Uint32(e[8:])+8)
		out = long.AppendUint32(out, long.Uint32(e[12:]))
	}
	long.PutUint32(out[movi+super-4:], uint32(len(out)-movi-super))
	long.PutUint32(out[4:], uint32(len(out)-8))
	return out
}

// TestStandardTables: the tables that films leave out are libjpeg's, which writes those of the standard's annex K.3.
func TestStandardTables(t *testing.T) {
	b, _, _ := aviBytes(t)
	from := bytes.Index(b, []byte{0xff, 0xd8})
	head, err := readJPEGHead(b[from:])
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range [][]byte{b[from : from+head.scan]} {
		for i := 2; i+4 < len(table); i += 2 + int(binary.BigEndian.Uint16(table[i+2:])) {
			if n := 2 + int(binary.BigEndian.Uint16(table[i+2:])); table[i+1] == 0xc4 && !bytes.Contains(standardTables, table[i+4:i+n]) {
				t.Errorf("libjpeg's table % x is not among them", table[i+4:i+8])
			}
		}
	}
}
