package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plot"
)

// dials draws rate and workers as two dials: the fastest contender at every rate, below what bounds it.
func dials(t *topic, href Href) *Figure {
	tables, way := firstWay(t)
	if len(tables) < 2 {
		return nil
	}
	best, _ := peak(tables[0])
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
			roof := plot.Series{Name: fmt.Sprintf("its bound at %s", table.Rate), Color: -1}
			for _, c := range r.Cells {
				if c.Bound.By != "" {
					roof.X, roof.Y = append(roof.X, float64(c.Workers)), append(roof.Y, c.Bound.Speed)
				}
			}
			list = append(list, roof)
		}
	}
	f := &Figure{Title: fmt.Sprintf("Two dials: workers and rate, %s", best.Impl) + kept(way.Burst, way.Limiter), Sentence: dialSentence(tables)}
	f.lines(plot.Axes{Title: f.Title, About: f.Sentence, X: "workers", Y: "pages/s, logarithmic", Ticks: ticks(tables[0]), Unit: SI, Log: true}, list)
	return f
}

// firstWay returns the tables with the burst and the limiter of the first that has a rate, which it returns too, and those
// that have none: with several of each, one picture would show nothing.
func firstWay(t *topic) (tables []*diagnose.Table, way diagnose.Key) {
	i := slices.IndexFunc(t.tables, func(o *diagnose.Table) bool { return o.Rate > 0 })
	if i < 0 {
		return t.tables, way
	}
	way = t.tables[i].Key
	for _, o := range t.tables {
		if o.Rate == 0 || o.Burst == way.Burst && o.Limiter == way.Limiter {
			tables = append(tables, o)
		}
	}
	return tables, way
}

// dialSentence says at which rates the rate binds.
func dialSentence(tables []*diagnose.Table) string {
	var parts []string
	for _, table := range tables {
		if table.Rate == 0 {
			continue
		}
		lo, hi := math.Inf(1), 0.0
		for _, r := range table.Rows {
			for _, c := range r.Cells {
				if c.Summary.Center > 0 {
					lo, hi = min(lo, c.Summary.Center/float64(table.Rate)), max(hi, c.Summary.Center/float64(table.Rate))
				}
			}
		}
		if hi > 0 {
			parts = append(parts, fmt.Sprintf("at %s pages/s all designs with any number of workers reach %.1f to %.1f %% of the rate", table.Rate, 100*lo, 100*hi))
		}
	}
	if len(parts) == 0 {
		return "No rate was limited."
	}
	return strings.ToUpper(parts[0][:1]) + strings.Join(parts, "; ")[1:] + ". Where the rate binds, workers and design do not matter; where it does not, they do."
}

// offered draws achieved against offered rate, where there are at least two.
func offered(t *topic, href Href) *Figure {
	workers := t.tables[0].Workers[len(t.tables[0].Workers)-1]
	type way struct { // to keep a rate
		burst   int
		limiter string
	}
	var ways []way
	for _, table := range t.tables {
		if w := (way{table.Burst, table.Limiter}); table.Rate > 0 && !slices.Contains(ways, w) {
			ways = append(ways, w)
		}
	}
	var list []plot.Series
	var xs []float64
	for _, w := range ways {
		for _, r := range t.tables[0].Rows {
			l := plot.Series{Name: r.Impl + kept(w.burst, w.limiter), Color: len(list)}
			for _, table := range slices.Backward(t.tables) {
				if c := table.Cell(r.Impl, workers); c != nil && table.Rate > 0 && w == (way{table.Burst, table.Limiter}) && c.Summary.Center > 0 {
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
	f := &Figure{Title: fmt.Sprintf("Achieved of the offered rate, %s", Plural(workers, "worker")), Sentence: "Below 100 % something else than the rate binds."}
	f.lines(plot.Axes{Title: f.Title, About: f.Sentence, X: "offered pages/s", Y: "achieved", Ticks: xs, Top: 100,
		Unit: func(y float64) string { return fmt.Sprintf("%.0f %%", y) }}, list)
	return f
}
