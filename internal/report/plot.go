package report

import (
	"fmt"
	"html"
	"math"
	"regexp"
	"slices"
	"strings"

	"crawlbench/internal/plain"
)

// Style is the style sheet of pictures, needed once per page.
const Style = `
.plot{--s0:#0072b2;--s1:#d55e00;--s2:#009e73;--s3:#cc79a7;--s4:#e69f00;--s5:#56b4e9;--s6:#7f7f7f;--s7:#8a7a00;--ink:#222;--dim:#777;--rule:#ddd;--box:#fff}
@media (prefers-color-scheme:dark){.plot{--s0:#4aa8e0;--s1:#f0883e;--s2:#2ec89a;--s3:#e29cc4;--s4:#f2b632;--s5:#8fd0f5;--s6:#a8a8a8;--s7:#d2c02c;--ink:#e4e4e4;--dim:#9a9a9a;--rule:#3a3a3a;--box:#1b1d20}}
.plot{font:12px system-ui,sans-serif}
.plot text{fill:var(--ink)}.plot .dim{fill:var(--dim)}.plot .rule{stroke:var(--rule)}.plot .mark{stroke:var(--dim);stroke-dasharray:2 3}
.plot .line{fill:none;stroke-width:2}.plot .band{opacity:.18;stroke:none}.plot .ideal{fill:none;stroke:var(--dim);stroke-dasharray:5 4}
.plot .s0{--c:var(--s0)}.plot .s1{--c:var(--s1)}.plot .s2{--c:var(--s2)}.plot .s3{--c:var(--s3)}.plot .s4{--c:var(--s4)}.plot .s5{--c:var(--s5)}.plot .s6{--c:var(--s6)}.plot .s7{--c:var(--s7)}
.plot .line{stroke:var(--c)}.plot .d1 .line,.plot .d1.line{stroke-dasharray:7 4}.plot .d2 .line,.plot .d2.line{stroke-dasharray:2 3}.plot .band,.plot .dot,.plot .fill{fill:var(--c)}.plot .whisker{stroke:var(--c);stroke-width:2}
.plot .k-running{--c:#009e73}.plot .k-runnable{--c:#e69f00}.plot .k-blockedlock{--c:#d55e00}.plot .k-blockedchannel{--c:#cc79a7}.plot .k-idle{--c:#999}.plot .k-ratelimit{--c:#56b4e9}.plot .k-network{--c:#0072b2}.plot .k-gc{--c:#8a7a00}.plot .k-syscall{--c:#f0e442}.plot .k-other{--c:#c9c9c9}.plot .k-busy{--c:#009e73}.plot .k-gap{--c:#c9c9c9}.plot .k-ready{--c:#d55e00}
.plot a:focus-visible{outline:2px solid var(--ink)}.plot a:hover .dot{stroke:var(--ink);stroke-width:2}.plot a:hover text{text-decoration:underline}
.plot .frames rect{fill:var(--c);stroke:var(--box);stroke-width:.5}.plot .in{fill:#111;font-size:10px;pointer-events:none}
`

// Series is a line: points with their intervals.
type Series struct {
	Name      string
	Color     int // see ColorOf; -1 for a reference line
	X, Y      []float64
	Low, High []float64 // nil for no band
	Href      []string  // links of the points; nil for none
}

// add adds a point with its interval and its link.
func (l *Series) add(x, y, low, high float64, href string) {
	l.X, l.Y, l.Href = append(l.X, x), append(l.Y, y), append(l.Href, href)
	l.Low, l.High = append(l.Low, low), append(l.High, high)
}

// Axes describes a line chart.
type Axes struct {
	Title, About string // for screen readers
	X, Y         string // labels
	Ticks        []float64
	Marks        []Mark // vertical lines
	Unit         func(float64) string
	Top          float64 // minimum upper end of the vertical axis
	Log          bool    // the vertical axis is logarithmic
}

// Mark is a vertical line.
type Mark struct {
	X     float64
	Label string
}

const (
	plotWidth, height        = 520.0, 300.0
	left, right, top, bottom = 56.0, 16.0, 30.0, 40.0
)

// svg is a picture under construction.
type svg struct {
	strings.Builder
	links bool
}

