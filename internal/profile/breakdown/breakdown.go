package breakdown

import (
	"golang.org/x/exp/trace"

	"github.com/google/pprof/profile"
)

// breakdown accumulates crawls. Times are in nanoseconds until finish.
type breakdown struct {
	breakdown Breakdown
	seconds   map[State]float64
	queue     map[State]float64
	places    tally
	evidence  evidence
	wall      wall
	roles     map[string]*Role
	relayed   map[[2]string]float64 // time that a role waited until another ended its waits
}

func newBreakdown(workers int) *breakdown {
	return &breakdown{
		breakdown: Breakdown{Workers: workers},
		seconds:   map[State]float64{},
		queue:     map[State]float64{},
		places:    tally{map[siteKey]*Site{}, map[endKey]*End{}},
		evidence:  evidence{map[LockHold]float64{}, map[Pair]*Pair{}},
		wall: wall{waits: map[classStack]float64{}, queue: map[classStack]float64{}, samples: map[*stack]int{},
			named: map[string]*stack{}},
		roles:   map[string]*Role{},
		relayed: map[[2]string]float64{},
	}
}

// add adds a crawl.
func (b *breakdown) add(x *crawlRecord) {
	l := &b.breakdown
	l.Crawls++
	l.Wall += float64(x.to - x.from)
	workers, others := splitWorkers(x)
	stopped := indicator(x.stopped)
	for _, g := range others {
		b.addRole(g, g.role(x))
	}
	b.evidence.add(x)
	b.addEnded(x, workers)
	b.addTail(x, workers)
	for _, g := range workers {
		b.addVain(x, g)
	}
	first, last, missing := b.addOutside(x, workers)
	if !areShortLived(workers, l.Workers) {
		for _, g := range workers {
			l.Pages += len(g.marks)
			b.addAbsent(Other, "(not started yet)", float64(g.began-first))
			b.addAbsent(Other, "(already ended)", float64(last-g.ended))
			for _, p := range g.intervals {
				b.addInterval(x, stopped, p, float64(p.length()))
			}
			for _, s := range g.samples {
				b.addSample(s)
			}
		}
		return
	}
	l.ShortLived++
	claimed := make(map[*goroutine]claim, len(workers))
	for _, g := range workers {
		claimed[g] = claimOf(g, x.selects)
	}
	s := shareSlots(x, workers, claimed, l.Workers)
	for _, g := range workers {
		l.Pages += len(g.marks)
		b.addShortLived(x, stopped, g, claimed[g], s)
	}
	l.Surplus += s.surplus
	b.addAbsent(Idle, "(idle slot)", s.idle-missing)
}

// addOutside adds the time before the first worker starts and after the last one ends, in which the
// crawler prepares or cleans up. It returns these two instants, and the time added.
func (b *breakdown) addOutside(x *crawlRecord, workers []*goroutine) (first, last trace.Time, ns float64) {
	if len(workers) == 0 {
		return x.from, x.to, 0
	}
	first, last = x.to, x.from
	for _, g := range workers {
		first, last = min(first, g.began), max(last, g.ended)
	}
	n := float64(b.breakdown.Workers)
	before, after := n*float64(first-x.from), n*float64(x.to-last)
	b.addAbsent(Other, "(before the first worker)", before)
	b.addAbsent(Other, "(after the last worker)", after)
	return first, last, before + after
}

// addAbsent adds time in which workers are missing.
func (b *breakdown) addAbsent(class State, where string, ns float64) {
	if ns > 0 {
		b.seconds[class] += ns
		b.places.addSite(class, where, "", ns)
		b.wall.waits[classStack{class, b.wall.name(where)}] += ns
	}
}

// addShortLived adds a short-lived worker.
func (b *breakdown) addShortLived(x *crawlRecord, stopped *stepFunction, g *goroutine, c claim, s slots) {
	for _, p := range g.intervals {
		length := float64(p.length())
		if p.from == c.took {
			p.woken = nil // it has a slot now: only a processor is missing
		}
		switch {
		case p.from >= c.took && joins(p):
		case p.from >= c.took:
			b.addInterval(x, stopped, p, s.holding.between(p.from, p.to))
		case p.to <= c.ran:
			shared := s.started.between(p.from, p.to)
			b.addInterval(x, stopped, p, shared)
			b.breakdown.Queued += length - shared
		default:
			b.breakdown.Queued += length
		}
	}
	for _, sm := range g.samples {
		if sm.at >= c.took {
			b.addSample(sm)
		}
	}
}

// splitWorkers separates the workers from the other goroutines of the crawl.
func splitWorkers(x *crawlRecord) (workers, others []*goroutine) {
	kinds := map[string]bool{}
	for _, g := range x.members {
		if g.created && len(g.marks) > 0 {
			kinds[g.kind] = true
		}
	}
	for _, g := range x.members {
		switch {
		case len(g.marks) > 0 || g.created && kinds[g.kind]:
			workers = append(workers, g)
		case g.created || g == x.caller:
			others = append(others, g)
		}
	}
	return workers, others
}

