//go:build unix

package graph

import (
	"strconv"
	"strings"
	"testing"
)

// format is the text of a file and the expected graph or error.
type format struct{ name, text, want string }

func testFormat(t *testing.T, kind string, tests []format) {
	for _, test := range tests {
		g, err := readAs(t, Spec{Kind: kind}, test.text)
		if err != nil {
			wantError(t, test.name, err, test.want)
		} else if shown(g) != test.want {
			t.Errorf("%s:\nhave %s\nwant %s", test.name, shown(g), test.want)
		}
	}
}

func TestKONECT(t *testing.T) {
	const both = "; undirected (line 1): links lead both ways"
	testFormat(t, "konect", []format{
		{"directed", "% asym unweighted\n% 3 3 3\n1 2\n2 3\n3 1\n",
			"3 pages, start 0: 0>1 1>2 2>0; start page 0 (1 in the file)"},
		{"undirected", "% sym unweighted\n1 2\n2 3\n", "3 pages, start 1: 0>1 1>0 1>2 2>1" + both +
			"; start page 1 (2 in the file)"},
		{"weights and times", "% asym weighted\n% 2 3 3\n1 2 -0.5 1082040961\n2\t3\t1e-3\t1082040962.5\n",
			"3 pages, start 0: 0>1 1>2; start page 0 (1 in the file)"},
		{"repeated links in one line", "% asym positive\n% 5 2 2\n1 2 3\n2 1 2\n",
			"2 pages, start 0: 0>1 1>0; start page 0 (1 in the file)"},
		{"repeated links in many lines", "% asym positive\n% 2 2 2\n1 2\n1 2\n",
			"2 pages, start 0: 0>1 0>1; start page 0 (1 in the file)"},
		{"a page without links", "% asym unweighted\n% 1 3 3\n1 2\n",
			"3 pages, start 0: 0>1; start page 0 (1 in the file)"},
		{"no counts, and a comment", "% asym unweighted\n% of last year\n\n1 2\r\n% end\n",
			"2 pages, start 0: 0>1; start page 0 (1 in the file)"},
		{"bipartite", "% bip unweighted\n1 1\n",
			"x:1: bipartite networks cannot be read, as both sides are numbered from 1"},
		{"dynamic", "% asym dynamic\n1 2 1 5\n1 2 -1 6\n", "x:1: dynamic networks cannot be read"},
		{"no header", "1 2\n", `x:1: want the header of a KONECT network, "% sym WEIGHTS" or "% asym WEIGHTS", have "1 2"`},
		{"another header", "% hello\n1 2\n", "x:1: want "},
		{"header only", "% asym unweighted\n", "x: has no links"},
		{"links cut off", "% asym unweighted\n% 3 3 3\n1 2\n2 3\n", "x:2: the header says 3 links, but the file has 2"},
		{"pages cut off", "% asym unweighted\n% 2 4 4\n1 2\n2 5\n",
			"x:2: the header says 4 pages, but the links name 3"},
		{"page 0", "% asym unweighted\n0 1\n", "x:2: want page numbers from 1 to 4294967295, have 0 and 1"},
		{"too long a number", "% asym unweighted\n1 4294967296\n", "x:2: want page numbers from 1 to 4294967295"},
		{"far too long a number", "% asym unweighted\n1 123456789012345678901\n",
			"x:2: want page numbers from 1 to 4294967295"},
		{"a column too many", "% asym unweighted\n1 2 3 4 5\n", "x:2: want FROM, TO and at most a weight and a time"},
		{"a column too few", "% asym unweighted\n1\n", "x:2: want two page numbers"},
		{"a Matrix Market file", "%%MatrixMarket matrix coordinate pattern general\n1 1 0\n",
			`want a KONECT network: set kind = "mtx"`},
	})
}

