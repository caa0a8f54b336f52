package study

import (
	"slices"
	"strings"
)

// Section is a part of a study's report: conditions that belong together, with
// tables, tests and figures of their own. Several sections may share a
// condition; its trials are run once.
type Section struct {
	Name        string     `yaml:"name" json:"name"`
	About       string     `yaml:"about,omitempty" json:"about,omitempty"`             // what it asks, in a line
	Conditions  []string   `yaml:"conditions,omitempty" json:"conditions,omitempty"`   // default: those of its comparisons
	Baseline    string     `yaml:"baseline,omitempty" json:"baseline,omitempty"`       // default: its first condition
	Comparisons [][]string `yaml:"comparisons,omitempty" json:"comparisons,omitempty"` // pairs [condition, baseline]; none: all pairs
	Figures     []string   `yaml:"figures,omitempty" json:"figures,omitempty"`         // by their names in a report; none: all
	CloseUp     []string   `yaml:"close_up,omitempty" json:"close_up,omitempty"`       // conditions that lie too close together beside the others: a figure of them alone
}

// figures lists the names that figures of a section can have.
func (s *Study) figures() []string {
	out := []string{"against-rank", "diversity-founders"}
	for i, metric := range s.Metrics() {
		name := strings.ReplaceAll(metric, "_", "-")
		out = append(out, name+"-over-generations", name+"-by-trial", name+"-by-trial-close-up")
		if i == 0 {
			out = append(out, name+"-over-seconds", name+"-over-tokens", name+"-over-steps")
		}
	}
	for _, score := range scores {
		out = append(out, "diversity-"+score)
	}
	return out
}

// sections returns the study's sections with their conditions filled in; a
// study that names none has one, without a name.
func (s *Study) sections() []Section {
	if len(s.Sections) == 0 {
		return []Section{{Conditions: s.names(), Baseline: s.Baseline, Comparisons: s.Comparisons}}
	}
	out := slices.Clone(s.Sections)
	for i := range out {
		if len(out[i].Conditions) == 0 {
			out[i].Conditions = s.compared(out[i])
		}
	}
	return out
}

// compared lists the conditions of a section's comparisons, in the study's
// order; those it does not know come last, to be refused.
func (s *Study) compared(section Section) []string {
	var out []string
	for _, name := range slices.Concat(section.Comparisons...) {
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	place := func(name string) int {
		if i := s.index(name); i >= 0 {
			return i
		}
		return len(s.Conditions)
	}
	slices.SortStableFunc(out, func(a, b string) int { return place(a) - place(b) })
	return out
}

// names lists the conditions.
func (s *Study) names() []string {
	var out []string
	for _, c := range s.Conditions {
		out = append(out, c.Name)
	}
	return out
}

// index returns a condition's place, -1 if there is none of that name.
func (s *Study) index(name string) int { return slices.Index(s.names(), name) }

func (section Section) has(name string) bool { return slices.Contains(section.Conditions, name) }

// pairs returns the comparisons between conditions that are there, as package
// stats takes them.
func (section Section) pairs(there []string) [][2]string {
	var out [][2]string
	for _, p := range section.Comparisons {
		if slices.Contains(there, p[0]) && slices.Contains(there, p[1]) {
			out = append(out, [2]string{p[0], p[1]})
		}
	}
	return out
}

// closeUp returns the conditions of the close-up that are there.
func (section Section) closeUp(there []string) []string {
	return slices.DeleteFunc(slices.Clone(section.CloseUp), func(name string) bool { return !slices.Contains(there, name) })
}
