package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"text/tabwriter"

	"crawlbench/internal/stat"
)

// result is what one process of a side came to.
type result struct {
	Seconds float64 // of one crawl, or whatever is timed; the median of those that the process made
	Pages   float64
	Links   float64 // links on the pages crawled
	Mallocs float64 // a crawl
	Bytes   float64 // allocated, a crawl
	Kept    float64 // of a limiter: achieved/asked
	Worst   float64 // the worst of its windows over what is allowed
}

// side is a program that is measured. Sides of the same name are the same, and run once a round.
type side struct {
	name string
	run  func(context.Context) (result, error)
}

// row is a line of the table: a figure made of one or two sides.
type row struct {
	work      string
	must, aim float64
	atMost    bool // smaller is better
	of        side
	against   side // run nil: there is none
	// value is the figure; nil is how many times faster of is than against.
	value func(of, against result) float64
}

// measure returns the figures of each row, one a round.
func measure(ctx context.Context, rows []row, rounds int) ([][]float64, error) {
	sides := map[string]side{}
	var names []string
	for _, r := range rows {
		for _, s := range []side{r.of, r.against} {
			if _, ok := sides[s.name]; !ok && s.run != nil {
				sides[s.name] = s
				names = append(names, s.name)
			}
		}
	}
	values := make([][]float64, len(rows))
	for round := range rounds {
		rand.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
		got := map[string]result{}
		for i, name := range names {
			fmt.Fprintf(os.Stderr, "\rround %d of %d, %d of %d: %-60s", round+1, rounds, i+1, len(names), name)
			r, err := sides[name].run(ctx)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			got[name] = r
		}
		for i, r := range rows {
			of, against := got[r.of.name], got[r.against.name]
			v := against.Seconds / of.Seconds
			if r.value != nil {
				v = r.value(of, against)
			}
			values[i] = append(values[i], v)
		}
	}
	fmt.Fprintf(os.Stderr, "\r%-100s\r", "")
	return values, nil
}

// print prints the table.
func print(out io.Writer, rows []row, values [][]float64) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "work\tmust\taim\tmedian\tquartiles of %d\t\n", len(values[0]))
	for i, r := range rows {
		v := values[i]
		median := stat.Quantile(v, 0.5)
		fmt.Fprintf(w, "%s\t%s\t%s\t%.4g\t%.4g to %.4g\t%s\n", r.work, target(r.must), target(r.aim), median, stat.Quantile(v, 0.25), stat.Quantile(v, 0.75), r.verdict(median))
	}
	w.Flush()
}

func target(v float64) string {
	if v == 0 {
		return "-"
	}
	return fmt.Sprintf("%g", v)
}

func (r row) verdict(v float64) string {
	reached := func(target float64) bool { return r.atMost && v <= target || !r.atMost && v >= target }
	switch {
	case r.must == 0:
		return ""
	case reached(r.aim):
		return "aim reached"
	case reached(r.must):
		return "reached"
	}
	return "missed"
}
