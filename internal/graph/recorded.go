package graph

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"slices"
	"strings"

	"crawlbench/internal/plain"
)

// A recorded graph is a file that "crawlbench import" writes: a header, the arrays of the graph and its record, and a
// CRC-32C of all that, in little-endian order.

// recordedHeader is the beginning of a file of a recorded graph.
type recordedHeader struct {
	Magic                                   [16]byte
	Pages, Links, Hosts, Start, Text, Notes uint64
}

const (
	recordedMagic = "crawlbench cbg1\n"
	longestNotes  = 1 << 16 // bytes
)

// size returns the length of the file with header h.
func (h *recordedHeader) size() int64 {
	const perPage = 8 + 8 + 8 + 4 + 2
	return int64(binary.Size(h)) + int64(8+perPage*h.Pages+4*h.Links+4*h.Hosts+h.Text+h.Notes) + crc32.Size
}

// arrays returns pointers to the arrays of g in the order of the file.
func (g *Graph) arrays() []any {
	r := g.Record
	return []any{&g.Offsets, &r.Ends, &r.Sizes, &g.Links, &g.Hosts, &r.Waits, &r.Status, &r.Text}
}

// WriteRecorded writes g, which must have a record, with its notes.
func WriteRecorded(ctx context.Context, to io.Writer, g *Graph) error {
	notes := strings.Join(g.Notes, "\n")
	h := recordedHeader{[16]byte([]byte(recordedMagic)), uint64(g.Pages()), uint64(len(g.Links)), uint64(len(g.Hosts)),
		uint64(g.Start), uint64(len(g.Record.Text)), uint64(len(notes))}
	sum := crc32.New(crc32.MakeTable(crc32.Castagnoli))
	buffered := bufio.NewWriterSize(io.MultiWriter(to, sum), 1<<20)
	err := binary.Write(buffered, binary.LittleEndian, &h)
	for _, array := range g.arrays() {
		if err == nil {
			err = transfer(ctx, array,
				func(part any) error { return binary.Write(buffered, binary.LittleEndian, part) })
		}
	}
	if err == nil {
		_, err = buffered.WriteString(notes)
	}
	if err == nil {
		err = buffered.Flush()
	}
	if err == nil {
		err = binary.Write(to, binary.LittleEndian, sum.Sum32())
	}
	return err
}

// transfer calls move for the parts of an array, of which it gets a pointer.
func transfer(ctx context.Context, array any, move func(part any) error) error {
	switch a := array.(type) {
	case *[]uint64:
		return transferParts(ctx, *a, move)
	case *[]uint32:
		return transferParts(ctx, *a, move)
	case *[]int16:
		return transferParts(ctx, *a, move)
	}
	return transferParts(ctx, *array.(*[]byte), move)
}

func transferParts[T any](ctx context.Context, all []T, move func(part any) error) error {
	for part := range slices.Chunk(all, 1<<16) {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := move(part); err != nil {
			return err
		}
	}
	return nil
}

// readRecorded reads a file that WriteRecorded wrote.
func readRecorded(ctx context.Context, s Spec, limit int64) (*reading, error) {
	f, size, err := openRegular(s.File)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if need := recordedNeeds(size); limit > 0 && need > limit {
		return nil, fmt.Errorf("%s: needs about %s of memory, and %s are free: use a smaller graph, or a machine "+
			"with more memory", s.File, sizeText(need), sizeText(limit))
	}
	r, err := decodeRecorded(ctx, f, size)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.File, err)
	}
	return r, nil
}

// recordedNeeds returns the memory for a file of that size and for the index of its URLs.
func recordedNeeds(size int64) int64 { return size + size/2 }

// decodeRecorded decodes a file of that size. The content is untrusted.
func decodeRecorded(ctx context.Context, from io.Reader, size int64) (*reading, error) {
	in := &summed{bufio.NewReaderSize(from, 1<<20), crc32.New(crc32.MakeTable(crc32.Castagnoli))}
	var h recordedHeader
	if size >= int64(binary.Size(h)) {
		if err := binary.Read(in, binary.LittleEndian, &h); err != nil {
			return nil, err
		}
	}
	most := uint64(size)
	switch {
	case string(h.Magic[:]) != recordedMagic:
		return nil, fmt.Errorf("this is not a graph file of \"crawlbench import\"; it begins with %.16q: import a crawl, "+
			"or set the kind of the graph (see \"crawlbench list graphs\")", strings.TrimRight(string(h.Magic[:]), "\x00"))
	case h.Pages > maxPages || max(h.Pages, h.Links, h.Hosts, h.Text, h.Notes) > most || h.Notes > longestNotes ||
		h.size() != size:
		return nil, fmt.Errorf("the file has %d bytes, which its header contradicts: it is truncated or damaged: "+
			"import the crawl again", size)
	}
	g := &Graph{Start: uint32(min(h.Start, maxPages)), Record: new(Record)}
	g.Offsets, g.Links, g.Hosts = make([]uint64, h.Pages+1), make([]uint32, h.Links), make([]uint32, h.Hosts)
	r := g.Record
	r.Ends, r.Sizes = make([]uint64, h.Pages), make([]uint64, h.Pages)
	r.Waits, r.Status, r.Text = make([]uint32, h.Pages), make([]int16, h.Pages), make([]byte, h.Text)
	notes := make([]byte, h.Notes)
	for _, array := range append(g.arrays(), &notes) {
		err := transfer(ctx, array, func(part any) error { return binary.Read(in, binary.LittleEndian, part) })
		if err != nil {
			return nil, err
		}
	}
	want, have := in.sum.Sum32(), uint32(0)
	if err := binary.Read(in, binary.LittleEndian, &have); err != nil {
		return nil, err
	}
	if have != want {
		return nil, fmt.Errorf("wrong checksum: the file is damaged: import the crawl again")
	}
	if err := g.Validate(); err != nil {
		return nil, err
	}
	if err := g.SetRecord(r); err != nil {
		return nil, err
	}
	read := &reading{Graph: g, numbering: dense{0, g.Pages()}, begins: true}
	for note := range strings.Lines(string(notes)) {
		read.notes = append(read.notes, plain.Line(strings.TrimSuffix(note, "\n")))
	}
	return read, nil
}

// summed is a reader that computes a checksum of what was read.
type summed struct {
	in  io.Reader
	sum hash.Hash32
}

func (s *summed) Read(p []byte) (int, error) {
	n, err := s.in.Read(p)
	s.sum.Write(p[:n])
	return n, err
}
