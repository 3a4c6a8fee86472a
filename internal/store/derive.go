package store

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"time"

	"crawlbench/internal/plan"
	"crawlbench/internal/rundir"
	"crawlbench/internal/stat"
)

// Failed returns the first failure of each failed cell, by the cell's ID. No sample of such a cell counts, and no more
// are taken.
func (r *Run) Failed() map[string]Record { return r.progress.failed }

// Samples returns the samples of the cells that did not fail, in the order of the schedule.
func (r *Run) Samples() []Record {
	var list []Record
	for _, rec := range r.records {
		if _, failed := r.progress.failed[rec.Cell]; rec.Kind == KindSample && !failed {
			list = append(list, rec)
		}
	}
	slices.SortFunc(list, func(a, b Record) int {
		return cmp.Or(cmp.Compare(a.Round, b.Round), cmp.Compare(a.Slot, b.Slot))
	})
	return list
}

// Pending returns the slots of the schedule and the indexes of the profile passes that have not been taken.
func (r *Run) Pending() (slots []plan.Slot, passes []int) { return r.progress.Pending() }

// Measured returns what has been measured of the plan.
func (r *Run) Measured() plan.Measured { return r.progress.Measured() }

// Planned returns how many samples the run has if no further crawler leaves it.
func (r *Run) Planned() int { return r.progress.Planned() }

// Settled returns how many comparisons are settled, as far as looks have been taken.
func (r *Run) Settled() plan.Settled { return r.progress.Settled() }

// Left estimates how long the pending samples and passes will take.
func (r *Run) Left() time.Duration { return r.progress.Left() }

// PassesLeft estimates how long the pending profile passes will take.
func (r *Run) PassesLeft() time.Duration { return r.progress.PassesLeft() }

// WriteBench derives bench.txt from the journal. It needs no lock, because the file is replaced atomically.
func (r *Run) WriteBench() error {
	text, err := r.Bench()
	if err != nil {
		return err
	}
	return r.withDir(func(d *rundir.Dir) error {
		return withRemedy("write", r.path(benchFile), d.WriteSync(benchFile, text))
	})
}

// Bench returns the samples in Go's benchmark format.
func (r *Run) Bench() ([]byte, error) {
	names := map[string]string{}
	for _, c := range r.plan.Cells {
		names[c.ID()] = c.Name()
	}
	var lines []stat.Line
	for _, rec := range r.Samples() {
		line := stat.Line{Name: names[rec.Cell], Iters: rec.Sample.Crawls}
		for _, unit := range Units() {
			line.Values = append(line.Values, stat.Value{Unit: unit, Value: rec.Sample.Values[unit]})
		}
		for _, unit := range []string{SiteUnit, DialsUnit, ServerUnit} {
			if v, ok := rec.Sample.Values[unit]; ok {
				line.Values = append(line.Values, stat.Value{Unit: unit, Value: v})
			}
		}
		lines = append(lines, line)
	}
	// Only keys that comparable runs share may appear here: benchstat does not compare across differing keys.
	config := [][2]string{{"pkg", "crawlbench"}}
	for _, kv := range [][2]string{{"goos", "os"}, {"goarch", "arch"}, {"cpu", "cpu"}} {
		if v := r.manifest.Host[kv[1]]; v != "" {
			config = append(config, [2]string{kv[0], v})
		}
	}
	if r.plan.Simulated {
		config = append(config, [2]string{"simulated", "in virtual time"})
	}
	var text bytes.Buffer
	if err := stat.WriteBench(&text, config, []string{"pages/op"}, lines); err != nil {
		return nil, fmt.Errorf("derive %s: %w", r.path(benchFile), err)
	}
	return text.Bytes(), nil
}
