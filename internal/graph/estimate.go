package graph

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"runtime"
)

// Estimate returns the peak memory of building s in bytes, including garbage that is not collected
// yet. For a text file it is a lower bound, extrapolated from the beginning; reading counts the
// links and checks again.
func Estimate(s Spec) (int64, error) {
	if ps := s.Check(); len(ps) > 0 {
		return 0, fmt.Errorf("graph of kind %q: %s: %s", s.Kind, ps[0].Field, ps[0].Msg)
	}
	k, _ := kind(s.Kind)
	return k.estimate(s)
}

// rowMemory returns the size of a graph.
func rowMemory(pages, links int64) int64 { return 8*pages + 4*links }

// shapeMemory estimates a kind that is written row by row and has at most that many links per page.
func shapeMemory(links int64) func(Spec) (int64, error) {
	return func(s Spec) (int64, error) {
		rows := rowMemory(int64(s.pages()), links*int64(s.pages()))
		return rows + rows/8, nil
	}
}

// drawnMemory estimates a kind whose links are random.
func drawnMemory(s Spec) (int64, error) {
	pages := int64(s.pages())
	links := pages * int64(s.value("degree"))
	if s.Symmetric {
		links *= 2
	}
	return rowMemory(pages, links) + generating(pages, links), nil
}

func copyingMemory(s Spec) (int64, error) {
	pages := int64(s.pages())
	links := pages * int64(s.value("degree")+1)
	return 4*links + rowMemory(pages, links) + generating(pages, links), nil
}

func bvMemory(s Spec) (int64, error) {
	p, err := readProperties(s.File)
	if err != nil {
		return 0, err
	}
	info, err := os.Stat(graphFile(s.File))
	if err != nil {
		return 0, err
	}
	rows := rowMemory(int64(p.nodes), int64(p.arcs))
	return rows + rows/4 + info.Size(), nil
}

func recordedMemory(s Spec) (int64, error) {
	info, err := os.Stat(s.File)
	if err != nil {
		return 0, err
	}
	return recordedNeeds(info.Size()), nil
}

func textMemory(s Spec) (int64, error) {
	links, err := s.sample()
	return listMemory(links, s.Symmetric), err
}

// generating returns the memory of sorting for a generated graph: a block of work may consist of
// pages, and a hub may have several times as many links as an average bucket.
func generating(pages, links int64) int64 {
	buckets := int64(newLayout(int(max(1, pages))).buckets)
	return sorting(pages, links, max(blockLinks, blockPages*links/max(1, pages)), links/buckets+links/64)
}

// sorting returns how many bytes the sorting of links takes beside the resulting rows, given the
// number of links in a block of work and in the largest bucket.
func sorting(pages, links, block, bucket int64) int64 {
	l := newLayout(int(max(1, pages)))
	word := int64(4)
	if l.keyBits > 32 {
		word = 8
	}
	blocks := links/blockLinks + pages/blockPages + 1
	spread := word*links + 4*blocks*int64(l.buckets)
	// Every worker holds the links of a block, in a list that may have grown, and twice the links
	// of the largest bucket with their rows.
	workers, buckets := int64(runtime.GOMAXPROCS(0)), int64(l.buckets)
	return spread + 128*buckets + workers*16*block + min(workers, buckets)*((2*word+4)*bucket+12<<l.shift)
}

// sample returns the number of links of a text file, extrapolated from its beginning.
func (s Spec) sample() (links int64, err error) {
	in, err := openText(context.Background(), s)
	if err != nil {
		return 0, err
	}
	defer in.close()
	for in.end < lineBuffer && !in.ended && in.err == nil {
		in.fill()
	}
	if in.err != nil || in.ended {
		return 0, nil // the file is small, or the reader reports the error
	}
	for line := range bytes.Lines(in.buf[in.at:in.end]) {
		switch c := line[0]; {
		case c == '#' || c == '%' || c == 'c':
		case s.Kind == "metis":
			links += int64(len(bytes.Fields(line)))
		default:
			links++
		}
	}
	return int64(float64(links) * float64(in.size) / float64(max(1, in.taken()))), nil
}

// sizeText formats a number of bytes.
func sizeText(bytes int64) string {
	if bytes >= 1<<30 {
		return fmt.Sprintf("%.1f GiB", float64(bytes)/(1<<30))
	}
	return fmt.Sprintf("%.1f MiB", float64(bytes)/(1<<20))
}
