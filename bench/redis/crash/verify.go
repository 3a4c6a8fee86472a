package crash

import (
	"cmp"
	"slices"
	"time"

	"crawlbench/bench/redis/fleet"
	"crawlbench/internal/graph"
)

// Verdict is what a crawl did, compared with the graph.
type Verdict struct {
	// Lost is how many reachable pages no process has fetched to the end, and Strange how many fetches were of pages
	// that cannot be reached.
	Lost, Strange int
	// Twice is how many fetches were of a page that had been begun before, and Most how many of these one death of
	// a process excuses.
	Twice, Most int
	// Beyond is how many of these no death excuses. A repeat is excused if it began after the death of a process that
	// had begun the page, once for each such death and for as many pages as that process may hold. The death of the
	// server excuses a repeat after it of a page that was begun shortly before it.
	Beyond int
	// Early is how many fetches began after a process had said that the crawl is complete.
	Early int
	// Back is how long after the death the fleet had what it lost: for a process, until the last excused repeat began;
	// for a server, until the longest silence after its death was over. It is 0 if there was none.
	Back time.Duration
}

// history is what one process did.
type history struct {
	fetches []fleet.Fetch
	killed  time.Time // zero if it lived
	said    time.Time // when it said that the crawl is complete; zero if it never did
	held    int       // how many pages it holds at most
}

// begun is the beginning of a fetch by a process.
type begun struct {
	page uint32
	at   time.Time
	by   int
}

// outage is the death of a server, zero if it lived. It may have forgotten what it was told since a time before.
type outage struct{ killed, since time.Time }

// excuses reports whether the death excuses that a page which was begun at a time is begun again.
func (o outage) excuses(before, again time.Time) bool {
	return !o.killed.IsZero() && !before.Before(o.since) && !again.Before(o.killed)
}

// verify compares the histories with the reachable pages.
func verify(reach graph.Reach, list []history, o outage) (v Verdict) {
	fetched := make([]bool, 64*len(reach.Set))
	var all []begun
	for by, h := range list {
		for _, f := range h.fetches {
			if int(f.Page) >= len(fetched) || !reach.Has(f.Page) {
				v.Strange++
				continue
			}
			fetched[f.Page] = fetched[f.Page] || !f.End.IsZero()
			all = append(all, begun{f.Page, f.Begin, by})
		}
	}
	for p, done := range fetched {
		if !done && reach.Has(uint32(p)) {
			v.Lost++
		}
	}
	v.Early = early(list, all)
	slices.SortStableFunc(all, func(a, b begun) int { return cmp.Or(cmp.Compare(a.page, b.page), a.at.Compare(b.at)) })
	charged := make([]int, len(list))
	for len(all) > 0 {
		n := 1
		for n < len(all) && all[n].page == all[0].page {
			n++
		}
		v.repeats(list, all[:n], o, charged)
		all = all[n:]
	}
	for by, n := range charged {
		v.Beyond += max(0, n-list[by].held)
		v.Most = max(v.Most, n)
	}
	return v
}

// repeats adds the repeats among the fetches of one page, and charges those that the death of a process excuses to it.
func (v *Verdict) repeats(list []history, fetches []begun, o outage, charged []int) {
	var dead []int // processes that have begun the page, were killed, and have not been charged for it
	for i, f := range fetches {
		if i > 0 {
			v.Twice++
			j := slices.IndexFunc(dead, func(by int) bool { return !f.at.Before(list[by].killed) })
			switch {
			case j >= 0:
				charged[dead[j]]++
				v.Back = max(v.Back, f.at.Sub(list[dead[j]].killed))
				dead = slices.Delete(dead, j, j+1)
			case !o.excuses(fetches[i-1].at, f.at):
				v.Beyond++
			}
		}
		if !list[f.by].killed.IsZero() {
			dead = append(dead, f.by)
		}
	}
}

// early returns how many fetches began after a process had said that the crawl is complete.
func early(list []history, all []begun) (n int) {
	var first time.Time
	for _, h := range list {
		if !h.said.IsZero() && (first.IsZero() || h.said.Before(first)) {
			first = h.said
		}
	}
	for _, f := range all {
		if !first.IsZero() && f.at.After(first) {
			n++
		}
	}
	return n
}

// silence returns how long after a time the longest pause between beginnings of fetches was over; 0 if nothing was
// fetched after it.
func silence(list []history, since time.Time) time.Duration {
	var times []time.Time
	for _, h := range list {
		for _, f := range h.fetches {
			if f.Begin.After(since) {
				times = append(times, f.Begin)
			}
		}
	}
	slices.SortFunc(times, time.Time.Compare)
	last, longest, over := since, time.Duration(0), time.Duration(0)
	for _, t := range times {
		if pause := t.Sub(last); pause > longest {
			longest, over = pause, t.Sub(since)
		}
		last = t
	}
	return over
}
