// Package runtest fabricates runs for the tests and benchmarks of packages that read runs. The test defines their
// speeds, failures, time breakdowns and profiles, so it knows the expected results.
//
// The input is a plan and functions over its cells; the output is the directory of a run, written by package store.
package runtest

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"crawlbench/internal/crawler"
	"crawlbench/internal/plan"
	"crawlbench/internal/profile"
	"crawlbench/internal/profile/breakdown"

	"crawlbench/internal/store"
)

// Run describes a run to fabricate.
type Run struct {
	Manifest store.Manifest
	Plan     *plan.Plan
	// Speed returns the pages per second of a cell in a round, without noise; 0 means no sample.
	Speed func(c plan.Cell, round int) float64
	// Noise is the standard deviation of the logarithm of the speed.
	Noise float64
	// Change, if not nil, changes the record of a sample. Records without sample and failure are omitted.
	Change func(c plan.Cell, rec *store.Record)
	// Breakdown, if not nil, returns the time breakdown of a cell, or nil if it has none.
	Breakdown func(c plan.Cell) *breakdown.Breakdown
	// Usage, if not nil, returns the processor time by class of a cell, or nil if it has none.
	Usage func(c plan.Cell) *profile.Usage
	// Profile, if not nil, returns the profile of a cell of the given kind.
	Profile func(c plan.Cell, kind string) *profile.Profile
}

// Plan returns the plan of a scenario in TOML, with the built-in crawlers, for a machine with two cores. With against
// it compares two programs. Crawlers leave early only if the scenario says stop = true, and
// all cells have all rounds unless it sets rate_limited_rounds.
func Plan(toml string, against bool) (*plan.Plan, error) {
	s, err := plan.Parse("made-up.toml", []byte(toml))
	if err != nil {
		return nil, err
	}
	s.Against = against
	// Tests that do not say otherwise expect every cell in every round.
	s.Stop = s.Stop && strings.Contains(toml, "stop = true")
	if !strings.Contains(toml, "rate_limited_rounds") {
		s.RateLimitedRounds = s.Rounds
	}
	return plan.Make(s, crawler.All(), 2)
}

// pages is the number of pages of every crawl.
const pages = 1000

// Write writes the run to dir, which must not exist. The caller closes it.
func (r Run) Write(dir string) (*store.Run, error) {
	run, err := store.Create(dir, r.Manifest, r.Plan)
	if err != nil {
		return nil, err
	}
	records := r.samples()
	passes, err := r.passes(dir)
	if err == nil {
		err = run.Append(append(records, passes...)...)
	}
	if err == nil {
		err = run.Update(func(m *store.Manifest) { m.State = r.Manifest.State })
	}
	if err != nil {
		run.Close()
		return nil, fmt.Errorf("fabricate a run: %w", err)
	}
	return run, nil
}

// samples returns the records of the samples.
func (r Run) samples() []store.Record {
	var list []store.Record
	progress := store.NewProgress(r.Plan)
	round := -1
	var slots []plan.Slot
	for _, slot := range r.Plan.Schedule {
		if slot.Round != round {
			round = slot.Round
			slots, _ = progress.Pending() // without the crawlers that have left
		}
		if !slices.Contains(slots, slot) {
			continue
		}
		c := r.Plan.Cells[slot.Cell]
		speed := r.Speed(c, slot.Round) * math.Exp(r.Noise*noise(c, slot.Round))
		if speed == 0 {
			continue
		}
		sec := pages / speed
		sample := &store.Sample{Crawls: 1, Seconds: []float64{sec}, Values: map[string]float64{},
			Host: map[string]float64{}}
		for _, u := range store.Units() {
			sample.Values[u] = 0
		}
		sample.Values["pages/op"], sample.Values["sec/op"], sample.Values["cpu-sec/op"] = pages, sec, sec
		rec := store.Record{Kind: store.KindSample, Round: slot.Round, Slot: slot.Slot, Cell: c.ID(),
			Start: time.Unix(int64(slot.Round), 0).UTC(), Wall: 2 * sec, Sample: sample}
		if r.Change != nil {
			r.Change(c, &rec)
		}
		if rec.Sample != nil || rec.Failure != nil {
			list = append(list, rec)
			progress.Add(rec)
		}
	}
	return list
}

// noise returns a standard normal variable that depends on cell and round only, not on the schedule.
func noise(c plan.Cell, round int) float64 {
	id := fnv.New64a()
	id.Write([]byte(c.ID()))
	return rand.New(rand.NewPCG(id.Sum64(), uint64(round))).NormFloat64()
}

// passes writes the files of the profile passes. Passes without files are omitted.
func (r Run) passes(dir string) ([]store.Record, error) {
	var list []store.Record
	for i, pass := range r.Plan.Passes {
		c := r.Plan.Cells[pass.Cell]
		files := map[string]string{}
		below := filepath.Join("profiles", c.ID())
		for _, kind := range pass.Kinds {
			if kind == "wall" && r.Breakdown != nil {
				if l := r.Breakdown(c); l != nil {
					files["breakdown"] = filepath.Join(below, "breakdown.json")
					if err := writeBreakdown(filepath.Join(dir, files["breakdown"]), l); err != nil {
						return nil, err
					}
				}
			}
			if kind == "cpu" && r.Usage != nil {
				if u := r.Usage(c); u != nil {
					files["usage"] = filepath.Join(below, "usage.json")
					if err := writeJSON(filepath.Join(dir, files["usage"]), u); err != nil {
						return nil, err
					}
				}
			}
			if r.Profile != nil {
				files[kind] = filepath.Join(below, kind+".pb.gz")
				if err := writeProfile(filepath.Join(dir, files[kind]), r.Profile(c, kind)); err != nil {
					return nil, err
				}
			}
		}
		if len(files) > 0 {
			list = append(list, store.Record{Kind: store.KindProfile, Round: -1, Slot: i, Cell: c.ID(), Wall: 1,
				Start: time.Unix(1, 0).UTC(), Profile: &store.Profile{Crawls: 1, Pages: pages, Sec: 1, Files: files}})
		}
	}
	return list, nil
}

// writeBreakdown writes l three times, as if from three traces.
func writeBreakdown(file string, l *breakdown.Breakdown) error {
	return writeJSON(file, []*breakdown.Breakdown{l, l, l})
}

func writeJSON(file string, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		return err
	}
	return os.WriteFile(file, text, 0o666)
}

// writeProfile writes p without the sync of package profile, which tests do not need.
func writeProfile(file string, p *profile.Profile) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		return err
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer f.Close()
	return p.Write(f)
}
