package report

import (
	"fmt"
	"slices"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plain"
	"crawlbench/internal/plan"

	"crawlbench/internal/stat"
)

// live is the data of a line chart for uPlot.
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

// ticks returns the numbers of workers of a table.
func ticks(t *diagnose.Table) []float64 {
	list := make([]float64, len(t.Workers))
	for i, w := range t.Workers {
		list[i] = float64(w)
	}
	return list
}

// line returns the throughput of a crawler; each point links to its cell.
func line(r *diagnose.Row, href Href) Series {
	l := Series{Name: r.Impl, Color: ColorOf(r.Impl)}
	for _, c := range r.Cells {
		if c.Sound() {
			l.add(float64(c.Workers), c.Summary.Center, c.Summary.Lo, c.Summary.Hi, href(c.ID()))
		}
	}
	return l
}

// throughput draws pages/s by workers.
func throughput(t *diagnose.Table, href Href) *Figure {
	var list []Series
	best := 0.0 // throughput of one worker
	for _, r := range t.Rows {
		list = append(list, line(r, href))
		if c := t.Cell(r.Impl, t.Workers[0]); c != nil && c.Sound() {
			best = max(best, c.Summary.Center/float64(c.Workers))
		}
	}
	f := &Figure{Title: "Throughput by workers", Sentence: gainSentence(t)}
	axes := Axes{
		Title: "Throughput by workers, " + t.Graph, About: f.Sentence, X: "workers",
		Y: perSecondOf(t.Transport), Ticks: ticks(t), Unit: SI,
	}
	if t.Transport == plan.HTTP {
		f.Sentence = "Over HTTP, speed is pages per second of processor time of the crawler's process, not of wall time."
	}
	if t.Rate == 0 && len(t.Workers) > 1 && t.Transport == plan.Memory {
		axes.Marks = []Mark{{X: float64(t.Procs), Label: fmt.Sprintf("GOMAXPROCS %d", t.Procs)}}
		ideal := Series{Name: "ideal: the best single worker times workers", Color: -1}
		for _, w := range t.Workers {
			ideal.X, ideal.Y = append(ideal.X, float64(w)), append(ideal.Y, best*float64(w))
		}
		f.Live = liveOf(list, "pages/s")
		list = append(list, ideal)
	}
	f.lines(axes, list)
	return f
}

// liveOf returns the data of lines for a zoomable plot.
func liveOf(list []Series, unit string) *live {
	l := &live{Unit: unit}
	for _, s := range list {
		for _, x := range s.X {
			if !slices.Contains(l.X, x) {
				l.X = append(l.X, x)
			}
		}
	}
	slices.Sort(l.X)
	for _, s := range list {
		out := liveSeries{Name: s.Name, Color: s.Color, Y: make([]*float64, len(l.X))}
		for i, x := range s.X {
			out.Y[slices.Index(l.X, x)] = &s.Y[i]
		}
		l.Series = append(l.Series, out)
	}
	return l
}

// efficiency draws throughput per worker, relative to the fewest workers.
func efficiency(t *diagnose.Table, href Href) *Figure {
	var list []Series
	for _, r := range t.Rows {
		l := Series{Name: r.Impl, Color: ColorOf(r.Impl)}
		for _, g := range r.Gains {
			l.add(float64(g.Workers), g.Efficiency.Value, g.Efficiency.Lo, g.Efficiency.Hi,
				href(t.Cell(r.Impl, g.Workers).ID()))
		}
		if len(l.X) > 1 {
			list = append(list, l)
		}
	}
	if len(list) == 0 {
		return nil
	}
	f := &Figure{Title: "Efficiency: throughput per worker, relative to the fewest workers", Sentence: lawSentence(t)}
	f.lines(Axes{
		Title: "Efficiency, " + t.Graph, About: f.Sentence, X: "workers", Y: "efficiency", Ticks: ticks(t), Top: 1,
		Marks: []Mark{{X: float64(t.Procs), Label: fmt.Sprintf("GOMAXPROCS %d", t.Procs)}},
		Unit:  Share,
	}, list)
	return f
}

