package plan

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"crawlbench/internal/crawl"
)

// maxProcesses bounds the size of a fleet. Each process is a real one, on this machine.
const maxProcesses = 64

// ParseProcesses parses a comma-separated list of numbers of processes: 1,2,4.
func ParseProcesses(s string) ([]int, error) {
	return parseList(s, func(s string) (int, error) {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > maxProcesses {
			return 0, fmt.Errorf("invalid number of processes %s: want a number from 1 to %d", quoted(s), maxProcesses)
		}
		return n, nil
	})
}

// parseLimiter parses the name of a limiter. A name that resembles none of the known ones is accepted, and checked by
// Make: a program that runs the scenario can have more limiters than the one that only lists it.
func (s *Scenario) parseLimiter(name string) (string, error) {
	_, err := parseWord(name, "limiter", s.limiters)
	if err != nil && ValidName(name) && len(name) <= maxName && Nearest(name, s.limiters) == "" {
		return name, nil
	}
	return name, err
}

// fleets holds the names of the crawlers and limiters that are made for fleets.
type fleets struct{ crawlers, limiters map[string]bool }

func fleetsOf(crawlers []crawl.Crawler, limiters []crawl.LimiterKind) fleets {
	f := fleets{map[string]bool{}, map[string]bool{}}
	for _, c := range crawlers {
		f.crawlers[c.Name] = c.Fleet
	}
	for _, k := range limiters {
		f.limiters[k.Name] = k.Fleet
	}
	return f
}

// limits reports whether the limiter of a cell is made for fleets.
func (f fleets) limits(c Cell) bool { return c.Rate > 0 && f.limiters[c.Limiter] }

// set sets the number of processes of a cell, and reports whether there is such a cell. A crawler or a limiter that is
// made for fleets runs in a fleet even with one process, since it needs the server. Other crawlers run alone. Several
// processes must share the rate of the cell, if it has one, and otherwise the crawl.
func (f fleets) set(c *Cell, n int) bool {
	shares, limits := f.crawlers[c.Impl], f.limits(*c)
	if !shares && !limits {
		return n == 1
	}
	c.Processes = n
	return n == 1 || limits || c.Rate == 0
}

// count returns how many of the given numbers of processes a crawler is measured with, at a rate and with a limiter.
func (f fleets) count(c crawl.Crawler, r Rate, limiter string, processes []int) (n int) {
	for _, p := range processes {
		if f.set(&Cell{Impl: c.Name, Rate: r, Limiter: limiter}, p) {
			n++
		}
	}
	return n
}

// withoutFleets returns the crawlers that are not made for fleets: these are what * means in a scenario without
// processes.
func withoutFleets(table []crawl.Crawler) []crawl.Crawler {
	return slices.DeleteFunc(slices.Clone(table), func(c crawl.Crawler) bool { return c.Fleet })
}

// checkFleets returns an error if the program does not have a limiter, or a fleet cannot run the scenario.
func (s *Scenario) checkFleets(table []crawl.Crawler, limiters []crawl.LimiterKind) error {
	var names []string
	for _, k := range limiters {
		names = append(names, k.Name)
	}
	for _, name := range s.Limiters {
		if name != "" && !slices.Contains(names, name) {
			return fmt.Errorf("no limiter %q%s: want one of %s", name, Nearest(name, names), strings.Join(names, ", "))
		}
	}
	if len(s.Processes) > 0 {
		switch {
		case s.Simulated:
			return fmt.Errorf("processes: a simulated scenario has no processes: remove processes, or choose another scenario")
		case s.Politeness != nil:
			return fmt.Errorf("processes: gaps are not verified across processes of a run, which the tests of " +
				"bench/redis do: leave out the processes or [politeness]")
		case slices.Contains(s.Transports, HTTP):
			return fmt.Errorf("processes: a fleet does not crawl over HTTP: remove processes or the transport http")
		}
		return nil
	}
	for _, p := range s.Crawlers {
		if c, err := Find(table, p); err == nil && c.Fleet {
			return fmt.Errorf("crawler %s is made for fleets: set the number of processes, such as processes = [1, 2, "+
				"4] or -processes 1,2,4", p)
		}
	}
	return nil
}

// checkShared returns an error if some crawler, or some number of processes, has no cell, because nothing would be
// shared.
func (f fleets) checkShared(s *Scenario, chosen []crawl.Crawler, cells []Cell) error {
	for _, c := range chosen {
		if !f.crawlers[c.Name] && len(s.Processes) > 0 &&
			!slices.ContainsFunc(cells, func(x Cell) bool { return x.Impl == c.Name }) {
			return fmt.Errorf("crawler %s is not made for fleets: each of its processes would crawl everything: list "+
				"1 among the processes, choose another crawler, or set a rate with a limiter that fleets "+
				"share%s", CrawlerOf(c.Name),
				f.examples())
		}
	}
	for _, n := range s.Processes {
		if n > 1 && !slices.ContainsFunc(cells, func(c Cell) bool { return c.Processes == n }) {
			return fmt.Errorf("%d processes would share nothing: no crawler and no limiter is made for fleets: choose "+
				"such a crawler, or a rate with such a limiter%s", n, f.examples())
		}
	}
	return nil
}

// checkProfiles returns an error if profiles are asked for and no cell is profiled because all are crawled by fleets.
func (p *Plan) checkProfiles(s *Scenario) error {
	alone := slices.ContainsFunc(p.Cells, func(c Cell) bool { return c.Processes == 0 })
	if len(s.Profiles.Kinds) > 0 && len(p.Passes) == 0 && !alone {
		return fmt.Errorf("profiles: fleets are not profiled, and all cells are of fleets: leave out the profiles " +
			"(-profile none), or add a crawler that crawls alone")
	}
	return nil
}

// examples returns the limiters that are made for fleets, in parentheses; "" if there are none.
func (f fleets) examples() string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(f.limiters)) {
		if f.limiters[name] {
			names = append(names, name)
		}
	}
	if names == nil {
		return ""
	}
	return " (" + strings.Join(names, ", ") + ")"
}

// Share returns the page budget of each process if the processes share only the limit. Together they have the budget of
// the cell.
func (c Cell) Share() int {
	n := max(1, c.Processes)
	return (c.MaxPages + n - 1) / n
}

// Fleets reports whether a fleet crawls any cell of the plan.
func (p *Plan) Fleets() bool {
	return slices.ContainsFunc(p.Cells, func(c Cell) bool { return c.Processes > 0 })
}
