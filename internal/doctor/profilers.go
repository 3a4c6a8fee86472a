package doctor

import (
	"fmt"
	"io"
	"runtime"
	"runtime/pprof"
	"runtime/trace"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// How often each is measured, interleaved, and how many events each time.
const (
	costRounds = 9
	costEvents = 20_000
)

// profilers measures what recording an event costs: a message over a channel, and for the mutex profile a lock that
// somebody waited for, on one processor, where nothing overlaps. The medians of the rounds' differences count.
func profilers() ([]Reading, error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	configs := []struct {
		name     string
		event    func(n int)
		on       func() error
		off      func()
		what     string
		baseline int
	}{
		{name: "nothing", event: messages, on: func() error { return nil }, off: func() {}},
		{name: "block profile", event: messages, what: "a message", on: func() error { runtime.SetBlockProfileRate(10_000); return nil }, off: func() { runtime.SetBlockProfileRate(0) }},
		{name: "trace", event: messages, what: "a message", on: func() error { return trace.Start(io.Discard) }, off: trace.Stop},
		{name: "CPU profile", event: messages, what: "a message", on: func() error { return pprof.StartCPUProfile(io.Discard) }, off: pprof.StopCPUProfile},
		{name: "locks", event: locks, on: func() error { return nil }, off: func() {}},
		{name: "mutex profile", event: locks, what: "a lock waited for", baseline: 4, on: func() error { runtime.SetMutexProfileFraction(1); return nil }, off: func() { runtime.SetMutexProfileFraction(0) }},
	}
	took := make([][]float64, len(configs))
	for range costRounds {
		for i, c := range configs {
			if err := c.on(); err != nil {
				return nil, fmt.Errorf("measure the cost of the %s: %w", c.name, err)
			}
			start := used()
			c.event(costEvents)
			took[i] = append(took[i], float64((used()-start).Nanoseconds())/costEvents)
			c.off()
		}
	}
	var list []Reading
	for i, c := range configs {
		if c.what == "" {
			continue
		}
		var more []float64
		for r, ns := range took[i] {
			more = append(more, ns-took[c.baseline][r])
		}
		slices.Sort(more)
		base := slices.Sorted(slices.Values(took[c.baseline]))
		list = append(list, Reading{Name: c.name, Value: fmt.Sprintf("%+.0f ns [%+.0f, %+.0f] on %s of %.0f ns", more[costRounds/2], more[1], more[costRounds-2], c.what, base[costRounds/2])})
	}
	return list, nil
}

// used is the processor time of this process, which other processes do not add to.
func used() time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// messages sends n messages over a channel without a buffer.
func messages(n int) {
	c := make(chan int)
	go func() {
		defer close(c)
		for i := range n {
			c <- i
		}
	}()
	for range c {
	}
}

// locks lets a goroutine wait for each of n locks.
func locks(n int) {
	var mu sync.Mutex
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			for range n / 2 {
				mu.Lock()
				runtime.Gosched() // so that the other asks for it meanwhile
				mu.Unlock()
			}
		})
	}
	both.Wait()
}
