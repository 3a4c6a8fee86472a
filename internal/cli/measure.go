package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/host"
	"crawlbench/internal/measure"
	"crawlbench/internal/plain"
	"crawlbench/internal/plain/screen"
	"crawlbench/internal/report"
	"crawlbench/internal/store"
)

// measure takes the missing samples and profiles, writes the files derived from the journal, and
// prints the result. Finished samples are kept in any case.
func (a *app) measure(ctx context.Context, run *store.Run, graphs []measure.Graph, f runFlags, begin time.Time) error {
	r := measure.Runner{
		Run: run, Caches: measure.CacheFiles(graphs), Spin: run.Manifest().Spin,
		Memory: cmp.Or(run.Plan().Memory, host.FreeMemory()), Budget: f.budget, Begin: begin,
		Child: []string{f.programs.startThis, measure.ChildVerb}, Against: f.programs.startOther, Server: f.server,
	}
	show := newProgress(a.rawErr, f.progress)
	watched, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	r.Watch = func(e measure.Event) {
		show.event(e)
		if err := f.programs.unchanged(); err != nil {
			stop(err)
		}
	}
	planned := run.Plan().Rounds
	errRun := r.Do(watched)
	if errRun == nil {
		errRun = f.programs.unchanged()
	}
	if err := run.Moved(); err != nil { // it explains the other error
		errRun = err
	}
	show.done()
	if rounds := run.Plan().Rounds; rounds != planned {
		a.tell(fmt.Sprintf("note: %[2]s fitted the budget of %[1]v, not the expected %[3]d", f.budget,
			plain.Count(rounds, "round"), planned))
	}
	if text := report.Settled(run); text != "" && errRun == nil {
		a.tell(text)
	}

	stopped := ctx.Err() != nil && errors.Is(errRun, context.Cause(ctx))
	state := store.Complete
	if errRun != nil {
		state = store.Interrupted
	}
	errEnd := a.conclude(run, state, f.gate)
	switch {
	case stopped && errEnd == nil:
		fmt.Fprintf(a.err, "\ninterrupted; finished samples are kept. To continue:\n  %s\n",
			a.command("resume", run.Dir(), f.against))
		return exitError{code: exitInterrupted}
	case errRun != nil && !stopped:
		return fmt.Errorf("%w\nfinished samples are kept in %s; when the cause is fixed, continue with: %s",
			errors.Join(errRun, errEnd), run.Dir(), a.command("resume", run.Dir(), f.against))
	case errEnd != nil && codeOf(errEnd) != exitRegression && codeOf(errEnd) != exitCannotTell:
		return errEnd
	case len(run.Failed()) > 0:
		return exitError{code: exitCrawlFailed}
	}
	return errEnd
}

// tell writes a line to the standard error, wrapped on a terminal.
func (a *app) tell(text string) {
	screen.Of(a.rawErr).Line(a.rawErr, text) // which may have become narrower
}

// conclude writes bench.txt and the manifest, and prints the result.
func (a *app) conclude(run *store.Run, state store.State, gate gateFlags) error {
	if err := run.WriteBench(); err != nil {
		return err
	}
	measured := 0.0
	if !run.Plan().Simulated {
		measured = report.MeasuredShare(run.Records())
	}
	err := run.Update(func(m *store.Manifest) {
		m.State, m.Measured = state, measured
		if len(m.Parts) == 0 { // the shards of a merged run have ended before
			m.Ended = time.Now().UTC()
		}
	})
	if err != nil {
		return err
	}
	if run.Manifest().Shard != nil {
		a.shardDone(run, state)
		return nil
	}
	if run.Moved() == nil {
		if err := store.SetLatest(filepath.Dir(run.Dir()), filepath.Base(run.Dir())); err != nil {
			a.tell("note: " + err.Error())
		}
	}
	analysis, err := a.publish(run)
	if err != nil {
		return err
	}
	if state == store.Complete && !a.quiet {
		fmt.Fprint(a.raw, a.next(run))
	}
	if analysis.Changes == nil || state != store.Complete {
		return nil
	}
	a.against(run)
	return a.changes(analysis.Changes, gate)
}

// publish prints the result of a run and writes its report. If only writing fails, it returns the
// analysis with the error.
func (a *app) publish(run *store.Run) (*diagnose.Analysis, error) {
	analysis, err := diagnose.Analyse(run)
	if err != nil {
		return nil, err
	}
	fmt.Fprint(a.raw, report.Text(analysis, report.Terminal{Screen: a.screen, Detail: a.detail(), Flame: a.flame(run)}))
	if err := report.Write(analysis); err != nil {
		return analysis, err
	}
	a.screen.Line(a.raw, "report: "+filepath.Join(run.Dir(), "report.html"))
	return analysis, nil
}

// next returns the commands to continue with, with what they do beside or above them.
func (a *app) next(run *store.Run) string {
	about := "verdicts, and benchstat beside them"
	if run.Plan().Simulated {
		about = "what hosts saw; with a second run, how it differs"
	}
	lines := [][2]string{{a.command("compare", run.Dir()), about}}
	if cell, kind := example(run); cell != "" {
		lines = append(lines, [2]string{a.command("flame", run.Dir(), cell, kind), "open a flame graph"})
	}
	var b, narrow strings.Builder
	wide := 0
	for _, l := range lines {
		wide = max(wide, len([]rune(l[0]))+2+len(l[1])+3)
		narrow.WriteByte('\n')
		a.screen.Paragraph(&narrow, "  ", l[1]+":")
		a.screen.Command(&narrow, "", "    ", l[0])
	}
	if a.screen.Width > 0 && wide > a.screen.Width {
		return narrow.String()
	}
	b.WriteByte('\n')
	var rows [][]string
	for _, l := range lines {
		rows = append(rows, l[:])
	}
	a.screen.List(&b, rows)
	return b.String()
}
