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
	// Twice is how many fetches were of a page that had been begun before, and Most how many of these one death excuses.
	Twice, Most int
	// Beyond is how many of these no death excuses. A repeat is excused if it began after the death of a process that
	// had begun the page, once for each such death and for as many pages as that process may hold.
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

// verify compares the histories with the reachable pages. excused is how many repeats the death of the server excuses.
func verify(reach graph.Reach, list []history, excused int) (v Verdict) {
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
		v.repeats(list, all[:n], charged)
		all = all[n:]
	}
	for by, n := range charged {
		v.Beyond += max(0, n-list[by].held)
		v.Most = max(v.Most, n)
	}
	v.Beyond = max(0, v.Beyond-excused)
	return v
}

// repeats adds the repeats among the fetches of one page, and charges excused ones to the dead.
func (v *Verdict) repeats(list []history, fetches []begun, charged []int) {
	var dead []int // processes that have begun the page, were killed, and have not been charged for it
	for i, f := range fetches {
		if i > 0 {
			v.Twice++
			j := slices.IndexFunc(dead, func(by int) bool { return !f.at.Before(list[by].killed) })
			if j < 0 {
				v.Beyond++
			} else {
				charged[dead[j]]++
				v.Back = max(v.Back, f.at.Sub(list[dead[j]].killed))
				dead = slices.Delete(dead, j, j+1)
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
