package study

import (
	"bytes"
	"fmt"
	"html"
	"io"
	"regexp"
	"strings"

	"github.com/evorank/evorank/plot"
	"github.com/evorank/evorank/stats"
)

// document is a report before it is Markdown or HTML.
type document struct {
	title string
	parts []part
}

// part is a piece of a document.
type part interface {
	markdown(*strings.Builder) error
	html(*strings.Builder) error
}

type heading string

type paragraph string

type list []string

// grid is a table: labels in its first column.
type grid struct {
	head []string
	rows [][]string
}

// verbatim is text that is shown as it stands.
type verbatim string

// statistics is a comparison with its tables.
type statistics struct{ stats.Report }

// figure is a drawing; its files are called name.svg and name.png.
type figure struct {
	name    string
	drawing *plot.Figure
}

func (d *document) add(parts ...part) { d.parts = append(d.parts, parts...) }

// writeMarkdown refers to the figures in the folder figures.
func (d *document) writeMarkdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n", markdownText(d.title))
	for _, p := range d.parts {
		if err := p.markdown(&b); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

var markdownEscaper = strings.NewReplacer(`\`, `\\`, `|`, `\|`, `*`, `\*`, `_`, `\_`, `[`, `\[`, `]`, `\]`, "`", "\\`", `<`, `&lt;`, `#`, `\#`, "\n", " ")

func markdownText(text string) string { return markdownEscaper.Replace(text) }

func (h heading) markdown(b *strings.Builder) error {
	fmt.Fprintf(b, "\n## %s\n", markdownText(string(h)))
	return nil
}

func (p paragraph) markdown(b *strings.Builder) error {
	fmt.Fprintf(b, "\n%s\n", markdownText(string(p)))
	return nil
}

func (l list) markdown(b *strings.Builder) error {
	b.WriteString("\n")
	for _, item := range l {
		fmt.Fprintf(b, "- %s\n", markdownText(item))
	}
	return nil
}

func (g grid) markdown(b *strings.Builder) error {
	b.WriteString("\n")
	row := func(cells []string) {
		for _, cell := range cells {
			b.WriteString("| " + markdownText(cell) + " ")
		}
		b.WriteString("|\n")
	}
	row(g.head)
	b.WriteString(strings.Repeat("| --- ", len(g.head)) + "|\n")
	for _, cells := range g.rows {
		row(cells)
	}
	return nil
}

func (v verbatim) markdown(b *strings.Builder) error {
	fmt.Fprintf(b, "\n```\n%s```\n", string(v))
	return nil
}

func (s statistics) markdown(b *strings.Builder) error {
	b.WriteString("\n")
	return s.WriteMarkdown(b)
}

func (f figure) markdown(b *strings.Builder) error {
	fmt.Fprintf(b, "\n![%s](figures/%s.svg)\n", f.name, f.name)
	return nil
}

// style is readable on a screen and in print.
const style = `body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}
table{border-collapse:collapse;margin:1rem 0;font-size:.85rem;display:block;overflow-x:auto}
caption{text-align:left;font-weight:600;padding:.3rem 0}
th,td{padding:.2rem .6rem;border-bottom:1px solid #ddd;text-align:right;white-space:nowrap}
th:first-child,td:first-child{text-align:left}
.notes{font-size:.85rem;color:#444}pre{background:#f6f6f6;padding:.6rem;overflow-x:auto;font-size:.8rem}
figure{margin:1.5rem 0}svg{max-width:100%;height:auto}`

// writeHTML makes one file that needs no other.
func (d *document) writeHTML(w io.Writer) error {
	var b strings.Builder
	title := html.EscapeString(d.title)
	fmt.Fprintf(&b, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n<title>%s</title>\n<style>%s</style>\n</head>\n<body>\n<h1>%s</h1>\n", title, style, title)
	for _, p := range d.parts {
		if err := p.html(&b); err != nil {
			return err
		}
	}
	b.WriteString("</body>\n</html>\n")
	_, err := io.WriteString(w, b.String())
	return err
}

func element(b *strings.Builder, tag, text string) error {
	fmt.Fprintf(b, "<%s>%s</%s>\n", tag, html.EscapeString(text), tag)
	return nil
}

func (h heading) html(b *strings.Builder) error { return element(b, "h2", string(h)) }

func (p paragraph) html(b *strings.Builder) error { return element(b, "p", string(p)) }

func (v verbatim) html(b *strings.Builder) error { return element(b, "pre", string(v)) }

func (l list) html(b *strings.Builder) error {
	b.WriteString("<ul>\n")
	for _, item := range l {
		element(b, "li", item)
	}
	b.WriteString("</ul>\n")
	return nil
}

func (g grid) html(b *strings.Builder) error {
	b.WriteString("<table>\n")
	for i, cells := range append([][]string{g.head}, g.rows...) {
		tag := "td"
		if i == 0 {
			tag = "th"
		}
		b.WriteString("<tr>")
		for _, cell := range cells {
			fmt.Fprintf(b, "<%s>%s</%s>", tag, html.EscapeString(cell), tag)
		}
		b.WriteString("</tr>\n")
	}
	b.WriteString("</table>\n")
	return nil
}

func (s statistics) html(b *strings.Builder) error { return s.WriteHTML(b) }

// svgOf is the drawing's element, without the declarations before it.
var svgOf = regexp.MustCompile(`(?s)<svg.*</svg>`)

func (f figure) html(b *strings.Builder) error {
	var svg bytes.Buffer
	if err := f.drawing.Write(&svg, "svg"); err != nil {
		return err
	}
	fmt.Fprintf(b, "<figure id=\"%s\">\n%s\n</figure>\n", f.name, svgOf.Find(svg.Bytes()))
	return nil
}
