package store

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"crawlbench/internal/plan"
	"crawlbench/internal/stat"
)

// Dir returns the run's directory.
func (r *Run) Dir() string { return r.dir }

// Manifest returns the manifest.
func (r *Run) Manifest() Manifest { return r.manifest }

// Plan returns the plan, which must not be modified.
func (r *Run) Plan() *plan.Plan { return r.plan }

// Records returns all that was committed, in that order.
func (r *Run) Records() []Record { return r.records }

// Failed returns the first failure of each cell that has one, by the cell's ID. Such a cell is out of the run: none of
// its samples counts, and none is taken any more.
func (r *Run) Failed() map[string]Record { return r.failed }

// Samples returns the samples of the cells that did not fail, in the order of the schedule.
func (r *Run) Samples() []Record {
	var list []Record
	for _, rec := range r.records {
		if _, failed := r.failed[rec.Cell]; rec.Kind == KindSample && !failed {
			list = append(list, rec)
		}
	}
	slices.SortFunc(list, func(a, b Record) int {
		return cmp.Or(cmp.Compare(a.Round, b.Round), cmp.Compare(a.Slot, b.Slot))
	})
	return list
}

// Pending returns what is still to be taken: slots of the schedule, and profile passes by their index.
func (r *Run) Pending() (slots []plan.Slot, passes []int) {
	out := make([]bool, len(r.plan.Cells))
	for i, c := range r.plan.Cells {
		_, out[i] = r.failed[c.ID()]
	}
	for _, s := range r.plan.Schedule {
		if !r.done[place{s.Round, s.Slot}] && !out[s.Cell] {
			slots = append(slots, s)
		}
	}
	for i, p := range r.plan.Passes {
		if !r.done[place{-1, i}] && !out[p.Cell] {
			passes = append(passes, i)
		}
	}
	return slots, passes
}

// WriteBench derives bench.txt from the journal.
func (r *Run) WriteBench() error {
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
		lines = append(lines, line)
	}
	// Only what comparable runs have in common may stand here: benchstat compares nothing across differing keys.
	config := [][2]string{{"pkg", "crawlbench"}}
	for _, kv := range [][2]string{{"goos", "os"}, {"goarch", "arch"}, {"cpu", "cpu"}} {
		if v := r.manifest.Host[kv[1]]; v != "" {
			config = append(config, [2]string{kv[0], v})
		}
	}
	var text bytes.Buffer
	if err := stat.WriteBench(&text, config, []string{"pages/op"}, lines); err != nil {
		return err
	}
	return replace(r.path(benchFile), text.Bytes())
}

const latest = "latest"

// SetLatest makes results/latest point to a run.
func SetLatest(results, run string) error {
	link := filepath.Join(results, latest)
	if info, err := os.Lstat(link); err == nil && info.Mode()&fs.ModeSymlink == 0 {
		return fmt.Errorf("point %s to the newest run: something that is no symbolic link is in its place: move it away", link)
	}
	fresh := filepath.Join(results, fmt.Sprintf(".latest-%d", os.Getpid()))
	os.Remove(fresh) // left by a process of the same number that was killed
	if err := os.Symlink(run, fresh); err != nil {
		return explain("point to the newest run", link, err)
	}
	return explain("point to the newest run", link, os.Rename(fresh, link))
}

// Latest returns the directory of the newest run.
func Latest(results string) (string, error) {
	target, err := os.Readlink(filepath.Join(results, latest))
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("find the newest run: there is none in %s: measure one with \"crawlbench run\"", results)
	}
	if err != nil {
		return "", fmt.Errorf("find the newest run: %w", err)
	}
	return filepath.Join(results, target), nil
}
