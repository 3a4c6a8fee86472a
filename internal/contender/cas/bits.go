package cas

import (
	"sync/atomic"

	"crawlbench/internal/crawl"
)

const (
	wordBits  = 64
	chunkBits = 1 << 20 // 128 KiB a chunk
)

// bits is a set of ids: one bit for each of the expected pages, and chunks made when needed for those beyond.
type bits struct {
	near []atomic.Uint64
	far  [1 << 32 / chunkBits]atomic.Pointer[chunk]
}

type chunk [chunkBits / wordBits]atomic.Uint64

// NewBits returns an empty set of ids.
func NewBits(sizeHint int) crawl.Visited[uint32] {
	return &bits{near: make([]atomic.Uint64, (max(0, sizeHint)+wordBits-1)/wordBits)}
}

func (b *bits) AddNew(dst, links []uint32) []uint32 {
	for _, link := range links {
		word, mask := b.word(link), uint64(1)<<(link%wordBits)
		for {
			old := word.Load()
			if old&mask != 0 {
				break
			}
			if word.CompareAndSwap(old, old|mask) {
				dst = append(dst, link)
				break
			}
		}
	}
	return dst
}

// word returns the word that holds page's bit.
func (b *bits) word(page uint32) *atomic.Uint64 {
	if i := int(page / wordBits); i < len(b.near) {
		return &b.near[i]
	}
	slot := &b.far[page/chunkBits]
	c := slot.Load()
	if c == nil {
		slot.CompareAndSwap(nil, new(chunk))
		c = slot.Load()
	}
	return &c[page%chunkBits/wordBits]
}
