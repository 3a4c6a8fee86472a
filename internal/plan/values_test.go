package plan_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"crawlbench/internal/plan"
)

func TestListsOfFlags(t *testing.T) {
	is := func(got any, err error, want string) {
		t.Helper()
		if err != nil || fmt.Sprint(got) != want {
			t.Errorf("%v, %v; want %s", got, err, want)
		}
	}
	fails := func(err error, want ...string) {
		t.Helper()
		for _, w := range want {
			if err == nil || !strings.Contains(err.Error(), w) {
				t.Errorf("error %v does not say %q", err, w)
			}
		}
	}
	counts, err := plan.ParseCounts("1, 2,4x,65536")
	is(counts, err, "[1 2 4x 65536]")
	for _, bad := range []string{"", "0", "-1", "x", "1,,2", "1.5", "4X", "65537", "99999999999999999999"} {
		_, err := plan.ParseCounts(bad)
		fails(err, "from 1 to 65536", `"4x" for 4 times the cores`)
	}
	_, err = plan.ParseCounts("2,2")
	fails(err, "2 occurs twice in the list")

	rates, err := plan.ParseRates("inf,5000,0.25,1e9")
	is(rates, err, "[inf 5000 0.25 1000000000]")
	for _, bad := range []string{"", "0", "-5", "nan", "Inf", "1e10", "1e-9", "fast"} {
		_, err := plan.ParseRates(bad)
		fails(err, fmt.Sprintf("%q", bad), `"inf"`, "1000000000")
	}
	_, err = plan.ParseRates("5000,5e3")
	fails(err, "5000 occurs twice in the list")

	names, err := plan.ParseNames("cas, *,!owner")
	is(names, err, "[cas * !owner]")
	for _, bad := range []string{"", "a,", "!", "!*", "a-b", "a b", "a/b", "é"} {
		_, err := plan.ParseNames(bad)
		fails(err, "want a name, * for all, or !name")
	}

	seed, err := plan.ParseSeed("18446744073709551615")
	is(seed, err, "18446744073709551615")
	for _, bad := range []string{"", "-1", "1.5", "18446744073709551616"} {
		_, err := plan.ParseSeed(bad)
		fails(err, "whole number from 0 to 18446744073709551615")
	}
}

func TestValuesSurviveJSON(t *testing.T) {
	for _, r := range []plan.Rate{0, 1, 20000, 0.001, 0.1, 123456.789, 1e9} {
		b, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		var back plan.Rate
		if err := json.Unmarshal(b, &back); err != nil || back != r {
			t.Errorf("%v is written %s and read as %v, %v", r, b, back, err)
		}
		if !regexp.MustCompile(`^"[A-Za-z0-9._+]+"$`).Match(b) {
			t.Errorf("%s cannot be a part of a benchmark's name", b)
		}
	}
	var r plan.Rate
	if err := json.Unmarshal([]byte(`"NaN"`), &r); err == nil {
		t.Errorf("NaN is read as %v", r)
	}
	if b, err := json.Marshal([]plan.Count{{N: 8}, {N: 4, PerCore: true}}); err != nil ||
		string(b) != `["8","4x"]` {
		t.Errorf("counts are written %s, %v", b, err)
	}
}

func TestCountsResolve(t *testing.T) {
	if n := (plan.Count{N: 4, PerCore: true}).Resolve(6); n != 24 {
		t.Errorf("4x on 6 cores is %d", n)
	}
	if n := (plan.Count{N: 4}).Resolve(6); n != 4 {
		t.Errorf("4 on 6 cores is %d", n)
	}
}
