// Package robots matches URLs against robots.txt by RFC 9309. From the text of a file, or the response of a server, it
// tells which paths an agent may fetch and which delay the host asks for. It fetches nothing itself. Parsing a file,
// and each test of a path, takes time that is linear in the length of the file.
package robots

import (
	"strings"
	"time"
)

// MaxBytes is how much of a file is read; the RFC asks for at least this (2.5).
const MaxBytes = 500 << 10

// Rules are what a file says to one agent. The zero value allows everything.
type Rules struct {
	// CrawlDelay is the time between fetches that the host asks for, 0 if none. It can be absurdly long.
	CrawlDelay time.Duration

	set *ruleSet
}

// AllowAll are the rules of a host without a robots.txt.
var AllowAll = Rules{}

// DisallowAll are the rules of a host whose robots.txt cannot be known.
var DisallowAll = Rules{set: &ruleSet{deny: true}}

// ruleSet are the rules of one agent.
type ruleSet struct {
	rules []rule
	final int  // no rule is more specific than the one with this index
	bytes int  // of memory, about
	deny  bool // all, whatever the rules
	plain bool // no pattern has what must be escaped
}

// perRule is how many bytes a rule takes beside its pattern.
const perRule = 32

// wild is what rule.second is if the second octet of a target says nothing.
const wild = 0

// rule allows or disallows the paths that match a pattern.
type rule struct {
	pattern  string // in normal form, without the dollar sign at its end
	literal  int32  // length of what precedes the first asterisk
	least    int32  // length of the shortest target that matches
	octets   int32  // as it is written with escapes: the rule with more of them is more specific
	second   byte   // octet of what matches, or wild
	allow    bool
	anchored bool // the pattern ended in a dollar sign
	prefix   bool // the pattern has neither asterisks nor an end
}

// bytes returns about how much memory the rules take.
func (r Rules) bytes() int {
	if r.set == nil {
		return 0
	}
	return r.set.bytes
}

// Allowed reports whether target may be fetched: the path and query of a URL, as in a request. The longest pattern
// that matches decides, and allow wins a tie. The file itself is always allowed.
func (r Rules) Allowed(target string) bool {
	s := r.set
	if s == nil {
		return true
	}
	if !s.plain || target == "" || target[0] != '/' {
		return s.allowsEscaped(target)
	}
	// Plain patterns match no escapes, so that target can be compared as it is, up to an escape that may stand for
	// an octet of a pattern.
	second, checked := second(target), false
	allow, longest := !s.deny, int32(0)
	for i := range s.rules {
		r := &s.rules[i]
		if r.second != second && r.second != wild && second != '%' || r.octets < longest || int(r.least) > len(target) {
			continue
		}
		if r.prefix {
			if !strings.HasPrefix(target, r.pattern) {
				if target[common(target, r.pattern)] == '%' {
					return s.allowsEscaped(target)
				}
				continue
			}
		} else {
			if !checked && strings.IndexByte(target, '%') >= 0 {
				return s.allowsEscaped(target)
			}
			if checked = true; !r.matches(target) {
				continue
			}
		}
		if i == s.final {
			return r.allow || target == file
		}
		allow, longest = r.allow || r.octets == longest && allow, r.octets
	}
	return allow || target == file
}

// common returns the length of what a and b begin with both.
func common(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// file is what is always allowed.
const file = "/robots.txt"

// second returns the second octet of a target, or wild.
func second(target string) byte {
	if len(target) < 2 {
		return wild
	}
	return target[1]
}

// allowsEscaped is allows for a target that is not in normal form.
func (s *ruleSet) allowsEscaped(target string) bool {
	if !strings.HasPrefix(target, "/") {
		target = "/" + target
	}
	var buf [256]byte
	normal := string(appendNormal(buf[:0], target, inTarget))
	if strings.IndexByte(target, '?') < 0 {
		return s.allows(normal, normal)
	}
	return s.allows(normal, string(appendNormal(buf[:0], target, verbatim)))
}

// allows reports whether a target in normal form is allowed, which may have two.
func (s *ruleSet) allows(target, verbatim string) bool {
	allow, longest := !s.deny, int32(0)
	for i := range s.rules {
		r := &s.rules[i]
		if r.octets >= longest && (r.matches(target) || target != verbatim && r.matches(verbatim)) {
			allow, longest = r.allow || r.octets == longest && allow, r.octets
		}
	}
	return allow || target == file
}

// matches reports whether the pattern matches a target in normal form. The first place where a part between two
// asterisks is found leaves most to the parts after it, so that no place needs to be tried twice.
func (r *rule) matches(target string) bool {
	if int(r.least) > len(target) || !strings.HasPrefix(target, r.pattern[:r.literal]) {
		return false
	}
	rest := target[r.literal:]
	if int(r.literal) == len(r.pattern) {
		return !r.anchored || rest == ""
	}
	parts := r.pattern[r.literal+1:]
	for {
		part, next, more := strings.Cut(parts, "*")
		if !more && r.anchored {
			return strings.HasSuffix(rest, part)
		}
		at := strings.Index(rest, part)
		if at < 0 || !more {
			return at >= 0
		}
		rest, parts = rest[at+len(part):], next
	}
}
