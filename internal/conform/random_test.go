package conform

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"
	"pgregory.net/rapid"

	"crawlbench/internal/conform/mutant"
	"crawlbench/internal/crawl"
	"crawlbench/internal/crawler"
)

// drawn is a random crawl: a site, options, and the time at which it is cancelled.
type drawn struct {
	site   site
	o      crawl.Options
	perSec int           // 0 means no limiter
	cancel time.Duration // 0 means never
}

// draw draws a crawl that shrinks to fewer pages, fewer links, one worker and no options.
func draw(t *rapid.T) *drawn {
	n := rapid.IntRange(1, 40).Draw(t, "pages")
	d := &drawn{site: *blank(n)}
	for p := range page(n) {
		for _, q := range rapid.SliceOfN(rapid.IntRange(0, n-1), 0, 6).Draw(t, fmt.Sprintf("links of %d", p)) {
			d.site.links[p] = append(d.site.links[p], page(q))
		}
	}
	for _, s := range rapid.SliceOfN(rapid.IntRange(0, n-1), 0, 3).Draw(t, "more seeds") {
		d.site.seeds = append(d.site.seeds, page(s))
	}
	d.site.seeds = append(d.site.seeds, 0)
	bad := rapid.SliceOfN(rapid.IntRange(0, n-1), 0, 5).Draw(t, "failing pages")
	d.site.fails = failing(errPlanted, func(p page) bool { return slices.Contains(bad, int(p)) })
	if slowest := rapid.IntRange(0, 50).Draw(t, "most latency in ms"); slowest > 0 {
		d.site.latency = func(p page) time.Duration { return time.Duration(int(p)*7%(slowest+1)) * time.Millisecond }
	}
	d.o.Workers = rapid.IntRange(1, 20).Draw(t, "workers")
	d.o.MaxPages = rapid.IntRange(0, 50).Draw(t, "budget")
	d.o.SizeHint = rapid.IntRange(0, 50).Draw(t, "size hint")
	d.perSec = rapid.SampledFrom([]int{0, 1, 100, 10_000}).Draw(t, "pages a second")
	d.cancel = time.Duration(rapid.IntRange(0, 2000).Draw(t, "cancelled after 0.1 ms")) * 100 * time.Microsecond
	return d
}

// check makes the crawl, in a bubble of virtual time, and verifies it.
func (d *drawn) check(crawlOf func(context.Context, *site, crawl.Options) outcome) error {
	if d.perSec > 0 {
		d.o.Limiter = rate.NewLimiter(rate.Limit(d.perSec), 3)
	}
	ctx := context.Background()
	if d.cancel > 0 {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, d.cancel)
		defer stop()
	}
	start := time.Now()
	out := crawlOf(ctx, &d.site, d.o)
	if took := time.Since(start); ctx.Err() != nil && took > d.cancel {
		return fmt.Errorf("cancelled after %v, it returned after %v", d.cancel, took)
	}
	if d.perSec > 0 {
		for i, at := range out.starts {
			least := time.Duration(i-2) * time.Second / time.Duration(d.perSec)
			if at.Sub(start) < least-time.Microsecond {
				return fmt.Errorf("fetch %d began after %v, at %d/s and a burst of 3", i+1, at.Sub(start), d.perSec)
			}
		}
	}
	if out.err == nil {
		return d.site.wrong(out, d.o)
	}
	// x/time/rate returns its own error at once if the deadline is before the next token.
	if ctx.Err() == nil && (d.perSec == 0 || d.cancel == 0) || errors.Is(out.err, context.Canceled) {
		return fmt.Errorf("it returned the error %q", out.err)
	}
	return d.site.inOrder(out, d.o)
}

// A failure is shrunk and kept in testdata/rapid. The next run replays it first.
func TestRandomCrawls(t *testing.T) {
	for _, c := range crawler.All() {
		for keys, s := range subjects(c) {
			t.Run(c.Name+"/"+keys, rapid.MakeCheck(property(s)))
		}
	}
}

func property(s subject) func(*rapid.T) {
	return func(t *rapid.T) {
		d := draw(t)
		rapid.SyncTest(t, func(t *rapid.T) {
			if err := d.check(s.crawl); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// FuzzCrawl lets the fuzzer draw the crawls.
func FuzzCrawl(f *testing.F) {
	for _, c := range crawler.All() {
		if c.Name == "mutexmap" {
			f.Fuzz(rapid.MakeFuzz(property(subjects(c)["id"])))
		}
	}
}

// The random search finds mutants, and nothing in the correct crawler.
func TestRandomSearchFindsMutants(t *testing.T) {
	found := func(c crawl.Crawler) (found bool) {
		gen := rapid.Custom(draw)
		for seed := range 300 {
			d := gen.Example(seed)
			ok := t.Run("", func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					if err := d.check(subjects(c)["id"].crawl); err != nil {
						found = true
					}
				})
			})
			if found || !ok {
				return true
			}
		}
		return false
	}
	if found(mutant.Right()) {
		t.Errorf("the correct crawler fails")
	}
	for _, m := range mutant.All() {
		switch m.Name {
		case "dropslastlink", "budgetoffbyone", "seedsnotdeduped", "errornotcounted", "limiterignored",
			"ignorescontext", "oneworkertoomany", "retriesfailed", "errorendscrawl", "globalstate":
			if !found(m.Crawler) {
				t.Errorf("%s was not found", m.Name)
			}
		}
	}
}
