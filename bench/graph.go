package bench

import (
	"errors"
	"fmt"

	"crawlbench/internal/graph"
	"crawlbench/internal/plan"
)

// Graph is a graph to crawl, made by one of the functions below. It is built when it is needed, the same on
// every machine.
type Graph struct {
	name string
	spec graph.Spec
}

// RMAT returns a recursive matrix with the parameters of Graph500: 2^scale pages with a mean of degree links,
// a few huge hubs, shallow.
func RMAT(name string, scale, degree int) Graph {
	return Graph{name, graph.Spec{Kind: "rmat", Scale: scale, Degree: degree, Seed: 1}}
}

// Uniform returns a graph whose links start and end at random pages, a mean of degree for each.
func Uniform(name string, pages, degree int) Graph {
	return Graph{name, graph.Spec{Kind: "uniform", Pages: pages, Degree: degree, Seed: 1}}
}

// Hosts returns a web: hosts with directory trees and listings, whose links stay mostly within their host.
func Hosts(name string, pages int) Graph {
	return Graph{name, graph.Spec{Kind: "hosts", Pages: pages, Seed: 1}}
}

// Chain returns a graph in which each page links to the next: there is no parallelism at all.
func Chain(name string, pages int) Graph {
	return Graph{name, graph.Spec{Kind: "chain", Pages: pages, Seed: 1}}
}

// Star returns a graph whose first page links to all others.
func Star(name string, pages int) Graph {
	return Graph{name, graph.Spec{Kind: "star", Pages: pages, Seed: 1}}
}

// Tree returns a complete tree whose pages have degree children.
func Tree(name string, pages, degree int) Graph {
	return Graph{name, graph.Spec{Kind: "tree", Pages: pages, Degree: degree, Seed: 1}}
}

// Grid returns a square of pages that are linked with their neighbours.
func Grid(name string, pages int) Graph {
	return Graph{name, graph.Spec{Kind: "grid", Pages: pages, Seed: 1}}
}

// File returns a graph that is read from a file. "crawlbench list graphs" lists the kinds of files, such as
// "edges" for an edge list.
func File(name, kind, path string) Graph {
	return Graph{name, graph.Spec{Kind: kind, File: path, Seed: 1}}
}

// check returns what is wrong with g.
func (g Graph) check() error {
	if !plan.ValidName(g.name) {
		return fmt.Errorf("bench: invalid name of graph %q: want letters, digits and . _ +, as it becomes part of the "+
			"benchmark's name", g.name)
	}
	var errs []error
	for _, p := range g.spec.Check() {
		errs = append(errs, fmt.Errorf("bench: graph %s: %s: %s", g.name, p.Field, p.Msg))
	}
	return errors.Join(errs...)
}
