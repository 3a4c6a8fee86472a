package report

import (
	"fmt"
	"math"
	"time"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plain"
)

// costName names what a fetch costs.
func costName(by string) string {
	if by == "cpu" {
		return "processor time"
	}
	return by
}

// matter draws the ratio of the best crawler to the baseline by the cost of a fetch; nil if one cost was measured.
func matter(a *diagnose.Analysis, t *topic, href Href) *Figure {
	var lines []Series
	var ticks []float64
	var axes Axes
	sentence := ""
	for i, m := range a.Matters {
		k := m.Key
		k.Rate, k.Burst, k.Limiter = 0, 0, ""
		if k != t.Key || m.Rate != 0 {
			continue
		}
		l := Series{Name: costName(m.By), Color: i}
		for _, p := range m.Points {
			x := 1e6 * p.Cost.Seconds()
			if x == 0 {
				x = 1e6 * smallest(m) / 10 // a logarithmic axis has no 0
			}
			l.add(x, p.Ratio.Value, p.Ratio.Lo, p.Ratio.Hi, href(p.Table.Cell(p.Best, m.Workers).ID()))
			if len(ticks) < len(m.Points) {
				ticks = append(ticks, x)
			}
		}
		if x := 1e6 * m.Crossing.Value; x > 0 && !math.IsInf(x, 1) {
			axes.Marks = append(axes.Marks, Mark{X: x,
				Label: fmt.Sprintf("%s: %s", costName(m.By), span(m.Crossing.Value))})
		}
		lines = append(lines, l)
		sentence += matterSentence(a, m) + " "
	}
	if len(lines) == 0 {
		return nil
	}
	f := &Figure{Title: "Does it matter?", Sentence: sentence + "The leftmost points are fetches that cost nothing."}
	axes.Title, axes.About, axes.X, axes.Y, axes.Ticks = f.Title+", "+t.Graph, f.Sentence,
		"cost of a fetch in µs", "best crawler, times "+a.Baseline, ticks
	axes.Unit = func(y float64) string { return fmt.Sprintf("%.3g", y) }
	f.lines(axes, lines)
	return f
}

// smallest returns the smallest cost above 0, in seconds.
func smallest(m diagnose.Matter) float64 {
	for _, p := range m.Points {
		if p.Cost > 0 {
			return p.Cost.Seconds()
		}
	}
	return 1e-6
}

// span formats a cost in seconds.
func span(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second))
	switch {
	case d >= 10*time.Millisecond:
		return fmt.Sprintf("%.0f ms", seconds*1e3)
	case d >= time.Millisecond:
		return fmt.Sprintf("%.1f ms", seconds*1e3)
	}
	return fmt.Sprintf("%.3g µs", seconds*1e6)
}

// matterSentence says from which cost on the choice of the crawler does not matter.
func matterSentence(a *diagnose.Analysis, m diagnose.Matter) string {
	what, margin := costName(m.By), setting(a.Margin)
	most := m.Points[len(m.Points)-1].Cost.Seconds()
	text := fmt.Sprintf("%s, %s: ", Part(m.Key), plain.Count(m.Workers, "worker"))
	switch {
	case m.Proven == 0:
		text += fmt.Sprintf("at every %s of a fetch, all of these are equivalent (within %s)", what, margin)
	case m.Proven > 0:
		text += fmt.Sprintf("above %s of %s a page all of these are equivalent (within %s, proven for all pairs)",
			span(m.Proven.Seconds()), what, margin)
	default:
		text += fmt.Sprintf("up to %s of %s a page, not all of these are proven equivalent (within %s)", span(most),
			what, margin)
	}
	return text + "; " + crossed(m, most, what, margin, a.Baseline) + "."
}

// crossed describes the crossing.
func crossed(m diagnose.Matter, most float64, what, margin, baseline string) string {
	x, least := m.Crossing, smallest(m)
	end := func(v float64) string {
		switch {
		case math.IsInf(v, 1):
			return "beyond " + span(most)
		case v <= least:
			return "below " + span(least)
		}
		return span(v)
	}
	interval := fmt.Sprintf("[%s, %s]", end(x.Lo), end(x.Hi))
	lead := fmt.Sprintf("the lead of the best over %s", baseline)
	switch {
	case math.IsInf(x.Value, 1):
		return fmt.Sprintf("%s does not fall to %s %s", lead, margin, interval)
	case x.Value <= least:
		return fmt.Sprintf("%s falls to %s %s %s", lead, margin, end(x.Value), interval)
	}
	return fmt.Sprintf("%s falls to %s at %s of %s a page %s", lead, margin, end(x.Value), what, interval)
}
