package text

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"unicode/utf8"
)

// maxStory is the longest line and the longest story that are read, in bytes. It
// is there for files that are not text, such as a compressed endless zero.
const maxStory = 1 << 30

// lineReader cuts a stream into lines.
type lineReader struct {
	r      *bufio.Reader
	buffer []byte
	number int   // of the line that next read last, from 1
	offset int64 // of the first byte of that line in the decompressed stream
	after  int64
	most   int // bytes a line may have
}

func newLineReader(r io.Reader) *lineReader {
	return &lineReader{r: bufio.NewReaderSize(r, 1<<16), most: maxStory}
}

// next returns a line without its end, valid until the next call, or io.EOF.
func (l *lineReader) next() ([]byte, error) {
	l.number++
	l.offset = l.after
	line, err := l.read()
	if err != nil && (err != io.EOF || len(line) == 0) {
		return nil, err
	}
	l.after += int64(len(line))
	line = bytes.TrimSuffix(line, []byte("\n"))
	line = bytes.TrimSuffix(line, []byte("\r"))
	if mark := []byte("\ufeff"); l.number == 1 && bytes.HasPrefix(line, mark) {
		line = line[len(mark):] // some editors begin UTF-8 files so
		l.offset += int64(len(mark))
	}
	return line, nil
}

// read returns bytes up to and with "\n", or the last bytes and io.EOF.
func (l *lineReader) read() ([]byte, error) {
	l.buffer = l.buffer[:0]
	for {
		part, err := l.r.ReadSlice('\n')
		if len(l.buffer) == 0 && err == nil {
			return part, nil // the usual case needs no copy
		}
		if len(l.buffer)+len(part) > l.most {
			return nil, fmt.Errorf("longer than %d MiB", l.most>>20)
		}
		l.buffer = append(l.buffer, part...)
		if err != bufio.ErrBufferFull {
			return l.buffer, err
		}
	}
}

// checkUTF8 names the first byte of a line that is not UTF-8.
func (l *lineReader) checkUTF8(line []byte) error {
	if utf8.Valid(line) {
		return nil
	}
	at := 0
	for {
		r, n := utf8.DecodeRune(line[at:])
		if r == utf8.RuneError && n == 1 {
			return fmt.Errorf("broken UTF-8: byte %#02x at offset %d of the text: convert the file to UTF-8", line[at], l.offset+int64(at))
		}
		at += n
	}
}
