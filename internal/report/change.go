package report

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"

	"crawlbench/internal/diagnose"
)

// Formats are those that Changes writes.
func Formats() []string { return []string{"text", "markdown", "json"} }

// Changes writes how cells changed, and which of them regressed by more than the share gate; a negative gate gates
// nothing.
func Changes(w io.Writer, list []diagnose.Change, gate float64, format string) error {
	if format == "json" {
		return changesJSON(w, list, gate)
	}
	t := Table{Head: []string{"cell", "before", "after", "speed", "p", "verdict"}}
	regressed := 0
	for _, c := range list {
		x := c.Times()
		verdict := c.Verdict.String()
		if gate >= 0 && c.Regressed(gate) {
			verdict = "REGRESSION"
			regressed++
		}
		t.Rows = append(t.Rows, []string{c.Cell.Name(), SI(c.Old.Center) + "/s", SI(c.New.Center) + "/s",
			fmt.Sprintf("%.2fx [%.2f, %.2f]", x.Value, x.Lo, x.Hi), pValue(c.Adjusted), verdict})
	}
	var b strings.Builder
	if format == "markdown" {
		t.markdown(&b)
		b.WriteByte('\n')
	} else {
		tw := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
		fmt.Fprintln(tw, strings.Join(t.Head, "\t"))
		for _, r := range t.Rows {
			fmt.Fprintln(tw, strings.Join(r, "\t"))
		}
		tw.Flush()
	}
	fmt.Fprintf(&b, "%s, p corrected for their number", Plural(len(list), "cell"))
	if gate >= 0 {
		fmt.Fprintf(&b, "; %s by more than %.3g %%", Plural(regressed, "regression"), 100*gate)
	}
	b.WriteByte('\n')
	_, err := io.WriteString(w, b.String())
	return err
}

// changeJSON is a change as JSON has it. Speeds are in pages a second, ratios those of the speeds, after over before; what
// is not known is null.
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
		out = append(out, changeJSON{c.Cell.Name(), finite(c.Old.Center), finite(c.New.Center), finite(x.Value), finite(x.Lo), finite(x.Hi),
			c.Adjusted, c.Verdict.String(), gate >= 0 && c.Regressed(gate)})
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(out)
}
