package study

import (
	"fmt"
	"slices"
	"strings"

	"github.com/evorank/evorank/configs"
)

// Check reports the first thing that keeps the study from being run as a
// whole, and loads the conditions' configs.
func (s *Study) Check() error {
	fail := func(format string, args ...any) error {
		return fmt.Errorf("study: %s: %w", s.Name, fmt.Errorf(format, args...))
	}
	switch {
	case s.Trials < 1 || s.Trials > maxTrials:
		return fail("trials: %d is not between 1 and %d", s.Trials, maxTrials)
	case s.Metric == "":
		return fail("metric: none is named: which key of metrics.jsonl is it about? (docs/metrics.md)")
	case len(s.Conditions) == 0:
		return fail("conditions: none are given")
	}
	if err := s.checkNames(); err != nil {
		return fail("%w", err)
	}
	if err := s.checkSections(); err != nil {
		return fail("%w", err)
	}
	s.configs = nil
	for i, c := range s.Conditions {
		cfg, err := s.load(c)
		if err != nil {
			return fail("condition %s: %w", c.Name, err)
		}
		if err := s.checkCondition(i, cfg); err != nil {
			return fail("%w", err)
		}
		s.configs = append(s.configs, cfg)
	}
	return nil
}

// checkCondition reports what is wrong with a condition beside the earlier
// ones, whose configs are loaded.
func (s *Study) checkCondition(i int, cfg configs.Config) error {
	c := s.Conditions[i]
	if c.Trials > maxTrials {
		return fmt.Errorf("condition %s: trials: %d are more than %d", c.Name, c.Trials, maxTrials)
	}
	for _, key := range s.Metrics() {
		if err := checkKey(key, cfg.Task); err != nil {
			return fmt.Errorf("condition %s: %w", c.Name, err)
		}
	}
	for k, other := range s.configs {
		if other.Identity() == cfg.Identity() && other.Generations == cfg.Generations && other.LM.Data.Text == cfg.LM.Data.Text {
			return fmt.Errorf("conditions %s and %s are the same experiment: what should differ?", s.Conditions[k].Name, c.Name)
		}
	}
	if int(s.Generation) > cfg.Generations {
		return fmt.Errorf("generation: %d is of interest, but condition %s ends with generation %d", s.Generation, c.Name, cfg.Generations)
	}
	if i > 0 && s.Generation == 0 && cfg.Generations != s.configs[0].Generations {
		return fmt.Errorf("generation: conditions %s and %s end with generations %d and %d: name the one of interest", s.Conditions[0].Name, c.Name, s.configs[0].Generations, cfg.Generations)
	}
	return nil
}

// checkNames checks that conditions have configs, and that their folders
// differ.
func (s *Study) checkNames() error {
	folders := map[string]string{}
	for i, c := range s.Conditions {
		if s.configOf(c) == "" {
			return fmt.Errorf("condition %d: config: none is named, by it or by the study", i+1)
		}
		folder := folderName(c.Name)
		if folder == "" {
			return fmt.Errorf("condition %d: name: %q has no letters or digits", i+1, c.Name)
		}
		if other, taken := folders[folder]; taken {
			return fmt.Errorf("conditions %q and %q would share the folder %s: rename one", other, c.Name, folder)
		}
		folders[folder] = c.Name
	}
	return nil
}

// checkSections checks what refers to conditions.
func (s *Study) checkSections() error {
	if len(s.Sections) > 0 && (len(s.Comparisons) > 0 || s.Baseline != "") {
		return fmt.Errorf("sections: baseline and comparisons belong into them, not beside them")
	}
	seen := map[string]bool{}
	for i, section := range s.sections() {
		where := ""
		if len(s.Sections) > 0 {
			where = fmt.Sprintf("section %s: ", section.Name)
			folder := folderName(section.Name)
			if folder == "" || seen[folder] {
				return fmt.Errorf("section %d: name: %q: give each a name of its own", i+1, section.Name)
			}
			seen[folder] = true
		}
		if err := s.checkSection(section); err != nil {
			return fmt.Errorf("%s%w", where, err)
		}
	}
	return nil
}

func (s *Study) checkSection(section Section) error {
	for _, name := range section.Conditions {
		if s.index(name) < 0 {
			return fmt.Errorf("conditions: %q is none of the study's", name)
		}
	}
	for _, name := range section.Figures {
		if all := s.figures(); !slices.Contains(all, name) {
			return fmt.Errorf("figures: %q: want some of %s", name, strings.Join(all, ", "))
		}
	}
	known := func(name string) bool { return section.has(name) }
	for _, name := range section.CloseUp {
		if !known(name) {
			return fmt.Errorf("close_up: %q is none of the conditions", name)
		}
	}
	if section.Baseline != "" && !known(section.Baseline) {
		return fmt.Errorf("baseline: %q is none of the conditions", section.Baseline)
	}
	for _, pair := range section.Comparisons {
		if len(pair) != 2 {
			return fmt.Errorf("comparisons: %q: want pairs [condition, baseline]", pair)
		}
		for _, name := range pair {
			if !known(name) {
				return fmt.Errorf("comparisons: %q is none of the conditions", name)
			}
		}
	}
	return nil
}
