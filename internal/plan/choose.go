package plan

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"crawlbench/internal/crawl"
)

// Choose resolves a list of crawler patterns, in order: a name adds one, * adds all, !name removes
// one. A name may set parameters. A list that begins with !name starts with all.
func Choose(patterns []string, table []crawl.Crawler) ([]crawl.Crawler, error) {
	var chosen []crawl.Crawler
	at := func(list []crawl.Crawler, name string) int {
		return slices.IndexFunc(list, func(c crawl.Crawler) bool { return c.Name == name })
	}
	if len(patterns) > 0 && strings.HasPrefix(patterns[0], "!") {
		chosen = slices.Clone(table)
	}
	for _, p := range patterns {
		if p == "*" {
			for _, c := range table {
				if at(chosen, c.Name) < 0 {
					chosen = append(chosen, c)
				}
			}
			continue
		}
		name, out := strings.CutPrefix(p, "!")
		c, err := Find(table, name)
		if err != nil {
			return nil, fmt.Errorf("plan: %w", err)
		}
		switch j := at(chosen, name); {
		case out && j >= 0:
			chosen = slices.Delete(chosen, j, j+1)
		case !out && j < 0:
			chosen = append(chosen, c)
		}
	}
	if len(chosen) == 0 {
		return nil, fmt.Errorf("plan: the crawlers %q leave none: want some of %s", patterns, names(table))
	}
	return chosen, nil
}

// baselineFirst moves the baseline, "" for the first crawler, to the front.
func baselineFirst(chosen []crawl.Crawler, baseline string) ([]crawl.Crawler, error) {
	if baseline == "" {
		return chosen, nil
	}
	i := slices.IndexFunc(chosen, func(c crawl.Crawler) bool { return c.Name == baseline })
	if i < 0 {
		return nil, fmt.Errorf("plan: the baseline %q is not among the crawlers %s: add it to them, or name "+
			"another baseline", baseline, names(chosen))
	}
	c := chosen[i]
	return slices.Insert(slices.Delete(chosen, i, i+1), 0, c), nil
}

// passes returns the profile passes of the scenario: one for the CPU profile, one for block and
// mutex together, and one for the execution trace of the wall profile. Second entries are not
// profiled, and neither are fleets.
func passes(s *Scenario, cells []Cell, table []crawl.Crawler, cores int) ([]Pass, error) {
	pf := s.Profiles
	if len(pf.Kinds) == 0 {
		return nil, nil
	}
	var impls []string
	if len(pf.Crawlers) > 0 {
		chosen, err := Choose(pf.Crawlers, table)
		if err != nil {
			return nil, fmt.Errorf("profiles: %w", err)
		}
		impls = namesOf(chosen)
	}
	workers, rates := profiledWorkers(pf, cells, cores), profiledRates(pf, s.Rates)
	growth := resolve(pf.Growth, cores)
	has := func(list []string, v string) bool { return len(list) == 0 || slices.Contains(list, v) }
	var list []Pass
	for i, c := range cells {
		if c.IsControl() || c.IsAgainst() || c.Processes > 0 || !has(impls, c.Impl) ||
			!has(pf.Graphs, c.Graph) || !has(pf.Keys, c.Keys) {
			continue
		}
		all := workers(c)
		if !all && !slices.Contains(growth, c.Workers) || !slices.Contains(rates, c.Rate) ||
			c.Cost != cells[0].Cost { // profiles are about the crawler
			continue
		}
		for _, kind := range []string{"cpu", "wall"} {
			if slices.Contains(pf.Kinds, kind) {
				list = append(list, Pass{Cell: i, Kinds: []string{kind}})
			}
		}
		var waits []string
		for _, k := range []string{"block", "mutex"} {
			if all && slices.Contains(pf.Kinds, k) {
				waits = append(waits, k)
			}
		}
		if len(waits) > 0 {
			list = append(list, Pass{Cell: i, Kinds: waits})
		}
	}
	return list, nil
}

// profiledWorkers returns a predicate for cells whose number of workers is profiled: by default the
// crawler's largest.
func profiledWorkers(pf Profiles, cells []Cell, cores int) func(Cell) bool {
	if len(pf.Workers) > 0 {
		chosen := resolve(pf.Workers, cores)
		return func(c Cell) bool { return slices.Contains(chosen, c.Workers) }
	}
	most := map[string]int{}
	for _, c := range cells {
		most[c.Impl] = max(most[c.Impl], c.Workers)
	}
	return func(c Cell) bool { return c.Workers == most[c.Impl] }
}

// profiledRates returns the rates to profile: by default the largest, where inf is the largest of all.
func profiledRates(pf Profiles, rates []Rate) []Rate {
	switch {
	case len(pf.Rates) > 0:
		return pf.Rates
	case slices.Contains(rates, 0):
		return []Rate{0}
	}
	return []Rate{slices.Max(rates)}
}

func names(table []crawl.Crawler) string { return strings.Join(namesOf(table), ", ") }

// counts lists numbers, abbreviated if there are many.
func counts(list []int) string {
	var s []string
	for _, n := range list[:min(len(list), 10)] {
		s = append(s, strconv.Itoa(n))
	}
	if len(list) > len(s) {
		s = append(s, "...")
	}
	return strings.Join(s, ", ")
}
