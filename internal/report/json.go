package report

import (
	"encoding/json"
	"io"
	"math"
	"time"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plan"
	"crawlbench/internal/profile/breakdown"
	"crawlbench/internal/stat"
	"crawlbench/internal/web/hostlog"
)

// Schema is the version of the JSON that this program prints, documented in results/README.md. It increases when a
// field is removed or changes its meaning, and not for new fields.
const Schema = 1

// Formats returns the formats of a report.
func Formats() []string { return []string{"text", "markdown", "html", "json", "csv", "summary"} }

// number is a number that is null in JSON if it is not known.
type number float64

// MarshalJSON encodes x.
func (x number) MarshalJSON() ([]byte, error) {
	if math.IsInf(float64(x), 0) || math.IsNaN(float64(x)) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(x))
}

// intervalJSON is a value with the ends of its interval.
type intervalJSON struct {
	Value number `json:"value"`
	Lo    number `json:"lo"`
	Hi    number `json:"hi"`
}

// runJSON is the JSON of a run. Times are in seconds, memory in bytes, speeds in pages per second. Ratios are ratios of
// speeds.
type runJSON struct {
	Schema    int               `json:"schema"`
	Run       string            `json:"run"`
	State     string            `json:"state"`
	Scenario  string            `json:"scenario"`
	Seed      uint64            `json:"seed"`
	Command   []string          `json:"command"`
	Started   time.Time         `json:"started"`
	Ended     time.Time         `json:"ended,omitzero"`
	Go        string            `json:"go"`
	Machine   map[string]string `json:"machine"`
	Rounds    int               `json:"rounds"`
	Samples   int               `json:"samples"`
	Planned   int               `json:"planned"`
	Flagged   int               `json:"flagged"`
	Baseline  string            `json:"baseline"`
	Verdict   string            `json:"verdict"`
	Simulated bool              `json:"simulated,omitempty"` // in virtual time: nothing was measured
	Untrusted bool              `json:"untrusted"`
	Trust     []string          `json:"trust"`
	Noise     []noiseJSON       `json:"noise"`
	Cells     []cellJSON        `json:"cells"`
	Findings  []findingJSON     `json:"findings"`
	Changes   []changeJSON      `json:"changes,omitempty"`
	// For a run on several machines, Cells and Findings come from one machine, CellsOf.
	CellsOf  string        `json:"cells_of,omitempty"`
	Machines []machineJSON `json:"machines,omitempty"`
	Joint    []jointJSON   `json:"joint,omitempty"`
}

// noiseJSON is the noise of the tables of a kind; effects are relative differences.
type noiseJSON struct {
	Tables      string `json:"tables"`
	Comparisons int    `json:"comparisons"`
	Controls    int    `json:"controls"`
	Rejected    int    `json:"rejected"`
	Floor       number `json:"floor"`
	WorstFloor  number `json:"worst_floor"`
	MDE         number `json:"mde"`
	WorstMDE    number `json:"worst_mde"`
}

// cellJSON is a cell; a rate of 0 is none.
type cellJSON struct {
	Cell      string        `json:"cell"`
	Crawler   string        `json:"crawler"`
	Graph     string        `json:"graph"`
	Keys      string        `json:"keys"`
	Transport string        `json:"transport"`
	Workers   int           `json:"workers"`
	Rate      float64       `json:"rate"`
	Burst     int           `json:"burst,omitempty"`
	Limiter   string        `json:"limiter,omitempty"`
	Processes int           `json:"processes,omitempty"` // of a fleet
	Procs     int           `json:"gomaxprocs"`
	Samples   int           `json:"samples"`
	Flagged   int           `json:"flagged"`
	Failure   string        `json:"failure,omitempty"`
	Speed     *intervalJSON `json:"pages_per_second"`
	CPU       number        `json:"cpu_seconds_per_page"`
	// Over HTTP, the speed is pages per second of processor time.
	Wall        number             `json:"pages_per_wall_second,omitempty"`
	Site        number             `json:"site_cpu_seconds_per_page,omitempty"`
	Dials       number             `json:"connections_per_page,omitempty"`
	Fetching    number             `json:"fetching_cpu_seconds_per_page,omitempty"`
	Allocated   number             `json:"allocated_bytes_per_page"`
	Retained    number             `json:"retained_bytes_per_page,omitempty"`
	Versus      *versusJSON        `json:"versus_baseline"`
	Bound       *boundJSON         `json:"bound,omitempty"`
	PerHost     number             `json:"retained_bytes_per_host,omitempty"`
	Breakdown   map[string]float64 `json:"breakdown,omitempty"`
	TracedSpeed number             `json:"traced_pages_per_second,omitempty"`
	Counters    map[string]float64 `json:"counters_per_page,omitempty"`
	Profiles    map[string]string  `json:"profiles,omitempty"`
	NoHosts     bool               `json:"knows_no_hosts,omitempty"` // it does not keep the policy, and is not ranked
	Politeness  *hostlog.Summary   `json:"politeness,omitempty"`     // what the hosts saw
	Fleet       *fleetJSON         `json:"fleet,omitempty"`
}

