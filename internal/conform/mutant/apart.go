package mutant

import (
	"fmt"
	"hash/fnv"
	"strings"
	"sync"

	"crawlbench/internal/crawl"
)

// apart returns mutants that are not a pool with a bug.
func apart() []Mutant {
	kept, keptURL := newStateful[uint32](false), newStateful[string](false)
	shared, sharedURL := newStateful[uint32](true), newStateful[string](true)
	return []Mutant{
		set("loadthenstore", "sync.Map: Load, then Store", "katana: Get, then Set",
			newLoadStore[uint32], newLoadStore[string]),
		set("norecheck", "a page not found under the read lock is stored without checking again",
			"geziyor: a per-host semaphore created twice", newNoRecheck[uint32], newNoRecheck[string]),
		set("longlists", "long lists of links are checked under the read lock and stored without checking again", "a fast path for large pages", newLongLists[uint32], newLongLists[string]),
		set("unlockedmap", "a map without a lock", "a set from a sequential crawler",
			newUnlocked[uint32], newUnlocked[string]),
		set("globalstate", "the visited set survives the crawl", "colly PR 872: a policy object shared by two crawls",
			kept, keptURL),
		set("sharedstate", "each crawl clears a visited set that all crawls share",
			"colly PR 872: a second Init while the first is in use", shared, sharedURL),
		set("privatelock", "the set is copied with its mutex, so each caller has its own lock",
			"a method with a value receiver", newPrivate[uint32], newPrivate[string]),
		set("negativeshard", "the shard index is the remainder of a signed hash, which can be negative", "int(hash) % shards",
			newSigned[uint32], newSigned[string]),
		set("foldscase", "URLs that differ only in case are treated as equal",
			"crawler4j 408: the key differs from what is fetched", nil,
			behindLock(keyed(func(url string) any { return strings.ToLower(url) }))),
		made("boundedfeedback", "workers send new links into the bounded channel that they read from",
			"lychee 465: a page with more links than the queue holds", bounded[uint32](false), bounded[string](false)),
		made("sendonclosed", "the channel is closed when all pages are dequeued, before their links are sent",
			"fetchbot: send on closed channel", bounded[uint32](true), bounded[string](true)),
		made("goroutineperlink", "every new link is fetched at once by a goroutine of its own",
			"colly 381: unbounded goroutines", unbounded[uint32], unbounded[string]),
	}
}

type loadStore[K comparable] struct{ seen sync.Map }

func newLoadStore[K comparable](int) crawl.Visited[K] { return &loadStore[K]{} }

func (s *loadStore[K]) AddNew(dst, links []K) []K {
	for _, link := range links {
		if _, ok := s.seen.Load(link); !ok {
			s.seen.Store(link, true)
			dst = append(dst, link)
		}
	}
	return dst
}

type noRecheck[K comparable] struct {
	mu   sync.RWMutex
	seen map[K]bool
}

func newNoRecheck[K comparable](int) crawl.Visited[K] { return &noRecheck[K]{seen: map[K]bool{}} }

func (s *noRecheck[K]) AddNew(dst, links []K) []K {
	for _, link := range links {
		s.mu.RLock()
		known := s.seen[link]
		s.mu.RUnlock()
		if known {
			continue
		}
		s.mu.Lock()
		s.seen[link] = true
		s.mu.Unlock()
		dst = append(dst, link)
	}
	return dst
}

// longLists is correct for lists of fewer than a thousand links.
type longLists[K comparable] struct{ noRecheck[K] }

func newLongLists[K comparable](int) crawl.Visited[K] {
	return &longLists[K]{noRecheck[K]{seen: map[K]bool{}}}
}

func (s *longLists[K]) AddNew(dst, links []K) []K {
	if len(links) >= 1000 {
		return s.noRecheck.AddNew(dst, links)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return unlocked[K](s.seen).AddNew(dst, links)
}

type unlocked[K comparable] map[K]bool

func newUnlocked[K comparable](int) crawl.Visited[K] { return unlocked[K]{} }

func (s unlocked[K]) AddNew(dst, links []K) []K {
	for _, link := range links {
		if !s[link] {
			s[link] = true
			dst = append(dst, link)
		}
	}
	return dst
}

type stateful[K comparable] struct {
	mu   sync.Mutex
	seen map[K]bool
}

// newStateful returns a constructor that returns the same set for all crawls. If clears is set, each crawl clears it.
func newStateful[K comparable](clears bool) crawl.NewVisited[K] {
	s := &stateful[K]{seen: map[K]bool{}}
	return func(int) crawl.Visited[K] {
		s.mu.Lock()
		defer s.mu.Unlock()
		if clears {
			clear(s.seen)
		}
		return s
	}
}

func (s *stateful[K]) AddNew(dst, links []K) []K {
	s.mu.Lock()
	defer s.mu.Unlock()
	return unlocked[K](s.seen).AddNew(dst, links)
}

// private has a lock that no other caller uses.
type private[K comparable] map[K]bool

func newPrivate[K comparable](int) crawl.Visited[K] { return private[K]{} }

func (s private[K]) AddNew(dst, links []K) []K {
	var mu sync.Mutex
	mu.Lock()
	defer mu.Unlock()
	return unlocked[K](s).AddNew(dst, links)
}

const shards = 16

// signed computes the index of a shard from a signed hash.
type signed[K comparable] [shards]stateful[K]

func newSigned[K comparable](int) crawl.Visited[K] {
	s := &signed[K]{}
	for i := range s {
		s[i].seen = map[K]bool{}
	}
	return s
}

func (s *signed[K]) AddNew(dst, links []K) []K {
	for _, link := range links {
		dst = s[hash(link)%shards].AddNew(dst, []K{link})
	}
	return dst
}

// hash returns the upper half of an id, or the FNV-1a hash of a URL.
func hash[K comparable](key K) int32 {
	if id, ok := any(key).(uint32); ok {
		return int32(id) >> 16
	}
	h := fnv.New32a()
	fmt.Fprint(h, key)
	return int32(h.Sum32())
}
