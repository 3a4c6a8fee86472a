// Package fetch fetches pages over HTTP, as a crawler has to: everything that a site sends is bounded, in bytes and in
// time, and what goes wrong has a class.
//
// The input is a URL, the output a Response or an Error. A Web makes a Client the site that a crawler crawls: its
// pages are named by URL, and their links are those that package page finds.
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
	// Workers is the number of fetches in flight. So many connections are kept for each host: with fewer, a worker
	// that is done closes its connection although the next fetch of the host needs one. 0 means 1.
	Workers int
	// Agent is the User-Agent, and its name the one that robots.txt knows.
	Agent string
	// MaxBody is the largest body in bytes, as it comes over the connection and inflated.
	MaxBody int64
	// MaxHeader is the largest header of a response in bytes.
	MaxHeader int64
	// Redirects is how many redirects are followed at most. Negative means none.
	Redirects int
	// RedirectLinks makes a redirect a page of a Web whose only link is where it leads to.
	RedirectLinks bool
	// The time-outs of the phases of a fetch. Idle is the longest time without a byte of the body. Whole is that of a
	// fetch with its redirects: what sends a byte now and then ends too.
	DialTimeout, TLSTimeout, HeaderTimeout, IdleTimeout, WholeTimeout time.Duration
	// Roots are the certificates that are trusted. Nil means those of the system.
	Roots *x509.CertPool
	// Dial makes connections. Nil means those of package net.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Proxy is the forward proxy for all URLs. Nil means none: the environment is not asked.
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
