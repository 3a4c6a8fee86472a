package report

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/ledger"
	"crawlbench/internal/parallel"
	"crawlbench/internal/scenario"
	"crawlbench/internal/stat"
)

// Page is what HTML and Markdown show alike.
type Page struct {
	Title, Subtitle string
	Untrusted       bool
	Headlines       []string
	Trust           []string
	Findings        []diagnose.Finding
	Sections        []Section
	Cells           []Drawer // one a cell; nil where cells have pages of their own
	Method          [][2]string
	Command         string
	Failed          []string
}

// Section is one graph under one kind of key and one GOMAXPROCS, with all rates.
type Section struct {
	ID, Title string
	Figures   []Figure
	Winners   Table
	Versus    Table
	Bounds    Table
	Memory    Table
	Limits    Table
}

// Table is a table of text.
type Table struct {
	About  string
	Head   []string
	Rows   [][]string
	Colors [][]string // classes of the entries; nil: none
}

// Figure is a picture and the sentence that says what it shows.
type Figure struct {
	ID, Title, Sentence, SVG string
	Numbers                  Table // what is drawn, for those who cannot see it
	Live                     *live // data for a plot that can be zoomed; nil: none
}

// live is a chart of lines as uPlot takes it.
type live struct {
	X      []float64    `json:"x"`
	Series []liveSeries `json:"series"`
	Unit   string       `json:"unit"`
}

type liveSeries struct {
	Name  string     `json:"name"`
	Color int        `json:"color"`
	Y     []*float64 `json:"y"`
}

// Href says where a cell is shown, for links: the identity of a cell goes in, a URL comes out.
type Href func(id string) string

// below leads to the cells' drawers on the same page.
func below(id string) string { return "#" + id }

// View makes the page of an analysis, but for its drawers.
func View(a *diagnose.Analysis, href Href) *Page {
	m := a.Run.Manifest()
	p := &Page{
		Title:     fmt.Sprintf("%s on %s", m.Scenario, Machine(m.Host)),
		Subtitle:  fmt.Sprintf("%s, %s, %s of %s", m.Run, m.State, Plural(len(a.Run.Samples()), "sample"), Count(len(a.Run.Plan().Schedule))),
		Untrusted: a.Trust.Untrusted(),
		Headlines: headlines(a),
		Trust:     trust(a),
		Findings:  a.Findings,
		Command:   strings.Join(m.Command, " "),
	}
	list := topics(a)
	for _, t := range list {
		s := t.section(a, href)
		if t == lastOf(list, t) {
			s.add(processors(list, t, href))
		}
		for i := range s.Figures {
			s.Figures[i].ID = fmt.Sprintf("%s-%d", s.ID, i+1)
		}
		p.Sections = append(p.Sections, s)
	}
	for _, t := range a.Tables {
		for _, r := range t.Rows {
			for _, c := range r.Cells {
				if c.Failure != nil {
					p.Failed = append(p.Failed, fmt.Sprintf("%s: %s: %s", c.ID(), c.Failure.Class, c.Failure.Message))
				}
			}
		}
	}
	p.Method = method(a)
	return p
}

// mostFlames bounds the flame graphs of one report, each of which takes about 30 KB.
const mostFlames = 32

// flamed chooses the cells whose flame graphs a report has, by their ID: first those that findings speak of.
func flamed(a *diagnose.Analysis) map[string]bool {
	chosen := map[string]bool{}
	add := func(id string) {
		if len(chosen) < mostFlames {
			chosen[id] = true
		}
	}
	for _, f := range a.Findings {
		add(f.Cell)
	}
	for _, t := range a.Tables {
		for _, r := range t.Rows {
			for _, c := range r.Cells {
				if c.Traced != nil {
					add(c.ID())
				}
			}
		}
	}
	return chosen
}

// full makes the page with the drawers of all cells that did not fail.
func full(a *diagnose.Analysis) *Page {
	p := View(a, below)
	drawn := flamed(a)
	var cells []*diagnose.Cell
	for _, t := range a.Tables {
		for _, r := range t.Rows {
			for _, c := range r.Cells {
				if c.Failure == nil {
					cells = append(cells, c)
				}
			}
		}
	}
	p.Cells = make([]Drawer, len(cells))
	parallel.Each(len(cells), func(i int) { p.Cells[i] = open(a, cells[i], drawn[cells[i].ID()]) })
	return p
}

