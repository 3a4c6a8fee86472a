package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plain"
	"crawlbench/internal/plain/markdown"
	"crawlbench/internal/stat"
)

// Base is what a run is compared with in a summary: its name and how cells changed since.
type Base struct {
	Name    string
	Changes []diagnose.Change
}

// Summary writes the result of a run for a pull request: at most ten lines of Markdown. link leads to the full report;
// base is nil if there is none.
func Summary(w io.Writer, a *diagnose.Analysis, base *Base, link string) error {
	m, tr := a.Run.Manifest(), a.Trust
	noise := tr.Unlimited
	if noise.Size == 0 && noise.Controls == 0 {
		noise = tr.RateLimited
	}
	floor, mde := "-", "-"
	if noise.Controls > 0 {
		floor = reach(noise.Floor)
	}
	if noise.Size > 0 {
		mde = effect(noise.Detectable)
	}
	t := Table{Head: []string{"machine", "system", "Go", "scenario", "rounds", "noise floor", "MDE", "still flagged"}}
	t.add(MachineOf(m), m.Host["os"]+"/"+m.Host["arch"], m.Go, m.Scenario, fmt.Sprint(a.Run.Plan().Rounds),
		floor, mde, fmt.Sprintf("%s of %s", plain.Number(tr.Flagged), plain.Count(tr.Samples, "sample")))
	var b strings.Builder
	if a.Run.Plan().Simulated {
		p := View(a, fragmentOf)
		fmt.Fprintf(&b, "**%s**\n\n", markdown.Line(p.Summary))
		for _, line := range p.Headlines[:min(5, len(p.Headlines))] {
			fmt.Fprintf(&b, "- %s\n", markdown.Line(line))
		}
	} else {
		fmt.Fprintf(&b, "**%s**\n", markdown.Line(summary(a)))
		t.markdown(&b)
	}
	if base != nil {
		fmt.Fprintf(&b, "\n%s\n", markdown.Line(since(base)))
	}
	var last []string
	if n := len(a.Failures); n > 0 {
		last = append(last, markdown.Line(fmt.Sprintf("%s failed, among them %s: %s.", plain.Count(n, "cell"),
			a.Failures[0].ID(), a.Failures[0].Failure.Class)))
	}
	if m.State != "complete" {
		last = append(last, markdown.Line("The run is "+status(a)+"."))
	}
	to := strings.NewReplacer("<", "%3C", ">", "%3E").Replace(plain.Line(link))
	last = append(last, fmt.Sprintf("[Full report](<%s>)", to))
	fmt.Fprintf(&b, "\n%s\n", strings.Join(last, " "))
	_, err := io.WriteString(w, b.String())
	return err
}

// mostSlower limits the cells that a summary names.
const mostSlower = 3

// since says what changed since the base: how many cells, and the worst of those that are slower.
func since(base *Base) string {
	verdicts := map[stat.Verdict]int{}
	var slower []diagnose.Change
	for _, c := range base.Changes {
		verdicts[c.Verdict]++
		if c.Verdict == stat.Slower {
			slower = append(slower, c)
		}
	}
	text := fmt.Sprintf("Since %s, of %s: %s.", base.Name, plain.Count(len(base.Changes), "cell"), tally(verdicts))
	slices.SortStableFunc(slower, func(x, y diagnose.Change) int {
		return cmp.Compare(x.Times().Value, y.Times().Value)
	})
	var names []string
	for _, c := range slower[:min(mostSlower, len(slower))] {
		names = append(names, fmt.Sprintf("%s with %s on %s %s", c.Cell.Impl, plain.Count(c.Cell.Workers, "worker"),
			c.Cell.Graph, times(c.Times())))
	}
	if len(names) > 0 {
		text += " Slower: " + strings.Join(names, "; ")
		if more := len(slower) - len(names); more > 0 {
			text += fmt.Sprintf("; and %d more", more)
		}
		text += "."
	}
	return text
}
