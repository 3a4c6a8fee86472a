package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/graph"
	"crawlbench/internal/plain"
	"crawlbench/internal/plain/screen"
	"crawlbench/internal/plan"
	"crawlbench/internal/stat"
	"crawlbench/internal/store"
)

// Plan renders what is about to be measured, how long that takes, and what it can show, also to a gate; a negative gate
// is none. It takes the least time if the first look decides everything, and the most if no crawler leaves.
func Plan(p *plan.Plan, graphs []store.GraphInfo, least, most time.Duration, gate float64, s screen.Screen) string {
	var b strings.Builder
	title := fmt.Sprintf("%s: %s = %s", p.Scenario, product(p), plain.Count(len(p.Schedule), "sample"))
	if len(p.Passes) > 0 {
		title += fmt.Sprintf(", then %s", plain.Count(len(p.Passes), "profile pass"))
	}
	if len(p.Looks) > 1 {
		title += fmt.Sprintf(": about %s if the first look, after %s, decides everything, and %s if no crawler leaves",
			Duration(least), plain.Count(p.Looks[0].Blocks, "round"), Duration(most))
	} else {
		title += ": about " + Duration(most)
	}
	s.Title(&b, title)
	var rows [][]string
	row := func(key string, values ...string) {
		if n := len(values); n > mostValues {
			values = append(slices.Clone(values[:mostValues-2]), "...",
				fmt.Sprintf("%s (%s in all)", values[n-1], plain.Number(n)))
		}
		rows = append(rows, []string{key, strings.Join(values, ", ")})
	}
	row("crawlers", p.Crawlers...)
	for i, g := range graphs {
		row([]string{"graphs", ""}[min(i, 1)], graphSentence(g, p.BehaviourOf(g.Name).Latency))
	}
	row("keys", axis(p.Cells, func(c plan.Cell) string { return c.Keys })...)
	row("workers", axis(p.Cells, func(c plan.Cell) string { return fmt.Sprint(c.Workers) })...)
	row("rate", axis(p.Cells, func(c plan.Cell) string { return c.Rate.String() })...)
	if limiters := axis(p.Cells, func(c plan.Cell) string { return c.Limiter }); !slices.Equal(limiters, []string{""}) {
		row("limiter", slices.DeleteFunc(limiters, func(l string) bool { return l == "" })...)
	}
	if costs := axis(p.Cells, func(c plan.Cell) string { return c.Cost.String() }); len(costs) > 1 {
		row("cost", strings.Join(costs, ", "))
	}
	if p.Politeness != nil {
		row("politeness", p.Politeness.String())
	}
	if p.Fleets() {
		row("processes", axis(p.Cells, func(c plan.Cell) string { return fmt.Sprint(max(1, c.Processes)) })...)
	}
	row("gomaxprocs", axis(p.Cells, func(c plan.Cell) string { return fmt.Sprint(c.Procs) })...)
	for i, line := range sampleLines(p) {
		row([]string{"samples", ""}[min(i, 1)], line)
	}
	row("seed", fmt.Sprint(p.Seed))
	for i, line := range reachLines(p) {
		row([]string{"verdicts", ""}[min(i, 1)], line)
	}
	if gate >= 0 {
		for i, r := range diagnose.DetectableEffects(p, plan.Programs) {
			row([]string{"gate", ""}[min(i, 1)], gateLine(r, gate))
		}
	}
	s.List(&b, rows)
	return b.String()
}

// product says how many cells have how many rounds.
func product(p *plan.Plan) string {
	limited, few := 0, p.RoundsOf(plan.Cell{Rate: 1})
	for _, c := range p.Cells {
		if c.Rate > 0 {
			limited++
		}
	}
	text := fmt.Sprintf("%s x %s", plain.Count(len(p.Cells), "cell"), plain.Count(p.Rounds, "round"))
	if rest := len(p.Cells) - limited; limited > 0 && few < p.Rounds {
		text = fmt.Sprintf("%s x %s + %s with a rate x %d", plain.Count(rest, "cell"), plain.Count(p.Rounds, "round"),
			plain.Number(limited), few)
	}
	return text
}

// sampleLines say how the samples of a plan are taken.
func sampleLines(p *plan.Plan) (list []string) {
	residents := 0
	for _, c := range p.Cells {
		if c.Resident {
			residents++
		}
	}
	if residents > 0 {
		list = append(list, fmt.Sprintf("%s in blocks: the crawlers of a group are alive at once and take up to %d turns of at least %v",
			plain.Count(residents, "cell"), p.Turns, p.Slice))
	}
	if n := len(p.Cells) - residents; n > 0 {
		list = append(list, fmt.Sprintf("%s in fresh processes: at least %v of crawls each", plain.Count(n, "cell"), p.Sample))
	}
	return list
}

// sought is the difference for which a plan says how many rounds detect it.
const sought = 1.1

