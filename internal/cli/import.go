package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"crawlbench/internal/graph"
	"crawlbench/internal/host"
	"crawlbench/internal/importer"
	"crawlbench/internal/plain"
	"crawlbench/internal/plain/shell"
	"crawlbench/internal/plan"
	"crawlbench/internal/rundir"
)

// importFlags are the flags of import.
type importFlags struct {
	out, broken string
	force       bool
	importer.Options
}

// importCrawl makes a graph file from a recorded crawl.
func (a *app) importCrawl(ctx context.Context, set *flag.FlagSet, args []string) error {
	var f importFlags
	set.StringVar(&f.out, "o", "", "`file` to write (default: the name of the input with the ending .cbg)")
	set.StringVar(&f.Format, "format", "", "`format` of the input, if its content does not tell: "+
		strings.Join(importer.Names(), ", "))
	set.StringVar(&f.Start, "start", "",
		"`URL` of the page from which crawls start (default: the first page that leads to all others; if none does, an added page that links to as few as necessary)")
	set.BoolVar(&f.Leaves, "leaves", true,
		"keep pages that are linked to but were never fetched, as pages without links")
	set.StringVar(&f.broken, "broken", "1%", "largest `share` of records that may be broken; they are left out")
	set.BoolVar(&f.force, "force", false, "replace the file of -o if it exists")
	positional, err := parse(set, args, 1, 1000)
	if err != nil {
		return err
	}
	if f.Format != "" && !slices.Contains(importer.Names(), f.Format) {
		return usagef("import: unknown -format %q%s: want one of %s", f.Format,
			plan.Nearest(f.Format, importer.Names()), strings.Join(importer.Names(), ", "))
	}
	digits, ok := strings.CutSuffix(f.broken, "%")
	share, err := strconv.ParseFloat(digits, 64)
	if !ok || err != nil || !(share >= 0 && share <= 100) {
		return usagef("import: invalid -broken %q: want a share such as 1%%, from 0%% to 100%%", f.broken)
	}
	f.Broken, f.Memory = share/100, host.FreeMemory()
	if f.out == "" {
		f.out = importedName(positional[0])
	}
	if err := f.free(positional); err != nil {
		return fmt.Errorf("import: %w", err)
	}
	var sources []importer.Source
	for _, name := range positional {
		s, err := a.source(name)
		if err != nil {
			return fmt.Errorf("import: %w", err)
		}
		sources = append(sources, s)
	}
	if f.Memory > 0 { // or garbage could take what is counted on
		defer debug.SetMemoryLimit(debug.SetMemoryLimit(f.Memory))
	}
	g, rep, err := importer.Import(ctx, sources, f.Options)
	if err == nil {
		err = f.free(positional) // the file may have been written meanwhile
	}
	if err == nil {
		err = rundir.Replace(f.out, 0o644, true, func(w io.Writer) error { return graph.WriteRecorded(ctx, w, g) })
	}
	switch {
	case err != nil && ctx.Err() != nil:
		return exitError{exitInterrupted, fmt.Errorf("import: %w: nothing was written", context.Cause(ctx))}
	case err != nil:
		return fmt.Errorf("import: %w", err)
	}
	a.imported(g, rep, f)
	return nil
}

// importedName returns the name of the graph file of an input: the input's name with another ending, in this directory.
func importedName(input string) string {
	name := filepath.Base(input)
	if input == "-" {
		name = "site"
	}
	for _, ending := range []string{".gz", ".jsonl", ".ndjson", ".json", ".jl", ".warc", ".log", ".txt"} {
		if base := strings.TrimSuffix(name, ending); base != "" {
			name = base
		}
	}
	return name + ".cbg"
}

// free returns an error if the file to write exists and must not be replaced.
func (f *importFlags) free(inputs []string) error {
	if !strings.HasSuffix(f.out, ".cbg") {
		return usagef("invalid -o %q: want a name that ends in .cbg, by which run knows the format", f.out)
	}
	info, err := os.Lstat(f.out)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return canWrite(f.out)
	case err != nil:
		return err
	case info.IsDir():
		return fmt.Errorf("%s is a directory: want the name of a file: -o NAME.cbg", f.out)
	case !f.force:
		return fmt.Errorf("%s exists: give another name with -o, or replace it with -force", f.out)
	}
	return writable(f.out, inputs...)
}

// writable returns an error if a file cannot be written, or is one of the inputs, which would be lost.
func writable(file string, inputs ...string) error {
	info, err := os.Stat(file)
	switch {
	case err == nil && info.IsDir():
		return fmt.Errorf("%s is a directory: want the name of a file", file)
	case err == nil:
		for _, input := range inputs {
			if same, err := os.Stat(input); err == nil && os.SameFile(info, same) {
				return fmt.Errorf("%s is the input, which would be overwritten: give another name", file)
			}
		}
	}
	return canWrite(file)
}

// canWrite returns an error if a file cannot be written in its directory: it is better to know before the work than
// after it.
func canWrite(file string) error {
	f, err := os.CreateTemp(filepath.Dir(file), ".crawlbench-")
	if err == nil {
		return errors.Join(f.Close(), os.Remove(f.Name()))
	}
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		err = path.Err
	}
	return fmt.Errorf("%s cannot be written: %w: want a directory that is there and can be written to", file, err)
}

