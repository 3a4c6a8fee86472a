package visited

import (
	"hash/maphash"
	"runtime"
	"sync/atomic"
	"unsafe"

	"crawlbench/internal/crawl"
)

const (
	bucketSlots = 4 // slots that fill a cache line of 64 bytes
	window      = 4 // buckets in which a URL can be
	growth      = 8 // size of a table relative to the one before it
	minBuckets  = 64
	batch       = 16 // links that are looked up together
)

// table is a set of URLs that only grows. It is a chain of hash tables. A URL has a window of a few
// buckets in each of them, and is stored in the first window that had a free slot, at the first
// free slot. A filled slot is never changed; so all lookups of a URL visit the same slots in the
// same order, and the compare-and-swap of one slot decides which was first. That holds for any size
// hint: a table that is too small makes lookups longer.
//
// A slot holds a mark of the URL, made of most of its hash and its length, and the address of its
// text. URLs with different marks are different. URLs with equal marks are compared, unless the
// address is the same, as it is where links to a page share its string; so a lookup of a known link
// reads the cache line of its bucket and no other.
type table struct {
	seed  maphash.Seed
	first *chainTable
	_     [64]byte // see bits
	lost  atomic.Int64
}

// Counts reports the slots that were taken first by another caller.
func (t *table) Counts(count func(string, int)) { count("cas-retries", int(t.lost.Load())) }

// chainTable is one hash table of the chain.
type chainTable struct {
	buckets []bucket // a power of two
	next    atomic.Pointer[chainTable]
}

type bucket [bucketSlots]slot

type slot struct {
	mark atomic.Uint64 // 0: free
	text atomic.Pointer[byte]
}

// The lower bits of a mark are the length plus one, if it fits; the upper bits are those of the
// hash.
const (
	lengthMask = 1<<16 - 1
	maxLength  = lengthMask - 1 // URLs of this length and longer have the same lower bits
)

// NewTable returns an empty set of URLs.
func NewTable(sizeHint int) crawl.Visited[string] {
	n := minBuckets
	for n*bucketSlots < 2*sizeHint {
		n *= 2
	}
	return &table{seed: maphash.MakeSeed(), first: &chainTable{buckets: make([]bucket, n)}}
}

// AddNew processes links in batches: it reads from the texts of the whole batch, then from its
// buckets, so that the cache misses of a batch overlap.
func (t *table) AddNew(dst, links []string) []string {
	var hashes [batch]uint64
	buckets := t.first.buckets
	for len(links) > 0 {
		n := min(batch, len(links))
		touched := uint64(0)
		for _, url := range links[:n] {
			if len(url) > 0 {
				touched |= uint64(url[0])
			}
		}
		for i, url := range links[:n] {
			h := maphash.String(t.seed, url)
			hashes[i] = h
			touched |= buckets[h&uint64(len(buckets)-1)][0].mark.Load()
		}
		runtime.KeepAlive(touched)
		for i, url := range links[:n] {
			if t.add(url, hashes[i]) {
				dst = append(dst, url)
			}
		}
		links = links[n:]
	}
	return dst
}

// add reports whether url is new.
func (t *table) add(url string, hash uint64) bool {
	mark := hash&^lengthMask | uint64(min(len(url), maxLength)+1)
	for l := t.first; ; l = l.nextTable() {
		for i := range uint64(window * bucketSlots) {
			s := &l.buckets[(hash+i/bucketSlots)&uint64(len(l.buckets)-1)][i%bucketSlots]
			m := s.mark.Load()
			if m == 0 {
				if s.mark.CompareAndSwap(0, mark) {
					s.text.Store(textAddress(url))
					return true
				}
				t.lost.Add(1)
				m = s.mark.Load()
			}
			if m == mark && s.equals(url) {
				return false
			}
		}
		// The next table is larger, and uses other bits of the hash.
		hash = hash>>7 | hash<<57
	}
}

// textAddress returns the address to store for url: that of its bytes, or of a copy of its header
// if the mark does not contain its length. It is not nil.
func textAddress(url string) *byte {
	if len(url) == 0 || len(url) >= maxLength {
		return (*byte)(unsafe.Pointer(header(url)))
	}
	return unsafe.StringData(url)
}

// header returns a copy of url's header. If it were inlined, all URLs would escape to the heap.
//
//go:noinline
func header(url string) *string { return &url }

// equals reports whether the URL in s, which has the same mark as url, is url.
func (s *slot) equals(url string) bool {
	p := s.text.Load()
	for ; p == nil; p = s.text.Load() {
		runtime.Gosched() // the caller that claimed the slot has yet to store the address
	}
	if len(url) == 0 || len(url) >= maxLength {
		return *(*string)(unsafe.Pointer(p)) == url
	}
	return p == unsafe.StringData(url) || unsafe.String(p, len(url)) == url
}

// nextTable returns the next table of the chain, and makes it if necessary.
func (l *chainTable) nextTable() *chainTable {
	if next := l.next.Load(); next != nil {
		return next
	}
	l.next.CompareAndSwap(nil, &chainTable{buckets: make([]bucket, len(l.buckets)*growth)})
	return l.next.Load()
}
