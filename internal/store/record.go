package store

import (
	"time"

	"crawlbench/internal/plan"
	"crawlbench/internal/web/hostlog"
)

// Record is one line of the journal: a sample, a profile pass, or the failure of either.
type Record struct {
	Kind Kind `json:"kind"`
	// Round and Slot are the position of a sample in the schedule. For a profile pass, Slot is its index and Round is
	// -1.
	Round int    `json:"round"`
	Slot  int    `json:"slot"`
	Cell  string `json:"cell"` // plan.Cell.ID

	// Machine is the name of the machine that measured it, among those of the manifest; "" in a run that is neither a
	// shard nor merged from shards.
	Machine string `json:"machine,omitempty"`

	// More is how many records of the same block follow, in the next lines. A block counts when all of
	// its records are there.
	More int `json:"more,omitempty"`

	Start time.Time `json:"start"`
	// Wall is the wall time of the child process in seconds; of a resident, whose process is alive
	// while others crawl, the time that was its own: its start, its turns and its end.
	Wall float64 `json:"wall_sec"`

	Sample  *Sample  `json:"sample,omitempty"`
	Profile *Profile `json:"profile,omitempty"`
	Failure *Failure `json:"failure,omitempty"`
}

// Kind is the kind of a record.
type Kind string

const (
	KindSample  Kind = "sample"
	KindProfile Kind = "profile"
	KindFailure Kind = "failure"
)

// Sample is one measured and verified sample.
type Sample struct {
	// Crawls is the number of crawls in the sample, and Seconds has the time of each.
	Crawls  int       `json:"crawls"`
	Seconds []float64 `json:"seconds"`
	// Slices are the turns of a resident in a block, in order; a sample of a fresh process has none.
	// sec/op is then the estimate of the block, see stat.BlockMeans, in place of the mean.
	Slices []Slice `json:"slices,omitempty"`
	// Outside is the processor time in seconds that a resident used while it waited for its turns.
	Outside float64 `json:"outside_sec,omitempty"`
	// Values are the measurements by unit, one op being one crawl: sec/op, cpu-sec/op, B/op, allocs/op,
	// mutex-wait-sec/op, peak-RSS-bytes, pages/op. All of Units are present, including zeros.
	Values map[string]float64 `json:"values"`
	// Host has counters of the machine and the runtime during the sample, such as involuntary context switches and
	// steal.
	Host map[string]float64 `json:"host,omitempty"`
	// Retained is the retained bytes per page, measured while the crawler fetches the last page; 0 if not measured, or
	// too little to be. The first round of cells without a rate has it.
	Retained float64 `json:"retained_bytes_per_page,omitempty"`
	// PerHost is the retained bytes per host while all that the first page links to waits, measured like Retained in
	// cells with a policy; 0 if not measured, or too little to be.
	PerHost float64 `json:"retained_bytes_per_host,omitempty"`
	// Counts are the crawler's own counters, per crawl, by name.
	Counts map[string]float64 `json:"counts,omitempty"`
	// Polite is what the hosts saw of the crawls; nil without a policy.
	Polite *hostlog.Summary `json:"polite,omitempty"`
	// Fleet describes how the processes of a fleet shared the crawls; nil if one process crawled alone.
	Fleet *Fleet `json:"fleet,omitempty"`
	// Pace describes how the limiter kept the rate; nil without a limiter.
	Pace *Pace `json:"pace,omitempty"`
	// Flags are the reasons why the sample is flagged: "no overlap", "too short", "throttled", "preempted", "frozen",
	// "busy between turns". A flagged sample is taken again once, and Before is the first attempt; a block is taken
	// again as a whole if the machine or a resident disturbed it.
	Flags  []string `json:"flags,omitempty"`
	Before *Sample  `json:"before,omitempty"`
}

// Slice is what a resident did in one turn.
type Slice struct {
	Crawls  int     `json:"crawls"`
	Seconds float64 `json:"sec"` // of these crawls
	// CPU is their processor time in seconds, of a cell over HTTP.
	CPU float64 `json:"cpu_sec,omitempty"`
}

// Pace is how well a limiter kept its rate.
type Pace struct {
	Asked    float64 `json:"asked"`    // pages per second
	Achieved float64 `json:"achieved"` // pages per second
	// Worst is the number of fetches in the worst window of at least 1 ms, or of a fleet of at least 100 ms, relative
	// to what rate and burst allow, and Window is the length of that window in seconds. 0 means unknown, as in a run of
	// an older program.
	Worst  float64 `json:"worst"`
	Window float64 `json:"worst_window_sec"`
	// Unfairness is the unfairness: the 99th percentile of the number of later requests that are
	// served before a request.
	Unfairness float64 `json:"unfairness_p99"`
}

// Fleet is how the processes of a fleet shared their crawls.
type Fleet struct {
	// LeastToMost is what the least served process got, divided by what the most served one got: pages, or if they
	// share a limit only, grants until the first process had its last one. It is the mean over the crawls.
	LeastToMost float64 `json:"least_to_most"`
	// Calls is the number of calls to the server that the limiter made per grant; 0 if it does not say.
	Calls float64 `json:"calls_per_grant,omitempty"`
	// Skew is the longest time in seconds, over the crawls, by which a process started after the first.
	Skew float64 `json:"start_skew_sec"`
}

// Profile is one profile pass.
type Profile struct {
	Crawls int     `json:"crawls"`
	Pages  int     `json:"pages"` // fetched in all crawls; differences of profiles are scaled by it
	Sec    float64 `json:"crawl_sec"`
	// Events is the number of events that each kind of profile recorded. Each event cost the crawl some time.
	Events map[string]float64 `json:"events,omitempty"`
	// Files are the profiles written, by kind, relative to the run's directory.
	Files map[string]string `json:"files"`
}

// Failure is why a sample or pass failed.
type Failure struct {
	// Class is "wrong" for a crawl that verification rejects, else how the child ended: exit, panic, deadlock, memory,
	// hang, spin, race, killed, left or unstarted.
	Class   string `json:"class"`
	Message string `json:"message"`
	// Output is the file with the child's output, such as its panic or goroutine dump, relative to the run's directory.
	Output string `json:"output,omitempty"`
}

// Units that samples of cells over HTTP have in addition, per crawl.
const (
	SiteUnit  = "site-cpu-sec/op" // processor time of the site
	DialsUnit = "dials/op"        // connections
)

// ServerUnit is the unit that samples of fleets have in addition, if they share a server: its processor time per crawl.
const ServerUnit = "server-cpu-sec/op"

// TimeUnit returns the unit by which crawlers are compared. Over HTTP, crawler and site take processors from each
// other, so that the time of a crawl says how they meet: what counts is the processor time of the crawler's process.
func TimeUnit(t plan.Transport) string {
	if t == plan.HTTP {
		return "cpu-sec/op"
	}
	return "sec/op"
}

// PerPage returns the seconds per page by which crawlers are compared.
func (s *Sample) PerPage(t plan.Transport) float64 {
	return s.Values[TimeUnit(t)] / s.Values["pages/op"]
}

// Units returns the units of Sample.Values in the order of bench.txt.
func Units() []string {
	return []string{"sec/op", "cpu-sec/op", "B/op", "allocs/op", "mutex-wait-sec/op", "peak-RSS-bytes", "pages/op"}
}
