package plan

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"crawlbench/internal/crawl"
	"crawlbench/internal/scenario"
)

// choose resolves the patterns of a contender list, in order: a name adds one, * all, !name leaves one out again. A list
// that begins with !name begins with all.
func choose(patterns []string, table []crawl.Contender) ([]crawl.Contender, error) {
	var chosen []crawl.Contender
	at := func(list []crawl.Contender, name string) int {
		return slices.IndexFunc(list, func(c crawl.Contender) bool { return c.Name == name })
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
		i := at(table, name)
		if i < 0 {
			return nil, fmt.Errorf("plan: no contender is called %q; there are %s", name, names(table))
		}
		switch j := at(chosen, name); {
		case out && j >= 0:
			chosen = slices.Delete(chosen, j, j+1)
		case !out && j < 0:
			chosen = append(chosen, table[i])
		}
	}
	if len(chosen) == 0 {
		return nil, fmt.Errorf("plan: the contenders %q leave none; there are %s", patterns, names(table))
	}
	return chosen, nil
}

// baselineFirst moves the baseline, "" for the first contender, to the front.
func baselineFirst(chosen []crawl.Contender, baseline string) ([]crawl.Contender, error) {
	if baseline == "" {
		return chosen, nil
	}
	i := slices.IndexFunc(chosen, func(c crawl.Contender) bool { return c.Name == baseline })
	if i < 0 {
		return nil, fmt.Errorf("plan: the baseline %q is not among the contenders %s: add it to them, or name another baseline", baseline, names(chosen))
	}
	c := chosen[i]
	return slices.Insert(slices.Delete(chosen, i, i+1), 0, c), nil
}

// passes returns the profile passes that the scenario asks for: the CPU profile by itself, block and mutex together, and the
// execution trace for the wall profile by itself. Second entries are not profiled.
func passes(s *scenario.Scenario, cells []Cell, table []crawl.Contender, cores int) ([]Pass, error) {
	pf := s.Profiles
	if len(pf.Kinds) == 0 {
		return nil, nil
	}
	impls := map[string]bool{}
	if len(pf.Contenders) > 0 {
		chosen, err := choose(pf.Contenders, table)
		if err != nil {
			return nil, fmt.Errorf("profiles: %w", err)
		}
		for _, c := range chosen {
			impls[c.Name] = true
		}
	}
	has := func(list []string, v string) bool { return len(list) == 0 || slices.Contains(list, v) }
	var list []Pass
	for i, c := range cells {
		if c.IsControl() || c.IsAgainst() || len(impls) > 0 && !impls[c.Impl] || !has(pf.Graphs, c.Graph) || !has(pf.Keys, c.Keys) {
			continue
		}
		if !profiledWorkers(pf, cells, c, cores) || !profiledRate(pf, s.Rates, c.Rate) {
			continue
		}
		for _, kind := range []string{"cpu", "wall"} {
			if slices.Contains(pf.Kinds, kind) {
				list = append(list, Pass{Cell: i, Kinds: []string{kind}})
			}
		}
		var waits []string
		for _, k := range []string{"block", "mutex"} {
			if slices.Contains(pf.Kinds, k) {
				waits = append(waits, k)
			}
		}
		if len(waits) > 0 {
			list = append(list, Pass{Cell: i, Kinds: waits})
		}
	}
	return list, nil
}

// profiledWorkers reports whether c's number of workers is among those to profile: by default the contender's largest.
func profiledWorkers(pf scenario.Profiles, cells []Cell, c Cell, cores int) bool {
	if len(pf.Workers) > 0 {
		return slices.ContainsFunc(pf.Workers, func(n scenario.Count) bool { return n.Resolve(cores) == c.Workers })
	}
	for _, other := range cells {
		if other.Impl == c.Impl && other.Workers > c.Workers {
			return false
		}
	}
	return true
}

// profiledRate reports whether rate is among those to profile: by default the largest, and inf is larger than any.
func profiledRate(pf scenario.Profiles, rates []scenario.Rate, rate scenario.Rate) bool {
	if len(pf.Rates) > 0 {
		return slices.Contains(pf.Rates, rate)
	}
	if slices.Contains(rates, 0) {
		return rate == 0
	}
	return rate == slices.Max(rates)
}

func names(table []crawl.Contender) string {
	list := make([]string, len(table))
	for i, c := range table {
		list[i] = c.Name
	}
	return strings.Join(list, ", ")
}

func counts(list []scenario.Count, cores int) string {
	var s []string
	for _, c := range list {
		s = append(s, strconv.Itoa(c.Resolve(cores)))
	}
	return strings.Join(s, ", ")
}
