package ui

import "fmt"

// What the pages say beside the view of package report, which has all that is said of runs and cells.
const (
	paired    = "Paired by round: both programs were measured in the same rounds."
	notPaired = "Not paired: the runs have no rounds in common, so a drift of the machine between them counts as a change."
)

// kinds are the profiles that a cell may have, in the order in which they are shown, and what they say.
var kinds = [...]struct{ id, about string }{
	{"cpu", "where processor time was spent"},
	{"wall", "all of the workers' time, by state"},
	{"block", "where goroutines were blocked, on locks and channels"},
	{"mutex", "where locks were held that others waited for"},
}

// about says what a kind of profile shows.
func about(kind string) string {
	for _, k := range kinds {
		if k.id == kind {
			return k.about
		}
	}
	return ""
}

// words say what a difference under s compares.
func (s Scaling) words() string {
	if s == ByShare {
		return "composition, both scaled to the same total"
	}
	return "cost per page, both scaled to the same number of pages"
}

// directionWords say how to read a difference.
func directionWords(this, base string) string {
	return fmt.Sprintf("Red and + mark what %s has more of than %s; green and - mark what it has less of.", this, base)
}
