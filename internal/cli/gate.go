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
)

// gateFlags are the flags of commands that can find a regression.
type gateFlags struct{ gate, format string }

func (g *gateFlags) add(fs *flag.FlagSet) {
	fs.StringVar(&g.gate, "gate", "", "exit with code 3 if a cell is significantly slower by more than this `percentage`, such as 5%")
	fs.StringVar(&g.format, "format", "text", "`format` of the table of changes: "+strings.Join(report.Formats(), ", "))
}

// share returns the gate as a fraction, or -1 if there is none.
func (g *gateFlags) share() (float64, error) {
	if !slices.Contains(report.Formats(), g.format) {
		return 0, usagef("invalid -format %q: want one of %s", g.format, strings.Join(report.Formats(), ", "))
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

// changes prints changes, and returns an error if one is a regression.
func (a *app) changes(list []diagnose.Change, g gateFlags) error {
	gate, err := g.share()
	if err != nil {
		return err
	}
	if err := report.Changes(a.out, list, gate, g.format); err != nil {
		return err
	}
	if gate < 0 {
		return nil
	}
	if len(list) == 0 {
		return errors.New("-gate: no cell was measured both before and after")
	}
	var slower []string
	for _, c := range list {
		if c.Regressed(gate) {
			slower = append(slower, c.Cell.ID())
		}
	}
	if len(slower) > 0 {
		return exitError{exitRegression, fmt.Errorf("slower by more than %s: %s", g.gate, strings.Join(slower, " "))}
	}
	return nil
}
