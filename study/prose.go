package study

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Prose is Markdown about a study, written by hand, whose numbers say in a
// comment behind them where they come from:
//
//	6.50<!-- median loss_best | factored --> nats
//
// What may stand there is listed above quantity. "from …" names a source
// outside the study.
//
// Between <!-- conditions SECTION --> or <!-- pairs SECTION --> and <!-- end -->
// stands a table that Fill writes.
type Prose struct{ Text string }

var (
	sourced  = regexp.MustCompile(`([-−]?\d[\d.]*)( ?%)?<!--\s*([^>]*?)\s*-->`)
	tables   = regexp.MustCompile(`(?s)<!-- (conditions|pairs) ([^>]*?) -->\n(.*?)<!-- end -->`)
	unsaid   = regexp.MustCompile("<!--.*?-->|`[^`\n]*`|\\]\\([^)]*\\)")
	decimals = regexp.MustCompile(`\d+\.\d+`)
)

// Fill returns the text with its tables made from the results.
func (p Prose) Fill(res *Results) (Prose, error) {
	var failed error
	text := tables.ReplaceAllStringFunc(p.Text, func(whole string) string {
		m := tables.FindStringSubmatch(whole)
		section, f, err := res.section(m[2])
		if err != nil {
			failed = err
			return whole
		}
		var b strings.Builder
		g := res.conditionsInBrief(section)
		if m[1] == "pairs" {
			g = pairsInBrief(f)
		}
		if err := g.markdown(&b); err != nil {
			failed = err
		}
		return fmt.Sprintf("<!-- %s %s -->\n%s\n<!-- end -->", m[1], m[2], b.String())
	})
	return Prose{text}, badConfig(failed)
}

// Stale lists the numbers that are not what the results say, and those with
// decimals that do not say where they come from, each with its line.
func (p Prose) Stale(res *Results) []string {
	var out []string
	plain := tables.ReplaceAllStringFunc(p.Text, func(t string) string { return strings.Repeat("\n", strings.Count(t, "\n")) })
	number := 0
	for line := range strings.Lines(plain) {
		number++
		say := func(format string, args ...any) {
			out = append(out, fmt.Sprintf("line %d: ", number)+fmt.Sprintf(format, args...))
		}
		for _, m := range sourced.FindAllStringSubmatch(line, -1) {
			if strings.HasPrefix(m[3], "from ") {
				continue
			}
			want, err := res.quantity(m[3])
			if err != nil {
				say("%s: %v", m[1], err)
			} else if shown := asShown(want, m[1], m[2] != ""); shown != strings.ReplaceAll(m[1], "−", "-") {
				say("it says %s, the results say %s (%s)", m[1], shown, m[3])
			}
		}
		rest := unsaid.ReplaceAllString(sourced.ReplaceAllString(line, ""), "")
		for _, x := range decimals.FindAllString(rest, -1) {
			say("%s does not say where it comes from", x)
		}
	}
	return out
}

// Renumber returns the text with the numbers that are not what the results say
// made so, with as many decimals as before. The words around them stay: read
// them again.
func (p Prose) Renumber(res *Results) Prose {
	return Prose{sourced.ReplaceAllStringFunc(p.Text, func(whole string) string {
		m := sourced.FindStringSubmatch(whole)
		want, err := res.quantity(m[3])
		if err != nil {
			return whole // of another source, or Stale says why
		}
		shown := asShown(want, m[1], m[2] != "")
		if shown == strings.ReplaceAll(m[1], "−", "-") {
			return whole
		}
		return strings.ReplaceAll(shown, "-", "−") + strings.TrimPrefix(whole, m[1])
	})}
}

// asShown writes a quantity with as many decimals as a number in the text has.
func asShown(x float64, like string, percent bool) string {
	if percent {
		x *= 100
	}
	_, fraction, _ := strings.Cut(like, ".")
	return strconv.FormatFloat(x, 'f', len(fraction), 64)
}
