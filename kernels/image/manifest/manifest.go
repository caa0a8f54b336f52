// Package manifest describes the built kernel image: what it was built from,
// with what, for which architectures. The builder writes it beside the image,
// package image reads it, a test compares it with the sources in the tree.
//
// Convention: digests are SHA-256 in hexadecimal. The package runs no compiler
// and knows no GPU.
package manifest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Manifest says what the image was built from and what is in it.
type Manifest struct {
	Compiler string   `json:"compiler"`       // as nvcc names itself
	Flags    []string `json:"flags"`          // of every compilation
	Sources  string   `json:"sources_sha256"` // of all kernel sources, see SourceDigest
	Image    string   `json:"image_sha256"`   // of the compressed fat binary
	Code     []Code   `json:"code"`           // one for each architecture
}

// Code is the code for one architecture.
type Code struct {
	Target string `json:"target"` // sm_90: machine code; compute_80: PTX, which the driver compiles
	SHA256 string `json:"sha256"` // before compression
}

// PTX reports whether the code is left to the driver to compile.
func (c Code) PTX() bool { return strings.HasPrefix(c.Target, "compute_") }

// capability reads the target's compute capability, 9.0 of sm_90a. Code for an
// architecture-specific target (suffix a) runs on exactly that capability.
func (c Code) capability() (major, minor int, exact bool) {
	number := c.Target[strings.LastIndexByte(c.Target, '_')+1:]
	digits := strings.TrimSuffix(number, "a")
	fmt.Sscanf(digits[:len(digits)-1]+" "+digits[len(digits)-1:], "%d %d", &major, &minor)
	return major, minor, digits != number
}

// For returns the code that the driver takes on a device of that compute
// capability: the newest machine code of the same major version that is not
// newer than the device, otherwise PTX that is not newer.
func (m Manifest) For(major, minor int) (Code, bool) {
	best, found := Code{}, false
	for _, c := range m.Code {
		cMajor, cMinor, exact := c.capability()
		fits := cMajor == major && cMinor <= minor && (!exact || cMinor == minor)
		if !c.PTX() && fits && (!found || newer(c, best)) {
			best, found = c, true
		}
	}
	for _, c := range m.Code {
		cMajor, cMinor, _ := c.capability()
		if !found && c.PTX() && (cMajor < major || cMajor == major && cMinor <= minor) {
			return c, true
		}
	}
	return best, found
}

func newer(a, b Code) bool {
	_, x, _ := a.capability()
	_, y, _ := b.capability()
	return x > y
}

// Sources lists the kernel sources in a tree, kernels/**/*.cu and *.cuh, sorted.
func Sources(kernels fs.FS) ([]string, error) {
	var names []string
	err := fs.WalkDir(kernels, ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && slices.Contains([]string{".cu", ".cuh"}, path.Ext(name)) {
			names = append(names, name)
		}
		return err
	})
	return names, err // WalkDir goes in lexical order
}

// SourceDigest is the digest of all kernel sources: for each, in order, a line
// with its digest and its name.
func SourceDigest(kernels fs.FS) (string, error) {
	names, err := Sources(kernels)
	if err != nil {
		return "", err
	}
	all := sha256.New()
	for _, name := range names {
		text, err := fs.ReadFile(kernels, name)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(all, "%s  %s\n", Digest(text), name)
	}
	return hex.EncodeToString(all.Sum(nil)), nil
}

// Digest is the SHA-256 of bytes.
func Digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
