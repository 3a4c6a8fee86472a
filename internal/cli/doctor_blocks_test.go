package cli

import (
	"math"
	"path/filepath"
	"slices"
	"testing"

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
			rec.Wall = 0.05
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
	if c := costs[4]; math.Abs(c.Process-0.02) > 1e-9 || math.Abs(c.Crawl-0.002) > 1e-9 {
		t.Errorf("%+v", c)
	}
}
