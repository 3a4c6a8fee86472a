package graph

import "testing"

// Graphs that differ in any field have different sums.
func TestSHA256TellsGraphsApart(t *testing.T) {
	make := func() *Graph {
		return &Graph{Offsets: []uint64{0, 2, 3, 3}, Links: []uint32{1, 2, 2}, Hosts: []uint32{0, 1}, Start: 0}
	}
	seen := map[string]string{make().SHA256(): "the graph"}
	if len(seen) != 1 || len(make().SHA256()) != 64 || seen[make().SHA256()] == "" {
		t.Errorf("%v and %s", seen, make().SHA256())
	}
	for what, change := range map[string]func(*Graph){
		"another start":  func(g *Graph) { g.Start = 1 },
		"another link":   func(g *Graph) { g.Links[2] = 1 },
		"another row":    func(g *Graph) { g.Offsets[1] = 1 },
		"another host":   func(g *Graph) { g.Hosts[1] = 2 },
		"one host":       func(g *Graph) { g.Hosts = g.Hosts[:1] },
		"a link for one": func(g *Graph) { g.Links, g.Hosts = append(g.Links, g.Hosts[0]), g.Hosts[1:] },
		"another page":   func(g *Graph) { g.Offsets = append(g.Offsets, 3) },
	} {
		g := make()
		change(g)
		if other := seen[g.SHA256()]; other != "" {
			t.Errorf("%s has the sum of %s", what, other)
		}
		seen[g.SHA256()] = what
	}
}
