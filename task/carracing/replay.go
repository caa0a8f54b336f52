package carracing

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Replay is what to play again and what to record of it.
type Replay struct {
	Seed    uint64
	Options Options
	Limits  Limits
	Actions []Action

	Trace       bool // record a trace
	StateEvery  int  // with full state at every k-th row; 0 means 1
	FramesEvery int  // record frames, one every k steps; 0 means none
	FullAt      int  // and a full picture of the first frame from this step on
}

// StepRecord is one step of a replay, step 0 being the reset.
type StepRecord struct {
	Step       int        `json:"step"`
	Reward     float64    `json:"reward"`
	Return     float64    `json:"return"` // sum of the rewards so far
	Visited    int32      `json:"visited"`
	Pose       [3]float64 `json:"pose"` // hull x, y, angle
	Terminated bool       `json:"terminated"`
	Truncated  bool       `json:"truncated"`
}

// Recording is what a replay recorded; what was not asked for is nil.
type Recording struct {
	Steps         int // fewer than actions if the episode ended
	Trace, Frames *Golden
}

// Run plays the actions until they or the episode end. It calls each, unless
// that is nil, after the reset and after every step, and stops at its error.
func (p *Replay) Run(each func(StepRecord) error) (*Recording, error) {
	if each == nil {
		each = func(StepRecord) error { return nil }
	}
	e := NewEnv(p.Options, p.Seed)
	record := p.recorders(e)
	var now StepRecord
	var progress Progress
	err := each(now.at(e))
	for _, a := range p.Actions {
		if err != nil || now.Terminated || now.Truncated {
			break
		}
		r := e.Step(a)
		now.Step++
		now.Reward, now.Terminated = r.Reward, r.Terminated
		now.Return += r.Reward
		now.Truncated = progress.Add(p.Limits, r.Reward)
		record.add(a, r, now.Truncated)
		err = each(now.at(e))
	}
	if err != nil {
		return nil, fmt.Errorf("replay: step %d: %w", now.Step, err)
	}
	return record.finish(p.Seed, now.Step), nil
}

// recorders are those that a replay asks for; the others are nil.
type recorders struct {
	trace  *Trace
	frames *Frames
}

func (p *Replay) recorders(e *Env) (r recorders) {
	if p.Trace {
		r.trace = NewTrace(e, p.StateEvery)
	}
	if p.FramesEvery > 0 {
		r.frames = NewFrames(e, NewRenderer(), p.FramesEvery, p.FullAt)
	}
	return r
}

func (r recorders) add(a Action, result Result, truncated bool) {
	if r.trace != nil {
		r.trace.Add(a, result, truncated)
	}
	if r.frames != nil {
		r.frames.Add(a)
	}
}

func (r recorders) finish(seed uint64, steps int) *Recording {
	recording := &Recording{Steps: steps}
	if r.trace != nil {
		recording.Trace = r.trace.Golden(seed, "replay")
	}
	if r.frames != nil {
		recording.Frames = r.frames.Golden(seed, "replay")
	}
	return recording
}

// at is the record with the environment's part filled in.
func (s StepRecord) at(e *Env) StepRecord {
	p := e.Position()
	s.Visited = e.Visited
	s.Pose = [3]float64{float64(p.X), float64(p.Y), float64(e.Angle())}
	return s
}

// ReadActions reads a file of actions: lines of three comma-separated numbers
// (.csv), or little-endian binary64, three an action (.bin).
func ReadActions(path string) ([]Action, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read actions: %w", err)
	}
	parse := ParseActionsCSV
	switch ext := filepath.Ext(path); ext {
	case ".csv":
	case ".bin":
		parse = ParseActionsBinary
	default:
		return nil, fmt.Errorf("read actions: %s: extension %q, want .csv or .bin", path, ext)
	}
	actions, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("read actions: %s: %w", path, err)
	}
	return actions, nil
}

var errNoActions = errors.New("no actions in it")

// ParseActionsCSV reads lines of three comma-separated numbers: steering, gas,
// brake. Lines may end in CR LF; empty ones are errors, but for the last.
func ParseActionsCSV(data []byte) ([]Action, error) {
	text := strings.TrimSuffix(string(data), "\n")
	if strings.TrimSpace(text) == "" {
		return nil, errNoActions
	}
	var actions []Action
	for i, line := range strings.Split(text, "\n") {
		a, err := parseAction(strings.TrimSuffix(line, "\r"))
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
		actions = append(actions, a)
	}
	return actions, nil
}

func parseAction(line string) (a Action, err error) {
	fields := strings.Split(line, ",")
	if len(fields) != len(a) {
		return a, fmt.Errorf("%d numbers, want %d: steering, gas, brake", len(fields), len(a))
	}
	for i, field := range fields {
		if a[i], err = strconv.ParseFloat(strings.TrimSpace(field), 64); err != nil {
			return a, fmt.Errorf("%q is not a binary64 number", field)
		}
	}
	return a, checkAction(a)
}

// ParseActionsBinary reads little-endian binary64, three an action.
func ParseActionsBinary(data []byte) ([]Action, error) {
	const size = 3 * 8
	if len(data) == 0 {
		return nil, errNoActions
	}
	if len(data)%size != 0 {
		return nil, fmt.Errorf("%d bytes, want a multiple of %d: three binary64 a step", len(data), size)
	}
	actions := make([]Action, len(data)/size)
	if err := binary.Read(bytes.NewReader(data), binary.LittleEndian, actions); err != nil {
		return nil, err
	}
	for i, a := range actions {
		if err := checkAction(a); err != nil {
			return nil, fmt.Errorf("action %d: %w", i+1, err)
		}
	}
	return actions, nil
}

// checkAction refuses NaN. Infinities mean what they mean in Gymnasium.
func checkAction(a Action) error {
	for i, v := range a {
		if math.IsNaN(v) {
			return fmt.Errorf("%s is NaN", [...]string{"steering", "gas", "brake"}[i])
		}
	}
	return nil
}

// ParseSeed reads a seed: a whole number from 0 to 2^64-1.
func ParseSeed(text string) (uint64, error) {
	seed, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("seed %q: want a whole number from 0 to %d", text, uint64(math.MaxUint64))
	}
	return seed, nil
}
