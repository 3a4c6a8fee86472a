package report

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plain"
	"crawlbench/internal/plain/screen"
	"crawlbench/internal/web/hostlog"
)

// Detail is how much a terminal shows.
type Detail int

// The details: the result in a few lines, with its tables and causes, or with all that the report has.
const (
	Quiet Detail = iota - 1
	Normal
	Verbose
)

// Terminal is where and how text is shown.
type Terminal struct {
	screen.Screen
	Detail Detail
	// Flame returns the command that opens the profile of a cell; nil means that of a program called crawlbench.
	Flame func(cell, profile string) string
}

// Text renders the result of a run: its main tables, then the fastest crawlers, findings and trust.
func Text(a *diagnose.Analysis, t Terminal) string { return View(a, fragmentOf).text(t) }

func (p *Page) text(t Terminal) string {
	var b strings.Builder
	b.WriteByte('\n')
	style := screen.Bold
	if p.Untrusted {
		style = screen.Bad
	}
	t.Styled(&b, style, "", glued(p.Summary))
	if t.Detail > Quiet {
		for _, s := range p.Sections {
			for _, g := range s.Groups {
				if g.Main || t.Detail == Verbose {
					g.text(&b, t.Screen)
				}
			}
		}
	}
	if t.Detail > Quiet && p.StripsTitle != "" {
		b.WriteByte('\n')
		t.strips(&b, p)
	}
	t.paragraphs(&b, "Failed, and left out:", p.Failed)
	if t.Detail > Quiet {
		t.paragraphs(&b, "Result:", p.Headlines)
		t.findings(&b, p.Findings, len(p.Others))
		t.paragraphs(&b, "Refuted findings:", p.TakenBack)
		t.paragraphs(&b, "Trust:", p.Trust)
		if t.Detail == Verbose && p.Uncounted != "" {
			t.paragraphs(&b, "Counters:", []string{p.Uncounted})
		}
	}
	b.WriteByte('\n')
	t.Line(&b, p.Dir+screen.Glue+" "+p.Status)
	return b.String()
}

// strips draws hosts against time, as wide as the terminal.
func (t Terminal) strips(b *strings.Builder, p *Page) {
	const frame = 4 // columns
	title := p.StripsTitle
	if len(p.Strips) == 0 {
		t.Paragraph(b, "", glued(title))
		return
	}
	columns := len(p.Strips[0].Lines[0])
	each := hostlog.Share(columns, t.Width-frame)
	t.Paragraph(b, "", glued(fmt.Sprintf("%s, %s a column: %s.", title,
		seconds(p.StripsEnd*float64(each)/float64(columns)), stripsAbout)))
	for _, r := range p.Strips {
		t.Line(b, r.Name)
		for _, line := range r.Lines {
			b.WriteString("  |" + hostlog.Narrow(line, each) + "|\n")
		}
	}
}

func (t Terminal) findings(b *strings.Builder, list []Finding, more int) {
	if len(list) > 0 {
		b.WriteByte('\n')
		t.Title(b, "Why:")
	}
	for _, f := range list {
		t.Paragraph(b, "  ", glued(f.Text+"."))
		if t.Detail == Verbose {
			if len(f.Evidence) > 0 {
				t.Paragraph(b, "    ", glued("evidence: "+strings.Join(f.Evidence, "; ")+"."))
			}
			t.Paragraph(b, "    ", glued("confidence: "+f.Confidence+". To check: "+f.Check+"."))
		}
		next := f.Next
		if next != "" {
			next = "crawlbench " + next
		}
		if t.Flame != nil && next != "" {
			next = t.Flame(f.Cell, f.Profile)
		}
		if next != "" {
			t.Command(b, "next: ", "    ", next)
		}
	}
	if more > 0 {
		t.Paragraph(b, "  ", plain.Count(more, "more finding")+" in the report.")
	}
}

// Verdicts renders how each crawler compares with the baseline, paired by round.
func Verdicts(a *diagnose.Analysis, s screen.Screen) string {
	var b strings.Builder
	if a.Trust.Untrusted() {
		s.Styled(&b, screen.Bad, "", glued(summary(a)))
		b.WriteByte('\n')
	}
	if a.Machines != nil {
		for _, g := range machinesSection(a).Groups {
			g.text(&b, s)
		}
		return b.String()
	}
	for _, t := range a.Tables {
		if v := versus(a, t); len(v.Rows) > 0 {
			Group{Tables: []Table{v}}.text(&b, s)
		}
	}
	return b.String()
}

func (g Group) text(b *strings.Builder, s screen.Screen) {
	for _, t := range g.Tables {
		b.WriteByte('\n')
		s.Title(b, glued(cmp.Or(t.OneLine, t.Brief, t.About)))
		if t.OneLine == "" {
			t.text(b, s)
		}
	}
}

// style returns the style of a class of entries.
func style(class string) screen.Style {
	return map[string]screen.Style{"faster": screen.Good, "slower": screen.Bad, "inconclusive": screen.Dim}[class]
}

func (t Table) text(b *strings.Builder, s screen.Screen) {
	rows := make([][]screen.Entry, len(t.Rows))
	for i, r := range t.Rows {
		for _, e := range r {
			rows[i] = append(rows[i], screen.Entry{Text: e.Brief(), Style: style(e.Class)})
		}
	}
	s.Table(b, t.Head, rows)
}

// paragraphs writes a list with its title, unless it is empty.
func (t Terminal) paragraphs(b *strings.Builder, title string, list []string) {
	if len(list) > 0 {
		b.WriteByte('\n')
		t.Title(b, title)
	}
	for _, text := range list {
		t.Paragraph(b, "  ", glued(text))
	}
}

// inOneLine finds intervals, values of p, and numbers with their units.
var inOneLine = regexp.MustCompile(`\[[^\s,\]]+, [^\s,\]]+\]|\bp [<=] \S|` +
	`\b[0-9.]+[kMG]? (ns|µs|ms|KiB|pages/s|times)\b`)

// glued keeps a number and its unit, and the ends of an interval, on one line.
func glued(text string) string {
	text = inOneLine.ReplaceAllStringFunc(text, func(s string) string {
		return strings.ReplaceAll(s, " ", screen.Glue)
	})
	return strings.NewReplacer(" %", screen.Glue+"%", "(? ", "(?"+screen.Glue, "= equiv", "="+screen.Glue+"equiv",
		"trust: ", "trust:"+screen.Glue).
		Replace(text)
}