// fleetJSON is the JSON of how a fleet shared a crawl or a limit.
type fleetJSON struct {
	ServerCPU   number `json:"server_cpu_seconds_per_page,omitempty"`
	ServerCalls number `json:"server_calls_per_page,omitempty"` // of the crawler
	LeastToMost number `json:"least_to_most"`
	Skew        number `json:"start_skew_seconds"`
	// With a rate: the achieved rate divided by the one asked for, the worst window of at least 100 ms, and the calls
	// of the limiter to the server.
	Achieved number `json:"achieved_to_asked,omitempty"`
	Worst    number `json:"worst_window,omitempty"`
	Calls    number `json:"calls_per_grant,omitempty"`
}

type versusJSON struct {
	Times   intervalJSON `json:"times"`
	P       float64      `json:"p_adjusted"`
	Verdict string       `json:"verdict"`
}

type boundJSON struct {
	By    string `json:"by"`
	Speed number `json:"pages_per_second"`
	Share number `json:"share"`
}

type findingJSON struct {
	Kind       string   `json:"kind"`
	Cell       string   `json:"cell"`
	Text       string   `json:"text"`
	Evidence   []string `json:"evidence"`
	Confidence string   `json:"confidence"`
	Check      string   `json:"check"`
	Profile    string   `json:"profile,omitempty"`
}

// JSON writes the result of a run as JSON.
func JSON(w io.Writer, a *diagnose.Analysis) error {
	m := a.Run.Manifest()
	out := runJSON{Schema: Schema, Run: m.Run, State: string(m.State), Scenario: m.Scenario, Seed: m.Seed,
		Command: m.Command, Started: m.Started, Ended: m.Ended, Go: m.Go, Machine: m.Host, Rounds: a.Run.Plan().Rounds,
		Samples: len(a.Run.Samples()), Planned: len(a.Run.Plan().Schedule), Flagged: a.Trust.Flagged,
		Baseline: a.Baseline, Verdict: summary(a), Untrusted: a.Trust.Untrusted(), Trust: trust(a),
		Noise: noisesOf(a.Trust.Unlimited, a.Trust.RateLimited), Cells: []cellJSON{},
		Findings: []findingJSON{}, Changes: changesOf(a.Changes, -1)}
	if a.Machines != nil {
		out.CellsOf = MachineName(a)
		out.Machines, out.Joint = machinesJSON(a.Machines)
	}
	if m.Shard != nil {
		out.Planned = a.Run.Planned()
	}
	for c := range a.Cells() {
		out.Cells = append(out.Cells, cellOf(c))
	}
	if a.Run.Plan().Simulated {
		p := View(a, fragmentOf)
		out.Simulated, out.Verdict, out.Trust, out.Untrusted = true, p.Summary, p.Trust, false
	}
	e := experimentsOf(a)
	for _, cause := range a.Findings {
		f, ok := e.tested(cause, finding(a, cause))
		if !ok {
			continue
		}
		out.Findings = append(out.Findings, findingJSON{f.Kind, f.Cell, f.Text, append([]string{}, f.Evidence...),
			f.Confidence, f.Check, f.Profile})
	}
	return encode(w, out)
}

// cellOf returns the JSON of a cell.
func cellOf(c *diagnose.Cell) cellJSON {
	j := cellJSON{Cell: c.ID(), Crawler: c.Impl, Graph: c.Graph, Keys: c.Keys, Transport: c.Transport.String(),
		Workers: c.Workers,
		Rate:    float64(c.Rate), Burst: c.Burst, Limiter: c.Limiter, Processes: c.Processes, Procs: c.Procs,
		Samples: len(c.Measured()),
		Flagged: c.Flagged, NoHosts: c.KnowsNoHosts,
		CPU: number(math.NaN()), Allocated: number(math.NaN()), Profiles: c.Files}
	if c.Failure != nil {
		j.Failure = c.Failure.Class + ": " + c.Failure.Message
	}
	if !c.Sound() {
		return j
	}
	j.Speed = &intervalJSON{number(c.Summary.Center), number(c.Summary.Lo), number(c.Summary.Hi)}
	j.Politeness, j.PerHost, j.Fleet = politeOf(c), number(c.PerHost), fleetOf(c)
	if c.Transport == plan.HTTP {
		j.Wall, j.Site, j.Dials, j.Fetching = number(c.Wall), number(c.SiteCPU), number(c.Dials), number(c.Fetching)
	}
	j.CPU, j.Allocated, j.Retained = number(c.CPU), number(c.Bytes), number(c.Retained)
	if v := c.Versus; v != nil {
		j.Versus = &versusJSON{intervalOf(v.Times()), v.P, v.Verdict.String()}
	}
	if c.Bound.By != "" {
		j.Bound = &boundJSON{c.Bound.By, number(c.Bound.Speed), number(c.Bound.Share)}
	}
	j.Counters = c.Counters()
	if c.Traces != nil {
		j.Breakdown, j.TracedSpeed = map[string]float64{}, number(c.Traces.Speed)
		for _, state := range breakdown.States() {
			j.Breakdown[string(state)] = c.Traces.Scaled(state)
		}
	}
	return j
}

func intervalOf(x stat.Interval) intervalJSON {
	return intervalJSON{number(x.Value), number(x.Lo), number(x.Hi)}
}

func encode(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
