package page

import (
	"bytes"

	"golang.org/x/net/html"
)

// value returns the value of an attribute, with character references replaced, until the next call.
func (e *element) value(a attribute) []byte {
	rest := e.raw[a]
	if bytes.IndexByte(rest, 0) >= 0 {
		return e.tokenized(a)
	}
	amp := bytes.IndexByte(rest, '&')
	if amp < 0 {
		return rest
	}
	out := e.buf[:0]
	for amp >= 0 {
		out, rest = append(out, rest[:amp+1]...), rest[amp+1:]
		n := 0
		for n < len(rest) && (isLetter(rest[n]) || '0' <= rest[n] && rest[n] <= '9') {
			n++
		}
		switch {
		case n > 0 && n == len(rest):
			return e.tokenized(a)
		case n == len(rest), rest[n] == '=', n == 0 && rest[0] != '#': // an ampersand, as in queries
		case rest[n] == ';' && string(rest[:n]) == "amp":
			rest = rest[n+1:]
		default:
			return e.tokenized(a)
		}
		amp = bytes.IndexByte(rest, '&')
	}
	e.buf = append(out, rest...)
	return e.buf
}

// tokenized returns the value of an attribute as html.Tokenizer reads it.
func (e *element) tokenized(a attribute) []byte {
	z := html.NewTokenizer(bytes.NewReader(e.tag))
	z.Next()
	for more := true; more; {
		var key, value []byte
		if key, value, more = z.TagAttr(); attributeOf(key) == a {
			return value
		}
	}
	return nil
}
