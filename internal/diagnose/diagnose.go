// Package diagnose analyses a run: which crawler is fastest and by how much, whether the run can be
// trusted, and why more workers stop helping.
//
// Its input is a run; its output is an Analysis: comparisons with their adjusted p, and findings by
// rules, with their evidence. Package report describes them in words. Package explain tests findings
// by experiments; their results are kept with the run as TestResults.
package diagnose

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"

	"crawlbench/internal/parallel"
	"crawlbench/internal/plan"
	"crawlbench/internal/profile"
	"crawlbench/internal/stat"
	"crawlbench/internal/store"
)

// Analysis is the analysis of a run.
type Analysis struct {
	Run      *store.Run
	Baseline string
	Margin   float64 // differences within it do not matter
	// Families are the comparisons between crawlers, Controls the comparisons of the baseline with
	// itself.
	Families, Controls *plan.Families
	Trust              Trust
	// Choices are the recommendations: the best crawler at its best number of workers, for each
	// unlimited table, or each table if all are paced.
	Choices  []Choice
	Tables   []*Table
	Findings []Finding
	// Causes are the findings that matter, the one that explains most first, and Others the rest of Findings.
	Causes []Cause
	Others []Finding
	// Matters say at which cost of a fetch the choice of the crawler stops mattering, if several costs were measured.
	Matters []Matter
	// Changes compare this program with the one that the run was made against; nil if it was made alone.
	Changes []Change
	// Failures are the failed cells in the order of the plan, including the control and another program's cells.
	Failures []*Cell
	byID     map[string]*Cell // cells in Tables
	// Machines are the machines of a run that was measured on several; nil for one machine. With several, all tables,
	// findings and causes come from the first machine alone, and only Machines has averages over machines.
	Machines *Machines
	share    float64 // of alpha that is spent on this machine; 0 means all
}

// Key identifies the cells of a table: crawlers are compared with each other within a table.
type Key struct {
	Graph, Keys string
	Rate        plan.Rate
	Burst       int
	Limiter     string // "" is the default
	Cost        plan.Cost
	Transport   plan.Transport
	Processes   int // of a fleet; 0 means one process alone
	NoGC        bool
	NullSet     bool
	Delay       plan.Delay
	Procs       int
}

// Table is the cells with the same key: rows are crawlers, columns are numbers of workers.
type Table struct {
	Key
	Workers []int
	Rows    []*Row // crawlers in the order of the plan, without the control
	Groups  []*Group
	waits   bool // most of what a page costs is latency, for which workers do not need a processor
}

// Row is one crawler in a table.
type Row struct {
	Impl  string
	Cells []*Cell // by workers, without unsupported ones
	// Scaling of the throughput; empty if there is only one number of workers.
	Gains []stat.Gain
	Knee  stat.Knee
	Fit   stat.Fit
}

// Cell holds the measurements of one cell.
type Cell struct {
	plan.Cell
	Table *Table // nil for a control or another program's cell
	Row   *Row   // in Table
	// Speed is pages per second by round; NaN where there is no sample. Over HTTP the seconds are those of the
	// processor time of the crawler's process, here and in all that follows from it: see store.TimeUnit.
	Speed   []float64
	times   []float64 // seconds per page by round
	sampled []float64 // Speed without NaN
	Summary stat.Summary
	Records []store.Record // of the samples, in measurement order
	Failure *store.Failure
	// KnowsNoHosts says that the crawler does not keep the policy of the run. It is not ranked with those that do.
	KnowsNoHosts bool
	unranked     bool // it knows no hosts, and others do
	// Versus compares with the baseline; nil for the baseline itself.
	Versus *Comparison
	Bound  Bound
	Site   store.GraphInfo // that it crawls; empty if the run was made by a program that did not say
	uneven float64         // how many times as long as the mean its slowest pages take
	// CPU is processor time per page in seconds, and cpu its value in each round. Growth is its
	// ratio to that with one worker, paired by round; nil if unknown.
	CPU    float64
	cpu    []float64
	Growth *stat.Paired
	GC     float64 // share of processor time in the garbage collector
	// Of which GC is the ratio, in seconds.
	gcSec, gcOf float64
	// Wall is pages per second of the wall clock. Over HTTP, SiteCPU is the processor time per page of the site, Dials
	// the connections per page, and Fetching the processor time per page of workers that only fetch; 0 if unknown.
	Wall, SiteCPU, Dials, Fetching float64
	walls                          []float64
	// Fleet is how the processes of a fleet shared the crawls; nil if one process crawled alone. ServerCPU is the
	// processor time per page of the server that they shared; 0 if there was none.
	Fleet     *store.Fleet
	ServerCPU float64
	Pace      *store.Pace
	// of the limiter, by sample
	achieved, worst, passed []float64
	Flags                   map[string]int // number of samples by flag, after the second try
	Flagged                 int            // samples with any flag
	Repeated                int            // samples measured a second time
	Bimodal                 bool           // the samples form two clusters, so the median is not representative
	Bytes                   float64        // allocated per page
	Retained                float64        // heap bytes per page at the last page; 0 if not measured
	PerHost                 float64        // heap bytes per host at the second page, with a policy; 0 if not measured
	Files                   map[string]string
	// Counts are the crawler's own counters, per page, by name.
	Counts map[string]float64
	// Distortions are the effects of the profilers of each profile pass, by its kinds.
	Distortions map[string]Distortion
	Traces      *Traces
	// Usage is the processor time by class, and Loss what it lost against one worker; nil if unknown.
	Usage *profile.Usage
	Loss  *Loss
}

