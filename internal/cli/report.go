package cli

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/report"
	"crawlbench/internal/store"
)

// reportFlags are the flags of report.
type reportFlags struct{ results, format, base, link string }

// report prints the result of a run. As text, it also writes its report.
func (a *app) report(_ context.Context, fs *flag.FlagSet, args []string) error {
	var f reportFlags
	fs.StringVar(&f.results, "results", "results", "`directory` that holds the runs")
	fs.StringVar(&f.format, "format", "text", "`format`: "+strings.Join(report.Formats(), ", ")+
		"; summary is at most ten lines of Markdown for a pull request; only text also writes report.html and report.md")
	fs.StringVar(&f.base, "base", "", "with -format summary, an earlier `run`, to list what changed since then (default: the program of -against, if any)")
	fs.StringVar(&f.link, "link", "", "with -format summary, the `URL` of the full report (default: the path of report.html)")
	positional, err := parse(fs, args, 0, 1)
	if err != nil {
		return err
	}
	if !slices.Contains(report.Formats(), f.format) {
		return usagef("report: invalid -format %q: want one of %s", f.format, strings.Join(report.Formats(), ", "))
	}
	if f.format != "summary" && f.base+f.link != "" {
		return usagef("report: -base and -link need -format summary; \"compare OLD NEW\" compares two runs")
	}
	run, err := a.openRun(f.results, append(positional, "")[0])
	if err != nil {
		return err
	}
	if f.format == "text" {
		err = a.reportText(run)
	} else {
		err = a.reportAs(run, f)
	}
	if err == nil && len(run.Failed()) > 0 {
		return exitError{code: exitCrawlFailed}
	}
	return err
}

// reportText prints the result and writes the report.
func (a *app) reportText(run *store.Run) error {
	analysis, err := a.publish(run)
	if errors.Is(err, os.ErrPermission) || errors.Is(err, syscall.EROFS) {
		cause, _ := errors.AsType[syscall.Errno](err)
		fmt.Fprintf(a.err, "note: report.html and report.md were not written to %s: %v\n", run.Dir(), cause)
		err = nil
	}
	if err != nil || analysis.Changes == nil {
		return err
	}
	a.against(run)
	return a.changes(analysis.Changes, gateFlags{format: "text"})
}

// reportAs prints the result in another format.
func (a *app) reportAs(run *store.Run, f reportFlags) error {
	analysis, err := diagnose.Analyse(run)
	if err != nil {
		return err
	}
	switch f.format {
	case "markdown":
		_, err = report.Markdown(a.out, analysis)
		return err
	case "html":
		return report.HTML(a.out, analysis)
	case "json":
		return report.JSON(a.out, analysis)
	case "csv":
		return report.CSV(a.out, analysis)
	}
	var base *report.Base
	if f.base != "" {
		old, err := a.openRun(f.results, f.base)
		if err != nil {
			return err
		}
		list, err := a.between(old, run)
		if err != nil {
			return err
		}
		base = &report.Base{Name: old.Manifest().Run, Changes: list}
	} else if analysis.Changes != nil {
		base = &report.Base{Name: run.Manifest().Against, Changes: analysis.Changes}
	}
	link := cmp.Or(f.link, filepath.ToSlash(filepath.Join(run.Dir(), "report.html")))
	return report.Summary(a.out, analysis, base, link)
}
