package graph

import (
	"fmt"
	"slices"
	"strings"
)

// Spec says which graph to build. Its toml tags are the keys of a scenario's [[graph]] table; a kind uses some of them.
type Spec struct {
	Kind string `toml:"kind"`
	// Scale is the binary logarithm of the number of pages of an rmat.
	Scale int `toml:"scale"`
	// Pages is the number of pages of the other generated kinds.
	Pages int `toml:"pages"`
	// Degree is the mean number of links of a page, before duplicates are removed; of a tree its branching.
	Degree int `toml:"degree"`
	// Symmetric makes links lead both ways. It is for rmat, uniform and files.
	Symmetric bool `toml:"symmetric"`
	// Copy is the share of links that copying takes from another page.
	Copy *float64 `toml:"copy"`
	// Hosts is the number of hosts.
	Hosts int `toml:"hosts"`
	// Intra is the share of a page's further links that stay in its host, and Chain the share of hosts that are
	// listings; both of hosts.
	Intra *float64 `toml:"intra"`
	Chain *float64 `toml:"chain"`
	// Seed draws all that is random; without host structure of its own, a graph's hosts too.
	Seed uint64 `toml:"seed"`
	// File is the file to read.
	File string `toml:"file"`
	// Start is the number of the page from which crawls start, for a file its number there; "" leaves it to the kind. It
	// is text because numbers in files may be longer than 64 bits.
	Start string `toml:"start"`
}

// Problem is something wrong with one field of a specification, named as in a scenario file; "" is the whole of it.
type Problem struct{ Field, Msg string }

// Kind describes one kind of graph.
type Kind struct {
	Name, Doc string
	Params    []Param
}

// Param is a parameter of a kind. One without a default must be given.
type Param struct {
	Name, Doc         string
	Min, Max, Default float64
	Required          bool
}

// maxPages keeps page numbers, and the number of pages itself, within 32 bits.
const maxPages = 1<<32 - 1

// Kinds returns the kinds of graphs.
func Kinds() []Kind {
	pagesParam := Param{Name: "pages", Doc: "number of pages", Min: 1, Max: maxPages, Required: true}
	symmetric := Param{Name: "symmetric", Doc: "true: every link leads back too", Max: 1}
	file := Param{Name: "file", Doc: "path", Required: true}
	hostsParam := Param{Name: "hosts", Doc: "number of hosts; one for every 100 pages if not given", Min: 1, Max: 1 << 24}
	degree := func(def float64) Param {
		return Param{Name: "degree", Doc: "mean number of links of a page, before duplicates are removed", Min: 1, Max: 10_000, Default: def}
	}
	return []Kind{
		{"rmat", "recursive matrix with Graph500 parameters: few huge hubs, shallow", []Param{
			{Name: "scale", Doc: "binary logarithm of the number of pages", Min: 1, Max: 31, Required: true}, degree(16), symmetric, hostsParam}},
		{"uniform", "every link leads anywhere alike (Erdos-Renyi)", []Param{pagesParam, degree(16), symmetric, hostsParam}},
		{"copying", "a page copies links of an earlier one: power-law in-degree", []Param{pagesParam, degree(10),
			{Name: "copy", Doc: "share of links that are copied; the in-degree's exponent is 1 + 1/copy", Min: 0, Max: 1, Default: 0.9}, hostsParam}},
		{"hosts", "a web: hosts with directory trees and listings, links that mostly stay at home", []Param{pagesParam, degree(9),
			{Name: "intra", Doc: "share of further links that stay in the host", Min: 0, Max: 1, Default: 0.85},
			{Name: "chain", Doc: "share of hosts that are chains of listings", Min: 0, Max: 1, Default: 0.15}, hostsParam}},
		{"chain", "each page links to the next: no parallelism at all", []Param{pagesParam, hostsParam}},
		{"star", "the first page links to all others: all parallelism at once", []Param{pagesParam, hostsParam}},
		{"tree", "a complete tree", []Param{pagesParam, {Name: "degree", Doc: "children of a page", Min: 1, Max: 10_000, Default: 8}, hostsParam}},
		{"grid", "a square, each page linked with its neighbours", []Param{pagesParam, hostsParam}},
		{"edges", "read from an edge list such as SNAP's, plain or .gz", []Param{file, symmetric, hostsParam}},
		{"konect", "read from a KONECT network, plain or .gz", []Param{file, symmetric, hostsParam}},
		{"mtx", "read from a Matrix Market file, plain or .gz", []Param{file, symmetric, hostsParam}},
		{"dimacs", "read from a DIMACS graph, plain or .gz", []Param{file, symmetric, hostsParam}},
		{"metis", "read from a METIS graph, plain or .gz", []Param{file, hostsParam}},
		{"bvgraph", "read from a BVGraph of LAW: FILE.graph beside FILE.properties", []Param{file, hostsParam}},
	}
}

