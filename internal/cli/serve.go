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
	"crawlbench/internal/profile"
	"crawlbench/internal/serve"
	"crawlbench/internal/store"
)

// serve opens one profile, or the difference of two, in pprof's web UI.
func (a *app) serve(ctx context.Context, fs *flag.FlagSet, args []string) error {
	results := fs.String("results", "results", "directory of the runs")
	cellFlag := fs.String("cell", "", "the `cell` whose profile to open: words such as \"mutexmap rmat14 w8\"")
	base := fs.String("base", "", "the `cell` to subtract, scaled to the same number of pages")
	kind := fs.String("profile", "cpu", "cpu, block, mutex or wall")
	addr := fs.String("addr", "127.0.0.1:0", "`address` to listen on")
	open := fs.Bool("open", true, "open the page in a browser, where there is one")
	positional, err := parse(fs, args, 0, 1)
	if err != nil {
		return err
	}
	run, err := a.openRun(*results, append(positional, "")[0])
	if err != nil {
		return err
	}
	flame, err := a.flame(run, *cellFlag, *base, *kind)
	if err != nil {
		return err
	}
	handler, err := serve.Handler(flame)
	if err != nil {
		return err
	}
	return serve.Serve(ctx, *addr, handler, func(url string) {
		fmt.Fprintf(a.out, "%s\n%s\n^C ends it\n", flame.Title, url)
		if *open {
			browse(url)
		}
	})
}

// flame loads the profiles.
func (a *app) flame(run *store.Run, cell, base, kind string) (serve.Flame, error) {
	p, pages, id, err := load(run, cell, kind)
	if err != nil {
		return serve.Flame{}, fmt.Errorf("-cell: %w", err)
	}
	if base == "" {
		return serve.Flame{Title: fmt.Sprintf("%s of %s", kind, id), Profile: p}, nil
	}
	b, basePages, baseID, err := load(run, base, kind)
	if err != nil {
		return serve.Flame{}, fmt.Errorf("-base: %w", err)
	}
	scaled, err := profile.Scaled(b, basePages, p, pages)
	if err != nil {
		return serve.Flame{}, err
	}
	return serve.Flame{
		Title:   fmt.Sprintf("%s of %s minus %s, scaled to as many pages: red is what the first has more of, green what it has less of", kind, id, baseID),
		Profile: p, Base: scaled,
	}, nil
}

// load reads the profile of that kind of the cell that selector means.
func load(run *store.Run, selector, kind string) (p *profile.Profile, pages int, id string, err error) {
	var cells []plan.Cell
	files := map[string]store.Profile{}
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
			files[rec.Cell] = *rec.Profile
		}
	}
	for _, c := range run.Plan().Cells {
		if _, ok := files[c.ID()]; ok {
			cells = append(cells, c)
		}
	}
	if len(cells) == 0 {
		slices.Sort(kinds)
		if len(kinds) == 0 {
			return nil, 0, "", fmt.Errorf("run %s has no profiles: its scenario asks for none, see the table [profiles] of a scenario", run.Dir())
		}
		return nil, 0, "", fmt.Errorf("run %s has no %s profiles, only %s", run.Dir(), kind, strings.Join(kinds, ", "))
	}
	c, err := selectCell(cells, selector)
	if err != nil {
		return nil, 0, "", err
	}
	rec := files[c.ID()]
	p, err = profile.Read(filepath.Join(run.Dir(), rec.Files[kind]))
	return p, rec.Pages, c.ID(), err
}

// isProfile reports whether file is one that pprof reads; a ledger is not.
func isProfile(file string) bool { return strings.HasSuffix(file, ".pb.gz") }

// browse opens url in a browser if the desktop has one. It is a convenience: the URL is printed in any case.
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
