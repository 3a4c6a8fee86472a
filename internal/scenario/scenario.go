// Package scenario reads the description of an experiment: graphs, the site's behaviour, crawlers,
// the axes of the sweep and how to measure. It is the first step of the data flow; package plan
// multiplies the axes into cells.
//
// A scenario is a TOML file, one of those embedded by package scenarios or a user's own. Reading is
// strict: an unknown key, a wrong type and an impossible value are errors with their position, and
// all of them are reported at once.
package scenario

import (
	"time"

	"crawlbench/internal/graph"
	"crawlbench/internal/web"
)

// Scenario is an experiment as its author wrote it: counts that depend on the machine and patterns
// over the crawlers are not resolved yet.
type Scenario struct {
	// Name is the file's base name without .toml, and the beginning of the names of its runs.
	Name string
	// Doc is a sentence on what the scenario shows.
	Doc string
	// File is where it was read from; "" for an embedded one. Relative files of graphs are relative to its directory.
	File string
	// Text is the file, byte for byte.
	Text string

	// Crawlers are names of crawlers and patterns in order: a name, * for all, !name to leave one
	// out.
	Crawlers []string
	// Baseline is the crawler that the others are compared with.
	Baseline string
	// Control says whether the baseline enters a second time under another name, as the A/A
	// control.
	Control bool
	// Against says whether every crawler enters a second time as another program has it. It cannot
	// be set in a file.
	Against bool

	Graphs  []Graph
	Keys    []string // "id" and "url"
	Workers []Count
	Rates   []Rate
	// Bursts are bucket sizes of the limiter in pages; 0 means 10 ms worth of the rate, at least 1.
	Bursts []int
	// Limiters are names of limiter.All; "" means limiter.Default.
	Limiters []string
	Procs    []Count // GOMAXPROCS

	Fetch web.Behaviour

	// Rounds is how often every cell is measured.
	Rounds int
	// Sample is the least length of a sample; shorter crawls are repeated within it.
	Sample time.Duration
	// Deadline ends a sample that hangs.
	Deadline time.Duration
	// Memory bounds the data segment of one child process in bytes; 0 means the free memory of the
	// machine.
	Memory int64
	// Seed determines the order of the cells, and the graphs and the site that have no seed of
	// their own.
	Seed uint64

	Profiles Profiles

	// ownSeed has the graphs, and "" for the site, that name a seed themselves.
	ownSeed map[string]bool
}

// Graph is a graph and its name in cells.
type Graph struct {
	Name string
	Spec graph.Spec
}

// Profiles says which cells are profiled, and how. Empty lists of crawlers, graphs and keys mean
// all of them.
type Profiles struct {
	Kinds    []string // of "cpu", "block", "mutex"; none: no profiles
	Crawlers []string // as Scenario.Crawlers
	Graphs   []string
	Keys     []string
	Workers  []Count // empty: the largest count only
	Rates    []Rate  // empty: the largest rate only, which is inf where there is one
	// Length is the time for which a pass crawls.
	Length time.Duration
}

// Count is a number of workers or processors: N, or N times the number of cores.
type Count struct {
	N       int
	PerCore bool
}

// Resolve returns the number on a machine with that many cores.
func (c Count) Resolve(cores int) int {
	if c.PerCore {
		return c.N * cores
	}
	return c.N
}

// Rate is a number of pages a second; 0 means no limit, written inf.
type Rate float64
