package graph

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
)

// readEdgeFile reads an edge list, packed or not.
func readEdgeFile(ctx context.Context, path string) (*Graph, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	in := bufio.NewReaderSize(f, 1<<20)
	if head, _ := in.Peek(2); bytes.Equal(head, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		return readEdges(ctx, path, z)
	}
	return readEdges(ctx, path, in)
}

// readEdges reads an edge list in the form of SNAP: a line for every link, two numbers with blanks between them; lines
// that begin with # are comments. The numbers are those of pages, and need not be dense: the pages that occur are
// renumbered in ascending order. Repeated links stay.
func readEdges(ctx context.Context, name string, r io.Reader) (*Graph, error) {
	var pairs []uint64 // from<<32 | to
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 1<<16), 1<<20)
	n := 0
	for lines.Scan() {
		n++
		if n%blockLinks == 0 && ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		pair, err := readPair(line)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, n, err)
		}
		pairs = append(pairs, pair)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s:%d: %w", name, n+1, err)
	}
	if len(pairs) == 0 {
		return nil, fmt.Errorf("%s: it has no links: an edge list has a line \"FROM TO\" for each", name)
	}
	ids := renumber(pairs)
	return source{pages: len(ids), blocks: linkBlocks(len(pairs)), repeats: true, links: func(block int, links []link) []link {
		for _, p := range pairs[block*blockLinks : min((block+1)*blockLinks, len(pairs))] {
			links = append(links, link{uint32(p >> 32), uint32(p)})
		}
		return links
	}}.rows(ctx)
}

// readPair reads the two numbers of a line.
func readPair(line []byte) (uint64, error) {
	fields := bytes.Fields(line)
	if len(fields) != 2 {
		return 0, fmt.Errorf("want two page numbers, FROM and TO, have %d fields in %.40q", len(fields), line)
	}
	var pair uint64
	for _, f := range fields {
		v, err := strconv.ParseUint(string(f), 10, 32)
		if err != nil {
			return 0, fmt.Errorf("%.40q is no page number: want a whole number from 0 to %d", f, uint32(maxPages))
		}
		pair = pair<<32 | v
	}
	return pair, nil
}

// renumber makes the numbers in pairs dense, keeping their order, and returns the old ones by the new.
func renumber(pairs []uint64) []uint32 {
	ids := make([]uint32, 0, 2*len(pairs))
	for _, p := range pairs {
		ids = append(ids, uint32(p>>32), uint32(p))
	}
	slices.Sort(ids)
	ids = slices.Clip(slices.Compact(ids))
	if int(ids[len(ids)-1]) == len(ids)-1 {
		return ids // they are dense already
	}
	dense := func(id uint32) uint64 {
		i, _ := slices.BinarySearch(ids, id)
		return uint64(i)
	}
	for i, p := range pairs {
		pairs[i] = dense(uint32(p>>32))<<32 | dense(uint32(p))
	}
	return ids
}

// WriteEdges writes g as an edge list in the form of SNAP.
func WriteEdges(w io.Writer, g *Graph) error {
	b := bufio.NewWriterSize(w, 1<<16)
	fmt.Fprintf(b, "# Directed graph\n# Nodes: %d Edges: %d\n# FromNodeId\tToNodeId\n", g.Pages(), len(g.Links))
	var line []byte
	for p := range uint32(g.Pages()) {
		for _, q := range g.Out(p) {
			line = strconv.AppendUint(line[:0], uint64(p), 10)
			line = append(line, '\t')
			line = strconv.AppendUint(line, uint64(q), 10)
			b.Write(append(line, '\n')) // an error stays with b
		}
	}
	return b.Flush()
}
