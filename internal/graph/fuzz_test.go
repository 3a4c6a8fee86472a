//go:build unix

package graph

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"io"
	"slices"
	"strings"
	"testing"
)

// fuzzed reads data as a file of a kind, with little memory. It fails the test if the graph is not
// valid, or differs when read again.
func fuzzed(t *testing.T, s Spec, data []byte, read func(*textFile, Spec, int64) (*reading, error)) *reading {
	const limit = 16 << 20
	var last *reading
	for range 2 {
		in := &textFile{raw: bufio.NewReader(bytes.NewReader(data)), size: int64(len(data))}
		if in.begin(context.Background(), s) != nil {
			return nil
		}
		r, err := read(in, s, limit)
		if err != nil {
			return nil
		}
		r.Hosts = []uint32{0}
		if err := r.Validate(); err != nil {
			t.Fatal(err)
		}
		for _, p := range []uint32{0, uint32(r.Pages()) / 2, uint32(r.Pages()) - 1} {
			if got, ok := r.page(r.number(p)); !ok || got != p {
				t.Fatalf("page %d has number %s, which is page %d, %v", p, r.number(p), got, ok)
			}
		}
		if last != nil && r.Digest() != last.Digest() {
			t.Fatal("read again, the graph differs")
		}
		last = r
	}
	return last
}

// symmetric fails the test if a link has no reverse.
func symmetric(t *testing.T, g *Graph) {
	for p := range uint32(g.Pages()) {
		for _, q := range g.Out(p) {
			if !linked(g, q, p) {
				t.Fatalf("page %d links to %d, which does not link back", p, q)
			}
		}
	}
}

// naiveEdges parses an edge list naively: links of numbers without leading zeros.
func naiveEdges(text string) (links [][2]string) {
	number := func(s string) string { return cmp.Or(strings.TrimLeft(s, "0"), "0") }
	for line := range strings.Lines(strings.TrimPrefix(text, "\ufeff")) {
		line, _, _ = strings.Cut(line, "#")
		if f := strings.Fields(line); len(f) == 2 {
			links = append(links, [2]string{number(f[0]), number(f[1])})
		}
	}
	return links
}

func FuzzReadEdges(f *testing.F) {
	for _, text := range []string{
		"1 2\n2 3\n", "# c\n\n7\t7\n", "\ufeff# Undirected\n# Nodes: 3 Edges: 2\n0 1\r\n1 2\r\n",
		"116374117927631468606 101765416973555767821\n1 2\n",
		"4000000000 1\n1 4000000000\n", "5 5\n2 5\n1 3\n2 4\n3 5\n4 1\n", "0 1\n# Nodes: 9 Edges: 1\n", "007 1 # x\n",
		"1 2", packed("1 2\n") + "\x00",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r := fuzzed(t, Spec{Kind: "edges"}, data, readEdges)
		if r == nil || bytes.HasPrefix(data, gzipMagic) {
			return
		}
		if len(r.notes) > 0 { // the file states that it is undirected
			symmetric(t, r.Graph)
			return
		}
		want := naiveEdges(string(data))
		var got [][2]string
		for p := range uint32(r.Pages()) {
			for _, q := range r.Out(p) {
				got = append(got, [2]string{r.number(p).String(), r.number(q).String()})
			}
		}
		compare := func(a, b [2]string) int {
			return cmp.Or(cmp.Compare(len(a[0]), len(b[0])), cmp.Compare(a[0], b[0]), cmp.Compare(len(a[1]), len(b[1])),
				cmp.Compare(a[1], b[1]))
		}
		slices.SortFunc(want, compare)
		if !slices.Equal(got, want) {
			t.Fatalf("have links %q, want %q", got, want)
		}
		var text bytes.Buffer
		if err := WriteEdges(&text, r.Graph); err != nil {
			t.Fatal(err)
		}
		if back := fuzzed(t, Spec{Kind: "edges"}, text.Bytes(), readEdges); back == nil || back.Digest() != r.Digest() {
			t.Fatalf("written and read again, the graph differs:\n%.100s", text.String())
		}
	})
}

