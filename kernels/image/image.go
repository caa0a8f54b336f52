package image

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"

	"github.com/evorank/evorank/gpu"
	"github.com/evorank/evorank/kernels/image/manifest"
)

// Manifest describes the image that this program carries.
func Manifest() (manifest.Manifest, error) {
	var m manifest.Manifest
	if len(manifestJSON) == 0 {
		return m, fmt.Errorf("kernel image: this program was built without GPU support")
	}
	d := json.NewDecoder(bytes.NewReader(manifestJSON))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return m, fmt.Errorf("kernel image: manifest: %w", err)
	}
	return m, nil
}

// Choice names the code that a device would run: "sm_90", "compute_80 (PTX,
// compiled by the driver)", or "none".
func Choice(info gpu.Info) string {
	m, err := Manifest()
	if err != nil {
		return "none"
	}
	code, ok := m.For(info.Major, info.Minor)
	switch {
	case !ok:
		return "none"
	case code.PTX():
		return code.Target + " (PTX, compiled by the driver)"
	}
	return code.Target
}

// Load loads the kernels on a device: the image that this program carries, or,
// for those who work on kernels, the one in a file.
func Load(d *gpu.Device, file string) (*gpu.Module, error) {
	if file == "" {
		if Choice(d.Info) == "none" {
			return nil, &gpu.UnusableError{Reason: gpu.Architecture, Detail: fmt.Sprintf("this program has no kernels for %v (%s, %s)", d, d.Name, d.Architecture())}
		}
		return d.Load("the kernel image", fatbin)
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("load kernels: %w", err)
	}
	return d.Load(file, content)
}
