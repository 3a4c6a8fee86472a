package measure

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"crawlbench/internal/plain"
)

const (
	// bounceTime is how long a line is bounced for a reading.
	bounceTime = 200 * time.Microsecond
	// startTime bounds the wait for the other thread.
	startTime = 5 * time.Millisecond
	// distant is how many times longer than the shortest a round trip of the slow state takes.
	distant = 3
	// oneProcessor is a round trip that no two processors need, since a line travels between sockets in less than
	// a microsecond: both threads took turns on one.
	oneProcessor = 10e-6
)

// cacheLine is a variable with cache lines of its own.
type cacheLine struct {
	_    [128]byte
	turn atomic.Uint32
	_    [128]byte
}

// The turns of a cache line.
const (
	nobody = iota // the other thread has not started
	mine
	yours
	over
)

// RoundTrip bounces a cache line between two threads for a short time and returns the mean time of a round trip in
// seconds, or the whole time if there was none.
func RoundTrip() float64 {
	line := new(cacheLine)
	var other sync.WaitGroup
	other.Go(func() {
		line.turn.CompareAndSwap(nobody, mine)
		for turn := line.turn.Load(); turn != over; turn = line.turn.Load() {
			if turn == yours {
				line.turn.CompareAndSwap(yours, mine) // not if it is over
			}
		}
	})
	for begin := time.Now(); line.turn.Load() == nobody && time.Since(begin) < startTime; {
		runtime.Gosched()
	}
	begin, trips := time.Now(), 0
	took := time.Duration(0)
	for answered := true; took < bounceTime; took = time.Since(begin) {
		for range 64 { // between two looks at the clock
			if answered {
				line.turn.Store(yours)
			}
			if answered = line.turn.Load() == mine; answered {
				trips++
			}
		}
	}
	line.turn.Store(over)
	other.Wait()
	return took.Seconds() / float64(max(1, trips))
}

// PingPong describes the states of a cache line that bounces between two threads, from round trips at many times. What
// locks and channels cost with several workers follows them, and they last from a second to minutes.
func PingPong(trips []float64) Reading {
	r := Reading{Name: "cache line", Value: "not measured"}
	if len(trips) == 0 {
		return r
	}
	trips = slices.Sorted(slices.Values(trips))
	at := func(share float64) float64 { return trips[int(share*float64(len(trips)-1))] }
	slow, one := 0, 0
	for _, t := range trips {
		switch {
		case t > oneProcessor:
			one++
		case t > distant*trips[0]:
			slow++
		}
	}
	percent := func(n int) float64 { return 100 * float64(n) / float64(len(trips)) }
	r.Value = fmt.Sprintf("a round trip between two threads takes %s (median), %s (p75), %s (p90); %.0f %% are slow, "+
		"%.0f %% had one processor for both threads, of %d", plain.Seconds(at(0.5)), plain.Seconds(at(0.75)),
		plain.Seconds(at(0.9)), percent(slow), percent(one), len(trips))
	if percent(slow+one) > 10 {
		r.Hint = "such states last from a second to minutes and change how crawlers with several workers compare: use more " +
			"rounds, and do not compare runs of a few"
	}
	return r
}
