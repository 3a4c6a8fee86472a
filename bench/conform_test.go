package bench_test

import (
	"testing"

	"crawlbench/bench"
)

// A crawler of one's own is checked in a test like these.
func TestMineConforms(t *testing.T) {
	bench.Conform(t, bench.FromVisited("mine", "one lock a page", newSet[uint32], newSet[string]))
}

func TestMySetIsLinearizable(t *testing.T) {
	bench.ConformVisited(t, newSet[uint32], newSet[string])
}

// In a file mine_test.go:
//
//	func TestMineConforms(t *testing.T) {
//		bench.Conform(t, bench.FromVisited("mine", "my map", newByID, newByURL))
//	}
func ExampleConform() {
	var t *testing.T // of the test
	if t != nil {
		bench.Conform(t, bench.FromVisited("mine", "one lock a page", newSet[uint32], newSet[string]))
	}
	// Output:
}

func ExampleConformVisited() {
	var t *testing.T // of the test
	if t != nil {
		bench.ConformVisited(t, newSet[uint32], newSet[string])
	}
	// Output:
}
