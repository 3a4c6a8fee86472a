// Package doctor measures what of this machine bounds the precision of a benchmark: its clock and timers, a limiter over
// them, what profilers cost an event, and who else uses its processors. Readings come out, each with a word on what to do
// about it where something can be done.
//
// What two runs of the same thing differ by is measured by the caller, with the machinery of a run.
package doctor

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"crawlbench/internal/host"
)

// Reading is something measured, in words, and what it means.
type Reading struct {
	Name, Value string
	Hint        string // "" if all is well
}

// window is how long the machine is watched.
const window = time.Second

// Machine reads all but the noise floor. It takes some seconds.
func Machine(ctx context.Context) ([]Reading, error) {
	list := []Reading{clock(), timers(), quota()}
	others := neighbours()
	list = append(list, others...)
	paces, err := limiters(ctx)
	if err != nil {
		return nil, err
	}
	costs, err := profilers()
	return append(append(list, paces...), costs...), err
}

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
	r := Reading{Name: "clock", Value: fmt.Sprintf("%v between two readings", least)}
	if least > time.Microsecond {
		r.Hint = "time stamps are coarse: let samples last longer"
	}
	return r
}

func timers() Reading {
	late := make([]time.Duration, 200)
	for i := range late {
		start := time.Now()
		time.Sleep(time.Millisecond)
		late[i] = time.Since(start) - time.Millisecond
	}
	slices.Sort(late)
	r := Reading{Name: "timers", Value: fmt.Sprintf("a sleep of 1 ms ends %v late, one in a hundred %v", late[100].Round(time.Microsecond), late[198].Round(time.Microsecond))}
	if late[100] > time.Millisecond {
		r.Hint = "simulated latencies and small buckets of a limiter will be off by as much"
	}
	return r
}

// quota says what the control group and the frequency governor allow.
func quota() Reading {
	r := Reading{Name: "quota", Value: "none"}
	if text, err := os.ReadFile("/sys/fs/cgroup/cpu.max"); err == nil && !strings.HasPrefix(string(text), "max") {
		r.Value = "cpu.max " + strings.TrimSpace(string(text))
		r.Hint = "the control group is throttled when it has used that up: raise it, or let the workers be fewer"
	}
	if g := host.Fingerprint()["governor"]; g != "" && g != "performance" {
		r.Value += ", frequency governor " + g
		r.Hint = "the frequency follows the load: set the governor to performance"
	}
	return r
}

// neighbours watches who else uses the processors while this process keeps one busy.
func neighbours() []Reading {
	steal, pressure, delay := host.Steal(), host.Pressure(), host.RunDelay()
	for start := time.Now(); time.Since(start) < window; {
		spin(1000)
	}
	share := func(name string, sec float64, hint string) Reading {
		r := Reading{Name: name, Value: fmt.Sprintf("%.1f %% of a processor", 100*max(0, sec)/window.Seconds())}
		if sec/window.Seconds() > 0.03 {
			r.Hint = hint
		}
		return r
	}
	return []Reading{
		share("stolen", host.Steal()-steal, "other guests of the hypervisor take it: choose another time or another machine"),
		share("waited for", host.RunDelay()-delay, "other processes take it: end them"),
		share("pressure", host.Pressure()-pressure, "somebody on this machine waits for a processor"),
	}
}

var sink int

func spin(n int) {
	for i := range n {
		sink = sink*31 + i
	}
}
