package files

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Lock is the right to change a run directory. The kernel takes it back when
// the process dies, however it dies; and when nothing refers to the lock any
// more, for then its file is closed.
type Lock struct {
	file *os.File
}

// HeldError says who has the lock.
type HeldError struct {
	Folder string
	Owner  string // "pid N on H", or empty if the owner has not said yet
}

// Error names the other process.
func (e *HeldError) Error() string {
	owner := e.Owner
	if owner == "" {
		owner = "pid unknown"
	}
	return fmt.Sprintf("lock: %s: another process (%s) is using this run: wait for it or stop it", e.Folder, owner)
}

// LockName is the name of the file that is locked in a folder.
const LockName = "lock"

// Acquire takes the exclusive lock of an existing folder without waiting for
// its owner; a *HeldError means that another process has it. The lock is a flock on a
// file in the folder, which stays there: removing it would let two
// processes lock two files of one name.
func Acquire(folder string) (*Lock, error) {
	path := filepath.Join(folder, LockName)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, Explain("lock", path, err)
	}
	if owner, err := take(f); err != nil {
		f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, &HeldError{folder, owner}
		}
		return nil, Explain("lock", path, err)
	}
	l := &Lock{f}
	if err := l.sign(); err != nil {
		l.Release()
		return nil, Explain("lock", path, err)
	}
	return l, nil
}

// take locks the file, or returns EWOULDBLOCK and who has it. A lock that nobody
// has signed is shared for an instant by Held, or is changing hands: it is worth
// another look.
func take(f *os.File) (owner string, err error) {
	const looks, pause = 50, time.Millisecond
	for look := 1; ; look++ {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if !errors.Is(err, unix.EWOULDBLOCK) {
			return "", err
		}
		signed, _ := io.ReadAll(io.NewSectionReader(f, 0, 200))
		owner, _, _ := strings.Cut(string(signed), "\n")
		if owner != "" || look == looks {
			return owner, err
		}
		time.Sleep(pause)
	}
}

// Held reports whether a process has the lock of a folder, and changes nothing
// there. To see it, it shares the lock for an instant.
func Held(folder string) bool {
	f, err := os.Open(filepath.Join(folder, LockName))
	if err != nil {
		return false
	}
	defer f.Close()
	return errors.Is(unix.Flock(int(f.Fd()), unix.LOCK_SH|unix.LOCK_NB), unix.EWOULDBLOCK)
}

// sign writes the owner into the lock file, for others to read.
func (l *Lock) sign() error {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	if err := l.file.Truncate(0); err != nil {
		return err
	}
	_, err = l.file.WriteAt(fmt.Appendf(nil, "pid %d on %s\n", os.Getpid(), host), 0)
	return err
}

// Release gives the lock up. It is safe to call it twice.
func (l *Lock) Release() {
	l.file.Truncate(0) // the name of a past owner would only mislead
	l.file.Close()     // closing unlocks
}
