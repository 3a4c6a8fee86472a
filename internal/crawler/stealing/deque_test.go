package stealing

import (
	"sync"
	"sync/atomic"
	"testing"
)

// Every element is taken once, while the ring grows, the owner pops and others steal. The owner
// empties the deque again and again, since owner and thieves compete only for the last elements.
func TestEveryElementIsTakenOnce(t *testing.T) {
	const rounds, thieves = 3000, 3
	var d deque[int]
	taken := make([]atomic.Int32, rounds*(firstRing+2))
	values := make([]int, len(taken))
	var done atomic.Bool
	var all sync.WaitGroup
	for range thieves {
		all.Go(func() {
			for !done.Load() {
				if p, _ := d.steal(); p != nil {
					taken[*p].Add(1)
				}
			}
		})
	}
	next := 0
	for round := range rounds {
		for range 1 + round%(firstRing+2) {
			values[next] = next
			d.push(&values[next])
			next++
		}
		for p := d.pop(); p != nil; p = d.pop() {
			taken[*p].Add(1)
		}
		if !d.empty() {
			t.Fatal("pop found nothing, but the deque is not empty")
		}
	}
	done.Store(true)
	all.Wait()
	for i := range next {
		if n := taken[i].Load(); n != 1 {
			t.Fatalf("element %d was taken %d times", i, n)
		}
	}
}

// The owner takes the newest element, a thief the oldest.
func TestEnds(t *testing.T) {
	var d deque[int]
	values := []int{0, 1, 2}
	if p, again := d.steal(); p != nil || again || d.pop() != nil || !d.empty() {
		t.Error("a new deque is not empty")
	}
	for i := range values {
		d.push(&values[i])
	}
	if p, _ := d.steal(); *p != 0 {
		t.Errorf("stole %d", *p)
	}
	if p := d.pop(); *p != 2 {
		t.Errorf("popped %d", *p)
	}
	if p := d.pop(); *p != 1 || d.pop() != nil {
		t.Errorf("popped %d", *p)
	}
}

func BenchmarkDeque(b *testing.B) {
	var d deque[int]
	v := 1
	for b.Loop() {
		d.push(&v)
		if d.pop() == nil {
			b.Fatal("empty")
		}
	}
}
