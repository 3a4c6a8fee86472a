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

// site presents a web to colly: a transport that returns pages of HTML from memory. It waits on the
// limiter in the transport, after colly has taken one of its slots. In OnRequest, every page that
// was found would wait.
type site struct {
	web     bench.Web[string]
	limiter bench.Limiter
	end     context.CancelCauseFunc // ends the crawl

	pages, errors atomic.Int64
	refused       atomic.Bool // a page was not fetched completely because the crawl had ended
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

// page returns the HTML of a page with the given links.
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

// result returns the result of the crawl that ctx ends.
func (s *site) result(ctx context.Context) (bench.Result, error) {
	did := bench.Result{Pages: int(s.pages.Load()), Errors: int(s.errors.Load())}
	if s.refused.Load() {
		return did, context.Cause(ctx)
	}
	return did, nil
}
