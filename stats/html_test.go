package stats

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

// TestHTML: what the text report says stands in the HTML, escaped, and every
// element ends.
func TestHTML(t *testing.T) {
	report := awkwardReport(t)
	report.Groups[0].Caveats = append(report.Groups[0].Caveats, "a <b> & c")
	var b strings.Builder
	if err := report.WriteHTML(&b); err != nil {
		t.Fatal(err)
	}
	page := b.String()
	for _, want := range []string{
		"<h3>Comparison of held-out loss (nats)</h3>", "<caption>Pairs</caption>", "<th>Cliff&#39;s δ</th>", "<td>ties &amp; more against dense [",
		"<td>7.600 [7.550, 7.630]</td>", "a &lt;b&gt; &amp; c</li>", "<li>Intervals: BCa bootstrap, 95 %, 500 resamples, seed 7.</li>",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("%s is missing", want)
		}
	}
	if rows := strings.Count(page, "<tr>"); rows != 1+len(report.Groups)+2+1+len(report.Pairs) {
		t.Errorf("%d rows", rows)
	}
	decoder := xml.NewDecoder(strings.NewReader("<page>" + page + "</page>"))
	for {
		_, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
