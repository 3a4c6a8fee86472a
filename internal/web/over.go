package web

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"crawlbench/internal/delay"
)

// Fetcher fetches a page from elsewhere and returns its links.
type Fetcher = func(ctx context.Context, url string) ([]string, error)

// transport brings pages from another process. The verification stays here.
type transport struct {
	fetch Fetcher
	wrong atomic.Pointer[string] // the first answer that is not that of the graph
}

// Over lets pages come from fetch, by URL only, from a site that waits and fails as the behaviour says; the processor
// time of a fetch is used here. URLs begin with http. Answers must be those of the graph: see Strange.
func (s *Site) Over(fetch Fetcher) {
	s.over = &transport{fetch: fetch}
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
	url := s.graph.URL(page)
	if s.over != nil {
		return "http" + strings.TrimPrefix(url, "https")
	}
	return url
}

// pageOf returns the page of a URL.
func (s *Site) pageOf(url string) (uint32, bool) {
	if s.over != nil {
		rest, ok := strings.CutPrefix(url, "http:")
		if !ok {
			return 0, false
		}
		if page, ok := s.graph.PageOf("https:" + rest); ok { // else it may have been recorded so
			return page, true
		}
	}
	return s.graph.PageOf(url)
}
