package cli

import (
	"context"
	"flag"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/explain"
	"crawlbench/internal/measure"
	"crawlbench/internal/plain"
	"crawlbench/internal/plan"
	"crawlbench/internal/report"
	"crawlbench/internal/store"
)

// explainRounds is the number of rounds of an experiment if the budget allows it.
const explainRounds = 20

// explain tests the findings of a run by experiments.
func (a *app) explain(ctx context.Context, fs *flag.FlagSet, args []string) error {
	results := fs.String("results", "results", "`directory` that holds the runs")
	budget := fs.Duration("budget", 0, "`time` that the experiments may take (default: as long as the run took)")
	dry := fs.Bool("n", false, "print the predictions, and measure nothing")
	positional, err := parse(fs, args, 0, 1)
	if err != nil {
		return err
	}
	if *budget < 0 {
		return usagef("explain: invalid -budget %v: want more than 0", *budget)
	}
	run, err := a.openRun(*results, append(positional, "")[0])
	if err != nil {
		return err
	}
	if err := measured(run, "explain"); err != nil {
		return err
	}
	return a.test(ctx, run, *budget, *dry)
}

// test tests the findings of a run.
func (a *app) test(ctx context.Context, run *store.Run, budget time.Duration, dry bool) error {
	analysis, err := diagnose.Analyse(run)
	if err != nil {
		return err
	}
	if run.Several() {
		a.tell(fmt.Sprintf("note: the findings come from %s, and the experiments run on this machine.",
			report.MachineName(analysis)))
	}
	tests, untested := explain.Tests(analysis)
	for _, f := range untested {
		a.side.Paragraph(a.rawErr, "", fmt.Sprintf("note: no experiment tests the finding %q of %s: %s", f.Rule.Kind,
			report.Who(f.Cell.Cell), f.Why))
	}
	if len(tests) == 0 {
		fmt.Fprintln(a.out, "No finding can be tested.")
		return nil
	}
	m := run.Manifest()
	if budget == 0 {
		budget = m.Ended.Sub(m.Started)
	}
	p := explain.Plan(run.Plan(), tests, plan.MinRounds)
	round := roundTime(p, run)
	p.SetRounds(min(max(int(budget/round), plan.MinRounds), explainRounds))
	needed := time.Duration(p.Rounds) * round
	about := roundUp(needed)
	if needed > budget {
		fmt.Fprintf(a.err, "note: %s of all experiments need about %v: a budget of %v ends earlier, without verdicts\n",
			plain.Count(p.Rounds, "round"), about, budget)
	}
	text := fmt.Sprintf("%s, %s: about %v. Ratios are to the unchanged crawler.", plain.Count(len(tests), "prediction"),
		plain.Count(p.Rounds, "round"), about)
	if slices.ContainsFunc(tests, func(t diagnose.Test) bool { return t.Changed.NullSet }) {
		text += " The null set: the shared engine crawls a spanning tree, without a visited set."
	}
	a.prose(text)
	for _, t := range tests {
		a.screen.Paragraph(a.raw, "  ", fmt.Sprintf("%s, %s: with %s, %s becomes %s", cellOf(t, tests), t.Kind,
			t.Experiment, t.Metric, t.Predicted))
	}
	if dry {
		return nil
	}
	if err := diagnose.WritePredictions(run, tests); err != nil {
		return err
	}
	dir := filepath.Join(run.Dir(), diagnose.TestsDir)
	dir = filepath.Join(dir, store.NewName(dir, "tests", time.Now()))
	show := newProgress(a.rawErr, "auto")
	defer show.done()
	trial := measure.Trial{Crawlers: a.crawlers, Dir: dir, Watch: show.event, Budget: budget}
	measured, err := trial.Take(ctx, p, m.ScenarioText)
	show.done()
	if ctx.Err() != nil {
		return exitError{code: exitInterrupted}
	}
	if err != nil {
		return err
	}
	list := explain.Results(tests, measured)
	if err := diagnose.WriteTestResults(run, list); err != nil {
		return err
	}
	fmt.Fprintln(a.raw)
	for _, r := range list {
		a.screen.Paragraph(a.raw, "  ", fmt.Sprintf("%s, %s: %s", cellOf(r.Test, tests), r.Kind, report.TestResult(r)))
	}
	count := map[diagnose.Verdict]int{}
	for _, f := range analysis.Findings {
		if v, tested := explain.Combined(list, f.Rule.Kind, f.Cell.ID()); tested {
			count[v]++
		}
	}
	fmt.Fprintf(a.out, "Findings: %d confirmed, %d refuted, %d inconclusive, %d not tested\n",
		count[diagnose.Confirmed], count[diagnose.Refuted], count[diagnose.Inconclusive], len(untested))
	return report.Write(analysis)
}

// cellOf names the cell of t in words, followed by its ID if the words also fit the cell of another test.
func cellOf(t diagnose.Test, all []diagnose.Test) string {
	who := report.Who(t.Base)
	for _, other := range all {
		if other.Cell != t.Cell && report.Who(other.Base) == who {
			return who + " (" + t.Cell + ")"
		}
	}
	return who
}

// roundTime estimates the time of a round of p from the samples of a run.
func roundTime(p *plan.Plan, run *store.Run) time.Duration {
	const overhead = 60 * time.Millisecond // of a process
	longest, times := time.Duration(0), map[string]time.Duration{}
	for _, rec := range run.Samples() {
		d := time.Duration(rec.Sample.Values["sec/op"] * float64(time.Second))
		times[rec.Cell] = d
		longest = max(longest, d)
	}
	sum := time.Duration(0)
	for _, c := range p.Cells {
		crawl, ok := times[c.ID()]
		if !ok {
			crawl = longest
		}
		sum += max(crawl, p.Sample+crawl/2) + overhead
	}
	return sum
}
