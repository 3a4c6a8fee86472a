package cli

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"crawlbench/internal/host"
	"crawlbench/internal/host/child"
	"crawlbench/internal/measure"
	"crawlbench/internal/plain/shell"
	"crawlbench/internal/plan"
	"crawlbench/internal/store"
)

// resume continues a run.
func (a *app) resume(ctx context.Context, f runFlags) error {
	if err := child.Supported(); err != nil {
		return err
	}
	dir, err := findRun(f.results, f.resume)
	if err != nil {
		return err
	}
	run, recovered, err := store.Resume(dir)
	if err != nil {
		return err
	}
	defer run.Close()
	if recovered != nil {
		fmt.Fprintln(a.err, "note:", recovered)
	}
	for _, w := range run.Warnings {
		fmt.Fprintln(a.err, "note:", w)
	}
	if f.programs, err = readPrograms(f.against); err != nil {
		return err
	}
	defer f.programs.close()
	if err := cmp.Or(checkShard(run.Manifest()), sameConditions(run, f.programs)); err != nil {
		return exitError{exitNotComparable, fmt.Errorf("resume %s: %w", dir, err)}
	}
	if err := a.checkCanResume(run, f.against); err != nil {
		return fmt.Errorf("resume %s: %w", dir, err)
	}
	defer a.closeServer(&f)
	if err := a.resumeServer(ctx, run, &f); err != nil {
		return fmt.Errorf("resume %s: %w", dir, err)
	}
	cacheDir, remove, err := measure.Caches(run)
	if err != nil {
		return err
	}
	defer remove()
	f.programs.link(cacheDir)
	m, p := run.Manifest(), run.Plan()
	graphs, err := measure.Build(ctx, withGraphPaths(run, p), cacheDir, host.FreeMemory())
	if err != nil {
		return err
	}
	for _, g := range graphs {
		i := slices.IndexFunc(m.Graphs, func(o store.GraphInfo) bool { return o.Name == g.Info.Name })
		if i >= 0 && !m.Graphs[i].Same(g.Info) {
			return exitError{exitNotComparable,
				fmt.Errorf("resume %s: graph %s differs from the one that the run started with: its file or its generator has changed; start a new run", dir, g.Info.Name)}
		}
	}
	err = run.Update(func(m *store.Manifest) {
		m.State = store.Running
		if len(m.Graphs) == 0 { // it was killed while graphs were built
			m.Graphs = measure.Infos(graphs)
		}
	})
	if err != nil {
		return err
	}
	if p.Simulated {
		return a.takeSimulated(ctx, run, f)
	}
	slots, passes := run.Pending()
	fmt.Fprintf(a.err, "resuming %s: %d of %d samples and %d of %d profile passes are left\n",
		dir, len(slots), run.Planned(), len(passes), len(p.Passes))
	return a.measure(ctx, run, graphs, f, time.Now())
}

// sameConditions returns an error if new samples would not be comparable with those of the run.
func sameConditions(run *store.Run, by programs) error {
	m := run.Manifest()
	this, other := by.sums()
	if differ := host.Differ(m.Host, host.Fingerprint()); len(differ) > 0 {
		return fmt.Errorf("the run was started on another machine (%s differ): its samples would not be comparable; start a new run", strings.Join(differ, ", "))
	}
	if err := run.Changed(); err != nil {
		return fmt.Errorf("%w: restore it from a backup, or start a new run", err)
	}
	if m.Sums.Program == "" {
		return fmt.Errorf("the run does not record which program started it, as an older version of crawlbench made it: start a new run")
	}
	if m.Sums.Program != this {
		return fmt.Errorf("another program started the run (SHA-256 %.12s, this one has %.12s): resume with that program, or start a new run", m.Sums.Program, this)
	}
	if m.Sums.Against != "" && other != "" && m.Sums.Against != other {
		return fmt.Errorf("%s is not the program that the run was started against (SHA-256 %.12s, want %.12s): name that one with -against, or start a new run", by.other.Path, other, m.Sums.Against)
	}
	now := host.Environment()
	for _, name := range host.Variables() {
		if then := m.Environment[name]; host.Effective(name, then) != host.Effective(name, now[name]) {
			return fmt.Errorf("%s was %q when the run was started, and is %q now: restore it, or start a new run", name,
				then, now[name])
		}
	}
	return nil
}

// checkCanResume returns an error if this program cannot take the missing samples.
func (a *app) checkCanResume(run *store.Run, against string) error {
	p := run.Plan()
	for _, name := range p.Crawlers {
		if _, err := plan.Find(a.crawlers, plan.CrawlerOf(name)); err != nil {
			return fmt.Errorf("this program has no crawler %q: resume with the program that started the run", name)
		}
	}
	for _, c := range p.Cells {
		if c.Limiter != "" && !slices.Contains(a.limiterNames(), c.Limiter) {
			return fmt.Errorf("this program has no limiter %q: resume with the program that started the run", c.Limiter)
		}
	}
	for _, g := range p.Graphs {
		if problems := p.BehaviourOf(g.Name).Check(); len(problems) > 0 {
			return fmt.Errorf("its plan: fetch.%s: %s", problems[0].Field, problems[0].Msg)
		}
	}
	slots, _ := run.Pending()
	others := slices.ContainsFunc(p.Cells, plan.Cell.IsAgainst)
	left := slices.ContainsFunc(slots, func(s plan.Slot) bool { return p.Cells[s.Cell].IsAgainst() })
	switch {
	case left && against == "":
		return usagef("some cells are measured with another program, which is never taken from a file: name it with -against (the run was started with %s)", shell.Word(run.Manifest().Against))
	case !others && against != "":
		return usagef("the run has no other program: omit -against")
	}
	return nil
}
