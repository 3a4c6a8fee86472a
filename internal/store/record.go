package store

import "time"

// Record is one line of the journal: a sample, a profile pass, or the failure of either.
type Record struct {
	Kind Kind `json:"kind"`
	// Round and Slot place a sample in the schedule; of a profile pass Slot is its index and Round is -1.
	Round int    `json:"round"`
	Slot  int    `json:"slot"`
	Cell  string `json:"cell"` // plan.Cell.ID

	Start time.Time `json:"start"`
	// Wall is the life of the child process in seconds, from its start to its end.
	Wall float64 `json:"wall_sec"`

	Sample  *Sample  `json:"sample,omitempty"`
	Profile *Profile `json:"profile,omitempty"`
	Failure *Failure `json:"failure,omitempty"`
}

// Kind tells what a record holds.
type Kind string

const (
	KindSample  Kind = "sample"
	KindProfile Kind = "profile"
	KindFailure Kind = "failure"
)

// Sample is one measured and verified sample.
type Sample struct {
	// Crawls is the number of crawls in the sample, and Seconds how long each of them took.
	Crawls  int       `json:"crawls"`
	Seconds []float64 `json:"seconds"`
	// Values are the measurements by unit, one op being one crawl: sec/op, cpu-sec/op, B/op, allocs/op,
	// mutex-wait-sec/op, peak-RSS-bytes, pages/op. All of Units are there, zeros too.
	Values map[string]float64 `json:"values"`
	// Host is what else happened to the machine meanwhile, by name: involuntary context switches, steal and so on.
	Host map[string]float64 `json:"host,omitempty"`
	// Held is how many bytes of the heap the design held for each page while it fetched the last one; 0 if that was not
	// measured. The first round of the cells without a rate has it.
	Held float64 `json:"held_bytes_per_page,omitempty"`
	// Counts are what the design has counted of itself, a crawl, by name.
	Counts map[string]float64 `json:"counts,omitempty"`
	// Pace is what the limiter did; nil where there was none.
	Pace *Pace `json:"pace,omitempty"`
	// Flags say why the sample is doubtful: "no overlap", "short", "throttled", "robbed", "frozen". Such a sample is taken
	// again once, and Before is what it was the first time.
	Flags  []string `json:"flags,omitempty"`
	Before *Sample  `json:"before,omitempty"`
}

// Pace is how well a limiter kept its rate.
type Pace struct {
	Asked    float64 `json:"asked"`    // pages a second
	Achieved float64 `json:"achieved"` // pages a second
	// Worst is what it let through in the worst window of at least 1 ms over what rate and burst allow in it, and Window how
	// long that is, in seconds. 0: not known, as in a run by an older program.
	Worst  float64 `json:"worst"`
	Window float64 `json:"worst_window_sec"`
	// Passed is how many that asked later were let through before it, of a wait that 99 of 100 do better than.
	Passed float64 `json:"passed_over"`
}

// Profile is one profile pass.
type Profile struct {
	Crawls int     `json:"crawls"`
	Pages  int     `json:"pages"` // fetched in all crawls: what a difference of profiles is scaled by
	Sec    float64 `json:"crawl_sec"`
	// Events is how many events each kind of profile recorded, of which each cost the crawl something.
	Events map[string]float64 `json:"events,omitempty"`
	// Files are the profiles written, by kind, relative to the run's directory.
	Files map[string]string `json:"files"`
}

// Failure is why a sample or pass gave no number.
type Failure struct {
	Class   string `json:"class"` // wrong panic deadlock hang spin exit killed memory race harness
	Message string `json:"message"`
	// Output is the file that keeps what the child printed, relative to the run's directory: its panic, or its
	// goroutine dump.
	Output string `json:"output,omitempty"`
}

// Units are the units of Sample.Values in the order in which bench.txt has them.
func Units() []string {
	return []string{"sec/op", "cpu-sec/op", "B/op", "allocs/op", "mutex-wait-sec/op", "peak-RSS-bytes", "pages/op"}
}
