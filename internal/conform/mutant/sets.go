package mutant

import (
	"cmp"
	"encoding/binary"
	"hash/crc32"
	"hash/fnv"
	"math"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"crawlbench/internal/crawl"
)

// adder is a set that need not be safe for concurrent use. add reports whether the page is new.
type adder[K comparable] interface{ add(page K) bool }

// behindLock makes a set safe for concurrent use.
func behindLock[K comparable](newSet func(sizeHint int) adder[K]) crawl.NewVisited[K] {
	return func(sizeHint int) crawl.Visited[K] { return &lockedAdder[K]{set: newSet(sizeHint)} }
}

type lockedAdder[K comparable] struct {
	mu  sync.Mutex
	set adder[K]
}

func (l *lockedAdder[K]) AddNew(dst, links []K) []K {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, link := range links {
		if l.set.add(link) {
			dst = append(dst, link)
		}
	}
	return dst
}

// sets returns mutants whose visited set confuses keys, forgets them or loses them.
func sets() []Mutant {
	var list []Mutant
	both := func(name, doc, seen string, id func(int) adder[uint32], url func(int) adder[string]) {
		var byID crawl.NewVisited[uint32]
		var byURL crawl.NewVisited[string]
		if id != nil {
			byID = behindLock(id)
		}
		if url != nil {
			byURL = behindLock(url)
		}
		list = append(list, set(name, doc, seen, byID, byURL))
	}
	ids := func(name, doc, seen string, of func(uint32) any) { both(name, doc, seen, keyed(of), nil) }
	urls := func(name, doc, seen string, of func(string) any) { both(name, doc, seen, nil, keyed(of)) }

	both("bloomfilter", "a Bloom filter has false positives", "scrapy-redis 56",
		newBloom[uint32](1<<14, 4), newBloom[string](1<<14, 4))
	both("bloomsized", "a Bloom filter sized for ten thousand pages", "scrapy-redis 56",
		newBloom[uint32](1<<17, 6), newBloom[string](1<<17, 6))
	both("forgetsoldest", "only the last 4,096 pages are remembered", "aro 362: the visited set becomes an LRU cache",
		newRecent[uint32](4096), newRecent[string](4096))
	both("expires", "a page is forgotten an hour after it was seen", "aro 362: entries expire",
		newExpiring[uint32](time.Hour), newExpiring[string](time.Hour))
	both("trustshint", "a table for twice the size hint drops what does not fit",
		"a table that cannot grow", newFixed[uint32], newFixed[string])

	ids("idnarrow", "the id is kept in 16 bits", "an integer type that was once wide enough",
		func(id uint32) any { return uint16(id) })
	ids("idfloat", "the id is kept as a float32", "numbers that went through JSON",
		func(id uint32) any { return math.Float32bits(float32(id)) })
	ids("idzero", "id 0 marks a free slot in the table", "0 as a sentinel",
		func(id uint32) any { return sentinel(id, 0) })
	ids("idmax", "the largest id marks a free slot in the table", "-1 as a sentinel",
		func(id uint32) any { return sentinel(id, math.MaxUint32) })
	ids("idsigned", "ids above 2^31 are treated as 0", "int32 in an interface to C",
		func(id uint32) any { return max(0, int32(id)) })

	ids("idhash", "the key is a 32-bit FNV-1a hash of the id", "a hash as an identity", func(id uint32) any {
		h := fnv.New32a()
		h.Write(bytesOf(id))
		return h.Sum32()
	})

	urls("urlhash64", "the key is the 64-bit FNV-1a hash of the URL", "colly: the request's hash as its identity",
		func(s string) any { return sum64(s) })
	urls("urlhash48", "the key is 48 bits of the 64-bit FNV-1a hash of the URL", "truncated fingerprints",
		func(s string) any { return sum64(s) >> 16 })
	urls("urlhash40", "the key is 40 bits of the 64-bit FNV-1a hash of the URL", "truncated fingerprints",
		func(s string) any { return sum64(s) & (1<<40 - 1) })
	urls("urlcrc32", "the key is the CRC-32 of the URL", "a checksum as an identity",
		func(s string) any { return crc32.ChecksumIEEE([]byte(s)) })
	urls("urlprefix64", "the key is the first 64 bytes of the URL", "a database column that is too short",
		func(s string) any { return s[:min(len(s), 64)] })
	urls("urlprefix255", "the key is the first 255 bytes of the URL", "VARCHAR(255)",
		func(s string) any { return s[:min(len(s), 255)] })
	urls("urlpath", "the key is the URL's path", "trieve PR 2608: hosts and keys",
		func(s string) any { return parsed(s).Path })
	urls("urlnohost", "the host is left out of the key", "written for one site",
		func(s string) any { u := parsed(s); u.Host = ""; return u.String() })
	urls("urlnoport", "the port is left out of the key", "Hostname instead of Host",
		func(s string) any { u := parsed(s); u.Host = u.Hostname(); return u.String() })
	urls("urlnoscheme", "the scheme is left out of the key", "a scheme that is stripped",
		func(s string) any { u := parsed(s); u.Scheme = ""; return u.String() })
	urls("urlnofragment", "the fragment is left out of the key", "a key that differs from what is fetched",
		func(s string) any { before, _, _ := strings.Cut(s, "#"); return before })
	urls("urlnoquery", "the query is left out of the key", "a key that differs from what is fetched",
		func(s string) any { before, _, _ := strings.Cut(s, "?"); return before })
	urls("urlquerysorted", "the parameters of the query are sorted", "url.Values.Encode",
		func(s string) any { u := parsed(s); u.RawQuery = u.Query().Encode(); return u.String() })
	urls("urlslash", "a trailing slash is removed", "chaosbringer 9",
		func(s string) any { return strings.TrimSuffix(s, "/") })
	urls("urlspace", "leading and trailing space is removed", "strings.TrimSpace",
		func(s string) any { return strings.TrimSpace(s) })
	urls("urlunescaped", "percent-encoding is decoded", "url.PathUnescape", func(s string) any {
		if t, err := url.PathUnescape(s); err == nil {
			return t
		}
		return s
	})
	urls("urlcleaned", "dot segments and double slashes are removed from the path", "path.Clean",
		func(s string) any { return parsed(s).JoinPath().String() })
	urls("urlwww", "www. is removed", "a rule of thumb",
		func(s string) any { return strings.Replace(s, "//www.", "//", 1) })
	urls("urlvalidated", "invalid UTF-8 is replaced", "a round trip through JSON",
		func(s string) any { return strings.ToValidUTF8(s, "\ufffd") })
	urls("urlempty", "the empty URL marks a free slot in the table", `"" as a sentinel`,
		func(s string) any { return sentinel(s, "") })
	urls("urlpointer", "URLs are compared by address",
		"interned strings compared by pointer", func(s string) any {
			return [2]uintptr{uintptr(unsafe.Pointer(unsafe.StringData(s))), uintptr(len(s))}
		})

	return append(list,
		set("rareloss", "the lock is released during one in 2,048 insertions", "a rare race in a lock-free table",
			newRare[uint32], newRare[string]),
		set("growsbare", "a table is copied to a larger one while others add to the old one",
			"a resize tested by one goroutine", newGrowing[uint32], newGrowing[string]))
}

