package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plain"
	"crawlbench/internal/plain/screen"
	"crawlbench/internal/plan"
	"crawlbench/internal/stat"
	"crawlbench/internal/web/hostlog"
)

// Titles and descriptions of what hosts see.
const (
	politenessTitle = "Politeness"
	impoliteTitle   = "Crawlers that know no hosts, as hosts see them"
	stripsTitle     = "Hosts against time"
	hostCostTitle   = "Cost of a page and of a host"

	hostCostAbout = "Processor time per page, with the site's share, and heap bytes per host while all pages that the first " +
		"page links to wait."

	politenessAbout = "Makespan: until the last fetch ended. Of bound: divided by a proven lower bound, which is not tight " +
		"where the order of the fetches decides when pages are found. Unforced idle: the time, summed over workers, in " +
		"which a worker was idle although a host was ready; the best schedulers have none. 90 % of other hosts: when 90 % " +
		"of the pages of all hosts but the largest had been fetched."
	stripsAbout = "# a fetch, . the gap, ! ready but no worker fetches, blank: no page"
)

// politeOf returns what the hosts saw of a cell: medians over its samples, and sums of gaps; nil without a policy.
func politeOf(c *diagnose.Cell) *hostlog.Summary {
	if c == nil || !c.Sound() {
		return nil
	}
	var list []*hostlog.Summary
	for _, rec := range c.Records {
		if rec.Sample.Polite != nil {
			list = append(list, rec.Sample.Polite)
		}
	}
	if len(list) == 0 {
		return nil
	}
	out := *list[0]
	out.Gaps, out.Broken = 0, 0
	for _, s := range list {
		out.Gaps, out.Broken, out.Peak = out.Gaps+s.Gaps, out.Broken+s.Broken, max(out.Peak, s.Peak)
		if s.Broken > 0 && (out.Broken == s.Broken || s.Least < out.Least) {
			out.Least = s.Least
		}
	}
	median := func(of func(*hostlog.Summary) float64) float64 {
		var values []float64
		for _, s := range list {
			values = append(values, of(s))
		}
		return stat.Quantile(values, 0.5)
	}
	out.Makespan = median(func(s *hostlog.Summary) float64 { return s.Makespan })
	out.Bound = median(func(s *hostlog.Summary) float64 { return s.Bound })
	out.Idle = median(func(s *hostlog.Summary) float64 { return s.Idle })
	out.Others = median(func(s *hostlog.Summary) float64 { return s.Others })
	return &out
}

// politeGroups returns the groups of tables about hosts of a topic, and the pictures.
func politeGroups(a *diagnose.Analysis, t *topic) (groups []Group, figures []*Figure) {
	if a.Run.Plan().Politeness == nil {
		return nil, nil
	}
	keeps := Group{Title: politenessTitle, Main: true}
	breaks := Group{Title: impoliteTitle, Main: true}
	for _, table := range t.tables {
		for _, n := range table.Workers {
			keeps.Tables = append(keeps.Tables, politeTable(a, table, n))
			if f := stripsFigure(table, n); f != nil {
				figures = append(figures, f)
			}
		}
		breaks.Tables = append(breaks.Tables, impoliteTable(table))
	}
	costs := Group{Title: hostCostTitle, Main: true}
	if !a.Run.Plan().Simulated {
		costs.Tables = []Table{costTable(t.tables[0])}
	}
	return filled(keeps, breaks, costs), figures
}

// condition names a graph, and what else the scenario varies.
func condition(t *diagnose.Table, workers int) string {
	text := t.Graph + ", " + plain.Count(workers, "worker")
	if t.Keys != "id" {
		text += ", keys " + t.Keys
	}
	if t.Rate > 0 || t.Cost != (plan.Cost{}) {
		text += ", rate " + RateName(t.Key)
	}
	return text
}

// politeTable returns the table of the crawlers that keep a policy.
func politeTable(a *diagnose.Analysis, t *diagnose.Table, workers int) Table {
	name := condition(t, workers)
	out := Table{About: name + ". " + politenessAbout, Brief: name, Head: []string{"crawler", "makespan", "of bound",
		"unforced idle", "90 % of other hosts"}}
	if g := a.Run.Plan().Graph(t.Graph); g.Doc != "" {
		out.Brief += ": " + g.Doc
		out.About = name + ": " + g.Doc + ". " + politenessAbout
	}
	for _, r := range t.Rows {
		if s := politeOf(t.Cell(r.Impl, workers)); s != nil && s.Polite {
			out.add(r.Impl, seconds(s.Makespan), share(s.Makespan, s.Bound), seconds(s.Idle), seconds(s.Others))
		}
	}
	return out
}

