package graph

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// WriteSG writes g as a serialised directed graph of the GAP Benchmark Suite (.sg), little-endian
// and unaligned: a byte 1, the number of links and of pages in 64 bits, the offsets of the pages'
// links in 64 bits, the links in 32 bits, and then offsets and links of the same graph with all links reversed.
func WriteSG(w io.Writer, g *Graph) error {
	if g.Pages() > math.MaxInt32 {
		return fmt.Errorf("write .sg: %d pages are more than its signed 32 bits can number", g.Pages())
	}
	b := bufio.NewWriterSize(w, 1<<20)
	b.WriteByte(1) // an error stays with b
	t := transpose(g)
	for _, part := range []any{
		uint64(len(g.Links)), uint64(g.Pages()), g.Offsets, g.Links, t.Offsets, t.Links,
	} {
		if err := binary.Write(b, binary.LittleEndian, part); err != nil {
			return err
		}
	}
	return b.Flush()
}

// transpose reverses all links.
func transpose(g *Graph) *Graph {
	t := new(Graph)
	t.Offsets, t.Links = Rows(g.Pages(), func(yield func(from, to uint32) bool) {
		for p := range uint32(g.Pages()) {
			for _, q := range g.Out(p) {
				if !yield(q, p) {
					return
				}
			}
		}
	})
	return t
}
