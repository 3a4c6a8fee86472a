package ui

import (
	"fmt"
	"slices"
	"strings"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plain"
	"crawlbench/internal/report"
)

// Scaling is how a base profile is scaled before it is subtracted.
type Scaling string

const (
	ByPage  Scaling = "page"  // to the same number of pages: the cost per page
	ByShare Scaling = "share" // to the same total: the composition
)

// Scalings returns all scalings, the default first.
func Scalings() []Scaling { return []Scaling{ByPage, ByShare} }

// scalings returns the scalings that the site has: files have the default only, as each takes a page for each profile.
func (s *Site) scalings() []Scaling {
	if s.static {
		return Scalings()[:1]
	}
	return Scalings()
}

type differencePage struct {
	This, Base sideView
	Ratio      string
	Flames     []flameRow
	Shares     bool // whether there are flame graphs by share
	Breakdown  *report.Figure
	States     report.Table
	Turned     string // link to the page with sides swapped
	Waits      []report.CellDetails
}

type sideView struct {
	Name, Href, Speed, CPU string
}

type flameRow struct {
	Kind, About string
	Links       []anchor
}

// commonKinds returns the kinds of profiles that both cells have.
func commonKinds(x, y *diagnose.Cell) []string {
	return slices.DeleteFunc(Kinds(x), func(k string) bool { return !slices.Contains(Kinds(y), k) })
}

// DifferencePage makes the page of the difference of two cells, this minus base.
func (s *Site) DifferencePage(this, base Side) ([]byte, error) {
	path := s.Difference(this.Run, this.Cell.ID(), base.Run, base.Cell.ID())
	view := func(x Side) sideView {
		v := sideView{Name: report.CellName(x.Cell), Href: s.Link(path, s.Cell(x.Run, x.Cell.ID())),
			Speed: "not measured"}
		if x.Cell.Sound() {
			v.Speed = report.Interval(x.Cell)
			v.CPU = plain.Seconds(x.Cell.CPU) + " of processor time per page, not traced"
		}
		return v
	}
	p := differencePage{This: view(this), Base: view(base),
		Ratio: report.DifferenceSentence(this.Cell, base.Cell, this.Run == base.Run)}
	if p.Shares = !s.static; p.Shares {
		p.Turned = s.Link(path, s.Difference(base.Run, base.Cell.ID(), this.Run, this.Cell.ID()))
	}
	for _, k := range commonKinds(this.Cell, base.Cell) {
		row := flameRow{Kind: k, About: about(k)}
		for _, by := range s.scalings() {
			row.Links = append(row.Links,
				anchor{Text: "by " + string(by),
					Href: s.Link(path, s.DifferenceFlame(this.Run, this.Cell.ID(), base.Run, base.Cell.ID(), k, by))})
		}
		p.Flames = append(p.Flames, row)
	}
	if this.Cell.Traces != nil && base.Cell.Traces != nil {
		p.Breakdown = report.Breakdown([]*diagnose.Cell{this.Cell, base.Cell}, func(string) string { return "" })
		p.States = report.StatesBeside(this.Cell, base.Cell)
		p.Waits = []report.CellDetails{report.NewCellDetails(this.Analysis, this.Cell),
			report.NewCellDetails(base.Analysis, base.Cell)}
	}
	x, y, common := nameDifference(this, base)
	f := frame{Title: x + " minus " + y, Subtitle: common + ". " + directionWords(x, y),
		Crumbs: s.crumbs(path, this.Run,
			anchor{Text: p.This.Name, Href: s.Link(path, s.Cell(this.Run, this.Cell.ID()))},
			anchor{Text: "minus " + y}), Tabs: s.tabs(this.Analysis, path, this.Run, "")}
	return s.render("difference.html", path, f, p)
}

// nameDifference names two cells by their differences, and returns what they have in common.
func nameDifference(this, base Side) (x, y, common string) {
	a, b := strings.Split(report.CellName(this.Cell), ", "), strings.Split(report.CellName(base.Cell), ", ")
	if this.Run != base.Run {
		a, b = append(a, "in "+this.Run), append(b, "in "+base.Run)
	}
	if this.Cell.Procs != base.Cell.Procs {
		a, b = append(a, fmt.Sprintf("GOMAXPROCS %d", this.Cell.Procs)),
			append(b, fmt.Sprintf("GOMAXPROCS %d", base.Cell.Procs))
	}
	only := func(list, other []string) string {
		return strings.Join(slices.DeleteFunc(slices.Clone(list),
			func(w string) bool { return slices.Contains(other, w) }), ", ")
	}
	both := slices.DeleteFunc(slices.Clone(a), func(w string) bool { return !slices.Contains(b, w) })
	x, y, common = only(a, b), only(b, a), strings.Join(both, ", ")
	if x == "" || y == "" {
		x, y = strings.Join(a, ", "), strings.Join(b, ", ")
	}
	return x, y, common
}
