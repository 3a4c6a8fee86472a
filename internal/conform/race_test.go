//go:build race

package conform_test

import (
	"slices"
	"testing"

	"crawlbench/internal/conform"
	"crawlbench/internal/conform/mutant"
	"crawlbench/internal/crawl"
)

// The race detector finds unsynchronised accesses in a storm, but not a check-then-act race whose two steps are
// each synchronised.
func TestWhatTheRaceDetectorFinds(t *testing.T) {
	seen := []string{"unlockedmap", "privatelock", "racycounter"}
	unseen := []string{"right", "checkthenact", "fastpath", "loadthenstore", "norecheck", "budgetloadthenadd"}
	list := slices.DeleteFunc(mutant.Crawlers(), func(c crawl.Crawler) bool {
		return !slices.Contains(append(seen, unseen...), c.Name)
	})
	for _, v := range runChecks(t, list, []string{"storm"}, "id") {
		if got := v.Kind == conform.Race; got != slices.Contains(seen, v.Crawler) {
			t.Errorf("%s: %s: %s", v.Crawler, v.Kind, v.Text)
		}
	}
}
