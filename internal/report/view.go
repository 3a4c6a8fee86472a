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
	"crawlbench/internal/plain/shell"
	"crawlbench/internal/plan"
)

// Page is the view of a run: every sentence, table and figure that text, Markdown, HTML and the web
// pages show. This package decides their content, with the sentences in words.go; renderers decide
// nothing.
type Page struct {
	Title, Subtitle string
	Dir, Status     string
	Summary         string // the first sentence: what to use, and whether to believe it
	Untrusted       bool
	Headlines       []string
	Failed          []string
	Trust           []string
	Findings        []Finding // one for each crawler at most
	Others          []Finding // folded
	TakenBack       []string  // findings that an experiment has refuted
	Sections        []Section
	Cells           []CellDetails // one per cell; nil where cells have pages of their own
	Method          [][2]string
	Uncounted       string // why there are no hardware counters; "" if there are
	Command         string
	// Strips draw some hosts against time for a terminal, below StripsTitle; reports have a figure.
	StripsTitle string
	Strips      []StripRow
	StripsEnd   float64 // in seconds
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
	Main   bool // shown in a terminal, and unfolded in HTML
	Tables []Table
}

// Table is a table of text. A table without rows is not shown.
type Table struct {
	About   string
	Brief   string // for a terminal; "" means About
	OneLine string // for a terminal, in place of rows that all say the same; "" if they do not
	Head    []string
	Rows    [][]Entry
}

// Entry is an entry of a table.
type Entry struct {
	Text  string
	Short string // for a terminal; "" means Text
	Class string // of the style sheet; "" for none
	Href  string // where it leads; "" for nowhere
}

// Brief returns the text for a terminal.
func (e Entry) Brief() string { return cmp.Or(e.Short, e.Text) }

func (t *Table) add(texts ...string) {
	row := make([]Entry, len(texts))
	for i, text := range texts {
		row[i].Text = text
	}
	t.Rows = append(t.Rows, row)
}

// Figure is a picture with a sentence that describes it.
type Figure struct {
	ID, Title, Sentence, SVG string
	Numbers                  Table // the data of the picture, for screen readers
	Live                     *live // data for a zoomable plot; nil for none
}

// Finding is a finding of package diagnose in words.
type Finding struct {
	Kind, Cell, Text string
	Evidence         []string
	Confidence       string
	Check            string // the experiment that would refute it
	Profile          string // the kind that shows more; "" if the cell has none
	Next             string // arguments of the command that shows it
}

// Href returns the URL of the cell with the given ID.
type Href func(id string) string

// fragmentOf returns the URL of a cell's details on the same page.
func fragmentOf(id string) string { return "#" + id }

// View makes the page of an analysis, without the details of its cells.
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
		Command:   shell.Command(m.Command...),
		Method:    method(a),
		Uncounted: uncounted(a),
	}
	e := experimentsOf(a)
	p.Findings, p.Others = causes(a, e), others(a, e)
	p.TakenBack = e.takenBack
	p.Subtitle = m.Run + ", " + p.Status
	for _, c := range a.Failures {
		p.Failed = append(p.Failed, fmt.Sprintf("%s: %s: %s", c.ID(), c.Failure.Class, c.Failure.Message))
	}
	list := topics(a)
	for i, t := range list {
		s := t.section(a, href)
		if !slices.ContainsFunc(list[i+1:], t.alike) { // the last of the topics that differ in GOMAXPROCS only
			s.add(processors(list, t, href))
		}
		for i := range s.Figures {
			s.Figures[i].ID = fmt.Sprintf("%s-%d", s.ID, i+1)
		}
		p.Sections = append(p.Sections, s)
	}
	if text := unranked(a); text != "" {
		p.Headlines = append(p.Headlines, text)
	}
	if a.Machines != nil {
		p.ofMachines(a)
	}
	p.StripsTitle, p.StripsEnd, p.Strips = stripRows(a)
	if a.Run.Plan().Simulated {
		p.simulated(a)
	}
	return p
}

// Findings returns the findings about a cell, without those that an experiment has refuted.
func Findings(a *diagnose.Analysis, of *diagnose.Cell) []Finding {
	e := experimentsOf(a)
	var list []Finding
	for _, f := range a.Findings {
		if f.Cell != of {
			continue
		}
		if out, ok := e.tested(f, finding(a, f)); ok {
			list = append(list, out)
		}
	}
	return list
}

