package text

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"

	"github.com/cespare/xxhash/v2"
	"github.com/evorank/evorank/files"
	"github.com/evorank/evorank/task/lm/tokenizer"
)

// A cache file is, in little-endian order: the magic, the key (its length as
// uint32, then its bytes), the numbers of stories, ids, skipped stories, units and
// unknown units as uint64, Start and IDs as int32, and the xxHash64 of all that.
const cacheMagic = "evorank tokens 2\n"

// cache is the file in which one source's tokens are kept.
type cache struct {
	path   string
	key    string // everything that the tokens depend on
	labels int32  // of the model vocabulary: what ids must be below
}

func newCache(dir string, s Source, e Encoding) (cache, error) {
	s, err := s.resolve()
	if err != nil {
		return cache{}, err
	}
	text, size, err := digestFile(s.Path)
	if err != nil {
		return cache{}, fmt.Errorf("read stories: %w", err)
	}
	key := fmt.Sprintf("text %016x of %d bytes, format %s, field %q, limit %d, tokenizer %016x, end of text %t",
		text, size, s.Format, s.Field, max(s.Limit, 0), e.Tokenizer.Digest(), e.EndOfText)
	name := fmt.Sprintf("tokens-%016x.bin", xxhash.Sum64String(key))
	return cache{path: filepath.Join(dir, name), key: key, labels: int32(e.Tokenizer.Vocabulary())}, nil
}

// digestFile is the xxHash64 of a file's bytes, compressed or not.
func digestFile(path string) (digest uint64, size int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, 0, err
	}
	defer f.Close()
	h := xxhash.New()
	size, err = io.Copy(h, f)
	return h.Sum64(), size, err
}

// read returns what the file holds. The error is os.ErrNotExist if there is none,
// and says what is wrong with one that cannot be used.
func (c cache) read() (*Stories, error) {
	f, err := os.Open(c.path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	sum := xxhash.New()
	r := &summed{r: bufio.NewReaderSize(f, 1<<16), sum: sum}
	stories, err := c.decode(r, info.Size())
	if err != nil {
		return nil, err
	}
	var want [8]byte
	if _, err := io.ReadFull(r.r, want[:]); err != nil {
		return nil, errors.New("cut off")
	}
	if binary.LittleEndian.Uint64(want[:]) != sum.Sum64() {
		return nil, errors.New("wrong checksum")
	}
	return stories, c.check(stories)
}

// decode reads all but the checksum. Counts are compared with the size of the file
// before anything is allocated by them.
func (c cache) decode(r io.Reader, size int64) (*Stories, error) {
	head := make([]byte, len(c.head())+5*8)
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, errors.New("cut off")
	}
	if string(head[:len(c.head())]) != string(c.head()) {
		return nil, errors.New("not the cache of this text and tokenizer")
	}
	counts := head[len(c.head()):]
	stories := binary.LittleEndian.Uint64(counts)
	ids := binary.LittleEndian.Uint64(counts[8:])
	skipped := binary.LittleEndian.Uint64(counts[16:])
	if room := uint64(size) / 4; stories > room || ids > room ||
		uint64(size) != uint64(len(head))+4*(stories+1)+4*ids+8 {
		return nil, errors.New("wrong size")
	}
	s := &Stories{Start: make([]int32, stories+1), IDs: make([]int32, ids), Skipped: int(skipped), Coverage: tokenizer.Coverage{
		Units: int(binary.LittleEndian.Uint64(counts[24:])), Unknown: int(binary.LittleEndian.Uint64(counts[32:])),
	}}
	if readInts(r, s.Start) != nil || readInts(r, s.IDs) != nil {
		return nil, errors.New("cut off")
	}
	return s, nil
}

// check guards against a file that is consistent and yet no such cache.
func (c cache) check(s *Stories) error {
	for i := range s.Len() {
		if int(s.Start[i+1])-int(s.Start[i]) < 2 {
			return errors.New("stories out of order")
		}
	}
	if s.Start[0] != 0 || int(s.Start[s.Len()]) != len(s.IDs) || s.Skipped < 0 ||
		s.Coverage.Unknown < 0 || s.Coverage.Unknown > s.Coverage.Units {
		return errors.New("wrong counts")
	}
	for _, id := range s.IDs {
		if id < 0 || id >= c.labels {
			return errors.New("ids outside the vocabulary")
		}
	}
	return nil
}

func (c cache) head() []byte {
	head := binary.LittleEndian.AppendUint32([]byte(cacheMagic), uint32(len(c.key)))
	return append(head, c.key...)
}

// write puts the whole file in place, or nothing.
func (c cache) write(s *Stories) error {
	if err := os.MkdirAll(filepath.Dir(c.path), 0o755); err != nil {
		return err
	}
	return files.WriteWhole(c.path, func(file io.Writer) error {
		f := bufio.NewWriterSize(file, 1<<16)
		sum := xxhash.New()
		w := io.MultiWriter(f, sum)
		head := c.head()
		for _, n := range []int{s.Len(), len(s.IDs), s.Skipped, s.Coverage.Units, s.Coverage.Unknown} {
			head = binary.LittleEndian.AppendUint64(head, uint64(n))
		}
		if _, err := w.Write(head); err != nil {
			return err
		}
		for _, list := range [][]int32{s.Start, s.IDs} {
			if err := writeInts(w, list); err != nil {
				return err
			}
		}
		f.Write(binary.LittleEndian.AppendUint64(nil, sum.Sum64()))
		return f.Flush()
	})
}

// summed adds what is read to a checksum.
type summed struct {
	r   io.Reader
	sum hash.Hash64
}

func (s *summed) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	s.sum.Write(p[:n])
	return n, err
}

const intsAtOnce = 1 << 14

func writeInts(w io.Writer, list []int32) error {
	var buffer []byte
	for len(list) > 0 {
		n := min(len(list), intsAtOnce)
		buffer = buffer[:0]
		for _, v := range list[:n] {
			buffer = binary.LittleEndian.AppendUint32(buffer, uint32(v))
		}
		if _, err := w.Write(buffer); err != nil {
			return err
		}
		list = list[n:]
	}
	return nil
}

func readInts(r io.Reader, list []int32) error {
	buffer := make([]byte, 4*min(len(list), intsAtOnce))
	for len(list) > 0 {
		n := min(len(list), intsAtOnce)
		if _, err := io.ReadFull(r, buffer[:4*n]); err != nil {
			return err
		}
		for i := range list[:n] {
			list[i] = int32(binary.LittleEndian.Uint32(buffer[4*i:]))
		}
		list = list[n:]
	}
	return nil
}
