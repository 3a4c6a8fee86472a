package fetch

import (
	"fmt"
	"io"
	"net/http"
	"sync"
)

// trap is a way to use package net/http that costs connections, with fetches that show it: all workers fetch at the
// same time, from hosts in a fixed order.
type trap struct {
	name                   string
	mutant                 func(http.RoundTripper) http.RoundTripper // of the client's transport; nil for the right one
	hosts, workers, rounds int
	dials                  int64 // exactly
}

// traps returns the traps, with the right client for each kind of fetches.
func traps() []trap {
	twist := func(f func(*http.Transport)) func(http.RoundTripper) http.RoundTripper {
		return func(r http.RoundTripper) http.RoundTripper { f(r.(*http.Transport)); return r }
	}
	right := func(r http.RoundTripper) http.RoundTripper { return r }
	capped := twist(func(t *http.Transport) { t.MaxIdleConns = 100 })
	zero := func(r http.RoundTripper) http.RoundTripper {
		return &http.Transport{DialContext: r.(*http.Transport).DialContext}
	}
	noKeepAlive := twist(func(t *http.Transport) { t.DisableKeepAlives = true })
	return []trap{
		{"right, one host", right, 1, 8, 10, 8},
		{"right, many hosts", right, 300, 1, 5, 300},
		{"right, many hosts and workers", right, 120, 4, 5, 480},
		{"as many hosts as MaxIdleConns", capped, 100, 1, 5, 100},
		{"MaxIdleConns 100", capped, 300, 1, 5, 1500}, // the oldest connection is closed, and is the next to be needed
		{"body not read to its end", func(r http.RoundTripper) http.RoundTripper { return unread{r} }, 1, 8, 10, 80},
		{"zero Transport", zero, 1, 8, 10, 8 + 9*6}, // which keeps two connections for a host
		{"no keep-alive", noKeepAlive, 1, 8, 10, 80},
	}
}

// each fetches all pages.
func (c trap) each(fetch func(address string)) {
	for range c.rounds {
		for host := range c.hosts {
			var all sync.WaitGroup
			for range c.workers {
				all.Go(func() { fetch(fmt.Sprintf("http://h%d.example/", host)) })
			}
			all.Wait()
		}
	}
}

// unread is the mutant that takes a part of a body for the whole.
type unread struct{ http.RoundTripper }

func (u unread) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := u.RoundTripper.RoundTrip(r)
	if err == nil {
		resp.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(resp.Body, 4), resp.Body}
	}
	return resp, err
}

func (u unread) CloseIdleConnections() { u.RoundTripper.(*http.Transport).CloseIdleConnections() }
