package cli

import (
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plan"
	"crawlbench/internal/store"
	"crawlbench/internal/testing/runtest"
)

// The blocks of a run are its rounds by workers, with the slices of each crawler; samples without slices are none.
func TestBlocksOfARun(t *testing.T) {
	p, err := runtest.Plan("crawlers = [\"cas\"]\nworkers = [1, 4]\nrounds = 6\n[[graph]]\nname = \"g\"\n"+
		"kind = \"chain\"\npages = 9\n", false)
	if err != nil {
		t.Fatal(err)
	}
	run, err := runtest.Run{Plan: p, Speed: func(plan.Cell, int) float64 { return 1000 },
		Change: func(c plan.Cell, rec *store.Record) {
			rec.Wall = 0.1
			if c.Workers == 4 || rec.Round > 0 {
				rec.Sample.Crawls, rec.Sample.Seconds = 15, slices.Repeat([]float64{0.002}, 15)
				rec.Sample.Slices = []store.Slice{{Crawls: 5, Seconds: 0.01}, {Crawls: 10, Seconds: 0.02}}
			}
		}}.Write(filepath.Join(t.TempDir(), "run"))
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	blocks, costs := blocksOf(run)
	if len(blocks[1]) != 5 || len(blocks[4]) != 6 || len(blocks) != 2 {
		t.Fatalf("%d and %d blocks, want 5 and 6", len(blocks[1]), len(blocks[4]))
	}
	for _, b := range blocks[4] {
		if len(b.Logs) != 2 || len(b.Logs[0]) != 2 || math.Abs(b.Logs[1][1]-math.Log(0.002)) > 1e-9 ||
			math.Abs(b.Length-0.015) > 1e-9 {
			t.Errorf("%+v", b)
		}
	}
	// A sample is 100 ms of crawls (30), of what two turns have beside them (11 each), and of the process (the rest).
	if c := costs[4]; math.Abs(c.Process-0.048) > 1e-9 || math.Abs(c.HandOver-0.011) > 1e-9 ||
		math.Abs(c.Shortest-0.006) > 1e-9 {
		t.Errorf("%+v", c)
	}
}

// The second crawler of each block is slower by a difference that lasts several rounds, or by one that alternates.
func TestLagOneOfAnExperiment(t *testing.T) {
	measured := func(differs func(round int) float64) *diagnose.Analysis {
		p, err := runtest.Plan("crawlers = [\"cas\"]\nworkers = [1, 4]\nrounds = 30\n[[graph]]\nname = \"g\"\n"+
			"kind = \"chain\"\npages = 9\n", false)
		if err != nil {
			t.Fatal(err)
		}
		run, err := runtest.Run{Plan: p, Speed: func(plan.Cell, int) float64 { return 1000 },
			Change: func(c plan.Cell, rec *store.Record) {
				seconds := 0.01
				if c.IsControl() {
					seconds *= math.Exp(differs(rec.Round))
				}
				rec.Sample.Crawls, rec.Sample.Seconds = 15, slices.Repeat([]float64{seconds / 5}, 15)
				rec.Sample.Slices = slices.Repeat([]store.Slice{{Crawls: 5, Seconds: seconds}}, 3)
			}}.Write(filepath.Join(t.TempDir(), "run"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { run.Close() })
		return &diagnose.Analysis{Run: run}
	}
	lasting := measured(func(round int) float64 { return float64(round/6%2) / 10 })
	if r := (experiment{short: lasting, long: lasting}).lagOne(2 * time.Second); r.Hint == "" ||
		!strings.Contains(r.Hint, "2s between the blocks") {
		t.Errorf("a difference that lasts: %+v", r)
	}
	alternating := measured(func(round int) float64 { return float64(round%2) / 10 })
	if r := (experiment{short: alternating, long: alternating}).lagOne(0); r.Hint != "" ||
		!strings.HasPrefix(r.Value, "correlation 0.00 ") {
		t.Errorf("one that alternates: %+v", r)
	}
}
