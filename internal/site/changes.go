package site

import (
	"fmt"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plot"
	"crawlbench/internal/report"
	"crawlbench/internal/stat"
)

type changesPage struct {
	How      string
	Summary  string
	Pictures []picture
	Rows     []changeRow
	Problem  string
	Turned   string
	Before   string
	BeforeAt string
}

// picture is a part of the changes.
type picture struct {
	Title, SVG string
	ratios     []plot.Ratio
}

// mostPictures bounds what is drawn; the table has all.
const mostPictures = 12

type changeRow struct {
	Name, Href, Before, After, Times, Interval, P, Verdict, Difference string
}

// ChangesPage makes the page of what changed in a run: since the run before, cell by cell, or if that is "" against the
// program that crawled in the same rounds. problem says why the two cannot be compared, if they cannot.
func (s *Site) ChangesPage(a *diagnose.Analysis, run, before string, list []diagnose.Change, problem error) ([]byte, error) {
	path := s.Changes(run, before)
	p := changesPage{How: "Paired by round: both programs were measured in the same rounds.", Before: "the other program"}
	title := fmt.Sprintf("%s against %s", run, a.Run.Manifest().Against)
	if before != "" {
		title = fmt.Sprintf("From %s to %s", before, run)
		p.How = "Not paired: the two runs have no round in common, so that a drift of the machine between them counts as a change."
		p.Before, p.BeforeAt, p.Turned = before, s.Link(path, s.Run(before)), s.Link(path, s.Changes(before, run))
	}
	if problem != nil {
		p.Problem = problem.Error()
	}
	tally := map[stat.Verdict]int{}
	for _, c := range list {
		x := c.Times()
		id := c.Cell.ID()
		row := changeRow{Name: id, Href: s.Link(path, s.Cell(run, id)), Before: report.SI(c.Old.Center) + "/s", After: report.SI(c.New.Center) + "/s",
			Times: fmt.Sprintf("%.2fx", x.Value), Interval: fmt.Sprintf("[%.2f, %.2f]", x.Lo, x.Hi), P: fmt.Sprintf("%.2g", c.Adjusted), Verdict: c.Verdict.String()}
		if before != "" {
			row.Difference = s.Link(path, s.Difference(run, id, before, id))
		}
		p.Rows = append(p.Rows, row)
		tally[c.Verdict]++
		p.draw(c, plot.Ratio{Label: fmt.Sprintf("%s, %d", c.Cell.Impl, c.Cell.Workers), Value: x.Value, Lo: x.Lo, Hi: x.Hi, Word: c.Verdict.String(), Href: row.Href})
	}
	if len(list) > 0 {
		p.Summary = fmt.Sprintf("Of %s %d are faster, %d slower, %d the same within the margin, %d not resolved; p is corrected for their number.",
			report.Plural(len(list), "cell"), tally[stat.Faster], tally[stat.Slower], tally[stat.Same], tally[stat.Unresolved])
	}
	for i := range p.Pictures {
		p.Pictures[i].SVG = plot.Forest("changes, "+p.Pictures[i].Title, p.Summary, "times the pages a second of before", p.Pictures[i].ratios)
	}
	f := frame{Title: title, Subtitle: p.How, Crumbs: s.crumbs(path, run, anchor{Text: "changes"}), Tabs: s.tabs(a, path, run, "changes")}
	return s.render("changes.html", path, f, p)
}

// draw adds a ratio to the picture of its graph, keys, rate and GOMAXPROCS.
func (p *changesPage) draw(c diagnose.Change, r plot.Ratio) {
	title := fmt.Sprintf("%s, keys %s, rate %s, GOMAXPROCS %d", c.Cell.Graph, c.Cell.Keys, rate(diagnose.Key{Rate: c.Cell.Rate, Burst: c.Cell.Burst, Limiter: c.Cell.Limiter}), c.Cell.Procs)
	for i := range p.Pictures {
		if p.Pictures[i].Title == title {
			p.Pictures[i].ratios = append(p.Pictures[i].ratios, r)
			return
		}
	}
	if len(p.Pictures) < mostPictures {
		p.Pictures = append(p.Pictures, picture{Title: title, ratios: []plot.Ratio{r}})
	}
}
