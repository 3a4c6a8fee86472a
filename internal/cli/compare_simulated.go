package cli

import (
	"fmt"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/report"
	"crawlbench/internal/store"
)

// compareSimulated compares the crawlers of a simulated run, or two such runs, and reports whether it did. Their times
// are exact, so benchstat has nothing to say about them.
func (a *app) compareSimulated(results string, names []string, gate gateFlags) (done bool, err error) {
	if len(names) == 0 {
		names = []string{""}
	}
	var runs []*store.Run
	simulated := 0
	for _, name := range names {
		dir, err := findRun(results, name)
		if err != nil {
			return true, err
		}
		run, err := store.Open(dir)
		if err != nil {
			return true, err
		}
		runs = append(runs, run)
		if run.Plan().Simulated {
			simulated++
		}
	}
	if simulated == 0 {
		return false, nil
	}
	for _, run := range runs {
		for _, w := range run.Warnings {
			fmt.Fprintln(a.err, "note:", w)
		}
	}
	last := runs[len(runs)-1]
	switch {
	case simulated < len(runs):
		return true, exitError{exitNotComparable, fmt.Errorf("compare %s and %s: one of them is simulated and the other "+
			"measured: compare runs of one kind", runs[0].Dir(), last.Dir())}
	case gate.gate != "" || gate.format != "text":
		return true, usagef("compare: -gate and -format need measured runs, and these are simulated: omit them")
	case len(runs) == 1:
		fmt.Fprint(a.raw, report.Politeness(diagnose.Compare(last), a.screen))
		return true, nil
	}
	if err := diagnose.CheckSimulated(runs[0], last); err != nil {
		return true, exitError{exitNotComparable, err}
	}
	fmt.Fprint(a.raw, report.PolitenessChanges(diagnose.Compare(runs[0]), diagnose.Compare(last), a.screen))
	return true, nil
}
