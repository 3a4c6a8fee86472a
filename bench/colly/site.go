package collycrawler

import (
	"context"
	"html"
	"io"
	"net/http"
	"strings"
	"sync/atomic"

	"crawlbench/bench"
)

// site is a web as colly sees it: a transport that answers in memory with pages of HTML. It waits on the limiter there,
// which is after colly has taken one of its slots. In colly's OnRequest every page that was found would be waiting.
type site struct {
	web     bench.Web[string]
	limiter bench.Limiter
	end     context.CancelCauseFunc // ends the crawl

	pages, errors atomic.Int64
	refused       atomic.Bool // some page was not fetched, or not to its end, because the crawl had ended
}

func (s *site) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	if err := ctx.Err(); err != nil {
		s.refused.Store(true)
		return nil, err
	}
	if s.limiter != nil {
		if err := s.limiter.Wait(ctx); err != nil {
			s.refused.Store(true)
			s.end(err)
			return nil, err
		}
	}
	s.pages.Add(1)
	links, err := s.web.Fetch(ctx, req.URL.String())
	if err != nil {
		s.errors.Add(1)
		if ctx.Err() != nil {
			s.refused.Store(true)
		}
		return nil, err
	}
	return &http.Response{
		StatusCode: http.StatusOK,
		Header:     http.Header{"Content-Type": {"text/html; charset=utf-8"}},
		Body:       io.NopCloser(strings.NewReader(page(links))),
		Request:    req,
	}, nil
}

// page writes the HTML of a page with these links.
func page(links []string) string {
	var b strings.Builder
	b.WriteString("<!DOCTYPE html><html><body>\n")
	for _, link := range links {
		b.WriteString(`<a href="`)
		b.WriteString(html.EscapeString(link))
		b.WriteString("\">link</a>\n")
	}
	b.WriteString("</body></html>\n")
	return b.String()
}

// result is what the crawl did, ctx being the one that ends it.
func (s *site) result(ctx context.Context) (bench.Result, error) {
	did := bench.Result{Pages: int(s.pages.Load()), Errors: int(s.errors.Load())}
	if s.refused.Load() {
		return did, context.Cause(ctx)
	}
	return did, nil
}