// reachLines say what a plan can show.
func reachLines(p *plan.Plan) (list []string) {
	reaches := diagnose.DetectableEffects(p, plan.Crawlers)
	if len(reaches) == 0 {
		return []string{"none: there are no two crawlers to compare"}
	}
	for _, r := range reaches {
		text := fmt.Sprintf("%s in %s: ", plain.Count(r.Size, "comparison"), familyName(r.Family))
		least, find := r.Enough(sought)
		if !r.Decides() {
			list = append(list, text+fmt.Sprintf("%s can decide nothing; %d can", plain.Count(r.Rounds, "round"),
				least))
			continue
		}
		text += fmt.Sprintf("MDE %s on a quiet machine, %s on a busy one", effect(r.AtQuiet), effect(r.AtBusy))
		if find > r.Rounds {
			text += fmt.Sprintf(", where %s would detect %s", plain.Count(find, "round"), effect(sought))
		}
		list = append(list, text, fmt.Sprintf("if ratios vary by %s (quiet) or %s (busy) from round to round",
			effect(1+r.Quiet), effect(1+r.Busy)))
	}
	if len(p.Looks) > 1 {
		first := p.Looks[0].Blocks
		list = append(list, fmt.Sprintf("a crawler leaves when all its comparisons are settled, after %d rounds at the earliest", first))
	}
	return append(list, "MDE: minimum detectable effect, with 80 % power")
}

// gateLine says whether a gate can fire.
func gateLine(r diagnose.DetectableEffect, gate float64) string {
	text := fmt.Sprintf("%s, %s in %s: ", effect(1+gate), plain.Count(r.Size, "comparison"), familyName(r.Family))
	twice := 1 + max(2*gate, stat.DefaultMargin)
	least, find := r.Enough(twice)
	if !r.Decides() {
		return text + fmt.Sprintf("cannot fire with %s; can with %s", plain.Count(r.Rounds, "round"),
			plain.Number(least))
	}
	text += fmt.Sprintf("can fire: fails on a regression of %s on a quiet machine, of %s on a busy one (80 %% power)",
		effect(max(1+gate, r.AtQuiet)), effect(max(1+gate, r.AtBusy)))
	if find > r.Rounds {
		text += fmt.Sprintf("; there %s fail one of %s", plain.Count(find, "round"), effect(twice))
	}
	return text
}

// NothingToFind says why a run that can decide nothing is not started; "" if it can decide something.
func NothingToFind(p *plan.Plan) string {
	idle := diagnose.Undecidable(p)
	if len(idle) == 0 {
		return ""
	}
	least := 0
	for _, r := range idle {
		n, _ := r.Enough(sought)
		least = max(least, n)
	}
	return fmt.Sprintf("%s can decide nothing: want at least %d, or -force to measure without verdicts",
		plain.Count(p.Rounds, "round"), least)
}

// mostValues is how many values of an axis a plan shows.
const mostValues = 24

// graphSentence describes a graph, for a site with the given latency.
func graphSentence(g store.GraphInfo, latency graph.Latency) string {
	reached := fmt.Sprintf("%s reached in %s", plain.Number(g.Reachable), plain.Count(g.Depth+1, "level"))
	if g.Failed > 0 {
		reached += fmt.Sprintf(", %s of them fail", plain.Number(g.Failed))
	}
	parts := []string{plain.Number(g.Pages) + " pages", plain.Number(g.Links) + " links", reached, "(" + g.Spec + ")"}
	if g.RecordedMedian > 0 {
		parts = append(parts, recordedSentence(g, latency))
	}
	return g.Name + ": " + strings.Join(parts, screen.Glue+" ") // two spaces, at which a line may break
}

// recordedSentence says what becomes of the latencies that were recorded with a graph.
func recordedSentence(g store.GraphInfo, latency graph.Latency) string {
	recorded := fmt.Sprintf("recorded latencies, median %v:", g.RecordedMedian)
	switch {
	case latency.Model != graph.Recorded:
		return recorded + " not replayed (-recorded does that)"
	case latency.Median > 0:
		return fmt.Sprintf("%s replayed, scaled to a median of %v", recorded, latency.Median)
	}
	return recorded + " replayed"
}

// axis returns the distinct values of the cells, in the order of the plan.
func axis(cells []plan.Cell, of func(plan.Cell) string) []string {
	var values []string
	seen := map[string]bool{}
	for _, c := range cells {
		if v := of(c); !seen[v] {
			seen[v] = true
			values = append(values, v)
		}
	}
	return values
}

// MeasuredShare returns the share of the timing pass spent in measured crawls: the time of the
// crawls divided by the time from the start of the first sample to the end of the last. A gap
// without a child, as between two sessions of a resumed run, counts as at most a second.
func MeasuredShare(records []store.Record) float64 {
	var crawled, wall float64
	var end time.Time
	records = slices.Clone(records)
	slices.SortStableFunc(records, func(x, y store.Record) int { // machines of a merged run measured at the same time
		return cmp.Or(cmp.Compare(x.Machine, y.Machine), x.Start.Compare(y.Start))
	})
	for _, rec := range records {
		if rec.Sample == nil {
			continue
		}
		for _, s := range rec.Sample.Seconds {
			crawled += s
		}
		if !end.IsZero() {
			wall += min(max(0, rec.Start.Sub(end).Seconds()), 1)
		}
		wall += rec.Wall
		end = rec.Start.Add(time.Duration(rec.Wall * float64(time.Second)))
	}
	if wall == 0 {
		return 0
	}
	return crawled / wall
}
