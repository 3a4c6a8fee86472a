package report

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"crawlbench/internal/plain"
	"crawlbench/internal/stat"
)

// SI formats x with three digits and an SI prefix: 1.23M.
func SI(x float64) string {
	prefix := ""
	for _, p := range []string{"k", "M", "G", "T"} {
		if math.Abs(x) < 999.5 {
			break
		}
		x /= 1000
		prefix = p
	}
	digits := 0
	switch {
	case math.Abs(x) < 9.995:
		digits = 2
	case math.Abs(x) < 99.95:
		digits = 1
	}
	return fmt.Sprintf("%.*f%s", digits, x, prefix)
}

// Duration formats d to the second, or finer if it is short.
func Duration(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return d.Round(100 * time.Millisecond).String()
	case d < time.Hour:
		return d.Round(time.Second).String()
	}
	return d.Round(time.Minute).String()
}

// perPage formats a number of events per page with two significant digits and no exponent.
func perPage(n float64) string {
	if n == 0 {
		return "0"
	}
	two, _ := strconv.ParseFloat(strconv.FormatFloat(n, 'g', 2, 64), 64)
	return strconv.FormatFloat(two, 'f', -1, 64)
}

// Share formats a share or a relative difference in percent: with a decimal below 10 %.
func Share(x float64) string {
	if p := math.Abs(100 * x); p > 0 && p < 9.95 {
		return fmt.Sprintf("%.1f %%", 100*x)
	}
	return fmt.Sprintf("%.0f %%", 100*x)
}

// interval formats a value with its interval, whose ends may be unknown.
func interval(x, lo, hi float64, unit func(float64) string) string {
	return fmt.Sprintf("%s [%s, %s]", end(x, unit), end(lo, unit), end(hi, unit))
}

func end(x float64, unit func(float64) string) string {
	if math.IsInf(x, 0) || math.IsNaN(x) {
		return "?"
	}
	return unit(x)
}

// property formats a property of a machine. Its memory is recorded in kB, by which the kernel means KiB.
func property(key, value string) string {
	n, err := strconv.ParseFloat(strings.TrimSuffix(value, " kB"), 64)
	if key != "memory" || err != nil {
		return value
	}
	return plain.Bytes(n * 1024)
}

func byteSize(n float64) string {
	if n >= 1<<10 {
		return fmt.Sprintf("%.1f KiB", n/(1<<10))
	}
	return fmt.Sprintf("%.0f B", n)
}

// unbounded reports whether i says nothing: before the first look, or in a single round.
func unbounded(i stat.Interval) bool { return i.Lo <= 0 && math.IsInf(i.Hi, 1) }

func times(i stat.Interval) string { return fmt.Sprintf("%.2fx %s", i.Value, ends(i, 2)) }

func ends(i stat.Interval, digits int) string {
	if unbounded(i) {
		return "[no interval yet]"
	}
	return fmt.Sprintf("[%.*f, %.*f]", digits, i.Lo, digits, i.Hi)
}

// setting formats a share that somebody chose: 3 %, not 3.0 %.
func setting(x float64) string { return fmt.Sprintf("%.3g %%", 100*x) }

func pValue(p float64) string {
	if p < 0.0001 { // smaller ones would only say how well the tails of the noise are known
		return "< 0.0001"
	}
	return fmt.Sprintf("%.2g", p)
}

// nanoseconds formats costs per page.
func nanoseconds(costs map[string]float64) string {
	var list []string
	for _, key := range slices.Sorted(maps.Keys(costs)) {
		list = append(list, fmt.Sprintf("%.0f ns (%s)", costs[key]*1e9, key))
	}
	return strings.Join(list, ", ")
}
