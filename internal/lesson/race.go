package lesson

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"crawlbench/internal/conform"
	"crawlbench/internal/conform/mutant"
	"crawlbench/internal/crawl"
)

func checkThenAct() Lesson {
	return Lesson{
		Title: "a race that -race does not see",
		Question: "A visited set holds its lock while it looks a link up, releases it, and holds it again while it adds the " +
			"link. No access to the map is without the lock, so the race detector has nothing to report. Is every page " +
			"fetched exactly once?",
		Choices: []string{"yes: all accesses are locked", "no: some pages are fetched twice"},
		Taught:  1,
		Why: "Between the lookup and the insertion, another worker can look up the same link, and both find it new. " +
			"The race detector finds unsynchronized access to memory, and there is none here: there is a check, and " +
			"an action that relies on it when it may no longer hold. One critical section must do both, as " +
			"LoadOrStore and compare-and-swap do in one step. Such bugs are found by checking results: here, that " +
			"each page is fetched once while many workers find the same links.",
		Next: "\"crawlbench conform\" checks all crawlers, and your own; its README lists about 200 bugs of this kind.",
		run: func(ctx context.Context, l *Lab) (Result, error) {
			right, err := l.check(ctx, mutant.Right(), "storm")
			if err != nil {
				return Result{}, err
			}
			broken, err := l.check(ctx, mutantNamed("checkthenact"), "storm")
			if err != nil {
				return Result{}, err
			}
			return fetchedTwice(right, broken), nil
		},
	}
}

// fetchedTwice decides by the checks of a correct crawler and of one that should fetch pages twice.
func fetchedTwice(right, broken conform.Result) Result {
	r := Result{Choice: Unsure, Picture: verdictLine("one critical section", right) +
		verdictLine("lock released between", broken)}
	text, _, _ := strings.Cut(broken.Text, "\n")
	switch {
	case !right.Kind.OK():
		r.Measured = "The correct crawler fails too, so this check proves nothing: " + right.Text + "."
	case broken.Kind == conform.Fail:
		r.Choice, r.Measured = 1, "The check failed: "+text+"."
	case broken.Kind.OK():
		r.Choice, r.Measured = 0, "The check found no page that was fetched twice; it depends on the schedule."
	default:
		r.Measured = fmt.Sprintf("The check ended with %s: %s.", broken.Kind, text)
	}
	return r
}

// mutantNamed returns a broken crawler of the conformance suite.
func mutantNamed(name string) crawl.Crawler {
	list := mutant.Crawlers()
	return list[slices.IndexFunc(list, func(c crawl.Crawler) bool { return c.Name == name })]
}

// check runs a check of the conformance suite on a crawler by id.
func (l *Lab) check(ctx context.Context, c crawl.Crawler, check string) (conform.Result, error) {
	s := l.Suite
	s.Crawlers, s.Keys, s.Checks = []crawl.Crawler{c}, []string{"id"}, []string{check}
	list := s.Run(ctx)
	if err := context.Cause(ctx); err != nil {
		return conform.Result{}, err
	}
	if len(list) != 1 {
		return conform.Result{}, errors.New("the conformance suite has no check " + check)
	}
	return list[0], nil
}

// verdictLine formats the result of a check.
func verdictLine(label string, r conform.Result) string {
	return fmt.Sprintf("  %-26s  check %-6s  %s\n", label, r.Check, r.Kind)
}
