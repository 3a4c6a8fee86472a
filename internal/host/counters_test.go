package host_test

import (
	"testing"
	"time"

	"crawlbench/internal/host"
)

func TestCountersGrow(t *testing.T) {
	c := host.OpenCounters()
	defer c.Close()
	t.Logf("no hardware counters: %v", c.Missing)
	before := c.Read()
	for range 20 {
		time.Sleep(time.Millisecond) // each sleep switches
	}
	after := c.Read()
	if after["context switches"] <= before["context switches"] {
		t.Errorf("context switches: %v after 20 sleeps, %v before", after, before)
	}
	for name, n := range before {
		if after[name] < n {
			t.Errorf("%s fell from %g to %g", name, n, after[name])
		}
	}
	if c.Missing == nil && after["instructions"] <= before["instructions"] {
		t.Errorf("instructions: %v, before %v", after, before)
	}
}
