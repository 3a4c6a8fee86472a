package graph

import "bytes"

// readDIMACS reads a graph in a DIMACS challenge format: lines "c COMMENT", a line "p
// PROBLEM PAGES LINKS", and for each link a line "e A B", which leads both ways, or "a FROM TO
// ...", whose length or capacity is ignored. Pages are numbered from 1.
func readDIMACS(in *textFile, s Spec, limit int64) (*reading, error) {
	r := &reading{}
	l := newList(in, s, limit)
	var header fileHeader
	pages, kind := 0, byte(0)
	for in.next() {
		line := bytes.TrimSpace(in.line)
		if len(line) == 0 {
			continue
		}
		word, rest := field(line)
		switch c := word[0]; {
		case c == 'c':
		case len(word) > 1:
			return nil, in.wrong("want a line that begins with c, p, e or a, have %.40q", line)
		case c == 'p' && pages == 0:
			var err error
			if pages, kind, err = dimacsProblem(in, rest, &header); err != nil {
				return nil, err
			}
			if kind == 'e' {
				header.undirected = in.n
			}
			l.both = header.both(s, &r.notes)
			if err := l.declared(pages, header.links.n); err != nil {
				return nil, err
			}
		case pages == 0:
			return nil, in.wrong("want a line \"p PROBLEM PAGES LINKS\" first, have %.40q", line)
		case c == kind:
			from, to, _, err := l.two(rest, pages)
			if err == nil {
				err = l.add(from-1, to-1)
			}
			if err != nil {
				return nil, err
			}
		case bytes.IndexByte([]byte("ndvx"), c) < 0: // these letters describe pages
			return nil, in.wrong("want a line that begins with c or %c, have %.40q", kind, line)
		}
	}
	switch {
	case in.err != nil:
		return nil, in.err
	case pages == 0:
		return nil, in.wrong("the file ends before the line \"p PROBLEM PAGES LINKS\": want a DIMACS file")
	}
	r.numbering = dense{1, pages}
	return r, l.counted(r, header, pages)
}

// dimacsProblem reads the problem line. It returns the number of pages and the first letter of link lines.
func dimacsProblem(in *textFile, rest []byte, header *fileHeader) (pages int, kind byte, err error) {
	problem, rest := field(rest)
	switch string(problem) {
	case "edge", "edges", "col":
		kind = 'e'
	case "sp", "max", "min", "asn":
		kind = 'a'
	default:
		return 0, 0, in.wrong("problem %.20q cannot be read: want edge, col, sp, max, min or asn", problem)
	}
	n, ok := wholes(rest)
	if !ok || len(n) != 2 || n[0] < 1 || n[0] > maxPages {
		return 0, 0, in.wrong("want \"p %s PAGES LINKS\", have %.40q", problem, in.line)
	}
	header.links = statedCount{n[1], in.n}
	return n[0], kind, nil
}
