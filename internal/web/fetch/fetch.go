// Package fetch fetches pages over HTTP for crawlers: everything that a site sends is bounded in bytes and in time, and
// every error has a class.
//
// A Client fetches a URL and returns a Response or an Error. A Web adapts a Client to the contract of crawlers: pages
// are named by URL, and package page finds their links.
package fetch

import (
	"cmp"
	"context"
	"crypto/x509"
	"net"
	"net/url"
	"time"
)

// Settings are the bounds of a Client. A zero field means its default.
type Settings struct {
	// Workers is the number of fetches in flight, and of connections that are kept for each host: with fewer, a worker
	// that is done would close its connection although the next fetch of the host needs one. 0 means 1.
	Workers int
	// Agent is the User-Agent. Its name selects the rules in robots.txt.
	Agent string
	// MaxBody is the largest body in bytes, both as it is sent and inflated.
	MaxBody int64
	// MaxHeader is the largest header of a response in bytes.
	MaxHeader int64
	// Redirects is the largest number of redirects that are followed. Negative means none.
	Redirects int
	// RedirectLinks makes a redirect a page of a Web, whose only link is the target of the
	// redirect.
	RedirectLinks bool
	// The time-outs of the phases of a fetch. Idle is the longest time without a byte of the body. Whole is the longest
	// time of a fetch with its redirects, so that a body that arrives byte by byte ends too.
	DialTimeout, TLSTimeout, HeaderTimeout, IdleTimeout, WholeTimeout time.Duration
	// Roots are the trusted certificates. Nil means those of the system.
	Roots *x509.CertPool
	// Dial makes connections. Nil means those of package net.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Proxy is the forward proxy for all URLs. Nil means none; the environment is ignored.
	Proxy *url.URL
}

// The defaults of Settings.
const (
	DefaultAgent     = "crawlbench"
	DefaultMaxBody   = 10 << 20
	DefaultMaxHeader = 256 << 10
	DefaultRedirects = 10
	DefaultPhase     = 10 * time.Second // of each phase but the whole
	DefaultWhole     = time.Minute
)

// set returns s with its defaults.
func (s Settings) set() Settings {
	s.Workers = max(1, s.Workers)
	s.Agent = cmp.Or(s.Agent, DefaultAgent)
	s.MaxBody = cmp.Or(s.MaxBody, DefaultMaxBody)
	s.MaxHeader = cmp.Or(s.MaxHeader, DefaultMaxHeader)
	s.Redirects = max(0, cmp.Or(s.Redirects, DefaultRedirects))
	for _, phase := range []*time.Duration{&s.DialTimeout, &s.TLSTimeout, &s.HeaderTimeout, &s.IdleTimeout} {
		*phase = cmp.Or(*phase, DefaultPhase)
	}
	s.WholeTimeout = cmp.Or(s.WholeTimeout, DefaultWhole)
	if s.Dial == nil {
		s.Dial = (&net.Dialer{}).DialContext
	}
	return s
}
