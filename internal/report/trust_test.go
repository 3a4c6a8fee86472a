package report

import (
	"bytes"
	"fmt"
	"html"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plain/screen"
	"crawlbench/internal/plan"
	"crawlbench/internal/store"
	"crawlbench/internal/testing/runtest"
)

// fabricated makes up a run of four crawlers, of which cas is twice as fast with two workers, and analyses it.
func fabricated(t *testing.T, toml string, change func(plan.Cell, *store.Record)) *diagnose.Analysis {
	t.Helper()
	if !strings.Contains(toml, "rounds") {
		toml += "\nrounds = 8"
	}
	p, err := runtest.Plan(`
crawlers = ["mutexmap", "cas", "syncmap", "owner"]
workers = [1, 2]
`+toml+`
[[graph]]
name = "g"
kind = "hosts"
pages = 1000
`, false)
	if err != nil {
		t.Fatal(err)
	}
	run, err := runtest.Run{Plan: p, Noise: 0.03, Change: change, Manifest: store.Manifest{Scenario: "fabricated"},
		Speed: func(c plan.Cell, _ int) float64 {
			if c.Impl == "cas" && c.Workers == 2 {
				return 2000
			}
			return 1000
		}}.Write(filepath.Join(t.TempDir(), "run"))
	if err != nil {
		t.Fatal(err)
	}
	return analysed(t, run)
}

// flattened returns an analysis as text, Markdown and HTML, on one line each.
func flattened(t *testing.T, a *diagnose.Analysis) map[string]string {
	t.Helper()
	var page, text bytes.Buffer
	if err := HTML(&page, a); err != nil {
		t.Fatal(err)
	}
	if _, err := Markdown(&text, a); err != nil {
		t.Fatal(err)
	}
	list := map[string]string{"text": Text(a, Terminal{}),
		"Markdown": text.String(), "HTML": html.UnescapeString(page.String())}
	for name, s := range list {
		list[name] = strings.Join(strings.Fields(s), " ")
	}
	return list
}

// written returns what a format writes.
func written(t *testing.T, a *diagnose.Analysis, write func(io.Writer, *diagnose.Analysis) error) string {
	t.Helper()
	var b strings.Builder
	if err := write(&b, a); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func short(w io.Writer, a *diagnose.Analysis) error { return Summary(w, a, nil, "x") }

// The first sentence says what to use, whatever renders it; a busy machine is told instead.
func TestTheFirstSentenceSaysWhatToUse(t *testing.T) {
	flagged := func(_ plan.Cell, rec *store.Record) { rec.Sample.Flags = []string{"preempted"} }
	other := func(c plan.Cell, rec *store.Record) {
		if c.IsControl() {
			rec.Sample.Values["sec/op"] *= 2
		}
	}
	for _, test := range []struct {
		name, toml, want, trust string
		change                  func(plan.Cell, *store.Record)
	}{
		{"good", "", "Use cas with 2 workers, which has 2.00x [1.92, 2.09] the throughput of syncmap at its best; trust: good.",
			"trusted, ±", nil},
		{"no control", "control = false", "trust: unknown, no A/A control.", "no control", nil},
		{"busy", "", "The machine was busy (80 of 80 samples are flagged): do not use these results.", "untrusted", flagged},
		{"the control differs", "", "mutexmap differs from itself in 2 of 2 comparisons: do not use these results.",
			"untrusted", other},
	} {
		a := fabricated(t, test.toml, test.change)
		for name, text := range flattened(t, a) {
			if i := strings.Index(text, test.want); i < 0 || name != "HTML" && i > 400 {
				t.Errorf("%s, %s: %q is not at the top of\n%.600s", test.name, name, test.want, text)
			}
			if bad := test.trust == "untrusted"; name != "HTML" && strings.Contains(text, "UNTRUSTED") != bad ||
				strings.Contains(text, "trust: good") == (test.name != "good") {
				t.Errorf("%s, %s: %.600s", test.name, name, text)
			}
		}
		for name, c := range map[string]struct{ text, want string }{
			"JSON":    {written(t, a, JSON), fmt.Sprintf(`"untrusted": %v`, test.trust == "untrusted")},
			"CSV":     {written(t, a, CSV), fmt.Sprintf(",%v\n", test.trust == "untrusted")},
			"summary": {written(t, a, short), test.want},
		} {
			lines := 1
			if name == "CSV" {
				lines = strings.Count(c.text, "\n") - 1 // each but the names
			}
			if strings.Count(c.text, c.want) != lines {
				t.Errorf("%s, %s: want %q in\n%.600s", test.name, name, c.want, c.text)
			}
		}
		got := TrustOf(a)
		if !strings.HasPrefix(got, test.trust) || View(a, fragmentOf).Untrusted != (got == "untrusted") {
			t.Errorf("%s: trust %q, want %q", test.name, got, test.trust)
		}
		if got := Verdicts(a, screen.Screen{}); strings.Contains(got, "do not use") != (test.trust == "untrusted") {
			t.Errorf("%s: %s", test.name, got)
		}
	}
}

// A crawler is called the fastest where that is proven, best against best; otherwise the others that may be are named.
func TestTheFastestIsNamedOnlyIfProven(t *testing.T) {
	equal := func(c plan.Cell, rec *store.Record) {
		if c.Impl == "cas" && c.Workers == 2 {
			rec.Sample.Values["sec/op"] *= 2
		}
	}
	for _, test := range []struct {
		name, toml, want, not string
		change                func(plan.Cell, *store.Record)
	}{
		{"proven", "", "GOMAXPROCS 2: cas is the fastest, 2.0", "not proven slower: ", nil},
		{"equal", "", "; not proven slower: ", "is the fastest", equal},
		{"one round", "rounds = 1", "cas has the highest median, ", "is the fastest", nil},
	} {
		for name, text := range flattened(t, fabricated(t, test.toml, test.change)) {
			if !strings.Contains(text, test.want) || name != "HTML" && strings.Contains(text, test.not) {
				t.Errorf("%s, %s: want %q and not %q in\n%.1500s", test.name, name, test.want, test.not, text)
			}
		}
	}
}

// A report has one sentence about benchstat, and the number of comparisons that p is adjusted for.
func TestTheMethodIsSaid(t *testing.T) {
	a := fabricated(t, `rate = ["inf", 5000]`, nil)
	for name, text := range flattened(t, a) {
		if name == "text" {
			continue
		}
		for _, want := range []string{"its p values differ from these", "12 comparisons of crawlers in tables without a rate",
			"12 comparisons of crawlers in rate-limited tables", "the probability of any false claim below 0.5 %"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %q", name, want)
			}
		}
	}
}

