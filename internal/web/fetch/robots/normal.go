package robots

import "strings"

// form says what appendNormal makes of a text.
type form int

const (
	inTarget  form = iota // the path and query of a URL
	verbatim              // the same, without joining a slash in the query with its escape
	inPattern             // the pattern of a rule, in which an asterisk matches anything
)

// appendNormal appends text to dst in a form in which equal text is matched octet by octet (RFC 9309, 2.2.2): an octet
// that may stand in a URL stands as itself, and any other as two that nothing else consists of, whether it was escaped
// or not. Delimiters differ from their escapes; only a slash or question mark inside a query delimits nothing.
//
// In a pattern, what follows an asterisk may be in the path or in the query. There a slash that is escaped matches the
// verbatim form of a target.
func appendNormal[T string | []byte](dst []byte, text T, f form) []byte {
	query := false
	for i := 0; i < len(text); i++ {
		c, escaped := text[i], false
		if c == '%' && i+2 < len(text) && isHex(text[i+1]) && isHex(text[i+2]) {
			c, escaped = unhex(text[i+1])<<4|unhex(text[i+2]), true
			i += 2
		}
		var same bool
		switch c {
		case '/', '?':
			same = !escaped || query && f != verbatim
			query = query || c == '?' && !escaped
		case '&', '=', '+':
			same = !escaped
		case '*':
			same = !escaped && f == inPattern
		default:
			same = stands(c)
		}
		if same {
			dst = append(dst, c)
		} else {
			dst = append(dst, 0xe0|c>>4, 0xf0|c&15)
		}
	}
	return dst
}

// octets returns the length of a text in normal form, when it is written with escapes.
func octets(normal []byte) (n int32) {
	for _, c := range normal {
		n++
		if c >= 0xf0 {
			n++
		}
	}
	return n
}

// isNormal reports whether a pattern is in normal form.
func isNormal(pattern []byte) bool {
	for _, c := range pattern {
		if !plain[c] {
			return false
		}
	}
	return true
}

// plain are the octets that stand as themselves in patterns.
var plain = func() (table [256]bool) {
	for c := range table {
		table[c] = stands(byte(c)) || strings.IndexByte("/?&=+*", byte(c)) >= 0
	}
	return table
}()

// stands reports whether c, which is not a delimiter, may stand in a URL. A dollar sign may, but is left out: in a
// pattern it could be mistaken for the end.
func stands(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	}
	switch c {
	case '-', '.', '_', '~', '!', '\'', '(', ')', ',', ';', ':', '@', '[', ']':
		return true
	}
	return false
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c&^0x20 - 'A' + 10
}
