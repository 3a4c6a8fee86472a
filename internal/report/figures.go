package report

import (
	"fmt"
	"slices"
	"strings"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/ledger"
	"crawlbench/internal/plot"
	"crawlbench/internal/stat"
)

// ticks are the numbers of workers of a table.
func ticks(t *diagnose.Table) []float64 {
	var list []float64
	for _, w := range t.Workers {
		list = append(list, float64(w))
	}
	return list
}

// line is the throughput of a contender; each point leads to its cell.
func line(r *diagnose.Row, color int, href Href) plot.Series {
	l := plot.Series{Name: r.Impl, Color: color}
	for _, c := range r.Cells {
		if c.Failure == nil && len(c.Measured()) > 0 {
			l.X = append(l.X, float64(c.Workers))
			l.Y = append(l.Y, c.Summary.Center)
			l.Low = append(l.Low, c.Summary.Lo)
			l.High = append(l.High, c.Summary.Hi)
			l.Href = append(l.Href, href(c.ID()))
		}
	}
	return l
}

// throughput draws pages a second against workers.
func throughput(t *diagnose.Table, href Href) *Figure {
	var list []plot.Series
	best := 0.0 // of one worker
	for i, r := range t.Rows {
		list = append(list, line(r, i, href))
		if c := t.Cell(r.Impl, t.Workers[0]); c != nil && c.Failure == nil {
			best = max(best, c.Summary.Center/float64(t.Workers[0]))
		}
	}
	f := &Figure{Title: "Throughput against workers", Sentence: gainSentence(t)}
	axes := plot.Axes{
		Title: "Throughput against workers, " + t.Graph, About: f.Sentence, X: "workers", Y: "pages/s", Ticks: ticks(t), Unit: SI,
	}
	if t.Rate == 0 && len(t.Workers) > 1 {
		axes.Marks = []plot.Mark{{X: float64(t.Procs), Label: fmt.Sprintf("GOMAXPROCS %d", t.Procs)}}
		ideal := plot.Series{Name: "ideal: the fastest first point times workers", Color: -1}
		for _, w := range t.Workers {
			ideal.X, ideal.Y = append(ideal.X, float64(w)), append(ideal.Y, best*float64(w))
		}
		f.Live = alive(list, "pages/s")
		list = append(list, ideal)
	}
	f.lines(axes, list)
	return f
}

