package diagnose

import (
	"testing"

	"crawlbench/internal/store"
)

// 100,000 events of 250 ns in half a second take a twentieth of one processor's time.
func TestDistortionIsPredictedFromEvents(t *testing.T) {
	p := &store.Profile{Pages: 1000, Sec: 0.5, Events: map[string]float64{"wall": 100_000, "cpu": 50}}
	cost := map[string]float64{"wall": 250, "block": 50}
	if got, want := distortion(p, 2, cost),
		(Distortion{Speed: 2000, Events: 200_000, Least: 0.025, Most: 0.05}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	p.Events["block"] = 1e9
	if got := distortion(p, 2, cost); got.Most != 1 || got.Least != 0.5 {
		t.Errorf("more than all the time: %+v", got)
	}
	if got, want := distortion(p, 2, nil), (Distortion{Speed: 2000}); got != want {
		t.Errorf("a run without known costs: %+v, want %+v", got, want)
	}
}
