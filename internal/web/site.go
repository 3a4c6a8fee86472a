// Package web is the site that is crawled: it serves a graph out of memory with the latency, processor cost and
// failures of its Behaviour, and judges every crawl against the sequential oracle.
//
// It takes a graph and what a crawl of it must reach; it gives out the Web and the Limiter for one crawl at a time, and
// a verdict at the end of it. A crawl that the judge rejects never becomes a number.
//
// That a page is fetched only when a link to it was handed out is seen in two ways. A crawl that is not timed is exact:
// every fetch is held against all links handed out before it. A timed one finds some pages renamed, which costs nothing:
// whoever remembers pages from another crawl, or guesses them, fetches some that are not there.
package web

import (
	"context"
	"errors"
	"math"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/graph"
	"crawlbench/internal/parallel"
)

// ErrFailed is the error of a fetch that Behaviour.Fail had drawn.
var ErrFailed = errors.New("fetch: the site failed, as its behaviour says")

// errUnknown answers a fetch of a page that the site does not have; the judge notes it.
var errUnknown = errors.New("fetch: no such page")

// errOver answers fetches of a crawl that is over, or was ended.
var errOver = errors.New("fetch: the crawl is over")

// Site serves one graph.
type Site struct {
	graph     *graph.Graph
	behaviour Behaviour
	takesTime bool // a fetch waits or burns
	mayFail   bool
	hurry     bool // a fetch does not wait
	burn      int  // rounds of Burn a page
	judge     judge

	urls  []string // by page
	links []string // as graph.Links
}

// New returns a site. spin is the number of rounds that Burn makes in a microsecond; it matters only with Behaviour.CPU.
func New(g *graph.Graph, reach graph.Reach, b Behaviour, spin float64) *Site {
	s := &Site{graph: g, behaviour: b, burn: int(spin * float64(b.CPU) / float64(time.Microsecond))}
	s.takesTime = b.Latency.MeanWait() > 0 || s.burn > 0
	s.mayFail = b.Fail > 0
	s.judge.init(g, reach)
	return s
}

// Hurry makes fetches answer without waiting, for a crawl that only warms up.
func (s *Site) Hurry(on bool) { s.hurry = on }

// Start returns the page from which crawls start, by both kinds of key.
func (s *Site) Start() (id uint32, url string) { return s.graph.Start, s.graph.URL(s.graph.Start) }

// Numbers returns how many numbers the pages may have, those that they have in some crawls only included.
func (s *Site) Numbers() int { return s.judge.numbers() }

// IDs is the site under dense numbers.
func (s *Site) IDs() crawl.Web[uint32] { return byID{s} }

type byID struct{ *Site }

func (s byID) Fetch(ctx context.Context, page uint32) ([]uint32, error) {
	if j := &s.judge; j.quick.Load() && j.first(page) || j.plain.Load() && j.counted(page) {
		return s.graph.Out(page), nil
	}
	d, err := s.visit(ctx, page)
	switch {
	case err == errUnknown:
		s.judge.unknown(page)
		return nil, err
	case err != nil:
		return nil, err
	case d != nil:
		return d.ids[:len(d.ids):len(d.ids)], nil
	}
	return s.graph.Out(page), nil
}

// URLs is the site under its pages' URLs. The strings are made at the first call, once for the life of the site, so that
// a crawl allocates none of its own.
func (s *Site) URLs() crawl.Web[string] {
	if s.urls == nil {
		s.name()
	}
	return byURL{s}
}

type byURL struct{ *Site }

func (s byURL) Fetch(ctx context.Context, url string) ([]string, error) {
	page, ok := s.graph.PageOf(url)
	if !ok {
		page = s.beyond(url)
	}
	if j := &s.judge; j.quick.Load() && j.first(page) || j.plain.Load() && j.counted(page) {
		return s.row(page), nil
	}
	d, err := s.visit(ctx, page)
	switch {
	case err == errUnknown:
		s.judge.unknown(url)
		return nil, err
	case err != nil:
		return nil, err
	case d != nil:
		return d.urls[:len(d.urls):len(d.urls)], nil
	}
	return s.row(page), nil
}

func (s *Site) row(page uint32) []string {
	from, to := s.graph.Offsets[page], s.graph.Offsets[page+1]
	return s.links[from:to:to]
}

// beyond returns the number of a URL that is of no page of the graph; where it is not that of a page renamed either, one
// that no page can have.
func (s *Site) beyond(url string) uint32 {
	for n := s.graph.Pages(); n < len(s.urls); n++ {
		if s.urls[n] == url {
			return uint32(n)
		}
	}
	return math.MaxUint32
}

// URLMemory returns about how many bytes the strings of URLs take for so many pages and links.
func URLMemory(pages, links int) int64 {
	const header, text = 16, 64
	return int64(pages)*(header+text) + int64(links)*header
}

// name makes the URLs and the links between them.
func (s *Site) name() {
	s.urls = make([]string, s.judge.numbers())
	s.links = make([]string, len(s.graph.Links))
	parallel.Each(len(s.urls), func(i int) { s.urls[i] = s.graph.URL(uint32(i)) })
	parallel.Each(len(s.links), func(i int) { s.links[i] = s.urls[s.graph.Links[i]] })
	s.spell()
}

// visit answers a fetch of page before the judge's eyes: with a detour if it is not to be answered from the graph.
func (s *Site) visit(ctx context.Context, page uint32) (d *detour, err error) {
	j := &s.judge
	switch j.state.Load() {
	case over:
		j.late.Add(1)
		return nil, errOver
	case ended:
		return nil, errOver
	}
	if int(page/64) >= len(j.seen) {
		return nil, errUnknown
	}
	counted := j.enter()
	d, ok := j.note(page)
	switch {
	case !ok:
		j.leave(counted, nil)
		return nil, errUnknown
	case j.rules.Exact && !j.exact.has(page):
		j.premature(page)
	}
	if d != nil {
		page = d.as
	}
	if s.takesTime || s.mayFail {
		err = s.answer(ctx, page)
	}
	if err == nil && j.rules.Exact {
		links := s.graph.Out(page)
		if d != nil {
			links = d.ids
		}
		j.exact.handOut(links)
	}
	j.leave(counted, err)
	return d, err
}

// answer lets page take its time, and fail if it is one of those.
func (s *Site) answer(ctx context.Context, page uint32) error {
	if !s.hurry {
		if err := wait(ctx, s.behaviour.Wait(page, s.graph.Host(page))); err != nil {
			return err
		}
	}
	Burn(s.burn)
	if s.behaviour.Fails(page) {
		return ErrFailed
	}
	return nil
}

// wait waits for d, or until ctx ends.
func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