// A gate says the same in each format.
func TestAGateIsSaidInEachFormat(t *testing.T) {
	a, err := diagnose.Analyse(runtest.Showcase(t))
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, c := range a.Changes {
		count[c.Gate(0.05).String()]++
	}
	if count["fail"] == 0 || count["pass"] == 0 || count["cannot tell"] == 0 {
		t.Fatalf("want all three answers, have %v", count)
	}
	for format, say := range map[string]map[string]string{
		"text":     {"fail": "fail: REGRESSION\n", "pass": "  pass\n", "cannot tell": "  cannot tell\n"},
		"markdown": {"fail": "| fail: REGRESSION |", "pass": "| pass |", "cannot tell": "| cannot tell |"},
		"json": {"fail": "\n      \"gate\": \"fail\"\n", "pass": "\n      \"gate\": \"pass\"\n",
			"cannot tell": "\n      \"gate\": \"cannot tell\"\n"},
	} {
		var b bytes.Buffer
		if err := Changes(&b, a.Changes, 0.05, format, screen.Screen{}); err != nil {
			t.Fatal(err)
		}
		for answer, text := range say {
			if got := strings.Count(b.String(), text); got != count[answer] {
				t.Errorf("%s: %d cells %s, want %d\n%s", format, got, answer, count[answer], b.String())
			}
		}
		if got := strings.Contains(b.String(), "gate at a regression of 5.0 %: fail"); got == (format == "json") {
			t.Errorf("%s: %s", format, b.String())
		}
	}
}

// A single round has no interval: every format says so in words, instead of with the ends of an infinite one.
func TestARoundWithoutIntervalsIsSaidInWords(t *testing.T) {
	for name, s := range flattened(t, fabricated(t, "rounds = 1", nil)) {
		for _, wrong := range []string{"Inf]", "to +Inf", "does not differ from itself"} {
			if i := strings.Index(s, wrong); i >= 0 {
				t.Errorf("%s says %q", name, s[max(0, i-80):i+len(wrong)])
			}
		}
		for _, want := range []string{"too few rounds to tell whether mutexmap differs from itself",
			map[string]string{"text": "noise floor unbounded"}[name]} {
			if !strings.Contains(s, want) {
				t.Errorf("%s does not say %q", name, want)
			}
		}
	}
}

// analysed returns the analysis of a run that is closed at the end of the test.
func analysed(t testing.TB, run *store.Run) *diagnose.Analysis {
	t.Helper()
	t.Cleanup(func() { run.Close() })
	a, err := diagnose.Analyse(run)
	if err != nil {
		t.Fatal(err)
	}
	return a
}
