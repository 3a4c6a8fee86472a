package web

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"

	"crawlbench/internal/crawl"
	"crawlbench/internal/crawl/limiter"
	"crawlbench/internal/graph"
)

func TestFetchWaitsItsLatencyUnlessHurried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := graph.Behaviour{Latency: graph.Latency{Model: "constant", Median: 50 * time.Millisecond}}
		s := newSite(b)
		s.Begin(Rules{Workers: 1})
		took := func(ctx context.Context) (time.Duration, error) {
			start := time.Now()
			_, err := s.IDs().Fetch(ctx, 0)
			return time.Since(start), err
		}
		if d, err := took(t.Context()); d != 50*time.Millisecond || err != nil {
			t.Errorf("took %v, %v", d, err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		if d, err := took(ctx); d != 20*time.Millisecond || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("cancelled after 20 ms: took %v, %v", d, err)
		}
		s.Hurry(true)
		if d, err := took(t.Context()); d != 0 || err != nil {
			t.Errorf("hurried: took %v, %v", d, err)
		}
	})
}

// burstAfter is a limiter that keeps no rate: it grants all waits at once, after a second.
type burstAfter struct{ start time.Time }

func (w burstAfter) Wait(context.Context) error {
	time.Sleep(time.Until(w.start.Add(time.Second)))
	return nil
}

func TestPaceOfALimiter(t *testing.T) {
	run := func(t *testing.T, limiter crawl.Limiter, pages int) Pace {
		g := &graph.Graph{Offsets: make([]uint64, pages+1), Hosts: []uint32{0}}
		reach := graph.Reach{Set: make([]uint64, (pages+63)/64), Pages: pages}
		s := New(g, reach, graph.Behaviour{}, 0)
		l := s.Begin(Rules{Workers: 1, Limiter: func() crawl.Limiter { return limiter }})()
		for range pages {
			l.Wait(t.Context())
		}
		return s.Pace(1000, 10)
	}
	synctest.Test(t, func(t *testing.T) {
		l := rate.NewLimiter(1000, 10)
		l.AllowN(time.Now(), 10)
		did := run(t, l, 1000)
		if math.Abs(did.Achieved-1000) > 1e-6 || math.Abs(did.Worst-1000.0/(999+10)) > 1e-9 ||
			did.Window != 999*time.Millisecond || did.Unfairness != 0 {
			t.Errorf("1000 pages at 1000/s from an empty bucket: %+v", did)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		if did := run(t, rate.NewLimiter(1000, 10), 1000); math.Abs(did.Worst-1) > 1e-9 {
			t.Errorf("1000 pages at 1000/s from a full bucket: %+v", did)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		did := run(t, burstAfter{time.Now()}, 1000)
		if did.Achieved != 1000 || did.Worst != 1000.0/11 || did.Window != time.Millisecond {
			t.Errorf("all at once: %+v", did)
		}
	})
}

func TestOvertakes(t *testing.T) {
	waits := func(asked ...time.Duration) (list []Wait) { // in the order of their grants
		for i, d := range asked {
			list = append(list, Wait{d, time.Duration(100 + i)})
		}
		return list
	}
	for _, test := range []struct {
		waits []Wait
		want  []int
	}{
		{nil, []int{}},
		{waits(1, 2, 3, 4), []int{0, 0, 0, 0}},
		{waits(2, 3, 4, 1), []int{0, 0, 0, 3}},
		{waits(4, 3, 2, 1), []int{0, 1, 2, 3}},
		{waits(1, 1, 1), []int{0, 0, 0}},
	} {
		if got := overtakes(test.waits); !slices.Equal(got, test.want) {
			t.Errorf("%v: %v, want %v", test.waits, got, test.want)
		}
	}
	draw := rand.New(rand.NewPCG(1, 2))
	var list []Wait
	for i := range 300 {
		list = append(list, Wait{time.Duration(draw.IntN(1000)), time.Duration(1000 + i)})
	}
	for i, got := range overtakes(list) {
		want := 0
		for _, other := range list[:i] {
			if other.Asked > list[i].Asked {
				want++
			}
		}
		if got != want {
			t.Fatalf("wait %d was overtaken %d times, want %d", i, got, want)
		}
	}
}

// The time between Begin and the crawl is not part of the crawl: a limiter that ran meanwhile would
// accumulate tokens.
func TestLimiterBeginsWithTheCrawl(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &graph.Graph{Offsets: make([]uint64, 101), Hosts: []uint32{0}}
		s := New(g, graph.Reach{Set: make([]uint64, 2), Pages: 100}, graph.Behaviour{}, 0)
		begin := s.Begin(Rules{Workers: 1, Limiter: func() crawl.Limiter { return limiter.New("gcra", 1000, 10) }})
		time.Sleep(time.Second)
		start := time.Now()
		l := begin()
		for range 100 {
			l.Wait(t.Context())
		}
		if took := time.Since(start); took < 100*time.Millisecond || took > 101*time.Millisecond {
			t.Errorf("100 pages at 1000/s took %v", took)
		}
		if did := s.Pace(1000, 10); math.Abs(did.Achieved-1000) > 1 {
			t.Errorf("100 pages at 1000/s: %+v", did)
		}
	})
}
