// Package ledger tells where the workers' time of a crawl went, from an execution trace of it.
//
// While the trace runs, the measuring code wraps every crawl in Crawl and calls Mark before every fetch. Read takes the
// trace afterwards and gives out a Ledger, which splits workers x wall time into classes and closes the account with a
// residual, and a wall profile, whose root frames are the classes. With the CPU profiler running beside the tracer, the
// time on a processor is spread over the samples that the trace then holds.
//
// # Whose time it is
//
// A worker is a goroutine that marks a fetch, or one that was started where such a one was: a worker may find no page at
// all. Time before the first worker is started and after the last has ended is Other: the crawler prepares, or cleans
// up. Where workers live as long as the crawl, so is the time before a single one is started and after it has ended while
// others are still there: in a crawl of two milliseconds the last to leave may take a tenth of it. The residual is what
// then is still missing: workers that were never started, and gaps in the trace.
//
// Other designs let workers come and go: a goroutine for every page, or a new pool for every level. A crawl is of that
// kind if it has more workers than Options.Workers, or one that was started after another had ended, or one that another
// started. It has Options.Workers slots, and at every instant these are shared out as follows:
//
//   - A goroutine waits in the frontier, not at work, until the end of the last wait before its first mark that is
//     neither for a lock nor for the limiter: that is where it took its slot. From then on, or from its first instant on a
//     processor if there is no such wait, it holds a slot until it ends, but for the time in which it waits for a
//     sync.WaitGroup. If more goroutines hold slots than there are, because they go on after they gave the slot back,
//     each counts for its part of the slots, and the rest is Surplus.
//   - Slots then free are shared by goroutines that were started and have not run yet. They count as runnable.
//   - Slots then free are idle: starvation.
//
// The time of goroutines that wait for a slot is Queued, and like Surplus lies outside of the account.
package ledger

import (
	"fmt"
	"io"

	"github.com/google/pprof/profile"
)

// Class is what a worker did, or waited for.
type Class string

const (
	Running    Class = "running"    // on a processor
	Runnable   Class = "runnable"   // ready, and waiting for a processor
	Lock       Class = "lock"       // waiting for a mutex
	Handoff    Class = "handoff"    // waiting until another takes what it sends
	Starvation Class = "starvation" // waiting to be given work
	Pacing     Class = "pacing"     // waiting for the limiter
	Fetch      Class = "fetch"      // waiting for the site
	GC         Class = "gc"         // collecting garbage, or stopped for it
	Other      Class = "other"      // joining, sleeping, waiting for a timer, in a system call; no worker there yet, or no more
)

// Classes returns all classes in the order in which results show them.
func Classes() []Class {
	return []Class{Running, Runnable, Lock, Handoff, Starvation, Pacing, Fetch, GC, Other}
}

// Options say what the trace is of.
type Options struct {
	// Workers is the number of workers of each crawl in the trace.
	Workers int
	// Fetch and Pacing are the prefixes of the functions, named in full, that make a wait below them one for the site or
	// for the limiter. A stack with both is pacing. Frames of these functions are no Site, so that sites are the crawler's:
	// what wraps the site's Fetch belongs among them. Nil means the harness's own: DefaultFetch and DefaultPacing.
	Fetch, Pacing []string
}

// DefaultFetch returns the prefixes of the functions that answer a fetch.
func DefaultFetch() []string { return []string{"crawlbench/internal/web."} }

// DefaultPacing returns the prefixes of the functions that wait for a limiter.
func DefaultPacing() []string {
	return []string{"golang.org/x/time/rate.", "crawlbench/internal/limiter.", "crawlbench/internal/crawl.inTurn"}
}

