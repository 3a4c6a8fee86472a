package report

import (
	"cmp"
	"strings"
	"text/tabwriter"

	"crawlbench/internal/diagnose"
)

// width is the line width of prose in a terminal.
const width = 100

// Text renders the result of a run: its main tables, then the fastest crawlers, findings and trust. Commands in it
// begin with program.
func Text(a *diagnose.Analysis, program string) string { return View(a, fragmentOf).text(program) }

func (p *Page) text(program string) string {
	var b strings.Builder
	b.WriteByte('\n')
	wrap(&b, "", p.Summary)
	for _, s := range p.Sections {
		for _, g := range s.Groups {
			if g.Main {
				g.text(&b)
			}
		}
	}
	paragraphs(&b, "Failed, and left out:", p.Failed)
	paragraphs(&b, "Result:", p.Headlines)
	if len(p.Findings) > 0 {
		b.WriteString("\nWhy:\n")
	}
	for _, f := range p.Findings {
		wrap(&b, "  ", f.Text+".")
		if f.Next != "" {
			b.WriteString("    next: " + program + " " + f.Next + "\n")
		}
	}
	paragraphs(&b, "Trust:", p.Trust)
	b.WriteString("\n" + p.Dir + "  " + p.Status + "\n")
	return b.String()
}

// Verdicts renders how each crawler compares with the baseline, paired by round.
func Verdicts(a *diagnose.Analysis) string {
	var b strings.Builder
	if a.Trust.Untrusted() {
		wrap(&b, "", summary(a))
	}
	for _, t := range a.Tables {
		if v := versus(a, t); len(v.Rows) > 0 {
			Group{Tables: []Table{v}}.text(&b)
		}
	}
	if b.Len() > 0 {
		b.WriteByte('\n')
		wrap(&b, "", "benchstat: "+benchstatMethod+".")
	}
	return b.String()
}

func (g Group) text(b *strings.Builder) {
	for _, t := range g.Tables {
		b.WriteByte('\n')
		wrap(b, "", cmp.Or(t.OneLine, t.Brief, t.About))
		if t.OneLine == "" {
			t.text(b)
		}
	}
}

func (t Table) text(b *strings.Builder) {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	w.Write([]byte("  " + strings.Join(t.Head, "\t") + "\n"))
	for _, r := range t.Rows {
		for i, e := range r {
			w.Write([]byte([]string{"  ", "\t"}[min(i, 1)] + e.Brief()))
		}
		w.Write([]byte("\n"))
	}
	w.Flush()
	for line := range strings.Lines(text.String()) {
		b.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
}

// paragraphs writes a list with its title, unless it is empty.
func paragraphs(b *strings.Builder, title string, list []string) {
	if len(list) > 0 {
		b.WriteString("\n" + title + "\n")
	}
	for _, s := range list {
		wrap(b, "  ", s)
	}
}

// wrap writes text in lines of at most width; lines after the first are indented further. A number and its unit stay
// together.
func wrap(b *strings.Builder, indent, text string) {
	const glue = "\x00"
	n := 0
	for _, word := range strings.Fields(strings.NewReplacer(" %", glue+"%", "(? ", "(?"+glue).Replace(text)) {
		word = strings.ReplaceAll(word, glue, " ")
		switch size := len([]rune(word)); {
		case n == 0:
			b.WriteString(indent + word)
			n = len(indent) + size
		case n+1+size > width:
			b.WriteString("\n" + indent + "  " + word)
			n = len(indent) + 2 + size
		default:
			b.WriteString(" " + word)
			n += 1 + size
		}
	}
	b.WriteByte('\n')
}
