// Package breakdown computes the time breakdown of a crawl from its execution trace.
//
// While the trace is recorded, the measuring code wraps every crawl in Crawl and calls Mark before
// every fetch. Read then returns a Breakdown, which splits workers x wall time by state, and a
// wall profile whose root frames are the states. What the breakdown leaves unaccounted is
// reported. If the CPU profiler runs at the same time, its samples are in the trace, and distribute
// the running time over the code.
//
// # Which goroutines are workers
//
// A worker is a goroutine that marks a fetch, or one started at the same place as one that does: a
// worker may never get a page. Time before the first worker starts and after the last one ends is
// Other: the crawler is preparing or cleaning up. If workers live as long as the crawl, the time
// before a worker starts and after it ends is also Other while other workers exist: in a crawl of
// two milliseconds the last one may end a tenth of that later. What then remains unaccounted is
// workers that were never started, and gaps in the trace.
//
// Other crawlers use short-lived workers: a goroutine per page, or a new pool per level. A crawl
// has short-lived workers if it has more workers than Options.Workers, or if a worker starts after
// another has ended, or is started by another. Such a crawl has Options.Workers slots, which are
// distributed at every instant as follows:
//
//   - A goroutine waits in the frontier until the end of its last wait before its first mark that
//     is neither for a lock nor for the limiter: there it acquired its slot. From then on, or from
//     the first instant that it runs if there is no such wait, it holds a slot until it ends,
//     except while it waits for a sync.WaitGroup. If more goroutines hold slots than there are,
//     because they continue after releasing the slot, each counts as a fraction of a slot, and the
//     excess is Surplus.
//   - Slots that are then free are shared by goroutines that were started and have not run yet.
//     They count as runnable.
//   - Slots that are still free are idle.
//
// The time of goroutines that wait for a slot is Queued. Queued and Surplus are not part of the
// breakdown.
package breakdown

import (
	"fmt"
	"io"

	"github.com/google/pprof/profile"

	"crawlbench/internal/module"
)

// State is the state of a worker. If another goroutine ends a wait, by an unlock, a send or a close,
// the state lasts until the worker runs again: had it not slept, it would not wait for a processor.
// Breakdown.Queue has that part. A worker is Runnable after a wait that a timer ended, after it was
// preempted, and after it was started.
type State string

const (
	Running   State = "running"          // on a processor
	Runnable  State = "runnable"         // ready, waiting for a processor; but see Breakdown.Queue
	Lock      State = "blocked: lock"    // blocked on a mutex
	Channel   State = "blocked: channel" // blocked on a channel until a receiver takes the value
	Idle      State = "idle"             // waiting for work
	RateLimit State = "rate limit"       // waiting for the limiter
	Network   State = "network"          // waiting for the site
	GC        State = "GC"               // assisting the garbage collector, or stopped for it
	Syscall   State = "syscall"          // in a system call
	Other     State = "other"            // joining or sleeping; not started yet, or already ended
)

// States returns all states in the order in which results show them.
func States() []State {
	return []State{Running, Runnable, Lock, Channel, Idle, RateLimit, Network, GC, Syscall, Other}
}

// Options describe the crawls in the trace.
type Options struct {
	// Workers is the number of workers of each crawl in the trace.
	Workers int
	// Fetch and RateLimit are prefixes of full function names. A wait below such a function is a wait
	// for the site or for the limiter; a stack with both is a wait for the limiter. A Site is never
	// one of these functions but the crawler's code that called it, so wrappers of the site's Fetch
	// belong in the list. Nil means the harness's own functions: DefaultFetch and DefaultRateLimit.
	Fetch, RateLimit []string
}

// DefaultFetch returns the prefixes of the functions that answer a fetch.
func DefaultFetch() []string { return []string{module.Package("internal/web.")} }

// DefaultRateLimit returns the prefixes of the functions that wait for a limiter.
func DefaultRateLimit() []string {
	return []string{"golang.org/x/time/rate.", module.Package("internal/crawl/limiter."),
		module.Package("internal/crawl.inTurn")}
}

// Breakdown is the time breakdown of the crawls in one trace. Times are in seconds, shares are of
// Worker.
type Breakdown struct {
	Workers int               `json:"workers"`
	Crawls  int               `json:"crawls"`
	Pages   int               `json:"pages"`      // number of marks
	Wall    float64           `json:"wall_sec"`   // sum of the crawls' durations
	Worker  float64           `json:"worker_sec"` // Workers x Wall: the sum of Seconds, plus the unaccounted time
	Seconds map[State]float64 `json:"state_sec"`
	// Queue is the part of Seconds in which the worker, woken by another goroutine, waited for a processor.
	Queue map[State]float64 `json:"queue_sec,omitempty"`
	// Unaccounted is the share of no state. With short-lived workers it is 0, since idle slots fill
	// the gap.
	Unaccounted float64 `json:"unaccounted_share"`
	// ShortLived is the number of crawls with short-lived workers; only these have Queued and
	// Surplus.
	ShortLived int     `json:"short_lived"`
	Queued     float64 `json:"queued_sec"`  // goroutines waiting for a slot: the frontier of such a crawler
	Surplus    float64 `json:"surplus_sec"` // goroutines holding a slot beyond the number of workers
	Samples    int     `json:"cpu_samples"` // that distribute the running time
	Events     int     `json:"events"`      // in the trace

	Sites []Site     `json:"sites"` // largest first
	Ends  []End      `json:"ends"`  // largest first, at most 50
	Roles []Role     `json:"roles"` // most running time first
	Holds []LockHold `json:"holds"` // largest first, at most 50
	Pairs []Pair     `json:"pairs"` // most sleeps first, at most 50
	// Tail is the time at the end of the crawls in which one worker alone has something to do, a single page, part of
	// Wall. It says nothing if Cut is set: then the crawls ended early, so that the trace covers whole crawls.
	Tail float64 `json:"tail_sec"`
	Cut  bool    `json:"cut,omitempty"`
}

