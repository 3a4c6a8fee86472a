//go:build unix

package graph

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"slices"
	"strings"
	"testing"
)

func TestEdgesAreReadAsTheyAre(t *testing.T) {
	for _, test := range []struct{ name, text, start, want string }{
		{"dense", "0 1\n1 2\n", "", "3 pages, start 0: 0>1 1>2; start page 0"},
		{"comments, blank lines, CRLF, blanks and tabs",
			"# a comment\n\n10 30\r\n30\t10\n  10   20 \n10 20 # twice\n4294967295 10\n", "",
			"4 pages, start 0: 0>1 0>1 0>2 2>0 3>0; start page 0 (10 in the file)"},
		{"start is the file's", "1 2\n2 3\n3 4\n", "3", "4 pages, start 2: 0>1 1>2 2>3; start page 2 (3 in the file)"},
		{"start of dense numbers", "0 1\n1 2\n", "1", "3 pages, start 1: 0>1 1>2; start page 1"},
		{"leading zeros", "000000000000000000000000000000000000000007 08\n", "7",
			"2 pages, start 0: 0>1; start page 0 (7 in the file)"},
		{"beyond 32 bits", "4294967296 1\n1 4294967295\n", "4294967295",
			"3 pages, start 1: 0>1 2>0; start page 1 (4294967295 in the file)"},
		{"beyond 64 bits", "116374117927631468606 101765416973555767821\n101765416973555767821 7\n",
			"101765416973555767821",
			"3 pages, start 1: 1>0 2>1; start page 1 (101765416973555767821 in the file)"},
		{"of 38 digits", "99999999999999999999999999999999999999 0\n", "99999999999999999999999999999999999999",
			"2 pages, start 1: 1>0; start page 1 (99999999999999999999999999999999999999 in the file)"},
		{"to itself", "0 0\n", "", "1 pages, start 0: 0>0; start page 0"},
		{"no newline at the end", "0 1\n1 2", "",
			"3 pages, start 0: 0>1 1>2; line 2 does not end with a newline: the file may be truncated; start page 0"},
		{"byte order mark", "\ufeff# Nodes: 2 Edges: 1\n0 1\n", "", "2 pages, start 0: 0>1; start page 0"},
		{"byte order mark before a link", "\ufeff0 1\n", "", "2 pages, start 0: 0>1; start page 0"},
		{"undirected", "# Undirected graph: x.txt\n# Nodes: 4 Edges: 3\n1\t2\n3\t2\n4\t3\n", "1",
			"4 pages, start 0: 0>1 1>0 1>2 2>1 2>3 3>2; undirected (line 1): links lead both ways; start page 0 (1 in the file)"},
		{"undirected, both ways in the file", "#undirected\n# Edges: 2\n0 1\n1 0\n1 2\n2 1\n", "",
			"3 pages, start 1: 0>1 1>0 1>2 2>1; undirected (line 1): links lead both ways; start page 1"},
		{"directed, of unordered pairs",
			"# Directed graph (each unordered pair of nodes is saved once)\n# not an undirected one\n0 1\n", "",
			"2 pages, start 0: 0>1; start page 0"},
		{"undirected in other words", "# Directed: no\n0 1\n", "",
			"2 pages, start 0: 0>1 1>0; undirected (line 1): links lead both ways; start page 0"},
		{"and others", "# the graph is not directed\n0 1\n", "",
			"2 pages, start 0: 0>1 1>0; undirected (line 1): links lead both ways; start page 0"},
		{"directed in other words", "# undirected=false\n0 1\n", "", "2 pages, start 0: 0>1; start page 0"},
		{"repeated links are kept", "0 1\n0 1\n", "", "2 pages, start 0: 0>1 0>1; start page 0"},
		{"counts of different links", "# Nodes: 2 Edges: 1\n0 1\n0 1\n", "", "2 pages, start 0: 0>1 0>1; start page 0"},
		{"counts of pairs", "# Nodes: 2, Edges: 1\n0 1\n1 0\n", "", "2 pages, start 0: 0>1 1>0; start page 0"},
		{"counts with commas, one a line, in other words", "# Number of vertices = 1,000\n# arcs: 1\n0 999\n", "",
			"1000 pages, start 0: 0>999; start page 0"},
		{"words that are not counts", "# nodes: see below, edges: many\n# edges: 5 to 7 km\n0 1\n", "",
			"2 pages, start 0: 0>1; start page 0"},
		{"pages without links, from 0", "0 3\n# Nodes: 6 Edges: 1\n", "5", "6 pages, start 5: 0>3; start page 5"},
		{"pages without links, from 1", "# Nodes: 4 Edges: 2\n1 4\n4 1\n", "4",
			"4 pages, start 3: 0>3 3>0; start page 3 (4 in the file)"},
		{"most pages without links", "5999999 0\n# Nodes: 6000000 Edges: 1\n", "0",
			"6000000 pages, start 0: 5999999>0; start page 0"},
		{"no links, and so it says", "# Nodes: 3 Edges: 0\n", "", "3 pages, start 0:; start page 0"},
		{"a link that looks like a header", "# links\n3 2\n1 2\n2 1\n", "",
			"3 pages, start 0: 0>1 1>0 2>1; start page 0 (1 in the file)"},
	} {
		g, err := readAs(t, Spec{Kind: "edges", Start: test.start}, test.text)
		if err != nil || shown(g) != test.want {
			t.Errorf("%s: %v\nhave %s\nwant %s", test.name, err, shown(g), test.want)
		}
	}
}

