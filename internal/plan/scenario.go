package plan

import (
	"time"

	"crawlbench/internal/graph"
)

// Scenario is an experiment as written: counts that depend on the machine, and patterns of
// crawlers, are not resolved.
type Scenario struct {
	// Name is the file's base name without .toml, and the beginning of the names of its runs.
	Name string
	// Doc says in a sentence what the scenario shows.
	Doc string
	// File is the path of the file; "" for an embedded one. Paths of graph files are relative to its directory.
	File string
	// Text is the content of the file.
	Text string

	// Crawlers are names of crawlers and patterns in order: a name, * for all, !name to exclude one.
	Crawlers []string
	// Baseline is the crawler that the others are compared with.
	Baseline string
	// Control says whether the baseline is measured a second time, as the A/A control.
	Control bool
	// Against says whether every crawler is also measured with another program. It cannot be set in a file.
	Against bool

	Graphs []Graph
	Keys   []string // "id" and "url"
	// Transports are how pages come to the crawler: Memory and HTTP, which names pages by URL only. None means Memory.
	Transports []Transport
	Workers    []Count
	Rates      []Rate
	// Bursts are bucket sizes of the limiter in pages; 0 means the pages of 10 ms at the rate, at least 1.
	Bursts []int
	// Limiters are names of limiters; "" means limiter.Default.
	Limiters []string
	// Processes are numbers of processes that share a crawl or a limit. None means 1, and that the pattern * does not
	// select crawlers that are made for fleets.
	Processes []int
	Procs     []Count // GOMAXPROCS
	// Costs are the costs of a fetch to measure with; none means what Fetch says.
	Costs []Cost

	Fetch graph.Behaviour
	// Politeness is what crawlers may ask of each host; nil without a table [politeness].
	Politeness *Politeness
	// Simulated says that the scenario is crawled in virtual time. Nothing is measured then.
	Simulated bool

	// Rounds is the largest number of samples of a cell, and RateLimitedRounds that of cells with a rate
	// in a scenario that has others too.
	Rounds, RateLimitedRounds int
	// Stop says whether a crawler leaves the run when all its comparisons are settled.
	Stop bool
	// Sample is the minimum length of a sample in a fresh process; shorter crawls are repeated.
	Sample time.Duration
	// Turns is how often each crawler of a block crawls, Slice how long at least, and Rest the least
	// time between two blocks of the same cells; 0 turns: every sample is a fresh process.
	Turns       int
	Slice, Rest time.Duration
	// AutoSlices says that Turns and Slice are to be measured before the run; until then they are the defaults.
	AutoSlices bool
	// Deadline is the time after which a sample counts as hanging.
	Deadline time.Duration
	// Memory bounds the data segment of one child process in bytes; 0 means the free memory of the
	// machine.
	Memory int64
	// Seed determines the order of the cells, and the graphs and the site without a seed of their own.
	Seed uint64

	Profiles Profiles

	// ownSeed has the graphs, and "" for the site, whose seed the file sets.
	ownSeed map[string]bool
	// limiters are the names that a limiter can have, as far as the reader of the file knows.
	limiters []string
}

// Graph is a graph with its name.
type Graph struct {
	Name string
	Spec graph.Spec
	// Doc says what the graph shows; it may be empty.
	Doc string `json:",omitempty"`
	// Workers are the numbers of workers on this graph, in place of the scenario's; none means those.
	Workers []Count `json:",omitempty"`
	// Fetch is how the site of this graph answers, in place of the scenario's; nil means that.
	Fetch *graph.Behaviour `json:",omitempty"`
}

// Profiles says which cells are profiled, and how. Empty lists of crawlers, graphs and keys mean
// all of them.
type Profiles struct {
	Kinds    []string // of "cpu", "block", "mutex", "wall"; none: no profiles
	Crawlers []string // as Scenario.Crawlers
	Graphs   []string
	Keys     []string
	Workers  []Count // empty: the largest count only
	// Growth are further numbers of workers of which the CPU profile and the execution trace are taken, to see where
	// time grows with the workers.
	Growth []Count
	Rates  []Rate // empty: the largest rate only, which is inf where there is one
	// Length is the duration of the crawls of a pass.
	Length time.Duration
}

// Count is a number of workers or processors: N, or N times the number of cores.
type Count struct {
	N       int
	PerCore bool
}

// Resolve returns the number on a machine with the given number of cores.
func (c Count) Resolve(cores int) int {
	if c.PerCore {
		return c.N * cores
	}
	return c.N
}

// Rate is a number of pages a second; 0 means no limit, written inf.
type Rate float64
