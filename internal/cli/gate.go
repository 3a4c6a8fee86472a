package cli

import (
	"errors"
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/report"
	"crawlbench/internal/stat"
)

// gateFlags are the flags of commands that can find a regression.
type gateFlags struct{ gate, format string }

// add adds the flags; of says which cells are compared.
func (g *gateFlags) add(fs *flag.FlagSet, of string) {
	fs.StringVar(&g.gate, "gate", "", of+": exit with 3 if a cell is proven slower by more than this `percentage`, "+
		"such as 5%, with 0 if every cell is proven not to be, and with 6 otherwise")
	fs.StringVar(&g.format, "format", "text",
		"`format` of the table of changes: "+strings.Join(report.ChangesFormats(), ", "))
}

// share returns the gate as a fraction, or -1 without a gate.
func (g *gateFlags) share() (float64, error) {
	if !slices.Contains(report.ChangesFormats(), g.format) {
		return 0, usagef("invalid -format %q: want one of %s", g.format, strings.Join(report.ChangesFormats(), ", "))
	}
	if g.gate == "" {
		return -1, nil
	}
	digits, ok := strings.CutSuffix(g.gate, "%")
	x, err := strconv.ParseFloat(digits, 64)
	if !ok || err != nil || !(x >= 0 && x <= 1e6) {
		return 0, usagef("invalid -gate %q: want a percentage of the time, such as 5%%", g.gate)
	}
	return x / 100, nil
}

// changes prints changes, and returns an error unless the gate lets all of them pass.
func (a *app) changes(list []diagnose.Change, g gateFlags) error {
	gate, err := g.share()
	if err != nil {
		return err
	}
	to := a.out
	if g.format == "text" {
		to = a.raw
	}
	if err := report.Changes(to, list, gate, g.format, a.screen); err != nil {
		return err
	}
	if gate < 0 {
		return nil
	}
	if len(list) == 0 {
		return exitError{exitCannotTell, errors.New("-gate: cannot tell: no cell was measured both before and after")}
	}
	of := map[stat.Gate][]string{}
	for _, c := range list {
		of[c.Gate(gate)] = append(of[c.Gate(gate)], c.Cell.ID())
	}
	switch diagnose.Gate(list, gate) {
	case stat.Fail:
		return exitError{exitRegression,
			fmt.Errorf("slower by more than %s: %s", g.gate, strings.Join(of[stat.Fail], " "))}
	case stat.CannotTell:
		return exitError{exitCannotTell, fmt.Errorf("cannot tell whether these are slower by more than %s: %s\n"+
			"measure more rounds, or with less noise (see \"crawlbench doctor\")", g.gate, strings.Join(of[stat.CannotTell], " "))}
	}
	return nil
}
