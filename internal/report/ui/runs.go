package ui

import (
	"time"

	"crawlbench/internal/report"
	"crawlbench/internal/store"
)

// Summary is an entry of the list of runs.
type Summary struct {
	Name     string
	Manifest store.Manifest
	State    string // running, interrupted, complete, or damaged
	Problem  string // why it is damaged
	Done     int    // samples
	Total    int    // that are planned
	Trust    string // see report.TrustOf; "" if not known yet
}

type runsPage struct {
	Rows    []runRow
	Choices []anchor // of a form: names escaped as in paths, because a name may be invalid UTF-8
}

type runRow struct {
	Summary
	Href, Machine, When, Took string
	Percent                   int
}

// Runs makes the list of runs, in the order given.
func (s *Site) Runs(list []Summary) ([]byte, error) {
	var p runsPage
	for _, r := range list {
		row := runRow{Summary: r, Href: s.Link("", s.Run(r.Name))}
		if r.Problem == "" {
			p.Choices = append(p.Choices, anchor{Text: r.Name, Href: s.name(r.Name)})
			row.Machine = report.MachineOf(r.Manifest)
			if !r.Manifest.Started.IsZero() {
				row.When = r.Manifest.Started.UTC().Format("2006-01-02 15:04")
			}
			if d := r.Manifest.Ended.Sub(r.Manifest.Started); d > 0 {
				row.Took = d.Round(time.Second).String()
			}
			row.Percent = 100 * r.Done / max(1, r.Total)
		}
		p.Rows = append(p.Rows, row)
	}
	f := frame{Title: "Runs", Crumbs: []anchor{{Text: "runs", Here: true}}, Live: true}
	return s.render("runs.html", "", f, p)
}

// Problem makes a page with an error in place of the page at path.
func (s *Site) Problem(path, title, text string) ([]byte, error) {
	root := "runs"
	if s.static {
		root = "report"
	}
	f := frame{Title: title, Crumbs: []anchor{{Text: root, Href: s.Link(path, "")}, {Text: title, Here: true}}}
	return s.render("problem.html", path, f, text)
}
