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

// renaming makes it useless to remember pages, or to guess them. In each crawl some pages, drawn anew, have another number,
// and another URL, than the graph gives them: one that no other page has. All links to a page renamed lead to its new name,
// so that the graph is the same but for that, and a crawler that goes by the links handed out sees no difference. One that
// does not fetches the page under its former name, to which no link leads.
//
// It costs the crawl next to nothing. The bits of the pages concerned are set in judge.seen before it begins, so that
// their fetches, a few among thousands, take the way of pages that were fetched before, and only there are told from them.
type renaming struct {
	pool []candidate
	free []uint32 // numbers that no page has

	away    []uint32           // pages that have another number in this crawl, ascending
	numbers map[uint32]uint32  // those that they have
	detours map[uint32]*detour // by number
}

// candidate is a page that may be renamed.
type candidate struct {
	page    uint32
	in      []uint64 // indices of the links to it
	sources int      // pages with such links
	links   int      // of all those pages
}

// detour is a page whose fetch is not answered from the graph.
type detour struct {
	as      uint32 // the page of the graph that it is
	ids     []uint32
	urls    []string // nil as long as nobody crawls by URL
	fetched atomic.Bool
}

const (
	mostRenamed = 16 // pages in a crawl
	pooled      = 64 // candidates that are drawn; the half that costs less is kept
	// At most one page in so many is a detour, and one link in so many copied for it; but one page is always renamed.
	detourEvery = 512
	copyEvery   = 64
)

// draw draws candidates among the pages that a crawl has fetched, which are those that might be remembered: fetched(i) is
// the i-th word of their set. It draws once.
func (r *renaming) draw(g *graph.Graph, reach graph.Reach, fetched func(i int) uint64) {
	if r.pool != nil {
		return
	}
	pages := sample(len(reach.Set), pooled, func(i int) uint64 {
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
		r.pool[i].page = p
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

	r.free = sample(len(reach.Set), pooled, func(i int) uint64 {
		none := ^reach.Set[i]
		if past := 64*(i+1) - g.Pages(); past > 0 {
			none &= 1<<(64-past) - 1
		}
		return none
	})
	if len(r.free) < mostRenamed {
		r.free = r.free[:0]
		for n := range uint32(mostRenamed) {
			r.free = append(r.free, uint32(g.Pages())+n)
		}
	}
}

// sample draws n members, or all, of a set of so many words.
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

// linksTo returns the indices, ascending, of the links of g that lead to pages of a set.
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

// source returns the page on which the link with that index is.
func source(g *graph.Graph, at uint64) uint32 {
	return uint32(sort.Search(g.Pages(), func(p int) bool { return g.Offsets[p+1] > at }))
}

// rename draws the pages that this crawl finds renamed, if there are candidates, and takes the detours.
func (s *Site) rename() {
	j, r := &s.judge, &s.judge.names
	if len(r.pool) == 0 {
		return
	}
	chosen := r.choose(max(1, j.expected()/detourEvery), int(j.reach.Links/copyEvery))
	r.numbers = map[uint32]uint32{}
	for i, to := range rand.Perm(len(r.free))[:len(chosen)] {
		r.numbers[chosen[i].page] = r.free[to]
		r.away = append(r.away, chosen[i].page)
	}
	slices.Sort(r.away)
	r.detours = map[uint32]*detour{}
	at := func(page uint32) *detour {
		name := r.number(page)
		d := r.detours[name]
		if d == nil {
			d = &detour{as: page, ids: slices.Clone(j.graph.Out(page))}
			r.detours[name] = d
			j.seen[name/64].Or(1 << (name % 64))
		}
		return d
	}
	for _, c := range chosen {
		name := r.number(c.page)
		at(c.page)
		j.want[c.page/64] &^= 1 << (c.page % 64)
		j.want[name/64] |= 1 << (name % 64)
		for _, link := range c.in {
			p := source(j.graph, link)
			at(p).ids[link-j.graph.Offsets[p]] = name
		}
	}
	if s.urls != nil {
		s.spell()
	}
}

// number returns the number that a page of the graph has in this crawl.
func (r *renaming) number(page uint32) uint32 {
	if n, ok := r.numbers[page]; ok {
		return n
	}
	return page
}

// choose draws candidates that together have at most so many sources with so many links, but at least one.
func (r *renaming) choose(sources, links int) (chosen []candidate) {
	for _, i := range rand.Perm(len(r.pool)) {
		c := r.pool[i]
		if len(chosen) > 0 && (c.sources+1 > sources || c.links > links) {
			continue
		}
		chosen = append(chosen, c)
		sources -= c.sources + 1
		links -= c.links
		if len(chosen) == min(mostRenamed, len(r.free)) {
			break
		}
	}
	return chosen
}

// spell writes the detours' links as URLs.
func (s *Site) spell() {
	for _, d := range s.judge.names.detours {
		d.urls = make([]string, len(d.ids))
		for i, link := range d.ids {
			d.urls[i] = s.urls[link]
		}
	}
}

// fold takes those bits out of j.seen that were set beforehand and stand for no fetch.
func (r *renaming) fold(j *judge) {
	for i := j.graph.Pages(); i < 64*len(j.seen); i++ {
		if _, ok := r.detours[uint32(i)]; !ok {
			j.seen[i/64].And(^(uint64(1) << (i % 64)))
		}
	}
	for name, d := range r.detours {
		if !d.fetched.Load() {
			j.seen[name/64].And(^(uint64(1) << (name % 64)))
		}
	}
}

// former returns the word of the set of pages renamed that holds those from 64*i on.
func (r *renaming) former(i int) (set uint64) {
	at, _ := slices.BinarySearch(r.away, uint32(64*i))
	for _, p := range r.away[at:] {
		if p/64 != uint32(i) {
			break
		}
		set |= 1 << (p % 64)
	}
	return set
}
