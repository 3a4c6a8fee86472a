package bench_test

import (
	"testing"

	"crawlbench/bench"
)

// A crawler of one's own is checked in a test like this one.
func TestMineConforms(t *testing.T) {
	bench.Conform(t, bench.FromVisited("mine", "one lock a page", newSet[uint32], newSet[string]))
}
