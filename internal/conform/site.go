package conform

import (
	"errors"
	"math/rand/v2"
	"time"
)

// page is the number of a page of a site, independent of its key.
type page = uint32

// site is a site that a check lets a crawler crawl.
type site struct {
	links   [][]page                    // by page
	seeds   []page                      // nil means page 0
	latency func(page) time.Duration    // nil means none
	fails   func(p page, nth int) error // the error of the nth fetch, from 1, which is of p; may be nil
	visited func(p page, nth int)       // called at the beginning of each fetch; may be nil
	meet    func(p page)                // called before the links of p are returned; may be nil
	panics  func(p page, close func())  // called in each fetch, may call close and panic; may be nil
	deaf    bool                        // fetches ignore their contexts
	keys    naming                      // of the pages
}

// errPlanted is the error of a page that fails.
var errPlanted = errors.New("planted failure")

func (s *site) start() []page {
	if s.seeds == nil {
		return []page{0}
	}
	return s.seeds
}

func (s *site) wait(p page) time.Duration {
	if s.latency == nil {
		return 0
	}
	return s.latency(p)
}

func constant(d time.Duration) func(page) time.Duration { return func(page) time.Duration { return d } }

// failing makes pages for which is returns true fail with err.
func failing(err error, is func(page) bool) func(page, int) error {
	return func(p page, _ int) error {
		if is(p) {
			return err
		}
		return nil
	}
}

// blank returns a site of n pages without links.
func blank(n int) *site { return &site{links: make([][]page, n)} }

// star returns a root with leaves, each linked the given number of times.
func star(leaves, times int) *site {
	s := blank(leaves + 1)
	for range times {
		for p := range page(leaves) {
			s.links[0] = append(s.links[0], p+1)
		}
	}
	return s
}

// chain returns n pages, each of which links to the next, to itself and to the first.
func chain(n int) *site {
	s := blank(n)
	for p := range page(n - 1) {
		s.links[p] = []page{p + 1, p, 0}
	}
	return s
}

// tree returns n pages, each of which links to its parent and its children.
func tree(n, children int) *site {
	s := blank(n)
	for p := 1; p < n; p++ {
		parent := (p - 1) / children
		s.links[parent] = append(s.links[parent], page(p))
		s.links[p] = append(s.links[p], page(parent))
	}
	return s
}

// random returns n pages with degree links each on average, some repeated, and some pages without any.
func random(n, degree int, seed uint64) *site {
	s := blank(n)
	draw := rand.New(rand.NewPCG(seed, 0))
	for p := range s.links {
		for range draw.IntN(2*degree + 1) {
			s.links[p] = append(s.links[p], page(draw.IntN(n)))
		}
	}
	return s
}

// dense returns n pages that all link to each other.
func dense(n int) *site {
	s := blank(n)
	all := make([]page, n)
	for p := range all {
		all[p] = page(p)
	}
	for p := range s.links {
		s.links[p] = all
	}
	return s
}