func TestMatrixMarket(t *testing.T) {
	const banner, both = "%%MatrixMarket matrix coordinate ", "; undirected (line 1): links lead both ways"
	testFormat(t, "mtx", []format{
		{"pattern", banner + "pattern general\n% a comment\n%\n\n 3 3 2\n1 2\n2 3\n",
			"3 pages, start 0: 0>1 1>2; start page 0 (1 in the file)"},
		{"real", banner + "real general\n3 3 2\n1 2 0.5\n2 3 -1e9\n",
			"3 pages, start 0: 0>1 1>2; start page 0 (1 in the file)"},
		{"integer", banner + "integer general\n2 2 1\n2 1 7\n", "2 pages, start 1: 1>0; start page 1 (2 in the file)"},
		{"complex", banner + "complex general\n2 2 1\n2 1 7 0\n",
			"2 pages, start 1: 1>0; start page 1 (2 in the file)"},
		{"symmetric", banner + "pattern symmetric\n3 3 3\n1 1\n2 1\n3 2\n", "3 pages, start 0: 0>0 0>1 1>0 1>2 2>1" +
			both + "; start page 0 (1 in the file)"},
		{"skew-symmetric", banner + "real skew-symmetric\n2 2 1\n2 1 3\n", "2 pages, start 0: 0>1 1>0" + both +
			"; start page 0 (1 in the file)"},
		{"hermitian", banner + "complex Hermitian\n2 2 1\n2 1 3 1\n", "2 pages, start 0: 0>1 1>0" + both +
			"; start page 0 (1 in the file)"},
		{"capitals and CRLF", "%%matrixmarket MATRIX Coordinate Pattern General\r\n2 2 1\r\n1 2\r\n",
			"2 pages, start 0: 0>1; start page 0 (1 in the file)"},
		{"pages without links", banner + "pattern general\n4 4 1\n2 3\n",
			"4 pages, start 1: 1>2; start page 1 (2 in the file)"},
		{"no links", banner + "pattern general\n2 2 0\n", "2 pages, start 0:; start page 0 (1 in the file)"},
		{"dense", "%%MatrixMarket matrix array real general\n2 2\n1\n0\n0\n1\n",
			"x:1: dense matrices (\"array\") cannot be read"},
		{"not square", banner + "pattern general\n2 3 1\n1 3\n", "x:2: the matrix has 2 rows and 3 columns"},
		{"a vector", "%%MatrixMarket vector coordinate real general\n2 1\n",
			"x:1: want \"%%MatrixMarket matrix coordinate FIELD SYMMETRY\""},
		{"another field", banner + "quaternion general\n1 1 0\n", "x:1: want "},
		{"another symmetry", banner + "real magic\n1 1 0\n", "x:1: want "},
		{"no banner", "3 3 2\n1 2\n2 3\n", "x:1: want \"%%MatrixMarket"},
		{"no size", banner + "pattern general\n% only\n",
			"x:2: the file ends before the line \"ROWS COLUMNS ENTRIES\""},
		{"a strange size", banner + "pattern general\n3 3\n1 2\n", "x:2: want \"ROWS COLUMNS ENTRIES\""},
		{"too many pages", banner + "pattern general\n4294967296 4294967296 0\n", "x:2: want \"ROWS COLUMNS ENTRIES\""},
		{"entries cut off", banner + "pattern general\n3 3 3\n1 2\n2 3\n",
			"x:2: the header says 3 links, but the file has 2"},
		{"a value cut off", banner + "real general\n3 3 2\n1 2 1\n2 3",
			"x:4: want a row, a column and 1 value, as line 1 says, have \"2 3\""},
		{"values of a pattern", banner + "pattern general\n3 3 1\n1 2 1\n", "x:3: want a row, a column and 0 values"},
		{"out of range", banner + "pattern general\n3 3 1\n1 4\n", "x:3: want page numbers from 1 to 3, have 1 and 4"},
		{"from 0", banner + "pattern general\n3 3 1\n0 1\n", "x:3: want page numbers from 1 to 3, have 0 and 1"},
		{"words", banner + "pattern general\n3 3 1\na b\n", `x:3: invalid page number "a"`},
	})
}

