package report

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"

	"crawlbench/internal/diagnose"

	"crawlbench/internal/stat"
)

// Formats returns the formats of Changes.
func Formats() []string { return []string{"text", "markdown", "json"} }

// ChangesPage is the view of how cells changed.
type ChangesPage struct {
	Summary, Tally string
	Table          Table
	Figures        []Figure
}

// mostPictures limits the figures of changes; the table has all.
const mostPictures = 12

// ViewChanges makes the view of how cells changed, and of what a gate at a regression by that share says; a negative
// gate gates nothing.
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
		row := []Entry{{Text: id, Href: href(id)}, {Text: perSecond(c.Old)}, {Text: perSecond(c.New)},
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
		if !measured(c) {
			continue
		}
		if ratios[title] == nil && len(p.Figures) < mostPictures {
			p.Figures = append(p.Figures, Figure{Title: title})
		}
		ratios[title] = append(ratios[title],
			Ratio{Label: fmt.Sprintf("%s, %d", c.Cell.Impl, c.Cell.Workers), Value: x.Value, Lo: x.Lo, Hi: x.Hi,
				Word: verdict, Href: href(id)})
	}
	p.Summary = Plural(len(list), "cell") + ", p adjusted for their number"
	if gate >= 0 {
		p.Summary += fmt.Sprintf("; gate at a regression of %s: %v (%d fail, %d pass, %d cannot tell)", effect(1+gate),
			diagnose.Gate(list, gate), gates[stat.Fail], gates[stat.Pass], gates[stat.CannotTell])
	}
	p.Tally = fmt.Sprintf("Of %s: %s; p adjusted for all of them.", Plural(len(list), "cell"), tally(verdicts))
	for i := range p.Figures {
		f := &p.Figures[i]
		f.SVG = Forest("changes, "+f.Title, p.Tally, "times the pages/s of before", ratios[f.Title])
	}
	return p
}

// measured reports whether a cell was measured both before and after.
func measured(c diagnose.Change) bool { return c.Old.N > 0 && c.New.N > 0 }

func perSecond(s stat.Summary) string {
	if s.N == 0 {
		return "-"
	}
	return SI(s.Center) + "/s"
}

// gateEntry is what a gate says of a cell.
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
func Changes(w io.Writer, list []diagnose.Change, gate float64, format string) error {
	if format == "json" {
		return changesJSON(w, list, gate)
	}
	p := ViewChanges(list, gate, fragmentOf)
	var b strings.Builder
	if format == "markdown" {
		p.Table.markdown(&b)
		b.WriteByte('\n')
	} else {
		p.Table.text(&b)
	}
	b.WriteString(p.Summary + "\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// changeJSON is a change as JSON has it. Speeds are in pages per second, ratios those of the speeds, after over before;
// what is not known is null. Gate is "pass", "fail" or "cannot tell", and missing without a gate; that of all cells is
// the worst of them: fail before cannot tell before pass.
type changeJSON struct {
	Cell       string   `json:"cell"`
	Before     *float64 `json:"before"`
	After      *float64 `json:"after"`
	Speed      *float64 `json:"speed"`
	SpeedLo    *float64 `json:"speed_lo"`
	SpeedHi    *float64 `json:"speed_hi"`
	P          float64  `json:"p_adjusted"`
	Verdict    string   `json:"verdict"`
	Regression bool     `json:"regression"`
	Gate       string   `json:"gate,omitempty"`
}

func changesJSON(w io.Writer, list []diagnose.Change, gate float64) error {
	finite := func(x float64) *float64 {
		if math.IsInf(x, 0) || math.IsNaN(x) {
			return nil
		}
		return &x
	}
	center := func(s stat.Summary) *float64 {
		if s.N == 0 {
			return nil
		}
		return finite(s.Center)
	}
	out := []changeJSON{}
	for _, c := range list {
		x := c.Times()
		j := changeJSON{Cell: c.Cell.Name(), Before: center(c.Old), After: center(c.New), Speed: finite(x.Value),
			SpeedLo: finite(x.Lo), SpeedHi: finite(x.Hi), P: c.P, Verdict: c.Verdict.String()}
		if gate >= 0 {
			j.Gate, j.Regression = c.Gate(gate).String(), c.Gate(gate) == stat.Fail
		}
		out = append(out, j)
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(out)
}
