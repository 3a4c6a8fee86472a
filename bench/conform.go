package bench

import (
	"testing"

	"crawlbench/internal/conform"
)

// Conform takes c through the conformance suite: each check of the contract by each kind of key that c supports, as a
// subtest of t. Each runs in a process of its own, which is the test binary again with t as its only test; a deadlock, a
// leak or a panic is thus the verdict of one check. What t does before it calls Conform happens in each of them. What is
// no fault of the crawler but could be done better is logged as advice, and fails nothing.
//
// A program built with "go test -race" has its data races reported too. With GOEXPERIMENT=goroutineleakprofile, or from
// Go 1.27 on, goroutines that nothing can wake any more are found even where the runtime does not count them.
func Conform(t *testing.T, c Contender) { conform.Test(t, c) }

// ConformVisited checks sets by themselves, which Conform of FromVisited does only through a crawler: each call of AddNew
// must take effect at one moment between its begin and its end (linearizability). Of two callers the first to ask for a
// page must be the one who is told that it is new. A history that shows otherwise is drawn as HTML into t.ArtifactDir,
// which "go test -artifacts" keeps. Nil constructors are left out.
func ConformVisited(t *testing.T, byID NewVisited[uint32], byURL NewVisited[string]) {
	conform.Visited(t, byID, byURL)
}