func FuzzReadKONECT(f *testing.F) {
	f.Add([]byte("% sym unweighted\n% 2 3 3\n1 2\n2 3\n"))
	f.Add([]byte("% asym weighted\n1 2 0.5 7\n\n% x\n3 2 1\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if r := fuzzed(t, Spec{Kind: "konect"}, data, readKONECT); r != nil && len(r.notes) > 0 {
			symmetric(t, r.Graph)
		}
	})
}

func FuzzReadMarket(f *testing.F) {
	f.Add([]byte("%%MatrixMarket matrix coordinate pattern symmetric\n% c\n3 3 2\n2 1\n3 3\n"))
	f.Add([]byte("%%MatrixMarket matrix coordinate complex general\n3 3 1\n2 1 0.5 1e9\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if r := fuzzed(t, Spec{Kind: "mtx"}, data, readMarket); r != nil && len(r.notes) > 0 {
			symmetric(t, r.Graph)
		}
	})
}

func FuzzReadDIMACS(f *testing.F) {
	f.Add([]byte("c x\np edge 4 3\nn 1 5\ne 1 2\ne 3 2\ne 4 3\n"))
	f.Add([]byte("p sp 3 2\na 1 2 4\na 3 2 5\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if r := fuzzed(t, Spec{Kind: "dimacs"}, data, readDIMACS); r != nil && len(r.notes) > 0 {
			symmetric(t, r.Graph)
		}
	})
}

func FuzzReadMETIS(f *testing.F) {
	f.Add([]byte("% c\n5 5\n2 5\n1 3\n2 4\n3 5\n4 1\n"))
	f.Add([]byte("3 1 011 2\n1 2 3 9\n1 2\n1 2 1 9\n"))
	f.Add([]byte("3 1 100\n1 2\n1 1\n1\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if r := fuzzed(t, Spec{Kind: "metis"}, data, readMETIS); r != nil {
			symmetric(t, r.Graph)
		}
	})
}

// A gzip file is read as package gzip reads it, without padding.
func FuzzMembers(f *testing.F) {
	f.Add([]byte(packed("1 2\n")))
	f.Add([]byte(packed("1 2\n") + packed("") + packed("2 3\n") + "\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if !bytes.HasPrefix(data, gzipMagic) {
			return
		}
		got, err := io.ReadAll(io.LimitReader(&members{in: bufio.NewReader(bytes.NewReader(data))}, 1<<24))
		if err != nil {
			return
		}
		z, err := gzip.NewReader(bufio.NewReader(bytes.NewReader(bytes.TrimRight(data, "\x00"))))
		if err != nil {
			z, err = gzip.NewReader(bufio.NewReader(bytes.NewReader(data)))
		}
		if err != nil {
			t.Fatalf("%d bytes are read of what is not gzip: %v", len(got), err)
		}
		want, _ := io.ReadAll(io.LimitReader(z, 1<<24)) // the trailer of a member may end with zeros
		if !bytes.Equal(got, want) {
			t.Fatalf("%d bytes are read, want %d", len(got), len(want))
		}
	})
}

// The lines of a file do not depend on the sizes of reads.
func FuzzLines(f *testing.F) {
	f.Add([]byte("a\n\nb"), 3)
	f.Fuzz(func(t *testing.T, data []byte, size int) {
		in := newLines(context.Background(), "x", &pieces{data, 1 + max(0, size%7)})
		in.buf = make([]byte, 1+max(0, size%5))
		var got []string
		for in.next() {
			got = append(got, string(in.line))
		}
		want := strings.Split(string(data), "\n")
		if want[len(want)-1] == "" {
			want = want[:len(want)-1]
		}
		if in.err != nil || !slices.Equal(got, want) || in.n != len(want) ||
			in.open != (len(data) > 0 && data[len(data)-1] != '\n') {
			t.Fatalf("%v: have %q, want %q; line %d, open %v", in.err, got, want, in.n, in.open)
		}
	})
}

// pieces returns data in reads of at most n bytes.
type pieces struct {
	data []byte
	n    int
}

func (p *pieces) Read(to []byte) (int, error) {
	if len(p.data) == 0 {
		return 0, io.EOF
	}
	n := copy(to[:min(len(to), p.n)], p.data)
	p.data = p.data[n:]
	return n, nil
}