// forest draws each crawler's throughput relative to the baseline.
func forest(a *diagnose.Analysis, t *diagnose.Table, href Href) *Figure {
	var list []Ratio
	verdicts := map[stat.Verdict]int{}
	f := &Figure{Title: "Throughput relative to " + a.Baseline,
		Numbers: Table{Head: []string{"", "times", "from", "to", "verdict"}}}
	for c := range t.Cells() {
		if c.Versus == nil {
			continue
		}
		x, word := c.Versus.Times(), c.Versus.Verdict.String()
		ratio := Ratio{Label: fmt.Sprintf("%s, %d", c.Impl, c.Workers), Value: x.Value, Lo: x.Lo, Hi: x.Hi,
			Word: word, Color: ColorOf(c.Impl), Href: href(c.ID())}
		if g := t.Group(c.Workers); g.Control != nil {
			floor := g.Control.Floor()
			ratio.FloorLo, ratio.Floor = floor.Lo, floor.Hi
		}
		list = append(list, ratio)
		f.Numbers.add(ratio.Label, end(x.Value, thousandths), end(x.Lo, thousandths), end(x.Hi, thousandths), word)
		verdicts[c.Versus.Verdict]++
	}
	if len(list) == 0 {
		return nil
	}
	f.Sentence = fmt.Sprintf("Of %s: %s; p adjusted for all %d comparisons. The grey boxes are the noise floor: the interval of %s against itself.",
		plain.Count(len(list), "comparison"), tally(verdicts), a.Families.At(t.Rate).Size, a.Baseline)
	f.SVG = Forest(f.Title, f.Sentence, "times "+a.Baseline, list)
	return f
}

func thousandths(x float64) string { return fmt.Sprintf("%.3f", x) }

// processors draws throughput by GOMAXPROCS if several values were measured, with the largest number of workers.
func processors(list []*topic, t *topic, href Href) *Figure {
	var lines []Series
	var xs []float64
	for _, r := range t.tables[0].Rows {
		l := Series{Name: r.Impl, Color: ColorOf(r.Impl)}
		for _, o := range list {
			if !t.alike(o) {
				continue
			}
			if c := o.tables[0].Cell(r.Impl, slices.Max(o.tables[0].Workers)); c != nil && c.Summary.Center > 0 {
				l.add(float64(o.Procs), c.Summary.Center, c.Summary.Lo, c.Summary.Hi, href(c.ID()))
			}
		}
		if len(l.X) > 1 {
			lines = append(lines, l)
			xs = l.X
		}
	}
	if len(lines) == 0 {
		return nil
	}
	f := &Figure{Title: "Throughput by GOMAXPROCS",
		Sentence: "With the largest number of workers, so that only the processors differ."}
	f.lines(Axes{Title: f.Title, About: f.Sentence, X: "GOMAXPROCS", Y: "pages/s", Ticks: xs, Unit: SI}, lines)
	return f
}

// lines draws f and fills its numbers: one row per line.
func (f *Figure) lines(a Axes, list []Series) {
	f.SVG = Lines(a, list)
	f.Numbers = Table{Head: []string{a.X}}
	for _, x := range a.Ticks {
		f.Numbers.Head = append(f.Numbers.Head, fmt.Sprint(x))
	}
	for _, l := range list {
		row := []string{l.Name}
		for _, x := range a.Ticks {
			text := ""
			switch i := slices.Index(l.X, x); {
			case i >= 0 && l.Low != nil:
				text = interval(l.Y[i], l.Low[i], l.High[i], a.Unit)
			case i >= 0:
				text = a.Unit(l.Y[i])
			}
			row = append(row, text)
		}
		f.Numbers.add(row...)
	}
}