func TestEdgesLeadBackOnRequest(t *testing.T) {
	g, err := readAs(t, Spec{Kind: "edges", Symmetric: true}, "0 1\n0 1\n2 2\n")
	if want := "3 pages, start 0: 0>1 1>0 2>2; start page 0"; err != nil || shown(g) != want {
		t.Errorf("%v, %s, want %s", err, shown(g), want)
	}
}

func TestEdgesErrorsSayWhere(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"", "x: has no links: the file is empty"},
		{"# only a comment\n", "x: has no links"},
		{"\n \n", "x: has no links"},
		{"1 2\n3\n", "x:2: want two page numbers, FROM and TO, have 1 field in \"3\""},
		{"1 2\n3", "x:2: want two page numbers, FROM and TO, have 1 field in \"3\": the file is truncated"},
		{"1 2 3\n", "x:1: want two page numbers, FROM and TO, have 3 fields in \"1 2 3\": set kind = \"metis\" for a METIS graph, or remove weights or times from an edge list: awk '{print $1, $2}'"},
		{"1 2 3 4\n", "x:1: want two page numbers, FROM and TO, have 4 fields in \"1 2 3 4\": write a line for each link of a page"},
		{"# c\n1 2\n1 b\n", `x:3: invalid page number "b": want a whole number, at least 0, in decimal: convert hexadecimal numbers`},
		{"1: 2 3\n", `x:1: invalid page number "1:"`},
		{"1->2\n", `x:1: invalid page number "1->2"`},
		{"e 1 2\n", `x:1: invalid page number "e"`},
		{"1 x\n", `x:1: invalid page number "x"`},
		{"alice bob\n", `x:1: invalid page number "alice": want a whole number, at least 0: replace names of pages by numbers`},
		{"1 -2\n", `x:1: invalid page number "-2": want a whole number, at least 0: remove the sign if it is not meant`},
		{"0x10 1\n", `x:1: invalid page number "0x10": want a whole number, at least 0, in decimal: convert hexadecimal numbers`},
		{"1.5 2\n", `x:1: invalid page number "1.5": want a whole number, at least 0, without a decimal point or an exponent`},
		{"1e6 2\n", "without a decimal point or an exponent"},
		{"1 999999999999999999999999999999999999999\n", "want at most 38 digits"},
		{"source,target\n1,2\n", "x:1: invalid page number \"source,target\": want two numbers with blanks between them: convert CSV"},
		{"1,2\n", "x:1: invalid page number \"1,2\": want two numbers with blanks between them"},
		{"1, 2\n", "x:1: invalid page number \"1,\": want two numbers with blanks between them"},
		{strings.Repeat("1", 2e6), "x:1: the line is longer than 1.0 MiB"},
		{"1 2\n\x00\x01 \x02\n1 2", "x:2: the line has a NUL byte: the file is binary, as .sg is, which can be written but not read: use .el"},
		{"1\x00 \x002\x00", "x:1: the line has a NUL byte"},
		{"1 2\n% c\n", "x:2: METIS, KONECT and Matrix Market have comments that begin with %"},
		{"5 5\n2 5\n1 3\n2 4\n3 5\n4 1\n",
			"x:1: \"5 5\" looks like a header, as the number of links below it is 5 and no page number there is above 5: set kind = \"metis\" for a METIS graph, delete the line if it only counts pages and links, or add a line \"# links\" above it if it is a link"},
		{"4 3\n2 3\n1 3\n1 2\n\n", "x:1: \"4 3\" looks like a header"},
		{"4 6\n0 1\n0 2\n0 3\n1 2\n1 3\n2 3\n", "x:1: \"4 6\" looks like a header"},
		{"# Nodes: 99999999999999999999 Edges: 99999999999999999999\n1 2\n",
			"x:1: the header says 9.2e+18 pages, but the links name 2"},
		{"# of last year\n4 3\n1 2\n3 2\n4 3\n", "x:2: \"4 3\" looks like a header"},
		{"# 4 nodes, 1,000 edges\n1 2\n3 2\n4 3\n", "x:1: the header says 1,000 links, but the file has 3"},
		{"# a graph of 5 vertices and 3 arcs\n1 2\n3 2\n20 3\n", "x:1: the header says 5 pages, but the links name 4"},
		{"# Nodes: 4 Edges: 5\n1 2\n3 2\n4 3\n",
			"x:1: the header says 5 links, but the file has 3: the file is truncated or was edited"},
		{"# Nodes: 4 Edges: 2\n1 2\n3 2\n4 3\n", "x:1: the header says 2 links, but the file has 3"},
		{"# x\n# Nodes: 5 Edges: 2\n1 20\n3 20\n", "x:2: the header says 5 pages, but the links name 3"},
		{"# Nodes: 2 Edges: 2\n1 2\n3 2\n", "x:1: the header says 2 pages, but the links name 3"},
		{"1 2\n3 2\n# Edges: 3\n", "x:3: the header says 3 links, but the file has 2"},
	} {
		_, err := readAs(t, Spec{Kind: "edges"}, test.text)
		wantError(t, test.text, err, test.want)
	}
	_, err := readAs(t, Spec{Kind: "edges", Start: "5"}, "1 2\n3 2\n")
	wantError(t, "start", err, "x: no page 5 in the file: want a start page that occurs in it, such as 1")
	_, err = readAs(t, Spec{Kind: "edges", Start: "5"}, "10000000000 2\n3 2\n")
	wantError(t, "start", err, "no page 5 in the file")
}

