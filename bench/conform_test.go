package bench_test

import (
	"fmt"
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

// Conform is called by a test, which go test then runs by name:
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
