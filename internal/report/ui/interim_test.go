package ui

import "testing"

// The page of a run in progress says of which seconds a speed is.
func TestInterimSpeedsSayOfWhichSeconds(t *testing.T) {
	for _, c := range []struct {
		x    Interim
		want string
	}{{Interim{Speed: 1200}, "1.20k"}, {Interim{Speed: 1200, OverHTTP: true}, "1.20k in a second of processor time"}} {
		if got := c.x.Shown(); got != c.want {
			t.Errorf("%+v is shown as %q, want %q", c.x, got, c.want)
		}
	}
}
