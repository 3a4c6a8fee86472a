package report

import (
	"fmt"
	"slices"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plot"
)

// dials draws the fastest crawler at every rate, below its upper bound.
func dials(t *topic, href Href) *Figure {
	tables, of := firstWay(t)
	if len(tables) < 2 {
		return nil
	}
	best := tables[0].Fastest()
	if best == nil {
		return nil
	}
	var list []plot.Series
	for i, table := range tables {
		for _, r := range table.Rows {
			if r.Impl != best.Impl {
				continue
			}
			l := line(r, i, href)
			l.Name = fmt.Sprintf("rate %s", table.Rate)
			list = append(list, l)
			roof := plot.Series{Name: fmt.Sprintf("upper bound at %s", table.Rate), Color: -1}
			for _, c := range r.Cells {
				if c.Bound.By != "" {
					roof.X, roof.Y = append(roof.X, float64(c.Workers)), append(roof.Y, c.Bound.Speed)
				}
			}
			list = append(list, roof)
		}
	}
	f := &Figure{Title: fmt.Sprintf("Throughput by workers and rate, %s", best.Impl) + limiterName(of), Sentence: dialSentence(tables)}
	f.lines(plot.Axes{Title: f.Title, About: f.Sentence, X: "workers", Y: "pages/s, logarithmic", Ticks: ticks(tables[0]), Unit: SI, Log: true}, list)
	return f
}

// way is how a table keeps its rate.
func way(t *diagnose.Table) diagnose.Key { return diagnose.Key{Burst: t.Burst, Limiter: t.Limiter} }

// firstWay returns the tables with the burst and the limiter of the first that has a rate, which it returns too, and those
// that have none: with several of each, one picture would show nothing.
func firstWay(t *topic) (tables []*diagnose.Table, of diagnose.Key) {
	i := slices.IndexFunc(t.tables, func(o *diagnose.Table) bool { return o.Rate > 0 })
	if i < 0 {
		return t.tables, of
	}
	of = way(t.tables[i])
	for _, o := range t.tables {
		if o.Rate == 0 || way(o) == of {
			tables = append(tables, o)
		}
	}
	return tables, of
}

// offered draws achieved against offered rate, where there are at least two.
func offered(t *topic, href Href) *Figure {
	workers := slices.Max(t.workers)
	var ways []diagnose.Key // burst and limiter
	for _, table := range t.tables {
		if w := way(table); table.Rate > 0 && !slices.Contains(ways, w) {
			ways = append(ways, w)
		}
	}
	var list []plot.Series
	var xs []float64
	for _, w := range ways {
		for _, r := range t.tables[0].Rows {
			l := plot.Series{Name: r.Impl + limiterName(w), Color: len(list)}
			for _, table := range slices.Backward(t.tables) {
				if c := table.Cell(r.Impl, workers); c != nil && table.Rate > 0 && w == way(table) && c.Summary.Center > 0 {
					l.X, l.Y = append(l.X, float64(table.Rate)), append(l.Y, 100*c.Summary.Center/float64(table.Rate))
					l.Href = append(l.Href, href(c.ID()))
				}
			}
			if len(l.X) > 1 {
				list = append(list, l)
				xs = l.X
			}
		}
	}
	if len(list) == 0 {
		return nil
	}
	f := &Figure{Title: fmt.Sprintf("Achieved rate as a share of the offered rate, %s", Plural(workers, "worker")), Sentence: "Below 100 %, something other than the rate is the limit."}
	f.lines(plot.Axes{Title: f.Title, About: f.Sentence, X: "offered pages/s", Y: "achieved", Ticks: xs, Top: 100,
		Unit: func(y float64) string { return fmt.Sprintf("%.0f %%", y) }}, list)
	return f
}
