package report

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plain"
)

// gainSentence states which crawlers gain from more workers, and which lose.
func gainSentence(t *diagnose.Table) string {
	var gains, loses, flat []string
	for _, r := range t.Rows {
		if len(r.Gains) < 2 {
			continue
		}
		g := r.Gains[len(r.Gains)-1]
		switch {
		case g.Ratio.Lo > 1:
			gains = append(gains, fmt.Sprintf("%s (%.2fx)", r.Impl, g.Ratio.Ratio))
		case g.Ratio.Hi < 1:
			loses = append(loses, fmt.Sprintf("%s (%.2fx)", r.Impl, g.Ratio.Ratio))
		default:
			flat = append(flat, r.Impl)
		}
	}
	var parts []string
	for _, p := range []struct {
		what string
		list []string
	}{{"rises for", gains}, {"falls for", loses}, {"shows no clear change for", flat}} {
		if len(p.list) > 0 {
			parts = append(parts, p.what+" "+strings.Join(p.list, ", "))
		}
	}
	if len(parts) == 0 {
		return "Only one number of workers was measured."
	}
	return fmt.Sprintf("From %d to %d workers, throughput %s.", t.Workers[0], t.Workers[len(t.Workers)-1],
		strings.Join(parts, "; "))
}

// lawSentence states the results of the scaling law, or why it was refused.
func lawSentence(t *diagnose.Table) string {
	var knees, parts, reasons []string
	refused := map[string][]string{}
	for _, r := range t.Rows {
		if len(r.Gains) < 2 {
			continue
		}
		if r.Knee.Workers > 0 {
			knees = append(knees, fmt.Sprintf("%s %d", r.Impl, r.Knee.Workers))
		}
		switch f := r.Fit; {
		case f.Refused != "":
			refused[f.Refused] = append(refused[f.Refused], r.Impl)
		case f.Retrograde():
			parts = append(parts, fmt.Sprintf("%s peaks at %.0f workers [%.0f, %.0f] (contention %.3f, coherency %.4f)",
				r.Impl, f.Peak.Value, f.Peak.Lo, f.Peak.Hi, f.Sigma.Value, f.Kappa.Value))
		default:
			parts = append(parts, fmt.Sprintf("%s follows Amdahl's law with a serial share of %.0f %% [%.0f, %.0f]",
				r.Impl, 100*f.Sigma.Value, 100*f.Sigma.Lo, 100*f.Sigma.Hi))
		}
	}
	text := "Measured knee (the fewest workers that are not slower than the best number): " +
		strings.Join(knees, ", ") + "."
	if len(parts) > 0 {
		text += " Universal Scalability Law: " + strings.Join(parts, "; ") + "."
	}
	for _, why := range slices.Sorted(maps.Keys(refused)) {
		reasons = append(reasons, fmt.Sprintf("%s (%s)", strings.Join(refused[why], ", "), why))
	}
	if len(reasons) > 0 {
		text += " No fit for " + strings.Join(reasons, "; ") + "."
	}
	return text
}

// dialSentence states at which rates the rate is the limit.
func dialSentence(tables []*diagnose.Table) string {
	var parts []string
	most := 0
	for _, table := range tables {
		if table.Rate == 0 {
			continue
		}
		var cells []*diagnose.Cell
		lo, hi := math.Inf(1), 0.0
		for c := range table.Cells() {
			if share := 100 * c.Summary.Center / float64(table.Rate); share > 0 {
				cells = append(cells, c)
				lo, hi = min(lo, share), max(hi, share)
			}
		}
		switch most = max(most, len(cells)); len(cells) {
		case 0:
		case 1:
			parts = append(parts, fmt.Sprintf("At %s pages/s, %s with %s reaches %.1f %% of the rate.", table.Rate,
				cells[0].Impl, plain.Count(cells[0].Workers, "worker"), hi))
		default:
			parts = append(parts, fmt.Sprintf("At %s pages/s, all crawlers with any number of workers reach %.1f to %.1f %% "+
				"of the rate.", table.Rate, lo, hi))
		}
	}
	if len(parts) == 0 {
		return "No rate was limited."
	}
	if most == 1 {
		return strings.Join(parts, " ")
	}
	return strings.Join(parts, " ") + " Where the rate is the limit, the crawler and its workers do not matter."
}
