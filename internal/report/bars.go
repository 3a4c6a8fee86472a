package report

import (
	"fmt"
	"math"

	"crawlbench/internal/stat"
)

// Kind is a kind of bar parts: ID selects the colour, and Name is shown in the legend.
type Kind struct{ ID, Name string }

// BarPart is a piece of a bar: a share of its length, and the ID of its kind.
type BarPart struct {
	Kind  string
	Share float64
	Note  string // tooltip
}

// Bar is a horizontal bar of parts.
type Bar struct {
	Label string
	Parts []BarPart
	Href  string // where it leads; "": nowhere
}

// Bars draws stacked bars whose parts add up to 1, with a legend of the kinds.
func Bars(title, about string, kinds []Kind, bars []Bar) string {
	const label, row = 150.0, 22.0
	legend := math.Ceil(float64(len(kinds)) / 4)
	s := begin(plotWidth, row*float64(len(bars))+18*legend+8, title, about)
	for i, b := range bars {
		y := row * float64(i)
		s.linked(b.Href, fmt.Sprintf(`<text x="%.1f" y="%.1f" text-anchor="end">%s</text>`, label-8, y+15,
			escape(b.Label)))
		x := label
		for _, p := range b.Parts {
			w := (plotWidth - label - 8) * p.Share
			if w < 0.2 {
				continue
			}
			s.printf(`<g class="%s"><rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" class="fill"><title>%s</title></rect></g>`, class(p.Kind), x, y+3, w, row-6, escape(p.Note))
			if w > 30 {
				s.text(x+w/2, y+15, "in", "middle", fmt.Sprintf("%.0f %%", 100*p.Share))
			}
			x += w
		}
	}
	for i, k := range kinds {
		x := 8 + float64(i%4)*128
		y := row*float64(len(bars)) + 18*float64(i/4) + 14
		s.printf(`<g class="%s"><rect x="%.1f" y="%.1f" width="12" height="12" class="fill"/></g>`, class(k.ID), x, y-8)
		s.text(x+17, y+3, "", "start", k.Name)
	}
	return s.end()
}

// Ratio is a ratio with its interval and verdict.
type Ratio struct {
	Label          string
	Value, Lo, Hi  float64
	Word           string
	Color          int
	FloorLo, Floor float64 // the interval of the control, drawn behind; 0 for none
	Href           string  // where it leads; "": nowhere
}

// Forest draws a forest plot: ratios on a logarithmic axis around 1.
func Forest(title, about, axis string, ratios []Ratio) string {
	const label, row, word = 150.0, 20.0, 96.0
	s := begin(plotWidth, row*float64(len(ratios))+34, title, about)
	reach := math.Log(1.1)
	for _, r := range ratios {
		for _, x := range []float64{r.Value, r.Lo, r.Hi} {
			if x > 0 && !math.IsInf(x, 0) && !math.IsNaN(x) {
				reach = max(reach, math.Abs(math.Log(x)))
			}
		}
	}
	reach *= 1.05
	at := func(x float64) float64 {
		l := max(-reach, min(reach, math.Log(x)))
		return label + (plotWidth-label-word)*(l+reach)/(2*reach)
	}
	h := row * float64(len(ratios))
	ticks := []float64{0.01, 0.1, 1, 10, 100}
	switch {
	case reach < math.Log(1.5):
		ticks = []float64{0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.4}
	case reach < math.Log(12):
		ticks = []float64{0.1, 0.2, 0.5, 1, 2, 5, 10}
	}
	for _, tick := range ticks {
		if math.Abs(math.Log(tick)) > reach {
			continue
		}
		class := "rule"
		if tick == 1 {
			class = "mark"
		}
		s.printf(`<line x1="%.1f" x2="%.1f" y1="0" y2="%.1f" class="%s"/>`, at(tick), at(tick), h, class)
		s.text(at(tick), h+14, "dim", "middle", fmt.Sprintf("%g", tick))
	}
	s.text(at(1), h+29, "dim", "middle", axis)
	for i, r := range ratios {
		y := row*float64(i) + row/2
		s.linked(r.Href, fmt.Sprintf(`<text x="%.1f" y="%.1f" text-anchor="end">%s</text>`, label-8, y+4,
			escape(r.Label)))
		if r.Floor > 0 {
			s.printf(`<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="var(--rule)"/>`, at(r.FloorLo), y-8,
				max(1, at(r.Floor)-at(r.FloorLo)), 16.0)
		}
		if math.IsNaN(r.Value) {
			continue
		}
		s.printf(`<g class="%s"><line x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f" class="whisker"/><circle cx="%.1f" cy="%.1f" r="4" class="dot"><title>%s</title></circle></g>`,
			colorClass(r.Color), at(max(r.Lo, 1e-9)), at(r.Hi), y, y, at(r.Value), y,
			escape(fmt.Sprintf("%s: %.3f %s %s", r.Label, r.Value, ends(stat.Interval{Lo: r.Lo, Hi: r.Hi}, 3), r.Word)))
		s.text(plotWidth-word+8, y+4, "dim", "start", r.Word)
	}
	return s.end()
}