// All numberings map numbers to pages and back.
func TestNumberingsFindTheirPages(t *testing.T) {
	for name, step := range map[string]uint64{"dense": 1, "in a bitmap": 7, "sorted": 4000001,
		"beyond 32 bits": 1 << 40} {
		in := &textFile{lines: &lines{ctx: t.Context()}}
		l := newList(in, Spec{}, 0)
		for p := range uint64(1000) {
			from, to := pageNumber{0, p * step}, pageNumber{0, (p + 1) % 1000 * step}
			if to.lo|from.lo>>32 == 0 && l.names == nil {
				l.add(uint32(from.lo), uint32(to.lo))
			} else {
				l.addFar(from, to)
			}
		}
		n, pages, err := l.renumber(0, 0)
		if err != nil || pages != 1000 {
			t.Fatalf("%s: %d pages, %v", name, pages, err)
		}
		for p := range uint32(1000) {
			want := pageNumber{0, uint64(p) * step}
			if got := n.number(p); got != want {
				t.Errorf("%s: page %d has number %s, want %s", name, p, got, want)
			}
			if got, ok := n.page(want); !ok || got != p {
				t.Errorf("%s: number %s is page %d, %v, want %d", name, want, got, ok, p)
			}
			next := pageNumber{0, want.lo + step/2 + 1}
			if got, ok := n.page(next); ok && step > 1 {
				t.Errorf("%s: number %s, which is not in use, is page %d", name, next, got)
			}
		}
		if _, ok := n.page(pageNumber{1, 0}); ok {
			t.Errorf("%s: a number of 65 bits is found", name)
		}
		for i, k := range slices.Concat(l.all()...) {
			if want := (link{uint32(i), uint32(i+1) % 1000}); k != want {
				t.Fatalf("%s: link %d is %v, want %v", name, i, k, want)
			}
		}
	}
}

