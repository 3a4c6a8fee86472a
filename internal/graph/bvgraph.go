package graph

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
)

// properties are the entries of a BVGraph's .properties file that describe the coding of its .graph file.
type properties struct {
	nodes, arcs           int
	window, minInterval   int
	zetaK                 int
	outdegrees, blocks    code
	blockCount, residuals code
	references            code
}

// code identifies an instantaneous code.
type code int

const (
	gamma code = iota
	delta
	unary
	zeta
	nibble
)

// read reads a number in code c.
func (r *bitReader) read(c code, k int) uint64 {
	switch c {
	case delta:
		return r.delta()
	case unary:
		return r.unary()
	case zeta:
		return r.zeta(k)
	case nibble:
		return r.nibble()
	}
	return r.gamma()
}

// propertiesFile and graphFile return the two files of a BVGraph, whose path may be either or have no extension.
func propertiesFile(path string) string { return baseName(path) + ".properties" }
func graphFile(path string) string      { return baseName(path) + ".graph" }

func baseName(path string) string {
	return strings.TrimSuffix(strings.TrimSuffix(path, ".graph"), ".properties")
}

// mostProperties bounds a .properties file, in bytes.
const mostProperties = 1 << 20

// readProperties reads the .properties file beside a .graph file.
func readProperties(path string) (properties, error) {
	name := propertiesFile(path)
	text, err := readRegular(name, mostProperties)
	if errors.Is(err, fs.ErrNotExist) {
		return properties{}, fmt.Errorf("%s: a BVGraph is two files, and this one is missing: put it beside %s, "+
			"or set kind = \"metis\" for a METIS graph", name, graphFile(path))
	}
	if err != nil {
		return properties{}, err
	}
	p, err := parseProperties(text)
	if err != nil {
		return p, fmt.Errorf("%s: %w", name, err)
	}
	return p, nil
}

// parseProperties reads the text of a .properties file.
func parseProperties(text []byte) (properties, error) {
	p := properties{references: unary, residuals: zeta}
	fields := map[string]string{}
	for line := range bytes.Lines(text) {
		if key, value, ok := strings.Cut(strings.TrimSpace(string(line)), "="); ok && !strings.HasPrefix(key, "#") {
			fields[strings.TrimSpace(key)] = strings.TrimSpace(value)
		}
	}
	if class := fields["graphclass"]; class != "" && !strings.HasSuffix(class, ".BVGraph") {
		return p, fmt.Errorf("graphclass is %q; only BVGraph can be read", class)
	}
	if v := fields["version"]; v != "" && v != "0" {
		return p, fmt.Errorf("version is %q; only version 0 can be read", v)
	}
	if e := fields["endianness"]; e != "" && !strings.EqualFold(e, "big") {
		return p, fmt.Errorf("endianness is %q: want big: convert the graph with webgraph-rs: webgraph to "+
			"endianness SRC DST", e)
	}
	for _, f := range []struct {
		key      string
		to       *int
		fallback int // -1 means required
		most     int
	}{
		{"nodes", &p.nodes, -1, maxPages}, {"arcs", &p.arcs, -1, 1 << 40}, {"windowsize", &p.window, 7, maxPages},
		{"minintervallength", &p.minInterval, 4, maxPages}, {"zetak", &p.zetaK, 3, 32},
	} {
		text, ok := fields[f.key]
		if !ok {
			if f.fallback < 0 {
				return p, fmt.Errorf("%s is missing: is this the .properties file of a BVGraph?", f.key)
			}
			*f.to = f.fallback
			continue
		}
		v, err := strconv.Atoi(text)
		if err != nil || v < 0 || v > f.most {
			return p, fmt.Errorf("%s is %q: want a whole number from 0 to %d", f.key, text, f.most)
		}
		*f.to = v
	}
	if p.nodes == 0 {
		return p, errors.New("nodes is 0: a graph without pages cannot be crawled")
	}
	return p, p.flags(fields["compressionflags"])
}

// flags sets the codes that differ from the usual ones.
func (p *properties) flags(text string) error {
	known := map[string]func(){
		"OUTDEGREES_GAMMA": func() { p.outdegrees = gamma }, "OUTDEGREES_DELTA": func() { p.outdegrees = delta },
		"BLOCKS_GAMMA": func() { p.blocks = gamma }, "BLOCKS_DELTA": func() { p.blocks = delta },
		"BLOCK_COUNT_GAMMA": func() { p.blockCount = gamma }, "BLOCK_COUNT_DELTA": func() { p.blockCount = delta },
		"BLOCK_COUNT_UNARY": func() { p.blockCount = unary },
		"RESIDUALS_GAMMA":   func() { p.residuals = gamma }, "RESIDUALS_DELTA": func() { p.residuals = delta },
		"RESIDUALS_ZETA": func() { p.residuals = zeta }, "RESIDUALS_NIBBLE": func() { p.residuals = nibble },
		"REFERENCES_GAMMA": func() { p.references = gamma }, "REFERENCES_DELTA": func() { p.references = delta },
		"REFERENCES_UNARY": func() { p.references = unary },
		"OFFSETS_GAMMA":    func() {}, "OFFSETS_DELTA": func() {}, // the offsets file is not needed
	}
	for _, flag := range strings.FieldsFunc(text, func(r rune) bool { return r == '|' || r == ' ' }) {
		set, ok := known[flag]
		if !ok {
			return fmt.Errorf("compressionflags has %q, a code that cannot be read", flag)
		}
		set()
	}
	return nil
}

