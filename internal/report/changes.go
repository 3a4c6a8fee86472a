package report

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plain"

	"crawlbench/internal/plain/screen"
	"crawlbench/internal/plan"
	"crawlbench/internal/stat"
)

// ChangesFormats returns the formats of Changes.
func ChangesFormats() []string { return []string{"text", "markdown", "json"} }

// ChangesPage is the view of how cells changed.
type ChangesPage struct {
	Summary, Tally string
	Table          Table
	Parts          []Table // the same for a terminal: a table for each condition
	Figures        []Figure
}

// mostPictures limits the figures of changes; the table has all.
const mostPictures = 12

// ViewChanges makes the view of how cells changed, with the verdicts of a gate at a regression by that share; a
// negative gate means none.
func ViewChanges(list []diagnose.Change, gate float64, href Href) ChangesPage {
	p := ChangesPage{Table: Table{Head: []string{"cell", "before", "after", "speed", "adjusted p", "verdict"}}}
	if gate >= 0 {
		p.Table.Head = append(p.Table.Head, "gate")
	}
	verdicts, gates := map[stat.Verdict]int{}, map[stat.Gate]int{}
	ratios := map[string][]Ratio{}
	for _, c := range list {
		x, verdict, id := c.Times(), c.Verdict.String(), c.Cell.ID()
		verdicts[c.Verdict]++
		row := []Entry{{Text: id, Href: href(id)}, perSecond(c.Old), perSecond(c.New),
			{Text: times(x)}, {Text: pValue(c.P)}, {Text: verdict, Class: verdict}}
		if !measured(c) {
			row[3].Text, row[4].Text = "-", "-"
		}
		if gate >= 0 {
			gates[c.Gate(gate)]++
			row = append(row, gateEntry(c.Gate(gate)))
		}
		p.Table.Rows = append(p.Table.Rows, row)
		title := Condition(diagnose.KeyOf(c.Cell))
		p.part(title, c.Cell, row[1:])
		if !measured(c) {
			continue
		}
		if ratios[title] == nil && len(p.Figures) < mostPictures {
			p.Figures = append(p.Figures, Figure{Title: title})
		}
		ratios[title] = append(ratios[title],
			Ratio{Label: fmt.Sprintf("%s, %d", c.Cell.Impl, c.Cell.Workers), Value: x.Value, Lo: x.Lo, Hi: x.Hi,
				Word: verdict, Color: ColorOf(c.Cell.Impl), Href: href(id)})
	}
	p.Summary = plain.Count(len(list), "cell") + ", p adjusted for their number"
	if gate >= 0 {
		p.Summary += fmt.Sprintf("; gate at a regression of %s: %v (%d fail, %d pass, %d cannot tell)", effect(1+gate),
			diagnose.Gate(list, gate), gates[stat.Fail], gates[stat.Pass], gates[stat.CannotTell])
	}
	p.Tally = fmt.Sprintf("Of %s: %s; p adjusted for all of them.", plain.Count(len(list), "cell"), tally(verdicts))
	for i := range p.Figures {
		f := &p.Figures[i]
		f.SVG = Forest("changes, "+f.Title, p.Tally, "times the pages/s of before", ratios[f.Title])
	}
	return p
}

// part adds a row to the table of a condition.
func (p *ChangesPage) part(title string, c plan.Cell, row []Entry) {
	i := slices.IndexFunc(p.Parts, func(t Table) bool { return strings.HasPrefix(t.About, title+":") })
	if i < 0 {
		i = len(p.Parts)
		p.Parts = append(p.Parts, Table{About: title + ": pages/s of a crawler with a number of workers",
			Head: append([]string{"crawler"}, p.Table.Head[1:]...)})
	}
	p.Parts[i].Rows = append(p.Parts[i].Rows, append([]Entry{{Text: fmt.Sprintf("%s %d", c.Impl, c.Workers)}}, row...))
}

// measured reports whether a cell was measured both before and after.
func measured(c diagnose.Change) bool { return c.Old.N > 0 && c.New.N > 0 }

func perSecond(s stat.Summary) Entry {
	if s.N == 0 {
		return Entry{Text: "-"}
	}
	return Entry{Text: SI(s.Center) + "/s", Short: SI(s.Center)}
}

// gateEntry returns the verdict of a gate on a cell.
func gateEntry(g stat.Gate) Entry {
	switch g {
	case stat.Fail:
		return Entry{Text: "fail: REGRESSION", Class: "slower"}
	case stat.Pass:
		return Entry{Text: "pass"}
	}
	return Entry{Text: g.String(), Class: "inconclusive"}
}

// Changes writes the view of changes.
func Changes(w io.Writer, list []diagnose.Change, gate float64, format string, s screen.Screen) error {
	if format == "json" {
		return encode(w, struct {
			Schema  int          `json:"schema"`
			Gate    string       `json:"gate,omitempty"`
			Changes []changeJSON `json:"changes"`
		}{Schema, gateName(list, gate), changesOf(list, gate)})
	}
	p := ViewChanges(list, gate, fragmentOf)
	var b strings.Builder
	if format == "markdown" {
		p.Table.markdown(&b)
		b.WriteByte('\n')
	} else {
		Group{Tables: p.Parts}.text(&b, s)
		b.WriteByte('\n')
	}
	s.Line(&b, glued(p.Summary))
	_, err := io.WriteString(w, b.String())
	return err
}

// changeJSON is the JSON of a change. Speeds are in pages per second, ratios are speeds after over before, and unknown
// values are null. Gate is "pass", "fail" or "cannot tell", and missing without a gate; the gate of all cells is the
// worst of these: fail before cannot tell before pass.
type changeJSON struct {
	Cell       string  `json:"cell"`
	Before     number  `json:"before"`
	After      number  `json:"after"`
	Speed      number  `json:"speed"`
	SpeedLo    number  `json:"speed_lo"`
	SpeedHi    number  `json:"speed_hi"`
	P          float64 `json:"p_adjusted"`
	Verdict    string  `json:"verdict"`
	Regression bool    `json:"regression"`
	Gate       string  `json:"gate,omitempty"`
}

// changesOf returns the JSON of changes.
func changesOf(list []diagnose.Change, gate float64) []changeJSON {
	center := func(s stat.Summary) number {
		if s.N == 0 {
			return number(math.NaN())
		}
		return number(s.Center)
	}
	out := []changeJSON{}
	for _, c := range list {
		x := c.Times()
		j := changeJSON{Cell: c.Cell.Name(), Before: center(c.Old), After: center(c.New), Speed: number(x.Value),
			SpeedLo: number(x.Lo), SpeedHi: number(x.Hi), P: c.P, Verdict: c.Verdict.String()}
		if gate >= 0 {
			j.Gate, j.Regression = c.Gate(gate).String(), c.Gate(gate) == stat.Fail
		}
		out = append(out, j)
	}
	return out
}

// gateName returns the verdict of a gate on all changes together; "" without a gate.
func gateName(list []diagnose.Change, gate float64) string {
	if gate < 0 {
		return ""
	}
	return diagnose.Gate(list, gate).String()
}
