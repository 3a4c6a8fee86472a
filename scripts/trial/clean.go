package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// said is what a report says of a run: see results/README.md.
type said struct {
	Findings []struct{ Kind, Cell, Text string }
	Cells    []struct {
		Cell, Failure    string
		Samples, Flagged int
	}
}

// clean does a command about the situation with the number in text: it writes its scenario, or what is false of what
// the report in r says.
func clean(command, text string, r io.Reader, w io.Writer) error {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return fmt.Errorf("invalid number of a situation %q: want a whole number of at least 0", text)
	}
	s := situationOf(n)
	if command == "situation" {
		_, err := io.WriteString(w, s.scenario(n))
		return err
	}
	var report said
	if err := json.NewDecoder(r).Decode(&report); err != nil {
		return fmt.Errorf("read the report of situation %d: %w", n, err)
	}
	lines, err := s.check(n, report)
	if err == nil {
		_, err = io.WriteString(w, strings.Join(lines, ""))
	}
	return err
}

// check returns a line for each cause that is said of a run, which begins with "true" or "false", and one for each cell
// that the machine disturbed so much that nothing is said of it.
func (s situation) check(n int, report said) (lines []string, err error) {
	if len(report.Cells) == 0 {
		return nil, fmt.Errorf("the report of situation %d has no cells", n)
	}
	for _, c := range report.Cells {
		switch {
		case c.Failure != "" || c.Samples == 0:
			return nil, fmt.Errorf("situation %d: %s was not measured: %s", n, c.Cell, c.Failure)
		case 2*c.Flagged > c.Samples:
			lines = append(lines, fmt.Sprintf("disturbed\t%d\t%s: %d of %d samples are flagged\n", n, c.Cell, c.Flagged,
				c.Samples))
		}
	}
	for _, f := range report.Findings {
		may := s.several
		if strings.Contains(f.Cell+",", ",workers=1,") {
			may = s.one
		}
		verdict := "false"
		if slices.Contains(may, f.Kind) {
			verdict = "true"
		}
		lines = append(lines, fmt.Sprintf("%s\t%d\t%s: %s\t%s\n", verdict, n, s.what, f.Kind, f.Text))
	}
	return lines, nil
}
