package delay

import (
	"testing"
	"time"
)

// The shortest of several runs is one that was not interrupted.
func TestBurnTakesTimeInProportion(t *testing.T) {
	once, fivefold := time.Hour, time.Hour
	for range 20 {
		start := time.Now()
		Burn(200_000)
		mid := time.Now()
		Burn(1_000_000)
		once, fivefold = min(once, mid.Sub(start)), min(fivefold, time.Since(mid))
	}
	if r := float64(fivefold) / float64(once); r < 2.5 || r > 10 {
		t.Errorf("five times the rounds take %.1f times as long: %v and %v", r, once, fivefold)
	}
}
