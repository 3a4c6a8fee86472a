package conform

import (
	"context"
	"fmt"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"testing/synctest"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/crawl/limiter"
)

// trial is one crawl with all its options.
type trial struct {
	site   *site
	o      crawl.Options
	form   string // the kind of limiter; "" means none
	cancel moment // nil means never
}

// moment returns the time at which to cancel a crawl, given its duration without cancellation.
type moment func(whole time.Duration) time.Duration

// The rate in pages/s and the burst of the limiters of trials.
const (
	trialRate  = 500
	trialBurst = 3
)

// factor is one option of a trial. Its first level is the simplest, to which failures are shrunk.
type factor struct {
	name   string
	levels []level
}

type level struct {
	name string
	set  func(*trial)
}

// wrapped returns the error of a page that wraps cause, as net/http returns it for its own timeout.
func wrapped(cause error) error { return fmt.Errorf("get the page: %w", cause) }

// factors returns the factors in the order in which they are set: later ones may depend on earlier ones.
func factors() []factor {
	links := func(s func() *site) func(*trial) { return func(t *trial) { t.site = s() } }
	workers := func(n int) func(*trial) { return func(t *trial) { t.o.Workers = n } }
	budget := func(f func(t *trial, pages int) int) func(*trial) {
		return func(t *trial) { t.o.MaxPages = max(1, f(t, len(t.site.links))) }
	}
	fail := func(is func(t *trial, p page, nth int) bool) func(*trial) {
		return func(t *trial) {
			t.site.fails = func(p page, nth int) error {
				if is(t, p, nth) {
					return errPlanted
				}
				return nil
			}
		}
	}
	as := func(err error) func(*trial) {
		return func(t *trial) {
			if f := t.site.fails; f != nil {
				t.site.fails = func(p page, nth int) error {
					if f(p, nth) != nil {
						return err
					}
					return nil
				}
			}
		}
	}
	hint := func(f func(pages int) int) func(*trial) {
		return func(t *trial) { t.o.SizeHint = f(len(t.site.links)) }
	}
	form := func(name string) func(*trial) { return func(t *trial) { t.form = name } }
	nothing := func(*trial) {}
	return []factor{
		{"site", []level{
			{"a star of 40", links(func() *site { return star(40, 1) })},
			{"a chain of 20", links(func() *site { return chain(20) })},
			{"a tree of 50", links(func() *site { return tree(50, 3) })},
			{"50 random pages", links(func() *site { return random(50, 3, 5) })},
			{"30 pages that link to each other", links(func() *site { return dense(30) })},
			{"one page", links(func() *site { return blank(1) })},
		}},
		{"workers", []level{{"1 worker", workers(1)}, {"2 workers", workers(2)}, {"5 workers", workers(5)},
			{"64 workers", workers(64)}}},
		{"seeds", []level{
			{"one seed", nothing},
			{"a seed three times", func(t *trial) { t.site.seeds = []page{0, 0, 0} }},
			{"every other page a seed, and twice", func(t *trial) {
				for range 2 {
					for p := 0; p < len(t.site.links); p += 2 {
						t.site.seeds = append(t.site.seeds, page(p))
					}
				}
			}},
		}},
		{"links", []level{
			{"links once each", nothing},
			{"the first link four times", func(t *trial) {
				for p, list := range t.site.links {
					if len(list) > 0 {
						t.site.links[p] = append([]page{list[0], list[0], list[0]}, list...)
					}
				}
			}},
			{"the page itself and the first page before the links", func(t *trial) {
				for p, list := range t.site.links {
					t.site.links[p] = append([]page{page(p), 0, page(p)}, list...)
				}
			}},
			{"all links twice", func(t *trial) {
				for p, list := range t.site.links {
					t.site.links[p] = append(append([]page(nil), list...), list...)
				}
			}},
		}},
		{"budget", []level{
			{"no budget", nothing},
			{"MaxPages 1", budget(func(*trial, int) int { return 1 })},
			{"MaxPages 2", budget(func(*trial, int) int { return 2 })},
			{"MaxPages half of the site", budget(func(_ *trial, pages int) int { return pages / 2 })},
			{"MaxPages one less than the site", budget(func(_ *trial, pages int) int { return pages - 1 })},
			{"MaxPages the site", budget(func(_ *trial, pages int) int { return pages })},
			{"MaxPages one more than the site", budget(func(_ *trial, pages int) int { return pages + 1 })},
			{"MaxPages far beyond the site", budget(func(*trial, int) int { return math.MaxInt })},
		}},
		{"size hint", []level{
			{"no size hint", nothing},
			{"the right size hint", hint(func(pages int) int { return pages })},
			{"a size hint of 1", hint(func(int) int { return 1 })},
			{"a size hint 100 times too large", hint(func(pages int) int { return 100 * pages })},
		}},
		{"failures", []level{
			{"no failures", nothing},
			{"the seeds fail", fail(func(t *trial, p page, _ int) bool {
				for _, s := range t.site.start() {
					if p == s {
						return true
					}
				}
				return false
			})},
			{"the second fetch fails", fail(func(_ *trial, _ page, nth int) bool { return nth == 2 })},
			{"the fetches 3 to 11 fail", fail(func(_ *trial, _ page, nth int) bool { return 3 <= nth && nth <= 11 })},
			{"one more fetch than workers fails",
				fail(func(t *trial, _ page, nth int) bool { return 2 <= nth && nth <= t.o.Workers+2 })},
			{"every third page fails", fail(func(_ *trial, p page, _ int) bool { return p%3 == 1 })},
			{"every fetch but the first fails", fail(func(_ *trial, _ page, nth int) bool { return nth > 1 })},
		}},
		{"errors", []level{
			{"plain errors", nothing},
			{"errors that wrap context.DeadlineExceeded", as(wrapped(context.DeadlineExceeded))},
			{"errors that wrap context.Canceled", as(wrapped(context.Canceled))},
		}},
		{"latency", []level{
			{"no latency", nothing},
			{"latency 10 ms", func(t *trial) { t.site.latency = constant(10 * time.Millisecond) }},
			{"latency 1 to 23 ms", func(t *trial) {
				t.site.latency = func(p page) time.Duration { return time.Duration(1+p*7%23) * time.Millisecond }
			}},
		}},
		{"limiter", []level{{"no limiter", nothing}, {"a limiter that reserves (bucket)", form("bucket")},
			{"a limiter that does not (paced)", form("paced")}}},
	}
}

