// Command limits measures how far the designs are from what the machine can do: each row of its table is a ratio, made of
// two programs that ran in turn, in fresh processes, on the same graph.
//
//	limits [-rounds 7] [-rows REGEXP] [-dir DIR] [-gapbs DIR] [-topdown FILE] [-purego FILE]
//
// A round measures every side of every row once, in a random order, each in a process of its own: a process is the unit of
// noise here, since what memory it gets decides much of its speed. Printed are the median of the rounds and their
// quartiles, beside what must be reached and what is aimed at.
//
// With -gapbs, the directory of a built checkout of the GAP Benchmark Suite, its breadth-first search runs on the same
// graph from the same page with as many threads. As it is, it changes over to walking links backwards, which a crawler
// does not have; -topdown is the same program built with that switched off: in src/bfs.cc, the one condition of DOBFS that
// leads there made false.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
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
	only := flag.String("rows", "", "measure those rows only whose names match this `regexp`")
	flag.StringVar(&s.dir, "dir", "", "`directory` to keep the graphs in, for the next time; those in it must be of the same version")
	flag.StringVar(&s.gapbs, "gapbs", "", "`directory` of a built checkout of the GAP Benchmark Suite")
	flag.StringVar(&s.topDown, "topdown", "", "its bfs, built without the change of direction")
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
		return fmt.Errorf("-rows: %w", err)
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
		return fmt.Errorf("-rows %s: no row has such a name", only)
	}
	values, err := measure(ctx, rows, max(1, rounds))
	if err != nil {
		return err
	}
	print(os.Stdout, rows, values)
	return nil
}
