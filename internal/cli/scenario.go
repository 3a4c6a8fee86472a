package cli

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"crawlbench/internal/graph"
	"crawlbench/internal/plan"
)

// scenario prints the text of a scenario, or a reference of all keys.
func (a *app) scenario(_ context.Context, fs *flag.FlagSet, args []string) error {
	positional, err := parse(fs, args, 0, 1)
	if err != nil {
		return err
	}
	if len(positional) == 0 {
		fmt.Fprint(a.out, plan.Reference())
		return nil
	}
	s, err := plan.Load(positional[0])
	if err != nil {
		return err
	}
	fmt.Fprint(a.out, s.Text)
	return nil
}

// load returns the scenario of a name, with the graphs of -graph in place of its own. With -graph and without a name,
// it is a scenario of these graphs and the defaults, called after the first. limiters are those that the program has.
func load(name string, paths fileList, limiters ...string) (*plan.Scenario, error) {
	if len(paths) == 0 {
		return plan.Load(cmp.Or(name, "quick"), limiters...)
	}
	var list []plan.Graph
	for _, path := range paths {
		g, err := graphOf(path)
		if err != nil {
			return nil, err
		}
		base := g.Name
		taken := func(o plan.Graph) bool { return strings.EqualFold(o.Name, g.Name) }
		for n := 2; slices.ContainsFunc(list, taken); n++ {
			g.Name = fmt.Sprintf("%s_%d", base, n)
		}
		list = append(list, g)
	}
	if name == "" {
		return plan.Of(list[0].Name, list...), nil
	}
	s, err := plan.Load(name, limiters...)
	if err != nil {
		return nil, err
	}
	s.SetGraphs(list...)
	return s, nil
}

// graphOf returns the graph of -graph: FILE, or KIND:FILE where the name of the file does not tell its format.
func graphOf(file string) (plan.Graph, error) {
	kind := graph.FileKind(file)
	if k, path, ok := strings.Cut(file, ":"); ok && graph.IsFileKind(k) {
		kind, file = k, path
	}
	name, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(file), "out."), ".")
	name = strings.Map(func(r rune) rune {
		if plan.ValidName(string(r)) {
			return r
		}
		return '_'
	}, name)
	if len(name) > 40 {
		name = name[:40]
	}
	if !plan.ValidName(name) {
		name = "graph"
	}
	g := plan.Graph{Name: name, Spec: graph.Spec{Kind: kind, File: file}}
	for _, p := range g.Spec.Check() {
		return g, usagef("run: -graph: %s", p.Msg)
	}
	return g, nil
}
