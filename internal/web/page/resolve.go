package page

import (
	"bytes"
	"net/url"
	"strings"

	"golang.org/x/text/encoding"
)

// resolver makes references in one document canonical, as Canonical does. It reads the usual ones itself: net/url takes
// five times as long.
type resolver struct {
	base     string // in canonical form
	path     int    // where its path begins,
	dir      int    // what follows the last slash of the path,
	query    int    // and what follows the path
	parsed   *url.URL
	encoding encoding.Encoding // of queries, nil for UTF-8
	buf      []byte
}

// newResolver returns a resolver for the document at base, and false if that is not a URL of http or https.
func newResolver(base string) (r resolver, ok bool) {
	if base, ok = (&resolver{}).resolve([]byte(base)); ok {
		r.setBase(base)
	}
	return r, ok
}

// setBase makes base, which is canonical, the base. "" is one in which only absolute references are valid, as is one so
// long that many short references to it would be too long.
func (r *resolver) setBase(base string) {
	*r = resolver{encoding: r.encoding, buf: r.buf}
	if base == "" || len(base) > MaxURL/2 {
		return
	}
	r.base = base
	authority := strings.Index(base, "://") + len("://")
	r.path = authority + strings.IndexByte(base[authority:], '/')
	r.query = len(base)
	if q := strings.IndexByte(base[r.path:], '?'); q >= 0 {
		r.query = r.path + q
	}
	r.dir = 1 + strings.LastIndexByte(base[:r.query], '/')
}

// resolve returns the canonical form of the URL that ref means.
func (r *resolver) resolve(ref []byte) (string, bool) {
	if r.quick(ref) {
		if len(r.buf) > MaxURL {
			return "", false
		}
		return string(r.buf), true
	}
	if r.parsed == nil {
		u, err := url.Parse(r.base)
		if err != nil {
			return "", false
		}
		r.parsed = u
	}
	text := string(ref)
	if r.encoding != nil {
		text = encodeQuery(text, r.encoding)
	}
	return Canonical(r.parsed, text)
}

// quick leaves the canonical form in r.buf, and reports whether it could.
func (r *resolver) quick(ref []byte) bool {
	path, query, ok := split(ref)
	if !ok {
		return false
	}
	dst, begin := r.buf[:0], r.path
	rest, absolute := bytes.CutPrefix(path, []byte("http://"))
	if !absolute {
		rest, absolute = bytes.CutPrefix(path, []byte("https://"))
	}
	switch {
	case absolute && len(path) > r.path && path[r.path] == '/' && string(path[:r.path]) == r.base[:r.path]:
		dst = append(dst, path...)
	case absolute:
		end := hostEnd(rest)
		if end <= 0 {
			return false
		}
		begin = len(path) - len(rest) + end
		dst = append(dst, path...)
		if begin == len(path) {
			dst = append(dst, '/')
		}
	case r.base == "":
		return false
	case len(path) == 0 && len(query) == 0:
		dst = append(dst, r.base...)
	case len(path) == 0:
		dst = append(dst, r.base[:r.query]...)
	case path[0] == '/':
		if len(path) > 1 && path[1] == '/' {
			return false
		}
		dst = append(append(dst, r.base[:r.path]...), path...)
	case bytes.IndexByte(path, ':') >= 0:
		return false
	default:
		dst = append(append(dst, r.base[:r.dir]...), path...)
	}
	if bytes.Contains(path, []byte("/.")) || len(path) > 0 && path[0] == '.' {
		if dst, ok = removeDots(dst, begin); !ok {
			return false
		}
	}
	r.buf = append(dst, query...)
	return true
}

// split splits ref into its path, with what precedes it, and its query with the question mark. It returns false if
// something must be escaped or removed, and for an escaped dot, which may be a dot.
func split(ref []byte) (path, query []byte, ok bool) {
	i := 0
	for ; i < len(ref); i++ {
		c := ref[i]
		if mayStand[c]&inPath != 0 && (c != '%' || isEscape(ref[i:]) && (ref[i+1] != '2' || ref[i+2]|0x20 != 'e')) {
			continue
		}
		if c == '?' || c == '#' {
			break
		}
		return nil, nil, false
	}
	path = ref[:i]
	if i == len(ref) || ref[i] == '#' {
		return path, nil, true
	}
	begin := i
	for i++; i < len(ref) && ref[i] != '#'; i++ {
		if mayStand[ref[i]]&inQuery == 0 {
			return nil, nil, false
		}
	}
	return path, ref[begin:i], true
}

// hostEnd returns the length of the host that text begins with, 0 if it may have to be changed.
func hostEnd(text []byte) int {
	end := len(text)
	if i := bytes.IndexByte(text, '/'); i >= 0 {
		end = i
	}
	label := byte('.') // what the last label begins with
	for i, c := range text[:end] {
		if i > 0 && text[i-1] == '.' || i == 0 {
			label = c
		}
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '.' && c != '_' &&
			(c != '-' || i > 0 && text[i-1] == '-') { // two hyphens may be those of xn--
			return 0
		}
	}
	if label == '.' || '0' <= label && label <= '9' {
		return 0
	}
	return end
}

// removeDots removes the dot segments of the path text[begin:]. It returns false if that has empty segments, for which
// net/url has rules of its own.
func removeDots(text []byte, begin int) ([]byte, bool) {
	if bytes.Contains(text[begin:], []byte("//")) {
		return nil, false
	}
	end := begin // of what is kept
	for at := begin; at < len(text); {
		segment := text[at+1:]
		if n := bytes.IndexByte(segment, '/'); n >= 0 {
			segment = segment[:n]
		}
		next := at + 1 + len(segment)
		dots := len(segment) == 1 && segment[0] == '.'
		if len(segment) == 2 && segment[0] == '.' && segment[1] == '.' {
			dots = true
			end = begin + max(0, bytes.LastIndexByte(text[begin:end], '/'))
		}
		switch {
		case !dots:
			end += copy(text[end:], text[at:next])
		case next == len(text):
			text[end] = '/'
			end++
		}
		at = next
	}
	return text[:end], true
}

// encodeQuery encodes what is not ASCII in the query of ref, as browsers do in documents that are not in UTF-8.
func encodeQuery(ref string, e encoding.Encoding) string {
	begin := strings.IndexByte(ref, '?')
	if begin < 0 {
		return ref
	}
	const hex = "0123456789ABCDEF"
	text := []byte(ref[:begin])
	for _, c := range ref[begin:] {
		if c < 0x80 {
			text = append(text, byte(c))
			continue
		}
		encoded, err := e.NewEncoder().String(string(c)) // a character reference if the charset does not have it
		if err != nil {
			encoded = string(c)
		}
		for i := range len(encoded) {
			if b := encoded[i]; mayStand[b]&inQuery != 0 && b != '&' && b != ';' && b != '%' {
				text = append(text, b)
			} else {
				text = append(text, '%', hex[b>>4], hex[b&15])
			}
		}
	}
	return string(text)
}
