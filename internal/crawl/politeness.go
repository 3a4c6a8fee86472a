package crawl

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Politeness limits what a crawl asks of each host. The zero value says: one fetch at a time, without a gap, and all
// ids are of one host.
type Politeness struct {
	// Gap is the least time from the end of a fetch to the start of the next one of the same host. If PerHost is
	// greater than 1, it is the least time until the next one in the place of that fetch.
	Gap time.Duration
	// FromStart measures Gap from the start of a fetch to the start of the next one, whatever PerHost is.
	FromStart bool
	// PerHost is the largest number of fetches in flight at a host. 0 means 1.
	PerHost int
	// HostOf returns the host of an id. Hosts are numbered from 0, without holes. Nil means one host.
	HostOf func(id uint32) uint32
	// Server returns the address of the server of a host, given by its HostKey: hosts with one server are one host.
	// Nil means that each host has its own. It is used for URLs.
	Server func(host string) string
	// Robots asks for the robots.txt of each host before its first page, if the Web is a RobotsWeb. That is a fetch
	// of the host like any other, except that it does not count as a page.
	Robots bool
	// CrawlDelay makes the Crawl-delay of a host its gap, if it is longer than Gap.
	CrawlDelay bool
	// MaxDelay is the longest time that a Crawl-delay or a SlowDown can ask for. 0 means DefaultMaxDelay.
	MaxDelay time.Duration
	// Attempts is how often a page is fetched at most if its host asks to slow down. 0 means DefaultAttempts.
	Attempts int
}

// The defaults of a Politeness. A Crawl-delay of years has been seen; archives wait for up to 300 s.
const (
	DefaultMaxDelay = 5 * time.Minute
	DefaultAttempts = 3
)

// Width returns the largest number of fetches in flight at a host.
func (p *Politeness) Width() int { return max(1, p.PerHost) }

// Bounded returns a delay that a host asked for, between 0 and the largest that p admits.
func (p *Politeness) Bounded(delay time.Duration) time.Duration {
	most := p.MaxDelay
	if most == 0 {
		most = DefaultMaxDelay
	}
	return max(0, min(delay, most))
}

// Tries returns how often a page is fetched at most.
func (p *Politeness) Tries() int {
	if p.Attempts == 0 {
		return DefaultAttempts
	}
	return p.Attempts
}

// SlowDown is the error of a fetch whose host asked to slow down: HTTP status 429 or 503 with Retry-After (RFC 9110,
// 10.2.3). Under a Politeness, no fetch of that host begins before After has passed, other hosts are not affected, and
// the page is fetched again. Only the last of the attempts counts as a fetch, and as an error. Without a Politeness it
// is a failed fetch like any other.
type SlowDown struct {
	Status int
	After  time.Duration
}

func (s *SlowDown) Error() string {
	return fmt.Sprintf("status %d: the host asks for a pause of %v", s.Status, s.After)
}

// RobotsWeb is a Web whose hosts may have a robots.txt. A crawler finds it by type assertion.
type RobotsWeb[K comparable] interface {
	Web[K]
	// Robots fetches the robots.txt of the host of page. A host without one allows everything. An error other than a
	// SlowDown means that no page of the host may be fetched (RFC 9309, 2.3.1.4).
	Robots(ctx context.Context, page K) (Robots[K], error)
}

// Robots is what a host's robots.txt says to this crawler.
type Robots[K comparable] struct {
	// Allowed reports whether a page of the host may be fetched. Nil allows all. It is safe for concurrent use.
	Allowed func(page K) bool
	// CrawlDelay is the gap that the host asks for, 0 if none.
	CrawlDelay time.Duration
}

// HostKey returns what identifies the host of a URL: scheme, host and port, in lower case, without the default port
// of http and https and without the dot at the end of a name. Text that is no URL with a host is its own key.
func HostKey(url string) string {
	begin := strings.Index(url, "://")
	if begin < 0 {
		return url
	}
	scheme, rest := url[:begin], url[begin+len("://"):]
	if end := strings.IndexAny(rest, "/?#\\"); end >= 0 {
		rest = rest[:end]
	}
	whole := url[:begin+len("://")+len(rest)]
	user := strings.LastIndexByte(rest, '@') + 1
	host, port := rest[user:], ""
	if colon := strings.LastIndexByte(host, ':'); colon > strings.LastIndexByte(host, ']') {
		host, port = host[:colon], host[colon:]
	}
	switch {
	case port == ":", strings.EqualFold(scheme, "http") && port == ":80",
		strings.EqualFold(scheme, "https") && port == ":443":
		port = ""
	}
	name := strings.TrimSuffix(host, ".")
	if user == 0 && len(name)+len(port) == len(rest) {
		return strings.ToLower(whole) // does not allocate if it is in lower case
	}
	return strings.ToLower(scheme + "://" + name + port)
}
