// Package robots matches URLs against robots.txt by RFC 9309. Its input is the text of a file, or the response of a
// server that was asked for it; its output says which paths an agent may fetch, and which delay the host asks for.
// It fetches nothing. Parsing a file, and each test of a path, takes time that is linear in the length of the file.
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

	rules []rule
	deny  bool // all, whatever the rules
	plain bool // no pattern has what must be escaped
}

// AllowAll are the rules of a host without a robots.txt.
var AllowAll = Rules{}

// DisallowAll are the rules of a host whose robots.txt cannot be known.
var DisallowAll = Rules{deny: true}

// rule allows or disallows the paths that match a pattern.
type rule struct {
	pattern  string // in normal form, without the dollar sign at its end
	literal  int32  // length of what precedes the first asterisk
	octets   int32  // as it is written with escapes: the rule with more of them is more specific
	allow    bool
	anchored bool // the pattern ended in a dollar sign
}

// Allowed reports whether target may be fetched: the path and query of a URL, as in a request. The longest pattern
// that matches decides, and allow wins a tie. The file itself is always allowed.
func (r Rules) Allowed(target string) bool {
	if len(r.rules) == 0 && !r.deny {
		return true
	}
	if target == "" || target[0] != '/' {
		target = "/" + target
	}
	// What must be escaped matches no plain pattern, escaped or not, so that only escapes need to be looked at.
	if r.plain && strings.IndexByte(target, '%') < 0 {
		return r.allows(target, target)
	}
	var buf [256]byte
	normal := string(appendNormal(buf[:0], target, inTarget))
	second := normal
	if strings.IndexByte(target, '?') >= 0 {
		second = string(appendNormal(buf[:0], target, verbatim))
	}
	return r.allows(normal, second)
}

// allows reports whether a target is allowed that is given in two forms.
func (r Rules) allows(target, second string) bool {
	allow, longest := !r.deny, int32(0)
	for i := range r.rules {
		rule := &r.rules[i]
		if rule.octets < longest || rule.octets == longest && !rule.allow {
			continue
		}
		if rule.matches(target) || target != second && rule.matches(second) {
			allow, longest = rule.allow, rule.octets
		}
	}
	return allow || target == "/robots.txt"
}

// matches reports whether the pattern matches a target in normal form. The first place where a part between two
// asterisks is found leaves most to the parts after it, so that no place needs to be tried twice.
func (r *rule) matches(target string) bool {
	if !strings.HasPrefix(target, r.pattern[:r.literal]) {
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
