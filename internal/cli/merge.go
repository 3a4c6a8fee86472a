package cli

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plain/shell"
	"crawlbench/internal/report"
	"crawlbench/internal/store"
)

// mostShards limits the directories of merge.
const mostShards = 10_000

// merge puts the shards of a run together.
func (a *app) merge(_ context.Context, set *flag.FlagSet, args []string) error {
	results := set.String("results", "results", "`directory` that holds the runs")
	out := set.String("o", "", "write the run into this new `directory`, in place of one in -results")
	name := set.String("run", "", "merge the shards of the run of this `name` only")
	var gate gateFlags
	gate.add(set, "if the shards were measured with -against")
	positional, err := parse(set, args, 1, mostShards)
	if err != nil {
		return err
	}
	if _, err := gate.share(); err != nil {
		return err
	}
	runs, err := a.shards(positional, *name)
	if err != nil {
		return err
	}
	chosen, left, err := store.Attempts(runs)
	if err != nil {
		return fmt.Errorf("merge: %w", err)
	}
	for _, l := range left {
		fmt.Fprintln(a.err, "note: left out:", l)
	}
	if err := store.Agree(chosen); err != nil {
		return exitError{exitNotComparable, fmt.Errorf("merge: %w", err)}
	}
	if gate.gate != "" && chosen[0].Manifest().Against == "" {
		return usagef("merge: -gate needs shards that were measured with -against")
	}
	dir := cmp.Or(*out, filepath.Join(*results, chosen[0].Manifest().Shard.Run))
	if _, err := os.Lstat(dir); err == nil {
		return fmt.Errorf("merge: %s exists: remove it, or choose another directory with -o", dir)
	}
	if err := store.MakeParent(dir); err != nil {
		return fmt.Errorf("merge: %w", err)
	}
	run, err := store.Merge(dir, os.Args, chosen)
	if err != nil {
		return fmt.Errorf("merge: %w", err)
	}
	defer run.Close()
	err = a.conclude(run, store.Complete, gate)
	if err == nil && len(run.Failed()) > 0 {
		return exitError{code: exitCrawlFailed}
	}
	return err
}

// shards opens the shards in directories: each is a shard, or has some directly below it. Only those of the run of that
// name are returned, if there is one. Those that cannot be read are left out with a note.
func (a *app) shards(dirs []string, name string) (list []*store.Run, err error) {
	seen := map[string]bool{}
	open := func(dir string) (*store.Run, error) {
		real, err := filepath.EvalSymlinks(dir)
		if err != nil || seen[real] {
			return nil, err
		}
		seen[real] = true
		run, err := store.Open(dir)
		if err != nil {
			fmt.Fprintln(a.err, "note: left out:", err)
			return nil, nil
		}
		if s := run.Manifest().Shard; name != "" && s != nil && s.Run != name {
			return nil, nil
		}
		return run, nil
	}
	for _, dir := range dirs {
		_, err := os.Stat(filepath.Join(dir, "manifest.json"))
		if err == nil {
			run, err := open(dir)
			if err != nil {
				return nil, fmt.Errorf("merge: %w", err)
			}
			if run != nil {
				list = append(list, run)
			}
			continue
		}
		entries, err := os.ReadDir(dir)
		if err != nil {
			return nil, fmt.Errorf("merge: %w", err)
		}
		for _, e := range entries {
			if why := passedOver(dir, e); why != "" {
				fmt.Fprintf(a.err, "note: left out: %s %s\n", filepath.Join(dir, e.Name()), why)
			}
		}
		names, err := store.Runs(dir)
		if err != nil {
			return nil, fmt.Errorf("merge: %w", err)
		}
		for _, n := range names {
			run, err := open(filepath.Join(dir, n))
			if err != nil {
				return nil, fmt.Errorf("merge: %w", err)
			}
			if run != nil && run.Manifest().Shard != nil { // other runs may be beside them
				list = append(list, run)
			}
		}
	}
	if len(list) == 0 {
		of := ""
		if name != "" {
			of = fmt.Sprintf(" of run %q", name)
		}
		return nil, fmt.Errorf("merge: no shards%s in %s: want directories that \"run -shard\" wrote", of, shell.Command(dirs...))
	}
	return list, nil
}

// passedOver returns why an entry of a directory that contains shards is not taken for one, although it could be meant
// as one; "" if it is taken, or is something else.
func passedOver(dir string, e fs.DirEntry) string {
	_, err := os.Stat(filepath.Join(dir, e.Name(), "manifest.json"))
	switch {
	case e.Type()&fs.ModeSymlink != 0 && e.Name() != "latest" && err == nil:
		return "is a symbolic link: name it, or what it refers to"
	case e.IsDir() && strings.Contains(e.Name(), ".shard-") && err != nil:
		return fmt.Sprintf("cannot be a shard: %v", err)
	}
	return ""
}

// compareMachines prints the verdicts of a run that was measured on several machines, and reports whether it did.
func (a *app) compareMachines(fs *flag.FlagSet, results string, names []string) (done bool, err error) {
	if len(names) > 1 {
		return false, nil
	}
	dir, err := findRun(results, append(names, "")[0])
	if err != nil {
		return true, err
	}
	m, _, err := store.Peek(dir)
	if err != nil || len(m.Machines) < 2 {
		return false, nil // the next caller that opens it reports the error
	}
	fs.Visit(func(f *flag.Flag) {
		if f.Name == "baseline" || f.Name == "unit" || f.Name == "print" {
			err = usagef("compare: -%s is for benchstat, which would treat the rounds of all machines as rounds of one: omit it",
				f.Name)
		}
	})
	if err != nil {
		return true, err
	}
	run, err := a.openRun(results, dir)
	if err != nil {
		return true, err
	}
	fmt.Fprintln(a.raw, strings.TrimLeft(report.Verdicts(diagnose.Compare(run), a.screen), "\n"))
	a.tell("note: benchstat's table is left out: it would treat the rounds of all machines as rounds of one.")
	return true, nil
}

// against prints the title of a table of changes.
func (a *app) against(run *store.Run) {
	by := "round"
	if run.Several() {
		by = "machine"
	}
	fmt.Fprintf(a.out, "\nagainst %s, paired by %s:\n", run.Manifest().Against, by)
}
