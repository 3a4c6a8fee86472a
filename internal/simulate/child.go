package simulate

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/host/child"
	"crawlbench/internal/parallel"
	"crawlbench/internal/plan"
	"crawlbench/internal/web/hostlog"
)

// ChildVerb is the argument of a program that is called as the child process of a simulation.
const ChildVerb = "__simulate"

// Result is the simulation of a cell.
type Result struct {
	Cell    plan.Cell
	Summary hostlog.Summary
	Pages   int
	// Class and Failed say how and why the crawl failed, "" if it did not; "wrong" is a broken rule.
	Class, Failed string
}

// patience is the time limit of the crawls of one crawler.
const patience = 5 * time.Minute

// wrong is the class of a crawl that breaks a rule.
const wrong = "wrong"

// job says what a child process simulates.
type job struct {
	Plan  *plan.Plan
	Cells []plan.Cell // of one crawler
}

// Run simulates cells of p, those of each crawler in a process of their own, and calls took with each result, in no
// order. command returns the command of a process, which must call Child.
func Run(
	ctx context.Context, p *plan.Plan, cells []plan.Cell, command func() *exec.Cmd, took func(Result) error,
) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var mu sync.Mutex
	one := func(cells []plan.Cell) error {
		list, err := runOne(ctx, job{p, cells}, command)
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		for _, r := range list {
			if err := took(r); err != nil {
				return err
			}
		}
		return nil
	}
	// The last crawlers of the table waste the most time, and so have the most to simulate: they begin first.
	list := byCrawler(cells)
	slices.Reverse(list)
	parallel.Workers(len(list), func(numbers iter.Seq[int]) {
		for i := range numbers {
			if ctx.Err() != nil {
				return
			}
			if err := one(list[i]); err != nil {
				stop(err)
			}
		}
	})
	return context.Cause(ctx)
}

// byCrawler divides cells by crawler.
func byCrawler(cells []plan.Cell) (list [][]plan.Cell) {
	at := map[string]int{}
	for _, c := range cells {
		i, ok := at[c.Impl]
		if !ok {
			i = len(list)
			at[c.Impl] = i
			list = append(list, nil)
		}
		list[i] = append(list[i], c)
	}
	return list
}

// runOne simulates the cells of a crawler. Those that a process that failed did not reach have failed like it.
func runOne(ctx context.Context, j job, command func() *exec.Cmd) ([]Result, error) {
	in, err := json.Marshal(j)
	if err != nil {
		return nil, fmt.Errorf("simulate %s: encode the job: %w", j.Cells[0].Impl, err)
	}
	end, err := child.Run(ctx, func() *exec.Cmd {
		cmd := command()
		cmd.Stdin = bytes.NewReader(in)
		return cmd
	}, patience)
	if err != nil {
		return nil, fmt.Errorf("simulate %s: %w", j.Cells[0].Impl, err)
	}
	var list []Result
	for _, r := range end.Records {
		var row Result
		if r.Kind == record && json.Unmarshal(r.Body, &row) == nil && len(list) < len(j.Cells) {
			row.Cell = j.Cells[len(list)]
			list = append(list, row)
		}
	}
	for _, c := range j.Cells[len(list):] {
		list = append(list, Result{Cell: c, Class: string(end.Class), Failed: end.Text})
	}
	return list, nil
}

// record is the kind of the records with a Result.
const record = "row"

// Child is the main function of a child process: it simulates the cells of the job in in and exits.
func Child(in io.Reader, table []crawl.Crawler) {
	fail := func(err error) {
		fmt.Fprintln(os.Stderr, "simulate:", err)
		os.Exit(1)
	}
	var j job
	if err := json.NewDecoder(in).Decode(&j); err != nil {
		fail(fmt.Errorf("read the job: %w", err))
	}
	line, err := child.Open()
	if err != nil {
		fail(err)
	}
	// Run uses the other processors for other crawlers, and to wake a goroutine on one of them takes longer than what
	// it does until it waits again.
	runtime.GOMAXPROCS(1)
	os.Args = os.Args[:1] // package testing parses the rest
	one := func(t *testing.T) {
		for _, c := range j.Cells {
			row, err := Take(t, table, j.Plan, c)
			if err == nil {
				err = line.Say(record, row)
			}
			if err != nil {
				fail(err)
			}
		}
		line.End(nil)
	}
	testing.Main(func(string, string) (bool, error) { return true, nil },
		[]testing.InternalTest{{Name: "simulate", F: one}}, nil, nil)
}

// Take simulates a cell of p with the crawler in table that it names.
func Take(t *testing.T, table []crawl.Crawler, p *plan.Plan, c plan.Cell) (Result, error) {
	by, err := plan.Find(table, c.Crawler())
	if err != nil {
		return Result{}, err
	}
	site, err := Of(t.Context(), p, c)
	if err != nil {
		return Result{}, err
	}
	var out Outcome
	synctest.Test(t, func(t *testing.T) { out = Crawl(t.Context(), by, c.Keys, site, nil) })
	r := Result{Cell: c, Pages: out.Result.Pages}
	if out.Err != nil {
		r.Class, r.Failed = wrong, fmt.Sprintf("it returned the error %q", out.Err)
		return r, nil
	}
	r.Summary = hostlog.Summarize(&site.Site, site.Rules(), out.Log, by.Polite)
	var faults []string
	for _, f := range hostlog.Verify(&site.Site, site.Rules(), out.Log, true) {
		if by.Polite || f.Rule == hostlog.Once || f.Rule == hostlog.Known || f.Rule == hostlog.Workers {
			faults = append(faults, f.String())
		}
	}
	if len(faults) > 0 {
		r.Class, r.Failed = wrong, strings.Join(faults, "; ")
	}
	return r, nil
}
