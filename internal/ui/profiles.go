package ui

import (
	"fmt"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/profile"
)

// load reads a profile of a side, and returns the number of pages crawled meanwhile.
func (x Side) load(kind string) (p *profile.Profile, pages int, err error) {
	name := x.Cell.Files[kind]
	for _, rec := range x.Analysis.Run.Records() {
		if rec.Profile != nil && rec.Cell == x.Cell.ID() && rec.Profile.Files[kind] == name {
			pages = rec.Profile.Pages
		}
	}
	f, err := x.Analysis.Run.Open(name)
	if err != nil {
		return nil, 0, fmt.Errorf("read profile: %w", err)
	}
	defer f.Close()
	p, err = profile.ReadFrom(f, name)
	return p, pages, err
}

// CellFlame returns the flame graph of a profile.
func (s *Site) CellFlame(x Side, kind string) (f profile.Flame, err error) {
	f.Title = x.Cell.ID()
	if f.Profile, _, err = x.load(kind); err == nil {
		f.Bar, err = s.flameBar(x.Run, x.Cell, kind)
	}
	return f, err
}

// DifferenceOf returns the flame graph of the difference of two profiles, this minus base.
func (s *Site) DifferenceOf(this, base Side, kind string, by Scaling) (f profile.Flame, err error) {
	f.Title = this.Cell.ID() + " minus " + base.Cell.ID()
	p, pages, err := this.load(kind)
	if err != nil {
		return f, err
	}
	b, basePages, err := base.load(kind)
	if err != nil {
		return f, err
	}
	if by == ByShare {
		f.Base, err = profile.SameTotal(b, p)
	} else {
		f.Base, err = profile.Scaled(b, basePages, p, pages)
	}
	if err != nil {
		return f, err
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