// moments is the factor of the time of cancellation, mostly during a fetch or a wait on the limiter.
func moments() factor {
	at := func(f moment) func(*trial) { return func(t *trial) { t.cancel = f } }
	share := func(x float64) moment {
		return func(whole time.Duration) time.Duration { return time.Duration(x * float64(whole)) }
	}
	return factor{"cancellation", []level{
		{"cancelled in the middle", at(share(0.5))},
		{"cancelled before it begins", at(func(time.Duration) time.Duration { return 0 })},
		{"cancelled after 1 ns", at(func(time.Duration) time.Duration { return 1 })},
		{"cancelled after a tenth", at(share(0.1))},
		{"cancelled after nine tenths", at(share(0.9))},
		{"cancelled 1 ns before its end", at(func(whole time.Duration) time.Duration { return whole - 1 })},
	}}
}

// makeTrial returns the trial for a row of levels.
func makeTrial(fs []factor, row []int) *trial {
	t := &trial{}
	for f, l := range row {
		fs[f].levels[l].set(t)
	}
	return t
}

// describe names the levels of row, except the simplest ones.
func describe(fs []factor, row []int) string {
	var names []string
	for f, l := range row {
		if l > 0 || f < 2 { // always the site and the workers
			names = append(names, fs[f].levels[l].name)
		}
	}
	return strings.Join(names, ", ")
}

// combinations makes the crawls of all rows, each in its own bubble. It reports the first failure, shrunk
// to the simplest combination that fails.
func combinations(t *Report, c subject, fs []factor, rows [][]int) {
	for _, row := range rows {
		run := func(row []int) error { return bubble(t, func(*Report) error { return makeTrial(fs, row).run(c) }) }
		first := run(row)
		if first == nil {
			continue
		}
		row, err := shrink(fs, row, first, run, func(begin time.Time) bool { return time.Since(begin) > Patience/4 })
		if s, ok := err.(*stuck); ok {
			if f, ok := first.(*stuck); ok {
				s.where = f.where // the bubbles of other trials would be listed too
			}
			t.say(s.kind, "%v (%s%s)%s", err, describe(fs, row), c.taken(fs, row), s.where)
			t.T.FailNow()
		}
		t.Fatalf("%v (%s%s)", err, describe(fs, row), c.taken(fs, row))
	}
}

// taken returns a note if the crawler takes fewer workers than row says.
func (c subject) taken(fs []factor, row []int) string {
	o := makeTrial(fs, row).o
	if n := c.clamp(o).Workers; n < o.Workers {
		return fmt.Sprintf(", of which it was given %d, its MaxWorkers", n)
	}
	return ""
}

// shrink replaces levels of a failing row by simpler ones while it still fails, until it is late.
func shrink(fs []factor, row []int, err error, run func([]int) error, late func(begin time.Time) bool) ([]int, error) {
	row = append([]int(nil), row...)
	begin := time.Now()
	for again := true; again; {
		again = false
		for f := len(fs) - 1; f >= 0; f-- {
			for simpler := range row[f] {
				if late(begin) {
					return row, err
				}
				was := row[f]
				row[f] = simpler
				if e := run(row); e != nil {
					err, again = e, true
					break
				}
				row[f] = was
			}
		}
	}
	return row, err
}

