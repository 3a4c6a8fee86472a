package visited

import (
	"sync/atomic"

	"crawlbench/internal/crawl"
)

const (
	wordBits  = 64
	chunkBits = 1 << 20 // 128 KiB a chunk
)

// bits is a set of ids: one bit for each expected page, and chunks that are made when needed for
// pages beyond.
type bits struct {
	near []atomic.Uint64
	far  [1 << 32 / chunkBits]atomic.Pointer[chunk]
	_    [64]byte // keeps lost, which is written under contention, off the cache lines that all callers read
	lost atomic.Int64
}

// Counts reports the compare-and-swaps that were repeated because the word had changed.
func (b *bits) Counts(count func(string, int)) { count("cas-retries", int(b.lost.Load())) }

type chunk [chunkBits / wordBits]atomic.Uint64

// NewBits returns an empty set of ids.
func NewBits(sizeHint int) crawl.Visited[uint32] {
	return &bits{near: make([]atomic.Uint64, (max(0, sizeHint)+wordBits-1)/wordBits)}
}

func (b *bits) AddNew(dst, links []uint32) []uint32 {
	near := b.near // a copy, since b.near would be read again after every atomic operation
	for _, link := range links {
		// Most links are known: this path makes no call, so that no registers have to be saved.
		if i := int(link / wordBits); i < len(near) && near[i].Load()&(1<<(link%wordBits)) != 0 {
			continue
		}
		if b.add(link) {
			dst = append(dst, link)
		}
	}
	return dst
}

// add adds a page and reports whether it is new.
func (b *bits) add(page uint32) bool {
	var word *atomic.Uint64
	if i := int(page / wordBits); i < len(b.near) {
		word = &b.near[i]
	} else {
		word = b.farWord(page)
	}
	mask := uint64(1) << (page % wordBits)
	for old := word.Load(); old&mask == 0; old = word.Load() {
		if word.CompareAndSwap(old, old|mask) {
			return true
		}
		b.lost.Add(1)
	}
	return false
}

// farWord returns the word that holds the bit of a page beyond the expected ones.
func (b *bits) farWord(page uint32) *atomic.Uint64 {
	slot := &b.far[page/chunkBits]
	c := slot.Load()
	if c == nil {
		slot.CompareAndSwap(nil, new(chunk))
		c = slot.Load()
	}
	return &c[page%chunkBits/wordBits]
}
