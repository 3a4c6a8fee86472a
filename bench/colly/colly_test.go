package collycrawler

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"crawlbench/bench"
)

var repeat = flag.Int("repeat", 1, "run the suite this many times")

// TestMain makes the test binary crawlbench if it is called with a command, as child processes are.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && !strings.HasPrefix(os.Args[1], "-") {
		os.Exit(bench.Main(os.Args, Crawlers()...))
	}
	os.Exit(m.Run())
}

// often is how often a check fails.
type often int

const (
	never often = iota
	sometimes
	always
)

// Patterns of failure messages.
const (
	twice = `.*page-\d+" was fetched \d+ times` // two callbacks asked for a page before either marked it
	count = `.*\d+ pages were fetched, (want \d+|MaxPages is \d+)|` + twice
	heap  = `the heap grew by \d{4,} KiB|` + twice
)

// table is how often each check fails for each crawler, and the pattern of its message.
var table = []struct {
	check                  string
	async, queued, guarded often
	says                   string
}{
	{"storm", sometimes, sometimes, never, count},
	{"shapes", always, always, never, count},
	{"seeds", sometimes, sometimes, never, count},
	{"collide", always, always, always, `it returned the error "colly: .*missing a scheme`},
	{"options", always, always, never, count},
	{"width", always, always, never, count},
	{"slow", always, always, never, count},
	{"limit", sometimes, sometimes, never, twice},
	{"refusal", never, never, never, ""},
	{"cancel", always, always, never, count},
	{"errors", always, always, never, count},
	{"again", always, always, never, count},
	{"bare", always, always, never, count},
	{"many", never, never, never, ""},
	{"panic", never, never, never, ""},
	{"memory", always, always, always, heap},
}

// conform runs the suite and returns, for each crawler, the messages of its failed checks and the number of checks.
func conform(t *testing.T) (failed map[string]map[string]string, checks map[string]int) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), exe, "conform").CombinedOutput()
	failed, checks = map[string]map[string]string{}, map[string]int{}
	for _, m := range regexp.MustCompile(`(?m)^  (\w+) +url +\d+ of (\d+) checks passed$`).FindAllStringSubmatch(string(out), -1) {
		failed[m[1]] = map[string]string{}
		checks[m[1]], _ = strconv.Atoi(m[2])
	}
	for _, m := range regexp.MustCompile(`(?m)^(\w+) by url, (\w+): (\w+): (.*)$`).FindAllStringSubmatch(string(out),
		-1) {
		if says, fails := m[4], true; m[3] != "hang" {
			failed[m[1]][m[2]] = says
		} else if says, fails = alone(t, exe, m[1], m[2]); fails {
			failed[m[1]][m[2]] = says
		}
	}
	if len(checks) != len(Crawlers()) {
		t.Fatalf("cannot parse the output of conform: %v\n%s", err, out)
	}
	return failed, checks
}

// alone repeats a check that exceeded the suite's time limit, without other checks and with a higher limit:
// a million links take colly ten seconds, and more on a busy machine.
func alone(t *testing.T, exe, crawler, check string) (says string, fails bool) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), exe, "conform", "-patience", "20m", "-checks", check,
		crawler).CombinedOutput()
	if err == nil {
		return "", false
	}
	if m := regexp.MustCompile(`(?m)^\w+ by url, \w+: fail: (.*)$`).FindSubmatch(out); m != nil {
		return string(m[1]), true
	}
	return fmt.Sprintf("%v: %.500s", err, out), true
}

// The results of the suite are those in this package's README.
func TestConformance(t *testing.T) {
	tally := map[string]int{}
	for range *repeat {
		failed, checks := conform(t)
		for _, c := range Crawlers() {
			if checks[c.Name] != len(table) {
				t.Fatalf("%s: the suite has %d checks, the table %d", c.Name, checks[c.Name], len(table))
			}
			for _, row := range table {
				fails := map[string]often{"colly": row.async, "collyqueue": row.queued,
					"collyguarded": row.guarded}[c.Name]
				says, failing := failed[c.Name][row.check]
				switch {
				case !failing && fails == always:
					t.Errorf("%s passed %s", c.Name, row.check)
				case failing && fails == never:
					t.Errorf("%s should pass %s: %s", c.Name, row.check, says)
				case failing && !regexp.MustCompile("^(?:"+row.says+")").MatchString(says):
					t.Errorf("%s should fail %s with %s: %s", c.Name, row.check, row.says, says)
				}
				if failing {
					tally[c.Name+" "+row.check]++
					t.Logf("%s, %s: %s", c.Name, row.check, says)
				}
				delete(failed[c.Name], row.check)
			}
			for check := range failed[c.Name] {
				t.Errorf("the table has no check %s", check)
			}
		}
	}
	for _, c := range Crawlers() {
		line := fmt.Sprintf("%s failed, of %d:", c.Name, *repeat)
		for _, row := range table {
			line += fmt.Sprintf(" %s %d", row.check, tally[c.Name+" "+row.check])
		}
		t.Log(line)
	}
}
