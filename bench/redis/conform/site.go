package conform

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"crawlbench/internal/web/delay"
)

// site is what a fleet crawls. Page 0 is the seed.
type site struct {
	links   [][]int
	latency func(page int) time.Duration
	host    func(page int) uint32 // nil: each page by its number modulo 6
	fails   func(page int) bool   // nil: none

	mu      sync.Mutex
	fetches []*fetch
}

// fetch is a fetch of a page by a process.
type fetch struct {
	process    *process
	page       int
	start, end time.Time // end is zero while it is in flight
	cut        bool      // it was ended by its context
}

var errPage = errors.New("no such page today")

// hostOf returns the host of a page.
func (s *site) hostOf(page int) uint32 {
	if s.host != nil {
		return s.host(page)
	}
	return uint32(page % 6)
}

// get fetches a page for a process.
func (s *site) get(ctx context.Context, p *process, page int) ([]int, error) {
	f := &fetch{process: p, page: page, start: time.Now()}
	s.mu.Lock()
	s.fetches = append(s.fetches, f)
	s.mu.Unlock()
	err := delay.Wait(ctx, s.latency(page))
	s.mu.Lock()
	defer s.mu.Unlock()
	f.end, f.cut = time.Now(), err != nil
	if err == nil && s.fails != nil && s.fails(page) {
		err = errPage
	}
	if err != nil {
		return nil, err
	}
	return s.links[page], nil
}

// byID and byURL are the site for a process.
type (
	byID struct {
		*site
		process *process
	}
	byURL byID
)

func (s byID) Fetch(ctx context.Context, page uint32) ([]uint32, error) {
	links, err := s.get(ctx, s.process, int(page))
	var list []uint32
	for _, l := range links {
		list = append(list, uint32(l))
	}
	return list, err
}

func (s byURL) Fetch(ctx context.Context, url string) ([]string, error) {
	page, err := strconv.Atoi(url[strings.LastIndexByte(url, '/')+1:])
	if err != nil || page >= len(s.links) {
		return nil, fmt.Errorf("no page %q", url)
	}
	links, err := s.get(ctx, s.process, page)
	var list []string
	for _, l := range links {
		list = append(list, s.url(l))
	}
	return list, err
}

func (s *site) url(page int) string {
	return fmt.Sprintf("http://h%d.example/%d", s.hostOf(page), page)
}

// reachable returns which pages a crawl must fetch.
func (s *site) reachable() map[int]bool {
	list, found := []int{0}, map[int]bool{0: true}
	for len(list) > 0 {
		page := list[0]
		list = list[1:]
		if s.fails != nil && s.fails(page) {
			continue
		}
		for _, l := range s.links[page] {
			if !found[l] {
				found[l] = true
				list = append(list, l)
			}
		}
	}
	return found
}

// tree returns a site of n pages in which page p links to its children, to pages before it, and to itself. Pages take
// the latency and up to half more.
func tree(n, children int, latency time.Duration) *site {
	s := &site{links: make([][]int, n), latency: func(page int) time.Duration {
		return latency + latency*time.Duration(page*37%50)/100
	}}
	for p := 1; p < n; p++ {
		parent := (p - 1) / children
		s.links[parent] = append(s.links[parent], p)
	}
	for p := range n {
		s.links[p] = append(s.links[p], p, p/2, p/3, (p*7+3)%n, p)
	}
	return s
}

// star returns a site whose first page links to all n others.
func star(n int, latency time.Duration) *site {
	s := &site{links: make([][]int, n+1), latency: func(page int) time.Duration {
		if page == 0 {
			return time.Millisecond
		}
		return latency
	}}
	for p := range n {
		s.links[0] = append(s.links[0], p+1)
	}
	return s
}

// chain returns a site of n pages each of which links to the next.
func chain(n int, latency time.Duration) *site {
	s := &site{links: make([][]int, n), latency: func(int) time.Duration { return latency }}
	for p := range n - 1 {
		s.links[p] = []int{p + 1, 0}
	}
	return s
}
