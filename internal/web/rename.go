package web

import (
	"math/bits"
	"math/rand/v2"
	"slices"
	"sort"
	"sync"
	"sync/atomic"

	"crawlbench/internal/graph"
	"crawlbench/internal/parallel"
)

// renaming makes it useless to remember or guess pages. In each crawl some pages, drawn anew, have
// a different number and URL from the ones that the graph gives them, used by no other page. All
// links to a renamed page lead to its new name, so the graph is otherwise the same, and a crawler
// that follows the links handed out sees no difference. A crawler that does not fetches the page
// under its original name, to which no link leads.
//
// The cost to the crawl is negligible. The bits of the pages concerned are set in verifier.seen
// before the crawl begins, so that their fetches, a few among thousands, take the path of repeated
// fetches, and are told apart only there.
type renaming struct {
	pool []candidate
	free []uint32 // numbers that no page has

	renamed    []uint32                   // pages that have another number in this crawl, ascending
	numbers    map[uint32]uint32          // the new number by page
	overridden map[uint32]*overriddenPage // by new number
}

// candidate is a page that can be renamed.
type candidate struct {
	page    uint32
	in      []uint64 // indices of the links to it
	sources int      // pages with such links
	links   int      // of all those pages and its own
}

// overriddenPage holds the links of a page that are not served from the graph.
type overriddenPage struct {
	as      uint32 // the page's number in the graph
	ids     []uint32
	urls    []string // nil until somebody crawls by URL
	fetched atomic.Bool
}

const (
	maxRenamed = 16 // pages in a crawl
	poolSize   = 64 // candidates that are drawn; the cheaper half is kept
	// overrideEvery and copyEvery limit the cost: at most one page in overrideEvery is overridden, and at
	// most one link in copyEvery is copied for that, unless no single candidate is as cheap: one page is renamed then.
	overrideEvery = 512
	copyEvery     = 64
)

// draw draws candidates among the pages that a crawl has fetched, since only those can be
// remembered. fetched(i) is the i-th word of their bitset. Only the first call draws.
func (r *renaming) draw(g *graph.Graph, reach graph.Reach, fetched func(i int) uint64) {
	if r.pool != nil {
		return
	}
	pages := sample(len(reach.Set), poolSize, func(i int) uint64 {
		set := fetched(i) & reach.Set[i]
		if int(g.Start/64) == i {
			set &^= 1 << (g.Start % 64)
		}
		return set
	})
	r.pool = make([]candidate, len(pages))
	index := map[uint32]*candidate{}
	wanted := make([]uint64, len(reach.Set))
	for i, p := range pages {
		r.pool[i].page, r.pool[i].links = p, len(g.Out(p))
		index[p] = &r.pool[i]
		wanted[p/64] |= 1 << (p % 64)
	}
	for _, at := range linksTo(g, wanted) {
		p := source(g, at)
		if !reach.Has(p) {
			continue
		}
		c := index[g.Links[at]]
		if n := len(c.in); n == 0 || source(g, c.in[n-1]) != p {
			c.sources++
			c.links += len(g.Out(p))
		}
		c.in = append(c.in, at)
	}
	slices.SortFunc(r.pool, func(a, b candidate) int { return a.sources + a.links - b.sources - b.links })
	r.pool = r.pool[:(len(r.pool)+1)/2]

	r.free = sample(len(reach.Set), poolSize, func(i int) uint64 {
		none := ^reach.Set[i]
		if past := 64*(i+1) - g.Pages(); past > 0 {
			none &= 1<<(64-past) - 1
		}
		return none
	})
	if len(r.free) < maxRenamed {
		r.free = r.free[:0]
		for n := range uint32(maxRenamed) {
			r.free = append(r.free, uint32(g.Pages())+n)
		}
	}
}

// sample draws n members, or all if there are fewer, of a bitset with the given number of words.
func sample(words, n int, word func(i int) uint64) (members []uint32) {
	size := 0
	for i := range words {
		size += bits.OnesCount64(word(i))
	}
	var ranks []int
	if size <= 4*n {
		ranks = rand.Perm(size)[:min(n, size)]
	} else {
		for len(ranks) < n {
			if r := rand.IntN(size); !slices.Contains(ranks, r) {
				ranks = append(ranks, r)
			}
		}
	}
	slices.Sort(ranks)
	before := 0
	for i := 0; i < words && len(ranks) > 0; i++ {
		set := word(i)
		here := bits.OnesCount64(set)
		for len(ranks) > 0 && ranks[0] < before+here {
			rest := set
			for range ranks[0] - before {
				rest &= rest - 1
			}
			members = append(members, uint32(64*i+bits.TrailingZeros64(rest)))
			ranks = ranks[1:]
		}
		before += here
	}
	return members
}