// source returns the input with that name; - is standard input.
func (a *app) source(name string) (importer.Source, error) {
	if name == "-" {
		return importer.Source{Name: "standard input",
			Open: func() (io.ReadCloser, error) { return io.NopCloser(a.in), nil }}, nil
	}
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return importer.Source{}, err
	case !info.Mode().IsRegular():
		return importer.Source{}, fmt.Errorf("%s is not a regular file: want a file, or - for standard input", name)
	}
	return importer.Source{Name: name, Size: info.Size(),
		Open: func() (io.ReadCloser, error) { return os.Open(name) }}, nil
}

// imported prints what was imported, and which command to type next.
func (a *app) imported(g *graph.Graph, rep *importer.Report, f importFlags) {
	s := a.screen
	s.Title(a.raw, fmt.Sprintf("%s: %s, %s, %s", f.out, plain.Count(rep.Pages, "page"), plain.Count(rep.Links, "link"),
		plain.Count(rep.Hosts, "host")))
	var rows [][]string
	row := func(key, format string, args ...any) {
		rows = append(rows, []string{key, fmt.Sprintf(format, args...)})
	}
	row("read", "%s of %s", plain.Count(rep.Records, "record"), strings.Join(rep.Formats, " and "))
	row("fetched", "%s, %s", plain.Count(rep.Fetched, "page"), plain.Bytes(float64(rep.Bytes)))
	if rep.Failed > 0 {
		row("failed", "%s of them (%s)", plain.Number(rep.Failed), rep.FailedBy())
	}
	if rep.Redirected > 0 {
		row("redirected", "%s of them, each a page with one link", plain.Number(rep.Redirected))
	}
	if rep.Leaves > 0 {
		kept := "kept as pages without links"
		if !f.Leaves {
			kept = "left out"
		}
		row("never fetched", "%s, %s", plain.Count(rep.Leaves, "page"), kept)
	}
	if len(rep.Waits) > 0 {
		row("latency", "median %v, 90 %% %v, 99 %% %v, longest %v", short(rep.Waits[0]), short(rep.Waits[1]),
			short(rep.Waits[2]), short(rep.Waits[3]))
	} else {
		row("latency", "not recorded")
	}
	row("start", "%s", a.startText(g, rep))
	if rep.TreeOnly {
		row("links", "one to each page: a crawl.log has only those by which pages were found")
	}
	for _, x := range []struct {
		n    int
		what string
	}{{rep.Repeated, "of a page that had one"}, {rep.LeftOut, "of DNS names, robots.txt and other schemes"},
		{rep.NoLinks, "with a body that cannot be decoded, kept without links"}} {
		if x.n > 0 {
			row("note", "%s %s", plain.Count(x.n, "record"), x.what)
		}
	}
	if rep.Broken > 0 {
		row("broken", "%s, left out", plain.Count(rep.Broken, "record"))
		first := rep.First
		if !a.verbose {
			first = first[:min(3, len(first))]
		}
		for _, what := range first {
			row("", "%s", what)
		}
	}
	if a.quiet {
		rows = nil
	}
	s.List(a.raw, rows)
	if !a.quiet {
		fmt.Fprintln(a.raw)
		s.Command(a.raw, "crawl it: ", "",
			typed(os.Args[0])+" "+shell.Command("run", "-graph", f.out, "-keys", "url"))
		if len(rep.Waits) > 0 {
			s.Command(a.raw, "with its latencies and failures: ", "",
				typed(os.Args[0])+" "+shell.Command("run", "-graph", f.out, "-keys", "url", recordedFlag(rep)))
		}
	}
}

// recordedFlag returns the flag that replays a crawl, with latencies scaled to a median if one worker could not keep
// the deadline of a crawl otherwise.
func recordedFlag(rep *importer.Report) string {
	const most = 20 * time.Second
	if rep.Total <= most || rep.Waits[0] == 0 {
		return "-recorded"
	}
	median := float64(rep.Waits[0]) * float64(most) / float64(rep.Total)
	digit := math.Pow10(int(math.Floor(math.Log10(median))))
	return "-recorded=" + time.Duration(max(1000, math.Floor(median/digit)*digit)).String()
}

// startText says from where crawls of g start.
func (a *app) startText(g *graph.Graph, rep *importer.Report) string {
	text := plain.Line(g.URL(g.Start))
	if rep.Roots > 1 {
		text += fmt.Sprintf(", an added page that links to the %s from which the crawl began",
			plain.Count(rep.Roots, "page"))
	}
	if rep.Reached < rep.Pages {
		text += fmt.Sprintf("; it leads to %s of %s", plain.Number(rep.Reached),
			plain.Count(rep.Pages, "page"))
	}
	return text
}

// short rounds a time to three digits.
func short(d time.Duration) time.Duration {
	unit := time.Duration(1)
	for d/unit >= 1000 {
		unit *= 10
	}
	return d.Round(unit)
}
