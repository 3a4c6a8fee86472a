package bench

import (
	"testing"

	"crawlbench/internal/conform"
)

// Conform runs the conformance suite on c: each check of the contract for each kind of key that c
// supports, as a subtest of t. Each subtest runs in a process of its own, which is the test binary
// again with t as its only test, so that a deadlock, a leak or a panic fails one check and does not
// end the others. Code of t before the call of Conform runs in each of these processes. Advice on
// possible improvements is logged and does not fail the test.
//
// In a binary built with "go test -race", data races are reported too. With
// GOEXPERIMENT=goroutineleakprofile, or from Go 1.27 on, leaked goroutines are found even where the
// runtime does not count them.
//
// A crawler that is made for fleets is skipped: the suite checks crawls of one process.
func Conform(t *testing.T, c Crawler) {
	if c.Fleet {
		t.Skipf("crawler %s is made for fleets; the suite checks only crawls of one process", c.Name)
	}
	conform.Test(t, c)
}

// ConformVisited checks visited sets directly, whereas Conform checks them through a crawler: each
// call of AddNew must take effect at one moment between its start and its return (linearizability),
// so that of several callers that add the same page, exactly the first is told that it is new. A
// history that violates this is drawn as HTML into t.ArtifactDir, which "go test -artifacts" keeps.
// A nil constructor is skipped.
func ConformVisited(t *testing.T, byID NewVisited[uint32], byURL NewVisited[string]) {
	conform.Visited(t, byID, byURL)
}
