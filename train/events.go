package train

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// events writes TensorBoard's event files: records of a length, a checksum, an Event message and a checksum
// (tensorflow/core/lib/io/record_writer.h, tensorflow/core/util/event.proto).
type events struct{ f *os.File }

func newEvents(dir string, now time.Time) (*events, error) {
	host, _ := os.Hostname()
	f, err := os.Create(filepath.Join(dir, fmt.Sprintf("events.out.tfevents.%d.%s", now.UnixMicro(), host)))
	if err != nil {
		return nil, err
	}
	e := &events{f}
	var m []byte
	m = protowire.AppendTag(m, 1, protowire.Fixed64Type) // wall_time
	m = protowire.AppendFixed64(m, math.Float64bits(seconds(now)))
	m = protowire.AppendTag(m, 3, protowire.BytesType) // file_version
	m = protowire.AppendString(m, "brain.Event:2")
	return e, e.record(m)
}

func seconds(t time.Time) float64 { return float64(t.UnixNano()) / 1e9 }

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func maskedCRC(b []byte) uint32 {
	c := crc32.Checksum(b, castagnoli)
	return (c>>15 | c<<17) + 0xa282ead8
}

func (e *events) record(m []byte) error {
	var h [12]byte
	binary.LittleEndian.PutUint64(h[:], uint64(len(m)))
	binary.LittleEndian.PutUint32(h[8:], maskedCRC(h[:8]))
	b := append(h[:], m...)
	b = binary.LittleEndian.AppendUint32(b, maskedCRC(m))
	_, err := e.f.Write(b)
	return err
}

// scalars writes values under their names at a step.
func (e *events) scalars(step int, now time.Time, values map[string]float64) error {
	var summary []byte
	for _, name := range sortedKeys(values) {
		var v []byte
		v = protowire.AppendTag(v, 1, protowire.BytesType) // tag
		v = protowire.AppendString(v, name)
		v = protowire.AppendTag(v, 2, protowire.Fixed32Type) // simple_value
		v = protowire.AppendFixed32(v, math.Float32bits(float32(values[name])))
		summary = protowire.AppendTag(summary, 1, protowire.BytesType)
		summary = protowire.AppendBytes(summary, v)
	}
	var m []byte
	m = protowire.AppendTag(m, 1, protowire.Fixed64Type)
	m = protowire.AppendFixed64(m, math.Float64bits(seconds(now)))
	m = protowire.AppendTag(m, 2, protowire.VarintType) // step
	m = protowire.AppendVarint(m, uint64(step))
	m = protowire.AppendTag(m, 5, protowire.BytesType) // summary
	m = protowire.AppendBytes(m, summary)
	return e.record(m)
}

func (e *events) close() error { return e.f.Close() }
