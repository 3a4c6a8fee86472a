package web

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"

	"crawlbench/internal/crawl"
	"crawlbench/internal/web/delay"
)

// Fetcher fetches a page from elsewhere and returns its links.
type Fetcher = func(ctx context.Context, url string) ([]string, error)

// RobotsFetcher fetches the robots.txt of the host of a page from elsewhere.
type RobotsFetcher = func(ctx context.Context, url string) (crawl.Robots[string], error)

// transport brings pages from another process. The verification stays here.
type transport struct {
	fetch  Fetcher
	robots RobotsFetcher
	wrong  atomic.Pointer[string] // the first answer that is not that of the graph
}

// Over lets pages come from fetch, by URL only, and robots.txt from robots, which is nil if nobody asks for it. They
// come from a site that waits, fails and refuses as the behaviour says; the processor time of a fetch is used here.
// URLs begin with http. Answers must be those of the graph: see Strange.
func (s *Site) Over(fetch Fetcher, robots RobotsFetcher) {
	s.over = &transport{fetch: fetch, robots: robots}
	s.takesTime = true
}

// Strange returns what was wrong with the first answer that does not fit the graph, "" if all do. The crawler is not to
// blame for that.
func (s *Site) Strange() string {
	if s.over != nil {
		if text := s.over.wrong.Load(); text != nil {
			return *text
		}
	}
	return ""
}

// answer fetches page, by its number in the graph. In an exact crawl it compares the links with those of the graph; in
// others a missing page or one too many shows.
func (t *transport) answer(ctx context.Context, s *Site, page uint32) ([]string, error) {
	links, err := t.fetch(ctx, s.URL(page))
	delay.Burn(s.burn)
	fails := s.fails != nil && s.fails(page)
	switch {
	case ctx.Err() != nil:
	case err != nil && !fails:
		t.strange("page %d failed: %v", page, err)
	case err == nil && fails:
		t.strange("page %d did not fail", page)
	case err == nil && s.verifier.rules.Exact && !sameSet(links, s.urlLinks(page)):
		t.strange("page %d has the links %.300q, want those of the graph, %.300q", page, links, s.urlLinks(page))
	}
	return links, err
}

func (t *transport) strange(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	t.wrong.CompareAndSwap(nil, &text)
}

// sameSet reports whether two lists have the same members. A site repeats links.
func sameSet(x, y []string) bool {
	unique := func(list []string) []string { return slices.Compact(slices.Sorted(slices.Values(list))) }
	return slices.Equal(unique(x), unique(y))
}

// URL returns the URL of a page.
func (s *Site) URL(page uint32) string {
	if s.over != nil {
		return s.graph.HTTPURL(page)
	}
	return s.graph.URL(page)
}

// pageOf returns the page of a URL.
func (s *Site) pageOf(url string) (uint32, bool) {
	if s.over != nil {
		return s.graph.HTTPPage(url)
	}
	return s.graph.PageOf(url)
}
