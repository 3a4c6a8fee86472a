package report

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plain"
	"crawlbench/internal/plan"
	"crawlbench/internal/stat"
)

// mostChoices is the maximum number of tables in the first sentence, mostTies that of crawlers beside the best.
const mostChoices, mostTies = 3, 3

// benchstatMethod says why benchstat's p values differ.
const benchstatMethod = "its p values differ from these, as it compares medians by the U-test, without pairing by round and without adjusting for the number of comparisons"

// summary is the first sentence of a report: what to use, and whether to believe it.
func summary(a *diagnose.Analysis) string {
	if a.Machines != nil {
		return summaryOfMachines(a)
	}
	controls, rejected := a.Trust.Controls()
	switch {
	case a.Trust.Busy(), rejected > 0:
		return untrusted(a)
	case len(a.Choices) == 0:
		return "Nothing was measured."
	}
	trust := "good"
	if controls == 0 {
		trust = "unknown, no A/A control"
	}
	return recommendation(a.Choices) + "; trust: " + trust + "."
}

// untrusted says why a run cannot be believed.
func untrusted(a *diagnose.Analysis) string {
	tr := a.Trust
	controls, rejected := tr.Controls()
	if tr.Busy() {
		return fmt.Sprintf("The machine was busy (%s of %s are flagged): do not use these results.", plain.Number(tr.Flagged),
			plain.Count(tr.Samples, "sample"))
	}
	return fmt.Sprintf("Something other than the crawlers changed during the run, as %s differs from itself in %d of %s: do not use these results.",
		a.Baseline, rejected, plain.Count(controls, "comparison"))
}

// recommendation says which crawlers to use.
func recommendation(choices []diagnose.Choice) string {
	var parts []string
	for _, c := range choices[:min(mostChoices, len(choices))] {
		text := choice(c)
		if len(choices) > 1 {
			text = where(c.Key, choices) + ": u" + text[1:]
		}
		parts = append(parts, text)
	}
	if n := len(choices) - len(parts); n > 0 {
		parts = append(parts, plain.Count(n, "more table")+" below")
	}
	return strings.Join(parts, "; ")
}

// where names what distinguishes the conditions of a table from those of others.
func where(k diagnose.Key, among []diagnose.Choice) string {
	parts := []string{k.Graph}
	for _, axis := range []func(diagnose.Key) string{
		func(k diagnose.Key) string { return "keys " + k.Keys },
		func(k diagnose.Key) string {
			return map[plan.Transport]string{plan.HTTP: "over HTTP", plan.Memory: "in memory"}[k.Transport]
		},
		func(k diagnose.Key) string { return "rate " + RateName(k) },
		func(k diagnose.Key) string { return fmt.Sprintf("GOMAXPROCS %d", k.Procs) },
	} {
		if slices.ContainsFunc(among, func(c diagnose.Choice) bool { return axis(c.Key) != axis(k) }) {
			parts = append(parts, axis(k))
		}
	}
	return strings.Join(parts, ", ")
}

// choice says which crawler to use, best against best.
func choice(c diagnose.Choice) string {
	with := func(c *diagnose.Cell) string { return c.Impl + " with " + plain.Count(c.Workers, "worker") }
	text := "Use " + with(c.Best)
	if len(c.Others) == 0 {
		return text + fmt.Sprintf(" (%s %s; there is no other crawler)", SI(c.Best.Summary.Center),
			perSecondOf(c.Transport))
	}
	var ties []string
	equivalent := 0
	for _, o := range c.Others {
		if o.Verdict == stat.Equivalent {
			equivalent++
		}
		if o.Verdict != stat.Faster {
			ties = append(ties, with(o.Cell))
		}
	}
	switch n := len(ties); {
	case equivalent == len(c.Others):
		return "Use any crawler: all are equivalent, each at its best"
	case n == len(c.Others) && n > 1:
		return "Use any crawler: none is proven slower than " + with(c.Best) + ", each at its best"
	case n > mostTies:
		text += fmt.Sprintf(" or %s or %d others, not proven slower", strings.Join(ties[:mostTies], " or "), n-mostTies)
	case n > 0:
		text += " or " + strings.Join(ties, " or ") + ", not proven slower"
	}
	for _, o := range c.Others {
		if o.Verdict == stat.Faster && len(ties) > 0 {
			return text + fmt.Sprintf("; %s has %s the throughput of %s at its best", c.Best.Impl, times(o.Times()), o.Impl)
		}
		if o.Verdict == stat.Faster {
			return text + fmt.Sprintf(", which has %s the %s of %s at its best", times(o.Times()), speedOver(c.Transport), o.Impl)
		}
	}
	return text
}

