package graph

import (
	"bytes"
	"slices"
	"strings"

	"crawlbench/internal/plain"
)

// readMarket reads a sparse square matrix in the Matrix Market format of NIST. An entry in row i
// and column j is a link from page i to page j; its value is ignored. A symmetric matrix has one
// half of its entries in the file. Pages are numbered from 1.
func readMarket(in *textFile, s Spec, limit int64) (*reading, error) {
	values, symmetric, err := marketBanner(in)
	if err != nil {
		return nil, err
	}
	pages, header, err := marketSize(in)
	if err != nil {
		return nil, err
	}
	if symmetric {
		header.undirected = 1
	}
	r := &reading{numbering: dense{1, pages}}
	l := newList(in, s, limit)
	l.both = header.both(s, &r.notes)
	if err := l.declared(pages, header.links.n); err != nil {
		return nil, err
	}
	for in.next() {
		line := bytes.TrimSpace(in.line)
		if len(line) == 0 || line[0] == '%' {
			continue
		}
		from, to, rest, err := l.two(line, pages)
		switch {
		case err != nil:
			return nil, err
		case len(bytes.Fields(rest)) != values:
			return nil, in.wrong("want a row, a column and %s, as line 1 says, have %.40q",
				plain.Count(values, "value"), line)
		}
		if err := l.add(from-1, to-1); err != nil {
			return nil, err
		}
	}
	if in.err != nil {
		return nil, in.err
	}
	return r, l.counted(r, header, pages)
}

// marketBanner reads the first line. It returns how many values an entry has, and whether the
// matrix is symmetric.
func marketBanner(in *textFile) (values int, symmetric bool, err error) {
	const want = "want \"%%MatrixMarket matrix coordinate FIELD SYMMETRY\""
	in.next()
	f := strings.Fields(strings.ToLower(string(in.line)))
	switch {
	case len(f) != 5 || f[0] != "%%matrixmarket" || f[1] != "matrix":
		return 0, false, in.wrong("%s, have %.60q", want, in.line)
	case f[2] != "coordinate":
		return 0, false, in.wrong("dense matrices (%.20q) cannot be read: %s", f[2], toEdges)
	}
	values = slices.Index([]string{"pattern", "real", "complex"},
		strings.NewReplacer("integer", "real", "double", "real").Replace(f[3]))
	symmetry := slices.Index([]string{"general", "symmetric", "skew-symmetric", "hermitian"}, f[4])
	if values < 0 || symmetry < 0 {
		return 0, false, in.wrong("%s with FIELD pattern, integer, real or complex, and SYMMETRY general, "+
			"symmetric, skew-symmetric or hermitian, have %.60q", want, in.line)
	}
	return values, symmetry > 0, nil
}

// marketSize reads the line "ROWS COLUMNS ENTRIES".
func marketSize(in *textFile) (pages int, header fileHeader, err error) {
	for in.next() {
		line := bytes.TrimSpace(in.line)
		if len(line) == 0 || line[0] == '%' {
			continue
		}
		n, ok := wholes(line)
		switch {
		case !ok || len(n) != 3 || n[0] < 1 || n[0] > maxPages:
			return 0, header, in.wrong("want \"ROWS COLUMNS ENTRIES\", have %.40q", line)
		case n[0] != n[1]:
			return 0, header, in.wrong("the matrix has %d rows and %d columns: want a square matrix", n[0], n[1])
		}
		header.links = statedCount{n[2], in.n}
		return n[0], header, nil
	}
	if in.err != nil {
		return 0, header, in.err
	}
	return 0, header, in.wrong("the file ends before the line \"ROWS COLUMNS ENTRIES\": download it again")
}
