package measure

import (
	"runtime"
	"strings"
	"testing"
)

// Two threads that have one processor never answer each other within a slice of the scheduler.
func TestRoundTripOnOneProcessor(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	if s := RoundTrip(); s <= oneProcessor {
		t.Errorf("a round trip of %v s on one processor, want more than %v", s, oneProcessor)
	}
}

func TestRoundTripIsPositive(t *testing.T) {
	for range 20 {
		if s := RoundTrip(); s <= 0 {
			t.Fatalf("a round trip of %v s", s)
		}
	}
}

// The states are those of the round trips: half near, a quarter distant, a tenth on one processor.
func TestPingPongStates(t *testing.T) {
	trips := func(near, far, one int) (list []float64) {
		for range one {
			list = append(list, 30e-6)
		}
		for range far {
			list = append(list, 400e-9)
		}
		for range near {
			list = append(list, 70e-9)
		}
		return list
	}
	for _, c := range []struct {
		trips       []float64
		value, hint string
	}{
		{trips(65, 25, 10), "takes 70 ns (median), 400 ns (p75), 400 ns (p90); 25 % are slow, 10 % had one processor for both " +
			"threads, of 100", "use more rounds"},
		{trips(60, 24, 16), "takes 70 ns (median), 400 ns (p75), 30.0 µs (p90); 24 % are slow, 16 %", "use more rounds"},
		{trips(95, 5, 0), "takes 70 ns (median), 70 ns (p75), 70 ns (p90); 5 % are slow, 0 %", ""},
		{trips(0, 100, 0), "0 % are slow, 0 %", ""}, // one state, whatever it costs
		{trips(0, 0, 9), "0 % are slow, 100 % had one processor", "use more rounds"},
		{nil, "not measured", ""},
	} {
		r := PingPong(c.trips)
		hint := strings.Contains(r.Hint, c.hint) && (r.Hint == "") == (c.hint == "")
		if !strings.Contains(r.Value, c.value) || !hint {
			t.Errorf("%d round trips: %q, hint %q: want %q and %q", len(c.trips), r.Value, r.Hint, c.value, c.hint)
		}
	}
}
