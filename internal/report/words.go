package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plain"
	"crawlbench/internal/plan"
	"crawlbench/internal/stat"
	"crawlbench/internal/store"
)

// Titles of groups of tables and of figures.
const (
	throughputTitle = "Throughput"
	winnersTitle    = "Highest medians"
	boundsTitle     = "Upper bounds"
	memoryTitle     = "Memory"
	limitsTitle     = "Rate limiters"
	breakdownTitle  = "Time breakdown"
)

// Descriptions of tables.
const (
	winnersAbout = "The crawler with the highest median, and those that are not proven slower."
	boundsAbout  = "Throughput as a share of its lowest upper bound: the rate; the latency of pages, with one page per worker in flight; the depth of the graph; or the cores, all busy at the least processor time per page that the crawler took in any round."
	memoryAbout  = "Heap bytes per page: retained in one untimed crawl, while its last page is fetched, when the visited set is full and the frontier empty; and allocated in a timed crawl, on average. The memory of the site is subtracted, and stacks are not counted."
	limitsAbout  = "How well the limiter kept its rate, over all crawlers. Achieved: only of cells whose latency and depth allow the rate; a crawler that is slower misses it with any limiter. Worst window: of all windows of at least 1 ms, the pages let through over rate x length + burst; workers delayed after they were let through can push it above 1. Unfairness (p99 overtakes): later requests served before a request, 99th percentile; 0 is first come, first served."
	queueAbout   = "In the queue: the part in which another goroutine had ended the wait, by an unlock, a send or a close, and the worker waited for a processor."
	besideAbout  = "Workers' time per page while traced. The speeds and the processor time above are not traced."
	// breakdownScaled explains why the shares differ slightly from the medians in the ranges.
	breakdownScaled = "medians over the traces, scaled to add up to 100 %"
)

func comparedTitle(baseline string) string { return "Comparison with " + baseline + ", the baseline" }

func runTitle(m store.Manifest) string { return fmt.Sprintf("%s on %s", m.Scenario, MachineOf(m)) }

// status describes the state of a run.
func status(a *diagnose.Analysis) string {
	m := a.Run.Manifest()
	text := fmt.Sprintf("%s, %s of %s samples", m.State, plain.Number(len(a.Run.Samples())),
		plain.Number(a.Run.Planned()))
	if s := Settled(a.Run); s != "" {
		text += "; " + s
	}
	if m.Measured > 0 {
		text += fmt.Sprintf("; crawls took %.0f %% of the timing pass", 100*m.Measured)
	}
	return text + origin(m)
}

// Part names the part of a run with the same graph, keys and GOMAXPROCS.
func Part(k diagnose.Key) string {
	return fmt.Sprintf("%s%s, keys %s, GOMAXPROCS %d", k.Graph, over(k.Transport), k.Keys, k.Procs)
}

// over says how the pages of a graph come, unless from memory.
func over(t plan.Transport) string {
	if t == plan.HTTP {
		return " over HTTP"
	}
	return ""
}

// perSecondOf names the unit of the speeds of a transport, and of ratios of them.
func perSecondOf(t plan.Transport) string {
	if t == plan.HTTP {
		return "pages per second of processor time"
	}
	return "pages/s"
}

// speedOver names what is compared.
func speedOver(t plan.Transport) string {
	if t == plan.HTTP {
		return perSecondOf(t)
	}
	return "throughput"
}

// Condition names the conditions under which crawlers are compared.
func Condition(k diagnose.Key) string {
	return fmt.Sprintf("%s%s, keys %s, rate %s, GOMAXPROCS %d", k.Graph, over(k.Transport), k.Keys, RateName(k),
		k.Procs)
}

// RateName names a rate, with burst, limiter and cost of a fetch if the scenario sets them.
func RateName(k diagnose.Key) string { return k.Rate.String() + limiterName(k) }

func limiterName(k diagnose.Key) string {
	text := ""
	if k.Burst > 0 {
		text += fmt.Sprintf(", burst %d", k.Burst)
	}
	if k.Limiter != "" {
		text += ", limiter " + k.Limiter
	}
	if k.Cost != (plan.Cost{}) {
		text += ", " + k.Cost.String() + " a page"
	}
	if k.Processes > 0 {
		text += ", fleet of " + plain.Count(k.Processes, "process")
	}
	if k.NoGC {
		text += ", GOGC off"
	}
	if k.NullSet {
		text += ", null set"
	}
	return text
}

// CellName names a cell by its properties, separated by commas.
func CellName(c *diagnose.Cell) string {
	return fmt.Sprintf("%s, %s by %s%s, %s, rate %s", c.Impl, c.Graph, c.Keys, over(c.Transport),
		plain.Count(c.Workers, "worker"), RateName(diagnose.KeyOf(c.Cell)))
}

