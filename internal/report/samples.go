package report

import (
	"fmt"
	"math"
)

// Dot is a sample.
type Dot struct {
	Round int // from 1
	Value float64
	Note  string // why the sample is flagged; "" if it is not
}

// Samples draws samples by round, with their median and its interval. Flagged samples are hollow.
func Samples(title, about string, color int, dots []Dot, center, lo, hi float64, unit func(float64) string) string {
	const h = 190.0
	s := begin(plotWidth, h, title, about)
	least, most, last := math.Inf(1), 0.0, 1
	for _, d := range dots {
		least, most, last = min(least, d.Value), max(most, d.Value), max(last, d.Round)
	}
	if most <= 0 {
		s.text(plotWidth/2, h/2, "dim", "middle", "nothing was measured")
		return s.end()
	}
	pad := max((most-least)*0.12, most*0.01)
	least, most = least-pad, most+pad
	inside := func(y float64) float64 { return min(most, max(least, y)) }
	at := func(round int) float64 {
		return left + 10 + (plotWidth-left-right-20)*float64(round-1)/float64(max(1, last-1))
	}
	up := func(y float64) float64 { return h - bottom - (h-12-bottom)*(y-least)/(most-least) }
	for _, y := range []float64{least, (least + most) / 2, most} {
		s.printf(`<line x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f" class="rule"/>`, left, plotWidth-right, up(y), up(y))
		s.text(left-6, up(y)+4, "dim", "end", unit(y))
	}
	if !math.IsInf(hi, 0) && !math.IsNaN(lo+hi) {
		s.printf(`<g class="%s"><rect x="%.1f" width="%.1f" y="%.1f" height="%.1f" class="band"/></g>`,
			colorClass(color), left,
			plotWidth-left-right, up(inside(hi)), max(1, up(inside(lo))-up(inside(hi))))
	}
	s.printf(`<line x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f" class="mark"/>`, left, plotWidth-right, up(center),
		up(center))
	step := max(1, (last+9)/10)
	for round := 1; round <= last; round += step {
		s.text(at(round), h-bottom+16, "dim", "middle", fmt.Sprint(round))
	}
	s.text((left+plotWidth-right)/2, h-bottom+32, "dim", "middle", "round")
	s.printf(`<g class="%s">`, colorClass(color))
	for _, d := range dots { // kept short, because a report has a hundred of these pictures
		class, note := `class="dot"`, ""
		if d.Note != "" {
			class, note = `fill="none" class="whisker"`, ", "+d.Note
		}
		s.printf(`<circle cx="%.0f" cy="%.0f" r="4" %s><title>%s</title></circle>`, at(d.Round), up(d.Value), class,
			escape(fmt.Sprintf("%d: %.4g%s", d.Round, d.Value, note)))
	}
	s.printf(`</g>`)
	return s.end()
}