// fullPage makes the page with the details of all cells that did not fail.
func fullPage(a *diagnose.Analysis) *Page {
	p := View(a, fragmentOf)
	if a.Run.Plan().Simulated {
		return p
	}
	drawn := flamed(a)
	cells := slices.DeleteFunc(slices.Collect(a.Cells()), func(c *diagnose.Cell) bool { return c.Failure != nil })
	p.Cells = make([]CellDetails, len(cells))
	parallel.Each(len(cells), func(i int) { p.Cells[i] = cellDetails(a, cells[i], drawn[cells[i]]) })
	return p
}

// mostFlames limits the flame graphs of a report; each takes about 30 KB.
const mostFlames = 32

// flamed selects the cells with flame graphs in a report: first those with findings.
func flamed(a *diagnose.Analysis) map[*diagnose.Cell]bool {
	var list []*diagnose.Cell
	for _, f := range a.Findings {
		list = append(list, f.Cell)
	}
	for c := range a.Cells() {
		if c.Traces != nil {
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

// topic is the tables that differ only in their rate, the highest first, and in the cost of a fetch.
type topic struct {
	diagnose.Key
	tables  []*diagnose.Table
	workers []int // of any table
}

func topics(a *diagnose.Analysis) []*topic {
	var list []*topic
	for _, t := range a.Tables {
		k := t.Key
		k.Rate, k.Burst, k.Limiter, k.Cost, k.Processes = 0, 0, "", plan.Cost{}, 0
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
			return cmp.Or(cmp.Compare(speedOf(y.Rate), speedOf(x.Rate)), cmp.Compare(x.Cost.CPU, y.Cost.CPU),
				cmp.Compare(x.Cost.Latency, y.Cost.Latency), cmp.Compare(x.Processes, y.Processes))
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

// speedOf orders rates, where 0 means unlimited.
func speedOf(r plan.Rate) float64 {
	if r == 0 {
		return math.Inf(1)
	}
	return float64(r)
}

func (t *topic) section(a *diagnose.Analysis, href Href) Section {
	keys := t.Keys
	if t.Transport != plan.Memory {
		keys += "-" + t.Transport.String()
	}
	s := Section{ID: fileName(fmt.Sprintf("%s-%s-%d", t.Graph, keys, t.Procs)), Title: Part(t.Key)}
	if a.Run.Plan().Simulated {
		s.Title = t.Graph
		s.polite(a, t)
		return s
	}
	fastest := t.tables[0]
	s.add(matter(a, t, href), throughput(fastest, href), efficiency(fastest, href), ratesFigure(t, href),
		achievedRateFigure(t, href), forest(a, fastest, href), costOfPage(fastest, href),
		Breakdown(slices.Collect(fastest.Cells()), href))
	speeds, compared := Group{Title: throughputTitle, Main: true}, Group{Title: comparedTitle(a.Baseline), Main: true}
	for _, table := range t.tables {
		speeds.Tables = append(speeds.Tables, throughputs(table))
		compared.Tables = append(compared.Tables, versus(a, table))
	}
	s.Groups = filled(speeds, compared, Group{winnersTitle, true, []Table{winners(t)}},
		Group{fleetsTitle, true, fleets(a, t)}, Group{boundsTitle, false, []Table{bounds(t)}},
		Group{memoryTitle, false, []Table{memory(fastest)}}, Group{countersTitle, false, []Table{counters(fastest)}},
		Group{limitsTitle, true, []Table{limits(t)}})
	s.polite(a, t)
	return s
}

// filled returns the groups that have tables, and of these those that have rows.
func filled(groups ...Group) (list []Group) {
	for _, g := range groups {
		g.Tables = slices.DeleteFunc(g.Tables, func(t Table) bool { return len(t.Rows) == 0 })
		if len(g.Tables) > 0 {
			list = append(list, g)
		}
	}
	return list
}

// fileName returns name as a plain file name, for the pictures of a section.
func fileName(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._+-", r) {
			return r
		}
		return '_'
	}, name)
}

// alike reports whether two topics are of the same graph and the same kind of key.
func (t *topic) alike(o *topic) bool {
	return o.Graph == t.Graph && o.Keys == t.Keys && o.Transport == t.Transport
}

func (s *Section) add(figures ...*Figure) {
	for _, f := range figures {
		if f != nil {
			s.Figures = append(s.Figures, *f)
		}
	}
}

// headlines say which crawler is the fastest.
func headlines(a *diagnose.Analysis) []string {
	if a.Machines != nil {
		return headlinesOfMachines(a)
	}
	var list []string
	for _, c := range a.Choices { // sections describe the other tables
		list = append(list, headline(c))
	}
	for _, m := range a.Matters {
		list = append(list, matterSentence(a, m))
	}
	return list
}
