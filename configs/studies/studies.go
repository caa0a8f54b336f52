// Package studies holds the embedded study files. Package study reads them.
package studies

import (
	"embed"
	"io/fs"
	"strings"
)

//go:embed *.yaml
var embedded embed.FS

// Names lists the embedded studies.
func Names() []string {
	files, err := fs.Glob(embedded, "*.yaml")
	if err != nil {
		panic(err) // the pattern is a constant
	}
	for i := range files {
		files[i] = strings.TrimSuffix(files[i], ".yaml")
	}
	return files
}

// Source returns the text of an embedded study, and whether there is one.
func Source(name string) ([]byte, bool) {
	text, err := embedded.ReadFile(name + ".yaml")
	return text, err == nil
}
