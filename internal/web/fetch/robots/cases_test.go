package robots

import "testing"

// testCase states whether crawlbench may fetch a target.
type testCase struct {
	rule    string // of RFC 9309, or what is widely agreed
	text    string
	target  string
	allowed bool
}

// all begins a file whose only group is for everybody.
const all = "User-agent: *\n"

// cases are the rules of the RFC, each with the case in which breaking it shows.
var cases = []testCase{
	// 2.2.1: the group of an agent.
	{"an empty file allows", "", "/a", true},
	{"a group for everybody", all + "Disallow: /", "/a", false},
	{"a group of another agent", "User-agent: other\nDisallow: /", "/a", true},
	{"the own group hides that for everybody", "User-agent: crawlbench\nDisallow: /b\n\n" + all + "Disallow: /", "/a", true},
	{"wherever it stands", all + "Disallow: /\n\nUser-agent: crawlbench\nDisallow: /b", "/a", true},
	{"also if it has no rules", "User-agent: crawlbench\n\nDisallow:\n\n" + all + "Disallow: /", "/a", true},
	{"agents in any case", "user-AGENT: CrawlBench\ndisallow: /\n\n" + all + "Allow: /", "/a", false},
	{"the token as a whole: shorter", "User-agent: crawl\nDisallow: /", "/a", true},
	{"the token as a whole: longer", "User-agent: crawlbench2\nDisallow: /", "/a", true},
	{"the token as a whole: with a hyphen", "User-agent: crawlbench-news\nDisallow: /", "/a", true},
	{"a version after the token", "User-agent: crawlbench/1.0\nDisallow: /", "/a", false},
	{"several agents, one group", "User-agent: x\nUser-agent: crawlbench\nUser-agent: y\nDisallow: /", "/a", false},
	{"a blank line ends no group", "User-agent: crawlbench\n\nUser-agent: y\n\nDisallow: /", "/a", false},
	{"a rule ends the agents", "User-agent: crawlbench\nDisallow: /b\nUser-agent: y\nDisallow: /", "/a", true},
	{"an empty rule ends the agents", "User-agent: crawlbench\nDisallow:\nUser-agent: y\nDisallow: /", "/a", true},
	{"groups of one agent merge", "User-agent: crawlbench\nDisallow: /a\n\nUser-agent: x\nDisallow: /b\n\n" +
		"User-agent: crawlbench\nDisallow: /c", "/c", false},
	{"the first of merged groups", "User-agent: crawlbench\nDisallow: /a\n\nUser-agent: x\nDisallow: /b\n\n" +
		"User-agent: crawlbench\nDisallow: /c", "/a", false},
	{"what stands between merged groups", "User-agent: crawlbench\nDisallow: /a\n\nUser-agent: x\nDisallow: /b\n\n" +
		"User-agent: crawlbench\nDisallow: /c", "/b", true},
	{"groups for everybody merge", all + "Disallow: /a\n\n" + all + "Disallow: /c", "/a", false},
	{"rules before any agent are ignored", "Disallow: /\n" + all + "Disallow: /b", "/a", true},
	{"and end nothing", "Disallow: /\n" + all + "Disallow: /b", "/b", false},

	// 2.2.2: rules.
	{"no rule that matches", all + "Disallow: /b", "/a", true},
	{"a rule matches what begins so", all + "Disallow: /a", "/ab/c", false},
	{"case matters in paths", all + "Disallow: /a", "/A", true},
	{"the longest rule wins", all + "Disallow: /a\nAllow: /a/b", "/a/b", true},
	{"wherever it stands, allowed", all + "Allow: /a/b\nDisallow: /a", "/a/b", true},
	{"wherever it stands, disallowed", all + "Disallow: /a/b\nAllow: /a", "/a/b", false},
	{"a tie goes to allow, last", all + "Disallow: /a\nAllow: /a", "/a", true},
	{"a tie goes to allow, first", all + "Allow: /a\nDisallow: /a", "/a", true},
	{"a tie of different patterns", all + "Disallow: /a*\nAllow: /ab", "/abc", true},
	{"an empty disallow is not a rule", all + "Disallow:", "/a", true},
	{"an empty allow is not a rule", all + "Disallow: /\nAllow:", "/a", false},
	{"the file itself is always allowed", all + "Disallow: /", "/robots.txt", true},
	{"but not what begins as it does", all + "Disallow: /", "/robots.txt.bak", false},
	{"the query belongs to the target", all + "Disallow: /a?b", "/a?bc", false},
	{"a target without a path is the root", all + "Disallow: /$", "", false},
	{"a path without a slash is not a rule", all + "Disallow: a", "/a", true},

	// 2.2.2: escapes.
	{"escapes in either case: rule", all + "Disallow: /a%3cd", "/a%3Cd", false},
	{"escapes in either case: target", all + "Disallow: /a%3Cd", "/a%3cd", false},
	{"UTF-8 is its escape: rule", all + "Disallow: /a/ツ", "/a/%E3%83%84", false},
	{"UTF-8 is its escape: target", all + "Disallow: /a/%e3%83%84", "/a/ツ", false},
	{"unreserved octets are their escapes: rule", all + "Disallow: /a/%62%61%7A", "/a/baz", false},
	{"unreserved octets are their escapes: target", all + "Disallow: /a/baz", "/a/%62%61%7a", false},
	{"reserved octets in a query are their escapes: target", all + "Disallow: /a?b=https://c.d",
		"/a?b=https%3A%2F%2Fc.d", false},
	{"reserved octets in a query are their escapes: rule", all + "Disallow: /a?b=https%3A%2F%2Fc.d",
		"/a?b=https://c.d", false},
	{"reserved octets remain themselves", all + "Disallow: /a?b=https://c.d", "/a?b=https://c.d", false},
	{"an escaped slash is part of a name", all + "Disallow: /a/b", "/a%2Fb", true},
	{"and a slash is not a part of one", all + "Disallow: /a%2Fb", "/a/b", true},
	{"an escaped ampersand is part of a value", all + "Disallow: /*&b=", "/?a=1%26b=2", true},
	{"what is written alike matches", all + "Disallow: /*%2F", "/?a=b%2Fc", false},
	{"also in a path", all + "Disallow: /*%2f", "/b%2Fc", false},
	{"a percent sign that begins no escape", all + "Disallow: /100%", "/100%25", false},
	{"an escape is one octet", all + "Disallow: /*4", "/%14", true},
	{"and counts as it is written", all + "Allow: /a**\nDisallow: /a%20", "/a%20", false},
	{"spaces inside a path", all + "Disallow: /a b", "/a%20b", false},

	// 2.2.3: special characters.
	{"a comment", "# x\n" + all + "Disallow: /b # not: /a\n#Disallow: /a", "/a", true},
	{"a comment directly after a path", all + "Disallow: /a#b", "/ac", false},
	{"an asterisk is anything", all + "Disallow: /a/*/c", "/a/b/b/c", false},
	{"an asterisk is nothing", all + "Disallow: /a*c", "/ac", false},
	{"an asterisk is also the question mark", all + "Disallow: /*/foo", "/a?b=/foo", false},
	{"an asterisk first", all + "Disallow: *.gif", "/a.gif?b", false},
	{"an asterisk last changes nothing", all + "Disallow: /a*", "/ab", false},
	{"several asterisks", all + "Disallow: /*a*b*c", "/1a2b3c4", false},
	{"several asterisks in order", all + "Disallow: /*a*b*c", "/1a2c3b4", true},
	{"parts do not overlap", all + "Disallow: /ab*bc", "/abc", true},
	{"a dollar sign is the end", all + "Disallow: /a$", "/ab", true},
	{"of all, with the query", all + "Disallow: /*.php$", "/a.php?b", true},
	{"also at the end", all + "Disallow: /*.php$", "/a.php", false},
	{"the last of several ends", all + "Disallow: /*.php$", "/a.php/b.php", false},
	{"the end is not used twice", all + "Disallow: /ab*b$", "/ab", true},
	{"a dollar sign elsewhere is one", all + "Disallow: /a$b", "/a$bc", false},
	{"an escaped asterisk is one", all + "Disallow: /a%2Ab", "/a*b", false},
	{"and nothing else", all + "Disallow: /a%2Ab", "/acb", true},
	{"an escaped dollar sign is one", all + "Disallow: /a%24", "/a$b", false},
	{"asterisk and dollar count", all + "Allow: /a\nDisallow: /a$", "/a", false},
	{"the longer wins with asterisks", all + "Allow: /p\nDisallow: /*.htm", "/p.htm", false},

	// 2.2.4: other records.
	{"a sitemap ends no group", "User-agent: crawlbench\nSitemap: https://a/b.xml\nUser-agent: y\nDisallow: /",
		"/a", false},
	{"nor does a delay", "User-agent: crawlbench\nCrawl-delay: 1\nUser-agent: y\nDisallow: /", "/a", false},
	{"nor what nobody knows", "User-agent: crawlbench\nColour: red\nUser-agent: y\nDisallow: /", "/a", false},
	{"lines without a colon are skipped", "hello\n" + all + "hello\nDisallow: /", "/a", false},

	// The form of the file.
	{"CR LF", "User-agent: *\r\nDisallow: /\r\n", "/a", false},
	{"CR", "User-agent: *\rDisallow: /\r", "/a", false},
	{"a mark of UTF-8 first", "\ufeffUser-agent: *\nDisallow: /", "/a", false},
	{"white space around", " \tUser-agent \t:\t * \t\n \t Disallow\t: /a \t", "/ab", false},
	{"no white space", "User-agent:*\nDisallow:/a", "/a", false},
	{"no end of the last line", all + "Disallow: /a", "/a", false},
	{"what is not text", "\x00\xff\xfe: \x80\n" + all + "\xff\nDisallow: /", "/a", false},
}

func TestCases(t *testing.T) {
	for _, c := range cases {
		if got := Parse([]byte(c.text)).Rules("crawlbench").Allowed(c.target); got != c.allowed {
			t.Errorf("%s: %q in %q: allowed %v, want %v", c.rule, c.target, c.text, got, c.allowed)
		}
	}
}
