package cli

import (
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plan"
	"crawlbench/internal/store"
	"crawlbench/internal/testing/runtest"
)

// drawn returns the analysis of blocks with slices of that length, whose processes and slices vary by these
// standard deviations, and by slice for 5 ms of crawls.
func drawn(t *testing.T, rounds int, length time.Duration, process, slice, machine float64) *diagnose.Analysis {
	t.Helper()
	p, err := runtest.Plan(fmt.Sprintf("crawlers = [\"cas\"]\nworkers = [1, 4]\nrounds = %d\nslice = \"%v\"\nstop = false\n"+
		"[[graph]]\nname = \"g\"\nkind = \"chain\"\npages = 9\n", rounds, length), false)
	if err != nil {
		t.Fatal(err)
	}
	draw := rand.New(rand.NewPCG(1, uint64(length)))
	sd := math.Hypot(slice*math.Sqrt(0.005/length.Seconds()), machine)
	run, err := runtest.Run{Plan: p, Speed: func(plan.Cell, int) float64 { return 1000 },
		Change: func(_ plan.Cell, rec *store.Record) {
			level := process * draw.NormFloat64()
			rec.Sample.Slices, rec.Sample.Seconds, rec.Sample.Crawls = nil, nil, 0
			for range 8 {
				mean := 0.0005 * math.Exp(level+sd*draw.NormFloat64())
				n := int(length.Seconds() / 0.0005)
				rec.Sample.Slices = append(rec.Sample.Slices, store.Slice{Crawls: n, Seconds: float64(n) * mean})
				rec.Wall += float64(n) * mean
				for range n {
					rec.Sample.Seconds = append(rec.Sample.Seconds, mean)
				}
				rec.Sample.Crawls += n
			}
			rec.Wall += 0.02
		}}.Write(filepath.Join(t.TempDir(), "run"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { run.Close() })
	return &diagnose.Analysis{Run: run}
}

// The plan gets few turns if processes differ, many if the machine does, and longer slices if those of 5 ms vary by
// their own.
func TestTurnsAndSlicesAreChosenByTheNoise(t *testing.T) {
	choose := func(process, slice, machine float64) *plan.Plan {
		x := experiment{short: drawn(t, 60, shortSlice, process, slice, machine),
			long: drawn(t, 60, longSlice, process, slice, machine)}
		p := &plan.Plan{Crawlers: make([]string, 8), Turns: 6, Slice: 5 * time.Millisecond}
		note := x.choose(p)
		if want := fmt.Sprintf("turns = %d and slice = \"%v\"", p.Turns, p.Slice); !strings.Contains(note, want) {
			t.Errorf("%q, want %q in it", note, want)
		}
		return p
	}
	processes, machine := choose(0.2, 0.01, 0.01), choose(0.001, 0.001, 0.2)
	if processes.Turns > 2 || processes.Slice != 5*time.Millisecond {
		t.Errorf("processes vary: %d turns of %v", processes.Turns, processes.Slice)
	}
	if machine.Turns < 12 || machine.Slice != 5*time.Millisecond {
		t.Errorf("the machine varies: %d turns of %v", machine.Turns, machine.Slice)
	}
	// In as many crawls, fewer hand-overs.
	if p := choose(0.001, 0.2, 0.001); float64(p.Turns)*p.Slice.Seconds() < 0.12 {
		t.Errorf("crawls vary: %d turns of %v", p.Turns, p.Slice)
	}
}

// Too few blocks choose nothing.
func TestTooFewBlocksKeepTheDefaults(t *testing.T) {
	x := experiment{short: drawn(t, 20, shortSlice, 0.1, 0.1, 0.1),
		long: drawn(t, fewestBlocks-1, longSlice, 0.1, 0.1, 0.1)}
	p := &plan.Plan{Crawlers: make([]string, 8), Turns: 6, Slice: 5 * time.Millisecond}
	if note := x.choose(p); !strings.Contains(note, "too few blocks") || p.Turns != 6 || p.Slice != 5*time.Millisecond {
		t.Errorf("%d turns of %v: %s", p.Turns, p.Slice, note)
	}
}

// A plan without blocks is left alone, and measures nothing.
func TestPlanWithoutBlocksChoosesNothing(t *testing.T) {
	p := &plan.Plan{Cells: []plan.Cell{{Rate: 5}}, Turns: 6}
	if took, err := (&app{}).autoSlices(t.Context(), p, 0); took != 0 || err != nil || p.Turns != 6 {
		t.Errorf("%v, %v, %d turns", took, err, p.Turns)
	}
}
