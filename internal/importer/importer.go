// Package importer makes a graph from the record of a crawl of a real site: JSON lines, WARC, or the crawl.log of
// Heritrix.
//
// Import reads files in which any record may be broken. It returns a graph with its record, and a report of what was
// read.
package importer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"crawlbench/internal/graph"
	"crawlbench/internal/plain"
)

// Options say how to read the files.
type Options struct {
	// Format is the name of a format of Formats; "" means that the content decides.
	Format string
	// Leaves keeps pages that are only linked to and were never fetched, as pages without links.
	Leaves bool
	// Start is the URL of the page from which crawls start; "" means the first page that leads to all others.
	Start string
	// Broken is the largest share of records that may be broken.
	Broken float64
	// Memory limits the memory in bytes; 0 means no limit.
	Memory int64
}

// Source is an input: a file, or standard input.
type Source struct {
	Name string
	Size int64 // bytes; 0 if unknown
	Open func() (io.ReadCloser, error)
}

// Format is a format of files.
type Format struct {
	Name, Doc string
	// is reports whether a file that begins with head is in the format.
	is func(head []byte) bool
	// read reads the records.
	read func(*input, *collector) error
}

// Formats returns the formats.
func Formats() []Format {
	return []Format{
		{"jsonl", "JSON lines with url, links, seconds, bytes, status and redirect", isJSON, readJSON},
		{"warc", "WARC, also if each record is compressed", isWARC, readWARC},
		{"heritrix", "the crawl.log of Heritrix", isCrawlLog, readCrawlLog},
	}
}

// Names returns the names of the formats.
func Names() (names []string) {
	for _, f := range Formats() {
		names = append(names, f.Name)
	}
	return names
}

// Import makes a graph from the records of the sources, in this order.
func Import(ctx context.Context, sources []Source, o Options) (*graph.Graph, *Report, error) {
	rep := new(Report)
	c := &collector{limit: o.Memory, report: rep, ids: map[string]uint32{}}
	for _, s := range sources {
		if err := readSource(ctx, s, o, c, rep); err != nil {
			return nil, nil, err
		}
	}
	switch broken := float64(rep.Broken) / float64(max(1, rep.Records+rep.Broken)); {
	case broken > o.Broken:
		remedy := "look at them, and at the format"
		if rep.Records > 0 {
			remedy = fmt.Sprintf("look at them, or allow more with -broken %.0f%%", min(100*broken+1, 100))
		}
		return nil, nil, fmt.Errorf("broken records: %s of %s, %.3g %%: want at most %.3g %%: %s:\n  %s",
			plain.Number(rep.Broken), plain.Number(rep.Records+rep.Broken), 100*broken, 100*o.Broken, remedy,
			strings.Join(rep.First, "\n  "))
	case len(c.order) == 0:
		return nil, nil, fmt.Errorf("%s: no page was fetched in %s: want records of pages of http or https",
			sources[0].Name, plain.Count(rep.Records, "record"))
	}
	g, err := c.graph(ctx, o)
	if err != nil {
		return nil, nil, err
	}
	rep.summarize(g)
	g.Notes = rep.notes()
	return g, rep, nil
}

// readSource reads the records of a source.
func readSource(ctx context.Context, s Source, o Options, c *collector, rep *Report) error {
	from, err := s.Open()
	if err != nil {
		return err
	}
	defer from.Close()
	in := newInput(ctx, s, from, rep)
	format, err := in.format(o.Format)
	if err != nil {
		return err
	}
	if !slices.Contains(rep.Formats, format.Name) {
		rep.Formats = append(rep.Formats, format.Name)
	}
	c.in = in
	if err := format.read(in, c); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: %w", in.where(), err)
	}
	return nil
}
