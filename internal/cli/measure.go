package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/host"
	"crawlbench/internal/measure"
	"crawlbench/internal/plain"
	"crawlbench/internal/report"
	"crawlbench/internal/store"
)

// measure takes the missing samples and profiles, writes the files derived from the journal, and
// prints the result. Finished samples are kept in any case.
func (a *app) measure(ctx context.Context, run *store.Run, graphs []measure.Graph, f runFlags, begin time.Time) error {
	r := measure.Runner{
		Run: run, Caches: map[string]string{}, Spin: run.Manifest().Spin, Memory: run.Plan().Memory,
		Budget: f.budget, Begin: begin, Child: []string{f.programs.startThis, measure.ChildVerb},
		Against: f.programs.startOther,
	}
	if r.Memory == 0 {
		r.Memory = host.FreeMemory()
	}
	for _, g := range graphs {
		r.Caches[g.Info.Name] = g.Cache
	}
	show := newProgress(a.screen, f.progress)
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
		fmt.Fprintf(a.err, "note: %[2]s fitted the budget of %[1]v, not the expected %[3]d\n", f.budget,
			plain.Count(rounds, "round"), planned)
	}

	if text := report.Settled(run); text != "" && errRun == nil {
		fmt.Fprintln(a.err, text)
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

// conclude writes bench.txt and the manifest, and prints the result.
func (a *app) conclude(run *store.Run, state store.State, gate gateFlags) error {
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
	if run.Moved() == nil {
		if err := store.SetLatest(filepath.Dir(run.Dir()), filepath.Base(run.Dir())); err != nil {
			fmt.Fprintln(a.err, "note:", err)
		}
	}
	analysis, err := a.publish(run)
	if err != nil {
		return err
	}
	if state == store.Complete {
		fmt.Fprint(a.out, a.next(run))
	}
	if analysis.Changes == nil || state != store.Complete {
		return nil
	}
	fmt.Fprintf(a.out, "\nagainst %s, paired by round:\n", run.Manifest().Against)
	return a.changes(analysis.Changes, gate)
}

// publish prints the result of a run and writes its report. If only writing fails, it returns the
// analysis with the error.
func (a *app) publish(run *store.Run) (*diagnose.Analysis, error) {
	analysis, err := diagnose.Analyse(run)
	if err != nil {
		return nil, err
	}
	fmt.Fprint(a.out, report.Text(analysis, typed(os.Args[0])))
	if err := report.Write(analysis); err != nil {
		return analysis, err
	}
	fmt.Fprintf(a.out, "report: %s\n", filepath.Join(run.Dir(), "report.html"))
	return analysis, nil
}

// next returns the commands to continue with.
func (a *app) next(run *store.Run) string {
	lines := [][2]string{{a.command("compare", run.Dir()), "compare the crawlers with benchstat"}}
	if cell, kind := example(run); cell != "" {
		lines = append(lines, [2]string{a.command("flame", run.Dir(), cell, kind), "open a flame graph"})
	}
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 3, ' ', 0)
	fmt.Fprintln(w)
	for _, l := range lines {
		fmt.Fprintf(w, "  %s\t%s\n", l[0], l[1])
	}
	w.Flush()
	return b.String()
}

// example returns a profile to look at first, preferably one that shows waiting: words that select
// its cell, and its kind.
func example(run *store.Run) (cell, kind string) {
	for _, want := range []string{"block", "cpu", "mutex"} {
		for _, rec := range run.Records() {
			if rec.Profile == nil || rec.Profile.Files[want] == "" {
				continue
			}
			var words []string
			for _, pair := range strings.Split(rec.Cell, ",") {
				if axis, value, _ := strings.Cut(pair, "="); axis == "impl" || axis == "graph" || axis == "keys" {
					words = append(words, value)
				} else if axis == "workers" {
					words = append(words, "w"+value)
				}
			}
			return strings.Join(words, " "), want
		}
	}
	return "", ""
}

// typed returns the words with which a shell starts the program again that was started as path.
func typed(path string) string {
	if strings.Contains(filepath.ToSlash(path), "/go-build") {
		return "go run ." // which removes the file when the program ends
	}
	return quoteWord(path)
}

// command returns a command line for the user: a make target if make called the program and can
// pass the words. more is the other program of a resumed run, or the cell and kind of a flame
// graph.
func (a *app) command(verb, run string, more ...string) string {
	if os.Getenv("CRAWLBENCH_MAKE") != "" {
		if quoteWord(run) == run && (verb != "resume" || more[0] == "" || quoteWord(more[0]) == more[0]) {
			return makeCommand(verb, run, more)
		}
	}
	words := []string{verb, run}
	switch verb {
	case "resume":
		words = []string{"run", "-resume", run}
		if more[0] != "" {
			words = append(words, "-against", more[0])
		}
	case "flame":
		words = []string{"serve", "-cell", more[0], "-profile", more[1], run}
	}
	return typed(os.Args[0]) + " " + quote(words)
}

func makeCommand(verb, run string, more []string) string {
	switch {
	case verb == "resume" && more[0] != "":
		return fmt.Sprintf("make bench RESUME=%s FLAGS=%q", run, "-against "+more[0])
	case verb == "resume":
		return "make bench RESUME=" + run
	case verb == "flame":
		return fmt.Sprintf("make flame CELL=%q PROFILE=%s RUN=%s", more[0], more[1], run)
	}
	return fmt.Sprintf("make %s RUN=%s", verb, run)
}