// verdictMark returns the mark of a verdict in a terminal.
func verdictMark(v stat.Verdict) string {
	switch v {
	case stat.Equivalent:
		return "="
	case stat.Inconclusive:
		return "?"
	}
	return v.String()
}

// tally formats the numbers of verdicts.
func tally(verdicts map[stat.Verdict]int) string {
	return fmt.Sprintf("%d faster, %d slower, %d equivalent, %d inconclusive", verdicts[stat.Faster],
		verdicts[stat.Slower], verdicts[stat.Equivalent], verdicts[stat.Inconclusive])
}

// result formats verdict and adjusted p of a comparison.
func result(c *diagnose.Comparison) string {
	p := pValue(c.P)
	if !strings.HasPrefix(p, "<") {
		p = "= " + p
	}
	return fmt.Sprintf("%s, adjusted p %s", c.Verdict, p)
}

// compared formats the throughput of Other relative to Against.
func compared(c *diagnose.Comparison) string {
	return fmt.Sprintf("%s the %s of %s (%s)", times(c.Times()), speedOver(c.Transport), c.Against, result(c))
}

// overBaseline formats the throughput of a crawler relative to the baseline.
func overBaseline(c *diagnose.Comparison) string {
	return fmt.Sprintf("%s the %s of the baseline, %s, with as many workers (%s)", times(c.Times()),
		speedOver(c.Transport), c.Against, result(c))
}

// standing says whether the best of a choice is proven to be it, and names the others that are not proven slower.
// center is the estimate that ranks them, such as the median.
func standing(c diagnose.Choice, center string) (is string, open []string) {
	for _, o := range c.Others {
		if o.Verdict != stat.Faster {
			open = append(open, fmt.Sprintf("%s with %s", o.Impl, plain.Count(o.Workers, "worker")))
		}
	}
	switch {
	case len(c.Others) == 0:
		return "is the only crawler", nil
	case len(open) > 0:
		return "has the highest " + center, open
	}
	return "is the fastest", nil
}

// headline says which crawler is the fastest, best against best, or if that is not proven, which has the highest
// median.
func headline(c diagnose.Choice) string {
	best := c.Best
	is, open := standing(c, "median")
	speed := SI(best.Summary.Center) + " pages/s"
	if c.Transport == plan.HTTP {
		is = map[string]string{"is the fastest": "is the cheapest", "has the highest median": "has the lowest median",
			"is the only crawler": "is the only crawler"}[is]
		speed = fmt.Sprintf("%s of processor time a page (and %s in the site)", plain.Seconds(1/best.Summary.Center),
			plain.Seconds(best.SiteCPU))
	}
	text := fmt.Sprintf("%s: %s %s, %s with %s", Condition(c.Key), best.Impl, is, speed,
		plain.Count(best.Workers, "worker"))
	if len(open) > 0 {
		text += "; not proven slower: " + strings.Join(open, ", ")
	}
	if v := best.Versus; v != nil {
		text += "; it has " + overBaseline(v)
	}
	return text + "." + changeable(c.Table)
}

// changeable says how much of a page's processor time the choice of the crawler can change at all.
func changeable(t *diagnose.Table) string {
	var most *diagnose.Cell
	share := 0.0
	for c := range t.Cells() {
		if x, known := c.Changeable(); known && (most == nil || x > share) {
			most, share = c, x
		}
	}
	if most == nil {
		return ""
	}
	return fmt.Sprintf(" A crawler can change at most %s of this time: %s with %s needs %s a page, and workers that only "+
		"fetch and parse need %s.", Share(share), most.Impl, plain.Count(most.Workers, "worker"),
		plain.Seconds(1/most.Summary.Center), plain.Seconds(most.Fetching))
}

// rounds says how many rounds a plan has, and which cells take part in them.
func rounds(p *plan.Plan) string {
	text := fmt.Sprintf("%d, with each cell at most once in a round, in random order", p.Rounds)
	if n := p.RoundsOf(plan.Cell{Rate: 1}); n < p.Rounds {
		text += fmt.Sprintf("; cells with a rate only in the first %d", n)
	}
	if len(p.Looks) > 1 {
		var at []string
		for _, l := range p.Looks {
			at = append(at, fmt.Sprint(l.Blocks))
		}
		text += fmt.Sprintf("; decided after rounds %s: a crawler leaves when all its comparisons are settled",
			strings.Join(at, ", "))
	}
	return text
}

// Settled says how many comparisons of cells without a rate are settled after how many rounds; "" before the first
// look, and for a run that has none.
func Settled(run *store.Run) string {
	s, p := run.Settled(), run.Plan()
	if s.Of == 0 || s.Rounds == 0 {
		return ""
	}
	which := fmt.Sprintf("%s of %s", plain.Number(s.Settled), plain.Count(s.Of, "comparison"))
	if s.All() {
		which = "all " + plain.Count(s.Of, "comparison")
	}
	if slices.ContainsFunc(p.Cells, func(c plan.Cell) bool { return c.Rate > 0 }) {
		which += " without a rate"
	}
	return fmt.Sprintf("%s settled after %d of %s", which, s.Rounds, plain.Count(p.Rounds, "round"))
}

