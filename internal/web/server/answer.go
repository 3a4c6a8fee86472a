package server

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"crawlbench/internal/web/hostlog"
)

// ServeHTTP answers a request for a host of the site.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	url := asked(r)
	if r.Method == http.MethodConnect {
		url = "https://" + r.Host
	}
	t := s.find(url)
	start := s.enter(t, url)
	f := &hostlog.Fetch{Host: t.host, Page: t.page, Start: start}
	a := &answer{site: s, w: w, r: r, fetch: f}
	if t.kind == unknown || t.kind == common {
		a.fetch = nil
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		a.text(http.StatusMethodNotAllowed, "want GET or HEAD of an http URL")
		return
	}
	if a.fetch != nil && pause(r.Context(), s.behaviour.Wait(t.page, t.host)) != nil {
		a.abort()
		return
	}
	switch t.kind {
	case ordinary:
		a.page(t.page)
	case moved:
		a.redirect(t)
	case robots:
		a.robots(t.host)
	default:
		a.text(http.StatusNotFound, "no such page: set http_proxy to the address of this site, and begin at "+s.SeedURL())
	}
}

// answer is the answer to one request.
type answer struct {
	site  *Site
	w     http.ResponseWriter
	r     *http.Request
	fetch *hostlog.Fetch // nil if no host of the graph was asked
}

// abort records that the client did not wait.
func (a *answer) abort() {
	if a.fetch != nil {
		a.fetch.Refused, a.fetch.Aborted = true, true
	}
	a.site.leave(a.fetch, func(c *Counts) { c.Aborted++ })
}

// text answers with a short text that is not a page.
func (a *answer) text(status int, text string) {
	if a.fetch != nil {
		a.fetch.Refused = true
	}
	a.w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	a.short(status, text+"\n", func(c *Counts) { c.Other++ })
}

// short answers with a body that is written at once.
func (a *answer) short(status int, body string, count func(*Counts)) {
	a.w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	a.w.WriteHeader(status)
	a.finish(count)
	if a.r.Method != http.MethodHead {
		io.WriteString(a.w, body)
	}
}

// finish records the answer. A request with HEAD hands out no page.
func (a *answer) finish(count func(*Counts)) {
	if a.r.Method == http.MethodHead {
		if a.fetch != nil {
			a.fetch.Refused = true
		}
		count = func(c *Counts) { c.Heads++ }
	}
	a.site.leave(a.fetch, count)
}

// redirect answers with the URL that is a redirect nearer to the page.
func (a *answer) redirect(t target) {
	s, draw := a.site, a.site.draw(saltStatus, t.page<<2+uint32(t.hops))
	to := s.redirected(t.page, t.hops-1)
	if draw.IntN(2) == 0 {
		_, to = split(to) // relative to the host
	}
	statuses := redirects()
	a.w.Header().Set("Location", to)
	a.fetch.Refused = true
	a.short(statuses[draw.IntN(len(statuses))], "", func(c *Counts) {
		c.Redirects++
		s.journal.follow(t)
	})
}

// page answers with a page.
func (a *answer) page(page uint32) {
	s := a.site
	get := a.r.Method == http.MethodGet
	if get && s.refuses(page) {
		a.fetch.Refused, a.fetch.Rest = true, s.set.RetryAfter
		status := http.StatusTooManyRequests
		if page%2 == 0 {
			status = http.StatusServiceUnavailable
		}
		a.w.Header().Set("Retry-After", strconv.Itoa(int(s.set.RetryAfter/time.Second)))
		a.short(status, "", func(c *Counts) { c.Refused++ })
		return
	}
	if status := s.status(page); status != http.StatusOK {
		a.other(page, status)
		return
	}
	d := s.document(page)
	body, head := d.body, a.w.Header()
	head.Set("Content-Type", d.contentType)
	if d.packed != nil {
		head.Set("Vary", "Accept-Encoding")
		if acceptsGzip(a.r) {
			body = d.packed
			head.Set("Content-Encoding", "gzip")
		}
	}
	draw := s.draw(saltTransfer, page)
	slow, chunked := draw.Float64() < s.set.Shares.Slow, draw.Float64() < s.set.Shares.Chunked
	if !chunked {
		head.Set("Content-Length", strconv.Itoa(len(body)))
	}
	if !get {
		a.finish(nil)
		return
	}
	s.handOut(page)
	a.send(body, slow, chunked)
}

// other answers with a page that fails, or that was recorded as a redirect.
func (a *answer) other(page uint32, status int) {
	fails := status >= 400
	if !fails {
		to := a.site.graph.Out(page)[0]
		a.w.Header().Set("Location", a.site.linked(to))
		a.site.handOut(page)
	}
	a.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	a.short(status, fmt.Sprintf("<!DOCTYPE html>\n<title>%d %s</title>\n", status, http.StatusText(status)),
		func(c *Counts) {
			if fails {
				c.Served++
				c.Failed++
			} else {
				c.Redirects++
			}
		})
}

// pieces is the number of pieces in which the body of a slow page is written.
const pieces = 5

// send writes the body of a page.
func (a *answer) send(body []byte, slow, chunked bool) {
	n, gap := 1, time.Duration(0)
	if chunked {
		n = 2
	}
	if slow {
		n, gap = pieces, a.site.set.SlowBody/(pieces-1)
	}
	flush := http.NewResponseController(a.w)
	for i := range n - 1 {
		_, err := a.w.Write(body[i*len(body)/n : (i+1)*len(body)/n])
		if err == nil {
			err = flush.Flush()
		}
		if err == nil {
			err = pause(a.r.Context(), gap)
		}
		if err != nil {
			a.abort()
			return
		}
	}
	a.finish(func(c *Counts) { c.Served++ })
	a.w.Write(body[(n-1)*len(body)/n:])
}

// document returns a page, and keeps it if there is room.
func (s *Site) document(page uint32) *document {
	at := &s.made[page]
	if d := at.Load(); d != nil {
		return d
	}
	d := s.write(page, nil)
	size := int64(len(d.body) + len(d.packed))
	if s.kept.Add(size) > s.set.Memory || !at.CompareAndSwap(nil, d) {
		s.kept.Add(-size)
	}
	return d
}

// pack returns data compressed with gzip.
func (s *Site) pack(data []byte) []byte {
	var b bytes.Buffer
	z, ok := s.packers.Get().(*gzip.Writer)
	if !ok {
		z = gzip.NewWriter(&b)
	}
	z.Reset(&b)
	z.Write(data)
	z.Close()
	s.packers.Put(z)
	return b.Bytes()
}

// acceptsGzip reports whether the client of a request accepts gzip (RFC 9110, 12.5.3).
func acceptsGzip(r *http.Request) bool {
	for _, line := range r.Header.Values("Accept-Encoding") {
		for item := range strings.SplitSeq(line, ",") {
			name, params, _ := strings.Cut(item, ";")
			name = strings.ToLower(strings.TrimSpace(name))
			weight, weighted := strings.CutPrefix(strings.ReplaceAll(strings.ToLower(params), " ", ""), "q=")
			q, err := strconv.ParseFloat(weight, 64)
			if (name == "gzip" || name == "x-gzip") && !(weighted && err == nil && q == 0) {
				return true
			}
		}
	}
	return false
}
