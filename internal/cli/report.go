package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"syscall"
)

// report prints the result of a run and writes its report.
func (a *app) report(_ context.Context, fs *flag.FlagSet, args []string) error {
	results := fs.String("results", "results", "`directory` that holds the runs")
	positional, err := parse(fs, args, 0, 1)
	if err != nil {
		return err
	}
	run, err := a.openRun(*results, append(positional, "")[0])
	if err != nil {
		return err
	}
	analysis, err := a.publish(run)
	if errors.Is(err, os.ErrPermission) || errors.Is(err, syscall.EROFS) {
		cause, _ := errors.AsType[syscall.Errno](err)
		fmt.Fprintf(a.err, "note: report.html and report.md were not written to %s: %v\n", run.Dir(), cause)
		err = nil
	}
	if err != nil {
		return err
	}
	if analysis.Changes != nil {
		fmt.Fprintf(a.out, "\nagainst %s, paired by round:\n", run.Manifest().Against)
		if err := a.changes(analysis.Changes, gateFlags{format: "text"}); err != nil {
			return err
		}
	}
	if len(run.Failed()) > 0 {
		return exitError{code: exitCrawlFailed}
	}
	return nil
}
