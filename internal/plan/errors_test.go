package plan_test

import (
	"cmp"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"crawlbench/internal/plan"
)

const golden = "testdata/errors.golden"

// The golden file has cases separated by a line of dashes: a scenario, a line ">>>", and the
// errors. A graph is appended to a scenario without one. CRAWLBENCH_GOLDEN=write rewrites the file.
func TestErrorsAreThoseOfTheGoldenFile(t *testing.T) {
	text, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	var now []string
	for _, c := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n---\n") {
		input, want, _ := strings.Cut(c, "\n>>>\n")
		full := input + "\n"
		if !strings.Contains(full, "graph") {
			full += aGraph
		}
		_, err := plan.Parse("x.toml", []byte(full))
		if err == nil {
			t.Errorf("no error in\n%s", input)
			continue
		}
		check(t, full, err)
		got := err.Error()
		if got != want {
			t.Errorf("%s\nhave\n%s\nwant\n%s", input, got, want)
		}
		now = append(now, input+"\n>>>\n"+got)
	}
	if os.Getenv("CRAWLBENCH_GOLDEN") == "write" {
		if err := os.WriteFile(golden, []byte(strings.Join(now, "\n---\n")+"\n"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// check fails the test unless err is of type Errors, with positions in text, in order.
func check(t *testing.T, text string, err error) {
	t.Helper()
	var es plan.Errors
	if !errors.As(err, &es) || len(es) == 0 {
		t.Fatalf("error %#v of %q", err, text)
	}
	lines := strings.Split(strings.TrimPrefix(text, "\ufeff"), "\n")
	for _, e := range es {
		if e.Line < 1 || e.Line > len(lines) || e.Col < 1 || e.Col > len(lines[e.Line-1])+1 {
			t.Errorf("%v lies outside of %q", e, text)
		} else if e.Source != strings.TrimRight(lines[e.Line-1], "\r") {
			t.Errorf("%v shows %q as line %d", e, e.Source, e.Line)
		}
		if e.Msg == "" {
			t.Errorf("an error in %q has no message", text)
		}
	}
	if n := len(err.Error()); n > 20_000 {
		t.Errorf("an error of %d bytes", n)
	}
	inOrder := func(a, b *plan.Error) int { return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col)) }
	if !slices.IsSortedFunc(es, inOrder) {
		t.Errorf("errors out of order: %v", es)
	}
}

func TestControlCharactersAreEscaped(t *testing.T) {
	for _, text := range []string{"doc = \"\x1b[2J\"\n", "\"\\u001b[2J\" = 1\n",
		"[[graph]]\nname = \"g\"\nkind = \"\\u001b[2J\"\n"} {
		if _, err := plan.Parse("x.toml", []byte(text)); err == nil || strings.ContainsRune(err.Error(), '\x1b') {
			t.Errorf("%q: error %q", text, err)
		}
	}
}

func TestTheCaretIsBelowThePosition(t *testing.T) {
	_, err := plan.Parse("x.toml", []byte("\"é\"\t= 1\n\tröunds\t= 2\n\t\"ü\" =\t5 # x\n"))
	if err == nil {
		t.Fatal("no error")
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != 3 || lines[1] != "    \tröunds\t= 2" || lines[2] != "    \t ^" {
		t.Errorf("%q", lines)
	}
}

func TestNearest(t *testing.T) {
	names := []string{"workers", "rounds", "rate"}
	for typed, want := range map[string]string{
		"worker": "workers", "Workers": "workers", "rats": "rate", "ruonds": "rounds", "workers": "workers", "xyz": "",
		"": "",
	} {
		if want != "" {
			want = " (did you mean " + want + "?)"
		}
		if got := plan.Nearest(typed, names); got != want {
			t.Errorf("%q: %q, want %q", typed, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	text, err := os.ReadFile(golden)
	if err != nil {
		f.Fatal(err)
	}
	for _, c := range strings.Split(string(text), "\n---\n") {
		input, _, _ := strings.Cut(c, "\n>>>\n")
		f.Add(input)
	}
	f.Add(aGraph)
	f.Fuzz(func(t *testing.T, text string) {
		s, err := plan.Parse("x.toml", []byte(text))
		if err != nil {
			check(t, text, err)
			return
		}
		if s.Text != text || len(s.Graphs) == 0 || len(s.Crawlers) == 0 || len(s.Workers) == 0 || len(s.Rates) == 0 ||
			len(s.Keys) == 0 || len(s.Bursts) == 0 || len(s.Procs) == 0 || s.Sample >= s.Deadline {
			t.Errorf("%q gives %+v", text, s)
		}
	})
}
