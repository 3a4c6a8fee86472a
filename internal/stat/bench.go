// Package stat turns samples into statements: Go's benchmark format in and out, medians with their intervals, and
// comparisons. It is the only package that knows golang.org/x/perf.
package stat

import (
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
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

// What the writer lets through, because what it writes otherwise cannot be read back as it was meant: values with a
// slash or a dash and digits at the end are taken apart, units with a space are cut, scaled units lose their zeros.
var (
	nameForm = regexp.MustCompile(`^[A-Z]\w*(/[a-z]+=[A-Za-z0-9._+]+)*-[0-9]+$`)
	unitForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9%-]*(/[A-Za-z]+)?$`)
	keyForm  = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)
)

// WriteBench writes lines in Go's benchmark format, after the configuration, pairs of key and value that hold for all of
// them, and the metadata of units that are exact.
func WriteBench(w io.Writer, config [][2]string, exact []string, lines []Line) error {
	var file []benchfmt.Config
	for _, kv := range config {
		if !keyForm.MatchString(kv[0]) || kv[1] == "" || strings.ContainsAny(kv[1], "\n\r") {
			return fmt.Errorf("write benchmarks: %q: %q is no configuration line", kv[0], kv[1])
		}
		file = append(file, benchfmt.Config{Key: kv[0], Value: []byte(kv[1]), File: true})
	}
	out := benchfmt.NewWriter(w)
	for _, unit := range exact {
		meta := &benchfmt.UnitMetadata{
			UnitMetadataKey: benchfmt.UnitMetadataKey{Unit: unit, Key: "assume"}, OrigUnit: unit, Value: "exact",
		}
		if err := out.Write(meta); err != nil {
			return err
		}
	}
	for _, line := range lines {
		if err := line.check(); err != nil {
			return fmt.Errorf("write benchmarks: %s: %w", line.Name, err)
		}
		r := &benchfmt.Result{Config: file, Name: benchfmt.Name(line.Name), Iters: line.Iters}
		for _, v := range line.Values {
			r.Values = append(r.Values, benchfmt.Value{Value: v.Value, Unit: v.Unit})
		}
		if err := out.Write(r); err != nil {
			return err
		}
	}
	return nil
}

func (l Line) check() error {
	if !nameForm.MatchString(l.Name) {
		return errors.New("it is no benchmark name of the form Name/key=value-P")
	}
	if l.Iters < 1 || len(l.Values) == 0 {
		return errors.New("it has no values")
	}
	seen := map[string]bool{}
	for _, v := range l.Values {
		tidy, unit := benchunit.Tidy(1, v.Unit)
		switch {
		case !unitForm.MatchString(v.Unit) || seen[v.Unit]:
			return fmt.Errorf("unit %q is none, or is there twice", v.Unit)
		case tidy != 1 || unit != v.Unit:
			return fmt.Errorf("unit %q is scaled: use %s", v.Unit, unit)
		case math.IsNaN(v.Value) || math.IsInf(v.Value, 0):
			return fmt.Errorf("%v %s is not finite", v.Value, v.Unit)
		}
		seen[v.Unit] = true
	}
	return nil
}

// ReadBench reads what WriteBench wrote, or any file in that format; name is for errors.
func ReadBench(name string, r io.Reader) ([]Line, error) {
	in := benchfmt.NewReader(r, name)
	var lines []Line
	for in.Scan() {
		switch rec := in.Result().(type) {
		case *benchfmt.SyntaxError:
			return nil, rec
		case *benchfmt.Result:
			line := Line{Name: string(rec.Name), Iters: rec.Iters}
			for _, v := range rec.Values {
				// The reader leaves the unit of a zero as it was.
				value, unit := benchunit.Tidy(v.Value, v.Unit)
				line.Values = append(line.Values, Value{Unit: unit, Value: value})
			}
			lines = append(lines, line)
		}
	}
	return lines, in.Err()
}
