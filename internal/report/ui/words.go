package ui

import (
	"fmt"

	"crawlbench/internal/plain"
	"crawlbench/internal/profile"
	"crawlbench/internal/report"
	"crawlbench/internal/store"
)

// Texts of the pages that are not part of the view of package report.
const (
	paired    = "Paired by round: both programs were measured in the same rounds."
	notPaired = "Not paired: the runs have no rounds in common, so a drift of the machine between them counts as a change."
)

// kinds are the kinds of profiles in display order, with what they show.
var kinds = [...]struct{ id, about string }{
	{"cpu", "where processor time was spent"},
	{"wall", "all of the workers' time, by state"},
	{"block", "where goroutines were blocked, on locks and channels"},
	{"mutex", "where locks were held that others waited for"},
}

// about describes a kind of profile.
func about(kind string) string {
	for _, k := range kinds {
		if k.id == kind {
			return k.about
		}
	}
	return ""
}

// words describe what a difference scaled by s compares.
func (s Scaling) words() string {
	if s == ByShare {
		return "composition, both scaled to the same total"
	}
	return "cost per page, both scaled to the same number of pages"
}

// directionWords explain how to read a difference.
func directionWords(this, base string) string {
	return fmt.Sprintf("Red and + mark what %s has more of than %s; green and - mark what it has less of.", this, base)
}

// blockedWords says which share of the workers' time a block or mutex profile holds; "" for other kinds.
func blockedWords(p *profile.Profile, pass store.Profile, workers int, kind string) string {
	if kind != "block" && kind != "mutex" || pass.Sec <= 0 {
		return ""
	}
	delay := 0.0
	for _, s := range p.Sample {
		delay += float64(s.Value[len(s.Value)-1]) / 1e9
	}
	have := pass.Sec * float64(workers)
	if delay > have {
		return fmt.Sprintf(": %s, while the time of the %s is %s: more goroutines than these waited at once",
			plain.Seconds(delay), plain.Count(workers, "worker"), plain.Seconds(have))
	}
	return fmt.Sprintf(": %s, which is %s of the time of the %s; other goroutines that waited count too",
		plain.Seconds(delay), report.Share(delay/have), plain.Count(workers, "worker"))
}