// Compare only compares the crawlers of a run: it fills in trust and the tables with their groups and cells, and leaves
// out traces, bounds, choices and findings.
func Compare(run *store.Run) *Analysis {
	if run.Several() {
		return compareMachines(run)
	}
	a, _ := begin(run, 0)
	return a
}

func begin(run *store.Run, share float64) (*Analysis, cells) {
	a := &Analysis{Run: run, Baseline: run.Plan().Crawlers[0], Margin: stat.DefaultMargin, share: share}
	all := a.collect()
	a.layOut(all.own)
	a.compare(all)
	a.trust(all)
	return a, all
}

// Analyse analyses a run. It fails only if files of the run are damaged.
func Analyse(run *store.Run) (*Analysis, error) {
	if run.Several() {
		a := compareMachines(run)
		first := a.Machines.List[0]
		a.Run = first.Own.Run
		err := a.analyse(first.all)
		a.Run = run
		return a, err
	}
	a, all := begin(run, 0)
	if run.Plan().Simulated { // no machine was measured
		return a, nil
	}
	return a, a.analyse(all)
}

// analyse analyses what limits the crawlers, and chooses among them.
func (a *Analysis) analyse(all cells) error {
	run := a.Run
	if err := a.attachTraces(all.own); err != nil {
		return err
	}
	parallel.Each(len(a.Tables), func(i int) {
		a.Tables[i].scale(run)
		a.Tables[i].bound(run)
		a.Tables[i].lose(run)
	})
	a.choose()
	if a.Machines == nil {
		a.Changes = a.changes(all)
	}
	a.Matters = a.matters()
	for _, t := range a.Tables {
		a.Findings = append(a.Findings, t.findings()...)
	}
	a.rank()
	return nil
}

// KeyOf returns the key of a cell.
func KeyOf(c plan.Cell) Key {
	return Key{c.Graph, c.Keys, c.Rate, c.Burst, c.Limiter, c.Cost, c.Transport, c.Processes, c.NoGC, c.NullSet,
		c.Delay, c.Procs}
}

// cells are all cells of a run: of its crawlers, of the A/A control, and of another program.
type cells struct{ own, controls, against map[plan.Cell]*Cell }

// collect collects the samples by cell.
func (a *Analysis) collect() cells {
	all := cells{map[plan.Cell]*Cell{}, map[plan.Cell]*Cell{}, map[plan.Cell]*Cell{}}
	p := a.Run.Plan()
	byID := map[string]*Cell{}
	failed := a.Run.Failed()
	for _, c := range p.Cells {
		d := &Cell{Cell: c, Speed: make([]float64, p.Rounds), Flags: map[string]int{}, Files: map[string]string{},
			Distortions: map[string]Distortion{}, Counts: map[string]float64{}}
		for i := range d.Speed {
			d.Speed[i] = math.NaN()
		}
		d.cpu = slices.Clone(d.Speed)
		d.KnowsNoHosts = p.Politeness != nil && !a.polite(c)
		d.unranked = d.KnowsNoHosts && slices.ContainsFunc(p.Cells, a.polite)
		if c.Transport == plan.HTTP {
			d.Fetching = a.Run.Manifest().Engine[store.EngineKey(c.Graph, c.Keys, c.Transport, c.Workers, c.Procs)]
		}
		if rec, ok := failed[c.ID()]; ok {
			d.Failure = rec.Failure
			a.Failures = append(a.Failures, d)
		}
		byID[c.ID()] = d
		switch {
		case c.IsControl():
			all.controls[c] = d
		case c.IsAgainst():
			all.against[c] = d
		default:
			all.own[c] = d
		}
	}
	for _, rec := range a.Run.Samples() {
		if d := byID[rec.Cell]; d != nil && rec.Round < len(d.Speed) {
			d.take(rec)
		}
	}
	for _, rec := range a.Run.Records() {
		if d := byID[rec.Cell]; d != nil && rec.Profile != nil {
			maps.Copy(d.Files, rec.Profile.Files)
			u := distortion(rec.Profile, d.Procs, a.Run.Manifest().ProfilerCost)
			d.Distortions[strings.Join(p.Passes[rec.Slot].Kinds, " and ")] = u
			if d.Traces == nil && rec.Profile.Files["breakdown"] != "" {
				d.Traces = &Traces{Distortion: u}
			}
		}
	}
	for _, d := range byID {
		d.finish()
	}
	return all
}

