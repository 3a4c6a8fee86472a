package child

import (
	"testing"
	"time"
)

// What a child of a limit of 10 s is owed when it has run and waited for a processor for so many seconds.
func TestOnlyStarvedChildrenAreOwedTime(t *testing.T) {
	for _, test := range []struct{ ran, waited, took, want time.Duration }{
		{10, 0, 10, 0}, // it had a processor all the time
		{20, 0, 10, 0}, // or two
		{0, 0, 10, 0},  // it slept
		{0, 1, 10, 0},  // it slept, and woke late
		{5, 5, 10, 5},  // half of what it wanted
		{1, 9, 10, 9},  // a tenth
		{8, 12, 20, 2}, // 40 % of 20 s are 8
		{1, 39, 40, 9}, // its fair time is 1 s
		{1, 54, 55, 5}, // but 60 s are the end
		{1, 60, 60, 0},
	} {
		if got := owed(test.ran*time.Second, test.waited*time.Second, 10*time.Second, test.took*time.Second); got != test.want*time.Second {
			t.Errorf("ran %d s, waited %d s of %d s: owed %v, want %d s", test.ran, test.waited, test.took, got, test.want)
		}
	}
}