func (s *svg) printf(format string, args ...any) { fmt.Fprintf(&s.Builder, format, args...) }

func (s *svg) text(x, y float64, class, anchor, text string) {
	attributes := ""
	if class != "" {
		attributes += fmt.Sprintf(` class="%s"`, class)
	}
	if anchor != "start" { // SVG's default
		attributes += fmt.Sprintf(` text-anchor="%s"`, anchor)
	}
	s.printf(`<text x="%.1f" y="%.1f"%s>%s</text>`, x, y, attributes, escape(text))
}

// linked draws shape as a link to href, or without a link if href is "".
func (s *svg) linked(href, shape string) {
	if href != "" {
		s.links = true
		shape = `<a href="` + escape(href) + `">` + shape + "</a>"
	}
	s.WriteString(shape)
}

// escape escapes text for SVG.
func escape(text string) string { return html.EscapeString(plain.Line(text)) }

// class returns the CSS class of a kind. It keeps letters only, because other characters could end the attribute.
func class(kind string) string {
	letters := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, strings.ToLower(kind))
	if letters == "" {
		return "s6"
	}
	return "k-" + letters
}

func begin(w, h float64, title, about string) *svg {
	s := &svg{}
	s.printf(`<svg xmlns="http://www.w3.org/2000/svg" class="plot" viewBox="0 0 %.0f %.0f" role="img"><title>%s</title><desc>%s</desc>`,
		w, h, escape(title), escape(about))
	return s
}

func (s *svg) end() string {
	s.WriteString("</svg>")
	if s.links { // role=img would hide links from screen readers
		return strings.Replace(s.String(), `role="img"`, `role="group"`, 1)
	}
	return s.String()
}

// Alone returns a picture as a standalone file without links.
func Alone(picture string) string {
	picture = regexp.MustCompile(`</?a\b[^>]*>`).ReplaceAllString(picture, "")
	picture = strings.Replace(picture, `role="group"`, `role="img"`, 1)
	return strings.Replace(picture, "<title>", "<style>"+Style+"</style><title>", 1) + "\n"
}

// Lines draws lines over a logarithmic horizontal axis, and a legend below.
func Lines(a Axes, series []Series) string {
	legend, rows := layout(series)
	h := height + 18*float64(rows)
	s := begin(plotWidth, h, a.Title, a.About)
	most := a.Top
	var xs []float64
	for _, l := range series {
		xs = append(xs, l.X...)
		for _, values := range [][]float64{l.Y, l.High} {
			for _, y := range values {
				if !math.IsInf(y, 0) && !math.IsNaN(y) && l.Color >= 0 {
					most = max(most, y)
				}
			}
		}
	}
	if len(xs) == 0 || most <= 0 {
		s.text(plotWidth/2, height/2, "dim", "middle", "nothing was measured")
		return s.end()
	}
	ticks, end := scale(most)
	least := 0.0
	if a.Log {
		ticks, least, end = decades(series)
	}
	lo, hi := slices.Min(xs), slices.Max(xs)
	at := func(x float64) float64 {
		if lo == hi {
			return (left + plotWidth - right) / 2
		}
		return left + (plotWidth-left-right)*math.Log(x/lo)/math.Log(hi/lo)
	}
	up := func(y float64) float64 {
		share := min(y, end) / end
		if a.Log {
			share = math.Log(min(max(y, least), end)/least) / math.Log(end/least)
		}
		return height - bottom - (height-top-bottom)*share
	}
	for _, y := range ticks {
		s.printf(`<line x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f" class="rule"/>`, left, plotWidth-right, up(y), up(y))
		s.text(left-6, up(y)+4, "dim", "end", a.Unit(y))
	}
	for _, x := range a.Ticks {
		s.text(at(x), height-bottom+16, "dim", "middle", fmt.Sprint(x))
	}
	s.text((left+plotWidth-right)/2, height-bottom+32, "dim", "middle", a.X)
	s.text(6, 12, "dim", "start", a.Y)
	for _, m := range a.Marks {
		if m.X >= lo && m.X <= hi {
			s.printf(`<line x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f" class="mark"/>`, at(m.X), at(m.X), top,
				height-bottom)
			s.text(at(m.X)+4, top+9, "dim", "start", m.Label)
		}
	}
	for _, l := range series {
		s.series(l, end, at, up)
	}
	for _, e := range legend {
		y := height + 18*float64(e.row) + 4
		s.printf(`<line x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f" class="%s" stroke-width="3"/>`, e.x, e.x+16, y, y,
			e.class)
		s.text(e.x+21, y+4, "", "start", e.name)
	}
	return s.end()
}

