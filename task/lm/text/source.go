package text

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Format says how a file holds its stories.
type Format string

const (
	// Auto is JSONL if the file's name ends in .jsonl, .jsonl.gz or .jsonl.zst,
	// Separated if a line <|endoftext|> occurs, and Lines otherwise. To find out
	// that no such line occurs takes a pass over the whole file.
	Auto Format = "auto"

	// Separated stories have a line <|endoftext|> between them; one after the last
	// story makes no difference.
	Separated Format = "separated"

	// Lines are one story each.
	Lines Format = "lines"

	// JSONL is a JSON object a line, with the story in one field. Blank lines count
	// as empty stories.
	JSONL Format = "jsonl"
)

// DefaultField is the JSONL field that holds the story unless another is named.
const DefaultField = "text"

// Source says what to read.
type Source struct {
	Path   string
	Format Format // "" is Auto
	Field  string // of JSONL; "" is DefaultField
	Limit  int    // read only the first stories; 0 reads all
}

// Open checks that the file can be read, settles its format and returns a reader
// of its stories.
func (s Source) Open() (*Reader, error) {
	s, err := s.resolve()
	if err != nil {
		return nil, err
	}
	if s.Format == Auto {
		if s.Format, err = s.detect(); err != nil {
			return nil, err
		}
	}
	file, err := openFile(s.Path)
	if err != nil {
		return nil, err
	}
	return &Reader{source: s, file: file, lines: newLineReader(file)}, nil
}

// resolve settles what can be settled without opening the file.
func (s Source) resolve() (Source, error) {
	switch s.Format {
	case "", Auto:
		s.Format = Auto
		if isJSONLName(s.Path) {
			s.Format = JSONL
		}
	case Separated, Lines, JSONL:
	default:
		return s, fmt.Errorf("read stories: %s: unknown format %q: use auto, separated, lines or jsonl", s.Path, s.Format)
	}
	switch {
	case s.Format != JSONL:
		s.Field = ""
	case s.Field == "":
		s.Field = DefaultField
	}
	return s, nil
}

func isJSONLName(path string) bool {
	name := strings.ToLower(path)
	for _, packed := range []string{".gz", ".zst"} {
		name = strings.TrimSuffix(name, packed)
	}
	return strings.HasSuffix(name, ".jsonl")
}

// detect looks for a separator. Faults in the text are left to the reader, which
// knows whether it gets that far.
func (s Source) detect() (Format, error) {
	file, err := openFile(s.Path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	for lines := newLineReader(file); ; {
		line, err := lines.next()
		switch {
		case err != nil:
			return Lines, nil
		case string(line) == separator:
			return Separated, nil
		}
	}
}

// file is an open file, decompressed.
type file struct {
	io.Reader
	kind  string // "", "gzip" or "zstd"
	close []func() error
}

// Close closes the decompressor, then the file.
func (f *file) Close() error {
	var errs []error
	for _, c := range f.close {
		errs = append(errs, c())
	}
	return errors.Join(errs...)
}

// maxWindow is the most that a zstd file may ask to keep in memory: what the zstd
// tool itself takes without being told to (--long=27).
const maxWindow = 128 << 20

// openFile opens a file and decompresses it if it begins as gzip or zstd files do.
func openFile(path string) (*file, error) {
	raw, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read stories: %w", err)
	}
	f, err := decompress(raw)
	if err != nil {
		raw.Close()
		return nil, fmt.Errorf("read stories: %s: %w", path, err)
	}
	f.close = append(f.close, raw.Close)
	return f, nil
}

func decompress(r io.Reader) (*file, error) {
	raw := bufio.NewReaderSize(r, 1<<16)
	magic, err := raw.Peek(4)
	switch {
	case err == io.EOF && len(magic) == 0:
		return nil, errors.New("the file is empty")
	case err != nil && err != io.EOF:
		return nil, err
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(raw)
		if err != nil {
			return nil, describe("gzip", err)
		}
		return &file{Reader: z, kind: "gzip", close: []func() error{z.Close}}, nil
	case bytes.HasPrefix(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(raw, zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, describe("zstd", err)
		}
		return &file{Reader: z, kind: "zstd", close: []func() error{func() error { z.Close(); return nil }}}, nil
	}
	return &file{Reader: raw}, nil
}

// Read implements [io.Reader]; faults of compressed data say what they are.
func (f *file) Read(p []byte) (int, error) {
	n, err := f.Reader.Read(p)
	if err != nil && err != io.EOF && f.kind != "" {
		err = describe(f.kind, err)
	}
	return n, err
}

func describe(kind string, err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return fmt.Errorf("the %s data ends too early: the file is cut off", kind)
	}
	return fmt.Errorf("broken %s data: %w", kind, err)
}
