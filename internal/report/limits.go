package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/stat"
)

// dial names the rate of a table, and the burst and the limiter where the scenario gives them.
func dial(t *diagnose.Table) string { return t.Rate.String() + kept(t.Burst, t.Limiter) }

// kept names the burst and the limiter where the scenario gives them.
func kept(burst int, limiter string) string {
	s := ""
	if burst > 0 {
		s += fmt.Sprintf(", burst %d", burst)
	}
	if limiter != "" {
		s += ", limiter " + limiter
	}
	return s
}

// limits is the table of how well the limiters kept their rates; without rates it has no rows.
func limits(t *topic) Table {
	l := Table{
		About: "How the limiter kept its rate, over all contenders. Achieved: of those cells whose latency and depth allow the rate; a design that is slower falls short of it with any limiter. Worst window: of all windows of 1 ms or more, what was let through over rate x length + burst; workers held up after they were let through can bring it above 1. Passed over: so many that asked later were let through before a wait that 99 of 100 do better than; 0 is first come, first served.",
		Head:  []string{"limiter", "rate", "burst", "workers", "achieved/asked", "worst window", "CPU a page", "passed over"},
	}
	tables := slices.Clone(t.tables)
	slices.SortStableFunc(tables, func(x, y *diagnose.Table) int { return cmp.Compare(x.Rate, y.Rate) })
	for _, table := range tables {
		for _, n := range table.Workers {
			if row, flags := limit(table, n); row != nil {
				l.Rows, l.Colors = append(l.Rows, row), append(l.Colors, flags)
			}
		}
	}
	return l
}

// limit is a row of limits; nil without a rate.
func limit(t *diagnose.Table, workers int) (row, flags []string) {
	least, most, off := math.Inf(1), 0.0, false
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
		passed = max(passed, c.Pace.Passed)
		if c.Pace.Worst > worst {
			worst, window = c.Pace.Worst, c.Pace.Window
		}
		if share, bound := c.Kept(); bound || share > 1+diagnose.Off {
			least, most = min(least, share), max(most, share)
		}
	}
	if cpu == nil {
		return nil, nil
	}
	achieved := "the site does not allow the rate"
	if most > 0 {
		achieved = spread(least, most)
		if off = least < 1-diagnose.Off || most > 1+diagnose.Off; off {
			achieved += fmt.Sprintf(", off by more than %.0f %%", 100*diagnose.Off)
		}
	}
	peak := "not known"
	if worst > 0 {
		peak = fmt.Sprintf("%.2f in %s", worst, Seconds(window))
	}
	row = []string{t.LimiterName(), t.Rate.String(), fmt.Sprint(bucket), fmt.Sprint(workers), achieved, peak, Seconds(stat.Median(cpu).Center), fmt.Sprintf("%.0f", passed)}
	flags = make([]string, len(row))
	if off {
		flags[4] = "slower"
	}
	return row, flags
}

// spread writes a range of ratios, or one number where its ends look alike.
func spread(least, most float64) string {
	a, b := fmt.Sprintf("%.4f", least), fmt.Sprintf("%.4f", most)
	if a == b {
		return a
	}
	return strings.Join([]string{a, b}, " to ")
}
