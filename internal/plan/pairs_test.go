package plan_test

import (
	"testing"

	"crawlbench/internal/plan"
	"crawlbench/internal/testing/runtest"
)

// The declared comparisons are those of a definition by all pairs of cells.
func TestPairsAreDeclaredOnce(t *testing.T) {
	p, err := runtest.Plan(`
crawlers = ["mutexmap", "cas", "sequential"]
keys = ["id", "url"]
workers = [1, 2, 8]
rate = ["inf", 500]
limiter = ["bucket", "paced"]
[[graph]]
name = "g"
kind = "hosts"
pages = 1000
[[graph]]
name = "h"
kind = "chain"
pages = 10
`, true)
	if err != nil {
		t.Fatal(err)
	}
	differ := func(a, b plan.Cell) bool { // in their crawler only
		a.Impl, b.Impl = "", ""
		return a == b
	}
	own := func(c plan.Cell) bool { return !c.IsControl() && !c.IsAgainst() }
	for _, test := range []struct {
		question plan.Question
		of       func(base, other plan.Cell) bool
	}{
		{plan.Crawlers, func(b, o plan.Cell) bool { return own(b) && own(o) }},
		{plan.Controls, func(b, o plan.Cell) bool { return own(b) && o.Impl == plan.Control(b.Impl) }},
		{plan.Programs, func(b, o plan.Cell) bool { return own(o) && b.Impl == plan.Against(o.Impl) }},
	} {
		want := map[[2]plan.Cell]bool{}
		for i, a := range p.Cells {
			for _, b := range p.Cells[i+1:] {
				for _, pair := range [][2]plan.Cell{{a, b}, {b, a}} {
					if differ(a, b) && test.of(pair[0], pair[1]) && !(test.question == plan.Crawlers && pair[0] == b) {
						want[pair] = true
					}
				}
			}
		}
		got := map[[2]plan.Cell]bool{}
		for base, other := range p.Pairs(test.question) {
			if got[[2]plan.Cell{base, other}] || !want[[2]plan.Cell{base, other}] {
				t.Errorf("question %d: %s and %s", test.question, base.ID(), other.ID())
			}
			got[[2]plan.Cell{base, other}] = true
		}
		if len(got) != len(want) || len(got) == 0 {
			t.Errorf("question %d: %d pairs, want %d", test.question, len(got), len(want))
		}
		for range p.Pairs(test.question) {
			break // a reader may stop
		}
	}
}