// trust says whether the run can be believed, and what it can show.
func trust(a *diagnose.Analysis) []string {
	if a.Machines != nil {
		return trustOfMachines(a)
	}
	tr := a.Trust
	var list []string
	controls, rejected := tr.Controls()
	switch {
	case tr.Busy():
		list = append(list, fmt.Sprintf("UNTRUSTED: %s of %s are flagged. Next: stop other programs, or measure at another time; \"crawlbench doctor\" shows the noise.",
			plain.Number(tr.Flagged), plain.Count(tr.Samples, "sample")))
	case rejected > 0:
		list = append(list, "UNTRUSTED: in the A/A control, the baseline differs from itself. Next: \"crawlbench doctor\" shows the noise; then measure again.")
	case controls == 0:
		list = append(list, "No A/A control: the noise floor is unknown. Remove control = false from the scenario and run it again.")
	}
	for _, n := range []diagnose.Noise{tr.Unlimited, tr.RateLimited} {
		list = append(list, noise(a, n)...)
	}
	if tr.Repeated > 0 {
		text := fmt.Sprintf("%s of %s were flagged and measured again", plain.Number(tr.Repeated), plain.Count(tr.Samples, "sample"))
		if len(tr.Flags) > 0 {
			var left []string
			for _, f := range slices.Sorted(maps.Keys(tr.Flags)) {
				left = append(left, fmt.Sprintf("%s %d", f, tr.Flags[f]))
			}
			text += "; still flagged: " + strings.Join(left, ", ")
		}
		list = append(list, text+".")
	}
	if tr.Bimodal > 0 {
		list = append(list, fmt.Sprintf("The samples of %s are bimodal (%s): a median can lie where there are no samples; \"crawlbench serve\" shows them.",
			plain.Count(tr.Bimodal, "cell"), bimodal(a)))
	}
	if slices.ContainsFunc(a.Choices, apart) {
		list = append(list, "The first sentence compares crawlers with different numbers of workers: these ratios are in no "+
			"table, and are adjusted as a family of their own.")
	}
	if costs := overMemory(a.Run.Manifest().Harness); len(costs) > 0 {
		list = append(list, fmt.Sprintf("The site and the verification cost %s per page, the same for every crawler.",
			nanoseconds(costs)))
	}
	if slices.ContainsFunc(a.Tables, func(t *diagnose.Table) bool { return t.Transport == plan.HTTP }) {
		list = append(list, "Over HTTP, crawlers are compared by the processor time of their process: the site is another "+
			"process on the same processors, so the time of a crawl depends on both.")
	}
	return list
}

// overMemory returns the costs of what is in memory. Over HTTP, they are in the tables.
func overMemory(costs map[string]float64) map[string]float64 {
	costs = maps.Clone(costs)
	maps.DeleteFunc(costs, func(key string, _ float64) bool {
		return slices.Contains(strings.Split(key, "/"), plan.HTTP.String())
	})
	return costs
}

// apart reports whether a choice compares cells with different numbers of workers.
func apart(c diagnose.Choice) bool {
	return slices.ContainsFunc(c.Others, func(r diagnose.Rival) bool { return r.Own(c.Best) })
}

// familyName names a family by its tables.
func familyName(f *plan.Family) string {
	if f.Equivalence {
		return "rate-limited tables"
	}
	return "tables without a rate"
}

