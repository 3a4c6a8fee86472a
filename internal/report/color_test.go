package report

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"crawlbench/internal/plan"
	"crawlbench/internal/testing/runtest"
)

// A crawler has one colour: in any picture, in any company, and as its own control.
func TestColorsBelongToCrawlers(t *testing.T) {
	seen := map[int]string{}
	for _, name := range colors() {
		c := ColorOf(name)
		if other, ok := seen[c]; ok {
			t.Errorf("%s and %s have the same colour", name, other)
		}
		seen[c] = name
		if ColorOf(plan.Control(name)) != c {
			t.Errorf("the control of %s has another colour", name)
		}
	}
	if c := ColorOf("somebody's"); c < hues || c >= hues*dashes || c != ColorOf("somebody's") {
		t.Errorf("an unknown crawler has colour %d", c)
	}
	if colorClass(3) != "s3" || colorClass(hues+3) != "s3 d1" || colorClass(2*hues) != "s0 d2" {
		t.Errorf("%q, %q", colorClass(3), colorClass(hues+3))
	}
	a := showcase(t)
	for _, s := range View(a, fragmentOf).Sections {
		for _, f := range s.Figures {
			if f.Live == nil {
				continue
			}
			for _, l := range f.Live.Series {
				if l.Color != ColorOf(l.Name) {
					t.Errorf("%s: %s has colour %d", f.Title, l.Name, l.Color)
				}
			}
		}
	}
}

// The legends of two runs with different lists give each crawler the same colour.
func TestColorsDoNotDependOnTheRun(t *testing.T) {
	key := regexp.MustCompile(`class="(s\d(?: d\d)?) line" stroke-width="3"/><text[^>]*>([^<]+)</text>`)
	seen := map[string]string{}
	shared := map[string]int{}
	for _, list := range []string{`"mutexmap", "owner", "cas", "xsync"`, `"cas", "xsync", "level", "mutexmap"`} {
		p, err := runtest.Plan("crawlers = ["+list+"]\nworkers = [1, 2]\nrounds = 6\n[[graph]]\nname = \"g\"\nkind = \"rmat\"\nscale = 10\n", false)
		if err != nil {
			t.Fatal(err)
		}
		run, err := runtest.Run{Plan: p, Noise: 0.01, Speed: func(plan.Cell, int) float64 { return 1e5 }}.Write(
			filepath.Join(t.TempDir(), "run"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range View(analysed(t, run), fragmentOf).Sections[0].Figures {
			for _, m := range key.FindAllStringSubmatch(f.SVG, -1) {
				class, name := m[1], m[2]
				if was, ok := seen[name]; ok && was != class {
					t.Errorf("%s has class %q in one picture and %q in another", name, was, class)
				}
				seen[name] = class
				shared[list+name]++
			}
		}
	}
	if len(shared) < 8 || seen["mutexmap"] == "" || seen["mutexmap"] == seen["cas"] {
		t.Errorf("%v", shared)
	}
}

func TestFlameLabelsFit(t *testing.T) {
	for _, name := range []string{"mmmmmmmmmmmm", "iiiiiiiiiiii", "runtime.mallocgc", "WWW", "…", ""} {
		for room := 0.0; room < 120; room += 3 {
			label := fitted(name, room)
			wide := 0.0
			for _, r := range label {
				wide += letterWidth(r)
			}
			if wide > room+1e-9 || label != name && label != "" && !strings.HasPrefix(label, "…") ||
				!strings.HasSuffix(name, strings.TrimPrefix(label, "…")) {
				t.Errorf("%q in %v is %q, %v wide", name, room, label, wide)
			}
		}
	}
	if got := fitted("runtime.mallocgc", 1000); got != "runtime.mallocgc" {
		t.Errorf("%q", got)
	}
}
