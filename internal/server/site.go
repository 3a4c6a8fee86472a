package server

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/graph"
	"crawlbench/internal/parallel"
)

// Behaviour says how pages answer. A web.Behaviour is one; the processor time of a fetch is the client's affair.
type Behaviour interface {
	// Wait returns how long the answer takes.
	Wait(page, host uint32) time.Duration
	// Fails reports whether the page is answered by 404, without links.
	Fails(page uint32) bool
}

// Settings are what a site has in addition to a graph and a behaviour. The zero value is valid.
type Settings struct {
	Seed   uint64
	Shares Shares
	// CrawlDelay is what the robots.txt of each host asks for, 0 if nothing.
	CrawlDelay time.Duration
	// RetryAfter is how long a host that refuses a fetch asks to wait, in whole seconds; 0 means a second.
	RetryAfter time.Duration
	// SlowBody is the time in which the body of a slow page arrives; 0 means 100 ms.
	SlowBody time.Duration
	// URLs are the absolute URLs of the pages in canonical form, those of each host of the graph on a host of its own;
	// nil means those of the graph, or those that were recorded with it. They are served by http, whatever their
	// scheme.
	URLs []string
	// Bytes returns the least length of a page's body before it is compressed. Nil means what its links need, or what
	// was recorded.
	Bytes func(page uint32) int
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
	pages   map[string]uint32 // by URL, if the graph does not name its pages
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
	set.replay(g)
	if err := set.check(g); err != nil {
		return nil, fmt.Errorf("site: %w", err)
	}
	s := &Site{graph: g, behaviour: b, set: set, made: make([]atomic.Pointer[document], g.Pages())}
	if err := s.name(); err != nil {
		return nil, fmt.Errorf("site: %w", err)
	}
	s.forbid()
	s.reach = graph.Walk(g, func(page uint32) bool { return b.Fails(page) || s.forbidden(page) })
	s.Reset()
	return s, nil
}

// check returns what is wrong with the settings.
func (set *Settings) check(g *graph.Graph) error {
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
	case set.URLs != nil && len(set.URLs) != g.Pages():
		return fmt.Errorf("%d URLs for %d pages: want one for each", len(set.URLs), g.Pages())
	}
	return nil
}

// name makes the tables of hosts and pages.
func (s *Site) name() error {
	s.hosts = make(map[string]uint32, len(s.graph.Hosts))
	for h, first := range s.graph.Hosts {
		if s.set.URLs == nil {
			s.hosts[crawl.HostKey(s.URL(first))] = uint32(h)
		}
	}
	if s.set.URLs == nil {
		return nil
	}
	s.pages = make(map[string]uint32, len(s.set.URLs))
	for p, text := range s.set.URLs {
		u, err := url.Parse(text)
		switch {
		case err != nil:
			return fmt.Errorf("page %d: %w: want the URLs of pages in canonical form", p, err)
		case u.Scheme != "http" && u.Scheme != "https", u.Host == "", u.Path == "", u.Fragment != "", u.User != nil:
			return fmt.Errorf("page %d: invalid URL %q: want http or https, a host and a path", p, text)
		}
		page := uint32(p)
		own := s.URL(page)
		if other, ok := s.pages[own]; ok {
			return fmt.Errorf("pages %d and %d have the same URL %s, as all are served by http: merge them", other, p,
				own)
		}
		s.pages[own] = page
		key, host := crawl.HostKey(own), s.graph.Host(page)
		if origin, _ := split(own); origin != key {
			return fmt.Errorf("page %d: the host of %s is not in canonical form: want %s", p, text, key)
		}
		if other, ok := s.hosts[key]; ok && other != host {
			return fmt.Errorf("page %d: hosts %d and %d of the graph are both %s: want a host for each", p, other, host,
				key)
		}
		s.hosts[key] = host
	}
	if len(s.hosts) != len(s.graph.Hosts) {
		return fmt.Errorf("the URLs have %d hosts and the graph %d: want the same", len(s.hosts), len(s.graph.Hosts))
	}
	return nil
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
		past := uint32(s.graph.Pages())
		if h+1 < len(s.graph.Hosts) {
			past = s.graph.Hosts[h+1]
		}
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
