package cli

import (
	"path/filepath"
	"testing"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plan"
	"crawlbench/internal/testing/runtest"
)

// The words of the README select the cell without a rate, although one with a rate has the same.
func TestCausalCellPrefersNoRate(t *testing.T) {
	p, err := runtest.Plan(`
crawlers = ["mutexmap", "cas"]
workers = [8]
rate = ["inf", 20000]
rounds = 6
[[graph]]
name = "rmat14"
kind = "rmat"
scale = 6
`, false)
	if err != nil {
		t.Fatal(err)
	}
	run, err := runtest.Run{Plan: p, Speed: func(plan.Cell,
		int) float64 {
		return 1000
	}}.Write(filepath.Join(t.TempDir(), "run"))
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	a := &diagnose.Analysis{Run: run}
	for selector, rate := range map[string]float64{"mutexmap rmat14 w8": 0, "mutexmap,rmat14,w8,20000": 20000} {
		c, err := causalCell(a, selector)
		if err != nil || float64(c.Rate) != rate {
			t.Errorf("%q selects %s, %v, want rate %v", selector, c.ID(), err, rate)
		}
	}
}
