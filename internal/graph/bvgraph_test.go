package graph

import (
	"context"
	"fmt"
	"math/bits"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// bitWriter writes the codes that bitReader reads.
type bitWriter struct {
	data []byte
	n    int
}

func (w *bitWriter) bits(v uint64, n int) {
	for i := n - 1; i >= 0; i-- {
		if w.n%8 == 0 {
			w.data = append(w.data, 0)
		}
		w.data[w.n/8] |= byte(v>>i&1) << (7 - w.n%8)
		w.n++
	}
}

func (w *bitWriter) unary(v uint64) {
	for range v {
		w.bits(0, 1)
	}
	w.bits(1, 1)
}

func (w *bitWriter) write(c code, k int, v uint64) {
	n := bits.Len64(v+1) - 1
	switch c {
	case gamma:
		w.unary(uint64(n))
		w.bits((v+1)&(1<<n-1), n)
	case delta:
		w.write(gamma, 0, uint64(n))
		w.bits((v+1)&(1<<n-1), n)
	case unary:
		w.unary(v)
	case zeta: // h so that 2^(hk) <= v+1 < 2^((h+1)k), then v+1-2^(hk) in a minimal binary code
		h := n / k
		w.unary(uint64(h))
		low := uint64(1) << (h * k)
		if rest := v + 1 - low; rest < low {
			w.bits(rest, h*k+k-1)
		} else {
			w.bits(rest+low, h*k+k)
		}
	case nibble:
		groups := max(1, (bits.Len64(v)+2)/3)
		for i := groups - 1; i >= 0; i-- {
			stop := uint64(0)
			if i == 0 {
				stop = 1
			}
			w.bits(stop, 1)
			w.bits(v>>(3*i)&7, 3)
		}
	}
}

func TestCodesAreReadBack(t *testing.T) {
	for _, c := range []code{gamma, delta, unary, zeta, nibble} {
		for k := 1; k <= 5; k++ {
			values := []uint64{0, 1, 2, 3, 4, 7, 8, 30, 63, 64, 200}
			if c != unary {
				values = append(values, 1000, 1<<16-1, 1<<31, 1<<40)
			}
			var w bitWriter
			for _, v := range values {
				w.write(c, k, v)
			}
			r := bitReader{data: w.data}
			for _, v := range values {
				if got := r.read(c, k); got != v || r.past {
					t.Fatalf("code %d, k=%d: %d is read as %d, past the end: %v", c, k, v, got, r.past)
				}
			}
			if r.pos != w.n {
				t.Errorf("code %d, k=%d: %d bits read of %d", c, k, r.pos, w.n)
			}
		}
	}
}

func unsigned(v int64) uint64 {
	if v >= 0 {
		return uint64(v) << 1
	}
	return uint64(-v)<<1 - 1
}

// encodeBV writes g as a BVGraph: it refers to the page before where that helps, and uses intervals.
func encodeBV(g *Graph, p properties) []byte {
	var w bitWriter
	for x := range uint32(g.Pages()) {
		links := g.Out(x)
		w.write(p.outdegrees, 0, uint64(len(links)))
		if len(links) == 0 {
			continue
		}
		rest := slices.Clone(links)
		if p.window > 0 {
			if x == 0 || len(g.Out(x-1)) == 0 || x%3 == 0 {
				w.write(p.references, 0, 0)
			} else {
				w.write(p.references, 0, 1)
				rest = w.copied(g.Out(x-1), links, p)
			}
		}
		if len(rest) > 0 && p.minInterval > 0 {
			rest = w.intervals(int64(x), rest, p)
		}
		prev := int64(x)
		for i, q := range rest {
			if i == 0 {
				w.write(p.residuals, p.zetaK, unsigned(int64(q)-prev))
			} else {
				w.write(p.residuals, p.zetaK, uint64(int64(q)-prev-1))
			}
			prev = int64(q)
		}
	}
	return w.data
}

// copied writes which links of from are in links, and returns the others.
func (w *bitWriter) copied(from, links []uint32, p properties) []uint32 {
	var blocks []int
	keep, run := true, 0
	for _, q := range from {
		if slices.Contains(links, q) != keep {
			blocks = append(blocks, run)
			keep, run = !keep, 0
		}
		run++
	}
	// A last block that is copied is implied; one that is skipped needs an end.
	w.write(p.blockCount, 0, uint64(len(blocks)))
	for i, b := range blocks {
		if i > 0 {
			b--
		}
		w.write(p.blocks, 0, uint64(b))
	}
	var rest []uint32
	for _, q := range links {
		if !slices.Contains(from, q) {
			rest = append(rest, q)
		}
	}
	return rest
}

// intervals writes the runs in links, and returns the others.
func (w *bitWriter) intervals(x int64, links []uint32, p properties) []uint32 {
	type run struct{ left, n int64 }
	var runs []run
	var rest []uint32
	for i := 0; i < len(links); {
		j := i + 1
		for j < len(links) && links[j] == links[j-1]+1 {
			j++
		}
		if j-i >= p.minInterval {
			runs = append(runs, run{int64(links[i]), int64(j - i)})
		} else {
			rest = append(rest, links[i:j]...)
		}
		i = j
	}
	w.write(gamma, 0, uint64(len(runs)))
	prev := x
	for i, r := range runs {
		if i == 0 {
			w.write(gamma, 0, unsigned(r.left-prev))
		} else {
			w.write(gamma, 0, uint64(r.left-prev-1))
		}
		w.write(gamma, 0, uint64(r.n)-uint64(p.minInterval))
		prev = r.left + r.n
	}
	return rest
}

// mixed is a graph with runs, repeated patterns, single links and pages without links.
func mixed() *Graph {
	return shape(300, 0, func(p int, link func(int)) {
		if p%7 == 6 {
			return
		}
		for q := range 300 {
			if q/10 == p/10 && q%10 < 6 || q*q%37 == p%5 || q == 299-p {
				link(q)
			}
		}
	})
}

func (p properties) text(flags string) string {
	return fmt.Sprintf("#BVGraph properties\nnodes=%d\narcs=%d\nwindowsize=%d\nminintervallength=%d\nzetak=%d\nversion=0\ncompressionflags=%s\ngraphclass=it.unimi.dsi.webgraph.BVGraph\n",
		p.nodes, p.arcs, p.window, p.minInterval, p.zetaK, flags)
}

func TestBVGraphIsReadInAllItsCodes(t *testing.T) {
	g := mixed()
	for _, flags := range []string{
		"", "OUTDEGREES_DELTA | BLOCKS_DELTA", "RESIDUALS_GAMMA|REFERENCES_GAMMA",
		"RESIDUALS_DELTA | BLOCK_COUNT_DELTA",
		"RESIDUALS_NIBBLE | BLOCK_COUNT_UNARY | REFERENCES_DELTA", "RESIDUALS_ZETA | OFFSETS_DELTA",
	} {
		for _, window := range []int{0, 1, 7} {
			for _, interval := range []int{0, 2, 4} {
				for _, k := range []int{1, 3, 5} {
					want := properties{nodes: g.Pages(), arcs: len(g.Links), window: window, minInterval: interval,
						zetaK: k}
					p, err := parseProperties([]byte(want.text(flags)))
					if err != nil {
						t.Fatal(err)
					}
					got, err := p.decode(context.Background(), encodeBV(g, p))
					if err != nil {
						t.Fatalf("%q window %d interval %d zeta %d: %v", flags, window, interval, k, err)
					}
					if !slices.Equal(got.Links, g.Links) || !slices.Equal(got.Offsets, g.Offsets) {
						t.Fatalf("%q window %d interval %d zeta %d: the graph read differs", flags, window, interval, k)
					}
				}
			}
		}
	}
}

func TestBVGraphRefusesWhatIsNone(t *testing.T) {
	g := mixed()
	ok := properties{nodes: g.Pages(), arcs: len(g.Links), window: 7, minInterval: 4, zetaK: 3, residuals: zeta,
		references: unary}
	data := encodeBV(g, ok)
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct{ properties, graph, want string }{
		{ok.text(""), string(data), ""},
		{ok.text(""), string(data[:len(data)/2]), "x.graph: page "},
		{ok.text(""), "", "too few for the 300 nodes"},
		{ok.text(""), string(data) + "\x00\x00\x00", ""}, // some writers pad to whole words
		{ok.text(""), string(data) + "\x00\x01", "2 bytes follow the last page"},
		{ok.text("") + "endianness=big\n", string(data), ""},
		{ok.text("") + "endianness=little\n", string(data), `x.properties: endianness is "little"`},
		{strings.Replace(ok.text(""), fmt.Sprintf("arcs=%d", ok.arcs), "arcs=9999", 1), string(data),
			"its .properties say 9999 arcs"},
		{strings.Replace(ok.text(""), "nodes=300", "nodes=299", 1), string(data), "its .properties"},
		{strings.Replace(ok.text(""), "nodes=300", "nodes=-1", 1), string(data), `x.properties: nodes is "-1"`},
		{strings.Replace(ok.text(""), "nodes=300", "pages=300", 1), string(data), "nodes is missing"},
		{ok.text("RESIDUALS_GOLOMB"), string(data), `"RESIDUALS_GOLOMB"`},
		{strings.Replace(ok.text(""), "BVGraph\n", "EFGraph\n", 1) + "graphclass=x.EFGraph\n", string(data), "EFGraph"},
		{strings.Replace(ok.text(""), "version=0", "version=1", 1), string(data), "version"},
		{strings.Replace(ok.text(""), "zetak=3", "zetak=x", 1), string(data), "zetak"},
	} {
		write("x.properties", test.properties)
		write("x.graph", test.graph)
		_, err := Build(context.Background(), Spec{Kind: "bvgraph", File: filepath.Join(dir, "x.graph")}, 0)
		if test.want == "" && err != nil || test.want != "" &&
			(err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("error %v, want %q", err, test.want)
		}
	}
	if err := os.Remove(filepath.Join(dir, "x.properties")); err != nil {
		t.Fatal(err)
	}
	if _, err := Build(context.Background(), Spec{Kind: "bvgraph", File: filepath.Join(dir, "x.graph")},
		0); err == nil || !strings.Contains(err.Error(), "x.properties: a BVGraph is two files") {
		t.Errorf("without .properties: %v", err)
	}
}

// Garbage is refused or is a graph, but nothing panics and no page is out of range.
func FuzzReadBV(f *testing.F) {
	g := mixed()
	p := properties{nodes: 300, arcs: len(g.Links), window: 7, minInterval: 4, zetaK: 3, residuals: zeta,
		references: unary}
	f.Add([]byte(p.text("")), encodeBV(g, p))
	f.Add([]byte(p.text("RESIDUALS_NIBBLE|BLOCKS_DELTA")), []byte{1, 2, 3, 255})
	f.Fuzz(func(t *testing.T, properties, data []byte) {
		p, err := parseProperties(properties)
		if err != nil {
			return
		}
		g, err := p.decode(context.Background(), data)
		if err != nil {
			return
		}
		g.Hosts = []uint32{0}
		if err := g.Validate(); err != nil {
			t.Error(err)
		}
	})
}

// realFile returns the path of a real graph, "" if CRAWLBENCH_DATA is not set.
func realFile(t *testing.T, name string) string {
	dir := os.Getenv("CRAWLBENCH_DATA")
	if dir == "" {
		t.Logf("CRAWLBENCH_DATA is not set: %s is not tried", name)
		return ""
	}
	return filepath.Join(dir, name)
}

// The counts are those of the data sets' publishers; the numbers of levels were computed by another program.
func TestRealGraphs(t *testing.T) {
	if file := realFile(t, "cnr-2000.graph"); file != "" {
		g := build(t, Spec{Kind: "bvgraph", File: file, Start: "122083"})
		r := Walk(g, nil)
		if g.Pages() != 325557 || len(g.Links) != 3216152 || r.Pages != 325557 || r.Depth != 44 {
			t.Errorf("cnr-2000: %d pages, %d links, %d reached over %d levels", g.Pages(), len(g.Links), r.Pages,
				r.Depth+1)
		}
	}
	if file := realFile(t, "wiki-Vote.txt"); file != "" {
		g := build(t, Spec{Kind: "edges", File: file})
		if g.Pages() != 7115 || len(g.Links) != 103689 {
			t.Errorf("wiki-Vote: %d pages, %d links", g.Pages(), len(g.Links))
		}
	}
}

// A BVGraph can be named by either of its files or without an extension, with the same memory estimate.
func TestBVGraphIsNamedInThreeWays(t *testing.T) {
	g := mixed()
	p := properties{nodes: g.Pages(), arcs: len(g.Links), window: 7, minInterval: 4, zetaK: 3, residuals: zeta,
		references: unary}
	base, data := filepath.Join(t.TempDir(), "x"), encodeBV(g, p)
	for name, text := range map[string]string{".properties": p.text(""), ".graph": string(data)} {
		if err := os.WriteFile(base+name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	rows := int64(8*g.Pages() + 4*len(g.Links))
	for _, extension := range []string{"", ".graph", ".properties"} {
		s := Spec{Kind: "bvgraph", File: base + extension, Start: "7"}
		if need, err := Estimate(s); err != nil || need != rows+rows/4+int64(len(data)) {
			t.Errorf("%q: %d bytes, %v, want %d", extension, need, err, rows+rows/4+int64(len(data)))
		}
		got := build(t, s)
		if !slices.Equal(got.Links, g.Links) || got.Start != 7 || got.Described(s) != "bvgraph "+s.File+
			"; start page 7" {
			t.Errorf("%q: the graph read differs, or is described as %q", extension, got.Described(s))
		}
	}
	if _, err := Build(context.Background(), Spec{Kind: "bvgraph", File: base, Start: "300"}, 0); err == nil ||
		!strings.Contains(err.Error(), "no page 300 in the file") {
		t.Error(err)
	}
}

func TestTransposeTurnsLinksRound(t *testing.T) {
	g := mixed()
	back := transpose(transpose(g))
	if !reflect.DeepEqual(back.Links, g.Links) || !reflect.DeepEqual(back.Offsets, g.Offsets) {
		t.Error("turned round twice, the graph differs")
	}
}
