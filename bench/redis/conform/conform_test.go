package conform

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"crawlbench/bench/redis/frontier"
)

var (
	full   = flag.Bool("full", false, "run all checks on all mutants, several minutes")
	update = flag.Bool("update", false, "write conformance.md: with -full all of it, otherwise all but who finds whom")
	only   = flag.String("only", "", "run only checks whose names are in this list")
)

func selected(c Check) bool {
	return *only == "" || slices.Contains(strings.Split(*only, ","), c.Name)
}

// The crawlers of package frontier pass all checks, by id and by URL.
func TestCrawlersConform(t *testing.T) {
	for _, crawler := range frontier.Crawlers() {
		s := Subject{Name: crawler.Name}
		for _, c := range append(Checks(), Extras()...) {
			for _, urls := range []bool{false, true} {
				if !c.For(s) || c.polite && urls || !selected(c) {
					continue
				}
				t.Run(fmt.Sprintf("%s/%s/urls=%v", s.Name, c.Name, urls), func(t *testing.T) {
					for _, fault := range c.Run(t, s, urls) {
						t.Error(fault)
					}
				})
			}
		}
	}
}

const file = "conformance.md"

// Each mutant is found by the checks that conformance.md says; without -full, the first of them is run.
func TestMutantsAreFound(t *testing.T) {
	if *full {
		t.Skip("TestMatrix does it")
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	found := parse(string(text))
	for i, m := range Mutants() {
		t.Run(m.Name, func(t *testing.T) {
			checks := found[m.Name]
			if len(checks) == 0 {
				t.Fatalf("%s says that no check finds it, or lacks it: run go test -run TestMatrix -full -update", file)
			}
			name := checks[i%len(checks)]
			at := slices.IndexFunc(Checks(), func(c Check) bool { return c.Name == name })
			if at < 0 {
				t.Fatalf("there is no check %q", name)
			}
			if faults := Checks()[at].Run(t, m.Subject(), false); len(faults) == 0 {
				t.Errorf("%s does not find it", name)
			}
		})
	}
}

func rewrite(t *testing.T, table string) {
	if !*update {
		return
	}
	if err := os.WriteFile(file, []byte(table), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Each mutant is found by all checks that conformance.md lists. Others may find it too: which of two events at the same
// time comes first is not fixed.
func TestMatrix(t *testing.T) {
	if !*full {
		t.Skip("it takes minutes: -full")
	}
	found := map[string][]string{}
	for _, m := range Mutants() {
		t.Run(m.Name, func(t *testing.T) {
			s := m.Subject()
			for _, c := range Checks() {
				if !c.For(s) || !selected(c) {
					continue
				}
				if faults := c.Run(t, s, false); len(faults) > 0 {
					found[m.Name] = append(found[m.Name], c.Name)
					t.Logf("%s: %s", c.Name, faults[0])
				}
			}
		})
	}
	rewrite(t, Table(found))
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for name, checks := range parse(string(text)) {
		for _, c := range checks {
			if !slices.Contains(found[name], c) {
				t.Errorf("%s is not found by %s, as %s says", name, c, file)
			}
		}
	}
}

// The file has all checks and mutants, every mutant is found, and each check is needed.
func TestFileIsComplete(t *testing.T) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	found := parse(string(text))
	if table := Table(found); *update && !*full {
		rewrite(t, table)
	} else if table != string(text) {
		t.Errorf("%s is not what is printed for its own contents:\n%s", file, table)
	}
	alone := map[string]bool{}
	for _, m := range Mutants() {
		if len(found[m.Name]) == 0 {
			t.Errorf("mutant %s is not found", m.Name)
		}
		if len(found[m.Name]) == 1 {
			alone[found[m.Name][0]] = true
		}
	}
	for _, c := range Checks() {
		if !alone[c.Name] {
			t.Errorf("check %s is not the only one that finds some mutant", c.Name)
		}
	}
}
