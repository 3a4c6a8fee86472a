package diagnose

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"crawlbench/internal/ledger"
	"crawlbench/internal/plain"
	"crawlbench/internal/stat"
)

// Kind is what a finding is about.
type Kind string

const (
	ContendedLock  Kind = "contended lock"
	SaturatedOwner Kind = "saturated owner"
	NarrowFrontier Kind = "narrow frontier"
	ProcessorBound Kind = "processor-bound"
	RateLimited    Kind = "rate-limited"
	LatencyBound   Kind = "latency-bound"
	WastedCycles   Kind = "wasted cycles"
	CollectorBound Kind = "collector-bound"
	StoppedGaining Kind = "stopped gaining"
	RateExceeded   Kind = "rate exceeded"
)

// Finding is a statement about a cell, or about a contender in a table, with what it rests on.
type Finding struct {
	Kind Kind
	Cell string // plan.Cell.ID
	Text string
	// Evidence are the numbers.
	Evidence []string
	// Confidence is how firmly the measurement says so: the range over repeats, or the interval over rounds.
	Confidence string
	// Refute is the experiment that would show it wrong.
	Refute string
}

// findings makes statements about the cells that have ledgers, and about where contenders stop gaining.
func findings(a *Analysis) []Finding {
	var list []Finding
	for _, t := range a.Tables {
		for _, r := range t.Rows {
			if f, ok := t.stops(r); ok {
				list = append(list, f)
			}
			for _, c := range r.Cells {
				if c.Valid() && (c.Traced != nil || c == r.Cells[len(r.Cells)-1]) {
					list = append(list, t.explain(c)...)
				}
			}
		}
		list = append(list, t.queueing()...)
		if f, ok := t.exceeds(); ok {
			list = append(list, f)
		}
	}
	return list
}

// stops says where a contender stops gaining, if at two numbers of workers or more beyond there is no gain.
func (t *Table) stops(r *Row) (Finding, bool) {
	if r.Knee.Workers == 0 || len(r.Gains) < 3 || t.Rate > 0 {
		return Finding{}, false
	}
	last := r.Gains[len(r.Gains)-1]
	if r.Knee.Workers >= last.Workers {
		return Finding{}, false
	}
	knee, c := t.Cell(r.Impl, r.Knee.Workers), t.Cell(r.Impl, last.Workers)
	beyond := stat.Pair(knee.Speed, c.Speed)
	if !knee.Valid() || !c.Valid() || !(beyond.Hi < 1+stat.DefaultMargin) { // it may gain still
		return Finding{}, false
	}
	f := Finding{
		Kind: StoppedGaining, Cell: c.ID(),
		Text:       fmt.Sprintf("%s on %s stops gaining at %s; with %d it makes %s of that", r.Impl, t.Graph, plural(r.Knee.Workers, "worker"), last.Workers, times3(stat.Interval{Value: beyond.Ratio, Lo: beyond.Lo, Hi: beyond.Hi})),
		Confidence: fmt.Sprintf("the %.0f %% interval over %d rounds ends at %.2f", 100*(1-Alpha), beyond.N, beyond.Hi),
		Refute:     "measure numbers of workers between those here: a peak may lie between two points",
	}
	for _, g := range r.Gains[1:] {
		f.Evidence = append(f.Evidence, fmt.Sprintf("%d workers: %s of one's throughput", g.Workers, times3(stat.Interval{Value: g.Ratio.Ratio, Lo: g.Ratio.Lo, Hi: g.Ratio.Hi})))
	}
	return f, true
}

// Shares of worker time beyond which they are worth a sentence, in the median; in the least of the repeats half of it
// will do.
const (
	lockShare   = 0.15
	idleShare   = 0.40
	queueShare  = 0.40
	paceShare   = 0.50
	fetchShare  = 0.50
	gcShare     = 0.15
	roleShare   = 0.75
	growthShare = 1.5
)

