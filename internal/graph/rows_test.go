package graph

import (
	"cmp"
	"context"
	"math"
	"reflect"
	"slices"
	"testing"
)

// naive builds the rows of s with a plain sort.
func naive(s source) *Graph {
	var all []link
	for block := range s.blocks {
		for _, k := range s.links(block, nil) {
			all = append(all, k)
			if s.both {
				all = append(all, link{k.to, k.from})
			}
		}
	}
	slices.SortFunc(all, func(a, b link) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to)) })
	if !s.repeats {
		all = slices.Compact(all)
	}
	g := &Graph{Offsets: make([]uint64, s.pages+1)}
	for _, k := range all {
		g.Offsets[k.from+1]++
		g.Links = append(g.Links, k.to)
	}
	for p := range s.pages {
		g.Offsets[p+1] += g.Offsets[p]
	}
	return g
}

// Rows must be the same with every layout, including those of graphs too large for a test.
func TestRowsAreThoseOfAPlainSort(t *testing.T) {
	ctx := context.Background()
	for _, s := range []source{
		{pages: 1, blocks: 1}, {pages: 2, blocks: 0}, {pages: 700, blocks: 3}, {pages: 1 << 13, blocks: 5},
		{pages: 9001, blocks: 4},
	} {
		s.links = func(block int, links []link) []link {
			draw := newStream(3, uint64(block))
			for range 5000 * block {
				hub := draw.below(uint64(s.pages))
				hub &= draw.below(uint64(s.pages)) // so that some links are repeated
				links = append(links, link{uint32(hub), uint32(draw.below(uint64(s.pages)))})
			}
			return links
		}
		for _, s.both = range []bool{false, true} {
			for _, s.repeats = range []bool{false, true} {
				want := naive(s)
				equal := func(name string, g *Graph, err error) {
					t.Helper()
					if err != nil || !slices.Equal(g.Offsets, want.Offsets) || !slices.Equal(g.Links, want.Links) {
						t.Errorf("%d pages, both %v, repeats %v, %s: the rows differ, error %v", s.pages, s.both,
							s.repeats, name, err)
					}
				}
				g, err := s.rows(ctx)
				equal("rows", g, err)
				for _, shift := range []int{0, 3, 14} {
					l := newLayout(s.pages)
					l.shift, l.keyBits, l.buckets = shift, l.pageBits+shift, (s.pages-1)>>shift+1
					g, err = sortRows(ctx, s, l, spread[uint32](ctx, s, l))
					equal("narrow words", g, err)
					l.pageBits += 12 // as for a graph with many more pages
					l.keyBits += 12
					g, err = sortRows(ctx, s, l, spread[uint64](ctx, s, l))
					equal("wide words", g, err)
				}
			}
		}
	}
}

func TestLayoutFitsItsWords(t *testing.T) {
	for pages := 1; pages <= maxPages; pages = pages*5/4 + 1 {
		l := newLayout(pages)
		if l.keyBits > 64 || l.buckets > maxBuckets || (l.buckets-1)<<l.shift >= pages || l.buckets<<l.shift < pages ||
			uint64(pages-1)>>l.pageBits != 0 {
			t.Errorf("%d pages: %+v", pages, l)
		}
	}
}

func TestSymmetricLinksLeadBack(t *testing.T) {
	for _, s := range []Spec{{Kind: "rmat", Scale: 11, Symmetric: true, Seed: 2},
		{Kind: "uniform", Pages: 3000, Symmetric: true, Seed: 2}} {
		g := build(t, s)
		if !reflect.DeepEqual(transpose(g).Links, g.Links) {
			t.Errorf("%s: turned round it is another graph", s)
		}
		s.Symmetric = false
		if one := build(t, s); len(g.Links) < len(one.Links)*3/2 {
			t.Errorf("%s: %d links, %d with those that lead back", s, len(one.Links), len(g.Links))
		}
	}
}

// All slots of the table are equally likely, and each returns its first path with the probability of its share.
func TestDescentDrawsEachPathAsOftenAsItsQuadrants(t *testing.T) {
	d := newPathTable()
	const slots, full = 1 << (2 * levels), 1 << (32 - 2*levels)
	got := map[uint16]float64{}
	for i, s := range d {
		got[s.paths[0]] += float64(s.share) / full / slots
		got[s.paths[1]] += float64(full-s.share) / full / slots
		for _, r := range []uint32{0, s.share - 1, s.share, full - 1} { // on both sides of the boundary
			if r >= full {
				continue
			}
			want := s.paths[0]
			if r >= s.share {
				want = s.paths[1]
			}
			if path := d.draw(r<<(2*levels) | uint32(i)); path != want {
				t.Fatalf("slot %d at %d: path %#x, want %#x", i, r, path, want)
			}
		}
	}
	if len(got) != slots {
		t.Errorf("%d paths can be drawn, want %d", len(got), slots)
	}
	for path, chance := range got {
		want := 1.0
		for level := range levels {
			want *= quadrants[path>>8>>level&1<<1|path>>level&1] / 100
		}
		if math.Abs(chance-want) > 2.0/full {
			t.Errorf("path %#x has the chance %g, want %g", path, chance, want)
		}
	}
}
