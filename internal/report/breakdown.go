package report

import (
	"fmt"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plain"
	"crawlbench/internal/profile/breakdown"
)

// Breakdown draws the time breakdown of the traced cells; it returns nil if there are none. Shares
// without a range are those of diagnose.Traces.Scaled.
func Breakdown(cells []*diagnose.Cell, href Href) *Figure {
	f := &Figure{Title: breakdownTitle, Numbers: Table{Head: []string{""}}}
	var kinds []Kind
	for _, class := range breakdown.States() {
		kinds = append(kinds, Kind{ID: string(class), Name: string(class)})
		f.Numbers.Head = append(f.Numbers.Head, string(class))
	}
	var bars []Bar
	var unaccounted, slowed, expected float64
	for _, c := range cells {
		if c.Traces == nil {
			continue
		}
		b := Bar{Label: fmt.Sprintf("%s, %d", c.Impl, c.Workers), Href: href(c.ID())}
		row := []string{b.Label}
		for _, class := range breakdown.States() {
			s, share := c.Traces.Shares.Share[class], c.Traces.Scaled(class)
			b.Parts = append(b.Parts, BarPart{Kind: string(class), Share: share,
				Note: fmt.Sprintf("%s: median of %d traces %s, range %s to %s", string(class), c.Traces.Shares.Repeats,
					Share(s.Median), Share(s.Min), Share(s.Max)) + queueNote(c.Traces.Queue(class))})
			row = append(row, Share(share))
		}
		bars = append(bars, b)
		f.Numbers.add(row...)
		unaccounted = max(unaccounted, c.Traces.Shares.Unaccounted.Max)
		slowed, expected = max(slowed, c.Traces.Slowed), max(expected, c.Traces.Most)
	}
	if len(bars) == 0 {
		return nil
	}
	f.Sentence = breakdownSentence(unaccounted, slowed, expected)
	f.SVG = Bars(f.Title, f.Sentence, kinds, bars)
	return f
}

// States returns the time breakdown of a cell, with the range of each share over the traces.
func States(c *diagnose.Cell) Table {
	t := Table{About: "Share: " + breakdownScaled + ". Median, least and most: of the traces, not scaled. " + queueAbout,
		Head: []string{"state", "share", "median", "least", "most", "in the queue"}}
	for _, class := range breakdown.States() {
		s := c.Traces.Shares.Share[class]
		t.add(string(class), Share(c.Traces.Scaled(class)), Share(s.Median), Share(s.Min), Share(s.Max),
			Share(c.Traces.Queue(class)))
	}
	return t
}

// StatesBeside returns the time breakdowns of two cells side by side: shares, and workers' time per page.
func StatesBeside(this, base *diagnose.Cell) Table {
	t := Table{About: besideAbout, Head: []string{"state", "this, share", "base, share", "this, traced, per page",
		"base, traced, per page", "this minus base, traced, per page"}}
	for _, class := range breakdown.States() {
		x, y := this.Traces.PerPage(class), base.Traces.PerPage(class)
		more := Entry{Text: "0"}
		switch {
		case x > y:
			more = Entry{Text: "+" + plain.Seconds(x-y), Class: "slower"}
		case x < y:
			more = Entry{Text: "-" + plain.Seconds(y-x), Class: "faster"}
		}
		t.Rows = append(t.Rows, []Entry{{Text: string(class)}, {Text: Share(this.Traces.Scaled(class))},
			{Text: Share(base.Traces.Scaled(class))}, {Text: plain.Seconds(x)}, {Text: plain.Seconds(y)}, more})
	}
	return t
}
