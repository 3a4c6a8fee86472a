package plan_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"crawlbench/internal/plan"
)

// Values at a limit are allowed; values one step beyond give exactly one error, at that key.
func TestBoundsBelongToWhatIsAllowed(t *testing.T) {
	for _, test := range []struct{ key, allowed, refused string }{
		{"rounds", "1", "0"},
		{"rounds", "10_000", "10_001"},
		{"rate_limited_rounds", "1", "0"},
		{"rate_limited_rounds", "10_000", "10_001"},
		{"seed", "0", "-1"},
		{"sample", `"1ms"`, `"999us"`},
		{"sample", "\"10m\"\ndeadline = \"24h\"", "\"601s\"\ndeadline = \"24h\""},
		{"deadline", "\"100ms\"\nsample = \"1ms\"", "\"99ms\"\nsample = \"1ms\""},
		{"deadline", `"24h"`, `"86401s"`},
		{"deadline", "\"1001ms\"\nsample = \"1s\"", "\"1s\"\nsample = \"1s\""},
		{"turns", "0", "-1"},
		{"turns", "100", "101"},
		{"slice", `"1ms"`, `"999us"`},
		{"slice", `"10s"`, `"10001ms"`},
		{"slices", `"auto"`, `"Auto"`},
		{"slices", `"fixed"`, "true"},
		{"rest", `"0s"`, `"-1ms"`},
		{"rest", `"1h"`, `"3601s"`},
		{"memory", `"65536KiB"`, `"65535KiB"`},
		{"memory", `"64MiB"`, `"63MiB"`},
		{"memory", `"4194304TiB"`, `"8388608TiB"`}, // 2 to the 62nd and the 63rd
		{"burst", "0", "-1"},
		{"burst", "2_147_483_647", "2_147_483_648"},
		{"workers", "1", "0"},
		{"workers", "65536", "65537"},
		{"gomaxprocs", "1024", "1025"},
		{"rate", "0.001", "0.0009"},
		{"rate", "1_000_000_000", "1_000_000_001"},
	} {
		if _, err := plan.Parse("x.toml", []byte(test.key+" = "+test.allowed+"\n"+aGraph)); err != nil {
			t.Errorf("%s = %s: %v", test.key, test.allowed, err)
		}
		_, err := plan.Parse("x.toml", []byte(test.key+" = "+test.refused+"\n"+aGraph))
		var es plan.Errors
		if !errors.As(err, &es) || len(es) != 1 || !strings.HasPrefix(es[0].Key, test.key) || es[0].Line != 1 {
			t.Errorf("%s = %s: %v", test.key, test.refused, err)
		}
	}
}

func TestSizesAreReadToTheByte(t *testing.T) {
	for text, want := range map[string]int64{
		"65537KiB": 65537 << 10, "65MiB": 65 << 20, "3GiB": 3 << 30, "2TiB": 2 << 40, "0.5GiB": 1 << 29,
		"64 MiB": 64 << 20,
	} {
		s, err := plan.Parse("x.toml", []byte("memory = \""+text+"\"\n"+aGraph))
		if err != nil || s.Memory != want {
			t.Errorf("%s is read as %+v, %v; want %d", text, s, err, want)
		}
	}
}

func TestNamesHaveTheseCharactersAndNoOthers(t *testing.T) {
	if names, err := plan.ParseNames("azAZ09._+"); err != nil || len(names) != 1 {
		t.Errorf("%v, %v", names, err)
	}
	for _, c := range "`{@[/:!*" { // the characters next to a, z, A, Z, 0 and 9
		if _, err := plan.ParseNames("a" + string(c)); err == nil {
			t.Errorf("%q is accepted in a name", c)
		}
	}
}

func TestRatesAreReadToTheLastDigit(t *testing.T) {
	if s := parse(t, "rate = [12345.678, 99999]\n"+aGraph); s.Rates[0] != 12345.678 || s.Rates[1] != 99999 {
		t.Errorf("rates %v", s.Rates)
	}
}

func TestReadTimesAreExact(t *testing.T) {
	s := parse(t, "sample = \"1ms\"\ndeadline = \"24h\"\n"+aGraph)
	if s.Sample != time.Millisecond || s.Deadline != 24*time.Hour {
		t.Errorf("sample %v, deadline %v", s.Sample, s.Deadline)
	}
}

func TestEveryGraphMustBeATable(t *testing.T) {
	_, err := plan.Parse("x.toml", []byte("graph = [1,\n\"a\"]\n"))
	var es plan.Errors
	if !errors.As(err, &es) || len(es) != 2 || es[0].Line != 1 || es[1].Line != 2 ||
		!strings.Contains(es[0].Msg, "have a whole number") || !strings.Contains(es[1].Msg, "have text") {
		t.Errorf("%v", err)
	}
}

// The decoder refuses tables below an inline array, before down looks for its last element.
func TestTablesBelowAWrittenArrayAreRefused(t *testing.T) {
	for _, text := range []string{"a = []\n[a.b]\n", "a = []\n[[a]]\n", "a = []\na.b = 1\n", "a = [{}]\n[a.b]\n"} {
		_, err := plan.Parse("x.toml", []byte(text+aGraph))
		var es plan.Errors
		if !errors.As(err, &es) || len(es) != 1 || es[0].Line != 2 {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// A list that begins with an exclusion starts with all crawlers.
func TestBaselineMayBeAmongThoseThatAreNotLeftOut(t *testing.T) {
	if s := parse(t, "crawlers = [\"!a\"]\nbaseline = \"b\"\n"+aGraph); s.Baseline != "b" {
		t.Errorf("baseline %q", s.Baseline)
	}
	_, err := plan.Parse("x.toml", []byte("crawlers = [\"!a\"]\nbaseline = \"a\"\n"+aGraph))
	if err == nil || !strings.Contains(err.Error(), "not among the crawlers") {
		t.Errorf("an excluded baseline: %v", err)
	}
}

func TestControlIsReadAsItIsWritten(t *testing.T) {
	for text, want := range map[string]bool{"": true, "control = true\n": true, "control = false\n": false} {
		if s := parse(t, text+aGraph); s.Control != want {
			t.Errorf("%q: control %v", text, s.Control)
		}
	}
	for _, bad := range []string{`"true"`, "1", "[true]"} {
		_, err := plan.Parse("x.toml", []byte("control = "+bad+"\n"+aGraph))
		if err == nil || !strings.Contains(err.Error(), "x.toml:1:") ||
			!strings.Contains(err.Error(), "control: want true or false") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
