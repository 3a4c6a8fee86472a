package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plain"
	"crawlbench/internal/stat"
)

// limits returns the table of how well the limiters kept their rates; without rates it has no rows.
func limits(t *topic) Table {
	l := Table{About: limitsAbout, Brief: Part(t.Key) + ": how the limiters kept their rates",
		Head: []string{"limiter", "rate", "burst", "workers", "achieved/asked", "worst window", "CPU per page",
			"unfairness"}}
	tables := slices.DeleteFunc(slices.Clone(t.tables), func(o *diagnose.Table) bool { return o.Processes > 0 })
	slices.SortStableFunc(tables, func(x, y *diagnose.Table) int { return cmp.Compare(x.Rate, y.Rate) })
	for _, table := range tables {
		for _, n := range table.Workers {
			if row := limit(table, n); row != nil {
				l.Rows = append(l.Rows, row)
			}
		}
	}
	return l
}

// limit returns a row of limits; nil without a rate.
func limit(t *diagnose.Table, workers int) []Entry {
	least, most := math.Inf(1), 0.0
	worst, window, passed := 0.0, 0.0, 0.0
	var cpu []float64
	bucket := 0
	for _, r := range t.Rows {
		c := t.Cell(r.Impl, workers)
		if c == nil || c.Pace == nil || c.Failure != nil {
			continue
		}
		bucket = c.BucketSize()
		cpu = append(cpu, c.CPU)
		passed = max(passed, c.Pace.Unfairness)
		if c.Pace.Worst > worst {
			worst, window = c.Pace.Worst, c.Pace.Window
		}
		if share, bound := c.Kept(); bound || share > 1+diagnose.Off {
			least, most = min(least, share), max(most, share)
		}
	}
	if cpu == nil {
		return nil
	}
	achieved := Entry{Text: "the site does not allow the rate"}
	if most > 0 {
		achieved.Text = fmt.Sprintf("%.4f", least)
		if to := fmt.Sprintf("%.4f", most); to != achieved.Text {
			achieved.Text += " to " + to
		}
		if least < 1-diagnose.Off || most > 1+diagnose.Off {
			achieved.Text += fmt.Sprintf(", off by more than %.0f %%", 100*diagnose.Off)
			achieved.Class = "slower"
		}
	}
	peak := "unknown"
	if worst > 0 {
		peak = fmt.Sprintf("%.2f in %s", worst, plain.Seconds(window))
	}
	return []Entry{{Text: t.LimiterName()}, {Text: t.Rate.String()}, {Text: fmt.Sprint(bucket)},
		{Text: fmt.Sprint(workers)}, achieved, {Text: peak},
		{Text: plain.Seconds(stat.Median(cpu).Center)}, {Text: fmt.Sprintf("%.0f", passed)}}
}
