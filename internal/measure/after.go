package measure

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"time"

	"crawlbench/internal/web"
)

// checkAfter checks, once everything is measured, what the crawls left behind. It returns a web.Violations if they left
// anything.
func (b *Bench) checkAfter(ctx context.Context) error {
	v := b.site.Unmodified()
	v = append(v, b.environment.compare(readEnvironment())...)
	v = append(v, (&settings{procs: b.job.Cell.Procs, before: b.settings}).compare(readSettings(), "after")...)
	window := shortWindow
	if b.job.Retained {
		window = longWindow
	}
	v = append(v, b.baseline.checkIdle(b.site, window)...)
	if b.late.suspected && v == nil && b.job.Fleet == nil { // the others of a fleet would not take part
		return b.confirm(ctx)
	}
	if v == nil {
		return nil
	}
	return v
}

// lateWork tracks the processor time that goroutines use after their crawl has returned: work done there would not be
// measured.
type lateWork struct {
	suspected bool
	last      float64 // seconds of processor time after the last crawl
	excessive bool    // last exceeds both limits below
}

// Processor time after a crawl is excessive if it reaches both an absolute limit, which exceeds the cost of waiting for
// goroutines that are exiting, and a fraction of the crawl's own processor time.
const (
	minLateSeconds = 0.5e-3
	minLateRatio   = 0.05
)

func (l *lateWork) record(after, crawl float64) {
	l.last, l.excessive = after, after >= minLateSeconds && after >= minLateRatio*crawl
	l.suspected = l.suspected || l.excessive
}

// confirmingCrawls is how many crawls in a row must confirm a suspicion.
const confirmingCrawls = 3

// confirm repeats the crawl and returns a Verdict if the crawler keeps working after each one. The garbage collector is
// off, because its work could be mistaken for the crawler's.
func (b *Bench) confirm(ctx context.Context) error {
	if m := b.job.Memory; m > 0 {
		defer debug.SetMemoryLimit(debug.SetMemoryLimit(m / 2))
	}
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	b.settings = readSettings()
	least := 0.0
	for i := range confirmingCrawls {
		runtime.GC()
		if err := b.crawlUntimed(ctx, web.Rules{MaxPages: b.job.Cell.MaxPages}); err != nil {
			return err
		}
		if !b.late.excessive {
			return nil
		}
		if i == 0 || b.late.last < least {
			least = b.late.last
		}
	}
	return web.Violations{fmt.Sprintf("its goroutines kept working after it returned: at least %.3g s of processor time "+
		"in each of %d crawls", least, confirmingCrawls)}
}

// The process must be idle for this long after the last crawl; longer in the sample that measures retained bytes.
const (
	shortWindow  = 2 * time.Millisecond
	longWindow   = 200 * time.Millisecond
	windowSleeps = 2
)

// maxIdleShare is the fraction of one processor that may be used in that time, for the runtime's background work.
const maxIdleShare = 0.5

// checkIdle returns what goes on although no crawl is running. Processor time is measured again, over a longer window,
// before it counts: the runtime may have had background work, and when a hypervisor takes a processor away, the time is
// charged to the process that was running.
func (b *goroutineBaseline) checkIdle(site *web.Site, window time.Duration) (v web.Violations) {
	for _, window := range []time.Duration{window, window, longWindow, longWindow} {
		runtime.GC()
		extra := b.extra()
		started, collected := runtimeCounts()
		cpu, begin := cpuSeconds(), time.Now()
		for range windowSleeps { // a single sleep may end at the same moment as the event it waits for
			time.Sleep(window / windowSleeps)
		}
		share := (cpuSeconds() - cpu) / time.Since(begin).Seconds()
		startedAfter, collectedAfter := runtimeCounts()
		if n := startedAfter - started; n > 0 &&
			collectedAfter == collected { // the collector starts its own goroutines
			v = append(v, fmt.Sprintf("%d goroutines were started after it returned", n))
		}
		remaining := b.extra()
		extra = slices.DeleteFunc(extra, func(g goroutine) bool { return !slices.Contains(remaining, g) })
		if len(extra) > 0 {
			v = append(v, leftBehind(extra)...)
		}
		if n := site.Late(); n > 0 {
			v = append(v, fmt.Sprintf("%d fetches began after it returned", n))
		}
		if v != nil || share < maxIdleShare {
			return v
		}
	}
	return web.Violations{fmt.Sprintf("more than %.0f %% of a processor was in use after it returned",
		100*maxIdleShare)}
}

// runtimeCounts returns the number of goroutines started and of garbage collections completed.
func runtimeCounts() (started, collected uint64) {
	s := []metrics.Sample{{Name: "/sched/goroutines-created:goroutines"}, {Name: "/gc/cycles/total:gc-cycles"}}
	metrics.Read(s)
	return s[0].Value.Uint64(), s[1].Value.Uint64()
}
