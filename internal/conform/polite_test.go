//go:build unix

package conform_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"crawlbench/internal/conform"
	"crawlbench/internal/conform/rude"
	"crawlbench/internal/crawl"
)

// politeChecks returns the names of the checks of politeness.
func politeChecks() (names []string) {
	for _, c := range conform.PoliteChecks() {
		names = append(names, c.Name)
	}
	return names
}

// solePolite returns, for each check of politeness, a rude crawler that only this check finds, and why.
func solePolite() map[string]string {
	return map[string]string{
		"gap":      "failureisnofetch", // only here a fetch fails
		"start":    "gapfromlater",     // only here late fetches from the start cost time
		"late":     "tokenthenslot",    // only here hosts wait for workers or a limiter
		"pingpong": "clocksoftwelve",   // only here more than twelve hosts have empty queues and get a page again
		"places":   "nogapnoplaces",    // only here there is no gap
		"slowdown": "pauseofpage",      // only here hosts refuse a page and have others
		"robots":   "delayignored",     // only here a host has a robots.txt
		"hostkey":  "keyhascase",       // only here hosts are written differently
		"hurry":    "cancelwaits",      // only here a crawl is cancelled in a gap
		"forget":   "neverfreed",       // only here memory is measured
		"idle":     "fewhosts",         // only here there are more than 16 hosts and idleness counts
	}
}

func TestPoliteChecksFindEveryRudeCrawlerAndEachIsNeeded(t *testing.T) {
	if testing.Short() {
		t.Log("without -short only")
		return
	}
	t.Parallel()
	results := runChecks(t, rude.Crawlers(), politeChecks(), "url") // ids have the same scheduler
	writePolite(t, conform.Matrix(results))
	found := map[string][]string{}
	for _, r := range results {
		if r.Kind.OK() {
			continue
		}
		if r.Crawler == rude.Right().Name {
			t.Errorf("the right one, by %s, %s: %s: %s", r.Keys, r.Check, r.Kind, r.Text)
		}
		if !slices.Contains(found[r.Crawler], r.Check) {
			found[r.Crawler] = append(found[r.Crawler], r.Check)
		}
	}
	for _, m := range rude.All() {
		if found[m.Name] == nil {
			t.Errorf("no check finds %s", m.Name)
		}
	}
	for _, check := range politeChecks() {
		if by := found[solePolite()[check]]; !slices.Equal(by, []string{check}) {
			t.Errorf("%s is found by %v, want by %s only", solePolite()[check], by, check)
		}
	}
}

const politeFile = "politeness.md"

// politeText returns the text of the file up to the matrix.
func politeText() string {
	var b strings.Builder
	b.WriteString("# Checks of politeness\n\n" +
		"Crawlers that are Polite get these checks in addition to those of the README. All are in virtual time, verified from\n" +
		"the site's log, with a tolerance of 2 ns.\n\n| check | the crawler must |\n|---|---|\n")
	for _, c := range conform.PoliteChecks() {
		fmt.Fprintf(&b, "| %s | %s |\n", c.Name, c.Doc)
	}
	b.WriteString("\nThese crawlers are broken on purpose, each a few lines away from " + rude.Right().Name +
		":\n\n| mutant | bug | seen in |\n|---|---|---|\n")
	for _, m := range rude.All() {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", m.Name, m.Doc, m.Case)
	}
	b.WriteString("\nEach is found by at least one check, and each check is the only one to find some mutant (URLs as keys):\n\n")
	return b.String()
}

// writePolite writes the file on demand.
func writePolite(t *testing.T, matrix string) {
	if os.Getenv("CRAWLBENCH_GOLDEN") != "write" {
		return
	}
	text := politeText()
	for line := range strings.Lines(matrix) {
		text += strings.TrimRight("    "+line, " \n") + "\n"
	}
	if err := os.WriteFile(politeFile, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func TestPolitenessFileIsUpToDate(t *testing.T) {
	text, err := os.ReadFile(politeFile)
	if err != nil || !strings.HasPrefix(string(text), politeText()) {
		t.Errorf("%s: %v: a check or a rude crawler is missing or its text differs: run CRAWLBENCH_GOLDEN=write "+
			"go test -run TestPoliteChecksFind ./internal/conform", politeFile, err)
	}
}

// TestRightRudeCrawlerPasses is the twin of the test above, by both kinds of key; TestBuiltInCrawlersConform has the
// built-in crawlers. No check of politeness depends on luck. Try it with -count 20.
func TestRightRudeCrawlerPasses(t *testing.T) {
	for _, r := range runWithin(t, conform.Patience, []crawl.Crawler{rude.Right()}, politeChecks(), "id", "url") {
		if r.Kind != conform.Pass {
			t.Errorf("%s by %s, %s: %s: %s", r.Crawler, r.Keys, r.Check, r.Kind, r.Text)
		}
	}
}
