package explain

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"crawlbench/internal/store"
)

// Files of a run, relative to its directory.
const (
	Dir             = "explain" // has the runs of the experiments
	predictionsFile = Dir + "/predictions.json"
	resultsFile     = Dir + "/results.json"
)

// WritePredictions writes the tests into the run. It is called before they are measured.
func WritePredictions(run *store.Run, list []Test) error { return write(run, predictionsFile, list) }

// WriteResults writes the results into the run.
func WriteResults(run *store.Run, list []Result) error { return write(run, resultsFile, list) }

func write(run *store.Run, name string, list any) error {
	if _, err := run.MkdirAll(Dir); err != nil {
		return err
	}
	text, err := json.MarshalIndent(list, "", "  ")
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return run.WriteFile(name, append(text, '\n'))
}

// Read returns the results that a run has, nil if its findings were not tested.
func Read(run *store.Run) ([]Result, error) {
	text, err := run.ReadFile(resultsFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var list []Result
	if err == nil {
		err = json.Unmarshal(text, &list)
	}
	if err != nil {
		return nil, fmt.Errorf("read the tests of the findings in %s: %w: delete the file, or test them again",
			resultsFile, err)
	}
	return list, nil
}

// seconds converts seconds.
func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
