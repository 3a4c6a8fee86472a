package ui

import (
	"fmt"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/report"
)

type changesPage struct {
	report.ChangesPage
	Problem, Turned, Before, BeforeAt string
}

// ChangesPage makes the page of changes of a run: since the run before, cell by cell, or if before
// is "", against the other program measured in the same rounds. problem says why the two cannot be
// compared; nil if they can.
func (s *Site) ChangesPage(a *diagnose.Analysis, run, before string, list []diagnose.Change, problem error) ([]byte,
	error) {
	path := s.Changes(run, before)
	p := changesPage{ChangesPage: report.ViewChanges(list, -1,
		func(id string) string { return s.Link(path, s.Cell(run, id)) })}
	how, title := paired, fmt.Sprintf("%s against %s", run, a.Run.Manifest().Against)
	if before != "" {
		title = fmt.Sprintf("From %s to %s", before, run)
		how = notPaired
		p.Before, p.BeforeAt, p.Turned = before, s.Link(path, s.Run(before)), s.Link(path, s.Changes(before, run))
		p.Table.Head = append(p.Table.Head, "difference")
		for i, c := range list {
			id := c.Cell.ID()
			p.Table.Rows[i] = append(p.Table.Rows[i],
				report.Entry{Text: "after minus before", Href: s.Link(path, s.Difference(run, id, before, id))})
		}
	}
	if problem != nil {
		p.Problem = problem.Error()
	}
	f := frame{Title: title, Subtitle: how, Crumbs: s.crumbs(path, run, anchor{Text: "changes"}),
		Tabs: s.tabs(a, path, run, "changes")}
	return s.render("changes.html", path, f, p)
}
