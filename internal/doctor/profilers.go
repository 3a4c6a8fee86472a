package doctor

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"runtime/pprof"
	"runtime/trace"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"crawlbench/internal/ledger"
	"crawlbench/internal/profile"
)

// How often each is measured, interleaved, and how many messages or locks each time.
const (
	costRounds = 9
	costEvents = 20_000
)

// Cost is the processor time, in nanoseconds, that a profiler takes for each event that it records: the median over
// rounds, and the range of all but the least and the largest.
type Cost struct {
	Kind            string // of the profile: "block", "mutex", or "wall", which is made from a trace, and "mark", of the fetches in it
	NS, Least, Most float64
	// What makes the events: Each of them, in Base nanoseconds without a profiler.
	What       string
	Each, Base float64
}

// profiler is what is measured.
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
		n, err := ledger.Events(text)
		return float64(n), err
	}
	stop := func(io.Writer) error { trace.Stop(); return nil }
	block, mutex := lookup("block"), lookup("mutex")
	const message, lock, mark = "message over a channel", "lock waited for", "fetch marked"
	return []profiler{
		{"", message, messages, idle, idle, nil},
		{"", lock, locks, idle, idle, nil},
		{"", mark, marks, idle, idle, nil},
		{"block", message, messages, rate(runtime.SetBlockProfileRate, profile.BlockRate), func(w io.Writer) error { runtime.SetBlockProfileRate(0); return block(w) }, recorded},
		{"mutex", lock, locks, rate(fraction, profile.MutexFraction), func(w io.Writer) error { fraction(0); return mutex(w) }, recorded},
		{"wall", message, messages, trace.Start, stop, traced},
		{"mark", mark, marks, trace.Start, stop, traced},
	}
}

// Costs measures what recording an event costs: of a message over a channel, and for the mutex profile of a lock that
// somebody waited for, on one processor, where nothing overlaps. It takes about half a second, and sets GOMAXPROCS for that
// time. The CPU profiler is not among them: its hundred samples a second cost less than can be measured.
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
			start := used()
			c.work(costEvents)
			took[i] = append(took[i], float64((used() - start).Nanoseconds()))
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
			if (c.kind == "block" || c.kind == "mutex") && len(took[i]) > 1 { // these sum up all since the process began
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
		plain := slices.Sorted(slices.Values(base))
		list = append(list, Cost{c.kind, more[costRounds/2], more[1], more[costRounds-2], c.what, events[i] / costEvents, plain[costRounds/2] / costEvents})
	}
	return list, nil
}

// profilers puts the costs into words.
func profilers() ([]Reading, error) {
	costs, err := Costs()
	var list []Reading
	for _, c := range costs {
		list = append(list, Reading{Name: c.Kind + " profile", Value: fmt.Sprintf("%+.0f ns [%+.0f, %+.0f] an event; a %s of %.0f ns makes %.2g", c.NS, c.Least, c.Most, c.What, c.Base, c.Each)})
	}
	return list, err
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

// marks marks n fetches.
func marks(n int) {
	for range n {
		ledger.Mark()
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
