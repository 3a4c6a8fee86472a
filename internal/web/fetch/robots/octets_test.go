package robots

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// spellings returns the ways to write an octet in a path: as it is, and as an escape in either case.
func spellings(c byte) []string {
	return []string{string([]byte{c}), fmt.Sprintf("%%%02x", c), fmt.Sprintf("%%%02X", c)}
}

// Every octet in every spelling, in a rule and in a target.
func TestSpellingsOfOctets(t *testing.T) {
	if testing.Short() {
		t.Skip("the slow matcher takes its time")
	}
	for c := range 256 {
		for _, in := range spellings(byte(c)) {
			for _, frame := range []string{"/x%sy", "/*z%sy", "/x?%sy$"} {
				text := all + "Disallow: " + strings.ReplaceAll(frame, "%s", in)
				rules := Parse([]byte(text)).Rules("crawlbench")
				for _, as := range spellings(byte(c)) {
					for _, begin := range []string{"/x", "/xz", "/x?", "/x?z"} {
						target := begin + as + "y"
						if got, want := rules.Allowed(target), (slow{}).allowed(text, target); got != want {
							t.Errorf("%q in %q: allowed %v, want %v", target, text, got, want)
						}
					}
				}
			}
		}
	}
}

// No octet is another one.
func TestOctetsDiffer(t *testing.T) {
	for a := range 256 {
		rules := Parse([]byte(all + fmt.Sprintf("Disallow: /x%%%02x", a))).Rules("crawlbench")
		for b := range 256 {
			if target := fmt.Sprintf("/x%%%02X", b); rules.Allowed(target) != (a != b) {
				t.Errorf("%s in a rule for octet %02x: allowed %v", target, a, a == b)
			}
		}
	}
}

// Files and targets of few letters, so that they often match.
func TestRandomFiles(t *testing.T) {
	if testing.Short() {
		t.Skip("the slow matcher takes its time")
	}
	r := rand.New(rand.NewPCG(18, 9309))
	letters := []string{
		"/", "a", "b", "a", "b", "*", "*", "$", "?", "%2F", "%2f", "/", "%61", "%", "é", "&", "%26", "%2A", "/a", "ab",
	}
	word := func(n int) string {
		var b strings.Builder
		for range r.IntN(n) {
			b.WriteString(letters[r.IntN(len(letters))])
		}
		return b.String()
	}
	disallowed := 0
	for range 4000 {
		text := ""
		for range 1 + r.IntN(6) {
			switch r.IntN(8) {
			case 0:
				text += "User-agent: crawlbench\n"
			case 1:
				text += "User-agent: other\nDisallow: /\n"
			case 2:
				text += all
			default:
				rule := []string{"Allow", "Disallow"}[r.IntN(2)] + ": /" + word(6)
				text += rule + []string{"", "$"}[r.IntN(4)/3] + "\n"
			}
		}
		text = all + text
		rules := Parse([]byte(text)).Rules("crawlbench")
		for range 8 {
			target := "/" + word(8)
			got, want := rules.Allowed(target), (slow{}).allowed(text, target)
			if got != want {
				t.Errorf("%q in %q: allowed %v, want %v", target, text, got, want)
			}
			if !want {
				disallowed++
			}
		}
	}
	if disallowed < 4000 {
		t.Errorf("%d of 32000 targets are disallowed, want more", disallowed)
	}
}

// What is at the edge of a file, or of a pattern, counts.
func TestEdges(t *testing.T) {
	const last = "\nDisallow: /last"
	begin := "User-agent: *\nDisallow: /first\n"
	whole := begin + strings.Repeat("#", MaxBytes-len(begin)-len(last)) + last
	for _, c := range []struct {
		name, text, target string
		allowed            bool
	}{
		{"the last line of a file of the largest size", whole, "/last", false},
		{"the same and a byte more", whole + "x", "/last", true},
		{"a comment at the beginning and one after a rule", "#\nUser-agent: *\nDisallow: /x # y", "/x", false},
		{"asterisks that match nothing", "User-agent: *\nDisallow: /*a*b", "/ab", false},
		{"the same with an end", "User-agent: *\nDisallow: /*a*b$", "/ab", false},
		{"less than its letters", "User-agent: *\nDisallow: /*a*b", "/a", true},
		{"lines that end in carriage returns", "User-agent: *\rDisallow: /x\r", "/x", false},
		{"lines that end in both", "User-agent: *\r\nDisallow: /x\r\n", "/x", false},
		{"no key", ": *\nUser-agent: *\n: /x\nDisallow: /y", "/x", true},
	} {
		if got := Parse([]byte(c.text)).Rules("crawlbench").Allowed(c.target); got != c.allowed {
			t.Errorf("%s: %s is allowed: %v, want %v", c.name, c.target, got, c.allowed)
		}
	}
}
