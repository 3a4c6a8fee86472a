package cli

import (
	"context"
	"flag"
)

// report shows the result of a run again.
func (a *app) report(_ context.Context, fs *flag.FlagSet, args []string) error {
	results := fs.String("results", "results", "directory of the runs")
	positional, err := parse(fs, args, 0, 1)
	if err != nil {
		return err
	}
	run, err := a.openRun(*results, append(positional, "")[0])
	if err != nil {
		return err
	}
	if err := a.publish(run); err != nil {
		return err
	}
	if len(run.Failed()) > 0 {
		return exitError{code: exitFailed}
	}
	return nil
}
