package lineage

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/evorank/evorank/model"
)

const damaged = "the file was damaged after it was written"

var errChecksum = errors.New("the checksum does not match: " + damaged)

// DamageError says that a log is not what was written, where, and what can be
// done about it.
type DamageError struct {
	Path   string
	Offset int64 // of the first byte that cannot be trusted
	Err    error
	sound  int64            // bytes before the damaged block
	last   model.Generation // the last generation in them
}

// Error is one line.
func (e *DamageError) Error() string {
	remedy := "restore the file from a copy"
	if e.last > 0 {
		remedy += fmt.Sprintf(", or keep generations 1 to %d with: truncate -s %d %s", e.last, e.sound, e.Path)
	}
	return fmt.Sprintf("lineage: %s: byte %d: %v: %s", e.Path, e.Offset, e.Err, remedy)
}

// Unwrap returns the cause.
func (e *DamageError) Unwrap() error { return e.Err }

// Reader goes through a log once, a generation at a time.
type Reader struct {
	path    string
	source  *bufio.Reader
	closer  io.Closer
	header  Header
	size    int64            // of the file when it was opened
	at      int64            // where the next block starts
	last    model.Generation // the one that was read last
	ends    int64            // where the block of the last generation ends
	marks   []model.Generation
	dropped int64
	raw     []byte
	records []model.Record
}

// Open opens a log for reading. A log that is being written can be read: what
// is complete at this moment is there.
func Open(path string) (*Reader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("lineage: %w", err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "read", Path: path, Err: errors.New("not a regular file")}
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("lineage: %w", err)
	}
	r, err := newReader(path, f, info.Size())
	if err != nil {
		f.Close()
		return nil, err
	}
	r.closer = f
	return r, nil
}

func newReader(path string, source io.Reader, size int64) (*Reader, error) {
	r := &Reader{path: path, source: bufio.NewReaderSize(source, 1<<16), size: size}
	if size < headerSize {
		return nil, r.damage(size, fmt.Errorf("the file ends within its header"))
	}
	b := make([]byte, headerSize)
	if err := r.read(b); err != nil {
		return nil, err
	}
	var err error
	var at int64
	if r.header, at, err = decodeHeader(b); err != nil {
		return nil, r.damage(at, err)
	}
	r.at, r.ends = headerSize, headerSize
	return r, nil
}

// Close releases the file.
func (r *Reader) Close() error { return r.closer.Close() }

// Header returns the run that the log belongs to.
func (r *Reader) Header() Header { return r.header }

// DeviceChanges returns the generations, of those read so far, after which the
// run went on with another kind of device.
func (r *Reader) DeviceChanges() []model.Generation { return r.marks }

// Dropped returns, at the end of the log, how many bytes of a block that a
// crash cut short follow it. They are worth a warning.
func (r *Reader) Dropped() int64 { return r.dropped }

// Next returns the records of the next generation, valid until the next call,
// or io.EOF after the last complete one. Damage is a *DamageError.
func (r *Reader) Next() ([]model.Record, error) {
	for {
		head, err := r.nextHead()
		if err != nil {
			return nil, err
		}
		if head.kind == deviceChangeBlock {
			r.marks = append(r.marks, head.generation)
			continue
		}
		r.last, r.ends = head.generation, r.at
		return r.records, nil
	}
}

// nextHead reads one whole block and returns its head; the records are in
// r.records.
func (r *Reader) nextHead() (head blockHead, err error) {
	left := r.size - r.at
	if left < headSize {
		return head, r.end(left)
	}
	b := r.buffer(headSize)
	if err := r.read(b); err != nil {
		return head, err
	}
	if !intact(b) {
		return head, r.damage(r.at, errChecksum)
	}
	head = decodeBlockHead(b)
	if err := head.follows(r.last, r.header.Population); err != nil {
		return head, r.damage(r.at, err)
	}
	body := int64(head.records)*int64(r.header.recordSize()) + checksumSize
	if left < headSize+body {
		return head, r.end(left)
	}
	b = r.buffer(int(body))
	if err := r.read(b); err != nil {
		return head, err
	}
	if !intact(b) {
		return head, r.damage(r.at+headSize, fmt.Errorf("generation %d: %w", head.generation, errChecksum))
	}
	if err := r.decode(b[:body-checksumSize], head); err != nil {
		return head, err
	}
	r.at += headSize + body
	return head, nil
}

// end is io.EOF; what is left is a block that was cut short.
func (r *Reader) end(left int64) error {
	r.dropped = left
	return io.EOF
}

func (r *Reader) decode(b []byte, head blockHead) error {
	r.records = r.records[:0]
	for i := range head.records {
		at := i * r.header.recordSize()
		record, err := r.header.decodeRecord(b[at:], head.generation, i)
		if err != nil {
			return r.damage(r.at+headSize+int64(at), fmt.Errorf("generation %d: %w", head.generation, err))
		}
		r.records = append(r.records, record)
	}
	return nil
}

// buffer returns n bytes that the next call may overwrite.
func (r *Reader) buffer(n int) []byte {
	if cap(r.raw) < n {
		r.raw = make([]byte, n)
	}
	return r.raw[:n]
}

// read fills b. The file was long enough when it was opened.
func (r *Reader) read(b []byte) error {
	_, err := io.ReadFull(r.source, b)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("the file became shorter while it was read")
	}
	if err != nil {
		return fmt.Errorf("lineage: %s: %w", r.path, err)
	}
	return nil
}

func (r *Reader) damage(at int64, err error) error {
	return &DamageError{Path: r.path, Offset: at, Err: err, sound: r.ends, last: r.last}
}
