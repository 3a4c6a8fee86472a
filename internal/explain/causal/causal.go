package causal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"time"

	"crawlbench/internal/measure"
	"crawlbench/internal/plan"
	"crawlbench/internal/stat"
	"crawlbench/internal/store"
	"crawlbench/internal/web/delay"
)

// Experiment delays lines in a cell.
type Experiment struct {
	Trial measure.Trial // its children are programs with the delays; Dir is a directory for the trials, which exists
	Plan  *plan.Plan    // of the run that the cell is from
	Cell  plan.Cell
	Sites []Site
	// Found are the sites that the programs can delay; the others are left out.
	Found []bool
	// Rounds is how often each delay is measured.
	Rounds int
	// Delay is the delay at each line, per visit; 0 means one that adds about half of the time of a page.
	Delay time.Duration
}

// Kind says how a crawl depends on a line.
type Kind string

const (
	Serial    Kind = "serial"       // every worker waits for it
	Parallel  Kind = "parallel"     // workers share it
	Hidden    Kind = "hidden"       // the crawl does not wait for it
	Between   Kind = "partly"       // proven to be none of these: serial for a part of the time, say
	Unknown   Kind = "inconclusive" // the interval allows several
	Unvisited Kind = "not reached"
)

// Line is what a delay at a line shows.
type Line struct {
	Site
	Kind  Kind
	Hits  float64       // visits per page
	Cost  float64       // seconds per page in the line, without the delay; 0 if unknown
	Delay time.Duration // put in per visit
	// Slope is the seconds that a page takes longer for each second of delay per page.
	Slope stat.Interval
	// Page is the time per page without a delay, in seconds.
	Page float64
	// Parallel is the slope of a line that all workers share.
	Parallel float64
	number   int // of the site, from 1
}

// Gain returns the gain in throughput if the line took the given share of its time less, with its interval; known is
// false if its time is unknown.
func (l Line) Gain(share float64) (gain stat.Interval, known bool) {
	at := func(slope float64) float64 {
		saved := min(share*l.Cost*slope/l.Page, 0.99)
		return 1/(1-saved) - 1
	}
	return stat.Interval{Value: at(l.Slope.Value), Lo: at(l.Slope.Lo), Hi: at(l.Slope.Hi)}, l.Cost > 0
}

// Run measures the lines: first how often they are reached, then with the delays, in the same rounds as without. The
// result is sorted by the lower end of the slope's interval, the steepest first.
func (x Experiment) Run(ctx context.Context) ([]Line, error) {
	if !slices.Contains(x.Found, true) {
		return nil, errors.New("none of the lines was found in the source of the crawler: name lines with -lines file.go:12, and their packages with -packages")
	}
	counted, err := x.take(ctx, "count", 1, func(site int) (time.Duration, bool) { return 0, x.Found[site-1] })
	if err != nil {
		return nil, err
	}
	base, err := x.samples(counted, x.variant(0, 0))
	if err != nil {
		return nil, err
	}
	page := secondsPerPage(base)[0]
	var lines []Line
	delays := make([]time.Duration, len(x.Sites)+1)
	for i, s := range x.Sites {
		if !x.Found[i] {
			continue
		}
		list, err := x.samples(counted, x.variant(i+1, 0))
		if err != nil {
			return nil, err
		}
		l := Line{Site: s, number: i + 1, Kind: Unvisited, Hits: perPage(list, delay.Hits)[0], Parallel: x.parallel()}
		if l.Hits > 0 {
			delays[i+1] = x.delayFor(page, l.Hits)
		}
		lines = append(lines, l)
	}
	visited := func(site int) (time.Duration, bool) { return delays[site], delays[site] > 0 }
	if !slices.ContainsFunc(delays, func(d time.Duration) bool { return d > 0 }) {
		return lines, nil
	}
	delayed, err := x.take(ctx, "delay", x.Rounds, visited)
	if err != nil {
		return nil, err
	}
	if base, err = x.samples(delayed, x.variant(0, 0)); err != nil {
		return nil, err
	}
	for i := range lines {
		d := delays[lines[i].number]
		if d == 0 {
			continue
		}
		list, err := x.samples(delayed, x.variant(lines[i].number, d))
		if err != nil {
			return nil, err
		}
		lines[i].Delay = d
		lines[i].fit(base, list)
	}
	slices.SortStableFunc(lines, func(a, b Line) int { return cmp.Compare(b.Slope.Lo, a.Slope.Lo) })
	return lines, nil
}

// parallel returns the slope of a line that all workers share: what waits is shared by workers, what works by the
// processors that they have.
func (x Experiment) parallel() float64 {
	if x.Delay >= delay.SleepFrom {
		return 1 / float64(x.Cell.Workers)
	}
	return 1 / float64(min(x.Cell.Workers, x.Cell.Procs))
}

