package report

import (
	"fmt"
	"slices"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plain"
	"crawlbench/internal/plan"
)

// ratesFigure draws the throughput of the fastest crawler at every rate, with its upper bound.
func ratesFigure(t *topic, href Href) *Figure {
	tables, of := t.costless(), diagnose.Key{}
	if len(tables) < 2 {
		return nil
	}
	if settings := t.limiterSettings(); len(settings) > 0 { // several in one picture would be illegible
		of = settings[0]
		tables = slices.DeleteFunc(slices.Clone(tables),
			func(o *diagnose.Table) bool { return o.Rate > 0 && limiterSetting(o) != of })
	}
	best := tables[0].Fastest()
	if best == nil || len(tables) < 2 {
		return nil
	}
	var list []Series
	for i, table := range tables {
		at := slices.IndexFunc(table.Rows, func(r *diagnose.Row) bool { return r.Impl == best.Impl })
		if at < 0 {
			continue
		}
		l, roof := line(table.Rows[at], href), Series{Name: fmt.Sprintf("upper bound at %s", table.Rate), Color: -1}
		l.Name = fmt.Sprintf("rate %s", table.Rate)
		l.Color += hues * i // the rates of one crawler differ in their dash
		for _, c := range table.Rows[at].Cells {
			if c.Bound.By != "" {
				roof.X, roof.Y = append(roof.X, float64(c.Workers)), append(roof.Y, c.Bound.Speed)
			}
		}
		list = append(list, l, roof)
	}
	f := &Figure{Title: fmt.Sprintf("Throughput by workers and rate, %s", best.Impl) + limiterName(of),
		Sentence: dialSentence(tables)}
	f.lines(Axes{Title: f.Title, About: f.Sentence, X: "workers", Y: "pages/s, logarithmic", Ticks: ticks(tables[0]),
		Unit: SI, Log: true}, list)
	return f
}

// costless returns the tables in which a fetch costs what the scenario says, and one process crawls alone.
func (t *topic) costless() []*diagnose.Table {
	return slices.DeleteFunc(slices.Clone(t.tables), func(o *diagnose.Table) bool {
		return o.Cost != plan.Cost{} || o.Processes > 0
	})
}

// limiterSettings returns the combinations of burst and limiter of the tables with a rate, in their order.
func (t *topic) limiterSettings() (list []diagnose.Key) {
	for _, o := range t.tables {
		if w := limiterSetting(o); o.Rate > 0 && !slices.Contains(list, w) {
			list = append(list, w)
		}
	}
	return list
}

func limiterSetting(t *diagnose.Table) diagnose.Key {
	return diagnose.Key{Burst: t.Burst, Limiter: t.Limiter}
}

// achievedRateFigure draws achieved against offered rate if there are at least two rates.
func achievedRateFigure(t *topic, href Href) *Figure {
	workers := slices.Max(t.workers)
	var list []Series
	var xs []float64
	for i, w := range t.limiterSettings() {
		for _, r := range t.tables[0].Rows {
			l := Series{Name: r.Impl + limiterName(w), Color: ColorOf(r.Impl) + hues*i}
			for _, table := range slices.Backward(t.costless()) {
				if c := table.Cell(r.Impl, workers); c != nil && table.Rate > 0 && w == limiterSetting(table) &&
					c.Summary.Center > 0 {
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
	f := &Figure{Title: fmt.Sprintf("Achieved rate as a share of the offered rate, %s", plain.Count(workers, "worker")),
		Sentence: "Below 100 %, something other than the rate is the limit."}
	f.lines(Axes{Title: f.Title, About: f.Sentence, X: "offered pages/s", Y: "achieved", Ticks: xs, Top: 100,
		Unit: func(y float64) string { return fmt.Sprintf("%.0f %%", y) }}, list)
	return f
}