// Machine names the machine of a fingerprint, see host.Fingerprint.
func Machine(h map[string]string) string {
	name := h["cpu"]
	if name == "" {
		name = h["os"] + "/" + h["arch"]
	}
	return fmt.Sprintf("%s cores of %s", h["cores"], name)
}

// topic is the tables that differ in their rate only, the largest first.
type topic struct {
	diagnose.Key
	tables []*diagnose.Table
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
		slices.SortStableFunc(t.tables, func(x, y *diagnose.Table) int {
			return int(min(1, max(-1, speedOf(y.Rate)-speedOf(x.Rate))))
		})
	}
	return list
}

// speedOf orders rates, of which 0 stands for none.
func speedOf(r scenario.Rate) float64 {
	if r == 0 {
		return math.MaxFloat64 / 4
	}
	return float64(r)
}

func (t *topic) title() string {
	return fmt.Sprintf("%s, keys %s, GOMAXPROCS %d", t.Graph, t.Keys, t.Procs)
}

func (t *topic) section(a *diagnose.Analysis, href Href) Section {
	s := Section{ID: fileName(fmt.Sprintf("%s-%s-%d", t.Graph, t.Keys, t.Procs)), Title: t.title()}
	fastest := t.tables[0]
	s.add(throughput(fastest, href), efficiency(fastest, href), dials(t, href), offered(t, href), forest(a, fastest, href), account(fastest, href))
	s.Winners = winners(t)
	s.Versus = versus(a, t)
	s.Bounds = bounds(t)
	s.Memory = memory(fastest)
	s.Limits = limits(t)
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

// lastOf returns the last of the topics on the same graph by the same kind of key as t.
func lastOf(list []*topic, t *topic) (last *topic) {
	for _, o := range list {
		if o.Graph == t.Graph && o.Keys == t.Keys {
			last = o
		}
	}
	return last
}

func (s *Section) add(figures ...*Figure) {
	for _, f := range figures {
		if f != nil {
			s.Figures = append(s.Figures, *f)
		}
	}
}

// headlines are the answers to which one wins.
func headlines(a *diagnose.Analysis) []string {
	var list []string
	for _, t := range a.Tables {
		if t.Rate != 0 && len(a.Tables) > 1 && slices.ContainsFunc(a.Tables, func(o *diagnose.Table) bool { return o.Rate == 0 }) {
			continue // what the limiter binds is said by the sections
		}
		best, workers := peak(t)
		if best == nil {
			continue
		}
		text := fmt.Sprintf("%s by %s%s: most pages with %s and %s, %s/s", t.Graph, t.Keys, rateWords(t.Rate)+kept(t.Burst, t.Limiter), best.Impl, Plural(workers, "worker"), SI(best.Summary.Center))
		second := ""
		for _, g := range t.Groups {
			switch {
			case g.Workers != workers:
			case len(g.Ties) > 1:
				text += fmt.Sprintf("; not told apart from it with as many: %s", strings.Join(g.Ties[1:], ", "))
			case g.Second != nil:
				second = g.Second.Against
				text += fmt.Sprintf("; against the next, %s, %s", second, VerdictWords(g.Second))
			}
		}
		if v := best.Versus; v != nil && best.Impl != a.Baseline && second != a.Baseline {
			text += fmt.Sprintf("; against %s with as many %s", a.Baseline, VerdictWords(v))
		}
		list = append(list, text+".")
	}
	return list
}

func rateWords(r scenario.Rate) string {
	if r == 0 {
		return ""
	}
	return " at " + r.String() + " pages/s"
}

// peak returns the fastest cell of a table.
func peak(t *diagnose.Table) (best *diagnose.Cell, workers int) {
	for _, r := range t.Rows {
		for _, c := range r.Cells {
			if c.Failure == nil && len(c.Measured()) > 0 && (best == nil || c.Summary.Center > best.Summary.Center) {
				best, workers = c, c.Workers
			}
		}
	}
	return best, workers
}

// VerdictWords says what a comparison came to.
func VerdictWords(c *diagnose.Comparison) string {
	x := c.Times()
	interval := fmt.Sprintf("%.2fx [%.2f, %.2f]", x.Value, x.Lo, x.Hi)
	switch c.Verdict {
	case stat.Faster, stat.Slower:
		return fmt.Sprintf("%s: %s, p = %s in its family", c.Verdict, interval, pValue(c.Adjusted))
	case stat.Same:
		return "the same within the margin: " + interval
	}
	return "not resolved: " + interval
}

func pValue(p float64) string {
	if p < 0.0001 {
		return fmt.Sprintf("%.0e", p)
	}
	return fmt.Sprintf("%.2g", p)
}

// trust says whether the run can be believed, and what it can show.
func trust(a *diagnose.Analysis) []string {
	tr := a.Trust
	var list []string
	switch {
	case tr.Controls == 0:
		list = append(list, "There is no control: how much chance alone does is not known. Leave out control = false.")
	case tr.Untrusted():
		list = append(list, fmt.Sprintf("UNTRUSTED: %s, measured against itself, differs in %d of %d comparisons. Something else than the contenders changed during this run: find it, and measure again.", a.Baseline, tr.Rejected, tr.Controls))
	case math.IsInf(tr.Floor, 0):
		list = append(list, fmt.Sprintf("%s was measured against itself under another name, in too few rounds to tell how much chance alone does: six are the least.", a.Baseline))
	default:
		list = append(list, fmt.Sprintf("%s, measured against itself under another name, shows no difference in %s. The noise floor is ±%.1f %%: so far the intervals of the control reach.", a.Baseline, Plural(tr.Controls, "comparison"), 100*tr.Floor))
	}
	list = append(list, reach(a))
	if tr.Repeated > 0 {
		text := fmt.Sprintf("%d of %s were doubtful and taken again", tr.Repeated, Plural(tr.Samples, "sample"))
		if len(tr.Doubts) > 0 {
			var left []string
			for _, f := range slices.Sorted(maps.Keys(tr.Doubts)) {
				left = append(left, fmt.Sprintf("%s %d", f, tr.Doubts[f]))
			}
			text += "; still doubtful: " + strings.Join(left, ", ")
		}
		list = append(list, text+".")
	}
	if tr.Bimodal > 0 {
		list = append(list, fmt.Sprintf("The samples of %s fall into two heaps: look at them below before you read its median.", Plural(tr.Bimodal, "cell")))
	}
	return list
}

// reach says what the rounds can show.
func reach(a *diagnose.Analysis) string {
	text := fmt.Sprintf("%d rounds, %s", a.Run.Plan().Rounds, Plural(a.Family, "comparison"))
	if !a.Preflight.Reachable {
		return fmt.Sprintf("%s: no verdict of faster or slower can be reached, for the smallest p, corrected, is %s; %d rounds would do.", text, pValue(min(1, a.Preflight.Adjusted)), a.Preflight.Rounds)
	}
	if !math.IsInf(a.Trust.Detectable, 0) {
		return fmt.Sprintf("%s: a difference of %.0f %% is found four times out of five.", text, 100*(a.Trust.Detectable-1))
	}
	return text + "."
}

// method says how it was measured.
func method(a *diagnose.Analysis) [][2]string {
	m, p := a.Run.Manifest(), a.Run.Plan()
	list := [][2]string{
		{"scenario", m.Scenario}, {"seed", fmt.Sprint(m.Seed)},
		{"rounds", fmt.Sprintf("%d, each all cells in an order of its own", p.Rounds)},
		{"sample", fmt.Sprintf("a process of its own, crawls for %v, each checked page by page", p.Sample)},
		{"verdicts", fmt.Sprintf("paired by round: Hodges-Lehmann ratio with its exact interval, signed-rank test, Holm over %d comparisons at %.0f %%, margin %.0f %%", a.Family, 100*diagnose.Alpha, 100*a.Margin)},
		{"go", m.Go},
	}
	for _, k := range slices.Sorted(maps.Keys(m.Host)) {
		list = append(list, [2]string{k, m.Host[k]})
	}
	for _, g := range m.Graphs {
		list = append(list, [2]string{"graph " + g.Name, fmt.Sprintf("%s: %s pages, %s links, %s reached in %d levels", g.Spec, Count(g.Pages), Count(g.Links), Count(g.Reachable), g.Depth+1)})
	}
	if len(m.Harness) > 0 {
		list = append(list, [2]string{"harness", "site and judge cost " + harness(m.Harness) + " a page"})
	}
	if len(m.Engine) > 0 {
		list = append(list, [2]string{"engine", "with site and judge, and a set that knows nothing, it costs " + harness(m.Engine) + " a page: graph, keys, workers and GOMAXPROCS. It carries " + strings.Join(m.OnEngine, ", ")})
	}
	return list
}

// classNames returns the classes of the ledger.
func classNames() []string {
	var list []string
	for _, c := range ledger.Classes() {
		list = append(list, string(c))
	}
	return list
}
