package bench

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// Gymnasium drives the same drives in the real environment, if the interpreter
// has it: it must get the same rewards, bit for bit, before it is timed.
func Gymnasium(ctx context.Context, python string, o Driving, show func(DrivingRow)) ([]DrivingRow, error) {
	dir, err := unpack()
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "drives.json")
	if err := writeDrives(path, record(o)); err != nil {
		return nil, err
	}
	script := filepath.Join(dir, "bench_carracing.py")
	cmd := exec.CommandContext(ctx, python, script, path, "--repeat", strconv.Itoa(o.Repeat))
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		said := strings.Split(strings.TrimSpace(errs.String()), "\n")
		return nil, fmt.Errorf("bench: Gymnasium: %w: %s", err, said[len(said)-1])
	}
	return readGymnasium(out, show)
}

// writeDrives writes drives as the script reads them.
func writeDrives(path string, drives []drive) error {
	type file struct {
		Seed    uint64 `json:"seed"`
		Actions string `json:"actions"`
		Rewards string `json:"rewards"`
	}
	floats := func(values any) string {
		var b bytes.Buffer
		binary.Write(&b, binary.LittleEndian, values)
		return base64.StdEncoding.EncodeToString(b.Bytes())
	}
	var all []file
	for _, d := range drives {
		all = append(all, file{d.seed, floats(d.actions), floats(d.rewards)})
	}
	text, err := json.Marshal(all)
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o600)
}

// readGymnasium reads the script's lines, one a case.
func readGymnasium(out []byte, show func(DrivingRow)) (rows []DrivingRow, err error) {
	cases := map[string][2]string{
		"none": {caseNone, "steps"}, "96": {case96, "steps"}, "64": {case64, "steps"},
		"reset": {caseReset, "resets"}, "reset none": {caseNoReset, "resets"},
	}
	for line := range bytes.Lines(out) {
		var said struct {
			Case, Version string
			Count         int
			Seconds       float64
		}
		if err := json.Unmarshal(line, &said); err != nil {
			return rows, fmt.Errorf("bench: Gymnasium: %q is no result: %w", strings.TrimSpace(string(line)), err)
		}
		c, known := cases[said.Case]
		if !known {
			return rows, fmt.Errorf("bench: Gymnasium: %q is no case", said.Case)
		}
		r := DrivingRow{Case: c[0], Implementation: "Gymnasium " + said.Version, Threads: 1, Unit: c[1], Count: said.Count,
			Seconds: said.Seconds, PerSecond: float64(said.Count) / said.Seconds}
		rows = append(rows, r)
		show(r)
	}
	return rows, nil
}
