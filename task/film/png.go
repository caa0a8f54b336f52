package film

import (
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"

	"github.com/evorank/evorank/files"
)

// PNGs makes a folder with the pictures that write adds, each named after its
// number. The folder must be absent or empty; it appears when write has ended
// without an error, or not at all.
func PNGs(folder string, write func(add func(number int, m *image.RGBA) error) error) error {
	if entries, err := os.ReadDir(folder); len(entries) > 0 {
		return fmt.Errorf("write: %s: the folder is not empty: choose another", folder)
	} else if err != nil && !os.IsNotExist(err) {
		return files.Explain("write", folder, err)
	}
	parent, name := filepath.Split(filepath.Clean(folder))
	unfinished, err := os.MkdirTemp(filepath.Clean(parent), "."+name+".tmp")
	if err != nil {
		return files.Explain("write", folder, err)
	}
	defer os.RemoveAll(unfinished) // finds nothing after the rename
	err = write(func(number int, m *image.RGBA) error {
		return writePNG(filepath.Join(unfinished, fmt.Sprintf("%05d.png", number)), m)
	})
	if err != nil {
		return err
	}
	if err = os.Chmod(unfinished, 0o755); err == nil {
		err = os.Rename(unfinished, folder)
	}
	if err == nil {
		err = files.SyncFolder(filepath.Clean(parent))
	}
	return files.Explain("write", folder, err)
}

func writePNG(path string, m *image.RGBA) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	err = png.Encode(f, m)
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	return err
}
