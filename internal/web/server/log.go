package server

import (
	"context"
	"sync"
	"time"

	"crawlbench/internal/web/delay"
	"crawlbench/internal/web/hostlog"
)

// journal is a record with its lock.
type journal struct {
	mu sync.Mutex
	record
}

// record is a site's log of a crawl.
type record struct {
	begin   time.Time // of the first request
	last    time.Time // of the last request or answer
	open    int       // requests in flight
	most    int
	fetches hostlog.Log
	counts  Counts
	known   []uint64             // bitset of the pages to which a link was handed out
	refused map[uint32]bool      // pages that were refused
	moved   map[uint32][4]uint32 // by page, how often each of its redirects was asked for, by the redirects left

	unknown, unlinked, forbidden Some
}

// Counts are numbers of requests by their answers.
type Counts struct {
	Requests  int `json:"requests"`
	Served    int `json:"served"`    // bodies of pages, and the 404 of those that fail
	Failed    int `json:"failed"`    // of these, pages that fail
	Redirects int `json:"redirects"` // 301, 302, 303, 307 and 308
	Refused   int `json:"refused"`   // 429 and 503
	Robots    int `json:"robots"`    // robots.txt
	Heads     int `json:"heads"`     // requests with HEAD
	Aborted   int `json:"aborted"`   // the client did not wait for the answer
	Other     int `json:"other"`     // 404 and 405
	Invalid   int `json:"invalid"`   // 400 and the like: not valid HTTP, and not among Requests
}

// Some is a set of URLs: their number, and the first of them.
type Some struct {
	Count int      `json:"count"`
	First []string `json:"first,omitempty"`
}

const (
	examples = 3   // URLs that a verdict names
	longest  = 200 // bytes of a URL that it shows
)

func (s *Some) add(url string) {
	s.Count++
	if len(s.First) < examples {
		s.First = append(s.First, url[:min(len(url), longest)])
	}
}

// Reset forgets the crawl, for the next one. No request may be in flight.
func (s *Site) Reset() {
	j := &s.journal
	j.mu.Lock()
	defer j.mu.Unlock()
	known := j.known
	if known == nil {
		known = make([]uint64, (s.graph.Pages()+63)/64)
	}
	clear(known)
	j.record = record{known: known, refused: map[uint32]bool{}, moved: map[uint32][4]uint32{}}
	j.hand(s.graph.Start)
}

// hand records that a link to a page is handed out.
func (r *record) hand(page uint32) { r.known[page/64] |= 1 << (page % 64) }

// enter records that a request came, and returns when.
func (s *Site) enter(t target, url string) time.Duration {
	j := &s.journal
	j.mu.Lock()
	defer j.mu.Unlock()
	j.last = time.Now()
	if j.begin.IsZero() {
		j.begin = j.last
	}
	j.counts.Requests++
	j.open++
	j.most = max(j.most, j.open)
	switch {
	case t.kind == unknown:
		j.unknown.add(url)
	case t.kind != ordinary && t.kind != moved:
	case s.forbidden(t.page):
		j.forbidden.add(url)
	case j.known[t.page/64]>>(t.page%64)&1 == 0:
		j.unlinked.add(url)
	}
	return j.last.Sub(j.begin)
}

// leave records that a request is answered, just before the last bytes are written: the client may send the next one
// before this program runs again. f is the entry of the log, nil for an answer that is none of a host.
func (s *Site) leave(f *hostlog.Fetch, count func(*Counts)) {
	j := &s.journal
	j.mu.Lock()
	defer j.mu.Unlock()
	j.last = time.Now()
	j.open--
	count(&j.counts)
	if f != nil {
		f.End = j.last.Sub(j.begin)
		j.fetches = append(j.fetches, *f)
	}
}

// handOut records that the links of a page are about to be handed out.
func (s *Site) handOut(page uint32) {
	s.journal.mu.Lock()
	defer s.journal.mu.Unlock()
	for _, q := range s.graph.Out(page) {
		s.journal.hand(q)
	}
}

// refuses reports whether this fetch of a page is refused: the first one of a page that refuses.
func (s *Site) refuses(page uint32) bool {
	drawn := s.set.Shares.Refusals > 0 && s.draw(saltRefusal, page).Float64() < s.set.Shares.Refusals
	if !drawn && (s.set.Refuses == nil || !s.set.Refuses(page)) {
		return false
	}
	s.journal.mu.Lock()
	defer s.journal.mu.Unlock()
	before := s.journal.refused[page]
	s.journal.refused[page] = true
	return !before
}

// Log returns the requests so far that were answered for a host. A redirect, the answer to HEAD and one for which the
// client did not wait are entries that were refused, without a pause: they did not hand out the page.
func (s *Site) Log() hostlog.Log {
	s.journal.mu.Lock()
	defer s.journal.mu.Unlock()
	return append(hostlog.Log(nil), s.journal.fetches...)
}

// WaitIdle waits until no request was in flight for a time, or ctx ends. That time begins with begin, or with the first
// request if begin is zero.
func (s *Site) WaitIdle(ctx context.Context, begin time.Time, quiet time.Duration) error {
	for {
		s.journal.mu.Lock()
		left, since := quiet, begin
		if !s.journal.begin.IsZero() {
			since = s.journal.last
		}
		if !since.IsZero() && s.journal.open == 0 {
			left = quiet - time.Since(since)
		}
		s.journal.mu.Unlock()
		if left <= 0 {
			return nil
		}
		if err := pause(ctx, left); err != nil {
			return err
		}
	}
}

// pause waits for d, or returns the error of ctx when it ends.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	return delay.Wait(ctx, d)
}
