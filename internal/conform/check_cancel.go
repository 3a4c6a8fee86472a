package conform

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/crawl/limiter"
)

// coverSeed makes the combinations the same in each process.
const coverSeed = 1

func options(t *Report, c subject) {
	fs := factors()
	combinations(t, c, fs, cover(sizes(fs), 3, coverSeed))
}

func sizes(fs []factor) []int {
	var list []int
	for _, f := range fs {
		list = append(list, len(f.levels))
	}
	return list
}

// cancel cancels crawls in the situations of forgotten, and then in all combinations of two options.
func cancel(t *Report, c subject) {
	inVirtualTime(forgotten)(t, c)
	fs := append(factors(), moments())
	inOwnBubbles(func(t *Report, c subject) { combinations(t, c, fs, cover(sizes(fs), 2, coverSeed)) })(t, c)
}

func forgotten(t *Report, c subject) {
	for _, workers := range []int{1, 4, 64} {
		for _, after := range []int{0, 1, 30} {
			waiting(t, c, workers, after)
		}
		deadline(t, c, workers)
		unheard(t, c, workers)
		for _, form := range forms {
			foreseen(t, c, form, workers)
		}
	}
	leftReserved(t, c)
	right(t, c, star(50, 1), crawl.Options{Workers: 4}) // the cancelled crawls have left nothing behind
}

// blocking is a limiter that grants a number of waits; the others block until their contexts end.
type blocking struct{ left atomic.Int64 }

func (s *blocking) Wait(ctx context.Context) error {
	if s.left.Add(-1) >= 0 {
		return nil
	}
	<-ctx.Done()
	return ctx.Err()
}

// waiting cancels a crawl, or lets its deadline expire, while it does nothing but wait on the limiter.
func waiting(t *Report, c subject, workers, after int) {
	const at = 10 * time.Second
	cause := errors.New("the user has had enough")
	for _, end := range []struct {
		name string
		err  error
		in   func() (context.Context, func())
	}{
		{"cancelled after", context.Canceled, func() (context.Context, func()) {
			ctx, stop := context.WithCancelCause(context.Background())
			timer := time.AfterFunc(at, func() { stop(cause) })
			return ctx, func() { timer.Stop() }
		}},
		{"with a deadline after", context.DeadlineExceeded, func() (context.Context, func()) {
			ctx, stop := context.WithTimeoutCause(context.Background(), at, cause)
			return ctx, stop
		}},
	} {
		s := star(200, 1)
		s.latency = constant(turn)
		l := &blocking{}
		l.left.Store(int64(after))
		ctx, stop := end.in()
		o := c.clamp(crawl.Options{Workers: workers, Limiter: l})
		out := c.crawl(ctx, s, o)
		stop()
		err := s.ended(out, o, at, end.err, cause)
		if n := len(out.starts); err == nil && n != after {
			err = fmt.Errorf("it fetched %d pages, want %d", n, after)
		}
		if err != nil {
			t.Fatalf("%s %v, in a wait on the limiter for page %d: %v (%s)", end.name, at, after+1, err, dials(o))
		}
	}
}

// deadline lets a deadline expire during fetches.
func deadline(t *Report, c subject, workers int) {
	const at = 5*turn + turn/2
	s := star(2000, 1)
	s.latency = constant(turn)
	ctx, stop := context.WithTimeout(context.Background(), at)
	defer stop()
	o := c.clamp(crawl.Options{Workers: workers})
	out := c.crawl(ctx, s, o)
	if err := s.ended(out, o, at, context.DeadlineExceeded); err != nil {
		t.Fatalf("with a deadline after %v: %v (%s)", at, err, dials(o))
	}
	if out.floods > 0 {
		t.Fatalf("with a deadline after %v, during fetches: it began %d more fetches afterwards (%s)", at, out.floods, dials(o))
	}
}

// unheard cancels a crawl whose fetches ignore their contexts. The crawl must return when they end.
func unheard(t *Report, c subject, workers int) {
	const at = 4*turn + turn/2
	s := star(500, 1)
	s.latency, s.deaf = constant(turn), true
	ctx, stop := context.WithCancel(context.Background())
	timer := time.AfterFunc(at, stop)
	defer timer.Stop()
	o := c.clamp(crawl.Options{Workers: workers})
	out := c.crawl(ctx, s, o)
	err := s.ended(out, o, at, context.Canceled)
	if err == nil && out.floods > 0 {
		err = fmt.Errorf("it began %d fetches after the cancellation, want none", out.floods)
	}
	if err != nil {
		t.Fatalf("cancelled after %v, with fetches that ignore their contexts: %v (%s)", at, err, dials(o))
	}
}

// foreseen lets a deadline expire during a wait on a limiter. A limiter that reserves, such as
// x/time/rate, returns its own error as soon as it knows that the deadline is too early.
func foreseen(t *Report, c subject, form string, workers int) {
	const at = 2500 * time.Millisecond
	s := star(20, 1)
	m := &meter{Limiter: limiter.New(form, 1, 1)}
	ctx, stop := context.WithTimeout(context.Background(), at)
	defer stop()
	begin := time.Now()
	o := c.clamp(crawl.Options{Workers: workers, Limiter: crawl.Like(m, m.Limiter)})
	out := c.crawl(ctx, s, o)
	ended := at
	if m.refused != nil {
		ended = min(at, m.at.Sub(begin))
	}
	if err := s.ended(out, o, ended, append(m.refused, context.DeadlineExceeded)...); err != nil {
		t.Fatalf("with a deadline after %v and a limiter (%s) that returned an error after %v: %v (%s)", at, form, ended, err,
			dials(o))
	}
}

// staggered is a limiter whose waits are cancelled in the order in which they began. That is the worst
// order for a token bucket, which can cancel only its last reservation.
type staggered struct {
	limiter crawl.Limiter
	n       atomic.Int64
}

func (s *staggered) Wait(ctx context.Context) error {
	n := s.n.Add(1)
	own, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	stop := context.AfterFunc(ctx, func() {
		time.Sleep(time.Duration(n) * time.Microsecond)
		cancel(ctx.Err())
	})
	defer stop()
	return s.limiter.Wait(own)
}

// leftReserved looks for tokens that a cancelled crawl has left reserved in a shared limiter. They are caused by a
// limiter that reserves and by workers that wait on it concurrently, so they are advice and not a failure.
func leftReserved(t *Report, c subject) {
	const perSecond = 10
	l := &staggered{limiter: limiter.New("bucket", perSecond, 1)}
	ctx, stop := context.WithCancel(context.Background())
	timer := time.AfterFunc(1050*time.Millisecond, stop)
	defer timer.Stop()
	out := c.beside(ctx, star(500, 1), crawl.Options{Workers: 20, Limiter: crawl.Like(l, l.limiter)})
	if len(out.starts) > 12 {
		return // it ignores the limiter or the context, which other checks report
	}
	start := time.Now()
	if err := l.limiter.Wait(context.Background()); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took > time.Second/perSecond {
		t.Advise("a cancelled crawl leaves tokens reserved in golang.org/x/time/rate: the next wait takes %v at %d/s. "+
			"That library can cancel only its last reservation; let workers wait one at a time: bench.InTurn(o.Limiter)", took, perSecond)
	}
}
