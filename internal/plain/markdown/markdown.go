// Package markdown writes untrusted text as Markdown that shows it as it is.
package markdown

import (
	"fmt"
	"io"
	"strings"

	"crawlbench/internal/plain"
)

// Table writes a table.
func Table(w io.Writer, head []string, rows [][]string) {
	line := func(cells []string) {
		for _, text := range cells {
			fmt.Fprintf(w, "| %s ", Line(text))
		}
		io.WriteString(w, "|\n")
	}
	line(head)
	io.WriteString(w, strings.Repeat("|---", len(head))+"|\n")
	for _, row := range rows {
		line(row)
	}
}

// Line returns s on a single line that is shown as s is, in a paragraph, a list or a table.
func Line(s string) string {
	s = strings.TrimSpace(plain.Line(s))
	special := "\\`*_<|~$&"
	for _, link := range []string{"](", "][", "]:"} {
		if strings.Contains(s, link) {
			special += "[]" // otherwise brackets are intervals
		}
	}
	var b strings.Builder
	number := strings.TrimLeft(s, "0123456789")
	for i, r := range s {
		switch {
		case strings.ContainsRune(special, r),
			// a heading, a list, a rule, a quotation, a box to tick
			i == 0 && strings.ContainsRune("#+-=>[", r),
			// a numbered list
			i > 0 && s[i:] == number && (strings.HasPrefix(number+" ", ". ") || strings.HasPrefix(number+" ", ") ")):
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
