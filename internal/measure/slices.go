package measure

import (
	"context"
	"maps"
	"time"

	"crawlbench/internal/store"
)

// turn is the request for a slice.
type turn struct {
	// Slice is the least time of its crawls.
	Slice time.Duration
}

const (
	// turnCrawls is how many crawls a turn has at least, with those of its lead-in.
	turnCrawls = 5
	// maxSlices limits a turn with fewer crawls than that, as a multiple of the least time of a slice. A crawl that
	// takes longer is a slice by itself.
	maxSlices = 5
	// leadIn is how long a turn crawls before its slice. The caches are cold, and it takes the operating system several
	// milliseconds to have a process use all processors again: the first crawl takes up to 30 % longer than those after
	// this time. Of the few crawls of a turn that take longer than that, none can be spared.
	leadIn = 10 * time.Millisecond
)

// takeSlices takes a sample in slices, on request of the parent.
func (b *Bench) takeSlices(ctx context.Context) (Outcome, error) {
	conn, last := b.job.conn, b.warm
	next := conn.Next
	if b.job.Pauses {
		next = conn.NextPaused
	}
	if err := conn.Answer(nil); err != nil { // it is ready
		return Outcome{}, err
	}
	t := b.begin()
	for {
		var request turn
		more, err := next(&request)
		if err != nil {
			return Outcome{}, err
		}
		if !more {
			break
		}
		lead := 0
		for begin := time.Now(); last < leadIn && (lead == 0 || time.Since(begin) < leadIn); lead++ {
			if err := t.uncounted(ctx); err != nil {
				return Outcome{}, err
			}
		}
		slice, err := t.slice(ctx, request.Slice, turnCrawls-lead)
		if err != nil {
			return Outcome{}, err
		}
		last = time.Duration(slice.Seconds / float64(slice.Crawls) * float64(time.Second))
		if err := conn.Answer(slice); err != nil {
			return Outcome{}, err
		}
	}
	if t.s.Crawls == 0 { // the block was given up: what follows has no reader
		return Outcome{}, nil
	}
	t.end()
	return t.outcome(ctx)
}

// uncounted crawls once without measuring it. The crawl is verified like any other.
func (t *taking) uncounted(ctx context.Context) error {
	counts := maps.Clone(t.b.counts)
	err := t.b.Crawl(ctx, func(crawl func()) { crawl() })
	t.b.counts = counts
	return err
}

// slice crawls for at least length, and at least as often as given if that takes no longer than maxSlices lengths.
func (t *taking) slice(ctx context.Context, length time.Duration, least int) (store.Slice, error) {
	var s store.Slice
	cpu := t.m.cpu
	for begin, took := t.m.wall, time.Duration(0); !sliceEnds(s.Crawls, least, took, length); took = t.m.wall - begin {
		if err := t.crawl(ctx); err != nil {
			return s, err
		}
		s.Crawls++
		s.Seconds = (t.m.wall - begin).Seconds()
		if t.b.remote != nil {
			s.CPU = (t.m.cpu - cpu).Seconds()
		}
	}
	t.s.Slices = append(t.s.Slices, s)
	return s, nil
}

// sliceEnds reports whether a slice of at least that many crawls is long enough after the given number of them.
func sliceEnds(crawls, least int, took, length time.Duration) bool {
	return crawls >= least && took >= length || crawls > 0 && took >= maxSlices*length
}
