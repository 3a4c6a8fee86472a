package hostlog

import (
	"cmp"
	"container/heap"
	"slices"
	"time"
)

// Bound returns a time that no crawl of s that keeps r can be faster than: the largest of
//
//   - the latencies of all pages, divided by the number of workers;
//   - the longest path: a page begins when the pages on the shortest path to it have ended, and if two of them are
//     neighbours on one host with one place, their gap has passed;
//   - for each host, the bound of a machine whose jobs have release dates: the k-th page and those after it, in the
//     order of these shortest paths, cannot begin before the k-th, and need their latencies and gaps;
//   - for each host with one place, Jackson's bound, which also knows what is found through one page only and so must
//     come after it (Carlier, The one-machine sequencing problem, 1982).
//
// It is not tight where what is found depends on the order in which the pages of a host are fetched.
func Bound(s *Site, r Rules) time.Duration {
	release := s.release(r)
	var work, bound time.Duration
	pages := make([][]uint32, s.hosts())
	for p, at := range release {
		if at == never {
			continue
		}
		work += s.Latency[p]
		bound = max(bound, at+s.Latency[p])
		pages[s.Host[p]] = append(pages[s.Host[p]], uint32(p))
	}
	bound = max(bound, work/time.Duration(r.Workers))
	width := time.Duration(r.Policy.Width())
	var tail []time.Duration
	if width == 1 {
		tail = s.tails(r, release)
	}
	for _, list := range pages {
		slices.SortFunc(list, func(a, b uint32) int { return cmp.Compare(release[b], release[a]) })
		var sum, rest time.Duration // of the pages from the last to this one
		for _, p := range list {
			sum += s.occupied(r, p)
			rest = max(rest, s.occupied(r, p)-s.Latency[p])
			bound = max(bound, release[p]+sum/width-rest)
		}
		if tail != nil {
			bound = max(bound, s.preemptive(r, list, release, tail))
		}
	}
	return bound
}

// occupied returns how long a place of the page's host is taken by its fetch and the gap.
func (s *Site) occupied(r Rules, page uint32) time.Duration {
	if r.Policy.FromStart {
		if r.Policy.Width() > 1 {
			return s.Latency[page]
		}
		return max(s.Latency[page], r.Policy.Gap)
	}
	return s.Latency[page] + r.Policy.Gap
}

// release returns the earliest time at which each page can begin, never for those that are not reached.
func (s *Site) release(r Rules) []time.Duration {
	at := make([]time.Duration, s.Graph.Pages())
	for p := range at {
		at[p] = never
	}
	q := &queue{}
	for _, p := range s.Seeds {
		if at[p] != 0 && !s.forbidden(p) {
			at[p] = 0
			heap.Push(q, entry{p, 0})
		}
	}
	for q.Len() > 0 {
		e := heap.Pop(q).(entry)
		if e.at > at[e.page] || s.fails(e.page) {
			continue
		}
		for _, to := range s.Graph.Out(e.page) {
			when := e.at + s.Latency[e.page]
			if s.Host[to] == s.Host[e.page] && r.Policy.Width() == 1 {
				when = e.at + s.occupied(r, e.page)
			}
			if when < at[to] && !s.forbidden(to) {
				at[to] = when
				heap.Push(q, entry{to, when})
			}
		}
	}
	return at
}

type entry struct {
	page uint32
	at   time.Duration
}

type queue struct{ list []entry }

func (q *queue) Len() int           { return len(q.list) }
func (q *queue) Less(i, j int) bool { return q.list[i].at < q.list[j].at }
func (q *queue) Swap(i, j int)      { q.list[i], q.list[j] = q.list[j], q.list[i] }
func (q *queue) Push(x any)         { q.list = append(q.list, x.(entry)) }
func (q *queue) Pop() any {
	n := len(q.list) - 1
	e := q.list[n]
	q.list = q.list[:n]
	return e
}
