package server

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/graph"
	"crawlbench/internal/parallel"
)

// Behaviour says how pages answer. A graph.Behaviour is one; the processor time of a fetch is the client's affair.
type Behaviour interface {
	// Wait returns how long the answer takes.
	Wait(page, host uint32) time.Duration
	// Fails reports whether the page is answered by 404, without links.
	Fails(page uint32) bool
}

// Settings configure a site, in addition to its graph and behaviour. The zero value is valid.
type Settings struct {
	Seed   uint64
	Shares Shares
	// CrawlDelay is the Crawl-delay in the robots.txt of each host, 0 for none.
	CrawlDelay time.Duration
	// RetryAfter is how long a host that refuses a fetch asks to wait, in whole seconds; 0 means a second.
	RetryAfter time.Duration
	// Refuses reports whether the first fetch of a page is refused, and Forbids whether robots.txt forbids a page, in
	// addition to what Shares say. The seed must be allowed. Nil means that none is.
	Refuses, Forbids func(page uint32) bool
	// SlowBody is the time in which the body of a slow page arrives; 0 means 100 ms.
	SlowBody time.Duration
	// Memory bounds the pages that are kept once they are made; 0 means 256 MiB, and less than 0 none.
	Memory int64

	// Policy is what the crawl has to keep, nil if nothing: its gaps are then only measured. HostOf is not used.
	Policy *crawl.Politeness
	// Workers is the largest number of requests in flight, 0 if any.
	Workers int
	// Tolerance is how much too early a request may come by this machine's clock; see hostlog.Rules.
	Tolerance time.Duration
}

// Site serves a graph and verifies one crawl of it.
type Site struct {
	graph     *graph.Graph
	behaviour Behaviour
	set       Settings

	hosts   map[string]uint32 // by key of the host
	aliases map[string]uint32 // pages of a recorded graph by a URL that the graph does not have
	follows map[uint32]uint32 // by page, the recorded redirects that lead to it
	forbids []string          // by host, the prefix of paths that robots.txt forbids, "" for none; nil for none at all
	reach   graph.Reach       // without what is reached through pages that are forbidden
	made    []atomic.Pointer[document]
	kept    atomic.Int64 // bytes of made
	packers sync.Pool    // of *gzip.Writer
	journal journal
}

// New returns the site of a graph.
func New(g *graph.Graph, b Behaviour, set Settings) (*Site, error) {
	set.RetryAfter = cmp.Or(set.RetryAfter, time.Second)
	set.SlowBody = cmp.Or(set.SlowBody, 100*time.Millisecond)
	set.Memory = cmp.Or(set.Memory, 256<<20)
	if err := set.check(); err != nil {
		return nil, fmt.Errorf("site: %w", err)
	}
	s := &Site{graph: g, behaviour: b, set: set, made: make([]atomic.Pointer[document], g.Pages())}
	if err := s.name(); err != nil {
		return nil, fmt.Errorf("site: %w", err)
	}
	s.follows = s.followed()
	s.forbid()
	if err := s.checkRobots(); err != nil {
		return nil, fmt.Errorf("site: %w", err)
	}
	s.reach = graph.Walk(g, func(page uint32) bool { return b.Fails(page) || s.forbidden(page) })
	s.Reset()
	return s, nil
}

// check returns what is wrong with the settings.
func (set *Settings) check() error {
	if err := set.Shares.check(); err != nil {
		return err
	}
	switch {
	case set.CrawlDelay < 0:
		return fmt.Errorf("invalid Crawl-delay %v: want 0 or more", set.CrawlDelay)
	case set.RetryAfter < 0 || set.RetryAfter%time.Second != 0:
		return fmt.Errorf("invalid Retry-After %v: want whole seconds", set.RetryAfter)
	case set.SlowBody < 0:
		return fmt.Errorf("invalid time of a slow body %v: want more than 0", set.SlowBody)
	case set.Workers < 0:
		return fmt.Errorf("invalid number of workers %d: want 1 or more, or 0 for any", set.Workers)
	}
	return nil
}

// name makes the tables of hosts and pages.
func (s *Site) name() error {
	s.hosts = make(map[string]uint32, len(s.graph.Hosts))
	for h, first := range s.graph.Hosts {
		key := crawl.HostKey(s.URL(first))
		if _, ok := s.hosts[key]; !ok {
			s.hosts[key] = uint32(h)
		}
	}
	if s.graph.Record == nil {
		return nil
	}
	return s.alias()
}

// forbid draws what each robots.txt forbids: the first directory of the path of one of the host's pages.
func (s *Site) forbid() {
	if s.set.Shares.Forbidden == 0 {
		return
	}
	s.forbids = make([]string, len(s.graph.Hosts))
	start := s.graph.Host(s.graph.Start)
	for h, first := range s.graph.Hosts {
		draw := s.draw(saltForbidden, uint32(h))
		if draw.Float64() >= s.set.Shares.Forbidden {
			continue
		}
		_, past := s.graph.Block(uint32(h))
		_, path := split(s.URL(first + draw.Uint32N(past-first)))
		if end := strings.IndexByte(path[1:], '/'); end >= 0 {
			path = path[:end+2]
		}
		_, home := split(s.URL(s.graph.Start))
		if uint32(h) != start || !strings.HasPrefix(home, path) {
			s.forbids[h] = path
		}
	}
}

// forbidden reports whether robots.txt forbids a page.
func (s *Site) forbidden(page uint32) bool {
	if s.set.Forbids != nil && s.set.Forbids(page) {
		return true
	}
	if s.forbids == nil {
		return false
	}
	prefix := s.forbids[s.graph.Host(page)]
	if prefix == "" {
		return false
	}
	_, path := split(s.URL(page))
	return strings.HasPrefix(path, prefix)
}

// Prepare makes the pages that are kept, so that a crawl does not wait for it.
func (s *Site) Prepare() {
	parallel.Each(s.graph.Pages(), func(i int) {
		if s.kept.Load() < s.set.Memory {
			s.document(uint32(i))
		}
	})
}

// The salts keep the draws of one page independent of each other.
const (
	saltMarkup = iota + 1
	saltForbidden
	saltRedirect
	saltStatus
	saltRefusal
	saltTransfer
)

// draw returns the random numbers of a page or a host for one purpose.
func (s *Site) draw(salt uint64, n uint32) *rand.Rand {
	return rand.New(rand.NewPCG(s.set.Seed, salt<<32|uint64(n)))
}