// explain says what the workers of a cell spend their time on.
func (t *Table) explain(c *Cell) []Finding {
	var list []Finding
	add := func(kind Kind, confidence, refute, format string, args ...any) *Finding {
		list = append(list, Finding{Kind: kind, Cell: c.ID(), Text: fmt.Sprintf(format, args...), Confidence: confidence, Refute: refute})
		return &list[len(list)-1]
	}
	who := fmt.Sprintf("%s with %s on %s", c.Impl, plural(c.Workers, "worker"), c.Graph)
	if c.Rate > 0 {
		who += fmt.Sprintf(" at %s pages/s", c.Rate)
	}
	if c.Traced != nil {
		over := func(class ledger.Class, share float64) bool {
			r := c.Traced.Shares.Share[class]
			return r.Median >= share && r.Min >= share/2
		}
		role, least, most := c.Traced.Busiest()
		saturated := least >= roleShare && c.Traced.Share(ledger.Handoff)+c.Traced.Share(ledger.Starvation)+c.Traced.Share(ledger.Runnable) >= idleShare
		switch {
		case over(ledger.Pacing, paceShare):
			add(RateLimited, c.Traced.repeats(ledger.Pacing, paceShare), "raise the rate: the throughput follows it until something else binds",
				"%s waits for the limiter %s of its workers' time: which design it is does not matter here", who, percent(c.Traced.Share(ledger.Pacing)))
		case over(ledger.Fetch, fetchShare):
			add(LatencyBound, c.Traced.repeats(ledger.Fetch, fetchShare), "double the workers: the throughput doubles as long as this binds",
				"%s waits for pages %s of its workers' time: more workers fetch more, whatever the design", who, percent(c.Traced.Share(ledger.Fetch)))
		}
		if over(ledger.Lock, lockShare) {
			list = append(list, t.lock(c, who))
		}
		if saturated {
			add(SaturatedOwner, fmt.Sprintf("%s to %s over %d traces", percent(least), percent(most), c.Traced.Shares.Repeats),
				"give the owner less to do, such as one message a page instead of one a link: the throughput rises while its share stays",
				"%s is as fast as %s, which is on a processor %s of the time while the workers wait for it", who, roleName(role), percent((least+most)/2))
		}
		if !saturated && over(ledger.Starvation, idleShare) {
			add(NarrowFrontier, c.Traced.repeats(ledger.Starvation, idleShare), "take a wider graph: the share falls",
				"%s has no page for its workers %s of their time: the graph offers too few at once, or the frontier hands them out too slowly", who, percent(c.Traced.Share(ledger.Starvation)))
		}
	}
	if c.GC >= gcShare {
		add(CollectorBound, fmt.Sprintf("the mean over %d samples", len(c.Measured())), "set GOGC=off: the throughput rises by about that share",
			"%s: the collector takes %s of the processor time, at %s allocated a page", who, percent(c.GC), bytes(c.Bytes))
	}
	if lock := c.Traced != nil && c.Traced.Share(ledger.Lock) >= lockShare; c.Workers > 1 && c.Rate == 0 && c.Growth != nil && c.Growth.Ratio >= growthShare && c.Growth.Lo > 1 && c.Growth.P < Alpha && !lock && c.GC < gcShare {
		f := add(WastedCycles, fmt.Sprintf("the %.0f %% interval over %d rounds begins at %.2f", 100*(1-Alpha), c.Growth.N, c.Growth.Lo),
			"pin it to one processor: the processor time a page falls to that of one worker",
			"%s burns %s the processor time a page that it takes with one worker, and waits little for locks: cache lines that travel, attempts repeated, or wake-ups", who, times3(stat.Interval{Value: c.Growth.Ratio, Lo: c.Growth.Lo, Hi: c.Growth.Hi}))
		for _, name := range slices.Sorted(maps.Keys(c.Counts)) {
			f.Evidence = append(f.Evidence, fmt.Sprintf("%s: %.2g a page", name, c.Counts[name]))
		}
	}
	return list
}

