package stats

import (
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"
)

// WriteText writes the report as aligned tables for a terminal.
func (r Report) WriteText(w io.Writer) error {
	d := r.document()
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", d.title)
	for _, t := range d.tables {
		fmt.Fprintf(&b, "\n%s\n", t.caption)
		t.writeAligned(&b)
	}
	b.WriteString("\n")
	for i, caveat := range d.marks {
		fmt.Fprintf(&b, "[%d] %s\n", i+1, caveat)
	}
	for _, note := range d.notes {
		fmt.Fprintf(&b, "%s\n", note)
	}
	return write(w, &b)
}

// writeAligned pads labels on the right and figures on the left.
func (t table) writeAligned(b *strings.Builder) {
	widths := make([]int, len(t.head))
	lines := append([][]string{t.head}, t.rows...)
	for _, line := range lines {
		for i, cell := range line {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, line := range lines {
		for i, cell := range line {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i == 0 {
				b.WriteString("  " + cell + pad)
			} else {
				b.WriteString("  " + pad + cell)
			}
		}
		b.WriteString("\n")
	}
}

// WriteMarkdown writes the report as Markdown.
func (r Report) WriteMarkdown(w io.Writer) error {
	d := r.document()
	var b strings.Builder
	fmt.Fprintf(&b, "### %s\n", markdownEscape(d.title))
	for _, t := range d.tables {
		fmt.Fprintf(&b, "\n**%s**\n\n%s|%s\n", t.caption, markdownRow(t.head), "---|"+strings.Repeat("---:|", len(t.head)-1))
		for _, row := range t.rows {
			b.WriteString(markdownRow(row))
		}
	}
	b.WriteString("\n")
	for i, caveat := range d.marks {
		fmt.Fprintf(&b, "- \\[%d\\] %s\n", i+1, markdownEscape(caveat))
	}
	for _, note := range d.notes {
		fmt.Fprintf(&b, "- %s\n", markdownEscape(note))
	}
	return write(w, &b)
}

func markdownRow(cells []string) string {
	escaped := make([]string, len(cells))
	for i, cell := range cells {
		escaped[i] = markdownEscape(cell)
	}
	return "| " + strings.Join(escaped, " | ") + " |\n"
}

var markdownEscaper = strings.NewReplacer(`\`, `\\`, `|`, `\|`, `*`, `\*`, `_`, `\_`, `[`, `\[`, `]`, `\]`, "`", "\\`", `<`, `&lt;`, "\n", " ")

func markdownEscape(text string) string { return markdownEscaper.Replace(text) }

// WriteLaTeX writes the report as tables for the booktabs package.
func (r Report) WriteLaTeX(w io.Writer) error {
	d := r.document()
	var b strings.Builder
	fmt.Fprintf(&b, "%% %s\n", strings.ReplaceAll(d.title, "\n", " "))
	for _, t := range d.tables {
		fmt.Fprintf(&b, "\\begin{tabular}{l%s}\n\\toprule\n", strings.Repeat("r", len(t.head)-1))
		b.WriteString(latexRow(t.head, latexEscape))
		b.WriteString("\\midrule\n")
		for _, row := range t.rows {
			b.WriteString(latexRow(row, latexFigure))
		}
		b.WriteString("\\bottomrule\n\\end{tabular}\n\n")
	}
	b.WriteString("{\\footnotesize\n")
	for i, caveat := range d.marks {
		fmt.Fprintf(&b, "[%d] %s\\par\n", i+1, latexEscape(caveat)) // \\ would take the next [ as its argument
	}
	for _, note := range d.notes {
		fmt.Fprintf(&b, "%s\n", latexEscape(note))
	}
	b.WriteString("}\n")
	return write(w, &b)
}

// latexRow writes the label escaped and the other cells as figure has them.
func latexRow(cells []string, figure func(string) string) string {
	out := []string{latexEscape(cells[0])}
	if strings.HasPrefix(out[0], "[") { // the line break before would take it as its argument
		out[0] = "{}" + out[0]
	}
	for _, cell := range cells[1:] {
		out = append(out, figure(cell))
	}
	return strings.Join(out, " & ") + " \\\\\n"
}

var latexEscaper = strings.NewReplacer(`\`, `\textbackslash{}`, `&`, `\&`, `%`, `\%`, `$`, `\$`, `#`, `\#`, `_`, `\_`,
	`{`, `\{`, `}`, `\}`, `~`, `\textasciitilde{}`, `^`, `\textasciicircum{}`, `"`, `''`,
	"±", `$\pm$`, "δ", `$\delta$`, "χ²", `$\chi^2$`, dash, `--`, "\n", " ")

func latexEscape(text string) string { return latexEscaper.Replace(text) }

var figurePattern = regexp.MustCompile(`-?\d+(?:\.\d+)?(?:e[+-]\d+)?`)

// latexFigure sets minus signs and powers of ten in the figures of a cell.
func latexFigure(cell string) string {
	return figurePattern.ReplaceAllStringFunc(latexEscape(cell), func(figure string) string {
		mantissa, exponent, scientific := strings.Cut(figure, "e")
		if !scientific {
			return "$" + figure + "$"
		}
		var power int
		fmt.Sscanf(exponent, "%d", &power)
		return fmt.Sprintf(`$%s\times10^{%d}$`, mantissa, power)
	})
}

// WriteJSON writes the report as indented JSON: every number, nothing rounded.
func (r Report) WriteJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(r)
}

func write(w io.Writer, b *strings.Builder) error {
	_, err := io.WriteString(w, b.String())
	return err
}
