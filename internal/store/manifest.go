package store

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Schema is the version of a run's files that this program reads and writes.
const Schema = 1

// State is how far a run has come.
type State string

const (
	Running     State = "running"
	Interrupted State = "interrupted" // by ^C, an error or a kill; it can be resumed
	Complete    State = "complete"
)

// Manifest says what was run, where, and by what. A field that a run of an older program lacks is zero: not recorded.
type Manifest struct {
	Schema int    `json:"schema"`
	Run    string `json:"run"` // name of the directory
	State  State  `json:"state"`

	Scenario     string   `json:"scenario"`
	ScenarioFile string   `json:"scenario_file,omitempty"` // "" for an embedded one
	ScenarioText string   `json:"scenario_text"`
	Seed         uint64   `json:"seed"`
	Command      []string `json:"command"`
	// Against is the program that crawls the cells marked so; "" if there are none. It is there to be shown, and never run:
	// the manifest may come from a stranger.
	Against string `json:"against,omitempty"`

	Host    map[string]string `json:"host"`    // host.Fingerprint
	Go      string            `json:"go"`      // version of the toolchain
	Modules map[string]string `json:"modules"` // versions by path
	Started time.Time         `json:"started"`
	Ended   time.Time         `json:"ended,omitzero"` // when it was complete or interrupted last

	// Build has the settings of the program's build, and Environment the variables that change how the runtime of a child
	// process works, host.Environment.
	Build       map[string]string `json:"build,omitempty"`
	Environment map[string]string `json:"environment,omitempty"`

	// Dir is where the run was made, and GraphFiles has the files that its graphs were read from, by graph; absolute paths.
	// With both, a run that is resumed from elsewhere, or was moved together with its graphs, finds what it began with.
	Dir        Path            `json:"dir,omitempty"`
	GraphFiles map[string]Path `json:"graph_files,omitempty"`

	// Spin is how many rounds of the CPU burner this machine makes in a microsecond; 0 if no fetch burns.
	Spin   float64     `json:"spin,omitempty"`
	Graphs []GraphInfo `json:"graphs"`
	// ProfilerCost is the processor time in nanoseconds that each kind of profile takes an event; nil if none is taken.
	ProfilerCost map[string]float64 `json:"profiler_ns_per_event,omitempty"`
	// Measured is the share of the timing pass's wall time that was measured crawl.
	Measured float64 `json:"measured_share,omitempty"`
	// Harness is what site and judge cost, in seconds a page, by graph and kind of key: graph/keys.
	Harness map[string]float64 `json:"harness_sec_per_page,omitempty"`
	// Engine is what the engine of the visited-set designs costs with site and judge, in seconds a page, by EngineKey, and
	// OnEngine are the designs that it carries.
	Engine   map[string]float64 `json:"engine_sec_per_page,omitempty"`
	OnEngine []string           `json:"on_engine,omitempty"`

	Sums Sums `json:"sha256"`
}

// Sums are SHA-256 sums, in hex digits, of what the numbers of a run come from.
type Sums struct {
	Program  string `json:"program,omitempty"` // the executable
	Against  string `json:"against,omitempty"` // the other one
	Scenario string `json:"scenario,omitempty"`
	// Plan has those that plan.json may have: two while the plan is being replaced, otherwise one.
	Plan []string `json:"plan,omitempty"`
	// Journal is that of the journal's first lines, as many as there were when the manifest was written.
	Journal *Lines `json:"journal,omitempty"`
	// Manifest is that of the manifest itself, with nothing in place of this sum and no blanks between its elements.
	Manifest string `json:"manifest"`
}

// Lines are the first lines of a journal.
type Lines struct {
	Count int    `json:"count"`
	Sum   string `json:"sum"`
}

// Path is the path of a file. In JSON one that is not UTF-8 is quoted as in Go, so that no byte is lost.
type Path string

// MarshalText writes p.
func (p Path) MarshalText() ([]byte, error) {
	if utf8.ValidString(string(p)) && !strings.HasPrefix(string(p), `"`) {
		return []byte(p), nil
	}
	return []byte(strconv.QuoteToASCII(string(p))), nil
}

// UnmarshalText reads what MarshalText writes.
func (p *Path) UnmarshalText(text []byte) error {
	s := string(text)
	if strings.HasPrefix(s, `"`) {
		var err error
		if s, err = strconv.Unquote(s); err != nil {
			return fmt.Errorf("path %s: %w", text, err)
		}
	}
	*p = Path(s)
	return nil
}

// GraphInfo describes a graph as it was crawled.
type GraphInfo struct {
	Name      string `json:"name"`
	Spec      string `json:"spec"`
	Digest    string `json:"digest"` // CRC-64 over all of the graph
	SHA256    string `json:"sha256,omitempty"`
	Pages     int    `json:"pages"`
	Links     int    `json:"links"`
	Reachable int    `json:"reachable"` // pages that a crawl fetches
	Failed    int    `json:"failed"`    // of them, those whose fetch fails
	Depth     int    `json:"depth"`     // links from the start page to the farthest
}

// Same reports whether g and h are of the same graph.
func (g GraphInfo) Same(h GraphInfo) bool {
	if g.SHA256 != "" && h.SHA256 != "" {
		return g.SHA256 == h.SHA256
	}
	return g.Digest == h.Digest
}

// EngineKey is the key of Manifest.Engine: graph/keys/workers-GOMAXPROCS.
func EngineKey(graph, keys string, workers, procs int) string {
	return fmt.Sprintf("%s/%s/%d-%d", graph, keys, workers, procs)
}