func TestDIMACS(t *testing.T) {
	const both = "; undirected (line 2): links lead both ways"
	testFormat(t, "dimacs", []format{
		{"edge", "c a comment\np edge 4 3\nn 1 5\ne 1 2\ne 3 2\nc\ne 4 3\n",
			"4 pages, start 1: 0>1 1>0 1>2 2>1 2>3 3>2" + both + "; start page 1 (2 in the file)"},
		{"col, with each edge both ways", "c\np col 3 4\ne 1 2\ne 2 1\ne 2 3\ne 3 2\n",
			"3 pages, start 1: 0>1 1>0 1>2 2>1" + both + "; start page 1 (2 in the file)"},
		{"col, the same counted once", "c\np col 3 2\ne 1 2\ne 2 1\ne 2 3\ne 3 2\n",
			"3 pages, start 1: 0>1 1>0 1>2 2>1" + both + "; start page 1 (2 in the file)"},
		{"sp", "c x\np sp 3 2\na 1 2 4\na 3 2 5\n", "3 pages, start 0: 0>1 2>1; start page 0 (1 in the file)"},
		{"max", "p max 3 2\nn 1 s\nn 3 t\na 1 2 4\na 2 3 5\n",
			"3 pages, start 0: 0>1 1>2; start page 0 (1 in the file)"},
		{"min", "p min 2 1\nn 1 4\na 1 2 0 4 2\n", "2 pages, start 0: 0>1; start page 0 (1 in the file)"},
		{"CRLF, blanks and a page without links", " p   sp 3 1\r\n\r\na  1\t2 4\r\n",
			"3 pages, start 0: 0>1; start page 0 (1 in the file)"},
		{"clauses", "p cnf 3 2\n1 -3 0\n", `x:1: problem "cnf" cannot be read: want edge, col, sp, max, min or asn`},
		{"links before the problem", "e 1 2\np edge 2 1\n", `x:1: want a line "p PROBLEM PAGES LINKS" first`},
		{"two problems", "p edge 2 1\np edge 2 1\n", "x:2: want a line that begins with c or e"},
		{"arcs among edges", "p edge 2 1\na 1 2 3\n", "x:2: want a line that begins with c or e"},
		{"comments only", "c x\n", `x:1: the file ends before the line "p PROBLEM PAGES LINKS"`},
		{"no numbers", "p edge\n", `x:1: want "p edge PAGES LINKS"`},
		{"no pages", "p edge 0 0\n", `x:1: want "p edge PAGES LINKS"`},
		{"links cut off", "p sp 3 2\na 1 2 4\n", "x:1: the header says 2 links, but the file has 1"},
		{"a link cut off", "p sp 3 2\na 1 2 4\na 3", `x:3: want two page numbers, have "3"`},
		{"out of range", "p sp 3 1\na 1 4 4\n", "x:2: want page numbers from 1 to 3, have 1 and 4"},
		{"an edge list", "1 2\n2 3\n", `x:1: want a line "p PROBLEM PAGES LINKS" first`},
		{"words", "p sp 3 1\narc 1 2\n", "x:2: want a line that begins with c, p, e or a"},
	})
}

