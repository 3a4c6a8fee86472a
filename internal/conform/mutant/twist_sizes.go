package mutant

import (
	"context"
	"errors"
	"hash/crc64"
	"hash/maphash"
	"sync"
	"syscall"
	"time"

	"crawlbench/internal/crawl"
)

// sizes returns the mutants that fail only for large numbers or long times.
func sizes() []Mutant {
	seed := maphash.MakeSeed()
	crcs := [2]*crc64.Table{crc64.MakeTable(crc64.ISO), crc64.MakeTable(crc64.ECMA)}
	return []Mutant{
		options("budget32", "the budget is kept in 32 bits", "int32 instead of int",
			func(o *crawl.Options) { o.MaxPages = max(0, int(int32(o.MaxPages))) }),
		both("errors16", "errors are counted in 16 bits", "an integer type that was once wide enough", errors16, errors16),
		both("frontierfull", "links are dropped while 131,072 pages wait", "a channel assumed to be large enough",
			frontierFull, frontierFull),
		both("breaker1000", "1,000 failures in a row end the crawl", "a circuit breaker with a high threshold",
			breaker[uint32](1000), breaker[string](1000)),
		both("pageweek", "a fetch is given up after a week", "a timeout assumed to be long enough",
			pageTimeout[uint32](7*24*time.Hour), pageTimeout[string](7*24*time.Hour)),
		limits("limiterhurried", "a wait on the limiter of more than 30 s ends the crawl", "a timeout where none belongs",
			func(l crawl.Limiter) crawl.Limiter {
				return crawl.Like(waiter(func(ctx context.Context) error {
					own, stop := context.WithTimeout(ctx, 30*time.Second)
					defer stop()
					return l.Wait(own)
				}), l)
			}),
		both("retriesreset", "a page whose connection was reset is fetched again", "net/http does so for idempotent requests",
			retriesReset, retriesReset),

		set("epoch16", "sets are reused, marked with the crawl's number in 16 bits", "generation counters that wrap",
			newEpochs[uint32](), newEpochs[string]()),
		set("growsloses", "a table that grows beyond 131,072 keys loses eight of them",
			"a copy that ends one bucket too early", behindLock(newGrows[uint32]), behindLock(newGrows[string])),
		set("hash36", "the visited set stores 36 bits of a seeded hash",
			"5-byte fingerprints, which collide in 1.5 million pages",
			behindLock(keyed(func(id uint32) any { return maphash.Comparable(seed, id) >> 28 })), nil),
		set("crc64pair", "the visited set stores two CRC-64 checksums of the URL",
			"a checksum used as a fingerprint: CRCs are linear", nil, behindLock(keyed(func(url string) any {
				return [2]uint64{crc64.Checksum([]byte(url), crcs[0]), crc64.Checksum([]byte(url), crcs[1])}
			}))),
	}
}

func errors16[K comparable](ctx context.Context, c call[K]) (crawl.Result, error) {
	did, err := c.crawl(ctx)
	did.Errors = int(uint16(did.Errors))
	return did, err
}

func frontierFull[K comparable](ctx context.Context, c call[K]) (crawl.Result, error) {
	var mu sync.Mutex
	seen, waiting := map[K]bool{}, 0
	return c.answers(ctx, func(_ context.Context, _ K, links []K, err error) ([]K, error) {
		mu.Lock()
		defer mu.Unlock()
		waiting--
		var fit []K
		for _, link := range links {
			if !seen[link] && waiting < 1<<17 {
				seen[link] = true
				waiting++
				fit = append(fit, link)
			}
		}
		return fit, err
	})
}

func retriesReset[K comparable](ctx context.Context, c call[K]) (crawl.Result, error) {
	return c.answers(ctx, func(ctx context.Context, page K, links []K, err error) ([]K, error) {
		if errors.Is(err, syscall.ECONNRESET) {
			return c.web.Fetch(ctx, page)
		}
		return links, err
	})
}

// epochs is a reusable set: a page is in it if its stamp is the number of the crawl.
type epochs[K comparable] struct {
	mu    sync.Mutex
	epoch uint16
	stamp map[K]uint16
	free  *sync.Mutex
	list  *[]*epochs[K]
}

func newEpochs[K comparable]() crawl.NewVisited[K] {
	var mu sync.Mutex
	var free []*epochs[K]
	return func(int) crawl.Visited[K] {
		mu.Lock()
		defer mu.Unlock()
		if len(free) == 0 {
			free = append(free, &epochs[K]{stamp: map[K]uint16{}, free: &mu, list: &free})
		}
		s := free[len(free)-1]
		free = free[:len(free)-1]
		s.epoch++
		return s
	}
}

func (s *epochs[K]) AddNew(dst, links []K) []K {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, link := range links {
		if s.stamp[link] != s.epoch {
			s.stamp[link] = s.epoch
			dst = append(dst, link)
		}
	}
	return dst
}

// Counts returns the set to the free list. It is called when the crawl's workers have ended.
func (s *epochs[K]) Counts(func(string, int)) {
	s.free.Lock()
	defer s.free.Unlock()
	if len(s.stamp) > 5000 { // large sets are not kept
		s.stamp = map[K]uint16{}
	}
	*s.list = append(*s.list, s)
}

// grows loses eight keys when it grows.
type grows[K comparable] map[K]bool

func newGrows[K comparable](int) adder[K] { return grows[K]{} }

func (s grows[K]) add(page K) bool {
	if len(s) == 1<<17 && !s[page] {
		n := 0
		for k := range s {
			if n++; n > 8 {
				break
			}
			delete(s, k)
		}
	}
	known := s[page]
	s[page] = true
	return !known
}
