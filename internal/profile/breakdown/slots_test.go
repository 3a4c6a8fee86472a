package breakdown

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"golang.org/x/exp/trace"
)

var (
	semaphore = &stack{frames: []frame{{function: "acquire"}}, site: "acquire"}
	mutex     = &stack{frames: []frame{{function: "lock"}}, site: "lock", flags: inSync}
	limiter   = &stack{frames: []frame{{function: "wait"}}, site: "wait", flags: inRateLimit}
	join      = &stack{frames: []frame{{function: "join"}}, site: "join", flags: inJoin | inSync}
)

func ready(length trace.Time) interval {
	return interval{to: length, state: trace.GoRunnable, reason: "started"}
}
func runs(length trace.Time) interval { return interval{to: length, state: trace.GoRunning} }
func waits(length trace.Time, reason string, at *stack) interval {
	return interval{to: length, state: trace.GoWaiting, reason: reason, at: at}
}

// shortLived returns a goroutine started at began; its intervals are given by their lengths, in to.
// It marks when the interval with index mark begins.
func shortLived(began trace.Time, mark int, intervals ...interval) *goroutine {
	g := &goroutine{created: true, kind: "short-lived", began: began}
	for i, p := range intervals {
		p.from = began
		p.to += began
		began = p.to
		if i == mark {
			g.marks = append(g.marks, p.from)
		}
		g.intervals = append(g.intervals, p)
	}
	g.ended = began
	return g
}

// breakdownOf returns the time breakdown of one crawl from 0 to end.
func breakdownOf(workers int, end trace.Time, members ...*goroutine) *Breakdown {
	b := newBreakdown(workers)
	b.add(&crawlRecord{to: end, members: members})
	l, _ := b.finish()
	return l
}

func ns(seconds float64) float64 { return math.Round(seconds*1e9*1000) / 1000 }

func TestShortLivedWorkers(t *testing.T) {
	for _, c := range []struct {
		name    string
		workers int
		end     trace.Time
		members []*goroutine
		want    map[State]float64 // nanoseconds
		queued  float64
		surplus float64
		pool    bool
	}{
		{"in a pool, time before a late start and after an early end is other", 2, 100, []*goroutine{
			shortLived(0, 1, ready(10), runs(90)),
			shortLived(5, 1, ready(10), runs(60)),
		}, map[State]float64{Runnable: 20, Running: 150, Other: 5 + 25}, 0, 0, true},
		{"before the first worker and after the last is other", 2, 100, []*goroutine{
			shortLived(30, 0, runs(60)),
			shortLived(30, 0, runs(60)),
		}, map[State]float64{Running: 120, Other: 80}, 0, 0, true},
		{"waiting for the semaphore is not worker time", 1, 100, []*goroutine{
			shortLived(0, 0, runs(50)),
			shortLived(0, 2, runs(1), waits(49, "select", semaphore), runs(50)),
		}, map[State]float64{Running: 100}, 50, 0, false},
		{"waiting for lock and limiter is worker time", 1, 100, []*goroutine{
			shortLived(0, 0, runs(40)),
			shortLived(0, 4, runs(1), waits(39, "select", semaphore), waits(10, "sync", mutex),
				waits(20, "select", limiter), runs(30)),
		}, map[State]float64{Running: 70, Lock: 10, RateLimit: 20}, 40, 0, false},
		{"goroutines that have not run yet are runnable while a slot is free", 2, 100, []*goroutine{
			shortLived(0, 0, runs(50)),
			shortLived(0, 1, ready(50), runs(50)),
			shortLived(0, 1, ready(50), runs(50)),
		}, map[State]float64{Running: 150, Runnable: 50}, 50, 0, false},
		{"a free slot is idle", 2, 100, []*goroutine{
			shortLived(0, 0, runs(50)),
			shortLived(60, 0, runs(40)),
		}, map[State]float64{Running: 90, Idle: 110}, 0, 0, false},
		{"more goroutines than slots share them", 1, 100, []*goroutine{
			shortLived(0, 0, runs(100)),
			shortLived(0, 0, runs(50), waits(50, "sync", mutex)),
		}, map[State]float64{Running: 75, Lock: 25}, 0, 100, false},
		{"joining holds no slot", 1, 100, []*goroutine{
			shortLived(0, 0, runs(20), waits(70, "sync", join), runs(10)),
			shortLived(20, 0, runs(70)),
		}, map[State]float64{Running: 100}, 0, 0, false},
		{"a goroutine that never marks has only waited", 1, 100, []*goroutine{
			shortLived(0, 0, runs(100)),
			shortLived(0, -1, runs(10), waits(90, "select", semaphore)),
		}, map[State]float64{Running: 100}, 100, 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := breakdownOf(c.workers, c.end, c.members...)
			for _, class := range States() {
				if got := ns(l.Seconds[class]); got != c.want[class] {
					t.Errorf("%s %g, want %g", class, got, c.want[class])
				}
			}
			if ns(l.Queued) != c.queued || ns(l.Surplus) != c.surplus || (l.ShortLived == 0) != c.pool {
				t.Errorf("queued %g, surplus %g, short-lived %d, want %g, %g and pool %v", ns(l.Queued), ns(l.Surplus),
					l.ShortLived, c.queued, c.surplus, c.pool)
			}
		})
	}
}

// Whatever short-lived workers do, all slots are distributed, and every goroutine's time is
// counted.
func TestAllSlotsAreDistributed(t *testing.T) {
	for seed := range uint64(500) {
		draw := rand.New(rand.NewPCG(seed, 0))
		var members []*goroutine
		total, joined := trace.Time(0), trace.Time(0)
		const end = 1000
		for range 5 + draw.IntN(20) {
			began := trace.Time(draw.IntN(end / 2))
			intervals := []interval{ready(trace.Time(draw.IntN(30)))}
			for range 1 + draw.IntN(8) {
				length := trace.Time(1 + draw.IntN(50))
				intervals = append(intervals, []interval{runs(length), waits(length, "select", semaphore),
					waits(length, "sync", mutex),
					waits(length, "select", limiter), waits(length, "sync", join)}[draw.IntN(5)])
			}
			g := shortLived(began, draw.IntN(len(intervals)+1), intervals...)
			for _, p := range g.intervals {
				if joins(p) {
					joined += p.length()
				} else {
					total += p.length()
				}
			}
			members = append(members, g)
		}
		l := breakdownOf(4, end, members...)
		if math.Abs(l.Unaccounted) > 1e-9 {
			t.Fatalf("seed %d: unaccounted %g", seed, l.Unaccounted)
		}
		theirs := l.Queued + l.Surplus + l.Seconds[Running]
		for _, s := range l.Sites {
			if !strings.HasPrefix(s.Where, "(") || s.Where == "(on a processor)" {
				theirs += s.Seconds
			}
		}
		if got := ns(theirs); l.Seconds[Idle] < 0 || got < float64(total)-0.01 ||
			got > float64(total+joined)+0.01 {
			t.Fatalf("seed %d: %g ns of the goroutines' %d + %d are counted, idle %g", seed, got, total, joined,
				l.Seconds[Idle])
		}
	}
}
