package cli

import (
	"compress/gzip"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"crawlbench/internal/graph"
	"crawlbench/internal/host"
	"crawlbench/internal/plain"
	"crawlbench/internal/plan"
	"crawlbench/internal/rundir"
)

// graph writes a graph of a scenario to a file.
func (a *app) graph(ctx context.Context, fs *flag.FlagSet, args []string) error {
	positional, err := parse(fs, args, 3, 3)
	if err != nil {
		return err
	}
	s, err := plan.Load(positional[0])
	if err != nil {
		return err
	}
	write, err := writer(positional[2])
	if err != nil {
		return err
	}
	for _, sg := range s.Graphs {
		if sg.Name != positional[1] {
			continue
		}
		if err := writable(positional[2], sg.Spec.File); err != nil {
			return fmt.Errorf("graph: %w", err)
		}
		g, err := graph.Build(ctx, sg.Spec, host.FreeMemory())
		if err != nil {
			return err
		}
		if err := rundir.Replace(positional[2], 0o644, true,
			func(w io.Writer) error { return write(w, g) }); err != nil {
			return err
		}
		if g.Notes == nil {
			g.Notes = []string{fmt.Sprintf("start page %d", g.Start)}
		}
		fmt.Fprintf(a.out, "%s: %s, %s from %s\n", positional[2], plain.Count(g.Pages(), "page"),
			plain.Count(len(g.Links), "link"), g.Described(sg.Spec))
		return nil
	}
	return noGraph("graph", s, positional[1])
}

// noGraph is the error of a command for a graph that a scenario does not have.
func noGraph(command string, s *plan.Scenario, name string) error {
	names := graphNames(s)
	return usagef("%s: scenario %s has no graph %q%s: want one of %s", command, s.Name, name, plan.Nearest(name, names),
		strings.Join(names, ", "))
}

func graphNames(s *plan.Scenario) (names []string) {
	for _, g := range s.Graphs {
		names = append(names, g.Name)
	}
	return names
}

// writer returns the writer for the format given by the extension of file.
func writer(file string) (func(io.Writer, *graph.Graph) error, error) {
	switch {
	case strings.HasSuffix(file, ".sg"):
		return graph.WriteSG, nil
	case strings.HasSuffix(file, ".el"):
		return graph.WriteEdges, nil
	case strings.HasSuffix(file, ".el.gz"):
		return func(w io.Writer, g *graph.Graph) error {
			z := gzip.NewWriter(w)
			return errors.Join(graph.WriteEdges(z, g), z.Close())
		}, nil
	}
	return nil, usagef("graph: unknown format of %q: want a name that ends in .el (edge list), .el.gz or .sg (GAPBS)",
		file)
}
