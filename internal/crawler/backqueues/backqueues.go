// Package backqueues is Mercator's frontier (Heydon and Najork, 1999; Manning, Raghavan and Schütze, Introduction
// to Information Retrieval, 20.2.3): pages wait in one front queue, and a fixed number of back queues each hold the
// pages of one host. Only hosts with a back queue are asked; a heap has the times at which they may be.
//
// Mercator has three back queues for each worker. That bounds memory, and it wastes time where each host must rest
// for longer than the other back queues have pages: then most hosts wait in the front queue although they could be
// asked.
package backqueues

import (
	"crawlbench/internal/crawl"
	"crawlbench/internal/crawl/polite"
	"crawlbench/internal/crawl/visited"
)

// Crawler returns the crawler.
func Crawler() crawl.Crawler {
	queues := crawl.Param{Name: "B", Doc: "back queues for each worker", Unit: "W", Default: 3, Min: 1, Max: 1000}
	return polite.Tuned("backqueues", "polite: Mercator's front queue and back queues of one host each", queues,
		schedule[uint32], schedule[string], polite.Sets{ByID: visited.NewBits, ByURL: visited.NewTable})
}

// queue is a table of the hosts that have a back queue, behind a front queue.
type queue[K comparable] struct {
	*polite.Table[K]
	free  int             // back queues without a host
	bound map[uint32]bool // hosts with a back queue
	front polite.List[page[K]]
}

type page[K comparable] struct {
	page K
	host uint32
}

func schedule[K comparable](perWorker int64) polite.New[K] {
	return func(rules polite.Rules) polite.Scheduler[K] {
		times := polite.NewHeap()
		q := &queue[K]{
			Table: polite.NewTable[K](rules, times), free: int(perWorker) * rules.Workers, bound: map[uint32]bool{},
		}
		// A host keeps its back queue until its gap has passed: with the queue its clock would be lost.
		q.Freed = func(host uint32) {
			if q.bound[host] {
				delete(q.bound, host)
				q.free++
			}
		}
		return polite.NewTimed(rules, q, times)
	}
}

// Outstanding implements polite.Queue.
func (q *queue[K]) Outstanding() int { return q.Table.Outstanding() + q.front.Len() }

// Add implements polite.Queue.
func (q *queue[K]) Add(found polite.Found[K]) {
	for i, p := range found.Pages {
		q.front.Push(page[K]{p, found.Hosts[i]})
	}
	q.refill()
}

// End implements polite.Queue.
func (q *queue[K]) End(turn *polite.Turn[K], now int64) {
	q.Table.End(turn, now)
	q.refill()
}

// Release implements polite.Queue.
func (q *queue[K]) Release(now int64) {
	q.Table.Release(now)
	q.refill()
}

// refill moves pages from the front queue until each back queue has a host.
func (q *queue[K]) refill() {
	for q.free > 0 && q.front.Len() > 0 {
		p := q.front.Pop()
		if !q.bound[p.host] {
			q.bound[p.host] = true
			q.free--
		}
		q.Table.Add(polite.Found[K]{Pages: []K{p.page}, Hosts: []uint32{p.host}})
	}
}
