package scenario

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Error is one thing wrong with a scenario file.
type Error struct {
	File      string
	Line, Col int    // from 1
	Key       string // dotted, "" where no key is at fault
	Msg       string // what is wrong, and what is allowed
	Source    string // the line of the file
}

func (e *Error) Error() string {
	text := fmt.Sprintf("%s:%d:%d: ", e.File, e.Line, e.Col)
	if e.Key != "" {
		text += e.Key + ": "
	}
	text = printable(text + e.Msg)
	if e.Source != "" {
		// Tabs are kept before the caret, so that it stands below its place however wide they are.
		indent := strings.Map(func(r rune) rune {
			if r == '\t' {
				return r
			}
			return ' '
		}, e.Source[:min(len(e.Source), e.Col-1)])
		text += "\n    " + printable(e.Source) + "\n    " + indent + "^"
	}
	return text
}

// printable replaces what a terminal would obey instead of showing it.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' || unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, s)
}

// Errors are all that is wrong with a scenario file, in the order of the file.
type Errors []*Error

func (es Errors) Error() string {
	lines := make([]string, len(es))
	for i, e := range es {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

// sorted orders es and adds the lines of the file.
func (es Errors) sorted(text []byte) Errors {
	lines := strings.Split(string(text), "\n")
	for _, e := range es {
		if e.Line >= 1 && e.Line <= len(lines) {
			e.Source = strings.TrimRight(lines[e.Line-1], "\r")
		}
	}
	slices.SortStableFunc(es, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
	})
	return es
}

// Nearest returns " (did you mean X?)" for the name that is at most two edits away, and fewer than typed has letters, ""
// if there is none.
func Nearest(typed string, names []string) string {
	best, least := "", min(3, len(typed))
	for _, name := range names {
		if d := edits(typed, name); d < least {
			best, least = name, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" (did you mean %s?)", best)
}

// edits is the Levenshtein distance.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
