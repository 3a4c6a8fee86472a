package graph

import (
	"fmt"
	"os"
	"runtime"
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
	switch s.Kind {
	case "chain", "star", "tree", "grid":
		return rows + rows/8, nil
	case "copying":
		return 4*links + rows + sorting(pages, links), nil
	case "edges":
		return 18*links + rows + sorting(pages, links), nil // the pairs as read, in a list that grows, beside all else
	case "bvgraph":
		return rows + rows/4 + s.fileSize(), nil
	}
	return rows + sorting(pages, links), nil
}

// sorting returns how many bytes the sorting of links takes beside the rows that come out.
func sorting(pages, links int64) int64 {
	l := newLayout(int(max(1, pages)))
	word := int64(4)
	if l.keyBits > 32 {
		word = 8
	}
	blocks := links/blockLinks + pages/blockPages + 1
	spread := word*links + 4*blocks*int64(l.buckets)
	// Every worker has the links of a block, in a list that may have grown, and twice those of the largest bucket with
	// their rows; the hub of an rmat and its like may be a few times as large as a whole bucket should be.
	block := 16 * max(blockLinks, blockPages*links/max(1, pages))
	bucket := (2*word + 4) * (links/int64(l.buckets) + links/64)
	return spread + int64(l.buckets)*128 + int64(runtime.GOMAXPROCS(0))*(block+bucket+12<<l.shift)
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
	links = n * int64(s.value("degree"))
	if s.Symmetric {
		links *= 2
	}
	return n, links, nil
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
