package graph

import (
	"context"
	"iter"
	"math/bits"

	"crawlbench/internal/parallel"
)

// link is a link by its two ends.
type link struct{ from, to uint32 }

// source produces the links of a graph in any order.
type source struct {
	pages, blocks int
	both          bool // every link leads back too
	repeats       bool // repeated links are kept
	// links appends the links of one block of work, which must depend on the block only.
	links func(block int, links []link) []link
}

// A block of work has this many links or pages: enough to amortise scheduling, and few enough for a core's cache.
const (
	blockLinks = 1 << 16
	blockPages = 1 << 12
)

// linkBlocks and pageBlocks return the number of blocks for n links or n pages.
func linkBlocks(n int) int { return (n + blockLinks - 1) / blockLinks }
func pageBlocks(n int) int { return (n + blockPages - 1) / blockPages }

// Buckets are small enough to be sorted in a core's own cache, and few enough that the write
// positions of all buckets stay in cache while links are distributed.
const (
	bucketBits = 10
	maxBuckets = 1 << 12
)

// layout describes how links are distributed over buckets by their source page, and how a bucket
// stores them: a word of keyBits, the lower bits of from above the bits of to.
type layout struct {
	pageBits, keyBits int
	shift             int // a bucket has 1<<shift pages
	buckets           int
}

func newLayout(pages int) layout {
	l := layout{pageBits: bits.Len(uint(pages - 1)), shift: bucketBits}
	for (pages-1)>>l.shift >= maxBuckets {
		l.shift++
	}
	l.keyBits = l.pageBits + l.shift
	l.buckets = (pages-1)>>l.shift + 1
	return l
}

// rows builds the rows of the graph; the links of a row are ascending. The links of each block are
// distributed over buckets, and each bucket is sorted. The result does not depend on the number of
// workers or their scheduling.
func (s source) rows(ctx context.Context) (*Graph, error) {
	l := newLayout(s.pages)
	if l.keyBits <= 32 {
		return sortRows(ctx, s, l, spread[uint32](ctx, s, l))
	}
	return sortRows(ctx, s, l, spread[uint64](ctx, s, l))
}

// Rows returns the rows of links, which it ranges over twice; those of a page keep their order. It needs no memory
// beside them, but is for links that are already at hand.
func Rows(pages int, links iter.Seq2[uint32, uint32]) (offsets []uint64, rows []uint32) {
	next := make([]uint64, pages+2) // where the next link of the page before belongs: in the end, its own first one
	for from := range links {
		next[from+2]++
	}
	for p := range pages {
		next[p+2] += next[p+1]
	}
	rows = make([]uint32, next[pages+1])
	for from, to := range links {
		rows[next[from+1]] = to
		next[from+1]++
	}
	return next[:pages+1], rows
}

type word interface{ uint32 | uint64 }

// spreadBlock is the links of a block of work, bucket by bucket.
type spreadBlock[W word] struct {
	words []W
	ends  []uint32 // of the buckets in words
}

// bucket returns the links of bucket b.
func (s *spreadBlock[W]) bucket(b int) []W {
	if b == 0 {
		return s.words[:s.ends[0]]
	}
	return s.words[s.ends[b-1]:s.ends[b]]
}

// spread generates the links and distributes those of each block. It writes sequentially to memory
// that is still in cache, which is several times faster than filling the buckets of the whole
// graph.
func spread[W word](ctx context.Context, s source, l layout) []spreadBlock[W] {
	blocks := make([]spreadBlock[W], s.blocks)
	parallel.Workers(s.blocks, func(numbers iter.Seq[int]) {
		links := make([]link, 0, blockLinks)
		for block := range numbers {
			if ctx.Err() != nil {
				return
			}
			links = s.links(block, links[:0])
			blocks[block] = spreadLinks[W](links, s.both, l)
		}
	})
	return blocks
}

// spreadLinks sorts links by their bucket.
func spreadLinks[W word](links []link, both bool, l layout) spreadBlock[W] {
	at := make([]uint32, l.buckets) // first the size of each bucket, then its write position
	for _, k := range links {
		at[k.from>>l.shift]++
		if both {
			at[k.to>>l.shift]++
		}
	}
	sum := uint32(0)
	for b, n := range at {
		at[b] = sum
		sum += n
	}
	words := make([]W, sum)
	low := uint32(1)<<l.shift - 1
	put := func(from, to uint32) {
		a := &at[from>>l.shift]
		words[*a] = W(from&low)<<l.pageBits | W(to)
		*a++
	}
	for _, k := range links {
		put(k.from, k.to)
		if both {
			put(k.to, k.from)
		}
	}
	return spreadBlock[W]{words, at}
}

// sortRows sorts the buckets and joins them.
func sortRows[W word](ctx context.Context, s source, l layout, blocks []spreadBlock[W]) (*Graph, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx) // some blocks are missing
	}
	total, largest := 0, 0
	for b := range l.buckets {
		n := 0
		for i := range blocks {
			n += len(blocks[i].bucket(b))
		}
		total, largest = total+n, max(largest, n)
	}
	g := &Graph{Offsets: make([]uint64, s.pages+1)}
	links := make([]uint32, total)
	// A bucket's links follow those of the previous bucket, whose end arrives on its channel.
	// Buckets are taken in order, so the previous one is always in progress or done.
	starts := make([]chan uint64, l.buckets+1)
	for b := range starts {
		starts[b] = make(chan uint64, 1)
	}
	starts[0] <- 0
	parallel.Workers(l.buckets, func(numbers iter.Seq[int]) {
		w := newSorter[W](largest, l.shift)
		for b := range numbers {
			w.sort(blocks, b, l, s.repeats)
			first := b << l.shift
			rows := w.rows[:min(len(w.rows), s.pages-first)]
			count := uint64(0)
			for _, r := range rows {
				count += uint64(r.end - r.start)
			}
			start := <-starts[b]
			starts[b+1] <- start + count
			for i, r := range rows {
				start += uint64(copy(links[start:], w.links[r.start:r.end]))
				g.Offsets[first+i+1] = start
			}
			if ctx.Err() != nil {
				return
			}
		}
	})
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	g.Links = links[:g.Offsets[s.pages]:g.Offsets[s.pages]]
	return g, nil
}
