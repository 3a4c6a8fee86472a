package report

import (
	"fmt"
	"io"
	"strings"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plain/markdown"
	"crawlbench/internal/plain/shell"
)

// Markdown writes the report as Markdown, and returns its pictures by file name below the directory plots.
func Markdown(w io.Writer, a *diagnose.Analysis) (map[string]string, error) {
	return fullPage(a).markdown(w)
}

func (p *Page) markdown(w io.Writer) (map[string]string, error) {
	pictures := map[string]string{}
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s\n\n**%s**\n", markdown.Line(p.Title), markdown.Line(p.Subtitle),
		markdown.Line(p.Summary))
	bullets(&b, "Result", p.Headlines)
	bullets(&b, "Failed, and left out", p.Failed)
	bullets(&b, "Trust", p.Trust)
	bullets(&b, "Refuted findings", p.TakenBack)
	if len(p.Findings)+len(p.Others) > 0 {
		b.WriteString("\n## Why\n\n")
	}
	for _, f := range p.Findings {
		fmt.Fprintf(&b, "- **%s**: %s.", f.Kind, markdown.Line(f.Text))
		if len(f.Evidence) > 0 {
			fmt.Fprintf(&b, " Evidence: %s.", markdown.Line(strings.Join(f.Evidence, "; ")))
		}
		fmt.Fprintf(&b, " Confidence: %s. To check: %s.", markdown.Line(f.Confidence), markdown.Line(f.Check))
		if f.Next != "" {
			fmt.Fprintf(&b, " Next: %s", markdown.Line("crawlbench "+f.Next))
		}
		b.WriteByte('\n')
	}
	if len(p.Others) > 0 {
		b.WriteString("\n### More findings\n\n")
	}
	for _, f := range p.Others {
		fmt.Fprintf(&b, "- **%s**: %s (%s).\n", f.Kind, markdown.Line(f.Text), markdown.Line(f.Confidence))
	}
	said := saying{}
	for _, s := range p.Sections {
		fmt.Fprintf(&b, "\n## %s\n", markdown.Line(s.Title))
		for _, f := range s.Figures {
			file := "plots/" + f.ID + ".svg"
			pictures[file] = Alone(f.SVG)
			text := fmt.Sprintf("**%s.** %s", markdown.Line(f.Title), markdown.Line(said.sentences(f.Sentence)))
			fmt.Fprintf(&b, "\n%s\n\n![%s](%s)\n", strings.TrimSpace(text), markdown.Line(f.Title), file)
		}
		for _, g := range s.Groups {
			fmt.Fprintf(&b, "\n### %s\n", markdown.Line(g.Title))
			for _, t := range g.Tables {
				switch {
				case t.OneLine != "":
					fmt.Fprintf(&b, "\n%s.\n", markdown.Line(t.OneLine))
				default:
					t.About = said.once(t.About)
					t.markdown(&b)
				}
			}
		}
	}
	if len(p.Cells) > 0 {
		fmt.Fprintf(&b, "\n## Cells\n\nEach cell with its samples, and the evidence of each finding, for people and for programs:\n\n"+
			"    crawlbench report -format html %[1]s\n    crawlbench report -format json %[1]s\n", shell.Word(p.Dir))
	}
	b.WriteString("\n## Method\n")
	m := Table{Head: []string{"", ""}}
	for _, r := range p.Method {
		m.add(r[:]...)
	}
	m.markdown(&b)
	fmt.Fprintf(&b, "\nTo run it again:\n\n    %s\n", p.Command)
	if _, err := io.WriteString(w, b.String()); err != nil {
		return nil, fmt.Errorf("write the report: %w", err)
	}
	return pictures, nil
}

// saying is what the text has said: a report of many graphs explains each table once.
type saying map[string]bool

// once returns text the first time, and "" afterwards.
func (s saying) once(text string) string {
	if s[text] {
		return ""
	}
	s[text] = true
	return text
}

// sentences returns text without those sentences that were said. Sentences with a number are facts and stay.
func (s saying) sentences(text string) string {
	var b strings.Builder
	for _, sentence := range strings.SplitAfter(text, ". ") {
		if strings.ContainsAny(sentence, "0123456789") || s.once(strings.TrimSpace(sentence)) != "" {
			b.WriteString(sentence)
		}
	}
	return strings.TrimSpace(b.String())
}

// bullets writes a list with its title, unless it is empty.
func bullets(b *strings.Builder, title string, list []string) {
	if len(list) > 0 {
		fmt.Fprintf(b, "\n## %s\n\n", title)
	}
	for _, s := range list {
		fmt.Fprintf(b, "- %s\n", markdown.Line(s))
	}
}

func (t Table) markdown(b *strings.Builder) {
	if len(t.Rows) == 0 {
		return
	}
	if t.About != "" {
		fmt.Fprintf(b, "\n%s\n", markdown.Line(t.About))
	}
	rows := make([][]string, len(t.Rows))
	for i, r := range t.Rows {
		for _, e := range r {
			rows[i] = append(rows[i], e.Text)
		}
	}
	b.WriteByte('\n')
	markdown.Table(b, t.Head, rows)
}
