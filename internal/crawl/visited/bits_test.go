package visited

import (
	"sync"
	"testing"

	"crawlbench/internal/crawl"
)

// Retries are counted: at most one for each page, and none with a single caller.
func TestRetriesAreCounted(t *testing.T) {
	for _, set := range []crawl.Visited[uint32]{NewBits(0), NewBits(1 << 16)} {
		links := make([]uint32, 1<<16)
		for i := range links {
			links[i] = uint32(i)
		}
		set.AddNew(nil, links)
		set.(crawl.Counter).Counts(func(name string, n int) {
			if name != "cas-retries" || n != 0 {
				t.Errorf("%d %s by one caller", n, name)
			}
		})
	}
	b := NewBits(64).(*bits)
	for range 1000 {
		*b = bits{near: b.near[:1]}
		b.near[0].Store(0)
		var both sync.WaitGroup
		won := make([]int, 2)
		for i := range won {
			both.Go(func() {
				for p := range uint32(64) {
					won[i] += len(b.AddNew(nil, []uint32{p}))
				}
			})
		}
		both.Wait()
		if won[0]+won[1] != 64 || b.lost.Load() > 64 {
			t.Fatalf("%v won, %d lost", won, b.lost.Load())
		}
	}
}
