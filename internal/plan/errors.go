package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Error is one error in a scenario file.
type Error struct {
	File      string
	Line, Col int    // from 1
	Key       string // dotted; "" if the error is not about a key
	Msg       string // what is wrong, and what is allowed
	Source    string // the line of the file
}

// Limits on what is printed: a file may have lines and values of any length, and any number of errors.
const (
	mostErrors  = 20
	longKey     = 100 // all in characters
	longMessage = 500
	longValue   = 60
	longSource  = 100 // on each side of the position
)

func (e *Error) Error() string {
	text := fmt.Sprintf("%s:%d:%d: ", e.File, e.Line, e.Col)
	if e.Key != "" {
		text += cut(e.Key, longKey) + ": "
	}
	text = printable(text + cut(e.Msg, longMessage))
	if e.Source == "" {
		return text
	}
	at := min(len(e.Source), e.Col-1)
	before, behind := []rune(e.Source[:at]), e.Source[at:]
	if n := len(before) - longSource; n > 0 {
		before = append([]rune("…"), before[n:]...)
	}
	// Tabs are kept before the caret, so that it is below its position at any tab width.
	indent := strings.Map(func(r rune) rune {
		if r == '\t' {
			return r
		}
		return ' '
	}, string(before))
	return text + "\n    " + printable(string(before)+cut(behind, longSource)) + "\n    " + indent + "^"
}

// cut returns at most the first most characters of s.
func cut(s string, most int) string {
	n := 0
	for i := range s {
		if n++; n > most {
			return s[:i] + "…"
		}
	}
	return s
}

// quoted returns user input in quotes, shortened.
func quoted(s string) string { return strconv.Quote(cut(s, longValue)) }

// printable replaces control characters, which a terminal would interpret.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' || unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, s)
}

// Errors are all errors in a scenario file, in file order.
type Errors []*Error

func (es Errors) Error() string {
	var lines []string
	for _, e := range es[:min(len(es), mostErrors)] {
		lines = append(lines, e.Error())
	}
	if more := len(es) - mostErrors; more > 0 {
		lines = append(lines, fmt.Sprintf("... and %d more errors", more))
	}
	return strings.Join(lines, "\n")
}

// sorted orders es and adds the source lines.
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

// Nearest returns " (did you mean X?)" for the closest name at most two edits away, and fewer than
// typed has letters; "" if there is none.
func Nearest(typed string, names []string) string {
	best, least := "", min(3, len(typed))
	for _, name := range names {
		if len(typed)-len(name) >= least {
			continue // a lower bound of the distance
		}
		if d := edits(typed, name); d < least {
			best, least = name, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" (did you mean %s?)", best)
}

// edits returns the Levenshtein distance.
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
