package lesson

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plain/screen"
	"crawlbench/internal/web/hostlog"
)

// bar is a line of a bar chart.
type bar struct {
	label string
	value float64
	text  string // the value, with its unit
}

// bars draws a bar chart for a terminal.
func bars(list []bar) string {
	const longest = 40
	most, labels, texts := 0.0, 0, 0
	for _, b := range list {
		most = max(most, b.value)
		labels, texts = max(labels, len([]rune(b.label))), max(texts, len([]rune(b.text)))
	}
	var s strings.Builder
	for _, b := range list {
		n := 0
		if most > 0 && b.value > 0 {
			n = max(1, int(math.Round(longest*b.value/most)))
		}
		line := fmt.Sprintf("  %-*s  %*s  %s", labels, b.label, texts, b.text, strings.Repeat("█", n))
		s.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return s.String()
}

// draw writes a picture to a screen. If there is not enough room, bars become shorter, and a column of a strip stands
// for several.
func draw(b *strings.Builder, s screen.Screen, picture string) {
	const block, shortest = "█", 8
	room, longest := math.MaxInt32, 0
	for line := range strings.Lines(picture) {
		bar := strings.Count(line, block)
		if longest = max(longest, bar); bar > 0 && s.Width > 0 {
			room = min(room, s.Width-utf8.RuneCountInString(strings.TrimRight(line, block+"\n")))
		}
	}
	below := room < shortest // the bars, each on a line of its own
	if below {
		room = max(1, s.Width-4)
	}
	for line := range strings.Lines(picture) {
		line = strings.TrimSuffix(line, "\n")
		text := strings.TrimRight(line, block)
		bar := strings.Count(line, block)
		if longest > room && bar > 0 {
			bar = max(1, bar*room/longest)
		}
		strip, isStrip := strings.CutPrefix(line, "  |")
		switch {
		case isStrip:
			strip = strings.TrimSuffix(strip, "|")
			fmt.Fprintf(b, "  |%s|\n", hostlog.Narrow(strip, hostlog.Share(utf8.RuneCountInString(strip), s.Width-4)))
		case bar > 0 && below:
			s.Fill(b, "  ", "    ", text)
			b.WriteString("    " + strings.Repeat(block, bar) + "\n")
		case bar > 0:
			b.WriteString(text + strings.Repeat(block, bar) + "\n")
		case s.Width == 0 || utf8.RuneCountInString(line) <= s.Width:
			b.WriteString(line + "\n")
		default:
			s.Fill(b, line[:len(line)-len(strings.TrimLeft(line, " "))], "    ", line)
		}
	}
}

// speeds draws the throughput of cells in their fastest rounds.
func speeds(cells ...*diagnose.Cell) string {
	var list []bar
	for _, c := range cells {
		label := fmt.Sprintf("%s, %d workers", c.Impl, c.Workers)
		if c.Workers == 1 {
			label = c.Impl + ", 1 worker"
		}
		list = append(list, bar{label, fastest(c)[0], perSecond(fastest(c)[0])})
	}
	return bars(list)
}

// perSecond formats a throughput.
func perSecond(x float64) string {
	switch {
	case x >= 1e6:
		return fmt.Sprintf("%.3gM pages/s", x/1e6)
	case x >= 1e3:
		return fmt.Sprintf("%.3gk pages/s", x/1e3)
	}
	return fmt.Sprintf("%.3g pages/s", x)
}

// ratio is a ratio of two throughputs, with its range.
type ratio struct{ value, lo, hi float64 }

// quick is the number of fastest rounds of a cell that a ratio is computed from.
const quick = 3

// fastest returns the quick fastest rounds of a cell, the fastest first. A lesson uses them rather than the median,
// because it has few and short samples, may run on a busy machine, and teaches effects that are larger than the
// difference between fast rounds: interference only makes a crawl slower.
func fastest(c *diagnose.Cell) []float64 {
	list := slices.Sorted(slices.Values(c.Measured()))
	slices.Reverse(list)
	return list[:min(quick, len(list))]
}

// times returns the ratio of the throughputs of two cells in their fastest rounds, with the range over the quick
// fastest rounds of both.
func times(other, base *diagnose.Cell) ratio { return between(fastest(other), fastest(base)) }

func between(other, base []float64) ratio {
	return ratio{other[0] / base[0], other[len(other)-1] / base[0], other[0] / base[len(base)-1]}
}

func (r ratio) String() string { return fmt.Sprintf("%.2fx [%.2f, %.2f]", r.value, r.lo, r.hi) }

// method explains speeds and ratios.
const method = " (Fastest round of each; in brackets, the range of the three fastest.)"

// side says on which side of the band from 1/factor to factor the range of a ratio is: 0 below, 1 within, 2 above,
// Unsure if it crosses a limit.
func side(r ratio, factor float64) int {
	switch {
	case r.hi < 1/factor:
		return 0
	case r.lo > factor:
		return 2
	case r.lo >= 1/factor && r.hi <= factor:
		return 1
	}
	return Unsure
}
