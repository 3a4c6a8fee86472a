package hostlog

import (
	"cmp"
	"container/heap"
	"slices"
	"time"
)

// tails returns for each page how long the crawl lasts at least after the end of its fetch, because of pages that
// are found through it only. release has the pages that are reached.
func (s *Site) tails(r Rules, release []time.Duration) []time.Duration {
	const none, many = -1, -2
	parent := make([]int, len(release))
	for p := range parent {
		parent[p] = none
	}
	for _, p := range s.Seeds {
		parent[p] = many
	}
	var order []uint32
	for p, at := range release {
		if at == never {
			continue
		}
		order = append(order, uint32(p))
		if s.fails(uint32(p)) {
			continue
		}
		for _, q := range s.Graph.Out(uint32(p)) {
			switch {
			case int(q) == p || parent[q] == p:
			case parent[q] == none:
				parent[q] = p
			default:
				parent[q] = many
			}
		}
	}
	// Children come before their parents. Where that is not so, because a fetch takes no time, a tail is shorter.
	slices.SortStableFunc(order, func(a, b uint32) int { return cmp.Compare(release[b], release[a]) })
	tail := make([]time.Duration, len(release))
	// The pages of its host that are found through a page: the sum of what they take, and the most that the last of
	// them can rest after the crawl has ended.
	sum, rest := make([]time.Duration, len(release)), make([]time.Duration, len(release))
	for _, p := range order {
		own := s.occupied(r, p) - s.Latency[p]
		if sum[p] > 0 {
			tail[p] = max(tail[p], own+sum[p]-rest[p])
		}
		up := parent[p]
		if up < 0 {
			continue
		}
		after := s.Latency[p] + tail[p]
		if s.Host[p] == s.Host[up] {
			after += s.occupied(r, uint32(up)) - s.Latency[up]
			sum[up] += sum[p] + s.occupied(r, p)
			rest[up] = max(rest[up], rest[p], own)
		}
		tail[up] = max(tail[up], after)
	}
	return tail
}

// preemptive returns Jackson's bound for a host with one place whose pages have release dates and tails: the
// makespan of the schedule that may interrupt fetches, which always continues the page with the longest tail.
func (s *Site) preemptive(r Rules, pages []uint32, release, tail []time.Duration) time.Duration {
	pages = slices.Clone(pages)
	slices.SortFunc(pages, func(a, b uint32) int { return cmp.Compare(release[a], release[b]) })
	var now, bound time.Duration
	open := &jobs{}
	for len(pages) > 0 || open.Len() > 0 {
		if open.Len() == 0 {
			now = max(now, release[pages[0]])
		}
		for len(pages) > 0 && release[pages[0]] <= now {
			p := pages[0]
			pages = pages[1:]
			takes := s.occupied(r, p)
			heap.Push(open, job{takes, tail[p] - (takes - s.Latency[p])})
		}
		j := &open.list[0]
		if len(pages) > 0 && now+j.left > release[pages[0]] {
			j.left -= release[pages[0]] - now
			now = release[pages[0]]
			continue
		}
		now += j.left
		bound = max(bound, now+j.tail)
		heap.Pop(open)
	}
	return bound
}

// job is a page that has been released.
type job struct{ left, tail time.Duration }

// jobs is a heap of jobs, the longest tail first.
type jobs struct{ list []job }

func (q *jobs) Len() int           { return len(q.list) }
func (q *jobs) Less(i, j int) bool { return q.list[i].tail > q.list[j].tail }
func (q *jobs) Swap(i, j int)      { q.list[i], q.list[j] = q.list[j], q.list[i] }
func (q *jobs) Push(x any)         { q.list = append(q.list, x.(job)) }
func (q *jobs) Pop() any {
	n := len(q.list) - 1
	j := q.list[n]
	q.list = q.list[:n]
	return j
}
