package graph

import (
	"context"
	"math"
	"sort"
)

// The shape of graphs of kind hosts. The numbers are chosen so that, at the default degree, the
// share of dangling pages, the depth and the degrees come near those of cnr-2000, a crawl of the
// Italian CNR domain (Boldi and Vigna, WWW 2004).
const (
	section   = 360   // pages of a chain of listings
	listing   = 12    // one page in listing is a listing; it links to the pages up to the next listing
	dangling  = 0.30  // share of leaves without links
	tail      = 1.15  // exponent of the Pareto law of a page's further links
	longest   = 1000  // most further links of a page
	backwards = 0.995 // share of the further links in a host that lead to an earlier page, so that depth survives
)

// site is one host of a web: a directory tree, or a chain of listings.
type site struct {
	pages  uint32
	branch uint32 // children of a page of the tree; 0 for listings
}

// parent returns the parent of page i of the host, which must not be the root.
func (s site) parent(i uint32) uint32 {
	if s.branch > 0 {
		return (i - 1) / s.branch
	}
	switch place := (i - 1) % section; {
	case place == 0:
		return 0
	case place%listing == 0:
		return i - listing
	default:
		return i - place%listing
	}
}

// leaf reports whether page i has no children.
func (s site) leaf(i uint32) bool {
	if s.branch > 0 {
		return i*s.branch+1 >= s.pages
	}
	return i > 0 && (i-1)%section%listing != 0 || i+1 >= s.pages
}

// web returns a web of hosts. Each page is linked from its parent and links to it and to its host's
// root; leaves may dangle; other links go mostly to earlier pages of the host, or to the roots of
// popular hosts. Each root is linked from an earlier host, so that all pages can be reached from
// the first.
func web(ctx context.Context, s Spec) (*Graph, error) {
	pages := s.Pages
	// The largest host is also the most popular.
	w := webMaker{spec: s, pages: uint32(pages), starts: zipf(s, s.hosts(pages)),
		scale: furtherScale(s), intra: s.value("intra"), chain: s.value("chain")}
	g, err := source{pages: pages, blocks: pageBlocks(pages), links: w.block}.rows(ctx)
	if err != nil {
		return nil, err
	}
	g.Hosts = w.starts
	return g, nil
}

// paretoMean is the mean of a Pareto law that is truncated at longest, in units of its scale, nearly.
const paretoMean = 5.05

// furtherScale returns the scale of the law of a page's further links. Those to child, parent and root are
// part of the mean degree.
func furtherScale(s Spec) float64 {
	return max(0.1, (s.value("degree")-1-2*(1-dangling))/(1-dangling)/paretoMean)
}

// webMemory estimates a web. A page has more links than its degree says where few pages are leaves, of
// which some have no links, and where the degree is less than the hosts' structure needs.
func webMemory(s Spec) (int64, error) {
	pages := int64(s.pages())
	links := int64(float64(pages) * (3 + paretoMean*furtherScale(s)))
	return rowMemory(pages, links) + generating(pages, links), nil
}

// webMaker generates the links of a web.
type webMaker struct {
	spec         Spec
	pages        uint32
	starts       []uint32
	scale        float64
	intra, chain float64
}

// site returns the shape of host h.
func (w *webMaker) site(h int) site {
	past := w.pages
	if h+1 < len(w.starts) {
		past = w.starts[h+1]
	}
	draw := newStream(w.spec.Seed, streamHosts+1+uint64(h))
	s := site{pages: past - w.starts[h]}
	if draw.unit() >= w.chain {
		s.branch = uint32(2 + draw.below(30))
	}
	return s
}

// block appends the links of a block of pages.
func (w *webMaker) block(block int, links []link) []link {
	emit := func(from, to uint32) { links = append(links, link{from, to}) }
	draw := newStream(w.spec.Seed, uint64(block))
	first, past := uint32(block*blockPages), min(uint32(block*blockPages)+blockPages, w.pages)
	h := sort.Search(len(w.starts), func(i int) bool { return w.starts[i] > first }) - 1
	s := w.site(h)
	for p := first; p < past; p++ {
		if h+1 < len(w.starts) && p >= w.starts[h+1] {
			h++
			s = w.site(h)
		}
		root, i := w.starts[h], p-w.starts[h]
		switch {
		case i > 0:
			emit(root+s.parent(i), p)
		case h > 0:
			emit(w.gate(&draw, int(draw.below(uint64(h)))), p)
		}
		if i > 0 && s.leaf(i) && draw.unit() < dangling {
			continue
		}
		if i > 0 {
			emit(p, root+s.parent(i))
			emit(p, root)
		}
		w.further(&draw, emit, p, h, s)
	}
	return links
}

// gate returns a random page of host h to link to another host from: a page with children, or the root.
func (w *webMaker) gate(draw *stream, h int) uint32 {
	s := w.site(h)
	if s.pages < 2 {
		return w.starts[h]
	}
	return w.starts[h] + s.parent(uint32(1+draw.below(uint64(s.pages-1))))
}

// further emits the links of p, in host h, that are not part of the host's structure.
func (w *webMaker) further(draw *stream, emit func(from, to uint32), p uint32, h int, s site) {
	root, i := w.starts[h], p-w.starts[h]
	n := min(longest, w.scale*math.Pow(1-draw.unit(), -1/tail))
	count := int(n)
	if draw.unit() < n-float64(count) {
		count++
	}
	for range count {
		switch {
		case draw.unit() >= w.intra:
			// The popularity of hosts is proportional to 1/rank, like their sizes.
			other := int(math.Pow(float64(len(w.starts)), draw.unit())) - 1
			emit(p, w.starts[min(other, len(w.starts)-1)])
		case draw.unit() < backwards:
			emit(p, root+uint32(draw.below(uint64(i)+1)))
		default:
			emit(p, root+uint32(draw.below(uint64(s.pages))))
		}
	}
}
