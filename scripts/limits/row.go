package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"text/tabwriter"

	"golang.org/x/term"

	"crawlbench/internal/stat"
)

// result is the result of one process of a side.
type result struct {
	Seconds float64 // per crawl, or per timed operation; the median over the process
	Pages   float64
	Links   float64 // links on the pages crawled
	Mallocs float64 // per crawl
	Bytes   float64 // allocated per crawl
	Kept    float64 // of a limiter: achieved/requested rate
	Worst   float64 // of a limiter: grants in its worst window / allowed
}

// side is a program that is measured. Sides with the same name are the same, and run once per
// round.
type side struct {
	name string
	run  func(context.Context) (result, error)
}

// row is a row of the table: a value computed from one or two sides.
type row struct {
	work             string
	required, target float64
	atMost           bool // smaller is better
	subject          side
	baseline         side // run nil: none
	// value computes the row's value; nil means how many times faster subject is than baseline.
	value func(subject, baseline result) float64
}

// measureRows returns the values of each row, one per round.
func measureRows(ctx context.Context, rows []row, rounds int) ([][]float64, error) {
	sides := map[string]side{}
	var names []string
	for _, r := range rows {
		for _, s := range []side{r.subject, r.baseline} {
			if _, ok := sides[s.name]; !ok && s.run != nil {
				sides[s.name] = s
				names = append(names, s.name)
			}
		}
	}
	terminal := term.IsTerminal(int(os.Stderr.Fd()))
	values := make([][]float64, len(rows))
	for round := range rounds {
		rand.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
		got := map[string]result{}
		for i, name := range names {
			if terminal {
				fmt.Fprintf(os.Stderr, "\rround %d of %d, %d of %d: %-60s", round+1, rounds, i+1, len(names), name)
			} else if i == 0 {
				fmt.Fprintf(os.Stderr, "round %d of %d\n", round+1, rounds)
			}
			r, err := sides[name].run(ctx)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			got[name] = r
		}
		for i, r := range rows {
			subject, baseline := got[r.subject.name], got[r.baseline.name]
			v := baseline.Seconds / subject.Seconds
			if r.value != nil {
				v = r.value(subject, baseline)
			}
			values[i] = append(values[i], v)
		}
	}
	if terminal {
		fmt.Fprintf(os.Stderr, "\r%-100s\r", "")
	}
	return values, nil
}

// printTable prints the table.
func printTable(out io.Writer, rows []row, values [][]float64) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "work\trequired\ttarget\tmedian\tquartiles of %d\t\n", len(values[0]))
	for i, r := range rows {
		v := values[i]
		median := stat.Quantile(v, 0.5)
		fmt.Fprintf(w, "%s\t%s\t%s\t%.4g\t%.4g to %.4g\t%s\n", r.work, formatTarget(r.required), formatTarget(r.target),
			median,
			stat.Quantile(v, 0.25), stat.Quantile(v, 0.75), r.verdict(median))
	}
	w.Flush()
	fmt.Fprint(out, "\nrequired: the least (of times and costs, the most) that the project accepts; target: what it aims at; -: not decided.\n"+
		"Verdicts are on the median: target met, met (required, but not the target), or missed.\n")
}

func formatTarget(v float64) string {
	if v == 0 {
		return "-"
	}
	return fmt.Sprintf("%g", v)
}

func (r row) verdict(v float64) string {
	reached := func(target float64) bool { return r.atMost && v <= target || !r.atMost && v >= target }
	switch {
	case r.required == 0:
		return ""
	case reached(r.target):
		return "target met"
	case reached(r.required):
		return "met"
	}
	return "missed"
}
