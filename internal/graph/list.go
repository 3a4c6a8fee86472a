package graph

import (
	"bytes"
	"fmt"
	"slices"

	"crawlbench/internal/plain"
)

// list collects the links of a file. It allocates block by block, and only as long as building the
// graph fits into the limit.
type list struct {
	in      *textFile
	limit   int64 // bytes; 0 means no limit
	both    bool  // links lead both ways
	blocks  [][]link
	last    []link    // of the blocks
	full    int       // links in the full blocks
	names   *interner // if not nil, from and to are indexes into it
	sorting int64     // bytes for sorting the page numbers
}

func newList(in *textFile, s Spec, limit int64) *list {
	return &list{in: in, limit: limit, both: s.Symmetric}
}

// add adds a link.
func (l *list) add(from, to uint32) error {
	l.last = append(l.last, link{from, to})
	if len(l.last) < blockLinks {
		return nil
	}
	l.full += len(l.last)
	l.blocks = append(l.blocks, l.last)
	l.last = nil
	if err := l.fits(l.full + blockLinks); err != nil {
		return err
	}
	l.last = make([]link, 0, blockLinks)
	return nil
}

// addFar adds a link between pages whose numbers may need more than 32 bits.
func (l *list) addFar(from, to pageNumber) error {
	if l.names == nil {
		if err := l.intern(); err != nil {
			return err
		}
	}
	return l.add(l.names.add(from), l.names.add(to))
}

// intern replaces the page numbers by indexes into names.
func (l *list) intern() error {
	l.names = &interner{places: map[pageNumber]uint32{}}
	for _, block := range l.all() {
		for i, k := range block {
			block[i] = link{l.names.add(pageNumber{0, uint64(k.from)}), l.names.add(pageNumber{0, uint64(k.to)})}
		}
		if err := l.fits(l.links()); err != nil {
			return err
		}
	}
	return nil
}

// all returns the blocks.
func (l *list) all() [][]link { return append(slices.Clip(l.blocks), l.last) }

// links returns the number of links.
func (l *list) links() int { return l.full + len(l.last) }

// fits returns an error if that many links exceed the limit.
func (l *list) fits(links int) error { return l.enough(listMemory(int64(links), l.both)) }

// declared returns an error if a graph of the size given in a header exceeds the limit.
func (l *list) declared(pages, links int) error {
	return l.enough(listMemory(int64(links), l.both) + 8*int64(pages))
}

// enough returns an error if need plus the memory for page numbers exceeds the limit.
func (l *list) enough(need int64) error {
	need += l.sorting
	if l.names != nil {
		need += l.names.memory()
	}
	if l.limit == 0 || need <= l.limit {
		return nil
	}
	return fmt.Errorf("%s:%d: building the graph needs at least %s of memory (%s so far), and %s are free: use a "+
		"smaller graph, or a machine with more memory",
		l.in.file, max(1, l.in.n), sizeText(need), plain.Count(l.links(), "link"), sizeText(l.limit))
}

// listMemory returns a lower bound of the bytes for building a graph from a list: 8 per link, 1/8
// per number in a bitmap, half of that for its ranks, and 4 per link of the graph.
func listMemory(links int64, both bool) int64 {
	need := (8 + sparsest*3/16 + 4) * links
	if both {
		need += 4 * links
	}
	return need
}

// rows builds the graph with that many pages.
func (l *list) rows(pages int) (*Graph, error) {
	links := int64(l.links())
	need := listMemory(links, l.both) + 8*int64(pages)
	if l.both {
		links *= 2
	}
	if err := l.enough(need); err != nil {
		return nil, err
	}
	if err := l.enough(need + sorting(int64(pages), links, blockLinks, l.largest(pages))); err != nil {
		return nil, err
	}
	blocks := l.all()
	return source{pages: pages, blocks: len(blocks), both: l.both, repeats: !l.both,
		links: func(block int, links []link) []link {
			return append(links, blocks[block]...)
		}}.rows(l.in.ctx)
}

// largest returns the number of links in the largest bucket.
func (l *list) largest(pages int) int64 {
	layout := newLayout(pages)
	counts := make([]int64, layout.buckets)
	for _, block := range l.all() {
		for _, k := range block {
			counts[k.from>>layout.shift]++
			if l.both {
				counts[k.to>>layout.shift]++
			}
		}
	}
	return slices.Max(counts)
}

// two parses the two page numbers at the beginning of a line; the file numbers pages from 1.
func (l *list) two(line []byte, pages int) (from, to uint32, rest []byte, err error) {
	a, b, rest, ok := twoNumbers(line)
	if !ok {
		fields := bytes.Fields(line)
		if len(fields) < 2 {
			return 0, 0, nil, l.in.wrong("want two page numbers, have %.40q", bytes.TrimSpace(line))
		}
		for _, f := range fields[:2] {
			if _, err := parseNumber(f); err != nil {
				return 0, 0, nil, l.in.wrong("%w", err)
			}
		}
		return 0, 0, nil, l.in.wrong("want page numbers from 1 to %d, have %.60q", pages, line)
	}
	if min(a, b) < 1 || max(a, b) > uint64(pages) {
		return 0, 0, nil, l.in.wrong("want page numbers from 1 to %d, have %d and %d", pages, a, b)
	}
	return uint32(a), uint32(b), rest, nil
}

// counted builds the graph and compares the number of links with the file's header.
func (l *list) counted(r *reading, header fileHeader, pages int) (err error) {
	links := l.links()
	if r.Graph, err = l.rows(pages); err != nil {
		return err
	}
	return header.countedLinks(l.in.file, links, r.Graph)
}