// impoliteTable returns the table of the crawlers that know no hosts: by how much they break the gap.
func impoliteTable(t *diagnose.Table) Table {
	out := Table{About: t.Graph + ": fetches that began too early for the gap, the shortest time after the fetch before it, " +
		"and the most fetches in flight at one host.", Brief: "Crawlers that know no hosts, as the hosts of " + t.Graph + " see them",
		Head: []string{"crawler", "workers", "gaps broken", "shortest gap", "in flight at one host"}}
	for c := range t.Cells() {
		if s := politeOf(c); s != nil && !s.Polite {
			least := "-"
			if s.Broken > 0 {
				least = seconds(s.Least)
			}
			out.add(c.Impl, fmt.Sprint(c.Workers), fmt.Sprintf("%d of %d", s.Broken, s.Gaps), least, fmt.Sprint(s.Peak))
		}
	}
	return out
}

// costTable returns what crawlers cost with a policy.
func costTable(t *diagnose.Table) Table {
	out := Table{About: t.Graph + ". " + hostCostAbout, Brief: t.Graph + ": processor time per page, bytes per host",
		Head: []string{"crawler", "workers", "time per page", "bytes per host"}}
	for c := range t.Cells() {
		if !c.Sound() {
			continue
		}
		bytes := "-"
		if c.PerHost > 0 {
			bytes = fmt.Sprintf("%.0f", c.PerHost)
		}
		name := c.Impl
		if c.KnowsNoHosts {
			name += " (knows no hosts)"
		}
		out.add(name, fmt.Sprint(c.Workers), fmt.Sprintf("%.0f ns", 1e9*c.CPU), bytes)
	}
	return out
}

// share returns a makespan divided by its bound.
func share(makespan, bound float64) string {
	if bound <= 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", makespan/bound)
}

// seconds formats a time.
func seconds(s float64) string {
	switch {
	case s == 0:
		return "0"
	case s < 0.1:
		return fmt.Sprintf("%.3g s", s)
	}
	return fmt.Sprintf("%.1f s", s)
}

// wasteless says who of a table leaves no worker idle without need, and what it costs the others.
func wasteless(t *diagnose.Table, workers int) string {
	var none, some []string
	best := math.Inf(1)
	for _, r := range t.Rows {
		if s := politeOf(t.Cell(r.Impl, workers)); s != nil && s.Polite {
			best = min(best, s.Makespan)
		}
	}
	for _, r := range t.Rows {
		s := politeOf(t.Cell(r.Impl, workers))
		switch {
		case s == nil || !s.Polite:
		case s.Idle == 0:
			none = append(none, r.Impl)
		default:
			some = append(some, fmt.Sprintf("%s for %s (makespan %.2f times the shortest)", r.Impl, seconds(s.Idle),
				s.Makespan/best))
		}
	}
	text := condition(t, workers) + ": "
	if len(none) > 0 {
		text += strings.Join(none, ", ") + " left no worker idle while a host was ready"
	}
	if len(some) > 0 {
		if len(none) > 0 {
			text += "; "
		}
		text += "idle without need: " + strings.Join(some, ", ")
	}
	if len(none)+len(some) == 0 {
		return ""
	}
	return text + "."
}

// unranked says who is not ranked, because it does not keep the policy.
func unranked(a *diagnose.Analysis) string {
	var names []string
	keeps := false
	for c := range a.Cells() {
		if keeps = keeps || !c.KnowsNoHosts; c.KnowsNoHosts && !slices.Contains(names, c.Impl) {
			names = append(names, c.Impl)
		}
	}
	if len(names) == 0 {
		return ""
	}
	text := "Crawlers that know no hosts: " + strings.Join(names, ", ")
	if !keeps {
		return text + "."
	}
	return text + ": they do not keep the policy, so they are not ranked with the others."
}

// policy says how politeness was verified.
func policy(a *diagnose.Analysis) [][2]string {
	p := a.Run.Plan()
	if p.Politeness == nil {
		return nil
	}
	how := "every fetch of every crawl is verified from a log of the hosts: gaps, fetches in flight, pages"
	for c := range a.Cells() {
		if s := politeOf(c); s != nil {
			how += fmt.Sprintf("; a fetch may begin %s too early", tolerance(s.Tolerance))
			break
		}
	}
	return [][2]string{{"politeness", p.Politeness.String()}, {"verification of politeness", how}}
}

func tolerance(s float64) string {
	if s < 1e-6 {
		return fmt.Sprintf("%.0f ns", 1e9*s)
	}
	return fmt.Sprintf("%.3g ms", 1e3*s)
}

