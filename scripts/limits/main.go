// Command limits measures how close the crawlers come to what the machine can do: each row of its
// table is a ratio of two programs that ran alternately, in fresh processes, on the same graph.
//
//	limits [-rounds 7] [-rows REGEXP] [-dir DIR] [-gapbs DIR] [-topdown FILE] [-purego FILE]
//
// A round measures every side of every row once, in random order, each in a process of its own: the
// process is the unit of noise here, since much of its speed depends on the memory that it gets.
// The table shows the median over the rounds and the quartiles, beside the required value and the
// target.
//
// With -gapbs, the directory of a built checkout of the GAP Benchmark Suite, its breadth-first
// search runs on the same graph from the same page with two threads. By default it switches to
// following links backwards, which a crawler cannot do; -topdown is the same program built without
// that: in src/bfs.cc, the one condition of DOBFS that leads there is made false.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"strings"
)

func main() {
	if len(os.Args) == 3 && os.Args[1] == childVerb {
		if err := child(os.Args[2]); err != nil {
			fmt.Fprintln(os.Stderr, "limits:", err)
			os.Exit(1)
		}
		return
	}
	var s setup
	rounds := flag.Int("rounds", 7, "`number` of rounds")
	only := flag.String("rows", "", "measure only rows whose names match this `regexp`")
	flag.StringVar(&s.dir, "dir", "", "`directory` in which graphs are kept; those in it must be of the same version")
	flag.StringVar(&s.gapbs, "gapbs", "", "`directory` of a built checkout of the GAP Benchmark Suite")
	flag.StringVar(&s.topDown, "topdown", "", "its bfs `program`, built without the change of direction")
	flag.StringVar(&s.purego, "purego", "", "this `program`, built with -tags purego: without assembly")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, s, *rounds, *only); err != nil {
		fmt.Fprintln(os.Stderr, "limits:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, s setup, rounds int, only string) (err error) {
	match, err := regexp.Compile(only)
	if err != nil {
		return fmt.Errorf("-rows: invalid regular expression %q: %w: -rows . measures all rows", only, err)
	}
	if s.dir == "" {
		if s.dir, err = os.MkdirTemp("", "crawlbench-limits-"); err != nil {
			return err
		}
		defer os.RemoveAll(s.dir)
	}
	var rows []row
	for _, r := range table(s) {
		if match.MatchString(r.work) {
			rows = append(rows, r)
		}
	}
	if len(rows) == 0 {
		var all []string
		for _, r := range table(s) {
			all = append(all, "  "+r.work)
		}
		return fmt.Errorf("-rows: %q matches no row: want a regular expression that matches some of these:\n%s\n"+
			"with -gapbs, -topdown and -purego there are more", only, strings.Join(all, "\n"))
	}
	values, err := measureRows(ctx, rows, max(1, rounds))
	if err != nil {
		return err
	}
	printTable(os.Stdout, rows, values)
	return nil
}
