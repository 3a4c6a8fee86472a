package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"crawlbench/internal/host"
	"crawlbench/internal/report"
	"crawlbench/internal/runner"
	"crawlbench/internal/store"
)

// measure takes what the run lacks, writes what is derived from the journal, and shows the result. However it ends,
// what was finished is kept.
func (a *app) measure(ctx context.Context, run *store.Run, graphs []runner.Graph, f runFlags, begin time.Time) error {
	r := runner.Runner{
		Run: run, Caches: map[string]string{}, Spin: run.Manifest().Spin, Memory: run.Plan().Memory,
		Budget: f.budget, Begin: begin,
	}
	if r.Memory == 0 {
		r.Memory = host.FreeMemory()
	}
	for _, g := range graphs {
		r.Caches[g.Info.Name] = g.Cache
	}
	show := newProgress(a.err, f.progress)
	r.Watch = show.event
	errRun := r.Do(ctx)
	show.done()

	stopped := ctx.Err() != nil && errors.Is(errRun, context.Cause(ctx))
	state := store.Complete
	if errRun != nil {
		state = store.Interrupted
	}
	errEnd := a.conclude(run, state)
	switch {
	case stopped && errEnd == nil:
		fmt.Fprintf(a.err, "\ninterrupted; all that was finished is kept. To go on:\n  %s\n", a.command("run -resume "+run.Dir()))
		return exitError{code: exitInterrupted}
	case errRun != nil && !stopped:
		return fmt.Errorf("%w\nall that was finished is kept in %s; when it is mended, go on with: %s",
			errors.Join(errRun, errEnd), run.Dir(), a.command("run -resume "+run.Dir()))
	case errEnd != nil:
		return errEnd
	case len(run.Failed()) > 0:
		return exitError{code: exitFailed}
	}
	return nil
}

// conclude writes bench.txt and the manifest, and prints the result.
func (a *app) conclude(run *store.Run, state store.State) error {
	if err := run.WriteBench(); err != nil {
		return err
	}
	measured := report.MeasuredShare(run.Records())
	err := run.Update(func(m *store.Manifest) {
		m.State, m.Ended, m.Measured = state, time.Now().UTC(), measured
	})
	if err != nil {
		return err
	}
	if err := store.SetLatest(filepath.Dir(run.Dir()), filepath.Base(run.Dir())); err != nil {
		return err
	}
	fmt.Fprint(a.out, report.Text(run))
	if state == store.Complete {
		fmt.Fprint(a.out, a.next(run))
	}
	return nil
}

// next lists the commands to go on with.
func (a *app) next(run *store.Run) string {
	text := fmt.Sprintf("\n  %-58s %s\n", a.command("compare "+run.Dir()), "compare with benchstat")
	for _, rec := range run.Records() {
		if rec.Kind == store.KindProfile {
			text += fmt.Sprintf("  %-58s %s\n", a.command("serve "+run.Dir()), "choose a profile, see its flame graph")
			break
		}
	}
	return text
}

// command writes a command line of this program as its user would type it.
func (a *app) command(args string) string {
	name := filepath.Base(os.Args[0])
	if os.Getenv("CRAWLBENCH_COMMAND") != "" {
		name = os.Getenv("CRAWLBENCH_COMMAND")
	}
	return name + " " + args
}
