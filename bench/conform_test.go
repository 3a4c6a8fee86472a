package bench_test

import (
	"fmt"
	"testing"

	"crawlbench/bench"
)

// Tests like these check your own crawler.
func TestMineConforms(t *testing.T) {
	bench.Conform(t, bench.FromVisited("mine", "one lock a page", newSet[uint32], newSet[string]))
}

func TestMySetIsLinearizable(t *testing.T) {
	bench.ConformVisited(t, newSet[uint32], newSet[string])
}

// Call Conform in a test:
func ExampleConform() {
	testMineConforms := func(t *testing.T) {
		bench.Conform(t, bench.FromVisited("mine", "my map", newSet[uint32], newSet[string]))
	}
	fmt.Printf("%T\n", testMineConforms)
	// Output: func(*testing.T)
}

func ExampleConformVisited() {
	testMySetIsLinearizable := func(t *testing.T) {
		bench.ConformVisited(t, newSet[uint32], newSet[string])
	}
	fmt.Printf("%T\n", testMySetIsLinearizable)
	// Output: func(*testing.T)
}
