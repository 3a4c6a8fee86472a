package site

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/ledger"
	"crawlbench/internal/plain"
	"crawlbench/internal/plot"
	"crawlbench/internal/report"
)

type cellPage struct {
	report.Drawer
	Interval  string
	Samples   string // picture
	Rows      []sampleRow
	Account   string // picture
	Classes   []classRow
	Findings  []diagnose.Finding
	Profiles  []profileLink
	Against   []anchor // differences from cells nearby
	Workers   []anchor // the same contender with other numbers of workers
	Others    []anchor // other contenders with as many workers
	Run, Pick string   // for the choice of a cell to subtract; "" if there is none
	Choices   []string
}

// sampleRow is a sample as text.
type sampleRow struct {
	Round, Slot, Crawls     int
	Speed, Seconds, CPU, At string
	Flags                   string
}

// classRow is a class of the ledger: shares over the traces.
type classRow struct {
	Class            string
	Median, Min, Max string
}

type profileLink struct {
	Kind, Href, About string
}

// kinds are the profiles that a cell may have, in the order in which they are shown, and what they say.
var kinds = [...]struct{ id, about string }{
	{"cpu", "where processors were busy"},
	{"wall", "all of the workers' time, by what they did or waited for"},
	{"block", "who waited, for locks and channels alike"},
	{"mutex", "who held the lock that others waited for"},
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

// Find returns the cell of that identity, nil if there is none; a control or the cell of another program is none.
func Find(a *diagnose.Analysis, id string) *diagnose.Cell {
	for _, t := range a.Tables {
		for _, r := range t.Rows {
			for _, c := range r.Cells {
				if c.ID() == id {
					return c
				}
			}
		}
	}
	return nil
}

// CellPage makes the page of a cell.
func (s *Site) CellPage(a *diagnose.Analysis, run string, c *diagnose.Cell) ([]byte, error) {
	path := s.Cell(run, c.ID())
	p := cellPage{Drawer: report.Open(a, c), Run: run}
	if sound(c) {
		p.Interval = fmt.Sprintf("%s/s [%s, %s]", report.SI(c.Summary.Center), bound(c.Summary.Lo), bound(c.Summary.Hi))
		p.samples(a, c)
	}
	if c.Failure != nil {
		p.Median = fmt.Sprintf("%s: %s", c.Failure.Class, c.Failure.Message)
	}
	if c.Traced != nil {
		p.Account, p.Classes = account(c)
	}
	for _, f := range a.Findings {
		if f.Cell == c.ID() {
			p.Findings = append(p.Findings, f)
		}
	}
	for _, k := range kinds {
		if slices.Contains(Kinds(c), k.id) {
			p.Profiles = append(p.Profiles, profileLink{k.id, s.Link(path, s.Flame(run, c.ID(), k.id)), k.about})
		}
	}
	for _, o := range Near(a, c) {
		p.Against = append(p.Against, anchor{Text: short(c, o), Href: s.Link(path, s.Difference(run, c.ID(), run, o.ID()))})
	}
	if !s.static {
		p.Pick = s.Link(path, "difference")
		if plain.Line(run) != run {
			p.Run = "" // no form can send it; the server takes this run for it
		}
		for _, x := range a.Run.Plan().Cells {
			if x != c.Cell && !x.IsControl() && !x.IsAgainst() {
				p.Choices = append(p.Choices, x.ID())
			}
		}
	}
	s.around(&p, a, run, c)
	f := frame{Title: p.Name, Subtitle: fmt.Sprintf("GOMAXPROCS %d", c.Procs), Crumbs: s.crumbs(path, run, anchor{Text: p.Name}), Tabs: s.tabs(a, path, run, "")}
	return s.render("cell.html", path, f, p)
}

func bound(x float64) string {
	if math.IsInf(x, 0) || math.IsNaN(x) {
		return "?"
	}
	return report.SI(x)
}

// around fills the links to the cells that differ in one thing.
func (s *Site) around(p *cellPage, a *diagnose.Analysis, run string, c *diagnose.Cell) {
	path := s.Cell(run, c.ID())
	t := tableOf(a, c)
	for _, r := range t.Rows {
		for _, o := range r.Cells {
			link := anchor{Href: s.Link(path, s.Cell(run, o.ID())), Here: o == c}
			if r.Impl == c.Impl {
				link.Text = fmt.Sprint(o.Workers)
				p.Workers = append(p.Workers, link)
			}
			if o.Workers == c.Workers {
				link.Text = r.Impl
				p.Others = append(p.Others, link)
			}
		}
	}
}

func tableOf(a *diagnose.Analysis, c *diagnose.Cell) *diagnose.Table {
	for _, t := range a.Tables {
		if t.Cell(c.Impl, c.Workers) == c {
			return t
		}
	}
	return nil
}

// Near returns the cells from which the difference of c is asked for most: of the baseline and of the best with as many
// workers, and of the same contender with the fewest workers that were profiled.
func Near(a *diagnose.Analysis, c *diagnose.Cell) []*diagnose.Cell {
	t := tableOf(a, c)
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
	for _, g := range t.Groups {
		if g.Workers == c.Workers && g.Best != "" {
			add(t.Cell(g.Best, c.Workers))
		}
	}
	for _, w := range t.Workers {
		if o := t.Cell(c.Impl, w); o != nil && len(Kinds(o)) > 0 {
			add(o)
			break
		}
	}
	return list
}

// short names o by what it differs in from c.
func short(c, o *diagnose.Cell) string {
	if o.Impl != c.Impl {
		return o.Impl
	}
	return report.Plural(o.Workers, "worker")
}

// samples fills in what was measured, in the order in which it was.
func (p *cellPage) samples(a *diagnose.Analysis, c *diagnose.Cell) {
	var dots []plot.Dot
	for _, rec := range a.Run.Samples() {
		if rec.Cell != c.ID() {
			continue
		}
		s, pages := rec.Sample, rec.Sample.Values["pages/op"]
		speed := pages / s.Values["sec/op"]
		flags := strings.Join(s.Flags, ", ")
		if s.Before != nil {
			flags = strings.TrimPrefix(flags+", taken a second time", ", ")
		}
		dots = append(dots, plot.Dot{Round: rec.Round + 1, Value: speed, Note: strings.Join(s.Flags, ", ")})
		p.Rows = append(p.Rows, sampleRow{Round: rec.Round + 1, Slot: rec.Slot + 1, Crawls: s.Crawls, Speed: report.SI(speed), Seconds: report.Seconds(s.Values["sec/op"]),
			CPU: report.Seconds(s.Values["cpu-sec/op"] / pages), At: rec.Start.UTC().Format("15:04:05"), Flags: flags})
	}
	p.Samples = plot.Samples("samples of "+p.Name, "pages a second by round; the line is the median, the band its 95 % interval", dots, c.Summary.Center, c.Summary.Lo, c.Summary.Hi, report.SI)
}

// account draws the ledger of a cell and writes its numbers.
func account(cells ...*diagnose.Cell) (picture string, rows []classRow) {
	var bars []plot.Bar
	var names []string
	for _, class := range ledger.Classes() {
		names = append(names, string(class))
	}
	for _, c := range cells {
		b := plot.Bar{Label: fmt.Sprintf("%s, %d", c.Impl, c.Workers)}
		for _, class := range ledger.Classes() {
			r := c.Traced.Shares.Share[class]
			b.Parts = append(b.Parts, plot.Part{Kind: string(class), Share: r.Median, Note: fmt.Sprintf("%s: %s in the median, %s to %s", class, share(r.Median), share(r.Min), share(r.Max))})
			rows = append(rows, classRow{string(class), share(r.Median), share(r.Min), share(r.Max)})
		}
		bars = append(bars, b)
	}
	return plot.Bars("where the workers' time went", "a bar of the shares of each class in the workers' time", names, bars), rows
}
