package web

import (
	"context"
	"errors"
	"math"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/graph"
	"crawlbench/internal/parallel"
	"crawlbench/internal/web/delay"
)

// errFailed is returned by a fetch that fails because of graph.Behaviour.Fail, or because it was recorded as failed.
var errFailed = errors.New("fetch: the site failed, as its behaviour specifies")

// errUnknown is returned by a fetch of a page that the site does not have; the verifier records it.
var errUnknown = errors.New("fetch: no such page")

// errFinished is returned by fetches after the crawl has returned or was ended.
var errFinished = errors.New("fetch: the crawl has ended")

// Site serves one graph.
type Site struct {
	graph     *graph.Graph
	waits     func(page uint32) time.Duration
	fails     func(page uint32) bool // nil if no fetch fails
	takesTime bool                   // a fetch waits or burns processor time
	hurry     bool                   // a fetch does not wait
	burn      int                    // rounds of delay.Burn per page
	manners   manners
	verifier  verifier

	hostOf []uint32 // by number of a page; nil until somebody asks

	urls  []string // by page
	links []string // parallel to graph.Links
	over  *transport
}

// New returns a site. spin is the number of rounds that delay.Burn makes in a microsecond; only
// graph.Behaviour.CPU uses it.
func New(g *graph.Graph, reach graph.Reach, b graph.Behaviour, spin float64) *Site {
	s := &Site{graph: g, waits: b.Waits(g), fails: b.Failing(g),
		burn: int(spin * float64(b.CPU) / float64(time.Microsecond)), manners: mannersOf(b, g)}
	s.takesTime = b.Latency.Waits() || b.Largest > 0 || s.burn > 0
	s.verifier.init(g, reach)
	return s
}

// Hurry makes fetches answer without waiting, for warm-up crawls.
func (s *Site) Hurry(on bool) { s.hurry = on }

// Start returns the page at which crawls start, as an id and as a URL.
func (s *Site) Start() (id uint32, url string) { return s.graph.Start, s.URL(s.graph.Start) }

// Numbers returns how many page numbers are in use, including those used only in some crawls.
func (s *Site) Numbers() int { return s.verifier.numbers() }

// IDs returns the site with pages identified by dense numbers.
func (s *Site) IDs() crawl.Web[uint32] { return byID{s} }

type byID struct{ *Site }

func (s byID) Fetch(ctx context.Context, page uint32) ([]uint32, error) {
	if v := &s.verifier; v.quick.Load() && v.noteFirst(page) || v.plain.Load() && v.noteCounted(page) {
		return s.graph.Out(page), nil
	}
	d, _, err := s.visit(ctx, page)
	switch {
	case err == errUnknown:
		s.verifier.noteUnknown(page)
		return nil, err
	case err != nil:
		return nil, err
	case d != nil:
		return d.ids[:len(d.ids):len(d.ids)], nil
	}
	return s.graph.Out(page), nil
}

// URLs returns the site with pages identified by URL. The strings are made at the first call and
// kept for the life of the site, so that a crawl does not allocate them.
func (s *Site) URLs() crawl.Web[string] {
	if s.urls == nil {
		s.makeURLs()
	}
	return byURL{s}
}

type byURL struct{ *Site }

func (s byURL) Fetch(ctx context.Context, url string) ([]string, error) {
	page := s.numberOf(url)
	if v := &s.verifier; v.quick.Load() && v.noteFirst(page) || v.plain.Load() && v.noteCounted(page) {
		return s.urlLinks(page), nil
	}
	d, links, err := s.visit(ctx, page)
	switch {
	case err == errUnknown:
		s.verifier.noteUnknown(url)
		return nil, err
	case err != nil:
		return nil, err
	case d != nil:
		return d.urls[:len(d.urls):len(d.urls)], nil
	case s.over != nil:
		return links, nil
	}
	return s.urlLinks(page), nil
}

func (s *Site) urlLinks(page uint32) []string {
	from, to := s.graph.Offsets[page], s.graph.Offsets[page+1]
	return s.links[from:to:to]
}

// renamedPage returns the number of a renamed page by its URL, or a number that no page can have.
func (s *Site) renamedPage(url string) uint32 {
	for n := s.graph.Pages(); n < len(s.urls); n++ {
		if s.urls[n] == url {
			return uint32(n)
		}
	}
	return math.MaxUint32
}

// URLMemory estimates the bytes that the URL strings of a graph take.
func URLMemory(pages, links int) int64 {
	const header, text = 16, 64
	return int64(pages)*(header+text) + int64(links)*header
}

// makeURLs makes the URLs and the links between them.
func (s *Site) makeURLs() {
	s.urls = make([]string, s.verifier.numbers())
	s.links = make([]string, len(s.graph.Links))
	parallel.Each(len(s.urls), func(i int) { s.urls[i] = s.URL(uint32(i)) })
	parallel.Each(len(s.links), func(i int) { s.links[i] = s.urls[s.graph.Links[i]] })
	s.makeOverriddenURLs()
}

// visit answers a fetch of page under verification. It returns an overridden page if the graph does not hold
// the answer, and the links that came over a transport, if there is one.
func (s *Site) visit(ctx context.Context, page uint32) (d *overriddenPage, links []string, err error) {
	v := &s.verifier
	switch v.state.Load() {
	case finished:
		v.late.Add(1)
		return nil, nil, errFinished
	case ended:
		return nil, nil, errFinished
	}
	if int(page/64) >= len(v.seen) {
		return nil, nil, errUnknown
	}
	counted := v.enter()
	if as, is := s.refuses(page); is {
		return nil, nil, s.refuse(ctx, page, as, counted)
	}
	d, ok := v.note(page)
	switch {
	case !ok:
		v.leave(counted, nil)
		return nil, nil, errUnknown
	case v.rules.Exact && !v.rules.Part && !v.exact.has(page):
		v.noteUnlinked(page)
	}
	named := page
	if d != nil {
		page = d.as
	}
	place, host := -1, uint32(0)
	if v.hosts.watching() {
		host = s.hostOf[named]
		place = v.hosts.enter(page, host)
	}
	switch {
	case s.over != nil:
		links, err = s.over.answer(ctx, s, page)
	case s.takesTime || s.fails != nil:
		err = s.answer(ctx, page)
	}
	if err == nil && v.rules.Exact {
		links := s.graph.Out(page)
		if d != nil {
			links = d.ids
		}
		v.exact.handOut(links)
	}
	if v.hosts.watching() {
		v.hosts.leave(place, host, nil)
	}
	v.leave(counted, err)
	return d, links, err
}

// answer waits and burns as page's behaviour specifies, and fails if it fails.
func (s *Site) answer(ctx context.Context, page uint32) error {
	if !s.hurry {
		if err := wait(ctx, s.waits(page)); err != nil {
			return err
		}
	}
	delay.Burn(s.burn)
	if s.fails != nil && s.fails(page) {
		return errFailed
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
