package cli

import (
	"context"
	"flag"
	"fmt"
	"path/filepath"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/ui"
)

// export writes the pages of a run as files.
func (a *app) export(_ context.Context, fs *flag.FlagSet, args []string) error {
	results := fs.String("results", "results", "`directory` that holds the runs")
	positional, err := parse(fs, args, 2, 2)
	if err != nil {
		return err
	}
	run, err := a.openRun(*results, positional[0])
	if err != nil {
		return err
	}
	analysis, err := diagnose.Analyse(run)
	if err != nil {
		return err
	}
	written, err := ui.Write(positional[1], analysis, filepath.Base(run.Dir()))
	if err != nil {
		return err
	}
	fmt.Fprintf(a.out, "%d pages, %.1f MB: open %s\n", written.Pages, float64(written.Bytes)/1e6,
		filepath.Join(positional[1], "index.html"))
	return nil
}
