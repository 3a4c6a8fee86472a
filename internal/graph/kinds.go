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
	scale := Param{Name: "scale", Doc: "binary logarithm of the number of pages", Min: 1, Max: 31, Required: true}
	children := Param{Name: "degree", Doc: "children of a page", Min: 1, Max: 10_000, Default: 8}
	copied := Param{Name: "copy", Doc: "share of links that are copied; the in-degree's exponent is 1 + 1/copy", Max: 1,
		Default: 0.9}
	intra := Param{Name: "intra", Doc: "share of further links that stay in the host", Max: 1, Default: 0.85}
	chains := Param{Name: "chain", Doc: "share of hosts that are chains of listings", Max: 1, Default: 0.15}
	degreeOf := func(n float64) Param { p := degree; p.Default = n; return p }

	// made and read return a kind that is generated, or read from a file.
	made := func(name, doc string, generate func(context.Context, Spec) (*Graph, error),
		estimate func(Spec) (int64, error), params ...Param) Kind {
		return Kind{Name: name, Doc: doc, Params: params, generate: generate, estimate: estimate}
	}
	read := func(name, doc, format string, read func(context.Context, Spec, int64) (*reading, error),
		estimate func(Spec) (int64, error), params ...Param) Kind {
		return Kind{Name: name, Doc: doc, Params: params, format: format, read: read, estimate: estimate}
	}
	return []Kind{
		made("rmat", "recursive matrix with Graph500 parameters: few huge hubs, shallow",
			fromHub(rmat), drawnMemory, scale, degree, symmetric, hosts),
		made("uniform", "every link starts and ends at a random page (Erdos-Renyi)",
			fromHub(uniform), drawnMemory, pages, degree, symmetric, hosts),
		made("copying", "a page copies links of an earlier one: power-law in-degree",
			copying, copyingMemory, pages, degreeOf(10), copied, hosts),
		made("hosts", "a web: hosts with directory trees and listings, links mostly within their host",
			web, webMemory, pages, degreeOf(9), intra, chains, hosts),
		made("chain", "each page links to the next: no parallelism at all", chain, shapeMemory(1), pages, hosts),
		made("star", "the first page links to all others: all parallelism at once", star, shapeMemory(1), pages, hosts),
		made("tree", "a complete tree", tree, shapeMemory(1), pages, children, hosts),
		made("grid", "a square, each page linked with its neighbours", grid, shapeMemory(4), pages, hosts),
		made("even", "hosts of equal sizes, a tree each, found from earlier hosts: what politeness costs",
			sized(even), shapeMemory(3), pages, degreeOf(8), hosts),
		made("zipf", "like even, but the host of rank r has 1/r of the pages of the largest",
			sized(zipf), shapeMemory(3), pages, degreeOf(8), hosts),
		made("giant", "like even, but one host has half of the pages",
			sized(giant), shapeMemory(3), pages, degreeOf(8), hosts),
		made("flat", "hosts of equal sizes, all pages known after the first", flat, shapeMemory(3), pages, hosts),
		made("wide", "hosts of equal sizes, all hosts known after the first page", wide, shapeMemory(3), pages, hosts),
		made("pingpong", "a chain through all hosts in turn: each host's queue runs empty before its next page",
			pingPong, shapeMemory(3), pages, hosts),
		read("edges", "read from an edge list such as SNAP's, plain or .gz",
			"an edge list", text(readEdges), textMemory, file, symmetric, hosts),
		read("konect", "read from a KONECT network, plain or .gz",
			"a KONECT network", text(readKONECT), textMemory, file, symmetric, hosts),
		read("mtx", "read from a Matrix Market file, plain or .gz",
			"a Matrix Market file", text(readMarket), textMemory, file, symmetric, hosts),
		read("dimacs", "read from a DIMACS graph, plain or .gz",
			"a DIMACS file", text(readDIMACS), textMemory, file, symmetric, hosts),
		read("metis", "read from a METIS graph, plain or .gz",
			"a METIS graph", text(readMETIS), textMemory, file, hosts),
		read("bvgraph", "read from a BVGraph of LAW: FILE.graph beside FILE.properties",
			"a BVGraph", readBVGraph, bvMemory, file, hosts),
		read("file", "read from a graph file of \"crawlbench import\", with what the crawl recorded",
			"a graph file of \"crawlbench import\"", readRecorded, recordedMemory, file),
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
