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

// A child that worked at first and then waits is not one that runs, and one that began late is not one that waits.
func TestOnlyTheEndOfATaskTellsWhetherAChildRuns(t *testing.T) {
	for name, c := range map[string]struct {
		half, end reading
		want      float64
	}{
		"worked, then waited": {reading{20, 10}, reading{40, 10}, 0},
		"waited, then worked": {reading{20, 1}, reading{40, 11}, 0.5},
		"works":               {reading{20, 20}, reading{40, 40}, 1},
		"no clock":            {reading{20, 0}, reading{40, 0}, 0.3},
		"one reading":         {reading{40, 9}, reading{40, 9}, 0.3},
	} {
		w := &watcher{half: c.half, end: c.end, took: 40}
		if got := w.share(12); got != c.want {
			t.Errorf("%s: it used %v of a processor, want %v", name, got, c.want)
		}
	}
}
