package cas

import (
	"hash/maphash"
	"sync/atomic"

	"crawlbench/internal/crawl"
)

const (
	bucketSlots = 8 // pointers that fill a cache line of 64 bytes
	growth      = 8 // a table is so many times larger than the one before it
	minBuckets  = 64
)

// table is a set of URLs that only grows. A URL has one bucket in every table of the chain, and lies in the first of its
// buckets that had a free slot, at the first free slot. A slot once filled stays so; hence whoever looks for the same
// URL passes the same slots in the same order, and the compare-and-swap of one slot decides who was first. That holds
// whatever the size hint was: a table too small costs a longer walk.
type table struct {
	seed  maphash.Seed
	first *link
	lost  atomic.Int64
}

// Counts counts the slots that another URL, or the same, took first.
func (t *table) Counts(count func(string, int)) { count("cas-retries", int(t.lost.Load())) }

// link is one table of the chain.
type link struct {
	buckets []bucket // a power of two
	next    atomic.Pointer[link]
}

type bucket [bucketSlots]atomic.Pointer[string]

// NewTable returns an empty set of URLs.
func NewTable(sizeHint int) crawl.Visited[string] {
	n := minBuckets
	for n*bucketSlots < 2*sizeHint {
		n *= 2
	}
	return &table{seed: maphash.MakeSeed(), first: &link{buckets: make([]bucket, n)}}
}

func (t *table) AddNew(dst, links []string) []string {
	for _, url := range links {
		if t.add(url) {
			dst = append(dst, url)
		}
	}
	return dst
}

// add reports whether url is new.
func (t *table) add(url string) bool {
	hash := maphash.String(t.seed, url)
	var fresh *string
	for l := t.first; ; l = l.after() {
		b := &l.buckets[hash&uint64(len(l.buckets)-1)]
		for i := range b {
			slot := &b[i]
			p := slot.Load()
			if p == nil {
				if fresh == nil {
					// A copy of the header only, so that the set keeps no page's list of links alive.
					fresh = new(string)
					*fresh = url
				}
				if slot.CompareAndSwap(nil, fresh) {
					return true
				}
				t.lost.Add(1)
				p = slot.Load()
			}
			if *p == url {
				return false
			}
		}
		// The next table is larger: bits of the hash that this one ignored decide there.
		hash = hash>>7 | hash<<57
	}
}

// after returns the next table of the chain, made if need be.
func (l *link) after() *link {
	if next := l.next.Load(); next != nil {
		return next
	}
	l.next.CompareAndSwap(nil, &link{buckets: make([]bucket, len(l.buckets)*growth)})
	return l.next.Load()
}
