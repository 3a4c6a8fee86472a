package report

import (
	"fmt"
	"strings"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plain"
	"crawlbench/internal/stat"
)

// claimed is the p below which benchstat calls a difference.
const claimed = 0.05

// mostNamed limits the cells that a sentence names.
const mostNamed = 6

// Benchstat says where our verdicts differ from benchstat's table of the same samples, and why.
func Benchstat(list []diagnose.BenchstatComparison, size int, paired bool) []string {
	out := []string{"benchstat: " + benchstatMethod + "."}
	if !paired {
		out[0] = "benchstat: it compares medians by the U-test, and does not adjust p for the number of cells; ours are adjusted."
	}
	var reasons []string
	cells := map[string][]string{}
	for _, b := range list {
		why := differs(b, size)
		if why == "" {
			continue
		}
		if cells[why] == nil {
			reasons = append(reasons, why)
		}
		cells[why] = append(cells[why],
			fmt.Sprintf("%s with %s on %s", b.Cell.Impl, plain.Count(b.Cell.Workers, "worker"), b.Cell.Graph))
	}
	if len(reasons) == 0 {
		return append(out, fmt.Sprintf("Here both agree on each of the %s.", plain.Count(len(list), "comparison")))
	}
	for _, why := range reasons {
		names := cells[why]
		text := strings.Join(names[:min(mostNamed, len(names))], ", ")
		if more := len(names) - mostNamed; more > 0 {
			text += fmt.Sprintf(" and %d more", more)
		}
		out = append(out, text+": "+why+".")
	}
	return out
}

// differs says why a verdict differs from benchstat's; "" if it does not.
func differs(b diagnose.BenchstatComparison, size int) string {
	theirs := b.P < claimed
	switch b.Verdict {
	case stat.Equivalent:
		if theirs {
			return fmt.Sprintf("benchstat finds a difference; we call them equivalent, as it is smaller than %s", effect(1+stat.DefaultMargin))
		}
	case stat.Inconclusive:
		switch {
		case theirs && (b.Alone.Lo > 1 || b.Alone.Hi < 1):
			return fmt.Sprintf("benchstat finds a difference, and so would we in a single comparison; adjusted for all %d, it may be chance, so it is inconclusive", size)
		case theirs:
			return "benchstat finds a difference; we do not: round by round, the ratio varies too much"
		}
	default:
		up := b.Verdict == stat.Faster
		switch {
		case !theirs:
			return "benchstat finds no difference; we do: compared within each round, the noise that both share cancels out"
		case b.Medians != 1 && b.Medians > 1 != up:
			return "the medians say the opposite of the ratios round by round: the samples are skewed; look at them"
		}
	}
	return ""
}

// Warning says that a run cannot be believed; "" if it can.
func Warning(a *diagnose.Analysis) string {
	if a.Trust.Untrusted() {
		return summary(a)
	}
	return ""
}
