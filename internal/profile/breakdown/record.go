package breakdown

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"golang.org/x/exp/trace"
)

// crawlRecord is one crawl: what each goroutine did between its beginning and its end.
type crawlRecord struct {
	from, to trace.Time
	caller   *goroutine
	members  []*goroutine // in the order of the trace
	stopped  []span       // times when the world was stopped
	selects  selects
}

type span struct{ from, to trace.Time }

// goroutine is one goroutine during one crawl.
type goroutine struct {
	created   bool       // in this crawl
	kind      string     // where it was started, and with which function
	parent    *goroutine // the goroutine that started it
	began     trace.Time
	ended     trace.Time // the end of the crawl if it continues
	start     *stack     // its first function
	intervals []interval // without gaps
	marks     []trace.Time
	samples   []sample

	current    interval // its field to is not yet known
	collecting int      // nesting of garbage collector ranges
	collector  *stack
}

// interval is a time during which a goroutine was in one state.
type interval struct {
	from, to  trace.Time
	state     trace.GoState
	gc        bool   // working for the garbage collector
	reason    string // of the wait, or of the preemption
	at        *stack // where it waits, or where it continues when it runs again
	by        *stack // where another goroutine ended the wait
	byRuntime bool   // ended by no goroutine: a timer, or the garbage collector
	// woken is, for an interval that follows a wait that another goroutine ended, that wait; else nil.
	woken *interval
	waker *goroutine // that ended the wait; nil if none did
}

func (p interval) length() trace.Time { return p.to - p.from }

type sample struct {
	at    trace.Time
	stack *stack
}

// recorder follows the events of a trace.
type recorder struct {
	stacks  *stacks
	live    map[trace.GoID]*goroutine
	sweeps  map[trace.ProcID]*goroutine
	selects selects
	crawl   *crawlRecord // nil between crawls
	stop    *span        // the world is being stopped
	done    func(*crawlRecord)
}

// record calls done for every crawl in the trace r, and returns the number of events.
func record(r io.Reader, s *stacks, done func(*crawlRecord)) (events int, err error) {
	defer func() {
		if p := recover(); p != nil { // the parser panics on some damaged traces
			err = fmt.Errorf("damaged trace: %v", p)
		}
	}()
	reader, err := trace.NewReader(r)
	if err != nil {
		return 0, fmt.Errorf("damaged trace, or not a trace: %w", err)
	}
	rec := &recorder{stacks: s, live: map[trace.GoID]*goroutine{}, sweeps: map[trace.ProcID]*goroutine{}, done: done}
	for {
		e, err := reader.ReadEvent()
		if errors.Is(err, io.EOF) && rec.crawl == nil {
			return events, nil
		}
		if errors.Is(err, io.EOF) {
			return events, errors.New("the trace ends within a crawl: stop the tracer after the crawl")
		}
		if err != nil {
			return events, fmt.Errorf("damaged trace after %d events: %w", events, err)
		}
		events++
		if err := rec.event(e); err != nil {
			return events, err
		}
	}
}

func (r *recorder) event(e trace.Event) error {
	g := r.live[e.Goroutine()]
	switch e.Kind() {
	case trace.EventStateTransition:
		if tr := e.StateTransition(); tr.Resource.Kind == trace.ResourceGoroutine {
			r.transition(e, tr)
		}
	case trace.EventRangeBegin, trace.EventRangeActive, trace.EventRangeEnd:
		r.rangeEvent(e, g)
	case trace.EventLog:
		if r.crawl != nil && g != nil && e.Log().Category == fetchLog {
			g.marks = append(g.marks, e.Time())
		}
	case trace.EventStackSample:
		if r.crawl != nil && g != nil && !g.current.gc {
			g.samples = append(g.samples, sample{e.Time(), r.stacks.get(e.Stack())})
		}
	case trace.EventRegionBegin:
		if e.Region().Type == crawlRegion {
			return r.begin(g, e.Time())
		}
	case trace.EventRegionEnd:
		if e.Region().Type == crawlRegion && r.crawl != nil {
			r.end(e.Time())
		}
	}
	return nil
}

func (r *recorder) begin(caller *goroutine, now trace.Time) error {
	if r.crawl != nil {
		return errors.New("two crawls overlap: record a trace of each")
	}
	r.crawl = &crawlRecord{from: now, caller: caller}
	for _, id := range slices.Sorted(maps.Keys(r.live)) {
		g := r.live[id]
		at := g.current
		at.from = now
		*g = goroutine{kind: g.kind, start: g.start, began: now, current: at, collecting: g.collecting,
			collector: g.collector}
		r.crawl.members = append(r.crawl.members, g)
	}
	if r.stop != nil {
		r.stop.from = now
	}
	return nil
}

