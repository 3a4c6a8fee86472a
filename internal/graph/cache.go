package graph

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"unsafe"

	"crawlbench/internal/rundir"
)

// A cache file is a header followed by memory images of the offsets, the set of reachable pages,
// the links and the first pages of the hosts, and of the record if there is one. It is valid only
// on this machine and for this version: a child process maps it without parsing. The parent
// verifies the checksum of the body once, with CheckCache.

// header is the beginning of a cache file.
type header struct {
	Magic                                [8]byte
	Pages, Links, Hosts, Start           uint64
	Reached, Failed, Walk, Depth, Widest uint64
	Text, Index, Median                  uint64 // of the record; 0 if there is none
	Body                                 uint64 // CRC-32C of what follows the header
	Order                                uint32 // detects another byte order
	Sum                                  uint32 // CRC-32 of the fields before it
}

const (
	magic      = "crawlgr3"
	order      = 0x01020304
	headerSize = int64(unsafe.Sizeof(header{}))
)

func (h *header) sum() uint32 {
	var b bytes.Buffer
	copied := *h
	copied.Sum = 0
	binary.Write(&b, binary.NativeEndian, &copied)
	return crc32.ChecksumIEEE(b.Bytes())
}

// size returns the length of the file with header h.
func (h *header) size() int64 {
	size := headerSize + int64(8*(h.Pages+1)+8*((h.Pages+63)/64)+4*h.Links+4*h.Hosts)
	if h.Text > 0 {
		const perPage = 8 + 8 + 4 + 2
		size += int64(perPage*h.Pages + 4*h.Index + h.Text)
	}
	return size
}

// images returns the memory images that follow the header, in an order in which numbers are aligned.
func images(g *Graph, r Reach) [][]byte {
	rec := g.Record
	if rec == nil {
		rec = new(Record)
	}
	return [][]byte{raw(g.Offsets), raw(r.Set), raw(rec.Ends), raw(rec.Sizes), raw(g.Links), raw(g.Hosts),
		raw(rec.Waits), raw(rec.index), raw(rec.Status), rec.Text}
}

// WriteCache writes g and its reachable set to a file, which appears under its name only when complete.
func WriteCache(path string, g *Graph, r Reach) error {
	h := header{
		Magic: [8]byte([]byte(magic)), Order: order,
		Pages: uint64(g.Pages()), Links: uint64(len(g.Links)), Hosts: uint64(len(g.Hosts)), Start: uint64(g.Start),
		Reached: uint64(r.Pages), Failed: uint64(r.Failed), Walk: uint64(r.Links), Depth: uint64(r.Depth),
		Widest: uint64(r.Widest),
	}
	if rec := g.Record; rec != nil {
		h.Text, h.Index, h.Median = uint64(len(rec.Text)), uint64(len(rec.index)), uint64(rec.Median)
	}
	body := images(g, r)
	h.Body = bodySum(body...)
	h.Sum = h.sum()
	err := rundir.Replace(path, 0o444, false, func(f io.Writer) error {
		w := bufio.NewWriterSize(f, 1<<20)
		err := binary.Write(w, binary.NativeEndian, &h)
		for _, part := range body {
			if err == nil {
				_, err = w.Write(part)
			}
		}
		return errors.Join(err, w.Flush())
	})
	if err != nil {
		return fmt.Errorf("write the graph's cache %s: %w", path, err)
	}
	return nil
}

// bodySum returns the CRC-32C of the parts of a body; processors have an instruction for it.
func bodySum(parts ...[]byte) uint64 {
	table, sum := crc32.MakeTable(crc32.Castagnoli), uint32(0)
	for _, part := range parts {
		sum = crc32.Update(sum, table, part)
	}
	return uint64(sum)
}

// element is an element of an array of a graph.
type element interface {
	uint8 | int16 | uint32 | uint64
}

// raw returns the memory of s.
func raw[T element](s []T) []byte {
	if len(s) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&s[0])), len(s)*int(unsafe.Sizeof(s[0])))
}

// Cache is a mapped cache file. Its graph must not be used after Close.
type Cache struct {
	Graph *Graph
	Reach Reach

	mapped []byte
	body   uint64 // checksum in the header
}

// CheckCache returns an error if a cache file has changed since WriteCache. Call it before the file
// is first used in a run, and before a crawler is blamed for an incorrect crawl: OpenCache, which
// children call, does not read the body.
func CheckCache(path string) error {
	c, err := OpenCache(path)
	if err != nil {
		return err
	}
	defer c.Close()
	if bodySum(c.mapped[headerSize:]) != c.body {
		return fmt.Errorf("check the graph's cache %s: wrong checksum: the file was modified or damaged after it "+
			"was written: resume the run to build it again", path)
	}
	return nil
}

// OpenCache maps a file that WriteCache wrote. The memory is read-only: a write ends the process (see Modified).
func OpenCache(path string) (*Cache, error) {
	f, size, err := openRegular(path)
	if err != nil {
		return nil, fmt.Errorf("open the graph's cache: %w", err)
	}
	defer f.Close()
	var h header
	if err := binary.Read(f, binary.NativeEndian, &h); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = errors.New("it is shorter than its header")
		}
		return nil, fmt.Errorf("open the graph's cache %s: %w", path, err)
	}
	switch {
	case string(h.Magic[:]) != magic || h.Order != order || h.Sum != h.sum():
		return nil, fmt.Errorf("open the graph's cache %s: this is not a cache file of this version of crawlbench, "+
			"or a damaged one", path)
	case h.Pages > maxPages || max(h.Links, h.Text, h.Index) > 1<<48 || h.Hosts > h.Pages || size != h.size():
		return nil, fmt.Errorf("open the graph's cache %s: it has %d bytes, its header says %d", path, size, h.size())
	}
	m, err := mapFile(f, int(h.size()))
	if err != nil {
		return nil, fmt.Errorf("map the graph's cache %s: %w", path, err)
	}
	rest := m[headerSize:]
	c := &Cache{mapped: m, body: h.Body, Graph: &Graph{Start: uint32(h.Start)}}
	c.Graph.Offsets = take[uint64](&rest, h.Pages+1)
	c.Reach = Reach{
		Set: take[uint64](&rest, (h.Pages+63)/64), Pages: int(h.Reached), Failed: int(h.Failed), Links: int64(h.Walk),
		Depth: int(h.Depth), Widest: int(h.Widest),
	}
	rec := &Record{Median: uint32(h.Median)}
	if h.Text > 0 {
		rec.Ends, rec.Sizes = take[uint64](&rest, h.Pages), take[uint64](&rest, h.Pages)
	}
	c.Graph.Links = take[uint32](&rest, h.Links)
	c.Graph.Hosts = take[uint32](&rest, h.Hosts)
	if h.Text > 0 {
		rec.Waits, rec.index = take[uint32](&rest, h.Pages), take[uint32](&rest, h.Index)
		rec.Status, rec.Text = take[int16](&rest, h.Pages), take[uint8](&rest, h.Text)
		c.Graph.Record = rec
	}
	return c, nil
}

// take removes n numbers from the front of mapped memory and returns them.
func take[T element](m *[]byte, n uint64) []T {
	var zero T
	size := n * uint64(unsafe.Sizeof(zero))
	if n == 0 {
		return nil
	}
	s := unsafe.Slice((*T)(unsafe.Pointer(&(*m)[0])), n)
	*m = (*m)[size:]
	return s
}

// Close unmaps the file.
func (c *Cache) Close() error { return unmap(c.mapped) }
