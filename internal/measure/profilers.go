package measure

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"runtime/pprof"
	"runtime/trace"
	"slices"
	"sync"

	"crawlbench/internal/host"
	"crawlbench/internal/profile"
	"crawlbench/internal/profile/breakdown"
	"crawlbench/internal/stat"
)

// Each profiler is measured costRounds times, interleaved, with costEvents messages or locks each time.
const (
	costRounds = 9
	costEvents = 20_000
)

// Cost is the processor time that a profiler takes per recorded event, in nanoseconds: the median over the rounds, and
// the range without the smallest and the largest.
type Cost struct {
	// Kind is "block", "mutex", "wall" (from an execution trace), or "mark" (the marks of fetches in a trace).
	Kind            string
	NS, Least, Most float64
	// What is the operation that makes Each events and takes Base nanoseconds without a profiler.
	What       string
	Each, Base float64
}

// profiler is a profiler to measure with the operation that makes its events.
type profiler struct {
	kind   string // "": none
	what   string
	work   func(n int)
	on     func(io.Writer) error
	off    func(w io.Writer) error
	events func(text *bytes.Buffer) (float64, error)
}

func profilerTable() []profiler {
	idle := func(io.Writer) error { return nil }
	lookup := func(kind string) func(io.Writer) error {
		return func(w io.Writer) error { return pprof.Lookup(kind).WriteTo(w, 0) }
	}
	rate := func(set func(int), n int) func(io.Writer) error {
		return func(io.Writer) error { set(n); return nil }
	}
	fraction := func(n int) { runtime.SetMutexProfileFraction(n) }
	recorded := func(text *bytes.Buffer) (float64, error) {
		p, err := profile.Parse(text)
		return profile.Events(p), err
	}
	traced := func(text *bytes.Buffer) (float64, error) {
		n, err := breakdown.Events(text)
		return float64(n), err
	}
	stop := func(io.Writer) error { trace.Stop(); return nil }
	block, mutex := lookup("block"), lookup("mutex")
	const message, lock, mark = "message over a channel", "contended lock", "mark of a fetch"
	return []profiler{
		{"", message, messages, idle, idle, nil},
		{"", lock, locks, idle, idle, nil},
		{"", mark, marks, idle, idle, nil},
		{"block", message, messages, rate(runtime.SetBlockProfileRate, profile.BlockRate),
			func(w io.Writer) error { runtime.SetBlockProfileRate(0); return block(w) }, recorded},
		{"mutex", lock, locks, rate(fraction, profile.MutexFraction),
			func(w io.Writer) error { fraction(0); return mutex(w) }, recorded},
		{"wall", message, messages, trace.Start, stop, traced},
		{"mark", mark, marks, trace.Start, stop, traced},
	}
}

// Costs measures the cost of recording an event: a message over a channel or, for the mutex profile, a contended
// lock. It uses one processor, so that nothing overlaps; it takes about half a second and sets GOMAXPROCS for that
// time. The CPU profiler is not included: the cost of its 100 samples per second is too small to measure.
func Costs() ([]Cost, error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	table := profilerTable()
	took, events := make([][]float64, len(table)), make([]float64, len(table))
	for range costRounds {
		for i, c := range table {
			var text bytes.Buffer
			if err := c.on(&text); err != nil {
				return nil, fmt.Errorf("measure the cost of the %s profile: %w", c.kind, err)
			}
			start := host.CPUTime()
			c.work(costEvents)
			took[i] = append(took[i], float64((host.CPUTime() - start).Nanoseconds()))
			if err := c.off(&text); err != nil {
				return nil, fmt.Errorf("measure the cost of the %s profile: %w", c.kind, err)
			}
			if c.events == nil || len(took[i]) > 1 && len(took[i]) < costRounds {
				continue
			}
			n, err := c.events(&text)
			if err != nil {
				return nil, fmt.Errorf("measure the cost of the %s profile: %w", c.kind, err)
			}
			if (c.kind == "block" || c.kind == "mutex") && len(took[i]) > 1 { // cumulative since the process started
				n = (n - events[i]) / (costRounds - 1)
			}
			events[i] = n
		}
	}
	var list []Cost
	for i, c := range table {
		if c.kind == "" {
			continue
		}
		base := took[slices.IndexFunc(table, func(b profiler) bool { return b.what == c.what })]
		var more []float64
		for r, ns := range took[i] {
			more = append(more, (ns-base[r])/max(1, events[i]))
		}
		slices.Sort(more)
		list = append(list, Cost{c.kind, stat.Quantile(more, 0.5), more[1], more[costRounds-2], c.what,
			events[i] / costEvents, stat.Quantile(base, 0.5) / costEvents})
	}
	return list, nil
}

// profilers returns the costs as readings.
func profilers() ([]Reading, error) {
	costs, err := Costs()
	var list []Reading
	for _, c := range costs {
		each := fmt.Sprintf("%.2g for each %s", c.Each, c.What)
		if c.Base >= 0.5 { // a mark costs nothing if it is not taken
			each += fmt.Sprintf(" of %.0f ns", c.Base)
		}
		list = append(list, Reading{Name: c.Kind + " profile",
			Value: fmt.Sprintf("%+.0f ns [%+.0f, %+.0f] per event, %s", c.NS, c.Least, c.Most, each)})
	}
	return list, err
}

// messages sends n messages over an unbuffered channel.
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

// marks marks n fetches.
func marks(n int) {
	for range n {
		breakdown.Mark()
	}
}

// locks takes a lock n times from two goroutines, so that one waits each time.
func locks(n int) {
	var mu sync.Mutex
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			for range n / 2 {
				mu.Lock()
				runtime.Gosched() // so that the other goroutine blocks on the lock
				mu.Unlock()
			}
		})
	}
	both.Wait()
}