// noise describes the noise of one kind of tables, and what can be found in them.
func noise(a *diagnose.Analysis, n diagnose.Noise) []string {
	var list []string
	name := strings.ToUpper(familyName(n.Family)[:1]) + familyName(n.Family)[1:]
	switch {
	case n.Controls > 0 && n.Rejected == 0 && math.IsInf(n.Floor, 1):
		list = append(list, fmt.Sprintf("%s: A/A control: too few rounds to tell whether %s differs from itself; noise floor unbounded.",
			name, a.Baseline))
	case n.Controls > 0:
		differs := "does not differ from itself"
		if n.Rejected > 0 {
			differs = fmt.Sprintf("differs from itself in %d", n.Rejected)
		}
		of := map[bool]string{true: "of", false: "in"}[n.Rejected > 0]
		list = append(list, fmt.Sprintf("%s: A/A control: %s %s %s %s; noise floor %s (worst cell), %s (median).", name,
			a.Baseline, differs, of, plain.Count(n.Controls, "comparison"), reach(n.Worst), reach(n.Floor)))
	}
	if n.Size == 0 {
		return list
	}
	text := fmt.Sprintf("%s: %s, %s", name, units(n.Family), plain.Count(n.Size, "comparison"))
	if math.IsInf(n.Detectable, 0) {
		return append(list, text+": nothing can be decided.")
	}
	list = append(list, fmt.Sprintf("%s: minimum detectable effect %s (noisiest comparison), %s (pooled; 80 %% power).", text,
		effect(n.Noisiest), effect(n.Detectable)))
	if n.LagOne > MostLag {
		list = append(list, fmt.Sprintf("%s: each round depends on the one before (lag-1 correlation %.2f): intervals are widened by %s.",
			name, n.LagOne, Share(stat.Inflation(n.LagOne)-1)))
	}
	if n.Skewness > mostSkew {
		list = append(list, fmt.Sprintf("%s: the noise is skewed (skewness %.1f): intervals at 95 %% are widened by %s, adjusted ones by more.",
			name, n.Skewness, Share(stat.Widening(n.Skewness, n.Rounds)-1)))
	}
	return list
}

const (
	// MostLag is the lag-1 correlation of rounds above which a report says so.
	MostLag = 0.1
	// mostSkew is the same for the skewness of their ratios.
	mostSkew = 0.3
)

// reach formats a noise floor.
func reach(x float64) string {
	if math.IsInf(x, 0) || math.IsNaN(x) {
		return "unbounded"
	}
	return "±" + effect(1+x)
}

// effect formats a ratio above 1 as a relative difference.
func effect(ratio float64) string {
	if x := ratio - 1; x < 1e4 {
		return Share(x)
	}
	return "unbounded"
}

// TrustOf says in a word or two whether a run can be believed.
func TrustOf(a *diagnose.Analysis) string {
	tr := a.Trust
	controls, _ := tr.Controls()
	floor := tr.Unlimited.Floor
	if tr.Unlimited.Controls == 0 {
		floor = tr.RateLimited.Floor
	}
	switch {
	case tr.Untrusted():
		return "untrusted"
	case controls == 0:
		return "no control"
	case math.IsInf(floor, 0):
		return "too few rounds"
	}
	return "trusted, " + reach(floor)
}

// verdictMethod says how comparisons are decided.
func verdictMethod(a *diagnose.Analysis) string {
	var parts []string
	for _, f := range a.Families.All() {
		asks := ""
		if f.Equivalence {
			asks = ", tested for equivalence first"
		}
		parts = append(parts, fmt.Sprintf("%s of crawlers in %s, the probability of any false claim below %.1f %%%s",
			plain.Count(f.Size, "comparison"), familyName(f), 100*f.Alpha, asks))
	}
	if len(parts) == 0 {
		return "none: there is nothing to compare"
	}
	return fmt.Sprintf("log ratios paired by round; t-test with variances moderated over the family, p and interval adjusted by Holm's method: %s. Every pair of crawlers counts, as any may be the best. Equivalent within %.0f %%",
		strings.Join(parts, "; "), 100*a.Margin)
}

// bimodal names the cells whose samples are bimodal.
func bimodal(a *diagnose.Analysis) string {
	var names []string
	for c := range a.Cells() {
		if c.Bimodal {
			names = append(names, CellName(c))
		}
	}
	text := strings.Join(names[:min(mostNamed, len(names))], "; ")
	if more := len(names) - mostNamed; more > 0 {
		text += fmt.Sprintf("; and %d more", more)
	}
	return text
}
