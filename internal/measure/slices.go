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
	// sliceCrawls is how many crawls a slice has at least, so that the first one, with cold caches, counts little.
	sliceCrawls = 5
	// maxSlices limits a slice with fewer crawls than that, as a multiple of its least time. A crawl that takes longer
	// is a slice by itself.
	maxSlices = 5
	// coldCrawl is the length below which a crawl suffers from cold caches by more than a tenth: a slice of shorter
	// crawls begins with one that does not count.
	coldCrawl = time.Millisecond
)

// takeSlices takes a sample in slices, on request of the parent.
func (b *Bench) takeSlices(ctx context.Context) (Outcome, error) {
	conn, last := b.job.conn, b.warm
	if err := conn.Answer(nil); err != nil { // it is ready
		return Outcome{}, err
	}
	t := b.begin()
	for {
		var request turn
		more, err := conn.Next(&request)
		if err != nil {
			return Outcome{}, err
		}
		if !more {
			break
		}
		if last < coldCrawl {
			if err := t.uncounted(ctx); err != nil {
				return Outcome{}, err
			}
		}
		slice, err := t.slice(ctx, request.Slice)
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

// slice crawls for at least length and sliceCrawls, if that takes no longer than maxSlices lengths.
func (t *taking) slice(ctx context.Context, length time.Duration) (store.Slice, error) {
	var s store.Slice
	cpu := t.m.cpu
	for begin, took := t.m.wall, time.Duration(0); !sliceEnds(s.Crawls, took, length); took = t.m.wall - begin {
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

// sliceEnds reports whether a slice is long enough after the given number of crawls.
func sliceEnds(crawls int, took, length time.Duration) bool {
	return crawls >= sliceCrawls && took >= length || crawls > 0 && took >= maxSlices*length
}
