package lineage

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/evorank/evorank/files"
	"github.com/evorank/evorank/model"
)

// Writer appends to a log. It is the only writer: the caller holds the run's
// lock. While the caller goes on, at most one block is on its way to the disk.
type Writer struct {
	path    string
	file    *os.File
	header  Header
	last    model.Generation // written
	end     int64            // of what is written
	synced  model.Generation // the last one that is on the disk
	safe    int64            // where it ends
	syncing chan error       // of the last block; nil: it is on the disk
	sync    func() error
	block   []byte
	failed  error
}

// Create starts a log. A file that exists is never overwritten.
func Create(path string, h Header) (*Writer, error) {
	if err := h.check(); err != nil {
		return nil, fmt.Errorf("lineage: %s: %w", path, err)
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("lineage: %s: the file exists: resume that run or choose another folder", path)
	}
	err := files.WriteWhole(path, func(w io.Writer) error {
		_, err := w.Write(h.encode())
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("lineage: %w", err)
	}
	return openWriter(path, h, 0, headerSize)
}

// Continue opens a log to append to it, having read all of it. A last block
// that a crash cut short is removed; dropped is the number of its bytes.
func Continue(path string) (w *Writer, dropped int64, err error) {
	r, err := Open(path)
	if err != nil {
		return nil, 0, err
	}
	defer r.Close()
	for err == nil {
		_, err = r.Next()
	}
	if err != io.EOF {
		return nil, 0, err
	}
	if r.dropped > 0 {
		if err := truncate(path, r.at); err != nil {
			return nil, 0, err
		}
	}
	if w, err = openWriter(path, r.header, r.last, r.at); err != nil {
		return nil, r.dropped, err
	}
	if err := w.sync(); err != nil { // the program before may have been killed before the disk had its last block
		w.file.Close()
		return nil, r.dropped, files.Explain("lineage", path, err)
	}
	return w, r.dropped, nil
}

func openWriter(path string, h Header, last model.Generation, end int64) (*Writer, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, fmt.Errorf("lineage: %w", err)
	}
	return &Writer{path: path, file: f, header: h, last: last, end: end, synced: last, safe: end, sync: f.Sync}, nil
}

// Close waits for the disk and releases the file. A failure that was returned
// before is not returned again.
func (w *Writer) Close() error {
	if w.failed != nil {
		return w.file.Close()
	}
	return errors.Join(w.Flush(), w.file.Close())
}

// Last returns the last generation that is known to be on the disk.
func (w *Writer) Last() model.Generation { return w.synced }

// Append writes the records of the next generation, in the order of their
// index. It returns once they are written and the generation before is on the
// disk: what the disk takes for this one goes by while the next is evaluated.
// So a program that is killed loses none, a machine without power at most one.
// On an error the log ends with Last, and the writer is of no further use.
func (w *Writer) Append(records []model.Record) error {
	head := blockHead{generationBlock, w.last + 1, len(records)}
	if err := head.follows(w.last, w.header.Population); err != nil {
		return fmt.Errorf("lineage: %s: %w", w.path, err)
	}
	for i := range records {
		if err := checkRecord(&records[i], head.generation, i); err != nil {
			return fmt.Errorf("lineage: %s: %w", w.path, err)
		}
	}
	return w.write(head, records)
}

// MarkDeviceChange notes that what follows was computed on another kind of
// device than what stands before, so that bits may differ from a run on one.
func (w *Writer) MarkDeviceChange() error {
	if err := w.write(blockHead{deviceChangeBlock, w.last, 0}, nil); err != nil {
		return err
	}
	return w.Flush()
}

// Flush returns once everything that was appended is on the disk.
func (w *Writer) Flush() error {
	if w.syncing != nil {
		err := <-w.syncing
		w.syncing = nil
		if err != nil {
			return w.fail(err)
		}
		w.synced, w.safe = w.last, w.end
	}
	return w.failed
}

// fail takes back what is not known to be on the disk.
func (w *Writer) fail(err error) error {
	w.file.Truncate(w.safe) // if this fails too, the next reader finds a whole block, or drops a part of one
	w.failed = files.Explain("lineage", w.path, err)
	return w.failed
}

// write puts a block behind the others, once these are on the disk.
func (w *Writer) write(head blockHead, records []model.Record) error {
	if err := w.Flush(); err != nil {
		return err
	}
	w.block = head.append(w.block[:0])
	for i := range records {
		w.block = w.header.appendRecord(w.block, &records[i])
	}
	w.block = appendChecksum(w.block, headSize)
	if _, err := w.file.WriteAt(w.block, w.end); err != nil {
		return w.fail(err)
	}
	w.last, w.end = head.generation, w.end+int64(len(w.block))
	w.syncing = make(chan error, 1)
	go func(done chan<- error) { done <- w.sync() }(w.syncing)
	return nil
}

// TruncateAfter removes everything after the given generation (0: all of
// them), marks of device changes that followed it included.
func TruncateAfter(path string, generation model.Generation) error {
	r, err := Open(path)
	if err != nil {
		return err
	}
	defer r.Close()
	for r.last < generation {
		if _, err := r.Next(); err == io.EOF {
			return fmt.Errorf("lineage: %s: generation %d: the log ends with generation %d", path, generation, r.last)
		} else if err != nil {
			return err
		}
	}
	return truncate(path, r.ends)
}

// truncate cuts a log at the end of a block, durably.
func truncate(path string, size int64) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("lineage: %w", err)
	}
	defer f.Close()
	if err := f.Truncate(size); err != nil {
		return files.Explain("lineage", path, err)
	}
	return files.Explain("lineage", path, f.Sync())
}
