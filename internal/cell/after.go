package cell

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

// after looks, when all is measured, at what the crawls have left behind them. An error of type web.Violations says what.
func (b *Bench) after(ctx context.Context) error {
	v := b.site.Unmodified()
	v = append(v, b.around.changes(look())...)
	window := shortWindow
	if b.job.Weigh {
		window = longWindow
	}
	v = append(v, b.others.quiet(b.site, window)...)
	if b.late.suspect && v == nil {
		return b.confirm(ctx)
	}
	if v == nil {
		return nil
	}
	return v
}

// late is whether goroutines work on after their crawl is over, and how long: what would be done there is not measured.
type late struct {
	suspect bool
	last    float64 // seconds of processor time after the last crawl
	much    bool    // that is much
}

// Processor time after a crawl is much from so many seconds on, more than it takes to wait for the end of what ends, and so
// much of the crawl's own.
const (
	lateSeconds = 0.5e-3
	lateShare   = 0.05
)

func (l *late) note(after, crawl float64) {
	l.last, l.much = after, after >= lateSeconds && after >= lateShare*crawl
	l.suspect = l.suspect || l.much
}

// confirmations is how many crawls must show what was suspected.
const confirmations = 3

// confirm crawls some times more and returns a Verdict if the crawler works on after each. The collector rests: its work
// may fall there too.
func (b *Bench) confirm(ctx context.Context) error {
	if m := b.job.Memory; m > 0 {
		defer debug.SetMemoryLimit(debug.SetMemoryLimit(m / 2))
	}
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	least := 0.0
	for i := range confirmations {
		runtime.GC()
		if err := b.hurried(ctx, web.Rules{MaxPages: b.job.Cell.MaxPages}); err != nil {
			return err
		}
		if !b.late.much {
			return nil
		}
		if i == 0 || b.late.last < least {
			least = b.late.last
		}
	}
	return web.Violations{fmt.Sprintf("its goroutines worked on after it had returned: at least %.3g s of processor time in each of %d crawls", least, confirmations)}
}

// After the last crawl nobody may do anything for so long; longer in the one sample of a cell that is weighed.
const (
	shortWindow = 2 * time.Millisecond
	longWindow  = 200 * time.Millisecond
	naps        = 2
)

// busyShare is how much of a processor may be used in that time: the runtime tidies up.
const busyShare = 0.5

// quiet returns what is done though no crawl goes on. Processor time is looked at again, and longer, before it counts: the
// runtime may have had something to do, and where a processor is taken away for a while, by a hypervisor, that while is
// charged to whoever was running.
func (b *bystanders) quiet(site *web.Site, window time.Duration) (v web.Violations) {
	for _, window := range []time.Duration{window, window, longWindow, longWindow} {
		runtime.GC()
		there := b.strangers()
		started, collected := counts()
		cpu, begin := used(), time.Now()
		for range naps { // a single one may end together with what should have happened in it
			time.Sleep(window / naps)
		}
		share := (used() - cpu) / time.Since(begin).Seconds()
		startedThen, collectedThen := counts()
		if n := startedThen - started; n > 0 && collectedThen == collected { // the collector starts some of its own
			v = append(v, fmt.Sprintf("%d goroutines were started after it had returned", n))
		}
		still := b.strangers()
		if there = slices.DeleteFunc(there, func(g goroutine) bool { return !slices.Contains(still, g) }); len(there) > 0 {
			v = append(v, leftBehind(there)...)
		}
		if n := site.Late(); n > 0 {
			v = append(v, fmt.Sprintf("%d fetches began after it had returned", n))
		}
		if v != nil || share < busyShare {
			return v
		}
	}
	return web.Violations{fmt.Sprintf("more than %.0f %% of a processor was in use after it had returned", 100*busyShare)}
}

// counts returns how many goroutines have been started and how often the collector has run.
func counts() (started, collected uint64) {
	s := []metrics.Sample{{Name: "/sched/goroutines-created:goroutines"}, {Name: "/gc/cycles/total:gc-cycles"}}
	metrics.Read(s)
	return s[0].Value.Uint64(), s[1].Value.Uint64()
}
