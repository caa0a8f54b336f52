package stats

import (
	"fmt"
	"html"
	"io"
	"strings"
)

// WriteHTML writes the report as tables and lists, without a head or styles,
// to stand in a page.
func (r Report) WriteHTML(w io.Writer) error {
	d := r.document()
	var b strings.Builder
	fmt.Fprintf(&b, "<h3>%s</h3>\n", html.EscapeString(d.title))
	for _, t := range d.tables {
		fmt.Fprintf(&b, "<table>\n<caption>%s</caption>\n<thead>%s</thead>\n<tbody>\n", html.EscapeString(t.caption), htmlRow("th", t.head))
		for _, row := range t.rows {
			b.WriteString(htmlRow("td", row) + "\n")
		}
		b.WriteString("</tbody>\n</table>\n")
	}
	b.WriteString("<ul class=\"notes\">\n")
	for i, caveat := range d.marks {
		fmt.Fprintf(&b, "<li>[%d] %s</li>\n", i+1, html.EscapeString(caveat))
	}
	for _, note := range d.notes {
		fmt.Fprintf(&b, "<li>%s</li>\n", html.EscapeString(note))
	}
	b.WriteString("</ul>\n")
	return write(w, &b)
}

func htmlRow(tag string, cells []string) string {
	var b strings.Builder
	b.WriteString("<tr>")
	for _, cell := range cells {
		fmt.Fprintf(&b, "<%s>%s</%s>", tag, html.EscapeString(cell), tag)
	}
	return b.String() + "</tr>"
}
