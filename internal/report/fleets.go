package report

import (
	"fmt"
	"maps"
	"slices"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plain"
)

// Titles and descriptions of what fleets did.
const (
	fleetsTitle = "Fleets"

	fleetCrawlsAbout = "Several processes share a crawl. Clients and server: processor time per page, of all " +
		"processes together and of their server. Calls: to the server, per page. Least/most: pages of the process " +
		"that fetched the fewest, divided by those of the process that fetched the most."
	fleetLimitsAbout = "Several processes share a limit. Achieved: pages/s divided by the rate. Worst: of all " +
		"windows of at least 100 ms, the pages let through over rate x length + burst; shorter windows would show " +
		"late wake-ups rather than the limiter. Calls: to the server, per grant. Least/most: grants of the process " +
		"with the fewest, divided by those of the process with the most. Clients and server: processor time per " +
		"page, of all processes together and of their server."
)

// fleets returns the tables of what fleets did in a topic: the crawls that they shared, and the limits.
func fleets(a *diagnose.Analysis, t *topic) []Table {
	crawls := Table{About: fleetCrawlsAbout, Brief: Part(t.Key) + ": crawls that processes share, processor time per page",
		Head: []string{"crawler", "processes", "workers", "pages/s", "clients", "server", "calls", "least/most"}}
	limits := Table{About: fleetLimitsAbout, Brief: Part(t.Key) + ": limits that processes share",
		Head: []string{"limiter", "rate", "crawler", "processes", "achieved", "worst", "calls", "least/most",
			"clients", "server"}}
	for _, table := range t.tables {
		for c := range table.Cells() {
			switch {
			case c.Fleet == nil || !c.Sound():
			case c.Rate > 0:
				limits.add(fleetLimit(a, table, c)...)
			default:
				crawls.add(c.Impl, fmt.Sprint(c.Processes), fmt.Sprint(c.Workers), SI(c.Summary.Center),
					plain.Seconds(c.CPU),
					ofServer(c), known("%.2g", c.Counts["server calls"]), fmt.Sprintf("%.2f", c.Fleet.LeastToMost))
			}
		}
	}
	return []Table{crawls, limits}
}

// fleetLimit returns the row of a cell with a rate.
func fleetLimit(a *diagnose.Analysis, t *diagnose.Table, c *diagnose.Cell) []string {
	achieved, window := "-", "-"
	if c.Pace != nil && c.Pace.Asked > 0 {
		achieved = fmt.Sprintf("%.3f", c.Pace.Achieved/c.Pace.Asked)
		window = fmt.Sprintf("%.2f", c.Pace.Worst)
	}
	name := t.LimiterName()
	if a.Run.Manifest().WrongLimiters[name] != "" {
		name += " (wrong)"
	}
	if n := len(t.Workers); n > 1 {
		name += ", " + plain.Count(c.Workers, "worker")
	}
	return []string{name, t.Rate.String(), c.Impl, fmt.Sprint(c.Processes), achieved, window,
		known("%.2g", c.Fleet.Calls), fmt.Sprintf("%.2f", c.Fleet.LeastToMost), plain.Seconds(c.CPU), ofServer(c)}
}

// fleetMethod says what fleets did and how that was verified; "" if there were none.
func fleetMethod(a *diagnose.Analysis) string {
	if !a.Run.Plan().Fleets() {
		return ""
	}
	text := "each process is a real one, with its own workers and its own GOMAXPROCS; they start together, and the " +
		"time of a crawl is from the first start to the last end. Where they share a crawl, all together must have " +
		"fetched each page exactly once. Where they share only a limit, each crawls and verifies its own copy of the " +
		"graph, and the grants of all are counted together"
	wrong := a.Run.Manifest().WrongLimiters
	for _, name := range slices.Sorted(maps.Keys(wrong)) {
		text += fmt.Sprintf("; limiter %s is wrong on purpose: %s", name, wrong[name])
	}
	if server := a.Run.Manifest().Server; server != "" {
		text += "; server: " + server
	}
	return text
}

// fleetOf returns the JSON of a fleet; nil if one process crawled alone.
func fleetOf(c *diagnose.Cell) *fleetJSON {
	if c.Fleet == nil {
		return nil
	}
	j := &fleetJSON{ServerCPU: number(c.ServerCPU), ServerCalls: number(c.Counts["server calls"]),
		LeastToMost: number(c.Fleet.LeastToMost), Skew: number(c.Fleet.Skew), Calls: number(c.Fleet.Calls)}
	if c.Pace != nil && c.Pace.Asked > 0 {
		j.Achieved, j.Worst = number(c.Pace.Achieved/c.Pace.Asked), number(c.Pace.Worst)
	}
	return j
}

// ofServer formats the processor time of the server per page.
func ofServer(c *diagnose.Cell) string {
	if c.ServerCPU == 0 {
		return "-"
	}
	return plain.Seconds(c.ServerCPU)
}

// known formats x; 0 means that it is not known.
func known(format string, x float64) string {
	if x == 0 {
		return "-"
	}
	return fmt.Sprintf(format, x)
}
