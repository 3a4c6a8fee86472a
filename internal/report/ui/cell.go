package ui

import (
	"fmt"
	"slices"
	"strings"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plain"
	"crawlbench/internal/plan"
	"crawlbench/internal/report"
)

type cellPage struct {
	report.CellDetails
	Breakdown *report.Figure
	Findings  []report.Finding
	Profiles  []profileLink
	Against   []anchor // differences from cells nearby
	Around    []nav    // cells that differ in one property
	Run, Pick string   // for the choice of a cell to subtract; "" if there is none
	Choices   []string
}

type profileLink struct {
	Kind, Href, About string
}

// Kinds returns the kinds of profiles that c has, in the order in which they are shown.
func Kinds(c *diagnose.Cell) []string {
	var list []string
	for _, k := range kinds {
		if strings.HasSuffix(c.Files[k.id], ".pb.gz") {
			list = append(list, k.id)
		}
	}
	return list
}

// CellPage makes the page of a cell.
func (s *Site) CellPage(a *diagnose.Analysis, run string, c *diagnose.Cell) ([]byte, error) {
	path, p := s.Cell(run, c.ID()), s.cell(a, run, c)
	f := frame{Title: p.Name, Subtitle: fmt.Sprintf("GOMAXPROCS %d", c.Procs),
		Crumbs: s.crumbs(path, run, anchor{Text: p.Name}), Tabs: s.tabs(a, path, run, "")}
	return s.render("cell.html", path, f, p)
}

// cell fills the page of a cell.
func (s *Site) cell(a *diagnose.Analysis, run string, c *diagnose.Cell) cellPage {
	path := s.Cell(run, c.ID())
	p := cellPage{CellDetails: report.NewCellDetails(a, c), Findings: report.Findings(a, c), Run: run}
	if p.Breakdown = report.Breakdown([]*diagnose.Cell{c}, func(string) string { return "" }); p.Breakdown != nil {
		p.Breakdown.Numbers = report.States(c)
	}
	for _, k := range Kinds(c) {
		p.Profiles = append(p.Profiles, profileLink{k, s.Link(path, s.Flame(run, c.ID(), k)), about(k)})
	}
	for _, o := range near(a, c) {
		p.Against = append(p.Against, anchor{Text: differingName(c, o),
			Href: s.Link(path, s.Difference(run, c.ID(), run, o.ID()))})
	}
	if !s.static {
		p.Pick = s.Link(path, "difference")
		if plain.Line(run) != run {
			p.Run = "" // a form cannot send it; the server defaults to this run
		}
		for _, x := range a.Run.Plan().Cells {
			if x != c.Cell && !x.IsControl() && !x.IsAgainst() {
				p.Choices = append(p.Choices, x.ID())
			}
		}
	}
	s.around(&p, a, run, c)
	return p
}

// nav is the links to the cells that differ in one property only.
type nav struct {
	Name  string
	Links []anchor
}

// around fills the links to the cells that differ from c in one property only: crawler, workers, graph, keys, rate with
// its limiter, or GOMAXPROCS.
func (s *Site) around(p *cellPage, a *diagnose.Analysis, run string, c *diagnose.Cell) {
	path := s.Cell(run, c.ID())
	for _, axis := range []struct {
		name string
		text func(c *diagnose.Cell) string
		free func(k *plan.Cell) // clears the property
	}{
		{"crawler", func(c *diagnose.Cell) string { return c.Impl }, func(k *plan.Cell) { k.Impl = "" }},
		{"workers", func(c *diagnose.Cell) string { return fmt.Sprint(c.Workers) },
			func(k *plan.Cell) { k.Workers = 0 }},
		{"graph", func(c *diagnose.Cell) string { return c.Graph }, func(k *plan.Cell) { k.Graph = "" }},
		{"keys", func(c *diagnose.Cell) string { return c.Keys }, func(k *plan.Cell) { k.Keys = "" }},
		{"rate", func(c *diagnose.Cell) string { return report.RateName(diagnose.KeyOf(c.Cell)) },
			func(k *plan.Cell) { k.Rate, k.Burst, k.Limiter = 0, 0, "" }},
		{"GOMAXPROCS", func(c *diagnose.Cell) string { return fmt.Sprint(c.Procs) },
			func(k *plan.Cell) { k.Procs = 0 }},
	} {
		rest := func(c plan.Cell) plan.Cell {
			c.MaxPages = 0 // follows from the rate
			axis.free(&c)
			return c
		}
		n := nav{Name: axis.name}
		for o := range a.Cells() {
			if rest(o.Cell) == rest(c.Cell) {
				n.Links = append(n.Links,
					anchor{Text: axis.text(o), Href: s.Link(path, s.Cell(run, o.ID())), Here: o == c})
			}
		}
		if len(n.Links) > 1 {
			p.Around = append(p.Around, n)
		}
	}
}

// near returns the most useful cells to subtract from c: the baseline and the best crawler with the
// same number of workers, and the same crawler with the fewest profiled workers.
func near(a *diagnose.Analysis, c *diagnose.Cell) []*diagnose.Cell {
	t := c.Table
	var list []*diagnose.Cell
	add := func(o *diagnose.Cell) {
		if o != nil && o != c && len(Kinds(o)) > 0 && !slices.Contains(list, o) {
			list = append(list, o)
		}
	}
	if len(Kinds(c)) == 0 {
		return nil
	}
	add(t.Cell(a.Baseline, c.Workers))
	add(t.Cell(t.Group(c.Workers).Best, c.Workers))
	for _, o := range c.Row.Cells {
		if len(Kinds(o)) > 0 {
			add(o)
			break
		}
	}
	return list
}

// differingName names o by its differences from c.
func differingName(c, o *diagnose.Cell) string {
	if o.Impl != c.Impl {
		return o.Impl
	}
	return plain.Count(o.Workers, "worker")
}
