package files

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, s)
		return err
	}
}

// names lists a folder.
func names(t *testing.T, folder string) (list []string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

func TestWriteWhole(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "a.txt")
	leftover := filepath.Join(folder, ".a.txt.tmp0") // of a process that died
	if err := os.WriteFile(leftover, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"first", "second"} {
		if err := WriteWhole(path, text(want)); err != nil {
			t.Fatal(err)
		}
		if got, _ := os.ReadFile(path); string(got) != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	old := unix.Umask(0o027)
	defer unix.Umask(old)
	if err := WriteWhole(path, text("third")); err != nil {
		t.Fatal(err)
	}
	if info, _ := os.Stat(path); info.Mode() != 0o640 {
		t.Errorf("mode %v, want that of the umask", info.Mode())
	}
	if got := fmt.Sprint(names(t, folder)); got != "[.a.txt.tmp0 a.txt]" {
		t.Errorf("the folder holds %s", got)
	}
}

// TestSweep removes what WriteWhole leaves when it is killed, and nothing else.
func TestSweep(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{".a.txt.tmp0", ".a.txt.tmp12", "a.tmp0", ".a.tmp", ".tmp0", ".a.tmp0.txt", "a.txt"} {
		if err := os.WriteFile(filepath.Join(folder, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(Sweep(folder), Sweep(filepath.Join(folder, "absent"))); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(names(t, folder)); got != "[.a.tmp .a.tmp0.txt .tmp0 a.tmp0 a.txt]" {
		t.Errorf("the folder holds %s", got)
	}
}

func TestWriteWholeKeepsTheOldFile(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "a.txt")
	if err := WriteWhole(path, text("old")); err != nil {
		t.Fatal(err)
	}
	for want, cause := range map[string]error{
		"write: " + path + ": the caller's reason":                                    errors.New("the caller's reason"),
		"write: " + path + ": no space left on device: free some space and try again": &os.PathError{Op: "write", Path: "temporary", Err: unix.ENOSPC},
	} {
		err := WriteWhole(path, func(w io.Writer) error {
			io.WriteString(w, "half")
			return cause
		})
		if err == nil || err.Error() != want || !errors.Is(err, cause) && !errors.Is(err, unix.ENOSPC) {
			t.Errorf("error %v, want %s", err, want)
		}
		if got, _ := os.ReadFile(path); string(got) != "old" {
			t.Errorf("the file now holds %q", got)
		}
	}
	if got := fmt.Sprint(names(t, folder)); got != "[a.txt]" {
		t.Errorf("the folder holds %s", got)
	}
}

func TestErrorsNameThePath(t *testing.T) {
	folder := t.TempDir()
	absent := filepath.Join(folder, "absent", "a")
	if err := WriteWhole(absent, text("")); err == nil || !strings.HasPrefix(err.Error(), "write: "+absent+": no such file") {
		t.Errorf("missing folder: %v", err)
	}
	taken := filepath.Join(folder, "taken") // a folder where the file should go
	if err := os.MkdirAll(filepath.Join(taken, "x"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := WriteWhole(taken, text("")); err == nil || !strings.HasPrefix(err.Error(), "write: "+taken+": ") || strings.Contains(err.Error(), ".tmp0") {
		t.Errorf("name taken by a folder: %v", err)
	}
	if _, err := Acquire(absent); err == nil || !strings.HasPrefix(err.Error(), "lock: "+filepath.Join(absent, "lock")) {
		t.Errorf("lock of a missing folder: %v", err)
	}
}

func TestReadOnlyFolder(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("1 check skipped: root may write anywhere")
	}
	folder := t.TempDir()
	if err := os.Chmod(folder, 0o555); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "a")
	want := "write: " + path + ": permission denied: choose a folder that you may write to"
	if err := WriteWhole(path, text("")); err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

// TestDiskFull fills a real device, where Linux has one.
func TestDiskFull(t *testing.T) {
	f, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("1 check skipped: no /dev/full")
	}
	defer f.Close()
	path := filepath.Join(t.TempDir(), "a")
	err = WriteWhole(path, func(io.Writer) error {
		_, err := f.WriteString("x")
		return err
	})
	if want := "write: " + path + ": no space left on device: free some space and try again"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestLock(t *testing.T) {
	folder := t.TempDir()
	lock, err := Acquire(folder)
	if err != nil {
		t.Fatal(err)
	}
	host, _ := os.Hostname()
	want := fmt.Sprintf("lock: %s: another process (pid %d on %s) is using this run: wait for it or stop it", folder, os.Getpid(), host)
	var held *HeldError
	if _, err := Acquire(folder); !errors.As(err, &held) || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	if !Held(folder) {
		t.Error("a lock that is held does not look so")
	}
	lock.Release()
	lock.Release()
	if Held(folder) || Held(filepath.Join(folder, "absent")) {
		t.Error("a lock that nobody holds looks held")
	}
	again, err := Acquire(folder)
	if err != nil {
		t.Fatal(err)
	}
	again.Release()
}

// TestLockOutlastsALook: Held shares the lock for an instant, in which a run
// must not take itself for a second one.
func TestLockOutlastsALook(t *testing.T) {
	folder := t.TempDir()
	f, err := os.Create(filepath.Join(folder, "lock"))
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_SH); err != nil {
		t.Fatal(err)
	}
	var held *HeldError
	if _, err := Acquire(folder); !errors.As(err, &held) || held.Owner != "" {
		t.Errorf("shared for good: %v", err)
	}
	go func() {
		time.Sleep(3 * time.Millisecond)
		f.Close()
	}()
	lock, err := Acquire(folder)
	if err != nil {
		t.Fatalf("shared for an instant: %v", err)
	}
	lock.Release()
}

// TestLockEndsWithTheProcess has another process take the lock and kills it.
func TestLockEndsWithTheProcess(t *testing.T) {
	if folder := os.Getenv("TEST_LOCK_FOLDER"); folder != "" {
		lock, err := Acquire(folder)
		if err != nil {
			t.Fatal(err)
		}
		defer lock.Release() // a lock that nobody can release any more may be collected, and ends
		fmt.Println("locked")
		select {}
	}
	folder := t.TempDir()
	child := exec.Command(os.Args[0], "-test.run=^TestLockEndsWithTheProcess$")
	child.Env = append(os.Environ(), "TEST_LOCK_FOLDER="+folder)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer child.Process.Kill()
	if _, err := io.ReadFull(out, make([]byte, len("locked"))); err != nil {
		t.Fatal(err)
	}
	lock, err := Acquire(folder)
	if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("(pid %d on ", child.Process.Pid)) {
		t.Fatalf("while the child lives: %v, %v", lock, err)
	}
	child.Process.Kill()
	child.Wait()
	lock, err = Acquire(folder)
	if err != nil {
		t.Fatalf("after the child's death: %v", err)
	}
	lock.Release()
}
