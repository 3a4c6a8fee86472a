package cell

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/pprof"
	"runtime/trace"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/ledger"
	"crawlbench/internal/profile"
	"crawlbench/internal/rundir"
	"crawlbench/internal/store"
	"crawlbench/internal/web"
)

// wall is the kind of profile that is made from execution traces, and brings a ledger with it.
const wall = "wall"

// How many traces are taken of a cell, for the shares of a contended cell differ from one to the next, and how long each
// is at most: a trace of channels takes up to 20 MB a second.
const (
	traces      = 3
	traceLength = 300 * time.Millisecond
)

// wall traces crawls and writes their ledgers and their wall profile into the job's directory.
func (b *Bench) wall(ctx context.Context) (Outcome, error) {
	done := &store.Profile{Files: map[string]string{}, Events: map[string]float64{}}
	var ledgers []*ledger.Ledger
	var walls []*profile.Profile
	begin := time.Now()
	if err := b.hurried(ctx, web.Rules{MaxPages: b.job.Cell.MaxPages}); err != nil {
		return Outcome{}, err
	}
	budget := b.traceable(time.Since(begin))
	for range traces {
		text, err := b.trace(ctx, budget, done)
		if err != nil {
			return Outcome{}, err
		}
		l, p, err := ledger.Read(text, ledger.Options{
			Workers: b.job.Cell.Workers, Fetch: append(ledger.DefaultFetch(), "crawlbench/internal/cell.marked"),
		})
		if err != nil {
			return Outcome{}, err
		}
		done.Events["mark"] += float64(l.Pages) // which cost more than others
		done.Events[wall] += float64(l.Events - l.Pages)
		ledgers = append(ledgers, l)
		walls = append(walls, p)
	}
	file, err := json.Marshal(ledgers)
	if err != nil {
		return Outcome{}, err
	}
	done.Files["ledger"] = "ledger.json"
	if err := writeLedger(b.job.Dir, file); err != nil {
		return Outcome{}, fmt.Errorf("write the ledger: %w", err)
	}
	p, err := profile.Merge(walls)
	if err != nil {
		return Outcome{}, err
	}
	return Outcome{Profile: done}, b.keep(done, map[string]*profile.Profile{wall: p})
}

func writeLedger(dir string, text []byte) error {
	d, err := rundir.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.WriteSync("ledger.json", text), d.Close())
}

// trace takes one trace, with the CPU profiler on, so that it holds what workers were at.
func (b *Bench) trace(ctx context.Context, budget int, done *store.Profile) (text *bytes.Buffer, err error) {
	text = new(bytes.Buffer)
	if err := pprof.StartCPUProfile(new(bytes.Buffer)); err != nil {
		return nil, err
	}
	defer pprof.StopCPUProfile()
	if err := trace.Start(text); err != nil {
		return nil, err
	}
	defer trace.Stop()
	for begin := time.Now(); time.Since(begin) < min(b.job.Sample, traceLength); {
		err := b.crawlOf(ctx, budget, func(crawl func()) {
			start := time.Now()
			ledger.Crawl(crawl)
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

// traceable returns the number of pages of a crawl that is short enough to be traced whole, as the last one went, which
// took so long in a hurry; 0 means all.
func (b *Bench) traceable(hurried time.Duration) int {
	pages := b.site.Fetched()
	c := b.job.Cell
	takes := max(hurried, c.Ideal(pages, b.cache.Reach.Depth, b.job.Fetch.Latency.MeanWait(), b.job.Fetch.CPU))
	most := int(float64(pages) * traceLength.Seconds() / takes.Seconds())
	if limit := c.MaxPages; limit > 0 {
		most = min(most, limit)
	}
	if most >= pages {
		return c.MaxPages
	}
	return max(1, most)
}

// marked is a site whose fetches are marked in the trace.
type marked[K comparable] struct{ crawl.Web[K] }

func (m marked[K]) Fetch(ctx context.Context, page K) ([]K, error) {
	ledger.Mark()
	return m.Web.Fetch(ctx, page)
}

// observed returns w as bind is asked to.
func observed[K comparable](w crawl.Web[K], trace bool, last *countdown) crawl.Web[K] {
	if last != nil {
		w = counted[K]{w, last}
	}
	if trace {
		return marked[K]{w}
	}
	return w
}
