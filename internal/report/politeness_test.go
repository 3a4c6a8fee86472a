package report

import (
	"bytes"
	"strings"
	"testing"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plain/screen"
	"crawlbench/internal/plan"
	"crawlbench/internal/store"
	"crawlbench/internal/testing/runtest"
	"crawlbench/internal/web/hostlog"
)

// politely returns the analysis of a fabricated run of a scenario with a policy. idle is the unforced idleness of
// sleeper.
func politely(t *testing.T, simulated bool, idle float64) *diagnose.Analysis {
	t.Helper()
	toml := "crawlers = [\"hostheap\", \"sleeper\", \"cas\"]\nworkers = [8]\n[politeness]\ngap = \"1s\"\n[[graph]]\nname = \"g\"\n" +
		"doc = \"twenty hosts\"\nkind = \"even\"\npages = 1000\nhosts = 20\n"
	if simulated {
		toml = "simulated = true\n" + toml
	}
	p, err := runtest.Plan(toml, false)
	if err != nil {
		t.Fatal(err)
	}
	row := func(first string) string { return first + strings.Repeat(".", 80-len(first)) }
	r := runtest.Run{Plan: p, Noise: 0.01, Manifest: store.Manifest{Scenario: "x", State: store.Complete,
		Polite: []string{"hostheap", "sleeper"}},
		Speed: func(c plan.Cell, _ int) float64 { return map[string]float64{"cas": 1000}[c.Impl] + 100 },
		Change: func(c plan.Cell, rec *store.Record) {
			s := &hostlog.Summary{Polite: true, Makespan: 50, Bound: 40, Others: 30, Gaps: 980, Peak: 1,
				Tolerance: 2e-9, Hosts: []uint32{0, 9}, Strips: []string{row("##"), row("!!")}, StripEnd: 60}
			switch c.Crawler() {
			case "sleeper":
				s.Makespan, s.Idle = 150, idle
			case "cas":
				s.Polite, s.Broken, s.Least, s.Peak = false, 970, 0.25, 7
			}
			rec.Sample.Polite, rec.Sample.PerHost = s, 123
		}}
	run, err := r.Write(t.TempDir() + "/run")
	if err != nil {
		t.Fatal(err)
	}
	return analysed(t, run)
}

func TestPolitenessIsInEachFormat(t *testing.T) {
	for _, simulated := range []bool{true, false} {
		a := politely(t, simulated, 2500)
		for name, text := range renderings(t, a) {
			for _, want := range []string{"90 % of other hosts", "50.0 s", "1.25", "2500.0 s", "970", "0.2 s",
				"in flight at one host", "g, 8 workers", "twenty hosts"} {
				if !strings.Contains(text, want) {
					t.Errorf("simulated %v: %s lacks %q", simulated, name, want)
				}
			}
			if got := strings.Contains(text, "Simulated in virtual time"); got != simulated {
				t.Errorf("simulated %v: %s says that it is simulated: %v", simulated, name, got)
			}
			if got := strings.Contains(text, "123"); !simulated && !got {
				t.Errorf("%s lacks the bytes per host", name)
			}
		}
		// The fastest crawler knows no hosts, and is not recommended.
		if best := a.Tables[0].Fastest(); best == nil || best.KnowsNoHosts || !a.Tables[0].Cell("cas", 8).KnowsNoHosts {
			t.Errorf("simulated %v: the fastest is %v", simulated, best)
		}
		for _, s := range append(fullPage(a).Headlines, fullPage(a).Summary) {
			if strings.Contains(s, "cas is fastest") || strings.Contains(s, "use cas") {
				t.Errorf("simulated %v: cas is recommended: %s", simulated, s)
			}
		}
		var out bytes.Buffer
		if err := JSON(&out, a); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{`"unforced_idle_sec": 2500`, `"broken_gaps": 970`,
			`"peak_in_flight_at_a_host": 7`} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("simulated %v: JSON lacks %s", simulated, want)
			}
		}
		if got := strings.Contains(out.String(), `"simulated": true`); got != simulated {
			t.Errorf("simulated %v: JSON says %v", simulated, got)
		}
	}
}

// A simulated run has no statistics and no machine, and nobody is asked to disbelieve it.
func TestASimulatedRunHasNoStatistics(t *testing.T) {
	a := politely(t, true, 2500)
	p := fullPage(a)
	if p.Untrusted || len(p.Cells) > 0 || len(p.Findings) > 0 || len(p.Trust) != 1 {
		t.Errorf("%+v", p)
	}
	want := "g, 8 workers: hostheap left no worker idle while a host was ready; idle without need: sleeper for 2500.0 s " +
		"(makespan 3.00 times the shortest)."
	if len(p.Headlines) != 2 || p.Headlines[0] != want ||
		!strings.Contains(p.Headlines[1], "know no hosts: cas: they do") {
		t.Errorf("%q, want %q", p.Headlines, want)
	}
	for _, s := range p.Sections {
		for _, g := range s.Groups {
			if g.Title == throughputTitle || g.Title == hostCostTitle {
				t.Errorf("it has a table %q", g.Title)
			}
		}
	}
}

// The picture and the lines of a terminal show the same columns.
func TestStripsAreDrawn(t *testing.T) {
	a := politely(t, true, 1)
	text := Text(a, Terminal{})
	for _, want := range []string{"  |##....", "  |!!....", "\nhostheap\n", "\nsleeper\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("the terminal lacks %q:\n%s", want, text)
		}
	}
	f := stripsFigure(a.Tables[0], 8)
	// Two crawlers, each with a busy host, a ready one, and the gap of both, and one in the legend.
	for class, want := range map[string]int{"k-busy": 2 + 1, "k-ready": 2 + 1, "k-gap": 4 + 1} {
		if got := strings.Count(f.SVG, `class="`+class+`"`); got != want {
			t.Errorf("%d rectangles %s, want %d", got, class, want)
		}
	}
	if len(f.Numbers.Rows) != 2 || f.Numbers.Rows[0][1].Text != "1 %" {
		t.Errorf("numbers %+v", f.Numbers.Rows)
	}
}

func TestTwoSimulatedRunsAreCompared(t *testing.T) {
	text := PolitenessChanges(politely(t, true, 2500), politely(t, true, 100), screen.Screen{})
	for _, want := range []string{"hostheap", "2500.0 s", "100.0 s", "sleeper"} {
		if !strings.Contains(text, want) {
			t.Errorf("it lacks %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "cas") {
		t.Errorf("it has a crawler that knows no hosts:\n%s", text)
	}
}

// In a narrow terminal columns of a strip share one, and a host that was ready for a quarter of it is still seen.
func TestStripsFitTheTerminal(t *testing.T) {
	text := Text(politely(t, true, 1), Terminal{Screen: screen.Screen{Width: 50}})
	for line := range strings.SplitSeq(text, "\n") {
		if strings.HasPrefix(line, "  |") && len(line) > 50 {
			t.Errorf("a line of %d columns: %s", len(line), line)
		}
	}
	if !strings.Contains(text, "  |!...") || !strings.Contains(text, "1.5 s a column") {
		t.Errorf("the strips are lost:\n%s", text)
	}
}
