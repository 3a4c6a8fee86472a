package report

import (
	"fmt"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plain"
)

// simulatedTrust says why a simulated run needs no statistics.
const simulatedTrust = "Every crawl was verified from the log of its hosts, page by page. Times are exact; only the " +
	"order of what happens at the same instant varies."

// simulated completes the page of a simulated run, in which no machine was measured.
func (p *Page) simulated(a *diagnose.Analysis) {
	of := a.Run.Plan()
	p.Summary = fmt.Sprintf("Simulated in virtual time: times are exact and no machine is measured. The policy: %s.",
		of.Politeness)
	p.Headlines, p.Trust = nil, []string{simulatedTrust}
	p.Untrusted = false
	for _, t := range a.Tables {
		for _, n := range t.Workers {
			if text := wasteless(t, n); text != "" {
				p.Headlines = append(p.Headlines, text)
			}
		}
	}
	if text := unranked(a); text != "" {
		p.Headlines = append(p.Headlines, text)
	}
	m := a.Run.Manifest()
	p.Method = append([][2]string{{"scenario", m.Scenario}, {"seed", fmt.Sprint(m.Seed)},
		{"simulation", "goroutines, locks and timers are real, and time is virtual: it passes only while all goroutines wait"}},
		policy(a)...)
	p.Method = append(p.Method, [2]string{"go", m.Go})
	for _, g := range m.Graphs {
		text := fmt.Sprintf("%s: %s, %s, %s reachable in %s", g.Spec, plain.Count(g.Pages, "page"),
			plain.Count(g.Links, "link"), plain.Number(g.Reachable), plain.Count(g.Depth+1, "level"))
		if of.Graph(g.Name).Doc != "" {
			text = of.Graph(g.Name).Doc + "; " + text
		}
		p.Method = append(p.Method, [2]string{"graph " + g.Name, text})
	}
}
