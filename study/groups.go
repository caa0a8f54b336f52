package study

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/evorank/evorank/run"
)

// Group is the runs of one condition.
type Group struct {
	Name string
	Runs []*Run
}

// Source is what words on a command line name: groups of runs, and the study
// whose conditions they are, nil where the runs were named one by one.
type Source struct {
	Groups []Group
	Study  *Study
	levels *run.Levels // as a report has kept them
}

// ReadGroups reads the runs that words name: each NAME=RUNS, where RUNS are
// directories or globs with commas between them, or the directory of one run, or
// all in one word a study, by its name or directory, whose conditions are the
// groups.
func ReadGroups(words []string) (Source, error) {
	if len(words) == 1 && !strings.Contains(words[0], "=") && !hasLineage(words[0]) {
		return readStudy(words[0])
	}
	groups, err := readNamed(words)
	return Source{Groups: groups}, err
}

func readNamed(words []string) ([]Group, error) {
	var groups []Group
	for _, word := range words {
		name, list, named := strings.Cut(word, "=")
		if hasLineage(word) {
			name, list, named = filepath.Base(filepath.Clean(word)), word, true
		}
		if !named || name == "" || list == "" {
			return nil, badConfig(fmt.Errorf("group %q: want NAME=RUNS, a run's directory, or one study and nothing else", word))
		}
		if slices.ContainsFunc(groups, func(g Group) bool { return g.Name == name }) {
			return nil, badConfig(fmt.Errorf("group %q is given twice: put its runs into one, with commas between", name))
		}
		g := Group{Name: name}
		for _, pattern := range strings.Split(list, ",") {
			runs, err := readRuns(pattern)
			if err != nil {
				return nil, kind(run.BadData, fmt.Errorf("group %s: %w", name, err))
			}
			g.Runs = append(g.Runs, runs...)
		}
		groups = append(groups, g)
	}
	return groups, nil
}

// Ask completes a question: what it leaves open is as the study has it, or, of
// the metric, the score of the runs' task.
func (s Source) Ask(q Question) Question {
	if s.Study != nil {
		if q.Metric == "" {
			q.Metric = s.Study.Metric
		}
		if q.Generation == 0 {
			q.Generation = int(s.Study.Generation)
		}
	}
	if q.Metric == "" {
		q.Metric = ScoreKey(s.Groups, "best")
	}
	return q
}

// Levels returns what losses are compared with: as a report has kept it, or
// from the first run's text.
func (s Source) Levels(o run.Options) (*run.Levels, error) {
	if s.levels != nil {
		return s.levels, nil
	}
	first := s.Groups[0].Runs[0]
	if task := first.Config.Task; task != "lm" {
		return nil, badConfig(fmt.Errorf("levels: %s is of task %s: only texts have entropies", first.Dir, task))
	}
	if first.kept != nil {
		return nil, badDataf("levels: %s: the report has no entropies of its text", first.Dir)
	}
	a, err := run.OpenArchive(first.Dir, o)
	if err != nil {
		return nil, err
	}
	if err := a.LoadData(); err != nil {
		return nil, err
	}
	l := a.Experiment.Levels()
	return &l, nil
}

// readRuns reads the run directories that a pattern matches.
func readRuns(pattern string) ([]*Run, error) {
	dirs := []string{pattern}
	if _, err := os.Stat(pattern); err != nil && strings.ContainsAny(pattern, "*?[") {
		var err error
		if dirs, err = filepath.Glob(pattern); err != nil {
			return nil, badConfig(fmt.Errorf("%s: %w", pattern, err))
		}
		dirs = slices.DeleteFunc(dirs, func(d string) bool { return strings.HasPrefix(filepath.Base(d), ".") })
		if len(dirs) == 0 {
			return nil, badDataf("%s: no run directory matches", pattern)
		}
	}
	var runs []*Run
	for _, dir := range dirs {
		r, err := ReadRun(dir)
		if err != nil {
			return nil, err
		}
		runs = append(runs, r)
	}
	return runs, nil
}

// readStudy reads the runs that a study has made so far, or those that a
// report of one has kept.
func readStudy(name string) (Source, error) {
	if isReport(name) {
		res, err := ReadResults(name)
		if err != nil {
			return Source{}, err
		}
		groups := slices.DeleteFunc(res.groups(), func(g Group) bool { return len(g.Runs) == 0 })
		return Source{groups, &res.Study, res.Levels}, nil
	}
	s, dir, err := LoadBegun(name, nil)
	if err != nil {
		return Source{}, err
	}
	states, err := s.States(dir)
	if err != nil {
		return Source{}, err
	}
	groups := s.groupsOf(states)
	for _, g := range groups {
		if len(g.Runs) == 0 {
			return Source{}, badDataf("study: %s: condition %s has no runs in %s: evorank study run %s makes them", s.Name, g.Name, dir, name)
		}
	}
	return Source{Groups: groups, Study: s}, nil
}

// groupsOf collects the trials that were begun by condition.
func (s *Study) groupsOf(states []State) []Group {
	var groups []Group
	for _, c := range s.Conditions {
		groups = append(groups, Group{Name: c.Name})
	}
	for _, state := range states {
		if state.Run != nil {
			groups[state.Condition].Runs = append(groups[state.Condition].Runs, state.Run)
		}
	}
	return groups
}