// Ledger is the account of the crawls in one trace. Times are in seconds, shares are of Worker.
type Ledger struct {
	Workers int               `json:"workers"`
	Crawls  int               `json:"crawls"`
	Pages   int               `json:"pages"`      // marks
	Wall    float64           `json:"wall_sec"`   // the crawls' durations together
	Worker  float64           `json:"worker_sec"` // Workers x Wall: Seconds, and the residual
	Seconds map[Class]float64 `json:"class_sec"`
	// Residual is the share that is in no class. Where workers come and go, idle slots close the account.
	Residual float64 `json:"residual_share"`
	// ComeAndGo is the number of crawls whose workers came and went; Queued and Surplus are theirs.
	ComeAndGo int     `json:"come_and_go"`
	Queued    float64 `json:"queued_sec"`  // goroutines waiting for a slot, the frontier of such a design
	Surplus   float64 `json:"surplus_sec"` // goroutines at work beyond the number of workers
	Samples   int     `json:"cpu_samples"` // over which the time on a processor is spread
	Events    int     `json:"events"`      // in the trace

	Sites []Site `json:"sites"` // largest first
	Ends  []End  `json:"ends"`  // largest first, at most 50
	Roles []Role `json:"roles"` // largest time on a processor first
}

// Share returns what part of the workers' time is of class c.
func (l *Ledger) Share(c Class) float64 {
	return ratio(l.Seconds[c], l.Worker)
}

// Site is a place where workers did not run. Where is "function file.go:line"; of a goroutine that lost its processor
// in the midst of its work it is the function alone.
type Site struct {
	Class     Class   `json:"class"`
	Where     string  `json:"where"`
	Primitive string  `json:"primitive"` // what was called there: sync.(*Mutex).Lock, "chan send", ...
	Count     int     `json:"count"`
	Seconds   float64 `json:"sec"`
	Share     float64 `json:"share"`
}

// End is a place where workers waited, and the place where another goroutine ended these waits.
type End struct {
	Class   Class   `json:"class"`
	Where   string  `json:"where"`
	By      string  `json:"by"` // as Site.Where; "(runtime)" is a timer or the collector, "(none)" if the crawl ended first
	Count   int     `json:"count"`
	Seconds float64 `json:"sec"`
}

// Role is a kind of goroutine of the crawls that fetches nothing, such as the owner of a map.
type Role struct {
	Entry    string  `json:"entry"` // the function it began with, or "(caller)" for the one that called the crawler
	Count    int     `json:"count"`
	Running  float64 `json:"running_sec"`
	Runnable float64 `json:"runnable_sec"`
	Waiting  float64 `json:"waiting_sec"`
	// Share is Running over Wall: near 1 for one goroutine a crawl that has no time left.
	Share float64 `json:"running_share"`
}

// Events returns the number of events in the trace r.
func Events(r io.Reader) (int, error) {
	n, err := record(r, newStacks(Options{}), func(*extent) {})
	if err != nil {
		return n, fmt.Errorf("read execution trace: %w", err)
	}
	return n, nil
}

// Read makes up the account of the crawls in the trace r, and their wall profile in nanoseconds.
func Read(r io.Reader, o Options) (*Ledger, *profile.Profile, error) {
	if o.Workers < 1 {
		return nil, nil, fmt.Errorf("read execution trace: %d workers: a crawl has at least one", o.Workers)
	}
	if o.Fetch == nil {
		o.Fetch = DefaultFetch()
	}
	if o.Pacing == nil {
		o.Pacing = DefaultPacing()
	}
	a := newAccount(o.Workers)
	events, err := record(r, newStacks(o), a.add)
	if err != nil {
		return nil, nil, fmt.Errorf("read execution trace: %w", err)
	}
	if a.ledger.Crawls == 0 {
		return nil, nil, fmt.Errorf("read execution trace: no crawl in %d events: wrap what is measured in ledger.Crawl while the trace runs", events)
	}
	if a.ledger.Pages == 0 {
		return nil, nil, fmt.Errorf("read execution trace: no fetch in %d crawls: call ledger.Mark at the begin of every fetch", a.ledger.Crawls)
	}
	a.ledger.Events = events
	l, wall := a.close()
	return l, wall, nil
}
