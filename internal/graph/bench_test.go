package graph

import (
	"context"
	"testing"
)

func BenchmarkBuild(b *testing.B) {
	for _, s := range []Spec{{Kind: "rmat", Scale: 16}, {Kind: "uniform", Pages: 1 << 16}, {Kind: "hosts", Pages: 1 << 16}} {
		b.Run(s.Kind, func(b *testing.B) {
			for b.Loop() {
				g, err := Build(context.Background(), s, 0)
				if err != nil {
					b.Fatal(err)
				}
				b.SetBytes(int64(4 * len(g.Links)))
			}
		})
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