// meter is a limiter that records waits.
type meter struct {
	crawl.Limiter
	granted, waiting, most atomic.Int64

	mu      sync.Mutex
	waits   []span
	refused []error   // its errors, which a limiter may return before the context ends
	at      time.Time // of the first error
}

func (m *meter) Wait(ctx context.Context) error {
	at, from := m.waiting.Add(1), time.Now()
	defer m.waiting.Add(-1)
	for most := m.most.Load(); at > most && !m.most.CompareAndSwap(most, at); most = m.most.Load() {
	}
	err := m.Limiter.Wait(ctx)
	to := time.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	if to.After(from) {
		m.waits = append(m.waits, span{from, to})
	}
	if err == nil {
		m.granted.Add(1)
	} else if m.refused = append(m.refused, err); len(m.refused) == 1 {
		m.at = to
	}
	return err
}

// run makes the crawl in virtual time and verifies it.
func (t *trial) run(c subject) error {
	t.o = c.clamp(t.o)
	out, m, early := t.crawl(context.Background(), c)
	if err := t.wrong(out, m, early); err != nil || t.cancel == nil {
		return err
	}
	return t.cut(c, out.took)
}

// wrong verifies a crawl that was not cancelled.
func (t *trial) wrong(out outcome, m *meter, early int64) error {
	if err := t.site.wrong(out, t.o); err != nil {
		return err
	}
	if m == nil {
		return t.site.prompt(out, t.o, nil)
	}
	fetches := int64(len(out.starts))
	if n := m.granted.Load(); n != fetches || early > 0 {
		return fmt.Errorf("it waited on the limiter %d times for %d fetches, and %d fetches began before their wait had ended", n, fetches, early)
	}
	if err := checkRate(out.starts, trialRate, trialBurst, t.slack()); err != nil {
		return err
	}
	return t.site.prompt(out, t.o, m.waits)
}

// slack is how many fetches may begin later than their wait ended. If fetches take time, the limiter may
// grant a wait before a worker is free.
func (t *trial) slack() int {
	if t.site.latency == nil {
		return 0
	}
	return t.o.Workers
}

// crawl makes the crawl. m is nil without a limiter; early is the number of fetches that began before
// their wait ended.
func (t *trial) crawl(ctx context.Context, c subject) (out outcome, m *meter, early int64) {
	return t.crawlBy(ctx, c.crawl)
}

func (t *trial) crawlBy(ctx context.Context, crawlOf func(context.Context, *site, crawl.Options) outcome) (out outcome,
	m *meter, early int64) {
	o := t.o
	if t.form != "" {
		m = &meter{Limiter: limiter.New(t.form, trialRate, trialBurst)}
		o.Limiter = crawl.Like(m, m.Limiter)
		var n atomic.Int64
		t.site.visited = func(_ page, nth int) {
			if int64(nth) > m.granted.Load() {
				n.Add(1)
			}
		}
		defer func() { early = n.Load() }()
	}
	out = crawlOf(ctx, t.site, o)
	return out, m, 0
}

// checkRate returns an error if more fetches began in some interval than rate, burst and slack allow.
func checkRate(starts []time.Time, rate float64, burst, slack int) error {
	for i := range starts {
		for j := i; j < len(starts); j++ {
			span := starts[j].Sub(starts[i])
			if allowed := float64(burst+slack) + rate*span.Seconds(); float64(j-i+1) > allowed+1e-6 {
				return fmt.Errorf("%d fetches began within %v, want at most %.0f at %v pages/s", j-i+1, span,
					math.Floor(allowed), rate)
			}
		}
	}
	return nil
}

// cut repeats a crawl that took whole, cancels it and verifies it.
func (t *trial) cut(c subject, whole time.Duration) error {
	after := t.cancel(whole)
	if whole == 0 && after != 0 {
		return nil // it takes no time
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	if after > 0 {
		timer := time.AfterFunc(after, stop)
		defer timer.Stop()
	} else {
		stop()
	}
	out, m, early := t.crawl(ctx, c)
	synctest.Wait()
	if err := t.site.ended(out, t.o, after, context.Canceled); err != nil {
		return fmt.Errorf("cancelled after %v of %v: %w", after, whole, err)
	}
	if m != nil && (early > 0 || int(m.granted.Load())-len(out.starts) > t.o.Workers) {
		return fmt.Errorf("cancelled after %v of %v: it waited on the limiter %d times for %d fetches, and %d fetches began before their wait had ended",
			after, whole, m.granted.Load(), len(out.starts), early)
	}
	return nil
}
