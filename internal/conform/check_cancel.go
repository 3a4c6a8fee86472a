package conform

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/limiter"
)

// The rows of these checks cover all pairs and triples of levels; they are the same in each process.
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

// cancel cancels crawls at the moments that are easily forgotten, and then in many combinations.
func cancel(t *Report, c subject) {
	virtually(forgotten)(t, c)
	fs := append(factors(), moments())
	combined(func(t *Report, c subject) { combinations(t, c, fs, cover(sizes(fs), 2, coverSeed)) })(t, c)
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
	indebted(t, c)
	right(t, c, star(50, 1), crawl.Options{Workers: 4}) // of all that was cut short, nothing is left
}

// blocking lets so many through, and the others wait until their contexts end.
type blocking struct{ left atomic.Int64 }

func (s *blocking) Wait(ctx context.Context) error {
	if s.left.Add(-1) >= 0 {
		return nil
	}
	<-ctx.Done()
	return ctx.Err()
}

// waiting lets a crawl's context end, by a cancellation and by a deadline, while all that it does
// is to wait on the limiter.
func waiting(t *Report, c subject, workers, after int) {
	const at = 10 * time.Second
	cause := errors.New("the user has had enough")
	for _, end := range []struct {
		name string
		err  error
		in   func() (context.Context, func())
	}{
		{"cancelled", context.Canceled, func() (context.Context, func()) {
			ctx, stop := context.WithCancelCause(context.Background())
			timer := time.AfterFunc(at, func() { stop(cause) })
			return ctx, func() { timer.Stop() }
		}},
		{"its deadline was", context.DeadlineExceeded, func() (context.Context, func()) {
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
			t.Fatalf("%s after %v, in a wait on the limiter for page %d: %v (%s)", end.name, at, after+1, err, dials(o))
		}
	}
}

// deadline lets a context end by itself, in fetches.
func deadline(t *Report, c subject, workers int) {
	const at = 5*turn + turn/2
	s := star(2000, 1)
	s.latency = constant(turn)
	ctx, stop := context.WithTimeout(context.Background(), at)
	defer stop()
	o := c.clamp(crawl.Options{Workers: workers})
	out := c.crawl(ctx, s, o)
	if err := s.ended(out, o, at, context.DeadlineExceeded); err != nil {
		t.Fatalf("its deadline was after %v: %v (%s)", at, err, dials(o))
	}
	if out.floods > 0 {
		t.Fatalf("its deadline was after %v, within fetches: it began %d more (%s)", at, out.floods, dials(o))
	}
}

// unheard cancels a crawl whose fetches do not look at their contexts. They come back in their time
// and well, and the crawl
// with them.
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
		err = fmt.Errorf("it began %d fetches afterwards, want none", out.floods)
	}
	if err != nil {
		t.Fatalf("cancelled after %v, and its fetches do not look at their contexts: %v (%s)", at, err, dials(o))
	}
}

// foreseen lets a deadline come within a wait on a limiter. One that reserves, as x/time/rate does,
// knows that it will, and
// refuses at once with an error of its own.
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
		t.Fatalf("its deadline was after %v, and its limiter (%s) refused after %v: %v (%s)", at, form, ended, err,
			dials(o))
	}
}

// staggered is a limiter whose waits are cancelled in the order in which they began, the worst there is: a token bucket
// can take back a reservation only while there is none behind it.
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

// indebted looks for tokens that a cancelled crawl has left reserved in a limiter that others
// share. That is the doing of
// a limiter that reserves, and of workers that all wait on it: advice, not a fault of the crawler.
func indebted(t *Report, c subject) {
	const perSecond = 10
	l := &staggered{limiter: limiter.New("bucket", perSecond, 1)}
	ctx, stop := context.WithCancel(context.Background())
	timer := time.AfterFunc(1050*time.Millisecond, stop)
	defer timer.Stop()
	out := c.beside(ctx, star(500, 1), crawl.Options{Workers: 20, Limiter: crawl.Like(l, l.limiter)})
	if len(out.starts) > 12 {
		return // it does not heed the limiter or the context, which is for others to say
	}
	start := time.Now()
	if err := l.limiter.Wait(context.Background()); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took > time.Second/perSecond {
		t.Advise("a cancelled crawl leaves tokens reserved in golang.org/x/time/rate: who waits next waits %v for one, at %d/s. "+
			"That library cannot take back a reservation that has others behind it; let workers wait one at a time: bench.InTurn(o.Limiter)", took, perSecond)
	}
}
