package store

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"crawlbench/internal/graph"
	"crawlbench/internal/plan"
)

// Schema is the version of a run's files that this program reads and writes.
const Schema = 2

// State is the progress of a run.
type State string

const (
	Running     State = "running"
	Interrupted State = "interrupted" // by ^C, an error or a kill; it can be resumed
	Complete    State = "complete"
)

// Manifest describes what was run, where, and by which program. A field that an older program did not record is zero.
type Manifest struct {
	Schema int    `json:"schema"`
	Run    string `json:"run"` // name of the directory
	State  State  `json:"state"`

	Scenario     string   `json:"scenario"`
	ScenarioFile string   `json:"scenario_file,omitempty"` // "" for an embedded one
	ScenarioText string   `json:"scenario_text"`
	Seed         uint64   `json:"seed"`
	Command      []string `json:"command"`
	// Against is the program that crawled the cells marked with against; "" if there are none. It is only shown,
	// never run, because the manifest may be untrusted.
	Against string `json:"against,omitempty"`

	// Shard is the place of a run that measures some of the rounds of its plan; nil if it measures all.
	Shard *Shard `json:"shard,omitempty"`
	// Machines are the machines that measured a shard, or a run that was merged from shards, the one that took the
	// profiles first. Parts are the shards of a merged run. Other runs have neither.
	Machines []Machine `json:"machines,omitempty"`
	Parts    []Part    `json:"parts,omitempty"`

	// Host is host.Fingerprint, or what the fingerprints of several machines have in common.
	Host    map[string]string `json:"host"`
	Go      string            `json:"go"`      // version of the toolchain
	Modules map[string]string `json:"modules"` // versions by path
	Started time.Time         `json:"started"`
	Ended   time.Time         `json:"ended,omitzero"` // when it last completed or was interrupted

	// Build has the build settings of the program, and Environment the variables that affect the runtime of a child
	// process, see host.Environment.
	Build       map[string]string `json:"build,omitempty"`
	Environment map[string]string `json:"environment,omitempty"`

	// GraphFiles has the files from which graphs were read, by graph, and Dir is where the run was created; both are
	// absolute paths. With them, a run that is resumed from another directory, or was moved together with its graphs,
	// finds its files. A run without such graphs has neither: it names no directory of the machine.
	Dir        Path            `json:"dir,omitempty"`
	GraphFiles map[string]Path `json:"graph_files,omitempty"`

	// Spin is the number of rounds of delay.Burn per microsecond; 0 if no fetch uses processor time.
	Spin   float64     `json:"spin,omitempty"`
	Graphs []GraphInfo `json:"graphs"`
	// ProfilerCost is the processor time per event in nanoseconds, by kind of profile; nil if none is taken.
	ProfilerCost map[string]float64 `json:"profiler_ns_per_event,omitempty"`
	// Server is the version of the server that fleets shared, such as redis-server 7.0.15; "" if there was none.
	Server string `json:"server,omitempty"`
	// WrongLimiters says what is wrong with limiters that break their rate on purpose, as an example.
	WrongLimiters map[string]string `json:"wrong_limiters,omitempty"`
	// Measured is the share of the timing pass's wall time that was measured crawl.
	Measured float64 `json:"measured_share,omitempty"`
	// Harness is the cost of the site and of verification, in seconds per page, by graph and kind of key: graph/keys.
	// Over HTTP, it is the processor time of fetching a page, with its parsing: graph/url/http.
	Harness map[string]float64 `json:"harness_sec_per_page,omitempty"`
	// Engine is the cost of the engine that the visited-set crawlers share, including the site and verification, in
	// seconds per page, by EngineKey. Over HTTP, it is the processor time of as many workers that only fetch. OnEngine
	// are the crawlers that use it.
	Engine   map[string]float64 `json:"engine_sec_per_page,omitempty"`
	OnEngine []string           `json:"on_engine,omitempty"`
	// Polite are the crawlers that keep a policy, without their parameters.
	Polite []string `json:"polite,omitempty"`

	Sums Sums `json:"sha256"`
}

// Sums are SHA-256 sums, in hex digits, of everything that a run's results come from.
type Sums struct {
	Program  string `json:"program,omitempty"` // the executable
	Against  string `json:"against,omitempty"` // the other one
	Scenario string `json:"scenario,omitempty"`
	// Plan has the valid sums of plan.json: two while the plan is being replaced, otherwise one.
	Plan []string `json:"plan,omitempty"`
	// Journal is the sum of the lines that the journal had when the manifest was written.
	Journal *Lines `json:"journal,omitempty"`
	// Manifest is the sum of the manifest itself, compacted and with this field empty.
	Manifest string `json:"manifest"`
}

// Lines describes the first lines of a journal.
type Lines struct {
	Count int    `json:"count"`
	Sum   string `json:"sum"`
}

// Path is the path of a file. In JSON, a path that is not UTF-8 is quoted as in Go, so that no byte is lost.
type Path string

// MarshalText encodes p.
func (p Path) MarshalText() ([]byte, error) {
	if utf8.ValidString(string(p)) && !strings.HasPrefix(string(p), `"`) {
		return []byte(p), nil
	}
	return []byte(strconv.QuoteToASCII(string(p))), nil
}

// UnmarshalText decodes what MarshalText encodes.
func (p *Path) UnmarshalText(text []byte) error {
	s := string(text)
	if strings.HasPrefix(s, `"`) {
		var err error
		if s, err = strconv.Unquote(s); err != nil {
			return fmt.Errorf("invalid path %s: %w", text, err)
		}
	}
	*p = Path(s)
	return nil
}

// GraphInfo describes a graph as it was crawled.
type GraphInfo struct {
	Name      string `json:"name"`
	Spec      string `json:"spec"`
	Digest    string `json:"digest"` // CRC-64 of the graph
	SHA256    string `json:"sha256,omitempty"`
	Pages     int    `json:"pages"`
	Links     int    `json:"links"`
	Reachable int    `json:"reachable"` // pages that a crawl fetches
	Failed    int    `json:"failed"`    // pages among them whose fetch fails
	Depth     int    `json:"depth"`     // distance of the farthest page from the start page, in links
	// RecordedMean is the mean waiting time of the pages that a crawl fetches, and RecordedMedian the median of those
	// that were fetched when they were recorded; 0 if none were.
	RecordedMean   time.Duration `json:"recorded_mean_ns,omitempty"`
	RecordedMedian time.Duration `json:"recorded_median_ns,omitempty"`
}

// MeanWait returns the mean time that a fetch of the graph's site waits.
func (g GraphInfo) MeanWait(l graph.Latency) time.Duration {
	switch {
	case l.Model != graph.Recorded:
		return l.MeanWait()
	case l.Median > 0 && g.RecordedMedian > 0:
		return time.Duration(float64(g.RecordedMean) * float64(l.Median) / float64(g.RecordedMedian))
	}
	return g.RecordedMean
}

// Same reports whether g and h describe the same graph.
func (g GraphInfo) Same(h GraphInfo) bool {
	if g.SHA256 != "" && h.SHA256 != "" {
		return g.SHA256 == h.SHA256
	}
	return g.Digest == h.Digest
}

// EngineKey returns the key of Manifest.Engine: graph/keys/workers-GOMAXPROCS, with the transport after the keys unless
// it is memory.
func EngineKey(graph, keys string, t plan.Transport, workers, procs int) string {
	if t != plan.Memory {
		keys += "/" + t.String()
	}
	return fmt.Sprintf("%s/%s/%d-%d", graph, keys, workers, procs)
}
