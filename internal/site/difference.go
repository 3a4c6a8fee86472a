package site

import (
	"fmt"
	"slices"
	"strings"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/ledger"
	"crawlbench/internal/report"
	"crawlbench/internal/stat"
)

// Scaling is how a base is made comparable before it is subtracted.
type Scaling string

const (
	ByPage  Scaling = "page"  // to as many pages: what a page costs
	ByShare Scaling = "share" // to the same total: what it is made of
)

// Scalings returns them, the usual one first.
func Scalings() []Scaling { return []Scaling{ByPage, ByShare} }

// words say what a difference under s compares.
func (s Scaling) words() string {
	if s == ByShare {
		return "composition, both scaled to the same total"
	}
	return "cost a page, both scaled to the same number of pages"
}

type differencePage struct {
	This, Base sideView
	Ratio      string
	Flames     []flameRow
	Account    string
	Classes    []classDiff
	Turned     string // the same the other way round
	Waits      []report.Drawer
}

type sideView struct {
	Name, Href, Speed, CPU string
}

type flameRow struct {
	Kind, About string
	Links       []anchor
}

// classDiff is a class of both ledgers: shares, and workers' time a page.
type classDiff struct {
	Class, This, Base, ThisPage, BasePage, More string
	Style                                       string // of the style sheet: slower, faster or none
}

// Common returns the kinds of profiles that both have.
func Common(x, y *diagnose.Cell) []string {
	return slices.DeleteFunc(Kinds(x), func(k string) bool { return !slices.Contains(Kinds(y), k) })
}

// DifferencePage makes the page of this cell without base.
func (s *Site) DifferencePage(this, base Side) ([]byte, error) {
	path := s.Difference(this.Run, this.Cell.ID(), base.Run, base.Cell.ID())
	view := func(x Side) sideView {
		v := sideView{Name: report.CellName(x.Cell), Href: s.Link(path, s.Cell(x.Run, x.Cell.ID())), Speed: "not measured"}
		if sound(x.Cell) {
			v.Speed = fmt.Sprintf("%s pages/s [%s, %s]", report.SI(x.Cell.Summary.Center), bound(x.Cell.Summary.Lo), bound(x.Cell.Summary.Hi))
			v.CPU = report.Seconds(x.Cell.CPU) + " of processor time a page"
		}
		return v
	}
	p := differencePage{This: view(this), Base: view(base), Ratio: ratio(this, base)}
	if !s.static {
		p.Turned = s.Link(path, s.Difference(base.Run, base.Cell.ID(), this.Run, this.Cell.ID()))
	}
	for _, k := range kinds {
		if slices.Contains(Common(this.Cell, base.Cell), k.id) {
			row := flameRow{Kind: k.id, About: k.about}
			for _, by := range Scalings() {
				row.Links = append(row.Links, anchor{Text: "by " + string(by), Href: s.Link(path, s.DifferenceFlame(this.Run, this.Cell.ID(), base.Run, base.Cell.ID(), k.id, by))})
			}
			p.Flames = append(p.Flames, row)
		}
	}
	if this.Cell.Traced != nil && base.Cell.Traced != nil {
		p.Account, _ = account(this.Cell, base.Cell)
		p.Classes = classes(this.Cell, base.Cell)
		p.Waits = []report.Drawer{report.Open(this.Analysis, this.Cell), report.Open(base.Analysis, base.Cell)}
	}
	x, y, common := apart(this, base)
	f := frame{Title: x + " minus " + y, Subtitle: common + ". " + directionWords(x, y),
		Crumbs: s.crumbs(path, this.Run, anchor{Text: p.This.Name, Href: s.Link(path, s.Cell(this.Run, this.Cell.ID()))}, anchor{Text: "minus " + y}), Tabs: s.tabs(this.Analysis, path, this.Run, "")}
	return s.render("difference.html", path, f, p)
}

// directionWords say how to read a difference.
func directionWords(this, base string) string {
	return fmt.Sprintf("Red and + is what %s has more of than %s; green and - is what it has less of.", this, base)
}

// apart names two cells by what they differ in, and says what they have in common.
func apart(this, base Side) (x, y, common string) {
	a, b := strings.Split(report.CellName(this.Cell), ", "), strings.Split(report.CellName(base.Cell), ", ")
	if this.Run != base.Run {
		a, b = append(a, "in "+this.Run), append(b, "in "+base.Run)
	}
	if this.Cell.Procs != base.Cell.Procs {
		a, b = append(a, fmt.Sprintf("GOMAXPROCS %d", this.Cell.Procs)), append(b, fmt.Sprintf("GOMAXPROCS %d", base.Cell.Procs))
	}
	only := func(list, other []string) string {
		return strings.Join(slices.DeleteFunc(slices.Clone(list), func(w string) bool { return slices.Contains(other, w) }), ", ")
	}
	both := slices.DeleteFunc(slices.Clone(a), func(w string) bool { return !slices.Contains(b, w) })
	x, y, common = only(a, b), only(b, a), strings.Join(both, ", ")
	if x == "" || y == "" {
		x, y = strings.Join(a, ", "), strings.Join(b, ", ")
	}
	return x, y, common
}

// ratio compares the speeds: by rounds within a run, without pairs between two.
func ratio(this, base Side) string {
	if !sound(this.Cell) || !sound(base.Cell) {
		return ""
	}
	times := func(c *diagnose.Cell) []float64 {
		list := make([]float64, len(c.Speed))
		for i, v := range c.Speed {
			list[i] = 1 / v
		}
		return list
	}
	if this.Run == base.Run {
		p := stat.Pair(times(base.Cell), times(this.Cell))
		return fmt.Sprintf("%.2fx the pages a second [%.2f, %.2f], paired by %s; of this pair alone, not corrected for how many there are", 1/p.Ratio, 1/p.Hi, 1/p.Lo, report.Plural(p.N, "round"))
	}
	p := stat.Unpaired(times(base.Cell), times(this.Cell))
	return fmt.Sprintf("%.2fx the pages a second [%.2f, %.2f], not paired, since the runs have no rounds in common", 1/p.Ratio, 1/p.Hi, 1/p.Lo)
}

// classes sets both ledgers side by side.
func classes(this, base *diagnose.Cell) []classDiff {
	var list []classDiff
	for _, class := range ledger.Classes() {
		x, y := perPage(this, class), perPage(base, class)
		d := classDiff{Class: string(class), This: share(this.Traced.Share(class)), Base: share(base.Traced.Share(class)),
			ThisPage: report.Seconds(x), BasePage: report.Seconds(y), More: "0"}
		switch {
		case x > y:
			d.More, d.Style = "+"+report.Seconds(x-y), "slower"
		case x < y:
			d.More, d.Style = "-"+report.Seconds(y-x), "faster"
		}
		list = append(list, d)
	}
	return list
}

// perPage is workers' time of a class a page crawled, over all traces.
func perPage(c *diagnose.Cell, class ledger.Class) float64 {
	seconds, pages := 0.0, 0
	for _, l := range c.Traced.Ledgers {
		seconds += l.Seconds[class]
		pages += l.Pages
	}
	return seconds / float64(max(1, pages))
}