// delayFor returns the delay per visit.
func (x Experiment) delayFor(page, hits float64) time.Duration {
	if x.Delay > 0 {
		return x.Delay
	}
	d := time.Duration(page / 2 / hits * float64(time.Second))
	return min(max(d, 50*time.Nanosecond), delay.SleepFrom-1)
}

// variant returns the cell with a delay at a line.
func (x Experiment) variant(site int, d time.Duration) plan.Cell {
	c := x.Cell
	c.Resident = false // each delay in a fresh process
	c.Delay = plan.Delay{Site: site, For: d}
	return c
}

// take measures the cell without a delay and with one at each of the lines for which of returns true.
func (x Experiment) take(ctx context.Context, name string, rounds int,
	of func(site int) (time.Duration, bool)) (*store.Run, error) {
	p := *x.Plan
	p.Passes, p.Crawlers, p.Cells = nil, []string{x.Cell.Impl}, []plan.Cell{x.variant(0, 0)}
	p.Graphs = []plan.Graph{x.Plan.Graph(x.Cell.Graph)}
	for i := range x.Sites {
		if d, ok := of(i + 1); ok {
			p.Cells = append(p.Cells, x.variant(i+1, d))
		}
	}
	p.Stop, p.RateLimitedRounds = false, 0 // every cell in every round
	p.SetRounds(rounds)
	t := x.Trial
	t.Dir = filepath.Join(x.Trial.Dir, name)
	return t.Take(ctx, &p, "")
}

// samples returns the samples of a cell by round.
func (x Experiment) samples(run *store.Run, c plan.Cell) (list []*store.Sample, err error) {
	if rec, failed := run.Failed()[c.ID()]; failed {
		return nil, fmt.Errorf("%s: %s: %s", x.name(c), rec.Failure.Class, rec.Failure.Message)
	}
	list = make([]*store.Sample, run.Plan().Rounds)
	for _, rec := range run.Samples() {
		if rec.Cell == c.ID() && rec.Round < len(list) {
			list[rec.Round] = rec.Sample
		}
	}
	if slices.Contains(list, nil) {
		return nil, fmt.Errorf("%s: some rounds were not measured: measure it again", x.name(c))
	}
	return list, nil
}

// name names a cell in an error.
func (x Experiment) name(c plan.Cell) string {
	who := fmt.Sprintf("%s on %s", c.Crawler(), c.Graph)
	if c.Delay.Site == 0 {
		return who + " without a delay"
	}
	return fmt.Sprintf("%s with a delay of %v at %v", who, c.Delay.For, x.Sites[c.Delay.Site-1])
}

func secondsPerPage(list []*store.Sample) []float64 {
	each := make([]float64, len(list))
	for i, s := range list {
		each[i] = s.Values["sec/op"] / s.Values["pages/op"]
	}
	return each
}

// perPage returns a count per page.
func perPage(list []*store.Sample, name string) []float64 {
	each := make([]float64, len(list))
	for i, s := range list {
		each[i] = s.Counts[name] / s.Values["pages/op"]
	}
	return each
}

// fit computes the slope of a line from the samples without and with the delay.
func (l *Line) fit(base, delayed []*store.Sample) {
	before, after := secondsPerPage(base), secondsPerPage(delayed)
	l.Page = stat.Quantile(before, 0.5)
	l.Hits = stat.Quantile(perPage(delayed, delay.Hits), 0.5)
	l.Cost = stat.Quantile(perPage(delayed, delay.Line), 0.5)
	added := l.Hits * l.Delay.Seconds()
	if slept := stat.Quantile(perPage(delayed, delay.Added), 0.5); slept > 0 {
		added = slept / 1e6 // timers are late
	}
	l.Slope = slope(stat.Pair(before, after), l.Page, added)
	l.Kind = kind(l.Slope, l.Parallel)
}

// slope returns the seconds that a page takes longer for each second of delay, from the ratio of the times.
func slope(ratio stat.Paired, page, added float64) stat.Interval {
	at := func(r float64) float64 { return (r - 1) * page / added }
	return stat.Interval{Value: at(ratio.Ratio), Lo: at(ratio.Lo), Hi: at(ratio.Hi)}
}

// near is how far a slope may be from that of a kind.
const near = 0.25

// kind returns the only kind that an interval of the slope allows.
func kind(s stat.Interval, parallel float64) Kind {
	allows := func(at float64) bool { return s.Lo <= at+near*max(at, parallel) && s.Hi >= at-near*max(at, parallel) }
	var list []Kind
	for _, k := range []struct {
		Kind
		at float64
	}{{Serial, 1}, {Parallel, parallel}, {Hidden, 0}} {
		if allows(k.at) && (k.Kind != Parallel || parallel < 1) {
			list = append(list, k.Kind)
		}
	}
	switch {
	case len(list) == 1:
		return list[0]
	case len(list) == 0 && s.Lo > 0 && !math.IsInf(s.Hi, 1):
		return Between
	}
	return Unknown
}
