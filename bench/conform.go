package bench

import (
	"testing"

	"crawlbench/internal/conform"
)

// Conform takes c through the conformance suite: each check of the contract by each kind of key that c supports, as a
// subtest of t. Each runs in a process of its own, which is the test binary again with t as its only test; a deadlock, a
// leak or a panic is thus the verdict of one check. What t does before it calls Conform happens in each of them.
func Conform(t *testing.T, c Contender) { conform.Test(t, c) }