// Share returns the fraction of the workers' time spent in state c.
func (l *Breakdown) Share(c State) float64 { return ratio(l.Seconds[c], l.Worker) }

// IdleShare returns the share of the time of the processors that the workers could use in which nothing ran on them.
func (l *Breakdown) IdleShare(procs int) float64 {
	busy := l.Seconds[Running] + l.Seconds[GC] + l.Seconds[Syscall]
	for _, r := range l.Roles {
		busy += r.Running
	}
	return max(0, 1-ratio(busy, float64(min(procs, l.Workers))*l.Wall))
}

// SiteShare returns the share of the workers' time at the sites that of accepts.
func (l *Breakdown) SiteShare(of func(Site) bool) float64 {
	sum := 0.0
	for _, s := range l.Sites {
		if of(s) {
			sum += s.Seconds
		}
	}
	return ratio(sum, l.Worker)
}

// QueueShare returns the part of Share in which workers were woken and waited for a processor.
func (l *Breakdown) QueueShare(c State) float64 { return ratio(l.Queue[c], l.Worker) }

// Site is a place in the code where workers did not run. Where is "function file.go:line", or only
// the function for a goroutine that was preempted.
type Site struct {
	State     State   `json:"state"`
	Where     string  `json:"where"`
	Primitive string  `json:"primitive"` // what was called there: sync.(*Mutex).Lock, "chan send", ...
	Count     int     `json:"count"`     // how often workers stopped here
	Wakes     int     `json:"wakes"`     // how often another goroutine woke one of them
	Vain      int     `json:"vain"`      // how often a worker stopped here again without a fetch in between
	Seconds   float64 `json:"sec"`       // in all, with Queue
	Queue     float64 `json:"queue_sec"` // woken, waiting for a processor
	Share     float64 `json:"share"`     // of Seconds
}

// End is a place where workers waited, together with the place where another goroutine ended these
// waits.
type End struct {
	State   State   `json:"state"`
	Where   string  `json:"where"`
	By      string  `json:"by"`     // as Site.Where; "(runtime)": a timer or the GC; "(none)": the crawl ended first
	Called  string  `json:"called"` // as Site.Primitive, of the goroutine that ended the wait
	Count   int     `json:"count"`
	Seconds float64 `json:"sec"` // as Site.Seconds
	Queue   float64 `json:"queue_sec"`
}

// Role is a kind of goroutine in the crawls that fetches nothing, such as the owner of a map.
type Role struct {
	Entry    string  `json:"entry"` // its first function, or "(caller)" for the goroutine that called the crawler
	Count    int     `json:"count"`
	Running  float64 `json:"running_sec"`
	Runnable float64 `json:"runnable_sec"`
	Waiting  float64 `json:"waiting_sec"`
	// the part of Waiting that is not for another goroutine: asleep, or for the site
	Away float64 `json:"away_sec"`
	// time for which workers waited until a goroutine of this role ended their waits, or those of a role between them
	Ended float64 `json:"ended_sec"`
	// Share is Running divided by Wall: close to 1 for a single goroutine per crawl that is fully
	// busy.
	Share float64 `json:"running_share"`
}

// Occupied returns the share of the crawls' time in which the role computes, or would, or waits for something else than
// another goroutine.
func (r Role) Occupied(wall float64) float64 { return ratio(r.Running+r.Runnable+r.Away, wall) }

// Events returns the number of events in the trace r.
func Events(r io.Reader) (int, error) {
	n, err := record(r, newStacks(Options{}), func(*crawlRecord) {})
	if err != nil {
		return n, fmt.Errorf("read execution trace: %w", err)
	}
	return n, nil
}

// Read returns the time breakdown of the crawls in the trace r, and their wall profile in
// nanoseconds.
func Read(r io.Reader, o Options) (*Breakdown, *profile.Profile, error) {
	if o.Workers < 1 {
		return nil, nil, fmt.Errorf("read execution trace: invalid number of workers %d: want at least 1", o.Workers)
	}
	if o.Fetch == nil {
		o.Fetch = DefaultFetch()
	}
	if o.RateLimit == nil {
		o.RateLimit = DefaultRateLimit()
	}
	b := newBreakdown(o.Workers)
	events, err := record(r, newStacks(o), b.add)
	if err != nil {
		return nil, nil, fmt.Errorf("read execution trace: %w", err)
	}
	if b.breakdown.Crawls == 0 {
		return nil, nil, fmt.Errorf("read execution trace: no crawl in %d events: "+
			"wrap the measured code in breakdown.Crawl while the trace is recorded", events)
	}
	if b.breakdown.Pages == 0 {
		return nil, nil, fmt.Errorf("read execution trace: no fetch in %d crawls: "+
			"call breakdown.Mark at the start of every fetch", b.breakdown.Crawls)
	}
	b.breakdown.Events = events
	l, wall := b.finish()
	return l, wall, nil
}
