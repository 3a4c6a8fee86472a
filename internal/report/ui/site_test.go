package ui

import (
	"fmt"
	"html"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/profile/breakdown"
	"crawlbench/internal/report"
	"crawlbench/internal/testing/runtest"
)

// showcase returns a site and the analysis of a fabricated run.
func showcase(t *testing.T) (*Site, *diagnose.Analysis) {
	t.Helper()
	s, err := newSite(false)
	if err != nil {
		t.Fatal(err)
	}
	a, err := diagnose.Analyse(runtest.Showcase(t))
	if err != nil {
		t.Fatal(err)
	}
	return s, a
}

// The pages match their golden files; CRAWLBENCH_GOLDEN=write rewrites them.
func TestPages(t *testing.T) {
	s, a := showcase(t)
	lock, cas := a.Tables[0].Cell("mutexmap", 8), a.Tables[0].Cell("cas", 8)
	pages := map[string]func() ([]byte, error){
		"run":  func() ([]byte, error) { return s.Report(a, "showcase") },
		"cell": func() ([]byte, error) { return s.CellPage(a, "showcase", lock) },
		"matrix": func() ([]byte, error) {
			text, _, err := s.MatrixPage(a, "showcase", "blocked-lock")
			return text, err
		},
		"difference": func() ([]byte, error) {
			return s.DifferencePage(Side{a, "showcase", cas}, Side{a, "showcase", lock})
		},
		"changes": func() ([]byte, error) { return s.ChangesPage(a, "showcase", "", a.Changes, nil) },
	}
	for name, page := range pages {
		text, err := page()
		if err != nil || len(text) == 0 {
			t.Fatalf("%s has %d bytes, error %v", name, len(text), err)
		}
		got := strings.ReplaceAll(string(text), filepath.Dir(a.Run.Dir()), "results")
		file := filepath.Join("testdata", name+".golden")
		if os.Getenv("CRAWLBENCH_GOLDEN") == "write" {
			if err := os.WriteFile(file, []byte(got), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		if want, err := os.ReadFile(file); err != nil || got != string(want) {
			t.Errorf("%s differs (%v); it is now\n%s", file, err, got)
		}
	}
}

// The page of a run shows the texts of the view.
func TestTheRunPageShowsTheView(t *testing.T) {
	s, a := showcase(t)
	text, err := s.Report(a, "showcase")
	if err != nil {
		t.Fatal(err)
	}
	page, p := html.UnescapeString(string(text)), report.View(a, s.cellOfRun)
	list := append(append(append([]string{p.Subtitle}, p.Headlines...), p.Failed...), p.Trust...)
	for _, f := range p.Findings {
		list = append(list, f.Text, f.Check, f.Next)
	}
	for _, want := range list {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not contain %q", want)
		}
	}
	if len(p.Failed) != 3 {
		t.Errorf("failures %q, want those of the control and of the other program as well", p.Failed)
	}
}

// The matrix, the cell's page and the report give a state the same name and share.
func TestAStateHasOneShareOnAllPages(t *testing.T) {
	s, a := showcase(t)
	c := a.Tables[0].Cell("mutexmap", 8)
	states := s.cell(a, "showcase", c).Breakdown.Numbers
	for i, class := range breakdown.States() {
		for _, m := range Measures(a) {
			if m.ID != string(class) {
				continue
			}
			heat := s.heat(c, m, 0, 1, "", "showcase")
			if want := report.Share(c.Traces.Scaled(class)); heat.Text != want ||
				m.Text != states.Rows[i][0].Text {
				t.Errorf("%s: %s in the matrix, called %s, want %s, called %s", class, heat.Text, m.Text, want,
					states.Rows[i][0].Text)
			}
		}
	}
	if got := states.Rows[2]; got[0].Text != "blocked: lock" || got[1].Text != "44 %" || got[2].Text != "40 %" {
		t.Errorf("%+v", got)
	}
}

// The plot and the matrix name a rate as the report does.
func TestARateHasOneNameOnAllPages(t *testing.T) {
	s, a := showcase(t)
	want := map[string]bool{}
	for _, table := range a.Tables {
		want[report.RateName(table.Key)] = true
	}
	if !want["500, burst 20, limiter paced"] || len(want) != 3 {
		t.Fatalf("rates %v", want)
	}
	for _, p := range s.points(a).Cells {
		if !want[p.Rate] {
			t.Errorf("the plot names a rate %q", p.Rate)
		}
	}
	b := blocks(a)[0]
	s.fill(&b, Measures(a)[0], "", "showcase")
	for _, r := range b.Rates {
		if !want[strings.TrimPrefix(r.Text, "rate ")] {
			t.Errorf("the matrix names a rate %q", r.Text)
		}
	}
}

// A difference shows the run's own comparison with its adjusted p, or says that there is none.
func TestADifferenceShowsTheComparisonOfTheRun(t *testing.T) {
	_, a := showcase(t)
	cas, lock := a.Tables[0].Cell("cas", 8), a.Tables[0].Cell("mutexmap", 8)
	x := cas.Versus.Times()
	want := fmt.Sprintf("This has %.2fx [%.2f, %.2f] the throughput of the base; paired by 12 rounds; faster, adjusted p < 0.0001.", x.Value, x.Lo, x.Hi)
	if got := report.DifferenceSentence(cas, lock, true); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	if got := report.DifferenceSentence(cas, a.Tables[0].Cell("cas", 1), true); !strings.Contains(got, "no verdict") ||
		strings.Contains(got, "adjusted p") {
		t.Error(got)
	}
	if got := report.DifferenceSentence(cas, lock, false); !strings.Contains(got, "not paired") {
		t.Error(got)
	}
	if got := report.DifferenceSentence(cas, a.Tables[0].Cell("owner", 1), true); got != "" {
		t.Errorf("a failed cell: %s", got)
	}
}
