package stats

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// dash stands in tables for what could not be computed.
const dash = "–"

// formatP writes a p-value: four decimals, or three significant digits below
// 0.001.
func formatP(p Number) string {
	switch {
	case !p.Known():
		return dash
	case p < 0.001:
		return strconv.FormatFloat(float64(p), 'e', 2, 64)
	default:
		return strconv.FormatFloat(float64(p), 'f', 4, 64)
	}
}

// formatNumber writes a value with four significant digits, or all digits
// before the point.
func formatNumber(n Number) string { return formatAll(n)[0] }

// formatAll writes values that stand side by side with the same decimals: as
// many as give the largest of them four significant digits.
func formatAll(values ...Number) []string {
	largest := 0.0
	for _, n := range values {
		if n.Known() {
			largest = max(largest, math.Abs(float64(n)))
		}
	}
	verb, decimals := byte('f'), 0
	switch {
	case largest == 0:
	case largest < 1e-3 || largest >= 1e7:
		verb, decimals = 'e', 3
	default: // rounded first, so that 0.09999999 counts as the 0.1 that it shows
		rounded, _ := strconv.ParseFloat(strconv.FormatFloat(largest, 'e', 3, 64), 64)
		decimals = max(0, 3-int(math.Floor(math.Log10(rounded))))
	}
	out := make([]string, len(values))
	for i, n := range values {
		out[i] = dash
		if n.Known() {
			out[i] = strconv.FormatFloat(float64(n), verb, decimals, 64)
		}
	}
	return out
}

// formatDecimals writes a dimensionless effect size.
func formatDecimals(n Number) string {
	if !n.Known() {
		return dash
	}
	return strconv.FormatFloat(float64(n), 'f', 3, 64)
}

// formatWithInterval writes a value and its interval, if it has one.
func formatWithInterval(n Number, i Interval) string {
	if !n.Known() || !i.Low.Known() {
		return formatNumber(n)
	}
	all := formatAll(n, i.Low, i.High)
	return fmt.Sprintf("%s [%s, %s]", all[0], all[1], all[2])
}

func formatMeanError(mean, standardError Number) string {
	if !mean.Known() || !standardError.Known() {
		return formatNumber(mean)
	}
	all := formatAll(mean, z95*standardError)
	return all[0] + " ± " + all[1]
}

func formatQuartiles(low, high Number) string {
	if !low.Known() {
		return dash
	}
	all := formatAll(low, high)
	return all[0] + " to " + all[1]
}

func formatCount(n int) string {
	if n == 0 {
		return dash
	}
	return strconv.Itoa(n)
}

// formatPercent writes 0.95 as "95 %".
func formatPercent(fraction float64) string {
	return strconv.FormatFloat(math.Round(fraction*1e4)/1e2, 'f', -1, 64) + " %"
}

// withMarks appends footnote marks.
func withMarks(cell string, marks []int) string {
	if len(marks) == 0 {
		return cell
	}
	texts := make([]string, len(marks))
	for i, m := range marks {
		texts[i] = strconv.Itoa(m)
	}
	return fmt.Sprintf("%s [%s]", cell, strings.Join(texts, ","))
}
