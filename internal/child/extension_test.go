package child

import (
	"testing"
	"time"
)

// A child with a limit of 10 s gets more time only for what it waited for a processor.
func TestOnlyPreemptedChildrenGetMoreTime(t *testing.T) {
	for _, test := range []struct{ ran, waited, took, want time.Duration }{
		{10, 0, 10, 0}, // it had one processor all the time
		{20, 0, 10, 0}, // it had two
		{0, 0, 10, 0},  // it slept
		{0, 1, 10, 0},  // it slept and woke late
		{5, 5, 10, 5},  // half of what it wanted
		{1, 9, 10, 9},  // a tenth
		{8, 12, 20, 2}, // 40 % of 20 s are 8 s
		{1, 39, 40, 9}, // alone it would have taken 1 s
		{1, 54, 55, 5}, // limited to 60 s in total
		{1, 60, 60, 0},
	} {
		got := extension(test.ran*time.Second, test.waited*time.Second, 10*time.Second, test.took*time.Second)
		if got != test.want*time.Second {
			t.Errorf("ran %d s, waited %d s of %d s: extension %v, want %d s",
				test.ran, test.waited, test.took, got, test.want)
		}
	}
}