// areShortLived reports whether the crawl has short-lived workers: see the package comment.
func areShortLived(workers []*goroutine, n int) bool {
	if len(workers) > n {
		return true
	}
	isWorker := make(map[*goroutine]bool, len(workers))
	var first trace.Time // end of the worker that ended first
	for _, g := range workers {
		isWorker[g] = true
		if first == 0 || g.ended < first {
			first = g.ended
		}
	}
	for _, g := range workers {
		if g.began > first || isWorker[g.parent] && g.parent.created {
			return true
		}
	}
	return false
}

// addInterval adds an interval of a worker, weighted to count as ns nanoseconds.
func (b *breakdown) addInterval(x *crawlRecord, stopped *stepFunction, p interval, ns float64) {
	if ns <= 0 {
		return
	}
	class := x.selects.class(p)
	if class == Running || class == Runnable {
		if s := stopped.between(p.from, p.to) / float64(p.length()) * ns; s > 0 {
			b.addTime(GC, interval{reason: "stop the world", at: p.at}, s)
			ns -= s
		}
	}
	b.addTime(class, p, ns)
}

func (b *breakdown) addTime(class State, p interval, ns float64) {
	b.seconds[class] += ns
	if class == Running {
		b.wall.running += ns
		return
	}
	b.wall.wait(class, p, ns)
	if p.woken != nil && p.state == trace.GoRunnable {
		b.queue[class] += ns
		b.places.addQueue(class, *p.woken, ns)
		return
	}
	b.places.add(class, p, ns)
}

func (b *breakdown) addSample(s sample) {
	b.breakdown.Samples++
	b.wall.sample(s.stack)
}

// addEnded adds to the roles the waits that they ended: of workers, and of other roles.
func (b *breakdown) addEnded(x *crawlRecord, workers []*goroutine) {
	isWorker := map[*goroutine]bool{}
	for _, g := range workers {
		isWorker[g] = true
	}
	for _, g := range x.members {
		from := b.roles[g.role(x)]
		for _, p := range g.intervals {
			if p.state != trace.GoWaiting || p.waker == nil || isWorker[p.waker] {
				continue
			}
			r := b.roles[p.waker.role(x)]
			switch {
			case r == nil || r == from && !isWorker[g]:
			case isWorker[g]:
				r.Ended += float64(p.length())
			case from != nil:
				b.relayed[[2]string{from.Entry, r.Entry}] += float64(p.length())
			}
		}
	}
}

// relay lets a role that mostly waits for others hand on what it ended: workers that wait for a dispatcher wait for
// those that the dispatcher waits for.
func (b *breakdown) relay() {
	ended := map[string]float64{}
	for k, ns := range b.relayed {
		if from := b.roles[k[0]]; from.Waiting > from.Running+from.Runnable {
			ended[k[1]] += from.Ended * ns / from.Waiting
		}
	}
	for name, ns := range ended {
		b.roles[name].Ended += ns
	}
}

// role returns the name of the role of a goroutine that is not a worker.
func (g *goroutine) role(x *crawlRecord) string {
	if g == x.caller {
		return "(caller)"
	}
	return g.entry()
}

// addRole adds a goroutine that is not a worker.
func (b *breakdown) addRole(g *goroutine, name string) {
	r := b.roles[name]
	if r == nil {
		r = &Role{Entry: name}
		b.roles[name] = r
	}
	r.Count++
	for _, p := range g.intervals {
		length := float64(p.length())
		switch {
		case p.state.Executing():
			r.Running += length
		case p.state == trace.GoRunnable:
			r.Runnable += length
		default:
			r.Waiting += length
			if p.reason == "sleep" || p.reason == "network" || p.at != nil && p.at.flags&inFetch != 0 {
				r.Away += length
			}
		}
	}
}

// entry returns the first function of the goroutine that belongs to the crawler.
func (g *goroutine) entry() string {
	for _, p := range g.intervals {
		if p.at != nil && p.at != g.start && p.state != trace.GoRunning {
			return p.at.entry
		}
	}
	if len(g.samples) > 0 && g.samples[0].stack != nil {
		return g.samples[0].stack.entry
	}
	if g.start != nil {
		return g.start.entry
	}
	return "(unknown)"
}

// finish converts to seconds, and returns the time breakdown and the wall profile.
func (b *breakdown) finish() (*Breakdown, *profile.Profile) {
	l := &b.breakdown
	l.Wall /= 1e9
	l.Queued /= 1e9
	l.Surplus /= 1e9
	l.Worker = float64(l.Workers) * l.Wall
	l.Seconds, l.Queue = map[State]float64{}, map[State]float64{}
	for c, ns := range b.queue {
		l.Queue[c] = ns / 1e9
	}
	booked := 0.0
	for _, c := range States() {
		l.Seconds[c] = b.seconds[c] / 1e9
		booked += l.Seconds[c]
	}
	l.Unaccounted = ratio(l.Worker-booked, l.Worker)
	l.Sites, l.Ends = b.places.finish(l.Worker)
	b.relay()
	l.Roles = closeRoles(b.roles, l.Wall)
	l.Holds, l.Pairs = b.evidence.finish()
	return l, b.wall.profile(l.Wall)
}
