package graph

import (
	"fmt"
	"os"
	"strings"
)

// Estimate returns how many bytes the building of s takes at its worst moment, garbage that is not collected yet
// included. A file is judged by its size, before it is read.
func Estimate(s Spec) (int64, error) {
	if ps := s.Check(); len(ps) > 0 {
		return 0, fmt.Errorf("graph of kind %q: %s: %s", s.Kind, ps[0].Field, ps[0].Msg)
	}
	pages, links, err := s.size()
	if err != nil {
		return 0, err
	}
	rows := 8*pages + 4*links
	// A link is 8 bytes in a bucket that has grown by appending to up to 1.25 times its need beside its old self, then 4
	// in its sorted bucket, then 4 in its row.
	buckets := 18*links + 4*links + rows
	switch s.Kind {
	case "chain", "star", "tree", "grid":
		return rows + rows/8, nil
	case "copying":
		return 4*links + buckets, nil
	case "edges":
		return 18*links + buckets, nil // the pairs as read, beside all else
	case "bvgraph":
		return rows + rows/4 + s.fileSize(), nil
	}
	return buckets, nil
}

// size returns the number of pages, and of links before duplicates are removed; of an edge list a likely bound.
func (s Spec) size() (pages, links int64, err error) {
	switch s.Kind {
	case "edges":
		size := s.fileSize()
		if size == 0 {
			_, err := os.Stat(s.File)
			return 0, 0, err
		}
		if strings.HasSuffix(s.File, ".gz") {
			size *= 5 // what gzip makes of such text
		}
		return size / 10, size / 10, nil // a line is two numbers of a few digits
	case "bvgraph":
		p, err := readProperties(s.File)
		return int64(p.nodes), int64(p.arcs), err
	}
	n, _ := s.pages()
	switch s.Kind {
	case "chain", "star", "tree":
		return n, n, nil
	case "grid":
		return n, 4 * n, nil
	case "copying":
		return n, n * int64(s.value("degree")+1), nil
	}
	return n, n * int64(s.value("degree")), nil
}

// fileSize returns the size of the file, 0 if it cannot be found out.
func (s Spec) fileSize() int64 {
	info, err := os.Stat(s.File)
	if err != nil {
		return 0
	}
	return info.Size()
}

// sizeText writes a number of bytes for people.
func sizeText(bytes int64) string {
	if bytes >= 1<<30 {
		return fmt.Sprintf("%.1f GiB", float64(bytes)/(1<<30))
	}
	return fmt.Sprintf("%.1f MiB", float64(bytes)/(1<<20))
}
