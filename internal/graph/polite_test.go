package graph

import (
	"slices"
	"testing"
)

// hostSizes returns the number of pages of each host.
func hostSizes(g *Graph) []int {
	var list []int
	for h := range g.Hosts {
		list = append(list, int(g.past(h, g.Pages())-g.Hosts[h]))
	}
	return list
}

func TestSizesOfHosts(t *testing.T) {
	for _, c := range []struct {
		spec Spec
		want []int
	}{
		{Spec{Kind: "even", Pages: 10, Hosts: 3}, []int{4, 3, 3}},
		{Spec{Kind: "zipf", Pages: 14, Hosts: 3}, []int{7, 4, 3}},
		{Spec{Kind: "giant", Pages: 12, Hosts: 4}, []int{6, 2, 2, 2}},
		{Spec{Kind: "giant", Pages: 5, Hosts: 5}, []int{1, 1, 1, 1, 1}},
		{Spec{Kind: "giant", Pages: 5, Hosts: 1}, []int{5}},
		{Spec{Kind: "flat", Pages: 6, Hosts: 2}, []int{3, 3}},
		{Spec{Kind: "wide", Pages: 6, Hosts: 3}, []int{2, 2, 2}},
		{Spec{Kind: "pingpong", Pages: 7, Hosts: 3}, []int{3, 2, 2}},
		{Spec{Kind: "even", Pages: 250}, []int{84, 83, 83}},
	} {
		if got := hostSizes(build(t, c.spec)); !slices.Equal(got, c.want) {
			t.Errorf("%v has hosts of %v pages, want %v", c.spec, got, c.want)
		}
	}
}

func TestEachPageOfHostsIsFoundInOneWay(t *testing.T) {
	for _, kind := range []string{"even", "zipf", "giant", "flat", "wide", "pingpong"} {
		for _, hosts := range []int{1, 2, 7, 500} {
			s := Spec{Kind: kind, Pages: 500, Hosts: hosts, Seed: 3}
			g := build(t, s)
			if err := g.Validate(); err != nil {
				t.Fatalf("%v: %v", s, err)
			}
			r := Walk(g, nil)
			if r.Pages != 500 || r.Links != 499 {
				t.Errorf("%v: %d pages are reached by %d links, want 500 and 499", s, r.Pages, r.Links)
			}
			if again := build(t, s); again.Digest() != g.Digest() {
				t.Errorf("%v: two graphs of one seed differ", s)
			}
			s.Seed++
			if other := build(t, s); kind == "even" && hosts > 2 && hosts < 500 && other.Digest() == g.Digest() {
				t.Errorf("%v: graphs of two seeds are the same", s)
			}
		}
	}
}

func TestPingPongGoesFromHostToHost(t *testing.T) {
	g := build(t, Spec{Kind: "pingpong", Pages: 8, Hosts: 3}) // hosts of pages 0 to 2, 3 to 5, 6 and 7
	want := []uint32{0, 3, 6, 1, 4, 7, 2, 5}
	got := []uint32{0}
	for p := uint32(0); len(g.Out(p)) == 1; p = g.Out(p)[0] {
		got = append(got, g.Out(p)[0])
	}
	if !slices.Equal(got, want) {
		t.Errorf("the chain is %v, want %v", got, want)
	}
}

func TestFlatAndWideKnowAllHostsAfterTheFirstPage(t *testing.T) {
	if r := Walk(build(t, Spec{Kind: "flat", Pages: 60, Hosts: 20}), nil); r.Depth != 1 {
		t.Errorf("flat has a depth of %d, want 1", r.Depth)
	}
	wide := build(t, Spec{Kind: "wide", Pages: 60, Hosts: 20})
	if r := Walk(wide, nil); r.Depth != 2 || len(wide.Out(0)) != 19+2 {
		t.Errorf("wide has a depth of %d and %d links on the first page, want 2 and 21", r.Depth, len(wide.Out(0)))
	}
}
