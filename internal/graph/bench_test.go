package graph

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// The graphs of make limits have up to 2^22 pages; -short skips the large ones.
func BenchmarkBuild(b *testing.B) {
	for _, scale := range []int{16, 18, 20, 22} {
		for _, s := range []Spec{
			{Kind: "rmat", Scale: scale, Symmetric: true}, {Kind: "uniform", Pages: 1 << scale, Symmetric: true},
			{Kind: "hosts", Pages: 1 << scale}, {Kind: "copying", Pages: 1 << scale},
		} {
			b.Run(fmt.Sprintf("kind=%s/scale=%d", s.Kind, scale), func(b *testing.B) {
				if testing.Short() && scale > 16 {
					b.Skip("large")
				}
				links := 0
				for b.Loop() {
					links = len(build(b, s).Links)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(links)/float64(b.N), "ns/link")
			})
		}
	}
}

func BenchmarkDigest(b *testing.B) {
	g := build(b, Spec{Kind: "uniform", Pages: 1 << 18})
	b.SetBytes(int64(8*len(g.Offsets) + 4*len(g.Links)))
	for b.Loop() {
		g.Digest()
	}
}

// The graph has 30 million links.
func BenchmarkOpenCache(b *testing.B) {
	g := build(b, Spec{Kind: "uniform", Pages: 1 << 21, Degree: 15})
	path := filepath.Join(b.TempDir(), "g.graph")
	if err := WriteCache(path, g, Walk(g, nil)); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		c, err := OpenCache(path)
		if err != nil {
			b.Fatal(err)
		}
		c.Close()
	}
}

func BenchmarkWalk(b *testing.B) {
	g := build(b, Spec{Kind: "rmat", Scale: 16})
	for b.Loop() {
		Walk(g, nil)
	}
}

func BenchmarkPageOf(b *testing.B) {
	g := build(b, Spec{Kind: "hosts", Pages: 1 << 14})
	u := g.URL(12345)
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := g.PageOf(u); !ok {
			b.Fatal(u)
		}
	}
}

// The list has 2.6 million links. With step 1 the page numbers are dense; otherwise they are 1,009 apart.
func BenchmarkReadEdges(b *testing.B) {
	g := build(b, Spec{Kind: "uniform", Pages: 1 << 18, Degree: 10, Seed: 1})
	for _, step := range []uint32{1, 1009} {
		for _, packed := range []bool{false, true} {
			b.Run(fmt.Sprintf("step=%d/packed=%v", step, packed), func(b *testing.B) {
				var text bytes.Buffer
				for p := range uint32(g.Pages()) {
					for _, q := range g.Out(p) {
						fmt.Fprintf(&text, "%d\t%d\n", p*step, q*step)
					}
				}
				if packed {
					plain := bytes.Clone(text.Bytes())
					text.Reset()
					z := gzip.NewWriter(&text)
					z.Write(plain)
					z.Close()
				}
				path := filepath.Join(b.TempDir(), "g.el")
				if err := os.WriteFile(path, text.Bytes(), 0o666); err != nil {
					b.Fatal(err)
				}
				links := 0
				for b.Loop() {
					links = len(build(b, Spec{Kind: "edges", File: path}).Links)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(links)/float64(b.N), "ns/link")
			})
		}
	}
}
