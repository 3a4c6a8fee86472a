package graph

import (
	"context"
	"slices"
)

// Kind describes a kind of graph.
type Kind struct {
	Name, Doc string
	Params    []Param

	// format names a file of the kind; "" for a generated kind.
	format string
	// generate returns a generated graph.
	generate func(context.Context, Spec) (*Graph, error)
	// read reads the file of the spec within limit bytes of memory; 0 means no limit.
	read func(ctx context.Context, s Spec, limit int64) (*reading, error)
	// estimate returns the peak memory of building in bytes.
	estimate func(Spec) (int64, error)
}

// Param is a parameter of a kind. One without a default must be given.
type Param struct {
	Name, Doc         string
	Min, Max, Default float64
	Required          bool
}

// maxPages keeps page numbers and the number of pages within 32 bits.
const maxPages = 1<<32 - 1

// Kinds returns the kinds of graphs. To add a kind, add a row to this table; a parameter that no other kind has is also
// a field of Spec.
func Kinds() []Kind {
	pages := Param{Name: "pages", Doc: "number of pages", Min: 1, Max: maxPages, Required: true}
	symmetric := Param{Name: "symmetric", Doc: "true: every link also leads back", Max: 1}
	file := Param{Name: "file", Doc: "path", Required: true}
	hosts := Param{Name: "hosts", Doc: "number of hosts; one for every 100 pages if not given", Min: 1, Max: 1 << 24}
	degree := Param{Name: "degree", Doc: "mean number of links of a page, before duplicates are removed",
		Min: 1, Max: 10_000, Default: 16}
	degreeOf := func(n float64) Param { p := degree; p.Default = n; return p }

	return []Kind{
		{
			Name: "rmat", Doc: "recursive matrix with Graph500 parameters: few huge hubs, shallow",
			Params: []Param{{Name: "scale", Doc: "binary logarithm of the number of pages", Min: 1, Max: 31,
				Required: true},
				degree, symmetric, hosts},
			generate: fromHub(rmat), estimate: drawnMemory,
		}, {
			Name: "uniform", Doc: "every link starts and ends at a random page (Erdos-Renyi)",
			Params:   []Param{pages, degree, symmetric, hosts},
			generate: fromHub(uniform), estimate: drawnMemory,
		}, {
			Name: "copying", Doc: "a page copies links of an earlier one: power-law in-degree",
			Params: []Param{pages, degreeOf(10),
				{Name: "copy", Doc: "share of links that are copied; the in-degree's exponent is 1 + 1/copy", Max: 1,
					Default: 0.9},
				hosts},
			generate: copying, estimate: copyingMemory,
		}, {
			Name: "hosts", Doc: "a web: hosts with directory trees and listings, links mostly within their host",
			Params: []Param{pages, degreeOf(9),
				{Name: "intra", Doc: "share of further links that stay in the host", Max: 1, Default: 0.85},
				{Name: "chain", Doc: "share of hosts that are chains of listings", Max: 1, Default: 0.15}, hosts},
			generate: web, estimate: webMemory,
		}, {
			Name: "chain", Doc: "each page links to the next: no parallelism at all",
			Params: []Param{pages, hosts}, generate: chain, estimate: shapeMemory(1),
		}, {
			Name: "star", Doc: "the first page links to all others: all parallelism at once",
			Params: []Param{pages, hosts}, generate: star, estimate: shapeMemory(1),
		}, {
			Name: "tree", Doc: "a complete tree",
			Params: []Param{pages, {Name: "degree", Doc: "children of a page", Min: 1, Max: 10_000, Default: 8},
				hosts},
			generate: tree, estimate: shapeMemory(1),
		}, {
			Name: "grid", Doc: "a square, each page linked with its neighbours",
			Params: []Param{pages, hosts}, generate: grid, estimate: shapeMemory(4),
		}, {
			Name: "even", Doc: "hosts of equal sizes, a tree each, found from earlier hosts: what politeness costs",
			Params: []Param{pages, degreeOf(8), hosts}, generate: sized(even), estimate: shapeMemory(3),
		}, {
			Name: "zipf", Doc: "like even, but the host of rank r has 1/r of the pages of the largest",
			Params: []Param{pages, degreeOf(8), hosts}, generate: sized(zipf), estimate: shapeMemory(3),
		}, {
			Name: "giant", Doc: "like even, but one host has half of the pages",
			Params: []Param{pages, degreeOf(8), hosts}, generate: sized(giant), estimate: shapeMemory(3),
		}, {
			Name: "flat", Doc: "hosts of equal sizes, all pages known after the first",
			Params: []Param{pages, hosts}, generate: flat, estimate: shapeMemory(3),
		}, {
			Name: "wide", Doc: "hosts of equal sizes, all hosts known after the first page",
			Params: []Param{pages, hosts}, generate: wide, estimate: shapeMemory(3),
		}, {
			Name: "pingpong", Doc: "a chain through all hosts in turn: each host's queue runs empty before its next page",
			Params: []Param{pages, hosts}, generate: pingPong, estimate: shapeMemory(3),
		}, {
			Name: "edges", Doc: "read from an edge list such as SNAP's, plain or .gz", format: "an edge list",
			Params: []Param{file, symmetric, hosts}, read: text(readEdges), estimate: textMemory,
		}, {
			Name: "konect", Doc: "read from a KONECT network, plain or .gz", format: "a KONECT network",
			Params: []Param{file, symmetric, hosts}, read: text(readKONECT), estimate: textMemory,
		}, {
			Name: "mtx", Doc: "read from a Matrix Market file, plain or .gz", format: "a Matrix Market file",
			Params: []Param{file, symmetric, hosts}, read: text(readMarket), estimate: textMemory,
		}, {
			Name: "dimacs", Doc: "read from a DIMACS graph, plain or .gz", format: "a DIMACS file",
			Params: []Param{file, symmetric, hosts}, read: text(readDIMACS), estimate: textMemory,
		}, {
			Name: "metis", Doc: "read from a METIS graph, plain or .gz", format: "a METIS graph",
			Params: []Param{file, hosts}, read: text(readMETIS), estimate: textMemory,
		}, {
			Name: "bvgraph", Doc: "read from a BVGraph of LAW: FILE.graph beside FILE.properties", format: "a BVGraph",
			Params: []Param{file, hosts}, read: readBVGraph, estimate: bvMemory,
		}, {
			Name: "file", Doc: "read from a graph file of \"crawlbench import\", with what the crawl recorded",
			format: "a graph file of \"crawlbench import\"",
			Params: []Param{file}, read: readRecorded, estimate: recordedMemory,
		},
	}
}

// kind returns the kind of that name.
func kind(name string) (Kind, bool) {
	kinds := Kinds()
	if i := slices.IndexFunc(kinds, func(k Kind) bool { return k.Name == name }); i >= 0 {
		return kinds[i], true
	}
	return Kind{}, false
}

// kindNames returns the names of the kinds that keep accepts.
func kindNames(keep func(Kind) bool) []string {
	var names []string
	for _, k := range Kinds() {
		if keep(k) {
			names = append(names, k.Name)
		}
	}
	return names
}

// param returns the parameter of that name.
func (k Kind) param(name string) (Param, bool) {
	if i := slices.IndexFunc(k.Params, func(p Param) bool { return p.Name == name }); i >= 0 {
		return k.Params[i], true
	}
	return Param{}, false
}

// paramNames returns the names of the parameters.
func (k Kind) paramNames() []string {
	names := make([]string, len(k.Params))
	for i, p := range k.Params {
		names[i] = p.Name
	}
	return names
}
