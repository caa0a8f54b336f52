package main

import (
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/evorank/evorank/kernels/image/manifest"
)

//go:embed requirements.txt
var requirements string

const toolFolder = ".build/cuda"

// compileFlags go to every compilation. Kernels whose bits matter use
// intrinsics that no flag changes; these keep the rest IEEE too.
var compileFlags = []string{"-O3", "-std=c++17", "-ftz=false", "-prec-div=true", "-prec-sqrt=true", "-Xptxas=-v"}

// builder compiles one set of sources.
type builder struct {
	nvcc, fatbinary string
	sources         []string // kernels/x/y.cu
	digest          string
	mu              sync.Mutex
	reports         map[string]string // target → what ptxas -v said
}

// newBuilder finds or installs the compiler and lists the sources.
func newBuilder(only string) (*builder, error) {
	if _, err := os.Stat("kernels/image/build/requirements.txt"); err != nil {
		return nil, errors.New("build kernels: run this from the root of the repository")
	}
	bin, err := install()
	if err != nil {
		return nil, err
	}
	b := &builder{nvcc: filepath.Join(bin, "nvcc"), fatbinary: filepath.Join(bin, "fatbinary"), reports: map[string]string{}}
	kernels := os.DirFS("kernels")
	names, err := manifest.Sources(kernels)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		folder := filepath.Dir(name)
		if filepath.Ext(name) == ".cu" && (only == "" || slices.Contains(strings.Split(only, ","), folder)) {
			b.sources = append(b.sources, "kernels/"+name)
		}
	}
	if len(b.sources) == 0 {
		return nil, fmt.Errorf("build kernels: no .cu file in kernels/{%s}", only)
	}
	b.digest, err = manifest.SourceDigest(kernels)
	return b, err
}

// install puts the pinned compiler into .build/cuda unless it is there.
func install() (bin string, err error) {
	bin = filepath.Join(toolFolder, "nvidia/cu13/bin")
	stamp := filepath.Join(toolFolder, "requirements.txt")
	if have, err := os.ReadFile(stamp); err == nil && string(have) == requirements {
		return bin, nil
	}
	if err := os.RemoveAll(toolFolder); err != nil {
		return "", fmt.Errorf("install compiler: %w", err)
	}
	fmt.Println("installing the CUDA compiler into", toolFolder)
	pip := exec.Command("python3", "-m", "pip", "install", "--quiet", "--no-deps", "--target", toolFolder, "-r", "kernels/image/build/requirements.txt")
	pip.Stdout, pip.Stderr = os.Stderr, os.Stderr
	if err := pip.Run(); err != nil {
		return "", fmt.Errorf("install compiler: pip: %w", err)
	}
	return bin, os.WriteFile(stamp, []byte(requirements), 0o644)
}

// build compiles for all targets and packs the fat binary.
func (b *builder) build(wanted []string) ([]byte, manifest.Manifest, error) {
	version, err := b.compilerVersion()
	m := manifest.Manifest{Compiler: version, Flags: compileFlags, Sources: b.digest, Code: make([]manifest.Code, len(wanted))}
	if err != nil {
		return nil, m, err
	}
	if err := b.writeUnit(); err != nil {
		return nil, m, err
	}
	errs := make([]error, len(wanted))
	slots := make(chan struct{}, runtime.NumCPU())
	var wait sync.WaitGroup
	for i, target := range wanted {
		wait.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			m.Code[i], errs[i] = b.compile(b.specific(target))
		})
	}
	wait.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, m, err
	}
	image, err := b.pack(m.Code)
	m.Image = manifest.Digest(image)
	return image, m, err
}

var release = regexp.MustCompile(`release [0-9.]+, V([0-9.]+)`)

func (b *builder) compilerVersion() (string, error) {
	out, err := exec.Command(b.nvcc, "--version").Output()
	found := release.FindSubmatch(out)
	if err != nil || found == nil {
		return "", fmt.Errorf("build kernels: %s --version: %v: delete %s to install it again", b.nvcc, err, toolFolder)
	}
	return "nvcc " + string(found[1]), nil
}

// unit is the one compilation unit.
func (b *builder) unit() string { return filepath.Join(workFolder, "evorank.cu") }

func (b *builder) writeUnit() error {
	if err := os.MkdirAll(workFolder, 0o755); err != nil {
		return fmt.Errorf("build kernels: %w", err)
	}
	var text strings.Builder
	for _, s := range b.sources {
		fmt.Fprintf(&text, "#include \"%s\"\n", s)
	}
	return os.WriteFile(b.unit(), []byte(text.String()), 0o644)
}

// specific returns sm_90a for sm_90 when a source asks for it with a line
// "// target: sm_90a": instructions like wgmma exist in no other code.
func (b *builder) specific(target string) string {
	for _, s := range b.sources {
		text, err := os.ReadFile(s)
		if err == nil && strings.Contains(string(text), "\n// target: "+target+"a\n") {
			return target + "a"
		}
	}
	return target
}

// compile makes machine code (sm_…) or PTX (compute_…) of the unit.
func (b *builder) compile(target string) (manifest.Code, error) {
	virtual := strings.Replace(target, "sm_", "compute_", 1)
	kind, output := "-cubin", filepath.Join(workFolder, target+".cubin")
	if virtual == target {
		kind, output = "-ptx", filepath.Join(workFolder, target+".ptx")
	}
	args := append([]string{kind, "-gencode", "arch=" + virtual + ",code=" + target, "-I.", "-o", output}, compileFlags...)
	out, err := exec.Command(b.nvcc, append(args, b.unit())...).CombinedOutput()
	b.mu.Lock()
	b.reports[target] = string(out)
	b.mu.Unlock()
	if err != nil {
		return manifest.Code{}, fmt.Errorf("build kernels: %s: %w\n%s", target, err, out)
	}
	code, err := os.ReadFile(output)
	return manifest.Code{Target: target, SHA256: manifest.Digest(code)}, err
}

// pack makes the compressed fat binary of the code in the work folder.
func (b *builder) pack(codes []manifest.Code) ([]byte, error) {
	output := filepath.Join(workFolder, "packed.fatbin")
	args := []string{"--create=" + output, "-64", "--compress-all", "--compress-mode=size"}
	for _, c := range codes {
		kind, extension := "elf", ".cubin"
		if c.PTX() {
			kind, extension = "ptx", ".ptx"
		}
		number := c.Target[strings.IndexByte(c.Target, '_')+1:]
		args = append(args, fmt.Sprintf("--image3=kind=%s,sm=%s,file=%s", kind, number, filepath.Join(workFolder, c.Target+extension)))
	}
	if out, err := exec.Command(b.fatbinary, args...).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build kernels: fatbinary: %w\n%s", err, out)
	}
	return os.ReadFile(output)
}