// method says how the run was measured.
func method(a *diagnose.Analysis) [][2]string {
	m, p := a.Run.Manifest(), a.Run.Plan()
	list := [][2]string{
		{"scenario", m.Scenario}, {"seed", fmt.Sprint(m.Seed)},
		{"rounds", rounds(p)},
		{"sample", strings.Join(sampleLines(p), "; ") + "; every crawl is verified page by page"},
		{"verdicts", verdictMethod(a)},
		{"best against best", "with the same number of workers, the comparison in the table; with different numbers, a family of its own, adjusted for all such pairs of a table, as the best are chosen by their medians; the probability of any false claim below 5 %"},
		{"benchstat", benchstatMethod},
		{"go", m.Go},
	}
	list = append(list, policy(a)...)
	if text := fleetMethod(a); text != "" {
		list = append(list, [2]string{"fleets", text})
	}
	if a.Machines != nil {
		list = append(list, machinesMethod(a)...)
	}
	for _, k := range slices.Sorted(maps.Keys(m.Host)) {
		list = append(list, [2]string{k, property(k, m.Host[k])})
	}
	if text := uncounted(a); text != "" {
		list = append(list, [2]string{"counters", text})
	}
	for _, g := range m.Graphs {
		list = append(list, [2]string{"graph " + g.Name,
			fmt.Sprintf("%s: %s pages, %s links, %s reachable in %d levels", g.Spec, plain.Number(g.Pages), plain.Number(g.Links),
				plain.Number(g.Reachable), g.Depth+1)})
	}
	if engine := overMemory(m.Engine); len(engine) > 0 {
		list = append(list, [2]string{"engine",
			fmt.Sprintf("per page, with the site, the verification and a visited set that stores nothing: %s (graph/keys/workers-GOMAXPROCS); used by %s", nanoseconds(engine), strings.Join(m.OnEngine, ", "))})
	}
	return list
}

// overhead states how much profilers slowed the crawls, and the expected overhead.
func overhead(d diagnose.Distortion) string {
	text := Share(d.Slowed) + " slower"
	if d.Slowed < 0 {
		text = Share(-d.Slowed) + " faster, by chance"
	}
	switch {
	case d.Most == 0:
	case d.Most < 0.005:
		text += fmt.Sprintf(" (expected overhead of %s events/s: less than 1 %%)", SI(d.Events))
	default:
		text += fmt.Sprintf(" (expected overhead of %s events/s: %.2g to %.2g %%)", SI(d.Events), 100*d.Least,
			100*d.Most)
	}
	return text
}

func boundName(by string) string {
	return map[string]string{
		"rate": "the rate limit allows", "latency": "its workers can fetch, each waiting for its page",
		"depth": "the depth of the graph allows", "cores": "its cores allow if all are busy, at the least processor time per page that it took in any round",
	}[by]
}

// Who names a cell in a sentence.
func Who(c plan.Cell) string {
	who := fmt.Sprintf("%s with %s on %s%s", c.Impl, plain.Count(c.Workers, "worker"), c.Graph, over(c.Transport))
	if c.Rate > 0 {
		who += fmt.Sprintf(" at %s pages/s", c.Rate)
	}
	return who
}

// breakdownSentence describes a time breakdown and its accuracy.
func breakdownSentence(unaccounted, slowed, expected float64) string {
	text := fmt.Sprintf("Workers x wall time by state, from execution traces: %s. At most %.2f %% is unaccounted. Tracing slowed the crawls by up to %s", breakdownScaled, 100*unaccounted, Share(max(0, slowed)))
	if expected > 0 {
		text += fmt.Sprintf(" (expected overhead up to %s)", Share(expected))
	}
	return text + "."
}

// queueNote says how much of a state is waiting for a processor after being woken; "" if nothing is.
func queueNote(share float64) string {
	if share < 0.0005 {
		return ""
	}
	return fmt.Sprintf("; %s woken and waiting for a processor", Share(share))
}

// DifferenceSentence compares the throughput of two cells, of one run or of two; "" if one was not measured.
func DifferenceSentence(this, base *diagnose.Cell, sameRun bool) string {
	if !this.Sound() || !base.Sound() {
		return ""
	}
	if !sameRun {
		return fmt.Sprintf("This has %s the throughput of the base; not paired, since the runs have no rounds in common.",
			times(diagnose.Unpaired(base, this)))
	}
	x, adjusted := this.Compared(base)
	text := fmt.Sprintf("This has %s the throughput of the base; paired by %s", times(x.Times()), plain.Count(x.Blocks, "round"))
	if !adjusted {
		return text + "; not one of the comparisons that p is adjusted for, so there is no verdict."
	}
	return fmt.Sprintf("%s; %s.", text, result(x))
}
