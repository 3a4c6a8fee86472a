// Package shell quotes words, so that a command that is shown can be copied into a shell.
package shell

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Command returns words quoted for a shell.
func Command(argv ...string) string {
	words := make([]string, len(argv))
	for i, w := range argv {
		words[i] = Word(w)
	}
	return strings.Join(words, " ")
}

// Word returns w quoted for a shell. Unprintable characters are escaped as in bash, zsh and POSIX 2024.
func Word(w string) string {
	special := func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' ||
			strings.ContainsRune("%+:,./_-=", r))
	}
	shown := utf8.ValidString(w) && !strings.ContainsFunc(w, func(r rune) bool { return !unicode.IsPrint(r) })
	switch {
	case w != "" && strings.IndexFunc(w, special) < 0 && w[0] != '=': // zsh expands =name to the path of a program
		return w
	case shown:
		return "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
	}
	var b strings.Builder
	b.WriteString("$'")
	for len(w) > 0 {
		r, n := utf8.DecodeRuneInString(w)
		switch {
		case r == '\'' || r == '\\':
			b.WriteString(`\` + w[:n])
		case unicode.IsPrint(r) && !(r == utf8.RuneError && n == 1):
			b.WriteString(w[:n])
		default:
			for i := range n {
				fmt.Fprintf(&b, `\x%02x`, w[i])
			}
		}
		w = w[n:]
	}
	return b.String() + "'"
}
