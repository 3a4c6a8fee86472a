package report

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/parallel"
	"crawlbench/internal/scenario"
)

// Page is the view of a run: every sentence, table and figure that text, Markdown, HTML and the web
// pages show. What they
// are made of is decided here, and said in words.go; the renderers decide nothing.
type Page struct {
	Title, Subtitle string
	Dir, Status     string
	Summary         string // the first sentence: what to use, and whether to believe it
	Untrusted       bool
	Headlines       []string
	Failed          []string
	Trust           []string
	Findings        []Finding
	Sections        []Section
	Cells           []Drawer // one per cell; nil where cells have pages of their own
	Method          [][2]string
	Command         string
}

// Section is one graph with one kind of key and one GOMAXPROCS, at all rates.
type Section struct {
	ID, Title string
	Figures   []Figure
	Groups    []Group // of tables
}

// Group is the tables on one subject.
type Group struct {
	Title  string
	Main   bool // it is shown in a terminal, and not folded up in HTML
	Tables []Table
}

// Table is a table of text. One without rows is not shown.
type Table struct {
	About string
	Brief string // for a terminal; "" if that is About
	Head  []string
	Rows  [][]Entry
}

// Entry is one of a table.
type Entry struct {
	Text  string
	Short string // for a terminal; "" if that is Text
	Class string // of the style sheet; "" for none
	Href  string // where it leads; "" for nowhere
}

// Brief returns what a terminal shows.
func (e Entry) Brief() string { return cmp.Or(e.Short, e.Text) }

func (t *Table) add(texts ...string) {
	row := make([]Entry, len(texts))
	for i, text := range texts {
		row[i].Text = text
	}
	t.Rows = append(t.Rows, row)
}

// Figure is a picture and the sentence that says what it shows.
type Figure struct {
	ID, Title, Sentence, SVG string
	Numbers                  Table // what is drawn, for those who cannot see it
	Live                     *live // data for a plot that can be zoomed; nil: none
}

// Finding is what a finding of package diagnose says.
type Finding struct {
	Kind, Cell, Text string
	Evidence         []string
	Confidence       string
	Check            string // the experiment that would refute it
	Next             string // the command that shows more; "" if there is no profile of the cell
}

// Href says where a cell is shown, for links: the identity of a cell goes in, a URL comes out.
type Href func(id string) string

// below leads to the cells' drawers on the same page.
func below(id string) string { return "#" + id }

// View makes the page of an analysis, except for its drawers.
func View(a *diagnose.Analysis, href Href) *Page {
	m := a.Run.Manifest()
	p := &Page{
		Title:     runTitle(m),
		Dir:       a.Run.Dir(),
		Status:    status(a),
		Summary:   summary(a),
		Untrusted: a.Trust.Untrusted(),
		Headlines: headlines(a),
		Trust:     trust(a),
		Findings:  Findings(a, nil),
		Command:   strings.Join(m.Command, " "),
		Method:    method(a),
	}
	p.Subtitle = m.Run + ", " + p.Status
	for _, c := range a.Failures {
		p.Failed = append(p.Failed, fmt.Sprintf("%s: %s: %s", c.ID(), c.Failure.Class, c.Failure.Message))
	}
	list := topics(a)
	for i, t := range list {
		s := t.section(a, href)
		if !slices.ContainsFunc(list[i+1:], t.alike) { // the last of those that differ in GOMAXPROCS only
			s.add(processors(list, t, href))
		}
		for i := range s.Figures {
			s.Figures[i].ID = fmt.Sprintf("%s-%d", s.ID, i+1)
		}
		p.Sections = append(p.Sections, s)
	}
	return p
}

// Findings are those about a cell, or with nil all.
func Findings(a *diagnose.Analysis, of *diagnose.Cell) []Finding {
	var list []Finding
	for _, f := range a.Findings {
		if of == nil || f.Cell == of {
			list = append(list, finding(a, f))
		}
	}
	return list
}

// full makes the page with the drawers of all cells that did not fail.
func full(a *diagnose.Analysis) *Page {
	p := View(a, below)
	drawn := flamed(a)
	cells := slices.DeleteFunc(slices.Collect(a.Cells()), func(c *diagnose.Cell) bool { return c.Failure != nil })
	p.Cells = make([]Drawer, len(cells))
	parallel.Each(len(cells), func(i int) { p.Cells[i] = open(a, cells[i], drawn[cells[i]]) })
	return p
}

