package graph

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strconv"

	"crawlbench/internal/plain"
)

// readEdges reads an edge list such as SNAP's: a line for each link, with the numbers of its two
// pages; # begins a comment. The numbers may have gaps: pages are renumbered in ascending order.
// Repeated links are kept, unless links lead both ways.
func readEdges(in *textFile, s Spec, limit int64) (*reading, error) {
	l := newList(in, s, limit)
	var header fileHeader
	var first counts
	for in.next() {
		from, to, rest, ok := twoNumbers(in.line)
		var err error
		switch {
		case !ok || len(rest) > 0:
			err = l.line(&header)
		case (from|to)>>32 == 0 && l.names == nil:
			if l.links() == 0 {
				first = counts{from, to, in.n}
			}
			err = l.add(uint32(from), uint32(to))
		default:
			err = l.addFar(pageNumber{0, from}, pageNumber{0, to})
		}
		if err != nil {
			return nil, err
		}
	}
	if in.err != nil {
		return nil, in.err
	}
	if err := first.suspect(l, header); err != nil {
		return nil, err
	}
	return l.finish(s, header, 0)
}

// line parses a line that twoNumbers does not handle.
func (l *list) line(header *fileHeader) error {
	line, comment, is := bytes.Cut(l.in.line, []byte{'#'})
	if is {
		header.comment(comment, l.in.n)
	}
	fields := bytes.Fields(line)
	switch {
	case len(fields) == 0:
		return nil
	case len(fields) != 2 || fields[0][0] == '%':
		return l.refuse(fields)
	}
	from, err := parseNumber(fields[0])
	to, err2 := parseNumber(fields[1])
	switch {
	case err != nil || err2 != nil:
		return l.refuse(fields)
	case l.names == nil && from.hi|to.hi == 0 && (from.lo|to.lo)>>32 == 0:
		return l.add(uint32(from.lo), uint32(to.lo))
	}
	return l.addFar(from, to)
}

// refuse returns an error about the fields of a line, with a guess at what the line is.
func (l *list) refuse(fields [][]byte) error {
	if fields[0][0] == '%' {
		return l.in.wrong("METIS, KONECT and Matrix Market have comments that begin with %%: set kind = " +
			"\"metis\", \"konect\" or \"mtx\" for such a file, or begin comments with #")
	}
	for _, f := range fields[:min(len(fields), 2)] {
		if _, err := parseNumber(f); err != nil {
			return l.in.wrong("%w", err)
		}
	}
	why := "write a line for each link of a page, or set kind = \"metis\" for a METIS graph"
	switch {
	case len(fields) == 1 && l.in.open:
		why = "the file is truncated: download it again"
	case len(fields) == 3:
		why = fmt.Sprintf("set kind = \"metis\" for a METIS graph, or remove weights or times from an edge list: "+
			"awk '{print $1, $2}' %s", l.in.file)
	}
	return l.in.wrong("want two page numbers, FROM and TO, have %s in %.40q: %s",
		plain.Count(len(fields), "field"), l.in.line, why)
}

// counts are the numbers in the first line, which may be a header with the numbers of pages and links.
type counts struct {
	pages, links uint64
	line         int
}

// suspect returns an error if the first line fits the rest as a header. METIS graphs begin with
// one, and if every page has two links or none, nothing else distinguishes them from an edge list.
func (c counts) suspect(l *list, header fileHeader) error {
	if c.links == 0 || c.links != uint64(l.links()-1) || l.names != nil || header.listed ||
		header.links.n == l.links() {
		return nil
	}
	for i, block := range l.all() {
		if i == 0 {
			block = block[1:]
		}
		for _, k := range block {
			if uint64(max(k.from, k.to)) > c.pages {
				return nil
			}
		}
	}
	return fmt.Errorf("%s:%d: \"%d %d\" looks like a header, as the number of links below it is %[4]d and no page "+
		"number there is above %[3]d: set kind = \"metis\" for a METIS graph, delete the line if it only counts "+
		"pages and links, or add a line \"# links\" above it if it is a link",
		l.in.file, c.line, c.pages, c.links)
}

// finish builds the graph and compares it with the file's header. first is the lowest page number
// that the format allows.
func (l *list) finish(s Spec, header fileHeader, first int) (*reading, error) {
	file := l.in.file
	if none := header.links.line > 0 && header.links.n == 0 && header.pages.n > 0; l.links() == 0 && !none {
		return nil, fmt.Errorf("%s: has no links: want a line \"FROM TO\" for each", file)
	}
	r := &reading{}
	l.both = header.both(s, &r.notes)
	var pages int
	var err error
	if r.numbering, pages, err = l.renumber(header.pages.n, first); err != nil {
		return nil, err
	}
	if err := header.countedPages(file, pages); err != nil {
		return nil, err
	}
	links := l.links()
	if r.Graph, err = l.rows(pages); err != nil {
		return nil, err
	}
	return r, header.countedLinks(file, links, r.Graph)
}

// WriteEdges writes g as an edge list. Its comments, which keep the page numbers and the pages
// without links, are at the end because the reader of GAPBS stops at the first one.
func WriteEdges(w io.Writer, g *Graph) error {
	b := bufio.NewWriterSize(w, 1<<16)
	var line []byte
	for p := range uint32(g.Pages()) {
		for _, q := range g.Out(p) {
			line = strconv.AppendUint(line[:0], uint64(p), 10)
			line = append(line, '\t')
			line = strconv.AppendUint(line, uint64(q), 10)
			b.Write(append(line, '\n')) // b keeps the first error
		}
	}
	fmt.Fprintf(b, "# Directed graph, pages numbered from 0\n# Nodes: %d Edges: %d\n", g.Pages(), len(g.Links))
	return b.Flush()
}
