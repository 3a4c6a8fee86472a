// Package screen lays out text for a terminal: paragraphs, tables, lists and commands, none of them wider than the
// screen. It escapes what it lays out, so that only its own colours reach the terminal.
package screen

import (
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"

	"crawlbench/internal/plain"
)

// Screen is where text is shown.
type Screen struct {
	Width int  // in columns; 0 if nothing limits it, as in a file: then only prose is wrapped
	Color bool // whether styles are shown
}

const (
	// Prose is the maximum width of a paragraph: longer lines are hard to read.
	Prose = 100
	// narrowest is the width below which text is no longer made narrower.
	narrowest = 10
)

// Of returns the screen behind w. COLUMNS overrides its width; NO_COLOR, or anything but a terminal, means no colours.
func Of(w io.Writer) Screen {
	var s Screen
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		if n, _, err := term.GetSize(int(f.Fd())); err == nil && n > 0 {
			s.Width = n
		}
		s.Color = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	}
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n > 0 {
		s.Width = n
	}
	return s
}

func (s Screen) width() int {
	if s.Width == 0 {
		return math.MaxInt32
	}
	return max(narrowest, s.Width)
}

// Style is how text looks; "" is plain text.
type Style string

// The styles.
const (
	Bold Style = "1"
	Dim  Style = "2"
	Good Style = "32"
	Bad  Style = "31"
)

// paint returns text, which is escaped already, in a style.
func (s Screen) paint(style Style, text string) string {
	if !s.Color || style == "" || text == "" {
		return text
	}
	return "\x1b[" + string(style) + "m" + text + "\x1b[0m"
}

// Glue is a space at which no line is broken.
const Glue = "\u00a0"

// Title writes a line in bold, broken if it has to be.
func (s Screen) Title(w io.Writer, text string) { s.fill(w, Bold, "", "  ", text) }

// Paragraph writes text in lines that begin with indent; those after the first are indented by two more columns.
func (s Screen) Paragraph(w io.Writer, indent, text string) {
	s.fill(w, "", indent, indent+"  ", text)
}

// Fill writes text in lines of which the first begins with first and the others with rest.
func (s Screen) Fill(w io.Writer, first, rest, text string) { s.fill(w, "", first, rest, text) }

// Line writes text that is one line in a file, where programs look for it, and a paragraph on a terminal.
func (s Screen) Line(w io.Writer, text string) {
	if s.Width == 0 {
		io.WriteString(w, strings.ReplaceAll(plain.Line(text), Glue, " ")+"\n")
		return
	}
	s.Paragraph(w, "", text)
}

// Styled is Paragraph in a style.
func (s Screen) Styled(w io.Writer, style Style, indent, text string) {
	s.fill(w, style, indent, indent+"  ", text)
}

func (s Screen) fill(w io.Writer, style Style, first, rest, text string) {
	for i, line := range split(plain.Line(text), min(s.width(), Prose), len(first), len(rest)) {
		io.WriteString(w, []string{first, rest}[min(i, 1)]+s.paint(style, line)+"\n")
	}
}

// split breaks text into lines of at most width columns, of which the first and the others lose some to indentation. A
// word that is longer than a line is broken.
func split(text string, width, first, rest int) (lines []string) {
	room, line, size := max(1, width-first), "", 0
	end := func() {
		lines, line, size, room = append(lines, strings.TrimRight(line, " ")), "", 0, max(1, width-rest)
	}
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ' ' }) {
		word = strings.ReplaceAll(word, Glue, " ")
		n := utf8.RuneCountInString(word)
		if size > 0 && size+1+n > room {
			end()
		}
		if size > 0 {
			line, size = line+" "+word, size+1+n
			continue
		}
		for n > room {
			r := []rune(word)
			line, word, n = string(r[:room]), string(r[room:]), n-room
			end()
		}
		line, size = word, n
	}
	if line != "" || len(lines) == 0 {
		lines = append(lines, line)
	}
	return lines
}

// Command writes a command line that can be copied: a shell joins lines at a backslash. Words in quotes are not broken.
func (s Screen) Command(w io.Writer, label, indent, command string) {
	room := s.width()
	line := []rune(indent + label)
	start := len(line)
	flush := func(mark string) {
		io.WriteString(w, string(line)+mark+"\n")
		line, start = []rune(indent+"  "), len(indent)+2
	}
	for _, word := range words(plain.Line(command)) {
		letters := []rune(word)
		if len(line) > start && len(line)+1+len(letters)+2 > room {
			flush(" \\")
		} else if len(line) > start {
			line = append(line, ' ')
		}
		for !strings.ContainsAny(word, `'"`) && len(line)+len(letters)+2 > room && room-1 > len(line) &&
			len(letters) > 1 {
			n := min(room-1-len(line), len(letters)-1)
			line, letters = append(line, letters[:n]...), letters[n:]
			flush("\\")
			line, start = nil, 0 // indentation would split the word
		}
		line = append(line, letters...)
	}
	io.WriteString(w, string(line)+"\n")
}

// words splits a command line at spaces outside quotes.
func words(command string) (list []string) {
	var quote rune
	word := ""
	for _, r := range command {
		switch {
		case quote == 0 && r == ' ':
			if word != "" {
				list = append(list, word)
			}
			word = ""
			continue
		case quote == 0 && (r == '\'' || r == '"'):
			quote = r
		case r == quote:
			quote = 0
		}
		word += string(r)
	}
	if word != "" {
		list = append(list, word)
	}
	return list
}
