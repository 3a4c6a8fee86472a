package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/report"
	"crawlbench/internal/report/ui"
)

// export writes the pages of a run as files in a directory or a .zip archive, or its report as one .html file.
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
	to := positional[1]
	if strings.EqualFold(filepath.Ext(to), ".html") {
		return a.exportReport(analysis, to)
	}
	written, err := ui.Write(to, analysis, filepath.Base(run.Dir()))
	if err != nil {
		return err
	}
	if !strings.EqualFold(filepath.Ext(to), ".zip") {
		to = filepath.Join(to, "index.html")
	}
	fmt.Fprintf(a.out, "%d pages, %.1f MB: open %s\n", written.Pages, float64(written.Bytes)/1e6, to)
	return nil
}

// exportReport writes the report of a run as one file, which must not exist.
func (a *app) exportReport(analysis *diagnose.Analysis, to string) error {
	f, err := ui.Create(to)
	if err != nil {
		return fmt.Errorf("export: %w", err)
	}
	err = report.HTML(f, analysis)
	info, errStat := f.Stat()
	if err = errors.Join(err, errStat, f.Close()); err != nil {
		os.Remove(to)
		return fmt.Errorf("export: %w", err)
	}
	fmt.Fprintf(a.out, "1 page, %.1f MB: open %s\n", float64(info.Size())/1e6, to)
	return nil
}