// polite reports whether the crawler of a cell keeps a policy.
func (a *Analysis) polite(c plan.Cell) bool {
	return slices.Contains(a.Run.Manifest().Polite, plan.WithoutParameters(c.Crawler()))
}

// take adds a sample.
func (c *Cell) take(rec store.Record) {
	s := rec.Sample
	pages := s.Values["pages/op"]
	c.Records = append(c.Records, rec)
	c.Speed[rec.Round] = pages / s.Values[store.TimeUnit(c.Transport)]
	c.walls = append(c.walls, pages/s.Values["sec/op"])
	c.SiteCPU += s.Values[store.SiteUnit] / pages
	c.Dials += s.Values[store.DialsUnit] / pages
	c.ServerCPU += s.Values[store.ServerUnit] / pages
	c.cpu[rec.Round] = s.Values["cpu-sec/op"] / pages
	c.CPU += c.cpu[rec.Round]
	c.Bytes += s.Values["B/op"] / pages
	c.Retained, c.PerHost = max(c.Retained, s.Retained), max(c.PerHost, s.PerHost)
	c.gcSec, c.gcOf = c.gcSec+s.Host["gc-sec"], c.gcOf+s.Host["gc-sec"]+s.Host["user-sec"]
	for name, n := range s.Counts {
		c.Counts[name] += n / pages
	}
	c.pace(s.Pace)
	for _, f := range s.Flags {
		c.Flags[f]++
	}
	if len(s.Flags) > 0 {
		c.Flagged++
	}
	if s.Before != nil {
		c.Repeated++
	}
}

// finish computes means from sums, and the summary.
func (c *Cell) finish() {
	for _, s := range c.Speed {
		c.times = append(c.times, 1/s) // NaN stays NaN
		if !math.IsNaN(s) {
			c.sampled = append(c.sampled, s)
		}
	}
	n := float64(len(c.sampled))
	if n == 0 {
		return
	}
	c.CPU, c.Bytes = c.CPU/n, c.Bytes/n
	// As a share of the runtime's estimate of processor time, which a busy machine affects in both. It is updated at
	// the end of a collection only, so samples without one have no share of their own.
	if c.gcOf > 0 {
		c.GC = c.gcSec / c.gcOf
	}
	c.SiteCPU, c.Dials, c.Wall = c.SiteCPU/n, c.Dials/n, stat.Quantile(c.walls, 0.5)
	c.Fleet, c.ServerCPU = c.fleet(), c.ServerCPU/n
	for name := range c.Counts {
		c.Counts[name] /= n
	}
	c.settle()
	c.Summary = stat.Median(c.sampled)
	c.Bimodal = bimodal(c.sampled)
	for kinds, u := range c.Distortions {
		u.Slowed = 1 - u.Speed/c.Wall
		c.Distortions[kinds] = u
	}
	if c.Traces != nil {
		c.Traces.Slowed = 1 - c.Traces.Speed/c.Wall
	}
}

// bimodal reports whether the sorted values form two clusters of at least three, with a gap wider
// than either cluster.
func bimodal(values []float64) bool {
	v := slices.Sorted(slices.Values(values))
	for i := 3; i+3 <= len(v); i++ {
		gap := v[i] - v[i-1]
		if gap > 1.5*max(v[i-1]-v[0], v[len(v)-1]-v[i]) && gap > 0.1*v[i] {
			return true
		}
	}
	return false
}

// layOut arranges the cells in tables.
func (a *Analysis) layOut(cells map[plan.Cell]*Cell) {
	a.byID = map[string]*Cell{}
	tables, rows := map[Key]*Table{}, map[*Table]map[string]*Row{}
	for _, c := range a.Run.Plan().Cells {
		d := cells[c]
		if d == nil {
			continue
		}
		t := tables[KeyOf(c)]
		if t == nil {
			t = &Table{Key: KeyOf(c)}
			tables[t.Key], rows[t] = t, map[string]*Row{}
			a.Tables = append(a.Tables, t)
		}
		if !slices.Contains(t.Workers, c.Workers) {
			t.Workers = append(t.Workers, c.Workers)
		}
		r := rows[t][c.Impl]
		if r == nil {
			r = &Row{Impl: c.Impl}
			rows[t][c.Impl] = r
			t.Rows = append(t.Rows, r)
		}
		r.Cells = append(r.Cells, d)
		d.Table, d.Row = t, r
		a.byID[c.ID()] = d
	}
	for _, t := range a.Tables {
		slices.Sort(t.Workers)
		for _, r := range t.Rows {
			slices.SortFunc(r.Cells, func(x, y *Cell) int { return cmp.Compare(x.Workers, y.Workers) })
		}
	}
}
