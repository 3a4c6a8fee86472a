// Package simulate crawls sites of many hosts in virtual time: hours of crawl time take milliseconds, and the times
// are exact. Goroutines, locks and timers are real; only the clock is not.
//
// Given a Situation, which is a site with a policy, and a crawler, it returns the log of the site, which package
// hostlog verifies and measures. Of makes the Situation of a cell of a plan. Package testing/synctest has the clock,
// and needs a test; Run makes one in child processes, so that a crawler that blocks for ever ends only its own.
//
// What a simulation says about time is exact. It says nothing about the cost of a crawler, since computing takes no
// virtual time.
package simulate

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/graph"
	"crawlbench/internal/plan"
	"crawlbench/internal/web/hostlog"
)

// Situation is a site and how it is crawled.
type Situation struct {
	Name    string
	Spec    graph.Spec
	Workers int
	Policy  crawl.Policy // HostOf is set by the simulation
	// AllSeeded makes every page a seed.
	AllSeeded bool
	// Median is the median of the latencies, which are lognormal with Sigma.
	Median time.Duration
	Sigma  float64
	// Largest is the latency of every page of the largest host, if it is not 0.
	Largest time.Duration
	// Waits returns the latency of a page, in place of all those.
	Waits func(page uint32) time.Duration
	// Fails reports whether a page fails.
	Fails func(page uint32) bool
	// Refuses returns the pause that a host asks for in answer to the nth fetch of a page, from 1.
	Refuses func(page uint32, nth int) (rest time.Duration, refused bool)
	// Robots returns the Crawl-delay of a host, and Forbids what its robots.txt forbids. Both may be nil.
	Robots  func(host uint32) time.Duration
	Forbids func(page uint32) bool
	// RobotsFails reports whether the fetch of a host's robots.txt fails, so that all its pages are forbidden. It needs
	// Robots.
	RobotsFails func(host uint32) bool
	// Spelled writes the name of a host differently in the URLs of its pages.
	Spelled bool
}

// Site is the site of a situation.
type Site struct {
	Situation
	hostlog.Site
	urls []string
	at   map[string]uint32
}

// Build builds the site of a situation.
func Build(ctx context.Context, s Situation) (*Site, error) {
	g, err := graph.Build(ctx, s.Spec, 0)
	if err != nil {
		return nil, fmt.Errorf("situation %s: %w", s.Name, err)
	}
	return New(s, g), nil
}

// New returns a site with the pages of g.
func New(s Situation, g *graph.Graph) *Site {
	site := &Site{Situation: s, Site: hostlog.Site{Graph: g, Fails: s.Fails, Forbidden: s.Forbids}}
	if s.RobotsFails != nil {
		site.Forbidden = func(page uint32) bool {
			return s.RobotsFails(site.Host[page]) || s.Forbids != nil && s.Forbids(page)
		}
	}
	pages := g.Pages()
	site.Host, site.Latency = g.HostOfEach(pages), make([]time.Duration, pages)
	first, past := g.Largest()
	draw := rand.New(rand.NewPCG(s.Spec.Seed, 0))
	for p := range pages {
		factor := math.Exp(s.Sigma * draw.NormFloat64())
		site.Latency[p] = time.Duration(float64(s.Median) * factor)
		if s.Largest > 0 && uint32(p) >= first && uint32(p) < past {
			site.Latency[p] = s.Largest
		}
		if s.Waits != nil {
			site.Latency[p] = s.Waits(uint32(p))
		}
	}
	site.Seeds = []uint32{g.Start}
	if s.AllSeeded {
		site.Seeds = site.Seeds[:0]
		for p := range uint32(pages) {
			site.Seeds = append(site.Seeds, p)
		}
	}
	return site
}

// Of returns the site of a cell of a simulated plan.
func Of(ctx context.Context, p *plan.Plan, c plan.Cell) (*Site, error) {
	spec := p.Graph(c.Graph).Spec
	g, err := graph.Build(ctx, spec, 0)
	if err != nil {
		return nil, fmt.Errorf("graph %s: %w", c.Graph, err)
	}
	fetch := p.FetchOf(c)
	s := Situation{Name: c.Graph, Spec: spec, Workers: c.Workers, Policy: p.Politeness.Policy(),
		Waits: fetch.Waits(g), Fails: fetch.Failing(g)}
	if refuses := fetch.Refusing(); refuses != nil {
		s.Refuses = func(page uint32, nth int) (time.Duration, bool) {
			return fetch.RetryAfter, nth == 1 && refuses(page)
		}
	}
	if s.Policy.Robots {
		s.Robots = func(uint32) time.Duration { return fetch.RobotsDelay }
		s.Forbids = fetch.Forbidding(g)
	}
	return New(s, g), nil
}

// Rules returns what a crawl of the site has to keep.
func (s *Site) Rules() hostlog.Rules {
	return hostlog.Rules{Workers: s.Workers, Policy: s.Policy, Tolerance: hostlog.Virtual}
}

// url returns the URL of a page.
func (s *Site) url(page uint32) string {
	url := s.Graph.URL(page)
	if !s.Spelled {
		return url
	}
	scheme, rest, _ := strings.Cut(url, "://")
	host, path, _ := strings.Cut(rest, "/")
	switch page % 5 {
	case 1:
		host = strings.ToUpper(host)
	case 2:
		host += ":443"
	case 3:
		host += "."
	case 4:
		scheme = strings.ToUpper(scheme)
	}
	return scheme + "://" + host + "/" + path
}
