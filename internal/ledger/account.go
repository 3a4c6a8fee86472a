package ledger

import (
	"golang.org/x/exp/trace"

	"github.com/google/pprof/profile"
)

// account adds crawls up. Times are in nanoseconds until it is closed.
type account struct {
	ledger  Ledger
	seconds map[Class]float64
	places  tally
	wall    wall
	roles   map[string]*Role
}

func newAccount(workers int) *account {
	return &account{
		ledger:  Ledger{Workers: workers},
		seconds: map[Class]float64{},
		places:  newTally(),
		wall:    newWall(),
		roles:   map[string]*Role{},
	}
}

// add takes a crawl.
func (a *account) add(x *extent) {
	l := &a.ledger
	l.Crawls++
	l.Wall += float64(x.to - x.from)
	workers, others := divide(x)
	stopped := during(x.stopped)
	for _, g := range others {
		a.role(g, g == x.caller)
	}
	first, last, missing := a.outside(x, workers)
	if !comeAndGo(workers, l.Workers) {
		for _, g := range workers {
			l.Pages += len(g.marks)
			a.nobody(Other, "(not started yet)", float64(g.began-first))
			a.nobody(Other, "(gone already)", float64(last-g.ended))
			for _, p := range g.parts {
				a.book(x, stopped, p, float64(p.length()))
			}
			for _, s := range g.samples {
				a.sample(s)
			}
		}
		return
	}
	l.ComeAndGo++
	claimed := make(map[*goroutine]claim, len(workers))
	for _, g := range workers {
		claimed[g] = claims(g, x.selects)
	}
	s := share(x, workers, claimed, l.Workers)
	for _, g := range workers {
		l.Pages += len(g.marks)
		a.visitor(x, stopped, g, claimed[g], s)
	}
	l.Surplus += s.surplus
	a.nobody(Starvation, "(idle slot)", s.idle-missing)
}

// outside books the time in which the crawler has no worker yet or no more, as it prepares or cleans up, and returns
// where that ends and begins again, and how much it is.
func (a *account) outside(x *extent, workers []*goroutine) (first, last trace.Time, ns float64) {
	if len(workers) == 0 {
		return x.from, x.to, 0
	}
	first, last = x.to, x.from
	for _, g := range workers {
		first, last = min(first, g.began), max(last, g.ended)
	}
	n := float64(a.ledger.Workers)
	before, after := n*float64(first-x.from), n*float64(x.to-last)
	a.nobody(Other, "(before the first worker)", before)
	a.nobody(Other, "(after the last worker)", after)
	return first, last, before + after
}

// nobody books time of workers that are not there.
func (a *account) nobody(class Class, where string, ns float64) {
	if ns > 0 {
		a.seconds[class] += ns
		a.places.site(class, where, "", ns)
		a.wall.waits[under{class, a.wall.name(where)}] += ns
	}
}

// visitor books a goroutine that comes and goes.
func (a *account) visitor(x *extent, stopped *meter, g *goroutine, c claim, s slots) {
	for _, p := range g.parts {
		length := float64(p.length())
		switch {
		case p.from >= c.took && joins(p):
		case p.from >= c.took:
			a.book(x, stopped, p, s.holding.between(p.from, p.to))
		case p.to <= c.ran:
			shared := s.started.between(p.from, p.to)
			a.book(x, stopped, p, shared)
			a.ledger.Queued += length - shared
		default:
			a.ledger.Queued += length
		}
	}
	for _, sm := range g.samples {
		if sm.at >= c.took {
			a.sample(sm)
		}
	}
}

// divide tells workers from the other goroutines of the crawl.
func divide(x *extent) (workers, others []*goroutine) {
	kinds := map[string]bool{}
	for _, g := range x.members {
		if g.born && len(g.marks) > 0 {
			kinds[g.kind] = true
		}
	}
	for _, g := range x.members {
		switch {
		case len(g.marks) > 0 || g.born && kinds[g.kind]:
			workers = append(workers, g)
		case g.born || g == x.caller:
			others = append(others, g)
		}
	}
	return workers, others
}

// comeAndGo reports whether there were other workers at another time.
func comeAndGo(workers []*goroutine, n int) bool {
	if len(workers) > n {
		return true
	}
	isWorker := make(map[*goroutine]bool, len(workers))
	var first trace.Time // end of a worker
	for _, g := range workers {
		isWorker[g] = true
		if first == 0 || g.ended < first {
			first = g.ended
		}
	}
	for _, g := range workers {
		if g.began > first || isWorker[g.parent] && g.parent.born {
			return true
		}
	}
	return false
}

// book counts a part of a worker's time as so many nanoseconds.
func (a *account) book(x *extent, stopped *meter, p part, ns float64) {
	if ns <= 0 {
		return
	}
	class := x.selects.class(p)
	if class == Running || class == Runnable {
		if s := stopped.between(p.from, p.to) / float64(p.length()) * ns; s > 0 {
			a.spend(GC, part{why: "stop the world", at: p.at}, s)
			ns -= s
		}
	}
	a.spend(class, p, ns)
}

func (a *account) spend(class Class, p part, ns float64) {
	a.seconds[class] += ns
	if class == Running {
		a.wall.running += ns
		return
	}
	a.wall.wait(class, p, ns)
	a.places.take(class, p, ns)
}

func (a *account) sample(s sample) {
	a.ledger.Samples++
	a.wall.sample(s.of)
}

// role counts a goroutine that is no worker.
func (a *account) role(g *goroutine, caller bool) {
	name := "(caller)"
	if !caller {
		name = g.entry()
	}
	r := a.roles[name]
	if r == nil {
		r = &Role{Entry: name}
		a.roles[name] = r
	}
	r.Count++
	for _, p := range g.parts {
		length := float64(p.length())
		switch {
		case p.state.Executing():
			r.Running += length
		case p.state == trace.GoRunnable:
			r.Runnable += length
		default:
			r.Waiting += length
		}
	}
}

// entry returns the function that a goroutine began with, of the crawler's own.
func (g *goroutine) entry() string {
	for _, p := range g.parts {
		if p.at != nil && p.at != g.start && p.state != trace.GoRunning {
			return p.at.entry
		}
	}
	if len(g.samples) > 0 && g.samples[0].of != nil {
		return g.samples[0].of.entry
	}
	if g.start != nil {
		return g.start.entry
	}
	return "(unknown)"
}

// close gives out the ledger in seconds, and the wall profile.
func (a *account) close() (*Ledger, *profile.Profile) {
	l := &a.ledger
	l.Wall /= 1e9
	l.Queued /= 1e9
	l.Surplus /= 1e9
	l.Worker = float64(l.Workers) * l.Wall
	l.Seconds = map[Class]float64{}
	booked := 0.0
	for _, c := range Classes() {
		l.Seconds[c] = a.seconds[c] / 1e9
		booked += l.Seconds[c]
	}
	l.Residual = ratio(l.Worker-booked, l.Worker)
	l.Sites, l.Ends = a.places.close(l.Worker)
	l.Roles = closeRoles(a.roles, l.Wall)
	return l, a.wall.profile(l.Wall)
}
