// Package fleettest has a small server in memory, and crawlers and limiters of fleets that share it, for the tests of
// packages that start fleets. Some of them are wrong, each in its own way.
//
// The server listens on a port of 127.0.0.1, answers calls of package net/rpc, and counts them: by its own account, a
// call costs it a microsecond, so that tests know exactly how much processor time it has used.
package fleettest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/rpc"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"crawlbench/internal/crawl"
)

// Server hands out the pages of crawls, and the times of grants.
type Server struct {
	// Broken makes Forget fail.
	Broken   bool
	listener net.Listener
	calls    atomic.Int64

	mu     sync.Mutex
	crawls map[string]*frontier
	names  []string // of all crawls
}

// frontier is what the server knows of a crawl.
type frontier struct {
	seen                map[uint32]bool
	queue               []uint32
	outstanding, handed int
	due                 time.Time // of the last grant
}

// Start starts a server.
func Start() (*Server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &Server{listener: listener, crawls: map[string]*frontier{}}
	calls := rpc.NewServer()
	if err := calls.RegisterName("Toy", &Calls{s}); err != nil {
		return nil, err
	}
	go func() {
		for conn, err := listener.Accept(); err == nil; conn, err = listener.Accept() {
			go calls.ServeConn(conn)
		}
	}()
	return s, nil
}

// Serve is a crawl.Serve that starts a Server, and takes none that runs.
func Serve(_ context.Context, url string) (crawl.FleetServer, error) {
	if url != "" {
		return nil, fmt.Errorf("nobody answers at %s", url)
	}
	return Start()
}

// URL implements crawl.FleetServer.
func (s *Server) URL() string { return s.listener.Addr().String() }

// Version implements crawl.FleetServer.
func (s *Server) Version() string { return "toy-server 1" }

// Close implements crawl.FleetServer.
func (s *Server) Close() error { return s.listener.Close() }

// CPU implements crawl.FleetServer.
func (s *Server) CPU() (time.Duration, error) {
	return time.Duration(s.calls.Load()) * time.Microsecond, nil
}

// Forget implements crawl.FleetServer.
func (s *Server) Forget(name string) error {
	if s.Broken {
		return errors.New("planted")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.crawls, name)
	return nil
}

// Names returns the names of all crawls, in the order in which they began, and Left how many are not forgotten.
func (s *Server) Names() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.names)
}

// Left returns how many crawls the server still knows.
func (s *Server) Left() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.crawls)
}

// of returns a crawl.
func (s *Server) of(name string) *frontier {
	f := s.crawls[name]
	if f == nil {
		f = &frontier{seen: map[uint32]bool{}}
		s.crawls[name], s.names = f, append(s.names, name)
	}
	return f
}

// Calls are the calls of processes.
type Calls struct{ s *Server }

// Step is what a worker says when it asks for a page.
type Step struct {
	Name           string
	Links          []uint32 // to add
	Done, MaxPages int      // pages that it has fetched since the last step, and the budget of the crawl
}

// Next is the answer to a Step.
type Next struct {
	Page     uint32
	OK, Over bool
}

// Step adds links and hands out a page.
func (c *Calls) Step(q Step, next *Next) error {
	c.s.calls.Add(1)
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	f := c.s.of(q.Name)
	f.outstanding -= q.Done
	for _, page := range q.Links {
		if !f.seen[page] {
			f.seen[page], f.queue = true, append(f.queue, page)
		}
	}
	if n := len(f.queue); n > 0 && (q.MaxPages == 0 || f.handed < q.MaxPages) {
		next.Page, next.OK = f.queue[n-1], true
		f.queue = f.queue[:n-1]
		f.outstanding++
		f.handed++
	}
	next.Over = !next.OK && f.outstanding == 0
	return nil
}

// Grant asks for a page at a rate.
type Grant struct {
	Name string
	Rate float64
}

// Take reserves a grant and returns how long to wait for it.
func (c *Calls) Take(q Grant, wait *time.Duration) error {
	c.s.calls.Add(1)
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	f, now := c.s.of(q.Name), time.Now()
	if f.due.Before(now) {
		f.due = now
	}
	f.due = f.due.Add(time.Duration(float64(time.Second) / q.Rate))
	*wait = f.due.Sub(now)
	return nil
}
