package run

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/evorank/evorank/files"
	"github.com/evorank/evorank/model"
)

// Names of the files in a run directory.
const (
	fileConfig     = "config.yaml"          // as given
	fileResolved   = "config.resolved.yaml" // every knob
	fileManifest   = "run.json"
	fileMetrics    = "metrics.jsonl"
	fileLineage    = "lineage.bin"
	dirCheckpoints = "checkpoints"
	dirSamples     = "samples"
)

// Status says where a run stands.
type Status string

const (
	Running     Status = "running" // or killed without a chance to say so
	Done        Status = "done"
	Interrupted Status = "stopped" // resumable
	Failed      Status = "failed"
)

// Manifest is run.json: what a run was computed with and where it stands. The
// digests must match on resume.
type Manifest struct {
	Experiment      string    `json:"experiment"`
	Status          Status    `json:"status"`
	Reason          string    `json:"reason,omitempty"`
	Generation      int       `json:"generation"`
	Goal            int       `json:"goal_generation"`
	Config          string    `json:"config_identity"`
	Version         string    `json:"version"`
	Host            string    `json:"host"`
	Device          string    `json:"device"`
	DeviceKind      string    `json:"device_kind"`
	Plan            string    `json:"plan,omitempty"`
	Precision       string    `json:"precision"`
	Parameters      int       `json:"parameters"`
	Phenotype       int       `json:"phenotype"`
	Stories         int       `json:"stories,omitempty"`
	Targets         int       `json:"targets,omitempty"`
	HeldoutStories  int       `json:"heldout_stories,omitempty"`
	DataDigest      string    `json:"data_digest,omitempty"`
	HeldoutDigest   string    `json:"heldout_digest,omitempty"`
	TokenizerDigest string    `json:"tokenizer_digest,omitempty"`
	Earlier         []Stretch `json:"earlier_devices,omitempty"`
	Started         time.Time `json:"started"`
	Updated         time.Time `json:"updated"`
}

// Stretch is a part of a run that went on with another kind of device: the
// generations up to its last that no stretch before it has.
type Stretch struct {
	Last       int    `json:"last_generation"`
	Device     string `json:"device"`
	DeviceKind string `json:"device_kind"`
	Plan       string `json:"plan,omitempty"`
	Precision  string `json:"precision"`
}

// At is the manifest with the device that computed a generation.
func (m Manifest) At(g model.Generation) Manifest {
	for _, s := range m.Earlier {
		if int(g) <= s.Last {
			m.Device, m.DeviceKind, m.Plan, m.Precision = s.Device, s.DeviceKind, s.Plan, s.Precision
			break
		}
	}
	return m
}

// Devices names those that the run was computed on, one after the other.
func (m Manifest) Devices() string {
	names := ""
	for _, s := range m.Earlier {
		names += fmt.Sprintf("%s up to generation %d, then ", s.Device, s.Last)
	}
	return names + m.Device
}

// leave ends the stretch of the device so far with a generation.
func (m *Manifest) leave(last model.Generation) {
	m.Earlier = append(m.Earlier, Stretch{int(last), m.Device, m.DeviceKind, m.Plan, m.Precision})
}

// forget shortens the stretches to what is left of a lineage.
func (m *Manifest) forget(last model.Generation) {
	for i := range m.Earlier {
		m.Earlier[i].Last = min(m.Earlier[i].Last, int(last))
	}
}

// ComputedOn reports whether the run, where it stands, was computed on such a
// device, so that it gives the same bits again.
func (m Manifest) ComputedOn(d Device) bool {
	return m.DeviceKind == d.Kind && m.Plan == d.Plan && m.Precision == d.Precision
}

// setDevice notes where the run is computed.
func (m *Manifest) setDevice(d Device) {
	m.Device, m.DeviceKind, m.Plan, m.Precision = d.Name, d.Kind, d.Plan, d.Precision
}

// device is the part of it that decides bits.
func (m Manifest) device() Device {
	return Device{Kind: m.DeviceKind, Plan: m.Plan, Precision: m.Precision}
}

// Standing is the manifest of the run in dir as it is now: one that was killed
// could not say so in it, but its lock does.
func (m Manifest) Standing(dir string) Manifest {
	if m.Status == Running && !files.Held(dir) {
		m.Status, m.Reason = Interrupted, "killed"
	}
	return m
}

func (m Manifest) write(dir string) error {
	return files.WriteWhole(filepath.Join(dir, fileManifest), func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(m)
	})
}

func readManifest(dir string) (Manifest, error) {
	var m Manifest
	path := filepath.Join(dir, fileManifest)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return m, errorf(BadData, "run: %s: not a run directory: it has no %s", dir, fileManifest)
	}
	if errors.Is(err, syscall.ENOTDIR) {
		return m, errorf(BadData, "run: %s: not a run directory but a file: weights are given by --weights", dir)
	}
	if err != nil {
		return m, as(BadData, fmt.Errorf("run: %w", err))
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return m, errorf(BadData, "run: %s: %v", path, err)
	}
	return m, nil
}

// makeDirectory creates the directory of a new run: exactly dir, which must be
// absent or empty, or a fresh one below runs/ named by experiment, time and six
// digits of the clock's microseconds.
func makeDirectory(dir, experiment string, now time.Time) (string, error) {
	if dir != "" {
		if err := checkEmpty(dir); err != nil {
			return "", err
		}
		return dir, makeAll(dir)
	}
	parent := filepath.Join("runs", experiment)
	if err := makeAll(parent); err != nil {
		return "", err
	}
	stamp := now.UTC().Format("20060102-150405")
	for i := 0; ; i++ {
		dir := filepath.Join(parent, fmt.Sprintf("%s-%06x", stamp, (now.UnixNano()/1000+int64(i))&0xffffff))
		err := os.Mkdir(dir, 0o777)
		if !errors.Is(err, fs.ErrExist) {
			return dir, wrap("run", err)
		}
	}
}

// checkEmpty refuses a directory that holds anything. A lock alone is left by a
// process that was killed before it had begun, or is the caller's own.
func checkEmpty(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case errors.Is(err, syscall.ENOTDIR):
		return errorf(BadConfig, "run: %s: a file: name a directory that is absent or empty", dir)
	case err != nil:
		return fmt.Errorf("run: %w", err)
	}
	for _, e := range entries {
		if e.Name() != files.LockName {
			return errorf(BadConfig, "run: %s: the directory exists and is not empty: resume it, or choose another", dir)
		}
	}
	return nil
}

func makeAll(dir string) error { return wrap("run", os.MkdirAll(dir, 0o777)) }

// wrap prefixes an error with the operation; nil stays nil.
func wrap(operation string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", operation, err)
}