// readBVGraph reads a BVGraph: s.File is its .graph file, with or without the ending.
func readBVGraph(ctx context.Context, s Spec, _ int64) (*reading, error) {
	p, err := readProperties(s.File)
	if err != nil {
		return nil, err
	}
	name := graphFile(s.File)
	data, err := readRegular(name, largestFile)
	if err != nil {
		return nil, err
	}
	g, err := p.decode(ctx, data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &reading{Graph: g, numbering: dense{0, g.Pages()}}, nil
}

// decode reads the pages in order.
func (p properties) decode(ctx context.Context, data []byte) (*Graph, error) {
	// A page takes at least a bit.
	if p.nodes > 8*len(data) {
		return nil, fmt.Errorf("its %d bytes are too few for the %d nodes of its .properties: it was cut short, "+
			"or they do not belong together", len(data), p.nodes)
	}
	d := decoder{properties: p, in: bitReader{data: data}, g: &Graph{
		Offsets: make([]uint64, p.nodes+1),
		Links:   make([]uint32, 0, min(p.arcs, 64*len(data))), // arcs may be wrong, and one bit per link is rare
	}}
	for x := range p.nodes {
		if x%blockLinks == 0 && ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		at := d.in.pos
		if err := d.page(x); err != nil {
			return nil, fmt.Errorf("page %d, at bit %d: %w: it is damaged, or its .properties belong to another",
				x, at, err)
		}
		d.g.Offsets[x+1] = uint64(len(d.g.Links))
	}
	if rest := d.in.data[min(len(data), (d.in.pos+7)/8):]; len(bytes.Trim(rest, "\x00")) > 0 {
		return nil, fmt.Errorf("%d bytes follow the last page: the file is damaged, or its .properties belong to "+
			"another", len(rest))
	}
	if len(d.g.Links) != p.arcs {
		return nil, fmt.Errorf("it has %d links, its .properties say %d arcs: it is damaged, or they belong to "+
			"another", len(d.g.Links), p.arcs)
	}
	return d.g, nil
}

type decoder struct {
	properties
	in bitReader
	g  *Graph
}

// page reads the links of page x: some copied from a page shortly before it, some in intervals, the
// rest as single gaps.
func (d *decoder) page(x int) error {
	begin := len(d.g.Links)
	degree := d.in.read(d.outdegrees, 0)
	if degree > uint64(d.arcs-begin) {
		return d.broken("its %d links are more than there are left", degree)
	}
	if degree > 0 {
		if err := d.copied(x, int(degree)); err != nil {
			return err
		}
		if err := d.intervals(x, begin+int(degree)); err != nil {
			return err
		}
		if err := d.rest(x, begin+int(degree)); err != nil {
			return err
		}
	}
	if d.in.past {
		return d.broken("")
	}
	slices.Sort(d.g.Links[begin:])
	return nil
}

// broken returns an error about invalid data.
func (d *decoder) broken(format string, args ...any) error {
	if d.in.past {
		return errors.New("the file ends too early")
	}
	return fmt.Errorf(format, args...)
}

// copied reads the links copied from an earlier page: its links in blocks, of which every other one is skipped.
func (d *decoder) copied(x, degree int) error {
	if d.window == 0 {
		return nil
	}
	back := d.in.read(d.references, 0)
	if back == 0 {
		return nil
	}
	if back > uint64(min(x, d.window)) {
		return d.broken("it refers %d pages back", back)
	}
	from := d.g.Out(uint32(x) - uint32(back))
	count := d.in.read(d.blockCount, 0)
	if count > uint64(len(from))+1 {
		return d.broken("it has %d blocks of %d links", count, len(from))
	}
	room := degree
	keep := true
	for i := range count {
		n := d.in.read(d.blocks, 0)
		if i > 0 {
			n++
		}
		if n > uint64(len(from)) {
			return d.broken("a block of %d links where %d are left", n, len(from))
		}
		if keep {
			if room -= int(n); room < 0 {
				return d.broken("it copies more than its %d links", degree)
			}
			d.g.Links = append(d.g.Links, from[:n]...)
		}
		from = from[n:]
		keep = !keep
	}
	if keep { // the last block is implied
		if len(from) > room {
			return d.broken("it copies more than its %d links", degree)
		}
		d.g.Links = append(d.g.Links, from...)
	}
	return nil
}

// intervals reads runs of consecutive pages, up to the end of the row.
func (d *decoder) intervals(x, end int) error {
	if len(d.g.Links) == end || d.minInterval == 0 {
		return nil
	}
	count := d.in.gamma()
	next := int64(x)
	for i := range count {
		gap := d.in.gamma()
		if i == 0 {
			next += signed(gap)
		} else {
			next += int64(gap) + 1
		}
		n := d.in.gamma() + uint64(d.minInterval)
		if n > uint64(end-len(d.g.Links)) || d.in.past {
			return d.broken("an interval of %d links where %d are left", n, end-len(d.g.Links))
		}
		for range n {
			if err := d.link(next); err != nil {
				return err
			}
			next++
		}
	}
	return nil
}

// rest reads the remaining links, coded as gaps.
func (d *decoder) rest(x, end int) error {
	next := int64(x)
	for first := true; len(d.g.Links) < end; first = false {
		gap := d.in.read(d.residuals, d.zetaK)
		if d.in.past {
			return d.broken("")
		}
		if first {
			next += signed(gap)
		} else {
			next += int64(gap) + 1
		}
		if err := d.link(next); err != nil {
			return err
		}
	}
	return nil
}

func (d *decoder) link(to int64) error {
	if to < 0 || to >= int64(d.nodes) {
		return d.broken("a link to page %d of %d", to, d.nodes)
	}
	d.g.Links = append(d.g.Links, uint32(to))
	return nil
}
