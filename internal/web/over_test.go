package web_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"crawlbench/internal/crawl"
	"crawlbench/internal/crawler/mutexmap"
	"crawlbench/internal/graph"
	"crawlbench/internal/web"
)

// elsewhere is a site in another place.
type elsewhere struct {
	g      *graph.Graph
	change func(page uint32, links []string) ([]string, error) // may be nil
}

func (e elsewhere) fetch(_ context.Context, url string) ([]string, error) {
	page, ok := e.g.PageOf("https" + strings.TrimPrefix(url, "http"))
	if !ok || !strings.HasPrefix(url, "http:") {
		return nil, errors.New("no such page")
	}
	var links []string
	for _, p := range e.g.Out(page) {
		url := "http" + strings.TrimPrefix(e.g.URL(p), "https")
		links = append(links, url, url) // a site may repeat links
	}
	if e.change != nil {
		return e.change(page, links)
	}
	return links, nil
}

// Pages that come from elsewhere are verified as others are: crawls are right, renamed pages are found, and an answer
// that is not that of the graph is the site's fault.
func TestOver(t *testing.T) {
	g, err := graph.Build(t.Context(), graph.Spec{Kind: "hosts", Pages: 900, Seed: 1}, 0)
	if err != nil {
		t.Fatal(err)
	}
	crawlOf := func(s *web.Site, exact bool) error {
		o := crawl.Options{Workers: 3}
		s.Begin(web.Rules{Workers: o.Workers, Exact: exact})
		_, url := s.Start()
		return s.End(mutexmap.Crawler().ByURL(t.Context(), s.URLs(), []string{url}, o))
	}
	failed := errors.New("reset")
	for name, test := range map[string]struct {
		fail    float64
		change  func(page uint32, links []string) ([]string, error)
		strange string
	}{
		"right": {},
		"missing link": {change: func(page uint32, links []string) ([]string, error) {
			if page == 7 {
				return links[2:], nil
			}
			return links, nil
		}, strange: "page 7 has the links"},
		"other link": {change: func(page uint32, links []string) ([]string, error) {
			if page == 7 {
				return append(links, "http://www.h0.example/else"), nil
			}
			return links, nil
		}, strange: "page 7 has the links"},
		"failure": {change: func(page uint32, links []string) ([]string, error) {
			if page == 7 {
				return nil, failed
			}
			return links, nil
		}, strange: "page 7 failed: reset"},
		"no failure": {fail: 1, strange: "did not fail"},
	} {
		b := graph.Behaviour{Fail: test.fail}
		s := web.New(g, graph.Walk(g, b.Fails), b, 0)
		s.Over(elsewhere{g, test.change}.fetch, nil)
		for round := range 4 {
			err := crawlOf(s, round == 0)
			if test.strange == "" && err != nil {
				t.Errorf("%s, crawl %d: %v", name, round, err)
			}
		}
		if text := s.Strange(); !strings.Contains(text, test.strange) || (text == "") != (test.strange == "") {
			t.Errorf("%s: strange is %q, want %q", name, text, test.strange)
		}
	}
}
