package runtest_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"crawlbench/internal/profile"
	"crawlbench/internal/profile/breakdown"
	"crawlbench/internal/store"
	"crawlbench/internal/testing/runtest"
)

func TestBigHasTheDocumentedSize(t *testing.T) {
	if testing.Short() {
		t.Skip("it writes 4,000 profiles")
	}
	run := runtest.BigRun(t, true)
	dir := run.Dir()
	controls, profiles, breakdowns := 0, 0, 0
	for _, c := range run.Plan().Cells {
		if c.IsControl() {
			controls++
		}
	}
	for _, rec := range run.Records() {
		if rec.Profile == nil {
			continue
		}
		for kind, file := range rec.Profile.Files {
			if kind == "breakdown" {
				breakdowns++
				continue
			}
			profiles++
			if profiles%400 == 0 {
				if p, err := profile.Read(filepath.Join(dir, file)); err != nil || p.CheckValid() != nil ||
					len(p.Sample) == 0 {
					t.Errorf("%s: %v", file, err)
				}
			}
		}
	}
	cells, samples := len(run.Plan().Cells), len(run.Samples())
	if cells != 1100 || controls != 100 || samples != 20*1100 || profiles != 4000 || breakdowns != 1000 {
		t.Errorf(
			"%d cells, %d of them controls, %d samples, %d profiles, %d time breakdowns", cells, controls, samples,
			profiles, breakdowns,
		)
	}
	if _, pending := run.Pending(); len(pending) > 0 || run.Manifest().State != store.Complete {
		t.Errorf("%d passes are pending, the state is %s; want 0, complete", len(pending), run.Manifest().State)
	}
	file := filepath.Join(dir, "profiles", run.Plan().Cells[0].ID(), "breakdown.json")
	text, err := os.ReadFile(file)
	var traces []*breakdown.Breakdown
	if err = errors.Join(err, json.Unmarshal(text, &traces)); err != nil || len(traces) != 3 {
		t.Fatalf("%s: %v, %d time breakdowns, want 3", file, err, len(traces))
	}
	sum := 0.0
	for _, s := range traces[0].Seconds {
		sum += s
	}
	if l := traces[0]; sum != l.Worker || len(l.Seconds) != len(breakdown.States()) {
		t.Errorf("the time breakdown in %s adds up to %v, want %v", file, sum, l.Worker)
	}
}
