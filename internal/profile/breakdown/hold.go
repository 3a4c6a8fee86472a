package breakdown

import (
	"cmp"
	"slices"

	"golang.org/x/exp/trace"
)

// LockHold is time in which a lock was held while others waited for it.
type LockHold struct {
	Where string `json:"where"` // the waiters wait here, as in Site
	// At is where the holder itself waited or was in a system call, and For what it had called there; both are "" while
	// it had or wanted a processor.
	At      string  `json:"at"`
	For     string  `json:"for"`
	Seconds float64 `json:"sec"`
}

// Pair is a place that sends on a channel and one that receives from it, with the number of sleeps at each end.
type Pair struct {
	Send          string `json:"send"`
	Receive       string `json:"receive"`
	SendSleeps    int    `json:"send_sleeps"`
	ReceiveSleeps int    `json:"receive_sleeps"`
	// Locks is the number of these sleeps that were ended by a goroutine which had slept at the same place itself, and
	// fetched nothing since: as if the channel were a lock.
	Locks int `json:"locks"`
}

// evidence accumulates what tells causes apart.
type evidence struct {
	holds map[LockHold]float64 // nanoseconds; keys have no Seconds
	pairs map[Pair]*Pair       // keys have no counts
}

// wait is a wait of a goroutine that another one ended.
type wait struct {
	interval
	g    *goroutine
	site string
}

// add examines the waits of a crawl, in the order in which they ended.
func (v evidence) add(x *crawlRecord) {
	var waits []wait
	for _, g := range x.members {
		for _, p := range g.intervals {
			if p.state == trace.GoWaiting && p.by != nil {
				where, _ := p.place()
				waits = append(waits, wait{p, g, where})
			}
		}
	}
	slices.SortStableFunc(waits, func(a, b wait) int { return cmp.Compare(a.to, b.to) })
	// when the lock that is waited for at a site was last released to a waiter
	freed := map[string]trace.Time{}
	left := map[*goroutine]map[*stack]trace.Time{} // when a goroutine last ended a wait at a place
	for _, p := range waits {
		switch class := x.selects.class(p.interval); {
		case class == Lock:
			v.hold(x, p, max(p.from, freed[p.site]))
			freed[p.site] = p.to
			continue
		case class == Channel:
			n := v.pair(p.site, p.by.site)
			n.SendSleeps++
			n.add(p, left)
		case class == Idle && p.reason != "sync.(*Cond).Wait":
			n := v.pair(p.by.site, p.site)
			n.ReceiveSleeps++
			n.add(p, left)
		default:
			continue
		}
		if left[p.g] == nil {
			left[p.g] = map[*stack]trace.Time{}
		}
		left[p.g][p.at] = p.to
	}
}

func (v evidence) pair(send, receive string) *Pair {
	k := Pair{Send: send, Receive: receive}
	n := v.pairs[k]
	if n == nil {
		n = &Pair{Send: send, Receive: receive}
		v.pairs[k] = n
	}
	return n
}

// add counts p if the goroutine that ended it had slept at the same place since its last fetch.
func (n *Pair) add(p wait, left map[*goroutine]map[*stack]trace.Time) {
	if p.waker == nil {
		return
	}
	at, waited := left[p.waker][p.at]
	marks := p.waker.marks
	fetched, _ := slices.BinarySearch(marks, p.to)
	if waited && (fetched == 0 || marks[fetched-1] < at) {
		n.Locks++
	}
}

// hold adds what the goroutine that ended the wait p did since from, when it may have taken the lock: it cannot have
// had it before, as another goroutine released it then, nor while it waited for a lock itself.
func (v evidence) hold(x *crawlRecord, p wait, from trace.Time) {
	if p.waker == nil {
		return
	}
	intervals := p.waker.intervals
	first, _ := slices.BinarySearchFunc(intervals, from,
		func(i interval, t trace.Time) int { return cmp.Compare(i.to, t) })
	var held []interval
	for _, i := range intervals[first:] {
		if i.from >= p.to {
			break
		}
		if x.selects.class(i) == Lock || i.reason == "sync.(*Cond).Wait" { // which releases its lock
			held = held[:0]
			continue
		}
		i.from, i.to = max(i.from, from), min(i.to, p.to)
		held = append(held, i)
	}
	for _, i := range held {
		k := LockHold{Where: p.site}
		if (i.state == trace.GoWaiting || i.state == trace.GoSyscall) && x.selects.class(i) != GC {
			k.At, k.For = i.place()
		}
		v.holds[k] += float64(i.length())
	}
}

// finish returns the largest of both lists, at most maxEnds each.
func (v evidence) finish() ([]LockHold, []Pair) {
	var holds []LockHold
	for h, ns := range v.holds {
		h.Seconds = ns / 1e9
		holds = append(holds, h)
	}
	slices.SortFunc(holds, func(a, b LockHold) int {
		return cmp.Or(cmp.Compare(b.Seconds, a.Seconds), cmp.Compare(a.Where, b.Where), cmp.Compare(a.At, b.At),
			cmp.Compare(a.For, b.For))
	})
	var pairs []Pair
	for _, p := range v.pairs {
		pairs = append(pairs, *p)
	}
	slices.SortFunc(pairs, func(a, b Pair) int {
		return cmp.Or(cmp.Compare(b.SendSleeps+b.ReceiveSleeps, a.SendSleeps+a.ReceiveSleeps),
			cmp.Compare(a.Send, b.Send), cmp.Compare(a.Receive, b.Receive))
	})
	return holds[:min(len(holds), maxEnds)], pairs[:min(len(pairs), maxEnds)]
}

// addVain counts the waits of a worker that follow one at the same place without a fetch in between: it was woken, or
// slept long enough, for nothing.
func (b *breakdown) addVain(x *crawlRecord, g *goroutine) {
	var last interval
	marks := g.marks
	for _, p := range g.intervals {
		if p.state != trace.GoWaiting || p.at == nil {
			continue
		}
		class := x.selects.class(p)
		if class == Lock { // Cond.Wait takes its lock again
			continue
		}
		for len(marks) > 0 && marks[0] < last.to {
			marks = marks[1:]
		}
		if last.at == p.at && (len(marks) == 0 || marks[0] >= p.from) {
			where, primitive := p.place()
			b.places.site(class, where, primitive).Vain++
		}
		last = p
	}
}

// addTail adds the longest page in the time at the end of a crawl in which one worker alone has something to do.
// A worker has nothing to do from the first wait for work or for others after its last fetch.
func (b *breakdown) addTail(x *crawlRecord, workers []*goroutine) {
	var last, second trace.Time
	var pages []trace.Time // fetches of the worker that ends last
	for _, g := range workers {
		if len(g.marks) == 0 {
			continue
		}
		end := g.ended
		for _, p := range g.intervals {
			if p.from > g.marks[len(g.marks)-1] && p.state == trace.GoWaiting && (x.selects.class(p) == Idle ||
				joins(p)) {
				end = p.from
				break
			}
		}
		switch {
		case end > last:
			last, second, pages = end, last, g.marks
		case end > second:
			second = end
		}
	}
	if second == 0 {
		return
	}
	longest := trace.Time(0)
	for i, from := range pages {
		to := last
		if i+1 < len(pages) {
			to = pages[i+1]
		}
		longest = max(longest, to-max(from, second))
	}
	b.breakdown.Tail += float64(longest) / 1e9
}
