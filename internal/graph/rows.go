package graph

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// generator writes the links of one block of work. It must depend on the block only.
type generator func(block int, emit func(from, to uint32))

// rows makes the rows of a graph of links that come in any order: they are spread over buckets by the page that they
// start from, and each bucket is sorted. What comes out depends neither on the number of workers nor on their turns.
// Links are ascending in each row; repeated ones are kept only if repeats is set.
func rows(ctx context.Context, pages, blocks int, repeats bool, generate generator) (*Graph, error) {
	shift := 0
	for pages>>shift > 1024 {
		shift++
	}
	buckets := (pages-1)>>shift + 1
	workers := min(runtime.GOMAXPROCS(0), blocks)

	spread := make([][][]uint64, workers) // by worker and bucket: from<<32 | to
	var next atomic.Int64
	parallel(workers, func(w int) {
		mine := make([][]uint64, buckets)
		spread[w] = mine
		for ctx.Err() == nil {
			block := int(next.Add(1)) - 1
			if block >= blocks {
				return
			}
			generate(block, func(from, to uint32) {
				b := &mine[from>>shift]
				*b = append(*b, uint64(from)<<32|uint64(to))
			})
		}
	})

	g := &Graph{Offsets: make([]uint64, pages+1)}
	sorted := make([][]uint32, buckets) // the links of each bucket
	next.Store(0)
	parallel(runtime.GOMAXPROCS(0), func(int) {
		var all []uint64
		for ctx.Err() == nil {
			b := int(next.Add(1)) - 1
			if b >= buckets {
				return
			}
			all = all[:0]
			for w := range spread {
				all = append(all, spread[w][b]...)
				spread[w][b] = nil
			}
			slices.Sort(all)
			if !repeats {
				all = slices.Compact(all)
			}
			links := make([]uint32, len(all))
			for i, e := range all {
				links[i] = uint32(e)
				g.Offsets[e>>32+1]++
			}
			sorted[b] = links
		}
	})
	if err := ctx.Err(); err != nil {
		return nil, context.Cause(ctx)
	}
	for p := range pages {
		g.Offsets[p+1] += g.Offsets[p]
	}
	g.Links = slices.Grow(g.Links, int(g.Offsets[pages]))
	for b := range sorted {
		g.Links = append(g.Links, sorted[b]...)
		sorted[b] = nil
	}
	return g, nil
}

// parallel runs f for the numbers below n, each on a goroutine of its own, and waits for all.
func parallel(n int, f func(i int)) {
	var pool sync.WaitGroup
	for i := range n {
		pool.Go(func() { f(i) })
	}
	pool.Wait()
}

// blockSize is how many links or pages a block of work has: enough to pay for taking it.
const blockSize = 1 << 16

func blocksOf(n int) int { return (n + blockSize - 1) / blockSize }
