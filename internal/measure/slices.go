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
	// takes longer is a turn by itself.
	maxSlices = 5
	// leadIn is how long a turn crawls before its slice, unless a crawl is a turn by itself. The caches are cold, and
	// it takes the operating system several milliseconds to have a process use all processors again: the first crawl
	// takes up to 30 % longer than those after this time.
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
		var before lead
		for begin := time.Now(); !before.ends(last, request.Slice); before.took = time.Since(begin) {
			if err := t.uncounted(ctx); err != nil {
				return Outcome{}, err
			}
			before.crawls++
		}
		slice, err := t.slice(ctx, request.Slice, before)
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

// slice crawls until the turn is over.
func (t *taking) slice(ctx context.Context, length time.Duration, before lead) (store.Slice, error) {
	var s store.Slice
	cpu := t.m.cpu
	for begin, took := t.m.wall, time.Duration(0); !sliceEnds(s.Crawls, took, length, before); took = t.m.wall - begin {
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

// lead is the part of a turn that does not count.
type lead struct {
	crawls int
	took   time.Duration
}

// ends reports whether the lead-in of a slice of at least the given length is over, if a crawl takes that long.
func (l lead) ends(crawl, length time.Duration) bool {
	return crawl >= maxSlices*length || l.crawls > 0 && l.took >= leadIn
}

// sliceEnds reports whether a slice of at least the given length is over after the given crawls, and with it the turn.
func sliceEnds(crawls int, took, length time.Duration, before lead) bool {
	return took >= length && (before.crawls+crawls >= turnCrawls || before.took+took >= maxSlices*length)
}
