package report

import (
	"fmt"
	"math"

	"crawlbench/internal/web/hostlog"
)

// StripRow is a crawler in a picture of strips: a line for each of some hosts, as hostlog.Strip returns them.
type StripRow struct {
	Name  string
	Hosts []uint32
	Lines []string
}

// The measures of a picture of strips.
const (
	stripLeft, stripRight, stripTop = 56.0, 16.0, 34.0
	stripHeight, stripGapHeight     = 7.0, 26.0 // of a host, and between crawlers
)

// stripKinds are the states that are drawn, with their names.
var stripKinds = []struct {
	state      rune
	kind, name string
}{{hostlog.StripBusy, "busy", "fetching"}, {hostlog.StripGap, "gap", "gap"},
	{hostlog.StripReady, "ready", "ready, and no worker fetches"}}

// Strips draws what hosts were doing from the beginning to end, in seconds.
func Strips(title, about string, end float64, rows []StripRow) string {
	h := stripTop + 30
	for _, r := range rows {
		h += stripGapHeight + stripHeight*float64(len(r.Lines))
	}
	s := begin(plotWidth, h, title, about)
	x := stripLeft
	for _, k := range stripKinds {
		s.printf(`<g class="%s"><rect x="%.1f" y="8" width="10" height="10" class="fill"/></g>`, class(k.kind), x)
		s.text(x+14, 17, "", "start", k.name)
		x += 30 + 6.5*float64(len(k.name))
	}
	y := stripTop
	for _, r := range rows {
		s.text(stripLeft, y+14, "", "start", r.Name)
		y += stripGapHeight - 6
		for i, line := range r.Lines {
			s.strip(line, y, fmt.Sprintf("host %d", r.Hosts[i]))
			y += stripHeight
		}
		y += 6
	}
	for _, at := range []float64{0, 0.25, 0.5, 0.75, 1} {
		s.text(stripLeft+at*stripWidth(), y+16, "dim", "middle", seconds(math.Round(100*at*end)/100))
	}
	return s.end()
}

func stripWidth() float64 { return plotWidth - stripLeft - stripRight }

// strip draws the line of a host, equal columns together.
func (s *svg) strip(line string, y float64, host string) {
	s.printf(`<line x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f" class="rule"/>`, stripLeft, stripLeft+stripWidth(),
		y+stripHeight-0.5, y+stripHeight-0.5)
	s.printf(`<g><title>%s</title>`, escape(host))
	column := stripWidth() / float64(max(1, len(line)))
	for from := 0; from < len(line); {
		to := from + 1
		for to < len(line) && line[to] == line[from] {
			to++
		}
		for _, k := range stripKinds {
			if rune(line[from]) == k.state {
				s.printf(`<g class="%s"><rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" class="fill"/></g>`, class(k.kind),
					stripLeft+float64(from)*column, y, float64(to-from)*column, stripHeight-1)
			}
		}
		from = to
	}
	s.printf(`</g>`)
}
