package metrics

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/evorank/evorank/files"
	"github.com/evorank/evorank/model"
)

// Scalar is one curve's value at one generation.
type Scalar struct {
	Tag   string
	Value float32
}

// Events writes scalars as a TensorBoard event file: TFRecord frames around
// the protocol buffer message Event (tensorflow/core/util/event.proto and
// framework/summary.proto), of which it knows
//
//	Event       1 wall_time double, 2 step int64, 3 file_version string,
//	            5 summary Summary, 7 session_log SessionLog
//	Summary     1 value Value, repeated
//	Value       1 tag string, 2 simple_value float
//	SessionLog  1 status enum, START = 1
type Events struct {
	w io.WriteCloser
}

// CreateEvents begins an event file in a folder, under a name that TensorBoard
// looks for and that no file has: each process that works on a run writes its
// own, and TensorBoard reads them in the order of their names. If a stopped
// run goes on, next is the generation that comes first, and TensorBoard
// forgets what earlier files say of it and of later ones. A new run passes 1.
func CreateEvents(folder, host string, now time.Time, next model.Generation) (*Events, error) {
	path := filepath.Join(folder, fmt.Sprintf("events.out.tfevents.%010d.%s", now.Unix(), host))
	f, err := createNew(path)
	for i := 1; errors.Is(err, fs.ErrExist); i++ {
		f, err = createNew(fmt.Sprintf("%s.%d", path, i))
	}
	if err != nil {
		return nil, files.Explain("tensorboard events", path, err)
	}
	e := &Events{f}
	if err := e.begin(now, next); err != nil {
		f.Close()
		return nil, err
	}
	return e, nil
}

func createNew(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
}

func (e *Events) begin(now time.Time, next model.Generation) error {
	if err := e.frame(appendText(event(now, 0), 3, "brain.Event:2")); err != nil {
		return err
	}
	const start = 1
	return e.frame(appendMessage(event(now, next), 7, appendInteger(nil, 1, start)))
}

// Close releases the file.
func (e *Events) Close() error { return e.w.Close() }

// Write appends the values of one generation.
func (e *Events) Write(now time.Time, generation model.Generation, scalars []Scalar) error {
	var summary []byte
	for _, s := range scalars {
		value := appendText(nil, 1, s.Tag)
		value = binary.LittleEndian.AppendUint32(appendKey(value, 2, fixed32), math.Float32bits(s.Value))
		summary = appendMessage(summary, 1, value)
	}
	return e.frame(appendMessage(event(now, generation), 5, summary))
}

// frame writes one TFRecord in one piece: length, its checksum, data, its
// checksum.
func (e *Events) frame(data []byte) error {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(data)))
	b = binary.LittleEndian.AppendUint32(b, masked(b))
	b = append(b, data...)
	b = binary.LittleEndian.AppendUint32(b, masked(data))
	if _, err := e.w.Write(b); err != nil {
		return fmt.Errorf("tensorboard events: %w", err)
	}
	return nil
}

// masked is the checksum of TFRecord files: CRC-32C, turned and shifted so
// that a checksum of data that holds checksums stays a good one.
func masked(b []byte) uint32 {
	c := crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli))
	return (c>>15 | c<<17) + 0xa282ead8
}

// Wire types of protocol buffers.
const (
	varint    = 0
	fixed64   = 1
	delimited = 2
	fixed32   = 5
)

// event begins a message Event with its time and step.
func event(now time.Time, step model.Generation) []byte {
	seconds := float64(now.Unix()) + float64(now.Nanosecond())/1e9
	b := binary.LittleEndian.AppendUint64(appendKey(nil, 1, fixed64), math.Float64bits(seconds))
	return appendInteger(b, 2, uint64(step))
}

func appendKey(b []byte, field, wire uint64) []byte {
	return binary.AppendUvarint(b, field<<3|wire)
}

func appendInteger(b []byte, field, value uint64) []byte {
	return binary.AppendUvarint(appendKey(b, field, varint), value)
}

func appendText(b []byte, field uint64, s string) []byte {
	return append(binary.AppendUvarint(appendKey(b, field, delimited), uint64(len(s))), s...)
}

func appendMessage(b []byte, field uint64, message []byte) []byte {
	return append(binary.AppendUvarint(appendKey(b, field, delimited), uint64(len(message))), message...)
}