func (s *svg) series(l Series, end float64, at, up func(float64) float64) {
	path := func(xs, ys []float64) string {
		var b strings.Builder
		for i := range xs {
			fmt.Fprintf(&b, "%s%.1f %.1f", []string{"M", "L"}[min(i, 1)], at(xs[i]), up(ys[i]))
		}
		return b.String()
	}
	if l.Color < 0 {
		x, y := clipped(l.X, l.Y, end)
		s.printf(`<path d="%s" class="ideal"/>`, path(x, y))
		return
	}
	s.printf(`<g class="%s">`, colorClass(l.Color))
	if l.Low != nil {
		bx, by := slices.Clone(l.X), slices.Clone(l.High)
		for i := len(l.X) - 1; i >= 0; i-- {
			bx, by = append(bx, l.X[i]), append(by, l.Low[i])
		}
		if !slices.ContainsFunc(by, func(y float64) bool { return math.IsInf(y, 0) || math.IsNaN(y) }) {
			s.printf(`<path d="%sZ" class="band"/>`, path(bx, by))
		}
	}
	s.printf(`<path d="%s" class="line"/>`, path(l.X, l.Y))
	for i := range l.X {
		href := ""
		if l.Href != nil {
			href = l.Href[i]
		}
		s.linked(href, fmt.Sprintf(`<circle cx="%.1f" cy="%.1f" r="3" class="dot"><title>%s</title></circle>`,
			at(l.X[i]), up(l.Y[i]), escape(fmt.Sprintf("%s, %g: %.4g", l.Name, l.X[i], l.Y[i]))))
	}
	s.WriteString("</g>")
}

// clipped cuts off a line where it rises above end.
func clipped(x, y []float64, end float64) ([]float64, []float64) {
	for i := range y {
		if y[i] > end && i > 0 {
			share := (end - y[i-1]) / (y[i] - y[i-1])
			return append(slices.Clone(x[:i]), x[i-1]*math.Pow(x[i]/x[i-1], share)), append(slices.Clone(y[:i]), end)
		}
	}
	return x, y
}

// entry is an entry of a legend.
type entry struct {
	name, class string
	x           float64
	row         int
}

// layout arranges the legend in rows, assuming average letter widths.
func layout(series []Series) (list []entry, rows int) {
	x := left
	for _, l := range series {
		class := "ideal"
		if l.Color >= 0 {
			class = colorClass(l.Color) + " line"
		}
		w := 40 + 7*float64(len([]rune(l.Name)))
		if x+w > plotWidth-right && x > left {
			x = left
			rows++
		}
		list = append(list, entry{l.Name, class, x, rows})
		x += w
	}
	return list, rows + 1
}

// decades returns the powers of ten that enclose the lines.
func decades(series []Series) (ticks []float64, least, end float64) {
	least, end = math.Inf(1), 0
	for _, l := range series {
		for _, y := range l.Y {
			if y > 0 {
				least, end = min(least, y), max(end, y)
			}
		}
	}
	least = math.Pow(10, math.Floor(math.Log10(least)))
	end = math.Pow(10, math.Ceil(math.Log10(end*1.0001)))
	for y := least; y < end*1.5; y *= 10 {
		ticks = append(ticks, y)
	}
	return ticks, least, end
}

// scale returns round ticks from 0 to at least most.
func scale(most float64) (ticks []float64, end float64) {
	step := math.Pow(10, math.Floor(math.Log10(most)))
	for _, f := range []float64{0.1, 0.2, 0.25, 0.5, 1} {
		if most/(step*f) <= 5.0001 {
			step *= f
			break
		}
	}
	for y := 0.0; y < most+step*0.999; y += step {
		ticks = append(ticks, y)
	}
	return ticks, ticks[len(ticks)-1]
}
