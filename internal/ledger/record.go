package ledger

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"golang.org/x/exp/trace"
)

// extent is one crawl: what every goroutine did from its begin to its end.
type extent struct {
	from, to trace.Time
	caller   *goroutine
	members  []*goroutine // in the order of the trace
	stopped  []span       // the world was stopped
	selects  selects
}

type span struct{ from, to trace.Time }

// goroutine is one goroutine during one crawl.
type goroutine struct {
	born    bool       // in this crawl
	kind    string     // where it was started, and with what
	parent  *goroutine // that started it
	began   trace.Time
	ended   trace.Time // of the crawl, if it goes on
	start   *stack     // its first function
	parts   []part     // without gaps
	marks   []trace.Time
	samples []sample

	now        part // to is not yet known
	collecting int  // ranges of the collector
	collector  *stack
}

// part is a time in which a goroutine did one thing.
type part struct {
	from, to trace.Time
	state    trace.GoState
	gc       bool   // collecting for the collector
	why      string // of waiting, or of losing the processor
	at       *stack // where it waits, or goes on when it runs again
	by       *stack // who ended the waiting
	none     bool   // no goroutine did: a timer, or the collector
}

func (p part) length() trace.Time { return p.to - p.from }

type sample struct {
	at trace.Time
	of *stack
}

// recorder follows a trace.
type recorder struct {
	stacks  *stacks
	live    map[trace.GoID]*goroutine
	sweeps  map[trace.ProcID]*goroutine
	selects selects
	crawl   *extent // nil between crawls
	stop    *span   // the world is being stopped
	done    func(*extent)
}

// record gives every crawl of the trace r to done, and returns the number of events.
func record(r io.Reader, s *stacks, done func(*extent)) (events int, err error) {
	defer func() {
		if p := recover(); p != nil { // the parser panics on some damaged traces
			err = fmt.Errorf("it is damaged: %v", p)
		}
	}()
	reader, err := trace.NewReader(r)
	if err != nil {
		return 0, fmt.Errorf("it is damaged, or none: %w", err)
	}
	rec := &recorder{stacks: s, live: map[trace.GoID]*goroutine{}, sweeps: map[trace.ProcID]*goroutine{}, done: done}
	for {
		e, err := reader.ReadEvent()
		if errors.Is(err, io.EOF) && rec.crawl == nil {
			return events, nil
		}
		if errors.Is(err, io.EOF) {
			return events, errors.New("it ends within a crawl: stop the tracer after the crawl")
		}
		if err != nil {
			return events, fmt.Errorf("it is damaged after %d events: %w", events, err)
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
		r.collect(e, g)
	case trace.EventLog:
		if r.crawl != nil && g != nil && e.Log().Category == fetchLog {
			g.marks = append(g.marks, e.Time())
		}
	case trace.EventStackSample:
		if r.crawl != nil && g != nil && !g.now.gc {
			g.samples = append(g.samples, sample{e.Time(), r.stacks.of(e.Stack())})
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
		return errors.New("two crawls overlap: take a trace of each")
	}
	r.crawl = &extent{from: now, caller: caller}
	for _, id := range slices.Sorted(maps.Keys(r.live)) {
		g := r.live[id]
		at := g.now
		at.from = now
		*g = goroutine{kind: g.kind, start: g.start, began: now, now: at, collecting: g.collecting, collector: g.collector}
		r.crawl.members = append(r.crawl.members, g)
	}
	if r.stop != nil {
		r.stop.from = now
	}
	return nil
}

func (r *recorder) end(now trace.Time) {
	for _, g := range r.live {
		g.turn(now, g.now)
		g.ended = now
	}
	if r.stop != nil {
		r.crawl.stopped = append(r.crawl.stopped, span{r.stop.from, now})
	}
	r.crawl.to, r.crawl.selects = now, r.selects
	r.done(r.crawl)
	r.crawl = nil
	for _, g := range r.live {
		g.parts, g.marks, g.samples = nil, nil, nil
	}
}

// turn ends what g does and begins next.
func (g *goroutine) turn(now trace.Time, next part) {
	if g.now.to = now; g.now.length() > 0 {
		g.parts = append(g.parts, g.now)
	}
	g.now = next
	g.now.from = now
}

func (r *recorder) transition(e trace.Event, tr trace.StateTransition) {
	from, to := tr.Goroutine()
	id, now := tr.Resource.Goroutine(), e.Time()
	g := r.live[id]
	if g == nil {
		g = r.appear(e, tr)
	}
	if from == to || to == g.now.state && from == trace.GoUndetermined {
		return // the state told again
	}
	next := part{state: to, why: tr.Reason, at: r.stacks.of(tr.Stack), gc: to == trace.GoRunning && g.collecting > 0}
	switch {
	case from == trace.GoWaiting && to == trace.GoRunnable:
		next.at, next.why = g.now.at, "woken"
		g.now.by = r.stacks.of(e.Stack())
		g.now.none = g.now.by == nil
		r.selects.learn(g.now)
	case from == trace.GoNotExist:
		next.why, next.by = "started", r.stacks.of(e.Stack())
	case next.gc:
		next.at = g.collector
	case to == trace.GoSyscall:
		next.why = "system call"
	}
	if r.crawl == nil {
		g.now = next
	} else {
		g.turn(now, next)
	}
	if to == trace.GoNotExist {
		g.ended = now
		delete(r.live, id)
	}
}

// appear notes a goroutine that was started, or that the trace tells of for the first time.
func (r *recorder) appear(e trace.Event, tr trace.StateTransition) *goroutine {
	g := &goroutine{began: e.Time(), now: part{from: e.Time()}, start: r.stacks.of(tr.Stack)}
	if from, _ := tr.Goroutine(); from == trace.GoNotExist {
		g.born = true
		g.now.state = trace.GoNotExist
		g.parent = r.live[e.Goroutine()]
		if by := r.stacks.of(e.Stack()); by != nil {
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

// collect notes when the world is stopped, and when a goroutine works for the collector.
func (r *recorder) collect(e trace.Event, g *goroutine) {
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
		g.collector = r.stacks.of(e.Stack())
	}
	if gc := g.collecting > 0; g.now.state == trace.GoRunning && gc != g.now.gc {
		next := part{state: trace.GoRunning, gc: gc}
		if gc {
			next.at = g.collector
		}
		if r.crawl == nil {
			g.now = next
		} else {
			g.turn(e.Time(), next)
		}
	}
}
