package robots

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"time"
)

// File is the text of a robots.txt, split into groups. It refers to the text, which must not change meanwhile.
type File struct {
	text   []byte
	agents []agent // in the order of the text
	rules  []line
	deny   bool
}

// agent is a line that names an agent.
type agent struct {
	token    []byte
	delay    time.Duration
	from, to int // the rules of its group
}

// line is a line with a rule: where its path is in the text.
type line struct {
	from, to int32
	allow    bool
}

// FromResponse returns the file that a response to a request for it stands for, after redirects (RFC 9309, 2.3.1).
// Without a file (a status from 300 to 499), everything is allowed. If the host cannot answer or asks to slow down (any
// other status, and 429), nothing is allowed. A fetch that failed has status 0.
func FromResponse(status int, body []byte) *File {
	switch {
	case 200 <= status && status < 300:
		return Parse(body)
	case 300 <= status && status < 500 && status != 429:
		return &File{}
	}
	return &File{deny: true}
}

// Parse reads the text of a file, up to MaxBytes. It never fails: it skips what it does not know.
func Parse(text []byte) *File {
	if len(text) > MaxBytes {
		// A line that is cut off would mean something else.
		text = text[:1+bytes.LastIndexAny(text[:MaxBytes+1], "\r\n")]
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if bytes.IndexByte(text, '\r') >= 0 {
		text = bytes.ReplaceAll(text, []byte("\r"), []byte("\n"))
	}
	f := &File{text: text, rules: make([]line, 0, bytes.Count(text, []byte("\n")))}
	group := group{file: f, comments: bytes.IndexByte(text, '#') >= 0}
	for begin := 0; begin < len(text); {
		end := len(text)
		if n := bytes.IndexByte(text[begin:], '\n'); n >= 0 {
			end = begin + n
		}
		group.read(begin, end)
		begin = end + 1
	}
	group.end()
	return f
}

// group is the group that is read.
type group struct {
	file  *File
	first int  // its first agent
	ruled bool // it has a rule, so that the next agent begins another group

	comments bool // there are some in the file
}

// read reads the line between two places of the text.
func (g *group) read(begin, end int) {
	f := g.file
	if g.comments {
		if n := bytes.IndexByte(f.text[begin:end], '#'); n >= 0 {
			end = begin + n
		}
	}
	colon := bytes.IndexByte(f.text[begin:end], ':')
	if colon < 0 {
		return
	}
	from, to := f.trim(begin, begin+colon)
	key := f.text[from:to]
	from, to = f.trim(begin+colon+1, end)
	switch {
	case is(key, "User-agent"):
		if g.ruled {
			g.end()
		}
		f.agents = append(f.agents, agent{token: token(f.text[from:to]), from: len(f.rules)})
	case g.first == len(f.agents): // outside of any group
	case is(key, "Disallow"), is(key, "Allow"):
		g.ruled = true
		if from < to {
			f.rules = append(f.rules, line{int32(from), int32(to), len(key) == len("Allow")})
		}
	case is(key, "Crawl-delay"):
		// The RFC does not know it, so that it does not end the list of agents. It is for those before it.
		last := &f.agents[len(f.agents)-1]
		last.delay = max(last.delay, seconds(string(f.text[from:to])))
	}
}

// is reports whether a key has a name, in upper or lower case.
func is(key []byte, name string) bool {
	return len(key) == len(name) && (string(key) == name || bytes.EqualFold(key, []byte(name)))
}

// trim returns a part of the text without blanks around.
func (f *File) trim(from, to int) (int, int) {
	for from < to && isBlank(f.text[from]) {
		from++
	}
	for from < to && isBlank(f.text[to-1]) {
		to--
	}
	return from, to
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// end ends the group.
func (g *group) end() {
	f := g.file
	delay := time.Duration(0)
	for i := len(f.agents) - 1; i >= g.first; i-- {
		a := &f.agents[i]
		delay = max(delay, a.delay)
		a.delay, a.to = delay, len(f.rules)
	}
	g.first, g.ruled = len(f.agents), false
}

// token returns the product token of an agent, which a version and a comment may follow.
func token[T string | []byte](agent T) T {
	for i := range len(agent) {
		if strings.IndexByte("/ \t;(", agent[i]) >= 0 {
			return agent[:i]
		}
	}
	return agent
}

// seconds returns the time that text gives in seconds, which may have decimals. Anything else is 0.
func seconds(text string) time.Duration {
	for i := range len(text) {
		if c := text[i]; c != '.' && (c < '0' || c > '9') {
			return 0
		}
	}
	s, err := strconv.ParseFloat(text, 64)
	switch ns := s * float64(time.Second); {
	case err != nil && !math.IsInf(s, 1):
		return 0
	case ns >= math.MaxInt64:
		return math.MaxInt64
	default:
		return time.Duration(ns)
	}
}

// Rules returns what the file says to an agent: the rules of all groups that name it, or else of all groups for "*".
// Agents are the same if their product tokens are, in upper or lower case: "Crawlbench/1.0 (test)" is crawlbench.
func (f *File) Rules(name string) Rules {
	if f.deny {
		return DisallowAll
	}
	if r, ok := f.rulesOf(token(strings.Trim(name, " \t"))); ok {
		return r
	}
	r, _ := f.rulesOf("*")
	return r
}

// rulesOf returns the rules of the groups that name an agent, and whether there are any.
func (f *File) rulesOf(name string) (r Rules, found bool) {
	var lines []line
	done, want := 0, []byte(name)
	for _, a := range f.agents {
		if bytes.EqualFold(a.token, want) {
			found = true
			r.CrawlDelay = max(r.CrawlDelay, a.delay)
			group := f.rules[min(max(a.from, done), a.to):a.to:a.to] // once, if it names the agent twice
			if lines == nil {
				lines = group
			} else {
				lines = append(lines, group...)
			}
			done = max(done, a.to)
		}
	}
	if len(lines) > 0 {
		r.set = f.compile(lines)
	}
	return r, found
}

// compile returns the rules in lines. They do not refer to the text, which may be much longer.
func (f *File) compile(lines []line) *ruleSet {
	size := 0
	for _, line := range lines {
		size += int(line.to - line.from)
	}
	s := &ruleSet{rules: make([]rule, 0, len(lines)), final: -1, plain: true}
	var patterns strings.Builder
	patterns.Grow(size)
	var buf []byte
	for _, line := range lines {
		path := f.text[line.from:line.to]
		if path[0] != '/' && path[0] != '*' {
			continue
		}
		path, anchored := bytes.CutSuffix(path, []byte("$"))
		r := rule{allow: line.allow, anchored: anchored}
		r.literal = int32(len(path)) // until asterisks are looked for
		r.octets = r.literal
		if isNormal(path) {
			patterns.Write(path)
		} else {
			buf = appendNormal(buf[:0], path, inPattern)
			patterns.Write(buf)
			r.literal, r.octets = int32(len(buf)), octets(buf)
			s.plain = s.plain && r.octets == r.literal
		}
		if anchored {
			r.octets++
		}
		s.rules = append(s.rules, r)
	}
	all := patterns.String()
	s.bytes = len(all) + len(s.rules)*perRule
	for i := range s.rules {
		r := &s.rules[i]
		r.pattern, all = all[:r.literal], all[r.literal:]
		r.least, r.prefix = r.literal, !r.anchored
		if star := strings.IndexByte(r.pattern, '*'); star >= 0 {
			r.literal, r.prefix = int32(star), false
			r.least -= int32(strings.Count(r.pattern, "*"))
		}
		if r.literal > 1 {
			r.second = r.pattern[1]
		}
		if s.final < 0 || r.octets > s.rules[s.final].octets || r.octets == s.rules[s.final].octets && r.allow {
			s.final = i
		}
	}
	return s
}
