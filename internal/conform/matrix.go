package conform

import (
	"fmt"
	"slices"
	"strings"
)

// letters are the kinds in a matrix.
var letters = map[Kind]string{Pass: ".", Fail: "F", Deadlock: "D", Leak: "L", Hang: "H", Panic: "P", Exit: "E",
	Race: "R", Advice: "a", Unfinished: "?"}

// Matrix formats results as a table with a row for each crawler and a column for each check.
func Matrix(results []Result) string {
	var b strings.Builder
	names, checks := axes(results)
	width := 0
	for _, n := range names {
		width = max(width, len(n))
	}
	fmt.Fprintf(&b, "%-*s", width, "")
	for _, c := range checks {
		fmt.Fprintf(&b, "  %s", c)
	}
	b.WriteByte('\n')
	for _, n := range names {
		line := fmt.Sprintf("%-*s", width, n)
		for _, c := range checks {
			for _, v := range results {
				if v.Crawler == n && v.Check == c {
					line += fmt.Sprintf("  %-*s", len(c), letters[v.Kind])
					break
				}
			}
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	b.WriteString("\n. pass  F fail  D deadlock  L leak  H hang  P panic  E exit  R race  a advice\n")
	return b.String()
}

// Survivors returns the crawlers that passed every check.
func Survivors(results []Result) []string {
	names, _ := axes(results)
	return slices.DeleteFunc(names, func(n string) bool {
		return slices.ContainsFunc(results, func(v Result) bool { return v.Crawler == n && !v.Kind.OK() })
	})
}

func axes(results []Result) (names, checks []string) {
	for _, v := range results {
		if !slices.Contains(names, v.Crawler) {
			names = append(names, v.Crawler)
		}
		if !slices.Contains(checks, v.Check) {
			checks = append(checks, v.Check)
		}
	}
	return names, checks
}

// Rates returns a line for each crawler that was not found by the same checks in all runs, with the
// number of runs that found it; "" if there is none.
func Rates(runs [][]Result) string {
	var b strings.Builder
	names, checks := axes(runs[0])
	for _, n := range names {
		found, any := map[string]int{}, 0
		for _, run := range runs {
			hit := false
			for _, v := range run {
				if v.Crawler == n && !v.Kind.OK() {
					found[v.Check]++
					hit = true
				}
			}
			if hit {
				any++
			}
		}
		var by []string
		lucky := any > 0 && any < len(runs)
		for _, c := range checks {
			if k := found[c]; k > 0 {
				by = append(by, fmt.Sprintf("%s %d", c, k))
				lucky = lucky || k < len(runs)
			}
		}
		if lucky {
			fmt.Fprintf(&b, "%s: found in %d of %d runs (%s)\n", n, any, len(runs), strings.Join(by, ", "))
		}
	}
	return b.String()
}