// queueing says which contenders have more workers ready than processors: one sentence for all of a table with as many
// workers, since it is seldom the design's doing.
func (t *Table) queueing() []Finding {
	var list []Finding
	for _, w := range t.Workers {
		var f Finding
		var least, most float64
		for _, c := range t.measured(w) {
			if c.Traced == nil || !c.Valid() || c.Workers <= c.Procs {
				continue
			}
			r := c.Traced.Shares.Share[ledger.Runnable]
			if r.Median < queueShare || r.Min < queueShare/2 {
				continue
			}
			if f.Kind == "" {
				least, most = r.Min, r.Max
				f = Finding{Kind: ProcessorBound, Cell: c.ID(),
					Text:   fmt.Sprintf("with %s on %s workers are ready and have no processor: beyond %d they only queue", plural(w, "worker"), t.Graph, t.Procs),
					Refute: fmt.Sprintf("run it with more processors than %d: the share falls and the throughput rises", t.Procs)}
			}
			least, most = min(least, r.Min), max(most, r.Max)
			f.Evidence = append(f.Evidence, fmt.Sprintf("%s %s of its workers' time", c.Impl, percent(r.Median)))
		}
		if f.Kind != "" {
			f.Confidence = fmt.Sprintf("%s to %s over the traces of %s", percent(least), percent(most), plural(len(f.Evidence), "design"))
			list = append(list, f)
		}
	}
	return list
}

// lock names the place where workers wait for a lock, who ends it, and a contender that does without.
func (t *Table) lock(c *Cell, who string) Finding {
	r := c.Traced.Shares.Share[ledger.Lock]
	f := Finding{Kind: ContendedLock, Cell: c.ID(), Confidence: c.Traced.repeats(ledger.Lock, lockShare),
		Refute: "shard what the lock protects, or hold it for a shorter time: the share falls and the throughput rises"}
	f.Text = fmt.Sprintf("%s waits for locks %s of its workers' time", who, percent(r.Median))
	for _, s := range c.Traced.Sites() {
		if s.Class == ledger.Lock {
			f.Text += ", most of it at " + s.Where
			f.Evidence = append(f.Evidence, fmt.Sprintf("at %s (%s): %s, %d waits", s.Where, s.Primitive, percent(s.Share), s.Count))
			break
		}
	}
	for _, e := range c.Traced.Ends() {
		if e.Class == ledger.Lock {
			f.Evidence = append(f.Evidence, fmt.Sprintf("ended by %s", e.By))
			break
		}
	}
	if best, times := t.without(c); best != "" {
		f.Text += fmt.Sprintf("; %s, which waits for them a quarter as much or less, makes %s", best, times3(times))
	}
	return f
}

// without returns the contender that is proven faster than c with as many workers and waits for locks a quarter as much or
// less, the fastest of them.
func (t *Table) without(c *Cell) (string, stat.Interval) {
	var best *Cell
	for _, d := range t.measured(c.Workers) {
		if d == c || d.Traced == nil || d.Traced.Share(ledger.Lock) > c.Traced.Share(ledger.Lock)/4 {
			continue
		}
		if best == nil || d.Summary.Center > best.Summary.Center {
			best = d
		}
	}
	if best == nil {
		return "", stat.Interval{}
	}
	p := pair(c, best)
	var versus *Comparison
	switch {
	case best.Versus != nil && best.Versus.Against == c.Impl:
		versus = best.Versus
	case c.Versus != nil && c.Versus.Against == best.Impl:
		versus = c.Versus.turned()
	default: // not one of those that were corrected for: take it alone, with what Holm asks of the first
		versus = &Comparison{Paired: p, Verdict: stat.Judge(p, p.P*float64(max(1, len(t.Groups)*len(t.Rows)*len(t.Rows)/2)), Alpha, stat.DefaultMargin)}
	}
	if versus.Verdict != stat.Faster {
		return "", stat.Interval{}
	}
	return best.Impl, versus.Times()
}

func roleName(entry string) string {
	if entry == "(caller)" {
		return "the goroutine that called it"
	}
	return entry
}

func percent(x float64) string { return plain.Percent(x, 0) }

func times3(i stat.Interval) string { return fmt.Sprintf("%.2fx [%.2f, %.2f]", i.Value, i.Lo, i.Hi) }

func bytes(n float64) string {
	if n >= 1<<10 {
		return fmt.Sprintf("%.1f KiB", n/(1<<10))
	}
	return fmt.Sprintf("%.0f B", n)
}

func plural(n int, noun string) string { return plain.Count(n, noun) }

// sortBy sorts from the largest down, and what is equal by name.
func sortBy[T any](list []T, of func(T) (float64, string)) {
	slices.SortFunc(list, func(x, y T) int {
		a, b := 0.0, 0.0
		var m, n string
		a, m = of(x)
		b, n = of(y)
		return cmp.Or(cmp.Compare(b, a), cmp.Compare(m, n))
	})
}
