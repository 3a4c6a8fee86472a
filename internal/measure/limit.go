package measure

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"

	"crawlbench/internal/crawl"
	"crawlbench/internal/crawl/limiter"
)

// limit is the limiter of a cell: its kind, and the limiter of the current crawl.
type limit struct {
	kind  crawl.LimiterKind
	made  crawl.Limiter
	err   error // why it was not made
	calls int64 // that the limiter of the last crawl made to a server
}

// join finds the limiter of the cell, and gives a process of a fleet its part.
func (b *Bench) join(limiters []crawl.LimiterKind) error {
	name := cmp.Or(b.job.Cell.Limiter, limiter.Default)
	all := limiter.With(limiters)
	i := slices.IndexFunc(all, func(k crawl.LimiterKind) bool { return k.Name == name })
	if i < 0 {
		return fmt.Errorf("cell %s: this program has no limiter %q: choose another, or build it in", b.job.Cell.ID(), name)
	}
	b.limit.kind = all[i]
	if b.job.Fleet != nil && !b.by.Fleet {
		b.job.Cell.MaxPages = b.job.Cell.Share()
	}
	return nil
}

// limiterOf returns a function that makes the limiter of a crawl; nil without a rate.
func (b *Bench) limiterOf() func() crawl.Limiter {
	c := b.job.Cell
	if c.Rate == 0 {
		return nil
	}
	return func() crawl.Limiter {
		fleet := b.fleet
		if !b.limit.kind.Fleet {
			fleet = nil
		}
		b.limit.made, b.limit.err = b.limit.kind.New(float64(c.Rate), c.BucketSize(), fleet)
		if b.limit.err != nil {
			return refusing{b.limit.err}
		}
		return b.limit.made
	}
}

// end closes the limiter of a crawl, if it can be closed.
func (l *limit) end() error {
	made, err := l.made, l.err
	l.made, l.err, l.calls = nil, nil, 0
	if counts, ok := made.(interface{ Calls() int64 }); ok {
		l.calls = counts.Calls()
	}
	if closes, ok := made.(io.Closer); ok && err == nil {
		err = closes.Close()
	}
	if err != nil {
		return fmt.Errorf("limiter %s: %w", l.kind.Name, err)
	}
	return nil
}

// refusing is in the place of a limiter that could not be made.
type refusing struct{ err error }

// Wait returns why.
func (r refusing) Wait(context.Context) error { return r.err }
