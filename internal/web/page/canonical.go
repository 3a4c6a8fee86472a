package page

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

// MaxURL is the length of the longest URL. Servers accept no longer ones.
const MaxURL = 8 << 10

// Canonical returns the canonical form of the URL that ref means in a document at base, and false if that is not a URL
// of http or https, or is longer than MaxURL. base may be nil if ref is absolute. It is the form of net/url, changed so
// that references which a browser takes for one URL have one form:
//
//   - without spaces around, and without tabs and line ends anywhere
//   - with the host in lower case and in ASCII
//   - with / as the empty path
//   - without a fragment
//   - without the default port
//
// What may not stand in a URL is escaped, and a backslash is a slash.
func Canonical(base *url.URL, ref string) (string, bool) {
	if base == nil {
		base = &url.URL{}
	}
	text, ok := tidy(base, ref)
	if !ok {
		return "", false
	}
	u, err := url.Parse(text)
	if err != nil {
		return "", false
	}
	u = base.ResolveReference(u)
	u.ForceQuery = u.ForceQuery || text == "" && base.ForceQuery
	if u.Host, ok = host(u); !ok || !web(u.Scheme) {
		return "", false
	}
	if u.Path == "" {
		u.Path = "/"
	}
	if password, _ := u.User.Password(); password == "" && u.User != nil {
		u.User = url.User(u.User.Username())
		if u.User.Username() == "" {
			u.User = nil
		}
	}
	u.Fragment, u.RawFragment = "", ""
	form := u.String()
	if len(form) > MaxURL {
		return "", false
	}
	return form, true
}

// tidy returns ref without a fragment, in a form that net/url takes for what a browser does.
func tidy(base *url.URL, ref string) (string, bool) {
	ref = strings.TrimFunc(ref, func(r rune) bool { return r <= ' ' })
	if strings.ContainsAny(ref, "\t\n\r") {
		ref = strings.NewReplacer("\t", "", "\n", "", "\r", "").Replace(ref)
	}
	ref, _, _ = strings.Cut(ref, "#")
	scheme, rest := cutScheme(ref)
	if scheme == "" && !web(base.Scheme) || scheme != "" && !web(scheme) {
		return "", false
	}
	rest, query, hasQuery := strings.Cut(rest, "?")
	rest = strings.ReplaceAll(rest, `\`, "/")
	if strings.Contains(rest, "%2e") || strings.Contains(rest, "%2E") {
		rest = plainDots(rest)
	}
	path := strings.TrimLeft(rest, "/")
	text := make([]byte, 0, len(ref)+16)
	switch slashes := len(rest) - len(path); {
	case slashes >= 2, scheme != "" && scheme != base.Scheme: // any number of slashes may precede a host
		if scheme != "" {
			text = append(text, scheme+":"...)
		}
		var authority string
		if authority, path, _ = strings.Cut(path, "/"); authority == "" {
			return "", false
		}
		text = append(append(append(text, "//"...), authority...), '/')
	case slashes == 1:
		text = append(text, '/')
	case strings.IndexByte(path, ':') >= 0:
		text = append(text, "./"...) // or net/url would take what precedes the colon for a scheme
	}
	text = escape(text, path, inPath)
	if hasQuery {
		text = escape(append(text, '?'), query, inQuery)
	}
	return string(text), true
}

// plainDots returns path with its dot segments in plain dots, if they are escaped.
func plainDots(path string) string {
	segments := strings.Split(path, "/")
	for i, s := range segments {
		if s = strings.NewReplacer("%2e", ".", "%2E", ".").Replace(s); s == "." || s == ".." {
			segments[i] = s
		}
	}
	return strings.Join(segments, "/")
}

func web(scheme string) bool { return scheme == "http" || scheme == "https" }

// cutScheme returns the scheme of ref in lower case and what follows its colon, or "" and ref if there is none.
func cutScheme(ref string) (scheme, rest string) {
	for i := range len(ref) {
		switch c := ref[i]; {
		case 'a' <= c|0x20 && c|0x20 <= 'z':
		case i > 0 && ('0' <= c && c <= '9' || c == '+' || c == '-' || c == '.'):
		case i > 0 && c == ':':
			return strings.ToLower(ref[:i]), ref[i+1:]
		default:
			return "", ref
		}
	}
	return "", ref
}

// host returns the host and port of u in canonical form.
func host(u *url.URL) (string, bool) {
	name := u.Hostname()
	if strings.HasPrefix(u.Host, "[") {
		addr, err := netip.ParseAddr(name)
		if err != nil || addr.Zone() != "" {
			return "", false
		}
		name = "[" + addr.String() + "]"
	} else {
		name = strings.ToLower(name)
		if strings.Contains(name, "xn--") || strings.ContainsFunc(name, func(r rune) bool { return r >= 0x80 }) {
			ascii, err := idna.New(idna.MapForLookup(), idna.StrictDomainName(false), idna.CheckHyphens(false),
				idna.BidiRule(), idna.CheckJoiners(true)).ToASCII(name)
			if err != nil {
				return "", false
			}
			name = ascii
		}
		if name == "" || strings.ContainsAny(name, "<>^|%[]:/?#@\\ ") || isNumber(name) {
			return "", false
		}
	}
	if u.Port() == "" {
		return name, true
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	switch {
	case err != nil:
		return "", false
	case u.Scheme == "http" && port == 80, u.Scheme == "https" && port == 443:
		return name, true
	}
	return name + ":" + strconv.FormatUint(port, 10), true
}

// isNumber reports whether a host is a number, as an address is, but no address of the usual form: browsers refuse most
// of these, and take the others for addresses, so 1 for 0.0.0.1.
func isNumber(host string) bool {
	last := strings.TrimSuffix(host, ".")
	last = last[strings.LastIndexByte(last, '.')+1:]
	digits, hex := strings.CutPrefix(last, "0x")
	if strings.ContainsFunc(digits, func(c rune) bool { return c > '~' || !isHex(byte(c)) || !hex && c > '9' }) ||
		last == "" {
		return false
	}
	_, err := netip.ParseAddr(host)
	return err != nil
}

// part is a part of a URL.
type part uint8

const (
	inPath part = 1 << iota
	inQuery
)

// escape appends text, a part of a URL, to dst, and escapes what may not stand there. Escapes remain.
func escape(dst []byte, text string, p part) []byte {
	const hex = "0123456789ABCDEF"
	for i := range len(text) {
		c := text[i]
		if mayStand[c]&p != 0 && (c != '%' || p == inQuery || isEscape(text[i:])) {
			dst = append(dst, c)
		} else {
			dst = append(dst, '%', hex[c>>4], hex[c&15])
		}
	}
	return dst
}

// isEscape reports whether text, which begins with a percent sign, begins with an escape.
func isEscape[T string | []byte](text T) bool {
	return len(text) > 2 && isHex(text[1]) && isHex(text[2])
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f'
}

// mayStand says in which parts of a URL a byte may stand.
var mayStand = func() (table [256]part) {
	for c := byte('!'); c <= '~'; c++ {
		if strings.IndexByte(`"'<>#`, c) < 0 {
			table[c] |= inQuery
		}
		if strings.IndexByte("\"<>#?\\^`{|}", c) < 0 {
			table[c] |= inPath
		}
	}
	return table
}()
