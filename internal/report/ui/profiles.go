package ui

import (
	"fmt"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/profile"
	"crawlbench/internal/store"
)

// load reads a profile of a side, and returns what is recorded of its pass.
func (x Side) load(kind string) (p *profile.Profile, pass store.Profile, err error) {
	name := x.Cell.Files[kind]
	for _, rec := range x.Analysis.Run.Records() {
		if rec.Profile != nil && rec.Cell == x.Cell.ID() && rec.Profile.Files[kind] == name {
			pass = *rec.Profile
		}
	}
	f, err := x.Analysis.Run.Open(name)
	if err != nil {
		return nil, pass, fmt.Errorf("read profile: %w", err)
	}
	defer f.Close()
	p, err = profile.ReadFrom(f, name)
	return p, pass, err
}

// CellFlame returns the flame graph of a profile.
func (s *Site) CellFlame(x Side, kind string) (f profile.Flame, err error) {
	f.Title = x.Cell.ID()
	var pass store.Profile
	if f.Profile, pass, err = x.load(kind); err != nil {
		return f, err
	}
	if kind != "cpu" { // pprof would call the time of many goroutines a percentage of that of the clock
		f.Profile.DurationNanos = 0
	}
	f.Bar, err = s.flameBar(x.Run, x.Cell, kind, blockedWords(f.Profile, pass, x.Cell.Workers, kind))
	return f, err
}

// DifferenceOf returns the flame graph of the difference of two profiles, this minus base.
func (s *Site) DifferenceOf(this, base Side, kind string, by Scaling) (f profile.Flame, err error) {
	f.Title = this.Cell.ID() + " minus " + base.Cell.ID()
	p, pass, err := this.load(kind)
	if err != nil {
		return f, err
	}
	b, basePass, err := base.load(kind)
	if err != nil {
		return f, err
	}
	if by == ByShare {
		f.Base, err = profile.SameTotal(b, p)
	} else {
		f.Base, err = profile.Scaled(b, basePass.Pages, p, pass.Pages)
	}
	if err != nil {
		return f, err
	}
	if kind != "cpu" {
		p.DurationNanos = 0
	}
	f.Profile = p
	f.Bar, err = s.differenceBar(this, base, kind, by)
	return f, err
}

// Side is a cell with its run: one side of a difference, or the only cell.
type Side struct {
	Analysis *diagnose.Analysis
	Run      string
	Cell     *diagnose.Cell
}
