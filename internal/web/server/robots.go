package server

import (
	"fmt"
	"net/http"
	"strings"

	rfc9309 "crawlbench/internal/web/fetch/robots"
)

// robots answers with the robots.txt of a host.
func (a *answer) robots(host uint32) {
	a.fetch.Robots, a.fetch.Delay = true, a.site.set.CrawlDelay
	a.w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	a.short(http.StatusOK, a.site.robotsOf(host), func(c *Counts) { c.Robots++ })
}

// robotsOf returns the robots.txt of a host.
func (s *Site) robotsOf(host uint32) string {
	var b strings.Builder
	b.WriteString("User-agent: *\n")
	rules := b.Len()
	if s.forbids != nil && s.forbids[host] != "" {
		fmt.Fprintf(&b, "Disallow: %s\n", s.forbids[host])
	}
	if s.set.Forbids != nil {
		first, past := s.graph.Block(host)
		for p := first; p < past; p++ {
			if s.set.Forbids(p) {
				_, path := split(s.URL(p))
				fmt.Fprintf(&b, "Disallow: %s$\n", literal(path))
			}
		}
	}
	if b.Len() == rules {
		b.WriteString("Disallow:\n")
	}
	if delay := s.set.CrawlDelay; delay > 0 {
		fmt.Fprintf(&b, "Crawl-delay: %g\n", delay.Seconds())
	}
	return b.String()
}

// literal returns the pattern that matches a path and nothing longer, before its "$" (RFC 9309, 2.2.3).
func literal(path string) string {
	return strings.NewReplacer("*", "%2A", "$", "%24", "#", "%23").Replace(path)
}

// checkRobots returns an error if a robots.txt is longer than crawlers read.
func (s *Site) checkRobots() error {
	if s.set.Forbids == nil {
		return nil
	}
	for host := range s.graph.Hosts {
		if n := len(s.robotsOf(uint32(host))); n > rfc9309.MaxBytes {
			return fmt.Errorf("the robots.txt of host %d has %d bytes, and crawlers read only %d: want fewer pages "+
				"per host, or a smaller share of forbidden pages", host, n, rfc9309.MaxBytes)
		}
	}
	return nil
}
