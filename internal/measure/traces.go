package measure

import (
	"bytes"
	"context"
	"runtime/pprof"
	"runtime/trace"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/module"
	"crawlbench/internal/profile"
	"crawlbench/internal/profile/breakdown"
	"crawlbench/internal/store"
	"crawlbench/internal/web"
)

// wall is the kind of profile that is made from execution traces, together with the time breakdown.
const wall = "wall"

const (
	// traces is the number of traces per cell: the breakdown of a contended cell varies between traces.
	traces = 3
	// traceLength is the longest trace: the trace of a channel-heavy crawler grows by up to 20 MB/s.
	traceLength = 300 * time.Millisecond
)

// takeTraces traces crawls and writes their time breakdowns and their wall profile into the job's directory.
func (b *Bench) takeTraces(ctx context.Context) (Outcome, error) {
	done := &store.Profile{Files: map[string]string{}, Events: map[string]float64{}}
	var breakdowns []*breakdown.Breakdown
	var walls []*profile.Profile
	begin := time.Now()
	if err := b.crawlUntimed(ctx, web.Rules{MaxPages: b.job.Cell.MaxPages}); err != nil {
		return Outcome{}, err
	}
	budget := b.traceablePages(time.Since(begin))
	for range traces {
		text, err := b.takeTrace(ctx, budget, done)
		if err != nil {
			return Outcome{}, err
		}
		l, p, err := breakdown.Read(text, breakdown.Options{
			Workers: b.job.Cell.Workers,
			Fetch:   append(breakdown.DefaultFetch(), module.Package("internal/measure.marked")),
		})
		if err != nil {
			return Outcome{}, err
		}
		l.Cut = budget != b.job.Cell.MaxPages
		done.Events["mark"] += float64(l.Pages) // a mark costs more than other events
		done.Events[wall] += float64(l.Events - l.Pages)
		breakdowns = append(breakdowns, l)
		walls = append(walls, p)
	}
	if err := b.writeJSON(done, "breakdown", breakdowns); err != nil {
		return Outcome{}, err
	}
	p, err := profile.Merge(walls)
	if err != nil {
		return Outcome{}, err
	}
	return Outcome{Profile: done}, b.writeProfiles(done, map[string]*profile.Profile{wall: p})
}

// takeTrace takes one trace. The CPU profiler is on, so that the trace has samples of running code.
func (b *Bench) takeTrace(ctx context.Context, budget int, done *store.Profile) (text *bytes.Buffer, err error) {
	text = new(bytes.Buffer)
	if err := pprof.StartCPUProfile(new(bytes.Buffer)); err != nil {
		return nil, err
	}
	defer pprof.StopCPUProfile()
	if err := trace.Start(text); err != nil {
		return nil, err
	}
	defer trace.Stop()
	for begin := time.Now(); time.Since(begin) < min(b.job.Sample/traces, traceLength); {
		err := b.crawlOf(ctx, budget, func(crawl func()) {
			start := time.Now()
			breakdown.Crawl(crawl)
			done.Sec += time.Since(start).Seconds()
		})
		if err != nil {
			return nil, err
		}
		done.Crawls++
		done.Pages += b.site.Fetched()
	}
	return text, nil
}

// traceablePages returns a page budget such that one trace covers a whole crawl, estimated from the last crawl, which
// took the given time without latency and limiter; 0 means all pages.
func (b *Bench) traceablePages(untimed time.Duration) int {
	pages := b.site.Fetched()
	c := b.job.Cell
	wait := meanWait(b.job.Fetch, b.cache.Graph, b.cache.Reach)
	duration := max(untimed, c.Ideal(pages, b.cache.Reach.Depth, wait, b.job.Fetch.CPU))
	most := int(float64(pages) * traceLength.Seconds() / duration.Seconds())
	if limit := c.MaxPages; limit > 0 {
		most = min(most, limit)
	}
	if most >= pages {
		return c.MaxPages
	}
	return max(1, most)
}

// marked is a site that marks each fetch in the trace.
type marked[K comparable] struct{ crawl.Web[K] }

func (m marked[K]) Fetch(ctx context.Context, page K) ([]K, error) {
	breakdown.Mark()
	return m.Web.Fetch(ctx, page)
}

// Robots implements crawl.RobotsWeb.
func (m marked[K]) Robots(ctx context.Context, page K) (crawl.Robots[K], error) {
	breakdown.Mark()
	return m.Web.(crawl.RobotsWeb[K]).Robots(ctx, page)
}

// observed wraps w with the observers that bind was asked for.
func observed[K comparable](w crawl.Web[K], trace bool, last *countdown) crawl.Web[K] {
	if last != nil {
		w = counted[K]{w, last}
	}
	if trace {
		return marked[K]{w}
	}
	return w
}