// linksTo returns the indices, ascending, of the links of g that lead to a page in set.
func linksTo(g *graph.Graph, set []uint64) (found []uint64) {
	const part = 1 << 16
	var mu sync.Mutex
	parallel.Each((len(g.Links)+part-1)/part, func(i int) {
		for at, link := range g.Links[i*part : min((i+1)*part, len(g.Links))] {
			if set[link/64]>>(link%64)&1 != 0 {
				mu.Lock()
				found = append(found, uint64(i*part+at))
				mu.Unlock()
			}
		}
	})
	slices.Sort(found)
	return found
}

// source returns the page that has the link with the given index.
func source(g *graph.Graph, at uint64) uint32 {
	return uint32(sort.Search(g.Pages(), func(p int) bool { return g.Offsets[p+1] > at }))
}

// rename draws the pages to rename in this crawl, if there are candidates, and overrides the
// links of the pages concerned.
func (s *Site) rename() {
	v, r := &s.verifier, &s.verifier.renaming
	if len(r.pool) == 0 {
		return
	}
	chosen := r.choose(max(1, v.expected()/overrideEvery), int(v.reach.Links/copyEvery))
	r.numbers = map[uint32]uint32{}
	for i, to := range rand.Perm(len(r.free))[:len(chosen)] {
		r.numbers[chosen[i].page] = r.free[to]
		r.renamed = append(r.renamed, chosen[i].page)
	}
	slices.Sort(r.renamed)
	r.overridden = map[uint32]*overriddenPage{}
	at := func(page uint32) *overriddenPage {
		name := r.number(page)
		d := r.overridden[name]
		if d == nil {
			d = &overriddenPage{as: page, ids: slices.Clone(v.graph.Out(page))}
			r.overridden[name] = d
			v.seen[name/64].Or(1 << (name % 64))
		}
		return d
	}
	for _, c := range chosen {
		name := r.number(c.page)
		at(c.page)
		v.want[c.page/64] &^= 1 << (c.page % 64)
		v.want[name/64] |= 1 << (name % 64)
		for _, link := range c.in {
			p := source(v.graph, link)
			at(p).ids[link-v.graph.Offsets[p]] = name
		}
	}
	if s.urls != nil {
		s.makeOverriddenURLs()
	}
}

// number returns the number that a page of the graph has in this crawl.
func (r *renaming) number(page uint32) uint32 {
	if n, ok := r.numbers[page]; ok {
		return n
	}
	return page
}

// origin returns the page of a graph with that many pages that a number stands for, and false if it stands for none.
func (r *renaming) origin(number uint32, pages int) (page uint32, ok bool) {
	if d := r.overridden[number]; d != nil {
		return d.as, true
	}
	return number, int(number) < pages
}

// choose draws candidates with at most the given total of sources and links. If none has as few, it draws one.
func (r *renaming) choose(sources, links int) (chosen []candidate) {
	order := rand.Perm(len(r.pool))
	for _, i := range order {
		c := r.pool[i]
		if c.sources+1 > sources || c.links > links {
			continue
		}
		chosen = append(chosen, c)
		sources -= c.sources + 1
		links -= c.links
		if len(chosen) == min(maxRenamed, len(r.free)) {
			break
		}
	}
	if len(chosen) == 0 {
		chosen = append(chosen, r.pool[order[0]])
	}
	return chosen
}

// makeOverriddenURLs writes the links of the overridden pages as URLs.
func (s *Site) makeOverriddenURLs() {
	for _, d := range s.verifier.renaming.overridden {
		d.urls = make([]string, len(d.ids))
		for i, link := range d.ids {
			d.urls[i] = s.urls[link]
		}
	}
}

// clearPreset clears the bits of v.seen that were set beforehand and stand for no fetch.
func (r *renaming) clearPreset(v *verifier) {
	for i := v.graph.Pages(); i < 64*len(v.seen); i++ {
		if _, ok := r.overridden[uint32(i)]; !ok {
			v.seen[i/64].And(^(uint64(1) << (i % 64)))
		}
	}
	for name, d := range r.overridden {
		if !d.fetched.Load() {
			v.seen[name/64].And(^(uint64(1) << (name % 64)))
		}
	}
}

// renamedWord returns the i-th word of the bitset of the renamed pages.
func (r *renaming) renamedWord(i int) (set uint64) {
	at, _ := slices.BinarySearch(r.renamed, uint32(64*i))
	for _, p := range r.renamed[at:] {
		if p/64 != uint32(i) {
			break
		}
		set |= 1 << (p % 64)
	}
	return set
}
