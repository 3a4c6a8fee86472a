package stat

import (
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/perf/benchfmt"
	"golang.org/x/perf/benchunit"
)

// Line is one line of a benchmark file: a sample of a benchmark.
type Line struct {
	Name   string // without the word Benchmark, with -P, the value of GOMAXPROCS, at its end
	Iters  int
	Values []Value
}

// Value is a measurement in a base unit.
type Value struct {
	Unit  string
	Value float64
}

// The writer accepts only what can be read back unchanged: the reader splits values at a slash or
// at a dash before final digits, cuts units at a space, and converts scaled units.
var (
	nameForm = regexp.MustCompile(`^[A-Z]\w*(/[a-z]+=[A-Za-z0-9._+=]+)*-[0-9]+$`)
	unitForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9%-]*(/[A-Za-z]+)?$`)
	keyForm  = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)
)

// WriteBench writes lines in Go's benchmark format, after the configuration, pairs of key and value
// that hold for all of them, and the metadata of their units: units in exact have no noise; for all
// others, lower is better. If a line could not be read back, it returns an error and writes
// nothing.
func WriteBench(w io.Writer, config [][2]string, exact []string, lines []Line) error {
	file, err := fileConfig(config)
	if err != nil {
		return fmt.Errorf("write benchmarks: %w", err)
	}
	var units []string
	for _, line := range lines {
		if err := line.check(); err != nil {
			return fmt.Errorf("write benchmarks: %s: %w", line.Name, err)
		}
		for _, v := range line.Values {
			if !slices.Contains(units, v.Unit) {
				units = append(units, v.Unit)
			}
		}
	}
	out := benchfmt.NewWriter(w)
	for _, unit := range units {
		if err := out.Write(metadata(unit, slices.Contains(exact, unit))); err != nil {
			return fmt.Errorf("write benchmarks: %w", err)
		}
	}
	for _, line := range lines {
		r := &benchfmt.Result{Config: file, Name: benchfmt.Name(line.Name), Iters: line.Iters}
		for _, v := range line.Values {
			r.Values = append(r.Values, benchfmt.Value{Value: v.Value, Unit: v.Unit})
		}
		if err := out.Write(r); err != nil {
			return fmt.Errorf("write benchmarks: %w", err)
		}
	}
	return nil
}

func fileConfig(config [][2]string) ([]benchfmt.Config, error) {
	var file []benchfmt.Config
	seen := map[string]bool{}
	for _, kv := range config {
		key, value := kv[0], kv[1]
		if !keyForm.MatchString(key) || seen[key] {
			return nil, fmt.Errorf("invalid or repeated configuration key %q", key)
		}
		if value == "" || value != strings.TrimSpace(value) || strings.ContainsAny(value, "\n\r") {
			return nil, fmt.Errorf("configuration %s: value %q is empty, has space around it, or has several lines",
				key, value)
		}
		seen[key] = true
		// The writer omits configuration without File.
		file = append(file, benchfmt.Config{Key: key, Value: []byte(value), File: true})
	}
	return file, nil
}

func metadata(unit string, exact bool) *benchfmt.UnitMetadata {
	key, value := "better", "lower"
	if exact {
		key, value = "assume", "exact"
	}
	return &benchfmt.UnitMetadata{
		UnitMetadataKey: benchfmt.UnitMetadataKey{Unit: unit, Key: key}, OrigUnit: unit, Value: value,
	}
}

func (l Line) check() error {
	if !nameForm.MatchString(l.Name) {
		return errors.New("want a benchmark name of the form Name/key=value-P")
	}
	if l.Iters < 1 || len(l.Values) == 0 {
		return errors.New("it has no iterations or no values")
	}
	seen := map[string]bool{}
	for _, v := range l.Values {
		tidy, unit := benchunit.Tidy(1, v.Unit)
		switch {
		case !unitForm.MatchString(v.Unit) || seen[v.Unit]:
			return fmt.Errorf("invalid or repeated unit %q", v.Unit)
		case tidy != 1:
			return fmt.Errorf("unit %q is scaled: use %s", v.Unit, unit)
		case math.IsNaN(v.Value) || math.IsInf(v.Value, 0):
			return fmt.Errorf("%v %s is not finite", v.Value, v.Unit)
		}
		seen[v.Unit] = true
	}
	return nil
}

// ReadBench reads what WriteBench wrote, or any file in that format, with its values in base units.
// Errors begin with name and are about the first malformed line.
func ReadBench(name string, r io.Reader) ([]Line, error) {
	in := benchfmt.NewReader(r, name)
	var lines []Line
	for in.Scan() {
		switch rec := in.Result().(type) {
		case *benchfmt.SyntaxError:
			return nil, fmt.Errorf("read benchmarks: %w", rec)
		case *benchfmt.Result:
			line := Line{Name: string(rec.Name), Iters: rec.Iters}
			for _, v := range rec.Values {
				// The reader does not convert the unit of a zero.
				value, unit := benchunit.Tidy(v.Value, v.Unit)
				line.Values = append(line.Values, Value{Unit: unit, Value: value})
			}
			lines = append(lines, line)
		}
	}
	if err := in.Err(); err != nil {
		return nil, fmt.Errorf("read benchmarks: %w", err)
	}
	return lines, nil
}
