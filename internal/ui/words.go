package ui

import "fmt"

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
