package graph

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func readText(text string) (*Graph, error) {
	return readEdges(context.Background(), "x.txt", strings.NewReader(text))
}

func TestEdgesAreReadAndRenumbered(t *testing.T) {
	g, err := readText("# a comment\n\n10 30\r\n30\t10\n  10   20 \n10 20\n4294967295 10")
	if err != nil {
		t.Fatal(err)
	}
	// 10, 20, 30 and 4294967295 become 0 to 3.
	if !slices.Equal(g.Offsets, []uint64{0, 3, 3, 4, 5}) || !slices.Equal(g.Links, []uint32{1, 1, 2, 0, 0}) {
		t.Errorf("offsets %v, links %v", g.Offsets, g.Links)
	}
}

func TestEdgesErrorsSayWhere(t *testing.T) {
	for text, want := range map[string]string{
		"":                        "x.txt: it has no links",
		"# only a comment\n":      "x.txt: it has no links",
		"1 2\n3\n":                "x.txt:2: want two page numbers",
		"1 2 3\n":                 "x.txt:1: want two page numbers",
		"# c\n1 2\n1 b\n":         `x.txt:3: "b" is no page number`,
		"1 -2\n":                  `x.txt:1: "-2" is no page number`,
		"1 4294967296\n":          `x.txt:1: "4294967296" is no page number`,
		"1.5 2\n":                 `x.txt:1: "1.5" is no page number`,
		strings.Repeat("1", 2e6):  "x.txt:1: ",
		"1 2\n\x00\x01 \x02\n1 2": "x.txt:2: ",
	} {
		if _, err := readText(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: error %v, want %q", text, err, want)
		}
	}
}

func TestEdgesRoundTripPlainAndPacked(t *testing.T) {
	g := build(t, Spec{Kind: "uniform", Pages: 500, Degree: 4, Seed: 1}) // each page has a link
	var text bytes.Buffer
	if err := WriteEdges(&text, g); err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Write(text.Bytes())
	z.Close()
	for name, data := range map[string][]byte{"g.txt": text.Bytes(), "g.txt.gz": packed.Bytes()} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, data, 0o666); err != nil {
			t.Fatal(err)
		}
		back := build(t, Spec{Kind: "edges", File: path})
		if !slices.Equal(back.Links, g.Links) || !slices.Equal(back.Offsets, g.Offsets) {
			t.Errorf("%s: the graph read back differs", name)
		}
	}
}

func FuzzReadEdges(f *testing.F) {
	f.Add("1 2\n2 3\n")
	f.Add("# c\n\n7\t7\n")
	f.Fuzz(func(t *testing.T, text string) {
		g, err := readText(text)
		if err != nil {
			return
		}
		g.Hosts = []uint32{0}
		if err := g.Validate(); err != nil {
			t.Error(err)
		}
	})
}

// The file is read back here as its format says, not by code of this package.
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
