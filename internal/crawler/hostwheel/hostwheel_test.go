package hostwheel

import (
	"math/rand/v2"
	"testing"

	"crawlbench/internal/crawl/polite"
)

// TestTimesComeAtTheNextTick compares the wheel with a list, for times of up to several rounds of the wheel.
func TestTimesComeAtTheNextTick(t *testing.T) {
	const tick = 10
	draw := rand.New(rand.NewPCG(1, 2))
	w := &wheel{tick: tick}
	open := map[uint32]int64{}
	now, came := int64(0), 0
	for i := range uint32(20_000) {
		if draw.IntN(2) == 0 {
			at := now + 1 + draw.Int64N([]int64{50, 3000, 3 * slots * tick}[draw.IntN(3)])
			w.Push(polite.Due{At: at, Host: i})
			open[i] = at
		}
		if at, ok := w.Next(); ok != (len(open) > 0) || ok && draw.IntN(4) == 0 && at > now {
			if ok {
				now = at
			}
		} else {
			now += draw.Int64N(30)
		}
		for {
			d, ok := w.Pop(now)
			if !ok {
				break
			}
			if open[d.Host] != d.At || d.At > now {
				t.Fatalf("at %d, the wheel returned %+v, set for %d", now, d, open[d.Host])
			}
			delete(open, d.Host)
			came++
		}
		for host, at := range open {
			if (at+tick-1)/tick*tick <= now {
				t.Fatalf("at %d, host %d is still to come, at %d", now, host, at)
			}
		}
		if at, ok := w.Next(); ok && at <= now {
			t.Fatalf("at %d, the next time is %d", now, at)
		}
	}
	if came < 5000 {
		t.Errorf("only %d times came", came)
	}
}
