package store

import (
	"fmt"
	"time"
)

// Schema is the version of a run's files that this program reads and writes.
const Schema = 1

// State is how far a run has come.
type State string

const (
	Running     State = "running"     // or ended by a kill
	Interrupted State = "interrupted" // by ^C or an error; it can be resumed
	Complete    State = "complete"
)

// Manifest says what was run, where, and by what.
type Manifest struct {
	Schema int    `json:"schema"`
	Run    string `json:"run"` // name of the directory
	State  State  `json:"state"`

	Scenario     string   `json:"scenario"`
	ScenarioFile string   `json:"scenario_file,omitempty"` // "" for an embedded one
	ScenarioText string   `json:"scenario_text"`
	Seed         uint64   `json:"seed"`
	Command      []string `json:"command"`
	// Against is the program that crawls the cells marked so; "" if there are none.
	Against string `json:"against,omitempty"`

	Host    map[string]string `json:"host"`    // host.Fingerprint
	Go      string            `json:"go"`      // version of the toolchain
	Modules map[string]string `json:"modules"` // versions by path
	Started time.Time         `json:"started"`
	Ended   time.Time         `json:"ended,omitzero"` // when it was complete or interrupted last

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
}

// GraphInfo describes a graph as it was crawled.
type GraphInfo struct {
	Name      string `json:"name"`
	Spec      string `json:"spec"`
	Digest    string `json:"digest"` // over all of the graph
	Pages     int    `json:"pages"`
	Links     int    `json:"links"`
	Reachable int    `json:"reachable"` // pages that a crawl fetches
	Failed    int    `json:"failed"`    // of them, those whose fetch fails
	Depth     int    `json:"depth"`     // links from the start page to the farthest
}

// EngineKey is the key of Manifest.Engine: graph/keys/workers-GOMAXPROCS.
func EngineKey(graph, keys string, workers, procs int) string {
	return fmt.Sprintf("%s/%s/%d-%d", graph, keys, workers, procs)
}
