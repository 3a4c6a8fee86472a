package lesson

import (
	"fmt"
	"sync"

	"crawlbench/internal/crawl"
	"crawlbench/internal/crawl/engine"
	"crawlbench/internal/diagnose"
)

func lockPerLink() Lesson {
	return Lesson{
		Title: "a lock per link, a lock per page",
		Question: "Two crawlers with eight workers differ in one line: the visited set locks once for each link, or once " +
			"for all links of a page. Both do the same lookups under the lock. A page has about 12 links, and the site " +
			"answers at once. How do they compare?",
		Choices: []string{
			"a lock per link is faster: each is held for a shorter time",
			"they are equal, within a factor of 1.5: the same work is done under the lock",
			"a lock per page is faster: it is passed on less often",
		},
		Taught: 2,
		Why: "A contended lock costs time mostly when it passes from one worker to the next: a cache line moves, or " +
			"a goroutine sleeps and is woken up. That is paid for each acquisition, whereas a lookup takes a few " +
			"nanoseconds. So take a lock for a batch of work, not for each item; the links of a page are such a batch.",
		Next: "\"crawlbench list crawlers\" shows sharded and chunked, which go further: many locks, or none.",
		run: measured(`
crawlers = ["lesson.perlink", "lesson.perpage"]
workers  = [8]
`+inMemory, []cellOf{{"lesson.perlink", 8}, {"lesson.perpage", 8}}, func(cells []*diagnose.Cell) Result {
			link, page := cells[0], cells[1]
			p := times(page, link)
			return Result{side(p, 1.5), speeds(link, page), fmt.Sprintf(
				"%.1f locks a page against %.1f: the lock per page has %s the throughput."+method,
				link.Counts["locks"], page.Counts["locks"], p.String())}
		}),
	}
}

// counting is a set behind a lock that counts how often it is acquired.
type counting[K comparable] struct {
	mu    sync.Mutex
	seen  map[K]struct{}
	locks int
	batch bool // lock once for all links of a page
}

func perLink() crawl.Crawler {
	return engine.FromVisited("lesson.perlink", "a lock for each link, counted", newCounting[uint32](false), nil)
}

func perPage() crawl.Crawler {
	return engine.FromVisited("lesson.perpage", "a lock for each page, counted", newCounting[uint32](true), nil)
}

func newCounting[K comparable](batch bool) crawl.NewVisited[K] {
	return func(sizeHint int) crawl.Visited[K] {
		return &counting[K]{seen: make(map[K]struct{}, sizeHint), batch: batch}
	}
}

// Counts implements crawl.Counter.
func (s *counting[K]) Counts(count func(string, int)) { count("locks", s.locks) }

func (s *counting[K]) AddNew(dst, links []K) []K {
	if s.batch {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.locks++
		for _, link := range links {
			dst = s.add(dst, link)
		}
		return dst
	}
	for _, link := range links {
		s.mu.Lock()
		s.locks++
		dst = s.add(dst, link)
		s.mu.Unlock()
	}
	return dst
}

func (s *counting[K]) add(dst []K, link K) []K {
	if _, known := s.seen[link]; known {
		return dst
	}
	s.seen[link] = struct{}{}
	return append(dst, link)
}
