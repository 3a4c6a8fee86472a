package measure

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"crawlbench/internal/host"
	"crawlbench/internal/plain"
)

// Reading is one measurement in words, with a hint.
type Reading struct {
	Name, Value string
	Hint        string // what to do about it; "" if nothing is wrong
}

// window is how long the machine is observed.
const window = time.Second

// Machine returns all readings except the noise floor. It takes a few seconds.
func Machine(ctx context.Context) ([]Reading, error) {
	list := []Reading{clock(), timers(), quota()}
	list = append(list, contention()...)
	limits, err := limiters(ctx)
	if err != nil {
		return nil, err
	}
	costs, err := profilers()
	return append(append(list, limits...), costs...), err
}

// clock measures the resolution of the clock.
func clock() Reading {
	least := time.Hour
	for range 10_000 {
		a := time.Now()
		b := time.Now()
		for b.Equal(a) {
			b = time.Now()
		}
		least = min(least, b.Sub(a))
	}
	r := Reading{Name: "clock", Value: "resolution " + plain.Seconds(least.Seconds())}
	if least > time.Microsecond {
		r.Hint = "timestamps are coarse: use longer samples"
	}
	return r
}

// timers measures how late timers fire.
func timers() Reading {
	late := make([]time.Duration, 200)
	for i := range late {
		start := time.Now()
		time.Sleep(time.Millisecond)
		late[i] = time.Since(start) - time.Millisecond
	}
	slices.Sort(late)
	r := Reading{
		Name: "timers",
		Value: fmt.Sprintf("a sleep of 1 ms ends %s late (median), %s late (p99)", plain.Seconds(late[100].Seconds()),
			plain.Seconds(late[198].Seconds())),
	}
	if late[100] > time.Millisecond {
		r.Hint = "simulated latencies and limiters with small buckets will be late by as much"
	}
	return r
}

// quota returns the limits set by the control group and the frequency governor.
func quota() Reading {
	r := Reading{Name: "quota", Value: "none"}
	if text, err := os.ReadFile("/sys/fs/cgroup/cpu.max"); err == nil && !strings.HasPrefix(string(text), "max") {
		r.Value = "cpu.max " + strings.TrimSpace(string(text))
		r.Hint = "the control group is throttled when it exceeds this quota: raise it, or use fewer workers"
	}
	if g := host.Fingerprint()["governor"]; g != "" && g != "performance" {
		r.Value += ", frequency governor " + g
		r.Hint = "the clock frequency follows the load: set the governor to performance"
	}
	return r
}

// contention measures who else uses the processors while this process keeps one busy.
func contention() []Reading {
	steal, pressure, delay := host.Steal(), host.Pressure(), host.RunDelay()
	for start := time.Now(); time.Since(start) < window; {
		spin(1000)
	}
	reading := func(name string, sec float64, hint string) Reading {
		r := Reading{Name: name, Value: fmt.Sprintf("%.1f %% of a processor", 100*max(0, sec)/window.Seconds())}
		if sec/window.Seconds() > 0.03 {
			r.Hint = hint
		}
		return r
	}
	return []Reading{
		reading("steal", host.Steal()-steal, "other guests of the hypervisor use it: choose another time or machine"),
		reading("run delay", host.RunDelay()-delay, "other processes preempt this one: stop them"),
		reading("pressure", host.Pressure()-pressure, "tasks on this machine wait for a processor"),
	}
}

var sink int

func spin(n int) {
	for i := range n {
		sink = sink*31 + i
	}
}
