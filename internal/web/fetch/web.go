package fetch

import (
	"context"
	"errors"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/web/fetch/robots"
	"crawlbench/internal/web/page"
)

// Web is the site that a crawler crawls over HTTP, as a crawl.RobotsWeb. Pages are named by URL. It is safe for
// concurrent use.
type Web struct {
	client  *Client
	buffers sync.Pool // of *[]byte, for bodies: links are copies
	robots  robots.Cache
}

// NewWeb returns the Web of a client.
func NewWeb(c *Client) *Web { return &Web{client: c} }

// keptBuffer is the largest buffer that is kept for another page.
const keptBuffer = 1 << 20

// Fetch returns the links of a page: canonical URLs in the order of the document, with duplicates. The base of relative
// links is the URL after redirects.
func (w *Web) Fetch(ctx context.Context, address string) ([]string, error) {
	buffer, ok := w.buffers.Get().(*[]byte)
	if !ok {
		buffer = new([]byte)
	}
	set := &w.client.settings
	r, err := w.client.get(ctx, address,
		wanted{accept: isHTML, most: set.MaxBody, links: set.RedirectLinks, buffer: (*buffer)[:0]})
	if err != nil || r.next != "" {
		w.buffers.Put(buffer)
		if err == nil {
			return []string{r.next}, nil
		}
		return nil, slowDown(r, err)
	}
	links, err := page.Links(nil, r.URL, r.Header.Get("Content-Type"), r.Body)
	if cap(r.Body) <= keptBuffer {
		*buffer = r.Body
		w.buffers.Put(buffer)
	}
	if err != nil {
		return nil, &Error{Protocol, r.URL, r.Status, err}
	}
	return links, nil
}

// slowDown returns a crawl.SlowDown if a host asks for one, and err if not.
func slowDown(r *Response, err error) error {
	if r == nil || r.Status != http.StatusTooManyRequests && r.Status != http.StatusServiceUnavailable {
		return err
	}
	if after, ok := retryAfter(r.Header); ok {
		return &crawl.SlowDown{Status: r.Status, After: after}
	}
	return err
}

// retryAfter returns the time of a Retry-After: seconds, or a date by the clock of the host, if it says that.
func retryAfter(h http.Header) (time.Duration, bool) {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if text == "" {
		return 0, false
	}
	if strings.Trim(text, "0123456789") == "" {
		seconds, err := strconv.ParseInt(text, 10, 64)
		if err != nil || seconds > math.MaxInt64/int64(time.Second) {
			return math.MaxInt64, true
		}
		return time.Duration(seconds) * time.Second, true
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0, false
	}
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	return max(0, at.Sub(now)), true
}

// Robots returns what the robots.txt of the host of a page says. It is fetched once per host, and again when it is too
// old. A host without one allows everything, and a host that cannot answer allows nothing (RFC 9309, 2.3.1). An error
// is a SlowDown or the error of ctx; the next call then asks again.
func (w *Web) Robots(ctx context.Context, address string) (crawl.Robots[string], error) {
	host := crawl.HostKey(address)
	rules, err := w.robots.Rules(ctx, host, func(ctx context.Context) (robots.Rules, error) {
		return w.askRobots(ctx, host)
	})
	if err != nil {
		return crawl.Robots[string]{}, err
	}
	return crawl.Robots[string]{
		Allowed:    func(page string) bool { return rules.Allowed(target(page)) },
		CrawlDelay: rules.CrawlDelay,
	}, nil
}

// askRobots fetches the robots.txt of a host. A file that is longer than crawlers read is cut.
func (w *Web) askRobots(ctx context.Context, host string) (robots.Rules, error) {
	r, err := w.client.get(ctx, host+"/robots.txt", wanted{accept: isAnything, most: robots.MaxBytes + 1, cut: true})
	switch err = slowDown(r, err); {
	case err != nil && (ctx.Err() != nil || errors.As(err, new(*crawl.SlowDown))):
		return robots.DisallowAll, err
	case r == nil:
		return robots.DisallowAll, nil
	}
	return robots.FromResponse(r.Status, r.Body).Rules(w.client.settings.Agent), nil
}

// target returns the path and query of a URL.
func target(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	return u.RequestURI()
}
