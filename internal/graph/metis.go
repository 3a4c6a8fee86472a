package graph

import (
	"bytes"
	"context"

	"crawlbench/internal/plain"
)

// longestRow bounds the line with the links of a page, in bytes.
const longestRow = 1 << 28

// metisHeader is the first line of a METIS graph.
type metisHeader struct {
	pages, edges int
	skip         int // numbers before the links of a line: a size and weights
	step         int // numbers for each link: the page, and optionally a weight
	line         int
}

// readMETIS reads a graph in the format of METIS and the 10th DIMACS challenge: a line "PAGES
// EDGES [FORMAT [WEIGHTS]]", and for each page a line with its neighbours, so that each edge is
// listed twice. % begins a comment line; the line of a page without links is empty. Weights are
// ignored. Pages are numbered from 1.
func readMETIS(in *textFile, s Spec, limit int64) (*reading, error) {
	in.longest = longestRow
	h, err := metisFirst(in)
	if err != nil {
		return nil, err
	}
	l := newList(in, s, limit)
	if err := l.declared(h.pages, 2*h.edges); err != nil {
		return nil, err
	}
	page := 0
	for in.next() {
		line := bytes.TrimSpace(in.line)
		if len(line) > 0 && line[0] == '%' {
			continue
		}
		if page++; page > h.pages && len(line) > 0 {
			return nil, in.wrong("the header in line %d says %s, but more follow: correct it, or delete %.40q",
				h.line, plain.Count(h.pages, "page"), line)
		}
		if err := h.row(l, uint32(page), line); err != nil {
			return nil, err
		}
	}
	switch {
	case in.err != nil:
		return nil, in.err
	case l.links() != 2*h.edges:
		return nil, in.wrongAt(h.line, "the header says %s, listed twice each, but the file lists %s: %s",
			plain.Count(h.edges, "edge"), plain.Count(l.links(), "link"), mendHeader)
	}
	r := &reading{numbering: dense{1, h.pages}}
	if r.Graph, err = l.rows(h.pages); err != nil {
		return nil, err
	}
	return r, h.check(in, r.Graph)
}

// metisFirst reads the first line.
func metisFirst(in *textFile) (h metisHeader, err error) {
	for in.next() {
		line := bytes.TrimSpace(in.line)
		if len(line) == 0 || line[0] == '%' {
			continue
		}
		n, ok := wholes(line)
		if !ok || len(n) < 2 || len(n) > 4 || n[0] < 1 || n[0] > maxPages || n[1] > 1<<40 {
			return h, in.wrong("want the header of a METIS graph, \"PAGES EDGES [FORMAT [WEIGHTS]]\", have %.40q", line)
		}
		format, weights := 0, 1
		if len(n) > 2 {
			format = n[2]
		}
		if len(n) > 3 {
			weights = n[3]
		}
		if format > 111 || format%10 > 1 || format/10%10 > 1 || weights < 1 || weights > 1000 {
			return h, in.wrong("want a FORMAT of up to three digits 0 or 1, and WEIGHTS from 1 to 1000, have %.40q",
				line)
		}
		h = metisHeader{pages: n[0], edges: n[1], skip: format / 100, step: 1 + format%10, line: in.n}
		if format/10%10 == 1 {
			h.skip += weights
		}
		return h, nil
	}
	if in.err != nil {
		return h, in.err
	}
	return h, in.wrong("the file ends before the header: want \"PAGES EDGES\"")
}

// row parses the links of a page.
func (h metisHeader) row(l *list, page uint32, line []byte) error {
	for i := 0; ; i++ {
		var word []byte
		if word, line = field(line); len(word) == 0 {
			if i < h.skip && page <= uint32(h.pages) || i > h.skip && (i-h.skip)%h.step != 0 {
				return l.in.wrong("want %s and %d for each link, as the header in line %d says, have %d in all",
					plain.Count(h.skip, "number"), h.step, h.line, i)
			}
			return nil
		}
		if i < h.skip || (i-h.skip)%h.step != 0 {
			continue
		}
		to, rest, ok := decimal(word)
		switch {
		case !ok || len(rest) > 0:
			return l.in.wrong("%w", wrongNumber(word))
		case to < 1 || to > uint64(h.pages):
			return l.in.wrong("invalid page number %d: want 1 to %d, the number of pages in the header", to, h.pages)
		}
		if err := l.add(page-1, uint32(to)-1); err != nil {
			return err
		}
	}
}

// check returns an error if only one of two pages lists the other.
func (h metisHeader) check(in *textFile, g *Graph) error {
	for p := range uint32(g.Pages()) {
		if p%blockPages == 0 && in.ctx.Err() != nil {
			return context.Cause(in.ctx)
		}
		for _, q := range g.Out(p) {
			if !linked(g, q, p) {
				return in.wrongAt(h.line, "page %d lists page %d, but not the other way round: want each edge "+
					"listed at both its pages, as in a METIS graph", p+1, q+1)
			}
		}
	}
	return nil
}
