package robots

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// slow is another matcher of the same rules, which is slow and plain. Each fault breaks one rule.
type slow struct{ fault string }

// faults are the known ways to be wrong, each with a case that must show it.
var faults = []string{
	"first match", "disallow wins ties", "agent is a prefix", "agent in the case of the file", "first group only",
	"error before any agent", "robots.txt disallowed", "own group adds", "case of escapes", "UTF-8 is not escaped",
	"escapes of letters", "slash unescaped", "no asterisk", "no dollar", "asterisk not across slashes",
	"blank line ends a group", "sitemap ends a group", "no comment", "no CR", "no BOM", "no query",
	"empty disallow is all", "shortest match", "escaped asterisk is one of any",
}

// slowRule is a rule of slow.
type slowRule struct {
	allow  bool
	length int
	match  *regexp.Regexp
}

func (s slow) is(fault string) bool { return s.fault == fault }

var (
	escapeSign = regexp.MustCompile(`%[0-9A-Fa-f]{2}`)
	unreserved = regexp.MustCompile(`[-A-Za-z0-9._~]`)
	agentToken = regexp.MustCompile(`^[^/ \t;(]*`)
)

// octets splits a path into octets, each in the form in which it is compared. keep leaves escapes in a query.
func (s slow) octets(path string, keep bool) (list []string) {
	query := false
	for path != "" {
		text, c := path[:1], path[0]
		escaped := len(path) > 2 && escapeSign.MatchString(path[:3])
		if escaped {
			n, _ := strconv.ParseUint(path[1:3], 16, 8)
			text, c = path[:3], byte(n)
		}
		path = path[len(text):]
		plain := c < 0x80 && unreserved.MatchString(string(rune(c)))
		form := "%" + strings.ToUpper(strconv.FormatUint(uint64(c)+0x100, 16)[1:])
		switch {
		case s.is("case of escapes") && escaped && !plain:
			form = text
		case s.is("UTF-8 is not escaped") && !escaped && c >= 0x80:
			form = "raw" + form
		case s.is("escapes of letters") && escaped && plain: // remains an escape
		case s.is("slash unescaped") && c == '/', plain, query && !keep && (c == '/' || c == '?'):
			form = string(rune(c))
		case strings.IndexByte("/?&=+*$", c) >= 0 && !escaped:
			form = text
		case s.is("escaped asterisk is one of any") && c == '*':
			form = "*"
		}
		query = query || text == "?"
		list = append(list, form)
	}
	return list
}

// compile returns a regular expression for a path, and its length. Octets end in commas, so that none is matched in
// part.
func (s slow) compile(path string) (*regexp.Regexp, int) {
	octets := s.octets(path, false)
	length, end := 0, ""
	if n := len(octets); octets[n-1] == "$" && !s.is("no dollar") {
		octets, end, length = octets[:n-1], "$", 1
	}
	text := "(?s)^"
	for _, o := range octets {
		switch {
		case o == "*" && s.is("asterisk not across slashes"):
			text += "(?:[^,/]*,)*"
		case o == "*" && !s.is("no asterisk"):
			text += "(?:[^,]*,)*"
		case o == "$":
			o = "%24"
			fallthrough
		default:
			text += regexp.QuoteMeta(o + ",")
		}
		length += len(o)
	}
	return regexp.MustCompile(text + end), length
}

// targets returns the forms of a target.
func (s slow) targets(target string) []string {
	if !strings.HasPrefix(target, "/") {
		target = "/" + target
	}
	if s.is("no query") {
		target, _, _ = strings.Cut(target, "?")
	}
	form := func(keep bool) string {
		return strings.NewReplacer("*", "%2A", "$", "%24").Replace(strings.Join(s.octets(target, keep), ",") + ",")
	}
	return []string{form(false), form(true)}
}

// allowed reports whether crawlbench may fetch target.
func (s slow) allowed(text, target string) bool {
	rules, ok := s.rules(text)
	if !ok {
		return true
	}
	targets := s.targets(target)
	best, length := true, -1
	for _, r := range rules {
		better := r.length > length || r.length == length && r.allow
		switch {
		case s.is("first match"):
			better = length < 0
		case s.is("shortest match"):
			better = length < 0 || r.length < length
		case s.is("disallow wins ties"):
			better = r.length > length || r.length == length && !r.allow
		}
		if better && slices.ContainsFunc(targets, r.match.MatchString) {
			best, length = r.allow, r.length
		}
	}
	return best || targets[0] == s.targets("/robots.txt")[0] && !s.is("robots.txt disallowed")
}

// rules returns the rules for crawlbench. ok is false after an error.
func (s slow) rules(text string) (own []slowRule, ok bool) {
	var everybody []slowRule
	var agents []string
	ruled, found := false, false
	if !s.is("no BOM") {
		text = strings.TrimPrefix(text, "\ufeff")
	}
	if !s.is("no CR") {
		text = strings.ReplaceAll(text, "\r", "\n")
	}
	names := func(name string) bool {
		return slices.ContainsFunc(agents, func(a string) bool {
			switch {
			case s.is("agent is a prefix"):
				return a != "" && strings.HasPrefix(name, strings.ToLower(a))
			case s.is("agent in the case of the file"):
				return a == name
			}
			return strings.EqualFold(a, name)
		})
	}
	for line := range strings.SplitSeq(text, "\n") {
		if !s.is("no comment") {
			line, _, _ = strings.Cut(line, "#")
		}
		key, value, colon := strings.Cut(line, ":")
		key, value = strings.Trim(key, " \t"), strings.Trim(value, " \t")
		allow := strings.EqualFold(key, "allow")
		switch {
		case s.is("blank line ends a group") && strings.Trim(line, " \t") == "",
			s.is("sitemap ends a group") && strings.EqualFold(key, "sitemap"):
			ruled = true
		case !colon:
		case strings.EqualFold(key, "user-agent"):
			if ruled {
				agents, ruled = nil, false
			}
			agents = append(agents, agentToken.FindString(value))
			if names("crawlbench") && !(s.is("first group only") && found) {
				found = true
			}
		case allow || strings.EqualFold(key, "disallow"):
			if len(agents) == 0 {
				if s.is("error before any agent") {
					return nil, false
				}
				continue
			}
			first := !ruled
			ruled = true
			if value == "" && s.is("empty disallow is all") {
				value = "/"
			}
			if value == "" || value[0] != '/' && value[0] != '*' {
				continue
			}
			match, length := s.compile(value)
			r := slowRule{allow, length, match}
			if names("crawlbench") && !(s.is("first group only") && first && len(own) > 0) {
				own = append(own, r)
			}
			if names("*") {
				everybody = append(everybody, r)
			}
		}
	}
	if s.is("own group adds") {
		return append(own, everybody...), true
	}
	if found {
		return own, true
	}
	return everybody, true
}

func TestCasesBySlowMatcher(t *testing.T) {
	for _, c := range cases {
		if got := (slow{}).allowed(c.text, c.target); got != c.allowed {
			t.Errorf("%s: %q in %q: allowed %v, want %v", c.rule, c.target, c.text, got, c.allowed)
		}
	}
}

func TestCasesDetectFaults(t *testing.T) {
	for _, fault := range faults {
		wrong := 0
		for _, c := range cases {
			if (slow{fault}).allowed(c.text, c.target) != c.allowed {
				wrong++
			}
		}
		if wrong == 0 {
			t.Errorf("no case shows the fault %q", fault)
		}
	}
}