// alive is the data of lines for a plot that can be zoomed.
func alive(list []plot.Series, unit string) *live {
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

// gainSentence says who gains from more workers, and who loses.
func gainSentence(t *diagnose.Table) string {
	var gains, loses, flat []string
	for _, r := range t.Rows {
		if len(r.Gains) < 2 {
			continue
		}
		g := r.Gains[len(r.Gains)-1]
		switch {
		case g.Ratio.Lo > 1:
			gains = append(gains, fmt.Sprintf("%s %.2fx", r.Impl, g.Ratio.Ratio))
		case g.Ratio.Hi < 1:
			loses = append(loses, fmt.Sprintf("%s %.2fx", r.Impl, g.Ratio.Ratio))
		default:
			flat = append(flat, r.Impl)
		}
	}
	last := t.Workers[len(t.Workers)-1]
	var parts []string
	add := func(list []string, what string) {
		if len(list) > 0 {
			parts = append(parts, what+" "+strings.Join(list, ", "))
		}
	}
	add(gains, "gain:")
	add(loses, "lose:")
	add(flat, "cannot be told from no change:")
	if len(parts) == 0 {
		return "There is one number of workers only."
	}
	return fmt.Sprintf("From %d to %d workers %s.", t.Workers[0], last, strings.Join(parts, "; "))
}

// efficiency draws what each worker adds.
func efficiency(t *diagnose.Table, href Href) *Figure {
	var list []plot.Series
	for i, r := range t.Rows {
		l := plot.Series{Name: r.Impl, Color: i}
		for _, g := range r.Gains {
			l.X = append(l.X, float64(g.Workers))
			l.Y = append(l.Y, g.Efficiency.Value)
			l.Low = append(l.Low, g.Efficiency.Lo)
			l.High = append(l.High, g.Efficiency.Hi)
			l.Href = append(l.Href, href(t.Cell(r.Impl, g.Workers).ID()))
		}
		if len(l.X) > 1 {
			list = append(list, l)
		}
	}
	if len(list) == 0 {
		return nil
	}
	f := &Figure{Title: "Efficiency: throughput of a worker against that of the first point", Sentence: lawSentence(t)}
	f.lines(plot.Axes{
		Title: "Efficiency, " + t.Graph, About: f.Sentence, X: "workers", Y: "of one", Ticks: ticks(t), Top: 1,
		Marks: []plot.Mark{{X: float64(t.Procs), Label: fmt.Sprintf("GOMAXPROCS %d", t.Procs)}},
		Unit:  func(y float64) string { return fmt.Sprintf("%.0f %%", 100*y) },
	}, list)
	return f
}

// lawSentence says what the scaling law found, or why it was refused.
func lawSentence(t *diagnose.Table) string {
	var parts []string
	refused := map[string][]string{}
	for _, r := range t.Rows {
		switch {
		case len(r.Gains) < 2:
		case r.Fit.Refused != "":
			refused[r.Fit.Refused] = append(refused[r.Fit.Refused], r.Impl)
		case r.Fit.Retrograde():
			parts = append(parts, fmt.Sprintf("%s peaks at %.0f workers [%.0f, %.0f] (contention %.3f, coherence %.4f)", r.Impl, r.Fit.Peak.Value, r.Fit.Peak.Lo, r.Fit.Peak.Hi, r.Fit.Sigma.Value, r.Fit.Kappa.Value))
		default:
			parts = append(parts, fmt.Sprintf("%s follows Amdahl's law with %.0f %% serial [%.0f, %.0f]", r.Impl, 100*r.Fit.Sigma.Value, 100*r.Fit.Sigma.Lo, 100*r.Fit.Sigma.Hi))
		}
	}
	var knees []string
	for _, r := range t.Rows {
		if r.Knee.Workers > 0 && len(r.Gains) > 1 {
			knees = append(knees, fmt.Sprintf("%s %d", r.Impl, r.Knee.Workers))
		}
	}
	text := "Measured knee, the fewest workers that are not below the best: " + strings.Join(knees, ", ") + "."
	if len(parts) > 0 {
		text += " Universal Scalability Law: " + strings.Join(parts, "; ") + "."
	}
	var reasons []string
	for why, who := range refused {
		reasons = append(reasons, fmt.Sprintf("for %s %s", strings.Join(who, ", "), why))
	}
	slices.Sort(reasons)
	if len(reasons) > 0 {
		text += " No scaling law is fitted: " + strings.Join(reasons, "; ") + "."
	}
	return text
}

// forest draws how many times the baseline's pages each contender makes.
func forest(a *diagnose.Analysis, t *diagnose.Table, href Href) *Figure {
	var list []plot.Ratio
	tally := map[stat.Verdict]int{}
	for i, r := range t.Rows {
		for _, c := range r.Cells {
			if c.Versus == nil || r.Impl == a.Baseline {
				continue
			}
			x := c.Versus.Times()
			ratio := plot.Ratio{Label: fmt.Sprintf("%s, %d", r.Impl, c.Workers), Value: x.Value, Lo: x.Lo, Hi: x.Hi, Word: c.Versus.Verdict.String(), Color: i, Href: href(c.ID())}
			for _, g := range t.Groups {
				if g.Workers == c.Workers && g.Control != nil {
					ratio.FloorLo, ratio.Floor = 1/g.Control.Hi, 1/g.Control.Lo
				}
			}
			list = append(list, ratio)
			tally[c.Versus.Verdict]++
		}
	}
	if len(list) == 0 {
		return nil
	}
	f := &Figure{Title: "Pages a second as a multiple of " + a.Baseline + "'s, with as many workers",
		Sentence: fmt.Sprintf("Of %s %d are faster, %d slower, %d the same, %d not resolved. The grey boxes are what %s against itself reaches: the noise floor.",
			Plural(len(list), "comparison"), tally[stat.Faster], tally[stat.Slower], tally[stat.Same], tally[stat.Unresolved], a.Baseline)}
	f.Numbers = ratios(list)
	f.SVG = plot.Forest(f.Title, f.Sentence, "times "+a.Baseline, list)
	return f
}

// processors draws throughput against GOMAXPROCS, where more than one was measured, each with its largest number of
// workers: the other axis of scaling.
func processors(list []*topic, t *topic, href Href) *Figure {
	var lines []plot.Series
	var xs []float64
	for i, r := range t.tables[0].Rows {
		l := plot.Series{Name: r.Impl, Color: i}
		for _, o := range list {
			if o.Graph != t.Graph || o.Keys != t.Keys {
				continue
			}
			workers := o.tables[0].Workers[len(o.tables[0].Workers)-1]
			if c := o.tables[0].Cell(r.Impl, workers); c != nil && c.Summary.Center > 0 {
				l.X, l.Y = append(l.X, float64(o.Procs)), append(l.Y, c.Summary.Center)
				l.Low, l.High = append(l.Low, c.Summary.Lo), append(l.High, c.Summary.Hi)
				l.Href = append(l.Href, href(c.ID()))
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
	f := &Figure{Title: "Throughput against GOMAXPROCS", Sentence: "With the largest number of workers: what more processors give, apart from what more workers do."}
	f.lines(plot.Axes{Title: f.Title, About: f.Sentence, X: "GOMAXPROCS", Y: "pages/s", Ticks: xs, Unit: SI}, lines)
	return f
}

// account draws where the workers' time went.
func account(t *diagnose.Table, href Href) *Figure {
	var bars []plot.Bar
	var open, slowest, expected float64
	for _, r := range t.Rows {
		for _, c := range r.Cells {
			if c.Traced == nil {
				continue
			}
			b := plot.Bar{Label: fmt.Sprintf("%s, %d", r.Impl, c.Workers), Href: href(c.ID())}
			sum := 0.0
			for _, class := range ledger.Classes() {
				sum += c.Traced.Share(class)
			}
			for _, class := range ledger.Classes() {
				s := c.Traced.Shares.Share[class]
				b.Parts = append(b.Parts, plot.Part{Kind: string(class), Share: s.Median / sum,
					Note: fmt.Sprintf("%s: %.1f %% in the median of %d traces, %.1f to %.1f %%", class, 100*s.Median, c.Traced.Shares.Repeats, 100*s.Min, 100*s.Max)})
			}
			bars = append(bars, b)
			open = max(open, c.Traced.Shares.Residual.Max)
			slowest, expected = max(slowest, c.Traced.Slowed), max(expected, c.Traced.Most)
		}
	}
	if len(bars) == 0 {
		return nil
	}
	f := &Figure{Title: "Where the workers' time went",
		Sentence: fmt.Sprintf("Workers x wall time, from execution traces; at most %.2f %% of it is left open. Tracing took up to %.0f %% of the speed", 100*open, 100*max(0, slowest))}
	if expected > 0 {
		f.Sentence += fmt.Sprintf("; by the number of its events it was to take up to %.0f %%", 100*expected)
	}
	f.Sentence += "."
	f.Numbers = shares(classNames(), bars)
	f.SVG = plot.Bars(f.Title, f.Sentence, classNames(), bars)
	return f
}
