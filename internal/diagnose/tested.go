package diagnose

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"

	"crawlbench/internal/plan"
	"crawlbench/internal/store"
)

// Metric is what a prediction is about.
type Metric string

// The metrics.
const (
	MetricThroughput Metric = "throughput"
	MetricCPU        Metric = "processor time per page"
	MetricWindow     Metric = "worst window"
)

// Band is the range of ratios, of the changed cell to the unchanged one, that a prediction allows.
type Band struct {
	Lo float64 `json:"lo"`
	Hi float64 `json:"hi"` // 0 means no upper end
}

// Max returns the upper end of b, infinity if it has none.
func (b Band) Max() float64 {
	if b.Hi == 0 {
		return math.Inf(1)
	}
	return b.Hi
}

// String describes b.
func (b Band) String() string {
	switch {
	case b.Hi == 0:
		return fmt.Sprintf("at least %.2fx", b.Lo)
	case b.Lo == 0:
		return fmt.Sprintf("at most %.2fx", b.Hi)
	}
	return fmt.Sprintf("%.2fx to %.2fx", b.Lo, b.Hi)
}

// Test is an experiment that could refute a finding, with its prediction. Package explain makes tests.
type Test struct {
	Kind       Kind      `json:"kind"`
	Cell       string    `json:"cell"` // of the finding
	Experiment string    `json:"experiment"`
	Metric     Metric    `json:"metric"`
	Predicted  Band      `json:"predicted"`
	Base       plan.Cell `json:"base"`
	Changed    plan.Cell `json:"changed"`
	// Was is the metric in the run that the finding is from, in pages/s or seconds per page; 0 if unknown.
	Was float64 `json:"was,omitempty"`
}

// Verdict is the result of a test.
type Verdict string

// The verdicts.
const (
	Confirmed    Verdict = "confirmed"
	Refuted      Verdict = "refuted"
	Inconclusive Verdict = "inconclusive"
)

// TestResult is a test with what was observed.
type TestResult struct {
	Test
	Verdict Verdict `json:"verdict"`
	Ratio   float64 `json:"ratio"` // changed over unchanged, with its 95 % interval over rounds
	Lo      float64 `json:"lo"`
	Hi      float64 `json:"hi"`
	Rounds  int     `json:"rounds"`
	// Why says why the experiment cannot decide, or cannot refute, whatever the interval; "" if it can.
	Why string `json:"why,omitempty"`
}

// TestsDir is the directory in that of a run that has the runs of the experiments, and the files of the tests.
const TestsDir = "explain"

const (
	predictionsFile = TestsDir + "/predictions.json"
	resultsFile     = TestsDir + "/results.json"
)

// WritePredictions writes the tests into the run. It is called before they are measured.
func WritePredictions(run *store.Run, list []Test) error {
	return writeTests(run, predictionsFile, list)
}

// WriteTestResults writes the results into the run.
func WriteTestResults(run *store.Run, list []TestResult) error {
	return writeTests(run, resultsFile, list)
}

func writeTests(run *store.Run, name string, list any) error {
	if _, err := run.MkdirAll(TestsDir); err != nil {
		return err
	}
	text, err := json.MarshalIndent(list, "", "  ")
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return run.WriteFile(name, append(text, '\n'))
}

// ReadTestResults returns the results that a run has, nil if its findings were not tested.
func ReadTestResults(run *store.Run) ([]TestResult, error) {
	text, err := run.ReadFile(resultsFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var list []TestResult
	if err == nil {
		err = json.Unmarshal(text, &list)
	}
	if err != nil {
		return nil, fmt.Errorf("read the tests of the findings in %s: %w: delete the file, or test them again",
			resultsFile, err)
	}
	return list, nil
}
