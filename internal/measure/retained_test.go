package measure

import (
	"runtime"
	"sync"
	"testing"
	"time"

	"crawlbench/internal/graph"
	"crawlbench/internal/plan"
)

func TestGrowthThatIsNoiseIsNotMeasured(t *testing.T) {
	for _, c := range []struct {
		name          string
		before, after heapSize
		n             int
		want          float64
	}{
		{"enough", 1 << 20, 1<<20 + leastGrowth, 1024, leastGrowth / 1024},
		{"a byte less", 1 << 20, 1<<20 + leastGrowth - 1, 1024, 0},
		{"it shrank", 1 << 20, 1 << 10, 1024, 0},
		{"few pages", 1 << 20, 2 << 20, leastCount - 1, 0},
		{"unknown before", 0, 1 << 20, 1024, 0},
		{"unknown after", 1 << 20, 0, 1024, 0},
	} {
		if got := c.before.grown(c.after, c.n); got != c.want {
			t.Errorf("%s: %v bytes each, want %v", c.name, got, c.want)
		}
	}
}

// What is in a sync.Pool, and what a finalizer refers to, outlives one garbage collection but is not reachable.
func TestTheLiveHeapIsWhatIsReachable(t *testing.T) {
	const size = 8 << 20
	pool := new(sync.Pool)
	before := liveHeap()
	pool.Put(&[size]byte{})
	object := &struct{ kept []byte }{make([]byte, size)}
	runtime.SetFinalizer(object, func(o *struct{ kept []byte }) { o.kept[0] = 1 })
	object = nil
	if after := liveHeap(); before == 0 || after == 0 || after-before > size/2 {
		t.Errorf("the heap grew from %v to %v bytes by what nobody can reach", before, after)
	}
	kept := make([]byte, size)
	if after := liveHeap(); after-before < size {
		t.Errorf("the heap grew from %v to %v bytes, want %d more", before, after, size)
	}
	runtime.KeepAlive(kept)
	runtime.KeepAlive(pool)
}

// The heap has not settled while a finalizer is kept from a processor.
func TestTheLiveHeapWaitsForFinalizers(t *testing.T) {
	const size = 8 << 20
	before := liveHeap()
	slow := &struct{ kept []byte }{make([]byte, size)}
	runtime.SetFinalizer(slow, func(o *struct{ kept []byte }) {
		time.Sleep(5 * time.Millisecond)
		o.kept[0] = 1
	})
	slow = nil
	if after := liveHeap(); before == 0 || after == 0 || after-before > size/2 {
		t.Errorf("the heap grew from %v to %v bytes by what a finalizer refers to", before, after)
	}
}

// A host needs 16 bytes for its state, 8 for each page that waits, and little else. A crawl with a gap goes before, and
// leaves timers behind.
func TestBytesPerHostAreMeasured(t *testing.T) {
	for _, c := range []struct {
		hosts       int
		least, most float64
	}{{20_000, 32, 120}, {12, 0, 0}} {
		j := job(cache(t, graph.Spec{Kind: "flat", Pages: 3 * c.hosts, Hosts: c.hosts, Seed: 1}, nil))
		j.Cell.Impl, j.Sample, j.Retained = "hostheap", 1, true
		j.Politeness = &plan.Politeness{Gap: time.Microsecond, PerHost: 1, Attempts: 1}
		if got := run(t, j).Sample.PerHost; got < c.least || got > c.most {
			t.Errorf("%d hosts: %v bytes per host, want %v to %v, where 0 is not measured", c.hosts, got, c.least, c.most)
		}
	}
}