func parsed(s string) *url.URL {
	u, err := url.Parse(s)
	if err != nil {
		return &url.URL{Path: s}
	}
	return u
}

// gone is the key of pages that count as visited from the beginning.
type gone struct{}

// sentinel returns page as its key, or gone if page is the one that marks a free slot.
func sentinel[K comparable](page, free K) any {
	if page == free {
		return gone{}
	}
	return page
}

// keyedSet stores of(page) for each page.
type keyedSet[K comparable] struct {
	of   func(K) any
	seen map[any]bool
}

func keyed[K comparable](of func(K) any) func(int) adder[K] {
	return func(int) adder[K] { return &keyedSet[K]{of: of, seen: map[any]bool{gone{}: true}} }
}

func (s *keyedSet[K]) add(page K) bool {
	key := s.of(page)
	if s.seen[key] {
		return false
	}
	s.seen[key] = true
	return true
}

// bytesOf returns the bytes of a page that are hashed.
func bytesOf[K comparable](page K) []byte {
	if id, ok := any(page).(uint32); ok {
		return binary.LittleEndian.AppendUint32(nil, id)
	}
	return []byte(any(page).(string))
}

func sum64[K comparable](page K) uint64 {
	h := fnv.New64a()
	h.Write(bytesOf(page))
	return h.Sum64()
}