// A graph survives a round trip through its edge list, including pages without links.
func TestEdgesRoundTripPlainAndPacked(t *testing.T) {
	alone := &Graph{Offsets: []uint64{0, 0, 0, 2, 2, 2}, Links: []uint32{1, 2}} // pages 0, 3 and 4 have no links
	for _, g := range []*Graph{build(t, Spec{Kind: "uniform", Pages: 500, Degree: 4, Seed: 1}), alone,
		build(t, Spec{Kind: "chain", Pages: 1}),
		{Offsets: []uint64{0, 0, 2}, Links: []uint32{1, 1}}} {
		var text bytes.Buffer
		if err := WriteEdges(&text, g); err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{text.String(), packed(text.String())} {
			back, err := readAs(t, Spec{Kind: "edges"}, text)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(back.Links, g.Links) || !slices.Equal(back.Offsets, g.Offsets) {
				t.Errorf("the graph read back differs: %v %v", back.Offsets, back.Links)
			}
		}
	}
}

// Some readers, such as that of GAPBS, do not know comments: they read numbers from the beginning
// until something else follows.
func TestEdgesAreWrittenForReadersWithoutComments(t *testing.T) {
	g := &Graph{Offsets: []uint64{0, 0, 2, 3, 3}, Links: []uint32{2, 3, 1}}
	var text bytes.Buffer
	if err := WriteEdges(&text, g); err != nil {
		t.Fatal(err)
	}
	if want := "1\t2\n1\t3\n2\t1\n#"; !strings.HasPrefix(text.String(), want) {
		t.Errorf("have %q, want it to begin with %q", text.String(), want)
	}
}

func packed(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write([]byte(text))
	z.Close()
	return b.String()
}

// The test parses the file by its format, independently of this package.
func TestSGHoldsTheGraphAndItsInverse(t *testing.T) {
	g := &Graph{Offsets: []uint64{0, 2, 2, 3}, Links: []uint32{1, 2, 0}, Hosts: []uint32{0}}
	var b bytes.Buffer
	if err := WriteSG(&b, g); err != nil {
		t.Fatal(err)
	}
	if b.Next(1)[0] != 1 {
		t.Error("it is not marked as directed")
	}
	number := func(size int) (v int64) {
		if size == 4 {
			return int64(int32(binary.LittleEndian.Uint32(b.Next(4))))
		}
		return int64(binary.LittleEndian.Uint64(b.Next(8)))
	}
	var got []int64
	for _, part := range []struct{ n, size int }{{2, 8}, {4, 8}, {3, 4}, {4, 8}, {3, 4}} {
		for range part.n {
			got = append(got, number(part.size))
		}
	}
	want := []int64{3, 3 /**/, 0, 2, 2, 3 /**/, 1, 2, 0 /**/, 0, 1, 2, 3 /**/, 2, 0, 0}
	if !slices.Equal(got, want) || b.Len() != 0 {
		t.Errorf("have %v and %d bytes more, want %v", got, b.Len(), want)
	}
}
