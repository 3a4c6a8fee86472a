package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"crawlbench/internal/host"
	"crawlbench/internal/host/child"
	"crawlbench/internal/measure"
	"crawlbench/internal/plain"
	"crawlbench/internal/plan"
	"crawlbench/internal/simulate"
	"crawlbench/internal/store"
)

// simulatedFlags are the flags of run that a simulated scenario can have.
var simulatedFlags = []string{"crawlers", "graph", "keys", "workers", "seed", "n", "o", "results", "progress", "format",
	"q", "v"}

// checkSimulated returns an error for flags that say how to measure.
func checkSimulated(fs *flag.FlagSet, p *plan.Plan) error {
	var err error
	fs.Visit(func(given *flag.Flag) {
		if !slices.Contains(simulatedFlags, given.Name) {
			err = usagef("run: -%s cannot be used with the scenario %s, which is simulated: omit it", given.Name, p.Scenario)
		}
	})
	return err
}

// simulate starts a new run of a simulated plan.
func (a *app) simulate(ctx context.Context, p *plan.Plan, m store.Manifest, f runFlags) error {
	if f.dry {
		a.showSimulated(p)
		return nil
	}
	err := child.Supported()
	if err != nil {
		return err
	}
	if f.programs, err = readPrograms(""); err != nil {
		return err
	}
	defer f.programs.close()
	if err := origin(&m, p, f.programs); err != nil {
		return err
	}
	run, err := f.create(m, p, m.Started)
	if err != nil {
		return err
	}
	defer run.Close()
	if err := describeGraphs(ctx, run); err != nil {
		run.Close()
		return errors.Join(err, os.RemoveAll(run.Dir())) // nothing was simulated: remove the directory
	}
	return a.takeSimulated(ctx, run, f)
}

// describeGraphs notes the graphs of a run in its manifest.
func describeGraphs(ctx context.Context, run *store.Run) error {
	cache, remove, err := measure.Caches(run)
	if err != nil {
		return err
	}
	defer remove()
	graphs, err := measure.Build(ctx, run.Plan(), cache, host.FreeMemory())
	if err != nil {
		return err
	}
	return run.Update(func(m *store.Manifest) { m.Graphs = measure.Infos(graphs) })
}

// takeSimulated simulates the pending cells of a run and prints the result.
func (a *app) takeSimulated(ctx context.Context, run *store.Run, f runFlags) error {
	p := run.Plan()
	slots, _ := run.Pending()
	at := map[plan.Cell]plan.Slot{}
	var cells []plan.Cell
	for _, s := range slots {
		c := p.Cells[s.Cell]
		at[c] = s
		cells = append(cells, c)
	}
	slices.SortFunc(cells, func(x, y plan.Cell) int { return slices.Index(p.Cells, x) - slices.Index(p.Cells, y) })
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	command := func() *exec.Cmd {
		cmd := exec.CommandContext(ctx, exe, simulate.ChildVerb)
		cmd.Args[0] = os.Args[0]
		return cmd
	}
	begin := time.Now().UTC()
	errRun := simulate.Run(ctx, p, cells, command, func(r simulate.Result) error {
		return run.Append(recordOf(r, at[r.Cell], begin))
	})
	state := store.Complete
	if errRun != nil {
		state = store.Interrupted
	}
	errEnd := a.conclude(run, state, f.gate)
	switch {
	case ctx.Err() != nil:
		fmt.Fprintf(a.err, "\ninterrupted; finished simulations are kept. To continue:\n  %s\n", a.command("resume", run.Dir(), ""))
		return exitError{code: exitInterrupted}
	case errRun != nil || errEnd != nil:
		return errors.Join(errRun, errEnd)
	case len(run.Failed()) > 0:
		return exitError{code: exitCrawlFailed}
	}
	return nil
}

// recordOf returns the record of a simulation.
func recordOf(r simulate.Result, at plan.Slot, begin time.Time) store.Record {
	rec := store.Record{Kind: store.KindSample, Round: at.Round, Slot: at.Slot, Cell: r.Cell.ID(), Start: begin,
		Wall: time.Since(begin).Seconds()}
	if r.Class != "" {
		rec.Kind, rec.Failure = store.KindFailure, &store.Failure{Class: r.Class, Message: r.Failed}
		return rec
	}
	seconds := max(r.Summary.Makespan, time.Nanosecond.Seconds())
	rec.Sample = &store.Sample{Crawls: 1, Seconds: []float64{seconds}, Values: map[string]float64{}, Polite: &r.Summary}
	for _, unit := range store.Units() {
		rec.Sample.Values[unit] = 0
	}
	rec.Sample.Values["sec/op"], rec.Sample.Values["pages/op"] = seconds, float64(r.Pages)
	return rec
}

// showSimulated prints what a simulated plan does.
func (a *app) showSimulated(p *plan.Plan) {
	a.prose(fmt.Sprintf("%s is simulated in virtual time, with %s: %s.", p.Scenario, p.Politeness,
		plain.Count(len(p.Cells), "crawl")))
	fmt.Fprintln(a.raw)
	var rows [][]string
	for _, g := range p.Graphs {
		var workers []string
		for _, c := range p.Cells {
			if w := fmt.Sprint(c.Workers); c.Graph == g.Name && !slices.Contains(workers, w) {
				workers = append(workers, w)
			}
		}
		rows = append(rows, []string{g.Name, strings.Join(workers, ", ") + " workers", g.Doc})
	}
	a.screen.List(a.raw, rows)
	fmt.Fprintln(a.raw)
	a.prose("crawlers: " + strings.Join(p.Crawlers, ", "))
}

// prose prints a paragraph as wide as the screen.
func (a *app) prose(text string) {
	a.screen.Paragraph(a.raw, "", text)
}

// simulated simulates a plan for a lesson, in child processes of this program.
func simulated(ctx context.Context, p *plan.Plan) (list []simulate.Result, err error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	err = simulate.Run(ctx, p, p.Cells, func() *exec.Cmd { return exec.CommandContext(ctx, exe, simulate.ChildVerb) },
		func(r simulate.Result) error { list = append(list, r); return nil })
	return list, err
}
