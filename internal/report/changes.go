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

// Formats are those that Changes writes.
func Formats() []string { return []string{"text", "markdown", "json"} }

// ChangesPage is the view of how cells changed.
type ChangesPage struct {
	Summary, Tally string
	Table          Table
	Figures        []Figure
}

// mostPictures bounds the figures of changes; the table has all.
const mostPictures = 12

// ViewChanges makes the view of how cells changed, and of which regressed by more than the share gate; a negative gate
// gates nothing.
func ViewChanges(list []diagnose.Change, gate float64, href Href) ChangesPage {
	p := ChangesPage{Table: Table{Head: []string{"cell", "before", "after", "speed", "adjusted p", "verdict"}}}
	verdicts, regressed := map[stat.Verdict]int{}, 0
	ratios := map[string][]Ratio{}
	for _, c := range list {
		x, verdict, id := c.Times(), VerdictName(c.Verdict), c.Cell.ID()
		verdicts[c.Verdict]++
		last := Entry{Text: verdict, Class: verdict}
		if gate >= 0 && c.Regressed(gate) {
			last.Text = "REGRESSION"
			regressed++
		}
		p.Table.Rows = append(p.Table.Rows,
			[]Entry{{Text: id, Href: href(id)}, {Text: SI(c.Old.Center) + "/s"}, {Text: SI(c.New.Center) + "/s"},
				{Text: times(x)}, {Text: pValue(c.Adjusted)}, last})
		title := Condition(diagnose.KeyOf(c.Cell))
		if ratios[title] == nil && len(p.Figures) < mostPictures {
			p.Figures = append(p.Figures, Figure{Title: title})
		}
		ratios[title] = append(ratios[title],
			Ratio{Label: fmt.Sprintf("%s, %d", c.Cell.Impl, c.Cell.Workers), Value: x.Value, Lo: x.Lo, Hi: x.Hi,
				Word: verdict, Href: href(id)})
	}
	p.Summary = Plural(len(list), "cell") + ", p corrected for their number"
	if gate >= 0 {
		p.Summary += fmt.Sprintf("; %s by more than %.3g %%", Plural(regressed, "regression"), 100*gate)
	}
	p.Tally = fmt.Sprintf("Of %s: %s; p adjusted for all of them.", Plural(len(list), "cell"), tally(verdicts))
	for i := range p.Figures {
		f := &p.Figures[i]
		f.SVG = Forest("changes, "+f.Title, p.Tally, "times the pages/s of before", ratios[f.Title])
	}
	return p
}

// Changes writes the view of changes.
func Changes(w io.Writer, list []diagnose.Change, gate float64, format string) error {
	if format == "json" {
		return changesJSON(w, list, gate)
	}
	p := ViewChanges(list, gate, below)
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
// what is not known is null.
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
}

func changesJSON(w io.Writer, list []diagnose.Change, gate float64) error {
	finite := func(x float64) *float64 {
		if math.IsInf(x, 0) || math.IsNaN(x) {
			return nil
		}
		return &x
	}
	out := []changeJSON{}
	for _, c := range list {
		x := c.Times()
		out = append(out, changeJSON{c.Cell.Name(), finite(c.Old.Center), finite(c.New.Center), finite(x.Value),
			finite(x.Lo), finite(x.Hi),
			c.Adjusted, VerdictName(c.Verdict), gate >= 0 && c.Regressed(gate)})
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(out)
}
