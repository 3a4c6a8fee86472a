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
	window      = 4 // buckets in which a URL may lie
	growth      = 8 // a table is so many times larger than the one before it
	minBuckets  = 64
	batch       = 16 // links that are looked at together
)

// table is a set of URLs that only grows. A URL has a window of a few buckets in every table of the chain, and lies in the
// first of its windows that had a free slot, at the first free slot. A slot once filled stays so; hence whoever looks for the same
// URL passes the same slots in the same order, and the compare-and-swap of one slot decides who was first. That holds
// whatever the size hint was: a table too small costs a longer walk.
//
// A slot holds a mark of the URL, which is most of its hash with its length, beside the address of its text. URLs whose
// marks differ are different. Those whose marks are equal are compared, unless even the address is the same, as it is
// where links to a page share its string; so a link that is known costs the cache line of its bucket and no other.
type table struct {
	seed  maphash.Seed
	first *link
	_     [64]byte // as in bits
	lost  atomic.Int64
}

// Counts counts the slots that another URL, or the same, took first.
func (t *table) Counts(count func(string, int)) { count("cas-retries", int(t.lost.Load())) }

// link is one table of the chain.
type link struct {
	buckets []bucket // a power of two
	next    atomic.Pointer[link]
}

type bucket [bucketSlots]slot

type slot struct {
	mark atomic.Uint64 // 0: free
	text atomic.Pointer[byte]
}

// A mark's lower bits are one more than the length, as far as they can hold it; the upper bits are of the hash.
const (
	lengthMask = 1<<16 - 1
	longest    = lengthMask - 1 // so long and longer URLs have the same lower bits
)

// NewTable returns an empty set of URLs.
func NewTable(sizeHint int) crawl.Visited[string] {
	n := minBuckets
	for n*bucketSlots < 2*sizeHint {
		n *= 2
	}
	return &table{seed: maphash.MakeSeed(), first: &link{buckets: make([]bucket, n)}}
}

// AddNew looks at some links at a time: it reads from the texts of all of them, then from the buckets of all of them, so
// that one wait for memory serves them all, twice.
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
	mark := hash&^lengthMask | uint64(min(len(url), longest)+1)
	for l := t.first; ; l = l.after() {
		for i := range uint64(window * bucketSlots) {
			s := &l.buckets[(hash+i/bucketSlots)&uint64(len(l.buckets)-1)][i%bucketSlots]
			m := s.mark.Load()
			if m == 0 {
				if s.mark.CompareAndSwap(0, mark) {
					s.text.Store(text(url))
					return true
				}
				t.lost.Add(1)
				m = s.mark.Load()
			}
			if m == mark && s.holds(url) {
				return false
			}
		}
		// The next table is larger: bits of the hash that this one ignored decide there.
		hash = hash>>7 | hash<<57
	}
}

// text returns the address to keep for url: that of its bytes, or, where its mark does not tell its length, of a copy of
// its header. It is not nil.
func text(url string) *byte {
	if len(url) == 0 || len(url) >= longest {
		return (*byte)(unsafe.Pointer(header(url)))
	}
	return unsafe.StringData(url)
}

// header returns a copy of url's header. Inlined, it would make all URLs escape to the heap.
//
//go:noinline
func header(url string) *string { return &url }

// holds reports whether the URL in s, whose mark is the same as url's, is the same.
func (s *slot) holds(url string) bool {
	p := s.text.Load()
	for ; p == nil; p = s.text.Load() {
		runtime.Gosched() // whoever claimed the slot is between two instructions
	}
	if len(url) == 0 || len(url) >= longest {
		return *(*string)(unsafe.Pointer(p)) == url
	}
	return p == unsafe.StringData(url) || unsafe.String(p, len(url)) == url
}

// after returns the next table of the chain, made if need be.
func (l *link) after() *link {
	if next := l.next.Load(); next != nil {
		return next
	}
	l.next.CompareAndSwap(nil, &link{buckets: make([]bucket, len(l.buckets)*growth)})
	return l.next.Load()
}