// The same ring in all formats.
func TestMETIS(t *testing.T) {
	const ring = "5 pages, start 0: 0>1 0>4 1>0 1>2 2>1 2>3 3>2 3>4 4>0 4>3; start page 0 (1 in the file)"
	testFormat(t, "metis", []format{
		{"plain", "5 5\n2 5\n1 3\n2 4\n3 5\n4 1\n", ring},
		{"comments, CRLF and blanks", "% a ring\n% \r\n5 5\r\n% first\r\n2 5\r\n 1 3 \r\n2\t4\r\n3 5\r\n4 1\r\n\r\n",
			ring},
		{"weights of edges", "5 5 001\n2 7 5 7\n1 7 3 7\n2 7 4 7\n3 7 5 7\n4 7 1 7\n", ring},
		{"weights of edges, with a point", "5 5 1\n2 .7 5 .7\n1 .7 3 .7\n2 .7 4 .7\n3 .7 5 .7\n4 .7 1 .7\n", ring},
		{"weights of pages", "5 5 010\n9 2 5\n9 1 3\n9 2 4\n9 3 5\n9 4 1\n", ring},
		{"two weights of pages", "5 5 10 2\n9 8 2 5\n9 8 1 3\n9 8 2 4\n9 8 3 5\n9 8 4 1\n", ring},
		{"sizes", "5 5 100\n1 2 5\n1 1 3\n1 2 4\n1 3 5\n1 4 1\n", ring},
		{"both weights", "5 5 11\n9 2 7 5 7\n9 1 7 3 7\n9 2 7 4 7\n9 3 7 5 7\n9 4 7 1 7\n", ring},
		{"all", "5 5 111 1\n1 9 2 7 5 7\n1 9 1 7 3 7\n1 9 2 7 4 7\n1 9 3 7 5 7\n1 9 4 7 1 7\n", ring},
		{"pages without links", "5 1\n\n3\n2\n\n\n", "5 pages, start 1: 1>2 2>1; start page 1 (2 in the file)"},
		{"pages without links, the last lines not there", "5 1\n\n3\n2\n",
			"5 pages, start 1: 1>2 2>1; start page 1 (2 in the file)"},
		{"no links", "2 0\n\n\n", "2 pages, start 0:; start page 0 (1 in the file)"},
		{"a weight without a link", "1 0 10\n9\n", "1 pages, start 0:; start page 0 (1 in the file)"},
		{"an edge list", "0 1\n1 2\n", `x:1: want the header of a METIS graph, "PAGES EDGES [FORMAT [WEIGHTS]]"`},
		{"another edge list", "1 2\n2 3\n3 4\n",
			"x:2: invalid page number 2: want 1 to 1, the number of pages in the header"},
		{"a page too many", "2 1\n2\n1\n1\n", "x:4: the header in line 1 says 2 pages, but more follow"},
		{"links cut off", "5 5\n2 5\n1 3\n2 4\n",
			"x:1: the header says 5 edges, listed twice each, but the file lists 6 links"},
		{"listed at one page", "3 1\n2 3\n\n\n", "x:1: page 1 lists page 2, but not the other way round"},
		{"page 0", "2 1\n1\n0\n", "x:3: invalid page number 0: want 1 to 2"},
		{"a weight too few", "2 1 1\n2 5\n1\n",
			"x:3: want 0 numbers and 2 for each link, as the header in line 1 says, have 1"},
		{"no weight of a page", "2 1 10\n9 2\n\n", "x:3: want 1 number and 1 for each link"},
		{"another format", "2 1 5\n2\n1\n", "x:1: want a FORMAT of up to three digits 0 or 1"},
		{"words", "2 1\ntwo\n1\n", `x:2: invalid page number "two"`},
		{"comments only", "% c\n", `x:1: the file ends before the header: want "PAGES EDGES"`},
		{"too many pages", "4294967296 0\n", "x:1: want "},
	})
}

// A page with millions of links has a line of many megabytes.
func TestMETISReadsLongLines(t *testing.T) {
	const pages = 1 << 18
	text := []byte("262144 262143\n")
	for p := 2; p <= pages; p++ {
		text = append(strconv.AppendInt(text, int64(p), 10), ' ')
	}
	g, err := readAs(t, Spec{Kind: "metis"}, string(text)+strings.Repeat("\n1", pages-1))
	if err != nil || g.Pages() != pages || len(g.Links) != 2*(pages-1) || len(g.Out(0)) != pages-1 {
		t.Fatal(err)
	}
}