// bloom is a Bloom filter (Space/time trade-offs in hash coding with allowable errors, 1970).
type bloom[K comparable] struct {
	bits   []uint64
	hashes int
}

func newBloom[K comparable](bits, hashes int) func(int) adder[K] {
	return func(int) adder[K] { return &bloom[K]{make([]uint64, bits/64), hashes} }
}

func (b *bloom[K]) add(page K) bool {
	h := sum64(page)
	fresh := false
	for i := range uint64(b.hashes) {
		h = (h ^ h>>29) * 0xbf58476d1ce4e5b9
		at := (h ^ h>>32 + i) % uint64(64*len(b.bits))
		fresh = fresh || b.bits[at/64]>>(at%64)&1 == 0
		b.bits[at/64] |= 1 << (at % 64)
	}
	return fresh
}

// recent remembers only the pages that were added last.
type recent[K comparable] struct {
	seen map[K]bool
	ring []K
	n    int
}

func newRecent[K comparable](most int) func(int) adder[K] {
	return func(int) adder[K] { return &recent[K]{seen: map[K]bool{}, ring: make([]K, most)} }
}

func (r *recent[K]) add(page K) bool {
	if r.seen[page] {
		return false
	}
	at := r.n % len(r.ring)
	if r.n >= len(r.ring) {
		delete(r.seen, r.ring[at])
	}
	r.ring[at], r.seen[page] = page, true
	r.n++
	return true
}

// expiring forgets pages after life.
type expiring[K comparable] struct {
	life time.Duration
	at   map[K]time.Time
}

func newExpiring[K comparable](life time.Duration) func(int) adder[K] {
	return func(int) adder[K] { return &expiring[K]{life, map[K]time.Time{}} }
}

func (e *expiring[K]) add(page K) bool {
	if at, ok := e.at[page]; ok && time.Since(at) < e.life {
		return false
	}
	e.at[page] = time.Now()
	return true
}

// fixed holds at most twice as many pages as the size hint.
type fixed[K comparable] struct {
	seen map[K]bool
	most int
}

func newFixed[K comparable](sizeHint int) adder[K] {
	sizeHint = cmp.Or(sizeHint, 1<<20)
	return &fixed[K]{map[K]bool{}, 2 * sizeHint}
}

func (f *fixed[K]) add(page K) bool {
	if f.seen[page] || len(f.seen) == f.most {
		return false
	}
	f.seen[page] = true
	return true
}

// rare has a race in one of 2,048 insertions.
type rare[K comparable] struct {
	mu   sync.Mutex
	seen map[K]bool
	n    int
}

func newRare[K comparable](int) crawl.Visited[K] { return &rare[K]{seen: map[K]bool{}} }

func (r *rare[K]) AddNew(dst, links []K) []K {
	for _, link := range links {
		r.mu.Lock()
		if !r.seen[link] {
			if r.n++; r.n%2048 == 0 {
				r.mu.Unlock()
				runtime.Gosched()
				r.mu.Lock()
			}
			r.seen[link] = true
			dst = append(dst, link)
		}
		r.mu.Unlock()
	}
	return dst
}

// growing inserts under the lock of a table that may have been replaced meanwhile.
type growing[K comparable] struct{ table atomic.Pointer[grown[K]] }

type grown[K comparable] struct {
	mu   sync.Mutex
	seen map[K]bool
	room int
}

func newGrowing[K comparable](int) crawl.Visited[K] {
	g := &growing[K]{}
	g.table.Store(&grown[K]{seen: map[K]bool{}, room: 64})
	return g
}

func (g *growing[K]) AddNew(dst, links []K) []K {
	for _, link := range links {
		t := g.table.Load()
		t.mu.Lock()
		if !t.seen[link] {
			t.seen[link] = true
			dst = append(dst, link)
		}
		if len(t.seen) == t.room {
			next := &grown[K]{seen: make(map[K]bool, 2*t.room), room: 2 * t.room}
			for k := range t.seen {
				next.seen[k] = true
			}
			g.table.Store(next)
			t.room = -1 // it grows once
		}
		t.mu.Unlock()
	}
	return dst
}
