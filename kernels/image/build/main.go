// Command build compiles kernels/**/*.cu into the one image that the program
// carries, kernels/image/evorank.fatbin, and its manifest. Run it from the
// root of the repository; it needs g++, and Python's pip the first time.
//
//	go run ./kernels/image/build                    build the image
//	go run ./kernels/image/build -check             rebuild and compare with the committed image
//	go run ./kernels/image/build -resources         registers, shared memory and spills of every kernel
//	go run ./kernels/image/build -arch sm_90        only this architecture, to .build/kernels/evorank.fatbin
//	go run ./kernels/image/build -only noise,digest -arch sm_90    only these folders
//
// All sources are compiled as one unit, because a module is one piece of code
// for each architecture: a folder's names live in a namespace of its name, and
// macros end with their file. Everything is named by paths relative to the
// root, so that two builds in two folders agree byte for byte.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/evorank/evorank/kernels/image/manifest"
)

const (
	imageFile    = "kernels/image/evorank.fatbin"
	manifestFile = "kernels/image/manifest.json"
	workFolder   = ".build/kernels"
	sizeLimit    = 4 << 20
)

// targets are the architectures of the image. PTX of the oldest serves what
// has no machine code, and can be tried on every card that we have.
var targets = []string{"sm_80", "sm_86", "sm_89", "sm_90", "sm_100", "sm_120", "compute_80"}

type options struct {
	check, resources bool
	arch             string
	only             string
}

func main() {
	var o options
	flag.BoolVar(&o.check, "check", false, "rebuild and compare each architecture's code with the committed image")
	flag.BoolVar(&o.resources, "resources", false, "print each kernel's resources; fail if one uses local memory")
	flag.StringVar(&o.arch, "arch", "", "build only these architectures, comma-separated, to "+workFolder)
	flag.StringVar(&o.only, "only", "", "build only these folders of kernels, comma-separated")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "build kernels: unexpected argument %q\n", flag.Arg(0))
		os.Exit(2)
	}
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(o options) error {
	if o.only != "" && o.arch == "" {
		return errors.New("build kernels: -only needs -arch: the image holds all kernels")
	}
	b, err := newBuilder(o.only)
	if err != nil {
		return err
	}
	wanted := targets
	if o.arch != "" {
		wanted = strings.Split(o.arch, ",")
	}
	image, m, err := b.build(wanted)
	if err != nil {
		return err
	}
	switch {
	case o.resources:
		return printResources(os.Stdout, b.reports)
	case o.check:
		return check(m, image)
	case o.arch != "":
		return write(filepath.Join(workFolder, "evorank.fatbin"), image)
	}
	if len(image) > sizeLimit {
		return fmt.Errorf("build kernels: the image has %d bytes, more than %d", len(image), sizeLimit)
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	if err := write(imageFile, image); err != nil {
		return err
	}
	return write(manifestFile, append(text, '\n'))
}

// write replaces a file whole.
func write(name string, content []byte) error {
	temporary := name + ".new"
	if err := os.WriteFile(temporary, content, 0o644); err != nil {
		return fmt.Errorf("build kernels: %w", err)
	}
	if err := os.Rename(temporary, name); err != nil {
		return fmt.Errorf("build kernels: %w", err)
	}
	fmt.Printf("%s: %d bytes\n", name, len(content))
	return nil
}

// check compares a fresh build with what is committed and names every
// difference.
func check(fresh manifest.Manifest, image []byte) error {
	text, err := os.ReadFile(manifestFile)
	if err != nil {
		return fmt.Errorf("check kernels: %w", err)
	}
	var committed manifest.Manifest
	if err := json.Unmarshal(text, &committed); err != nil {
		return fmt.Errorf("check kernels: %s: %w", manifestFile, err)
	}
	committedImage, err := os.ReadFile(imageFile)
	if err != nil {
		return fmt.Errorf("check kernels: %w", err)
	}
	var wrong []string
	differ := func(what string, different bool) {
		state := "same"
		if different {
			state = "DIFFERENT"
			wrong = append(wrong, what)
		}
		fmt.Printf("%-12s %s\n", what, state)
	}
	differ("compiler", fresh.Compiler != committed.Compiler || !slices.Equal(fresh.Flags, committed.Flags))
	differ("sources", fresh.Sources != committed.Sources)
	differ("targets", len(fresh.Code) != len(committed.Code))
	for _, c := range fresh.Code {
		differ(c.Target, !slices.Contains(committed.Code, c))
	}
	differ("image", !bytes.Equal(image, committedImage) || manifest.Digest(image) != committed.Image)
	if len(wrong) > 0 {
		return fmt.Errorf("check kernels: %s: not what the sources give: run make kernels", strings.Join(wrong, ", "))
	}
	return nil
}
