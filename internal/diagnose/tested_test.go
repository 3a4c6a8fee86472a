package diagnose

import (
	"fmt"
	"path/filepath"
	"testing"

	"crawlbench/internal/plan"
	"crawlbench/internal/store"
)

// Results that are written are read again, and a run whose findings were not tested has none.
func TestResultsOfTestsAreKeptWithTheRun(t *testing.T) {
	p := &plan.Plan{Scenario: "s", Seed: 1, Crawlers: []string{"a"}, Graphs: []plan.Graph{{Name: "g"}},
		Cells: []plan.Cell{{Impl: "a", Graph: "g", Keys: "id", Workers: 8, Procs: 2}}}
	p.SetRounds(1)
	run, err := store.Create(filepath.Join(t.TempDir(), "run"), store.Manifest{}, p)
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	if list, err := ReadTestResults(run); err != nil || list != nil {
		t.Errorf("not tested: %v, error %v", list, err)
	}
	want := []TestResult{{Verdict: Confirmed, Ratio: 2, Lo: 1.9, Hi: 2.1, Rounds: 12, Test: Test{Kind: RateLimited,
		Cell: p.Cells[0].ID(), Experiment: "twice the rate", Metric: MetricThroughput, Predicted: Band{Lo: 1.25},
		Base: p.Cells[0], Changed: p.Cells[0]}}}
	if err := WriteTestResults(run, want); err != nil {
		t.Fatal(err)
	}
	if got, err := ReadTestResults(run); err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("read %+v, error %v, want %+v", got, err, want)
	}
}
