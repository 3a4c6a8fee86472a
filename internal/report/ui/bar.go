package ui

import (
	"bytes"
	"fmt"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plain"
	"crawlbench/internal/report"
)

// barView is the bar above pprof's pages: the location, what is shown, and links to other pages.
type barView struct {
	Crumbs  []anchor
	Kinds   []anchor
	About   string
	Title   string
	Scaling []anchor
}

// flameBar makes the bar above the flame graph of a cell's profile; more is said about it.
func (s *Site) flameBar(run string, c *diagnose.Cell, kind, more string) ([]byte, error) {
	path := s.Flame(run, c.ID(), kind)
	b := barView{Crumbs: s.crumbs(path, run, anchor{Text: report.CellName(c), Href: s.Link(path, s.Cell(run, c.ID()))},
		anchor{Text: kind})}
	b.About = about(kind) + more
	for _, k := range Kinds(c) {
		b.Kinds = append(b.Kinds, anchor{k, s.Link(path, s.Flame(run, c.ID(), k)), k == kind})
	}
	return s.bar(b)
}

// differenceBar makes the bar above the flame graph of a difference.
func (s *Site) differenceBar(this, base Side, kind string, by Scaling) ([]byte, error) {
	to := func(kind string, by Scaling) string {
		return s.DifferenceFlame(this.Run, this.Cell.ID(), base.Run, base.Cell.ID(), kind, by)
	}
	path := to(kind, by)
	x, y, common := nameDifference(this, base)
	b := barView{About: fmt.Sprintf("%s %s of %s, %s.", directionWords(x, y), kind, common, by.words()),
		Crumbs: s.crumbs(path, this.Run,
			anchor{Text: report.CellName(this.Cell), Href: s.Link(path, s.Cell(this.Run, this.Cell.ID()))},
			anchor{Text: "minus " + y, Href: s.Link(path,
				s.Difference(this.Run, this.Cell.ID(), base.Run, base.Cell.ID()))}, anchor{Text: kind})}
	for _, k := range commonKinds(this.Cell, base.Cell) {
		b.Kinds = append(b.Kinds, anchor{k, s.Link(path, to(k, by)), k == kind})
	}
	for _, x := range s.scalings() {
		b.Scaling = append(b.Scaling, anchor{"by " + string(x), s.Link(path, to(kind, x)), x == by})
	}
	return s.bar(b)
}

func (s *Site) bar(b barView) ([]byte, error) {
	var text bytes.Buffer
	if err := s.pages.ExecuteTemplate(&text, "bar.html", b); err != nil {
		return nil, fmt.Errorf("make a page: %w", err)
	}
	return []byte(plain.Text(text.String())), nil
}
