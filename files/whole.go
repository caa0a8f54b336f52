package files

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"

	"golang.org/x/sys/unix"
)

// WriteWhole makes the file at path hold what write writes, replacing an older
// one, so that whoever looks, whenever the machine stops, sees the old content
// or the new and never a part. On an error nothing has changed and nothing is
// left behind.
func WriteWhole(path string, write func(io.Writer) error) error {
	f, err := createBeside(path)
	if err != nil {
		return Explain("write", path, err)
	}
	defer os.Remove(f.Name()) // fails harmlessly after the rename
	err = write(f)
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err == nil {
		err = SyncFolder(filepath.Dir(path))
	}
	return Explain("write", path, err)
}

// createBeside creates a temporary file in the folder of path. Unlike
// os.CreateTemp it leaves the permissions to the user's umask.
func createBeside(path string) (*os.File, error) {
	folder, name := filepath.Split(path)
	for i := 0; ; i++ {
		f, err := os.OpenFile(fmt.Sprintf("%s.%s.tmp%d", folder, name, i), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
	}
}

// temporary matches the names that createBeside gives.
var temporary = regexp.MustCompile(`^\..+\.tmp[0-9]+$`)

// Sweep removes the temporary files that processes left in a folder when they
// were killed. The caller makes sure, by a lock, that nobody writes there. A
// folder that does not exist is clean.
func Sweep(folder string) error {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, e := range entries {
		if err == nil && temporary.MatchString(e.Name()) {
			err = os.Remove(filepath.Join(folder, e.Name()))
		}
	}
	return Explain("remove temporary files", folder, err)
}

// SyncFolder makes the names in a folder durable: a rename or a new file
// survives a power failure only after this.
func SyncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	defer folder.Close()
	if err := folder.Sync(); err != nil && !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOTSUP) {
		return err // some network file systems cannot sync folders: nothing to be done there
	}
	return nil
}

// Explain turns an error of the file system into one line that names path
// and, for the common causes, the remedy. Other errors keep their text.
func Explain(operation, path string, err error) error {
	if err == nil {
		return nil
	}
	advice := ""
	switch {
	case errors.Is(err, unix.ENOSPC), errors.Is(err, unix.EDQUOT):
		advice = ": free some space and try again"
	case errors.Is(err, unix.EROFS), errors.Is(err, fs.ErrPermission):
		advice = ": choose a folder that you may write to"
	case errors.Is(err, fs.ErrNotExist):
		advice = ": create the folder first"
	}
	var byPath *fs.PathError
	var byLink *os.LinkError
	switch { // their texts name temporary files
	case errors.As(err, &byPath):
		err = byPath.Err
	case errors.As(err, &byLink):
		err = byLink.Err
	}
	return fmt.Errorf("%s: %s: %w%s", operation, path, err, advice)
}