// mostFlames bounds the flame graphs of one report, each of which takes about 30 KB.
const mostFlames = 32

// flamed chooses the cells whose flame graphs a report has: first those that findings speak of.
func flamed(a *diagnose.Analysis) map[*diagnose.Cell]bool {
	var list []*diagnose.Cell
	for _, f := range a.Findings {
		list = append(list, f.Cell)
	}
	for c := range a.Cells() {
		if c.Traced != nil {
			list = append(list, c)
		}
	}
	chosen := map[*diagnose.Cell]bool{}
	for _, c := range list {
		if len(chosen) < mostFlames {
			chosen[c] = true
		}
	}
	return chosen
}

// topic is the tables that differ in their rate only, the largest first.
type topic struct {
	diagnose.Key
	tables  []*diagnose.Table
	workers []int // of any of them
}

func topics(a *diagnose.Analysis) []*topic {
	var list []*topic
	for _, t := range a.Tables {
		k := t.Key
		k.Rate, k.Burst, k.Limiter = 0, 0, ""
		i := slices.IndexFunc(list, func(o *topic) bool { return o.Key == k })
		if i < 0 {
			i = len(list)
			list = append(list, &topic{Key: k})
		}
		list[i].tables = append(list[i].tables, t)
	}
	for _, t := range list {
		slices.SortStableFunc(t.tables, func(x,
			y *diagnose.Table) int {
			return cmp.Compare(speedOf(y.Rate), speedOf(x.Rate))
		})
		all := map[int]bool{}
		for _, table := range t.tables {
			for _, w := range table.Workers {
				all[w] = true
			}
		}
		t.workers = slices.Sorted(maps.Keys(all))
	}
	return list
}

// speedOf orders rates, of which 0 stands for none.
func speedOf(r scenario.Rate) float64 {
	if r == 0 {
		return math.Inf(1)
	}
	return float64(r)
}

func (t *topic) section(a *diagnose.Analysis, href Href) Section {
	s := Section{ID: fileName(fmt.Sprintf("%s-%s-%d", t.Graph, t.Keys, t.Procs)), Title: Part(t.Key)}
	fastest := t.tables[0]
	s.add(throughput(fastest, href), efficiency(fastest, href), dials(t, href), offered(t, href),
		forest(a, fastest, href), Breakdown(slices.Collect(fastest.Cells()), href))
	speeds, compared := Group{Title: throughputTitle, Main: true}, Group{Title: comparedTitle(a.Baseline), Main: true}
	for _, table := range t.tables {
		speeds.Tables = append(speeds.Tables, throughputs(table))
		compared.Tables = append(compared.Tables, versus(a, table))
	}
	for _, g := range []Group{speeds, compared, {winnersTitle, true, []Table{winners(t)}},
		{boundsTitle, false, []Table{bounds(t)}},
		{memoryTitle, false, []Table{memory(fastest)}}, {limitsTitle, true, []Table{limits(t)}}} {
		g.Tables = slices.DeleteFunc(g.Tables, func(t Table) bool { return len(t.Rows) == 0 })
		if len(g.Tables) > 0 {
			s.Groups = append(s.Groups, g)
		}
	}
	return s
}

// fileName makes a name one that is within a directory, since the pictures of a section are files.
func fileName(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._+-", r) {
			return r
		}
		return '_'
	}, name)
}

// alike reports whether two topics are of the same graph and the same kind of key.
func (t *topic) alike(o *topic) bool { return o.Graph == t.Graph && o.Keys == t.Keys }

func (s *Section) add(figures ...*Figure) {
	for _, f := range figures {
		if f != nil {
			s.Figures = append(s.Figures, *f)
		}
	}
}

// headlines say which crawler is fastest.
func headlines(a *diagnose.Analysis) []string {
	var list []string
	for _, t := range a.Tables {
		if t.Rate != 0 && slices.ContainsFunc(a.Tables, func(o *diagnose.Table) bool { return o.Rate == 0 }) {
			continue // what the limiter binds is said by the sections
		}
		if best := t.Fastest(); best != nil {
			list = append(list, headline(a, t, best))
		}
	}
	return list
}
