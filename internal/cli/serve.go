package cli

import (
	"context"
	"flag"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"crawlbench/internal/plan"
	"crawlbench/internal/report/ui"

	"crawlbench/internal/store"
)

// serve shows all runs in a browser, starting with the given run or flame graph if any.
func (a *app) serve(ctx context.Context, fs *flag.FlagSet, args []string) error {
	results := fs.String("results", "results", "`directory` that holds the runs")
	cellFlag := fs.String("cell", "", "open the profile of this `cell`, named by words such as \"mutexmap rmat14 w8\"")
	base := fs.String("base", "", "subtract the profile of this `cell`, scaled to the same number of pages")
	kind := fs.String("profile", "cpu", "`kind` of profile: cpu, block, mutex or wall")
	addr := fs.String("addr", "127.0.0.1:0",
		"`address` to listen on; other machines that can reach it can read the runs")
	open := fs.Bool("open", true, "open the page in a browser if there is one")
	positional, err := parse(fs, args, 0, 1)
	if err != nil {
		return err
	}
	if *base != "" && *cellFlag == "" {
		return usagef("serve: -base needs -cell, from which it is subtracted")
	}
	if *addr == "" {
		return usagef("serve: -addr is empty, which means every address of this machine: want one, such as 127.0.0.1:0")
	}
	var first string
	if len(positional) > 0 || *cellFlag != "" {
		dir, err := findRun(*results, append(positional, "")[0])
		if err != nil {
			return err
		}
		if *results, first, err = a.begin(dir, *cellFlag, *base, *kind); err != nil {
			return err
		}
	}
	server, err := ui.New(*results)
	if err != nil {
		return err
	}
	defer server.Close()
	return ui.Serve(ctx, *addr, server, func(url string, others bool) {
		if others {
			fmt.Fprintf(a.err, "warning: other machines can reach %s and read all runs in %s\n", *addr, *results)
		}
		fmt.Fprintf(a.out, "%s%s\npress ^C to stop\n", url, first)
		if *open {
			browse(url + first)
		}
	})
}

// begin returns the directory of the runs, and the path of the first page.
func (a *app) begin(dir, cell, base, kind string) (results, path string, err error) {
	if dir, err = filepath.EvalSymlinks(dir); err == nil { // latest is a link
		dir, err = filepath.Abs(dir)
	}
	if err != nil {
		return "", "", err
	}
	results, name := filepath.Split(dir)
	var links ui.Links
	if cell == "" {
		return results, links.Run(name), nil
	}
	run, err := a.openRun("", dir)
	if err != nil {
		return "", "", err
	}
	id, err := a.mostWorkers(run, cell, kind)
	if err != nil {
		return "", "", fmt.Errorf("-cell: %w", err)
	}
	if base == "" {
		return results, links.Flame(name, id, kind), nil
	}
	baseID, err := a.mostWorkers(run, base, kind)
	if err != nil {
		return "", "", fmt.Errorf("-base: %w", err)
	}
	return results, links.DifferenceFlame(name, id, name, baseID, kind, ui.ByPage), nil
}

// mostWorkers is profiled, but of cells that differ only in their workers it returns the one with the most, and says
// so: that is the one that is profiled by default.
func (a *app) mostWorkers(run *store.Run, selector, kind string) (id string, err error) {
	cells, err := withProfile(run, kind)
	if err != nil {
		return "", err
	}
	hits := selected(cells, selector)
	if len(hits) < 2 {
		return profiled(run, selector, kind)
	}
	var counts []string
	most := hits[0]
	for _, c := range hits {
		counts = append(counts, fmt.Sprintf("w%d", c.Workers))
		if c.Workers > most.Workers {
			most = c
		}
		if c.Workers = hits[0].Workers; c != hits[0] {
			return profiled(run, selector, kind)
		}
	}
	a.tell(fmt.Sprintf("note: %q has profiles with %s; this is w%d: add another of these words to see it", selector,
		strings.Join(counts, ", "), most.Workers))
	return most.ID(), nil
}

// withProfile returns the cells of a run with a profile of the given kind, an error if there are none.
func withProfile(run *store.Run, kind string) (cells []plan.Cell, err error) {
	has := map[string]bool{}
	var kinds []string
	for _, rec := range run.Records() {
		if rec.Profile == nil {
			continue
		}
		for k, file := range rec.Profile.Files {
			if isProfile(file) && !slices.Contains(kinds, k) {
				kinds = append(kinds, k)
			}
		}
		if file, ok := rec.Profile.Files[kind]; ok && isProfile(file) {
			has[rec.Cell] = true
		}
	}
	for _, c := range run.Plan().Cells {
		if has[c.ID()] {
			cells = append(cells, c)
		}
	}
	if len(cells) == 0 {
		slices.Sort(kinds)
		if len(kinds) == 0 {
			return nil, fmt.Errorf("run %s has no profiles: measure with -profile cpu,block,mutex,wall, "+
				"or add a table [profiles] to the scenario", run.Dir())
		}
		return nil, fmt.Errorf("run %s has no %s profiles: want one of %s", run.Dir(), kind, strings.Join(kinds, ", "))
	}
	return cells, nil
}

// profiled returns the cell that selector matches among those with a profile of the given kind.
func profiled(run *store.Run, selector, kind string) (id string, err error) {
	cells, err := withProfile(run, kind)
	if err != nil {
		return "", err
	}
	c, err := selectCell(cells, selector)
	if err == nil {
		return c.ID(), nil
	}
	if others := selected(run.Plan().Cells, selector); len(others) > 0 && len(selected(cells, selector)) == 0 {
		text := ""
		for _, c := range cells {
			text += "\n  " + c.ID()
		}
		return "", fmt.Errorf("cell %s has no %s profile: measure it with workers = [%d] and rate = [%s] in [profiles] of "+
			"the scenario, without which only the most workers and the largest rate are profiled; or choose one of%s",
			others[0].ID(), kind, others[0].Workers, rateText(others[0].Rate), text)
	}
	return "", err
}

// rateText returns a rate as a scenario has it.
func rateText(r plan.Rate) string {
	if r == 0 {
		return `"inf"`
	}
	return r.String()
}

// isProfile reports whether file is a pprof profile.
func isProfile(file string) bool { return strings.HasSuffix(file, ".pb.gz") }

// browse opens url in a browser if the desktop has one. The URL is printed in any case.
func browse(url string) {
	for _, opener := range []string{"xdg-open", "open"} {
		if path, err := exec.LookPath(opener); err == nil {
			cmd := exec.Command(path, url)
			if cmd.Start() == nil {
				go cmd.Wait()
			}
			return
		}
	}
}
