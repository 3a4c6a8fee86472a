package graph

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"crawlbench/internal/plain"
)

// fileHeader has the statements of a file's header or comments about its graph. A file whose links
// disagree with them is refused: it was truncated or edited.
type fileHeader struct {
	pages, links statedCount
	// undirected and directed are the line numbers of these statements, 0 if there is none; the first line wins.
	undirected, directed int
	listed               bool // there is a comment "# links": the first line is a link
}

// statedCount is a number and the line that states it; line is 0 if there is none.
type statedCount struct{ n, line int }

// SNAP writes "# Undirected graph: NAME" and "# Nodes: 4 Edges: 3". Others write "# 4 nodes, 3
// edges", or a line for each number.
var (
	kindWord   = regexp.MustCompile(`(?i)\b(not (?:an? )?)?((?:un|non)-?)?directed\b(\s*[:=]\s*(?:no|false|0)\b)?`)
	bothCounts = regexp.MustCompile(`(?i)\b(?:nodes|vertices)\s*[:=]\s*([0-9][0-9,]*)\W+(?:edges|links|arcs)\s*[:=]\s*([0-9][0-9,]*)`)
	countsOf   = regexp.MustCompile(`(?i)\b([0-9][0-9,]*) (?:nodes|vertices)\W+(?:and )?([0-9][0-9,]*) (?:edges|links|arcs)\b`)
	oneCount   = regexp.MustCompile(`(?i)^\W*(?:number of )?(?:(nodes|vertices)|edges|links|arcs)\s*[:=]\s*([0-9][0-9,]*)\s*$`)
)

// comment reads a comment of an edge list.
func (h *fileHeader) comment(text []byte, line int) {
	h.listed = h.listed || bytes.EqualFold(bytes.TrimSpace(text), []byte("links"))
	if len(text) > 1000 {
		return
	}
	if m := kindWord.FindSubmatch(text); m != nil && h.directed == 0 && h.undirected == 0 {
		h.directed = line
		for _, negation := range m[1:] {
			if negation != nil {
				h.directed, h.undirected = h.undirected, h.directed
			}
		}
	}
	m := bothCounts.FindSubmatch(text)
	if m == nil {
		m = countsOf.FindSubmatch(text)
	}
	if m != nil {
		h.pages.set(m[1], line)
		h.links.set(m[2], line)
	} else if m := oneCount.FindSubmatch(text); m != nil && m[1] != nil {
		h.pages.set(m[2], line)
	} else if m != nil {
		h.links.set(m[2], line)
	}
}

// set sets a count unless an earlier line has set it.
func (h *statedCount) set(digits []byte, line int) {
	if h.line == 0 {
		n, _ := strconv.Atoi(strings.ReplaceAll(string(digits), ",", "")) // saturates at the largest int
		*h = statedCount{n, line}
	}
}

// countedPages returns an error if the header states a different number of pages.
func (h *fileHeader) countedPages(file string, used int) error {
	if h.pages.line == 0 || h.pages.n == used {
		return nil
	}
	return fmt.Errorf("%s:%d: the header says %s, but the links name %d: %s",
		file, h.pages.line, plain.Count(h.pages.n, "page"), used, mendHeader)
}

const mendHeader = "the file is truncated or was edited: download it again, or correct this line if the links are right"

// countedLinks returns an error if the header states a different number of links. Some writers
// count repeated links once, or a link and its reverse as one edge.
func (h *fileHeader) countedLinks(file string, links int, g *Graph) error {
	if h.links.line == 0 || h.links.n == links {
		return nil
	}
	if h.links.n < links && slices.Contains(countings(g), h.links.n) {
		return nil
	}
	return fmt.Errorf("%s:%d: the header says %s, but the file has %d: %s",
		file, h.links.line, plain.Count(h.links.n, "link"), links, mendHeader)
}

// countings returns the number of distinct links of g, and of distinct pairs of linked pages.
func countings(g *Graph) []int {
	distinct, pairs := 0, 0
	for p := range uint32(g.Pages()) {
		for i, q := range g.Out(p) {
			if i > 0 && q == g.Out(p)[i-1] {
				continue
			}
			distinct++
			if p <= q || !linked(g, q, p) {
				pairs++
			}
		}
	}
	return []int{distinct, pairs}
}

// linked reports whether p links to q.
func linked(g *Graph, p, q uint32) bool {
	_, is := slices.BinarySearch(g.Out(p), q)
	return is
}

// both reports whether links lead both ways, as requested by the user or stated in the file. In the
// second case it adds a note.
func (h *fileHeader) both(s Spec, notes *[]string) bool {
	if h.undirected > 0 {
		*notes = append(*notes, fmt.Sprintf("undirected (line %d): links lead both ways", h.undirected))
	}
	return s.Symmetric || h.undirected > 0
}
