package crawl

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"
)

// Politeness limits what a crawl asks of each host.
type Politeness = struct {
	Gap        time.Duration
	FromStart  bool
	PerHost    int
	HostOf     func(id uint32) uint32
	Server     func(host string) string
	Robots     bool
	CrawlDelay bool
	MaxDelay   time.Duration
	Attempts   int
}

// Policy is a Politeness with its defaults.
type Policy Politeness

// The defaults of a Politeness. A Crawl-delay of years has been seen; archives wait for up to 300 s.
const (
	DefaultMaxDelay = 5 * time.Minute
	DefaultAttempts = 3
)

// Width returns the largest number of fetches in flight at a host.
func (p *Policy) Width() int { return max(1, p.PerHost) }

// Bounded returns a delay that a host asked for, between 0 and the largest that p admits.
func (p *Policy) Bounded(delay time.Duration) time.Duration {
	return max(0, min(delay, cmp.Or(p.MaxDelay, DefaultMaxDelay)))
}

// Tries returns how often a page is fetched at most.
func (p *Policy) Tries() int {
	if p.Attempts == 0 {
		return DefaultAttempts
	}
	return p.Attempts
}

// Slow is the error of a fetch whose host asked to slow down, which package bench calls SlowDown.
type Slow = interface {
	error
	RetryAfter() time.Duration
}

// SlowDown is the Slow of a response with status 429 or 503.
type SlowDown struct {
	Status int
	After  time.Duration
}

func (s *SlowDown) Error() string {
	return fmt.Sprintf("status %d: the host asks for a pause of %v", s.Status, s.After)
}

// RetryAfter returns the pause that the host asked for.
func (s *SlowDown) RetryAfter() time.Duration { return s.After }

// RobotsWeb is a Web whose hosts may have a robots.txt.
type RobotsWeb[K comparable] = interface {
	Web[K]
	Robots(ctx context.Context, page K) (Robots[K], error)
}

// Robots is what a host's robots.txt says to this crawler.
type Robots[K comparable] = struct {
	Allowed    func(page K) bool
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
