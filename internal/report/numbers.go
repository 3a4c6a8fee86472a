package report

import (
	"fmt"
	"math"
	"slices"

	"crawlbench/internal/plot"
)

// lines draws f, and writes its numbers: a line a row.
func (f *Figure) lines(a plot.Axes, list []plot.Series) {
	f.SVG = plot.Lines(a, list)
	f.Numbers = Table{Head: []string{a.X}}
	for _, x := range a.Ticks {
		f.Numbers.Head = append(f.Numbers.Head, fmt.Sprint(x))
	}
	for _, l := range list {
		row := []string{l.Name}
		for _, x := range a.Ticks {
			text := ""
			if i := slices.Index(l.X, x); i >= 0 {
				text = a.Unit(l.Y[i])
				if l.Low != nil {
					text += fmt.Sprintf(" [%s, %s]", bound(l.Low[i], a.Unit), bound(l.High[i], a.Unit))
				}
			}
			row = append(row, text)
		}
		f.Numbers.Rows = append(f.Numbers.Rows, row)
	}
}

// bound writes the end of an interval, which there may be none of.
func bound(x float64, unit func(float64) string) string {
	if math.IsInf(x, 0) || math.IsNaN(x) {
		return "?"
	}
	return unit(x)
}

// ratios are the numbers of a forest.
func ratios(list []plot.Ratio) Table {
	t := Table{Head: []string{"", "times", "from", "to", "verdict"}}
	times := func(x float64) string { return fmt.Sprintf("%.3f", x) }
	for _, r := range list {
		t.Rows = append(t.Rows, []string{r.Label, bound(r.Value, times), bound(r.Lo, times), bound(r.Hi, times), r.Word})
	}
	return t
}

// shares are the numbers of bars.
func shares(kinds []string, bars []plot.Bar) Table {
	t := Table{Head: append([]string{""}, kinds...)}
	for _, b := range bars {
		row := []string{b.Label}
		for _, p := range b.Parts {
			row = append(row, fmt.Sprintf("%.1f %%", 100*p.Share))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}