// Politeness renders what hosts saw of a run for a terminal.
func Politeness(a *diagnose.Analysis, s screen.Screen) string {
	var b strings.Builder
	for _, t := range topics(a) {
		groups, _ := politeGroups(a, t)
		for _, g := range groups {
			g.text(&b, s)
		}
	}
	return b.String()
}

// PolitenessChanges renders how what hosts saw differs between two simulated runs of one scenario.
func PolitenessChanges(old, new *diagnose.Analysis, s screen.Screen) string {
	var b strings.Builder
	for _, t := range new.Tables {
		for _, n := range t.Workers {
			out := Table{Brief: condition(t, n),
				Head: []string{"crawler", "makespan, old", "new", "change", "unforced idle, old", "new"}}
			for _, r := range t.Rows {
				c := t.Cell(r.Impl, n)
				if c == nil {
					continue
				}
				x, y := politeOf(old.Cell(c.ID())), politeOf(c)
				if x != nil && y != nil && y.Polite {
					out.add(r.Impl, seconds(x.Makespan), seconds(y.Makespan), change(x.Makespan, y.Makespan),
						seconds(x.Idle), seconds(y.Idle))
				}
			}
			if len(out.Rows) > 0 {
				Group{Tables: []Table{out}}.text(&b, s)
			}
		}
	}
	return b.String()
}

// change returns how much longer a time is.
func change(old, new float64) string {
	switch {
	case old == new:
		return "0"
	case old <= 0:
		return "-"
	}
	return fmt.Sprintf("%+.2f %%", 100*(new/old-1))
}

// stripsOf returns the crawlers of a table whose strips are shown: those that keep a policy.
func stripsOf(t *diagnose.Table, workers int) (cells []*diagnose.Cell, list []*hostlog.Summary) {
	for _, r := range t.Rows {
		c := t.Cell(r.Impl, workers)
		if s := politeOf(c); s != nil && s.Polite && len(s.Strips) > 0 {
			cells, list = append(cells, c), append(list, s)
		}
	}
	return cells, list
}

// mostStrips is the largest number of crawlers whose strips are printed in a terminal.
const mostStrips = 3

// stripRows returns the strips for a terminal, up to end: those of the first table, if they are few.
func stripRows(a *diagnose.Analysis) (title string, end float64, rows []StripRow) {
	for _, t := range a.Tables {
		for _, n := range t.Workers {
			cells, list := stripsOf(t, n)
			switch {
			case len(list) == 0:
				continue
			case len(list) > mostStrips:
				return fmt.Sprintf("Name up to %d crawlers with -crawlers to see here what their hosts do; the report has all.",
					mostStrips), 0, nil
			}
			for i, s := range list {
				rows = append(rows, StripRow{Name: cells[i].Impl, Hosts: s.Hosts, Lines: s.Strips})
			}
			end = list[0].StripEnd
			return fmt.Sprintf("The first %s of %s, some hosts, one a line", seconds(end), condition(t, n)), end, rows
		}
	}
	return "", 0, nil
}

// stripsFigure draws hosts against time; nil if there is nothing to draw.
func stripsFigure(t *diagnose.Table, workers int) *Figure {
	cells, list := stripsOf(t, workers)
	if len(list) == 0 {
		return nil
	}
	f := &Figure{Title: stripsTitle + ", " + condition(t, workers),
		Sentence: fmt.Sprintf("The first %s, %s, one a line: what each was for most of a column. Ready means that its pages "+
			"could be fetched and no worker did: head-of-line blocking.", seconds(list[0].StripEnd),
			plain.Count(len(list[0].Strips), "host")),
		Numbers: Table{Head: []string{"crawler", "busy", "gap", "ready", "no page"}}}
	var rows []StripRow
	for i, s := range list {
		rows = append(rows, StripRow{Name: cells[i].Impl, Hosts: s.Hosts, Lines: s.Strips})
		n, all := map[rune]int{}, 0
		for _, line := range s.Strips {
			for _, state := range line {
				n[state]++
				all++
			}
		}
		row := []string{cells[i].Impl}
		for _, state := range []rune{hostlog.StripBusy, hostlog.StripGap, hostlog.StripReady, hostlog.StripNone} {
			row = append(row, fmt.Sprintf("%.0f %%", 100*float64(n[state])/float64(all)))
		}
		f.Numbers.add(row...)
	}
	f.SVG = Strips(f.Title, f.Sentence, list[0].StripEnd, rows)
	return f
}

// polite adds to a section what its hosts saw.
func (s *Section) polite(a *diagnose.Analysis, t *topic) {
	groups, figures := politeGroups(a, t)
	s.add(figures...)
	s.Groups = slices.Concat(groups, s.Groups)
}
