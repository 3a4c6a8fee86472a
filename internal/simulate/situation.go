// Package simulate crawls sites of many hosts in virtual time: hours of crawl time take milliseconds, and the times
// are exact. Goroutines, locks and timers are real; only the clock is not.
//
// In goes a Situation, a site with a policy, and a crawler. Out comes the log of the site, which package hostlog
// verifies and measures. Package testing/synctest has the clock, and needs a test; Run makes one in child
// processes, so that a crawler that blocks for ever ends only its own.
//
// What a simulation says about time is exact. It says nothing about the cost of a crawler, since computing takes no
// virtual time.
package simulate

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/graph"
	"crawlbench/internal/hostlog"
)

// Situation is a site and how it is crawled.
type Situation struct {
	Name, Doc string
	Spec      graph.Spec
	Workers   int
	Policy    crawl.Policy // HostOf is set by the simulation
	// AllSeeded makes every page a seed.
	AllSeeded bool
	// Median is the median of the latencies, which are lognormal with Sigma.
	Median time.Duration
	Sigma  float64
	// Largest is the latency of every page of the largest host, if it is not 0.
	Largest time.Duration
	// Fails reports whether a page fails.
	Fails func(page uint32) bool
	// Refuses returns the pause that a host asks for in answer to the nth fetch of a page, from 1.
	Refuses func(page uint32, nth int) (rest time.Duration, refused bool)
	// Robots returns the Crawl-delay of a host, and Forbids what its robots.txt forbids. Both may be nil.
	Robots  func(host uint32) time.Duration
	Forbids func(page uint32) bool
	// Spelled writes the name of a host differently in the URLs of its pages.
	Spelled bool
}

// latencySigma is the sigma of the logarithm of response times of web servers.
const latencySigma = 0.87

// Situations returns those of the scenario polite.
func Situations() []Situation {
	const median = 60 * time.Millisecond
	policy := crawl.Politeness{Gap: time.Second}
	list := []Situation{
		{Name: "even", Doc: "100 hosts of 40 pages: a worker that waits for a host blocks the others",
			Spec: graph.Spec{Kind: "even", Pages: 4000, Hosts: 100}, Workers: 64, Median: median},
		{Name: "zipf", Doc: "700 hosts by Zipf's law: the largest one sets the time, the others must not wait for it",
			Spec: graph.Spec{Kind: "zipf", Pages: 6634, Hosts: 700}, Workers: 64, Median: median},
		{Name: "giant", Doc: "700 hosts by Zipf's law, and each page of the largest takes 10 s: look at the others",
			Spec: graph.Spec{Kind: "zipf", Pages: 6634, Hosts: 700}, Workers: 64, Median: median,
			Largest: 10 * time.Second},
		{Name: "flat", Doc: "2,000 hosts of 20 pages, all seeded: as many pages as workers must be kept in sight",
			Spec: graph.Spec{Kind: "flat", Pages: 40_000, Hosts: 2000}, Workers: 64, Median: 20 * time.Millisecond,
			AllSeeded: true},
		{Name: "wide", Doc: "5,000 hosts of 2 pages and 16 workers: more hosts are ready than there are workers",
			Spec: graph.Spec{Kind: "wide", Pages: 10_000, Hosts: 5000}, Workers: 16,
			Median: 250 * time.Millisecond},
	}
	for i := range list {
		list[i].Policy, list[i].Sigma, list[i].Spec.Seed = policy, latencySigma, 1
	}
	return list
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
	pages := g.Pages()
	site.Host, site.Latency = make([]uint32, pages), make([]time.Duration, pages)
	sizes := make([]int, len(g.Hosts))
	for h, p := 0, 0; p < pages; p++ {
		for h+1 < len(g.Hosts) && uint32(p) >= g.Hosts[h+1] {
			h++
		}
		site.Host[p] = uint32(h)
		sizes[h]++
	}
	largest := uint32(slices.Index(sizes, slices.Max(sizes)))
	draw := rand.New(rand.NewPCG(s.Spec.Seed, 0))
	for p := range pages {
		factor := math.Exp(s.Sigma * draw.NormFloat64())
		site.Latency[p] = time.Duration(float64(s.Median) * factor)
		if s.Largest > 0 && site.Host[p] == largest {
			site.Latency[p] = s.Largest
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
