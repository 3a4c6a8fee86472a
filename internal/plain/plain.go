// Package plain makes untrusted text, such as names, files and the output of crawlers, safe to display. It escapes
// every character that a terminal would interpret or a reader would not see: \x1b, \u202e, \xff. It also writes
// numbers, times and sizes with their units.
package plain

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// Text returns s with unsafe characters escaped. Line feeds and tabs are kept.
func Text(s string) string {
	if safe(s) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case visible(r):
			b.WriteString(s[:n])
		case r < 0x80:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
		s = s[n:]
	}
	return b.String()
}

// Line returns Text on a single line: line feeds and tabs become spaces.
func Line(s string) string {
	return Text(strings.NewReplacer("\r\n", " ", "\n", " ", "\t", " ").Replace(s))
}

// safe reports whether Text would return s unchanged.
func safe(s string) bool {
	for len(s) > 0 {
		if c := s[0]; c >= ' ' && c <= '~' || c == '\n' || c == '\t' { // fast path: large pages are mostly ASCII
			s = s[1:]
			continue
		}
		r, n := utf8.DecodeRuneInString(s)
		if !visible(r) || r == utf8.RuneError && n == 1 {
			return false
		}
		s = s[n:]
	}
	return true
}

// visible reports whether a reader sees r. Format characters, which change the writing direction or have no width, are
// not visible.
func visible(r rune) bool {
	return r == '\n' || r == '\t' || unicode.IsPrint(r) || unicode.Is(unicode.Zs, r)
}

// Writer writes to another writer what Text returns for its input. It is safe for concurrent use.
type Writer struct {
	to   io.Writer
	mu   sync.Mutex
	part []byte // an incomplete character
}

// NewWriter returns a Writer that writes to w.
func NewWriter(w io.Writer) *Writer { return &Writer{to: w} }

// Write writes p. An incomplete character at its end is kept until the rest arrives.
func (w *Writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	text := append(w.part, p...)
	whole := len(text)
	for i := 1; i < utf8.UTFMax && i <= len(text); i++ {
		if b := text[len(text)-i]; utf8.RuneStart(b) {
			if !utf8.FullRune(text[len(text)-i:]) {
				whole = len(text) - i
			}
			break
		}
	}
	w.part = append([]byte(nil), text[whole:]...)
	if _, err := io.WriteString(w.to, Text(string(text[:whole]))); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Flush writes an incomplete character, escaped.
func (w *Writer) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	text := Text(string(w.part))
	w.part = nil
	_, err := io.WriteString(w.to, text)
	return err
}