// kind returns the kind of that name.
func kind(name string) (Kind, bool) {
	kinds := Kinds()
	i := slices.IndexFunc(kinds, func(k Kind) bool { return k.Name == name })
	if i < 0 {
		return Kind{}, false
	}
	return kinds[i], true
}

// number returns a numeric field by name, and whether it is set.
func (s Spec) number(name string) (value float64, set bool) {
	integer := func(n int) (float64, bool) { return float64(n), n != 0 }
	share := func(p *float64) (float64, bool) {
		if p == nil {
			return 0, false
		}
		return *p, true
	}
	switch name {
	case "scale":
		return integer(s.Scale)
	case "pages":
		return integer(s.Pages)
	case "degree":
		return integer(s.Degree)
	case "hosts":
		return integer(s.Hosts)
	case "symmetric":
		if s.Symmetric {
			return 1, true
		}
	case "copy":
		return share(s.Copy)
	case "intra":
		return share(s.Intra)
	case "chain":
		return share(s.Chain)
	}
	return 0, false
}

// value returns a numeric field by name, or its default.
func (s Spec) value(name string) float64 {
	if v, set := s.number(name); set {
		return v
	}
	k, _ := kind(s.Kind)
	for _, p := range k.Params {
		if p.Name == name {
			return p.Default
		}
	}
	return 0
}

// Check returns what is wrong with s. A parameter that the kind does not have is wrong too.
func (s Spec) Check() []Problem {
	k, ok := kind(s.Kind)
	if !ok {
		var names []string
		for _, k := range Kinds() {
			names = append(names, k.Name)
		}
		return []Problem{{"kind", fmt.Sprintf("%q is no kind of graph; there are %s", s.Kind, strings.Join(names, ", "))}}
	}
	var ps []Problem
	has := map[string]Param{}
	var names []string
	for _, p := range k.Params {
		has[p.Name] = p
		names = append(names, p.Name)
	}
	for _, name := range []string{"scale", "pages", "degree", "symmetric", "copy", "hosts", "intra", "chain"} {
		v, set := s.number(name)
		p, ok := has[name]
		switch {
		case !ok && set:
			ps = append(ps, Problem{name, fmt.Sprintf("a graph of kind %s has no %s; it has %s, seed and start", k.Name, name, strings.Join(names, ", "))})
		case ok && p.Required && !set:
			ps = append(ps, Problem{"", fmt.Sprintf("a graph of kind %s needs %s, the %s", k.Name, name, p.Doc)})
		case ok && set && !(v >= p.Min && v <= p.Max):
			ps = append(ps, Problem{name, fmt.Sprintf("must lie between %.12g and %.12g", p.Min, p.Max)})
		}
	}
	_, reads := has["file"]
	switch {
	case reads && s.File == "":
		ps = append(ps, Problem{"", "a graph of kind " + k.Name + " needs file, the path to read"})
	case !reads && s.File != "":
		ps = append(ps, Problem{"file", fmt.Sprintf("a graph of kind %s is generated: only graphs that are read have a file, of kind %s", k.Name, strings.Join(readKinds(), ", "))})
	}
	if s.Start != "" {
		start, err := parseNumber([]byte(s.Start))
		n, generated := s.pages()
		switch {
		case err != nil:
			ps = append(ps, Problem{"start", err.Error()})
		case generated && (start.hi > 0 || start.lo >= uint64(n)):
			ps = append(ps, Problem{"start", fmt.Sprintf("page %s is not among the %d pages, which are numbered from 0", start, n)})
		}
	}
	return ps
}

// readKinds returns the kinds that are read from a file.
func readKinds() []string {
	var names []string
	for _, k := range Kinds() {
		if slices.ContainsFunc(k.Params, func(p Param) bool { return p.Name == "file" }) {
			names = append(names, k.Name)
		}
	}
	return names
}

// pages returns the number of pages of a generated kind.
func (s Spec) pages() (int64, bool) {
	switch {
	case s.Kind == "rmat" && s.Scale > 0 && s.Scale < 32:
		return 1 << s.Scale, true
	case s.File == "" && s.Pages > 0:
		return int64(s.Pages), true
	}
	return 0, false
}

// String returns the kind and its parameters, defaults included.
func (s Spec) String() string {
	k, _ := kind(s.Kind)
	text := s.Kind
	for _, p := range k.Params {
		v := s.value(p.Name)
		switch {
		case p.Name == "symmetric" && s.Symmetric:
			text += " symmetric"
		case p.Name != "file" && v != 0:
			text += fmt.Sprintf(" %s=%.12g", p.Name, v)
		}
	}
	if s.File != "" {
		return text + " " + s.File
	}
	return fmt.Sprintf("%s seed=%d", text, s.Seed)
}
