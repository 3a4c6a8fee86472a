package paper

import (
	"testing"
	"time"
)

func TestSplitFindsWhatACallAndAPageCost(t *testing.T) {
	const us = 1e-6
	for _, c := range []struct {
		calls1, cost1, calls2, cost2 float64
		page, call                   time.Duration
	}{
		{1. / 64, 8*us + 40*us/64, 1. / 8, 8*us + 40*us/8, 8 * time.Microsecond, 40 * time.Microsecond},
		{0.5, 3 * us, 1, 2 * us, 3 * time.Microsecond, 0},  // noise
		{0.5, 1 * us, 1, 10 * us, 0, 2 * time.Microsecond}, // noise
	} {
		page, call, err := split(c.calls1, c.cost1, c.calls2, c.cost2)
		if err != nil || (page-c.page).Abs() > 1 || (call-c.call).Abs() > 1 {
			t.Errorf("%+v: %v a page and %v a call, %v", c, page, call, err)
		}
	}
	if _, _, err := split(0.1, us, 0.1, us); err == nil {
		t.Error("no error for equal numbers of calls")
	}
}