func (r *recorder) end(now trace.Time) {
	for _, g := range r.live {
		g.switchTo(now, g.current)
		g.ended = now
	}
	if r.stop != nil {
		r.crawl.stopped = append(r.crawl.stopped, span{r.stop.from, now})
	}
	r.crawl.to, r.crawl.selects = now, r.selects
	r.done(r.crawl)
	r.crawl = nil
	for _, g := range r.live {
		g.intervals, g.marks, g.samples = nil, nil, nil
	}
}

// switchTo ends the current interval and begins next.
func (g *goroutine) switchTo(now trace.Time, next interval) {
	if g.current.to = now; g.current.length() > 0 {
		g.intervals = append(g.intervals, g.current)
	}
	g.current = next
	g.current.from = now
}

func (r *recorder) transition(e trace.Event, tr trace.StateTransition) {
	from, to := tr.Goroutine()
	id, now := tr.Resource.Goroutine(), e.Time()
	g := r.live[id]
	if g == nil {
		g = r.register(e, tr)
	}
	if from == to || to == g.current.state && from == trace.GoUndetermined {
		return // the trace repeats the state
	}
	next := interval{
		state: to, reason: tr.Reason, at: r.stacks.get(tr.Stack),
		gc: to == trace.GoRunning && g.collecting > 0,
	}
	switch {
	case from == trace.GoWaiting && to == trace.GoRunnable:
		next.at, next.reason = g.current.at, "woken"
		g.current.by = r.stacks.get(e.Stack())
		g.current.byRuntime = g.current.by == nil
		g.current.waker = r.live[e.Goroutine()]
		r.selects.learn(g.current)
		if !g.current.byRuntime {
			wait := g.current
			wait.to = now
			next.woken = &wait
		}
	case from == trace.GoNotExist:
		next.reason, next.by = "started", r.stacks.get(e.Stack())
	case next.gc:
		next.at = g.collector
	case to == trace.GoSyscall:
		next.reason = "system call"
	}
	if r.crawl == nil {
		g.current = next
	} else {
		g.switchTo(now, next)
	}
	if to == trace.GoNotExist {
		g.ended = now
		delete(r.live, id)
	}
}

// register adds a goroutine that was just started, or that appears in the trace for the first time.
func (r *recorder) register(e trace.Event, tr trace.StateTransition) *goroutine {
	g := &goroutine{began: e.Time(), current: interval{from: e.Time()}, start: r.stacks.get(tr.Stack)}
	if from, _ := tr.Goroutine(); from == trace.GoNotExist {
		g.created = true
		g.current.state = trace.GoNotExist
		g.parent = r.live[e.Goroutine()]
		if by := r.stacks.get(e.Stack()); by != nil {
			g.kind = by.site
		}
		if g.start != nil {
			g.kind += " > " + g.start.frames[0].function
		}
	}
	r.live[tr.Resource.Goroutine()] = g
	if r.crawl != nil {
		r.crawl.members = append(r.crawl.members, g)
	}
	return g
}

// rangeEvent records when the world is stopped, and when a goroutine works for the garbage
// collector.
func (r *recorder) rangeEvent(e trace.Event, g *goroutine) {
	begins := e.Kind() != trace.EventRangeEnd
	scope := e.Range().Scope
	switch name := e.Range().Name; {
	case strings.HasPrefix(name, "stop-the-world"):
		if begins && r.stop == nil {
			r.stop = &span{from: e.Time()}
		}
		if !begins && r.stop != nil {
			if r.crawl != nil {
				r.crawl.stopped = append(r.crawl.stopped, span{r.stop.from, e.Time()})
			}
			r.stop = nil
		}
		return
	case name == "GC mark assist":
		if scope.Kind == trace.ResourceGoroutine {
			g = r.live[scope.Goroutine()]
		}
	case name == "GC incremental sweep" && scope.Kind == trace.ResourceProc:
		if begins {
			r.sweeps[scope.Proc()] = g
		} else {
			g = r.sweeps[scope.Proc()]
			delete(r.sweeps, scope.Proc())
		}
	default:
		return
	}
	if g == nil {
		return
	}
	if !begins {
		g.collecting = max(0, g.collecting-1)
	} else if g.collecting++; e.Kind() == trace.EventRangeBegin {
		g.collector = r.stacks.get(e.Stack())
	}
	if gc := g.collecting > 0; g.current.state == trace.GoRunning && gc != g.current.gc {
		next := interval{state: trace.GoRunning, gc: gc}
		if gc {
			next.at = g.collector
		}
		if r.crawl == nil {
			g.current = next
		} else {
			g.switchTo(e.Time(), next)
		}
	}
}
