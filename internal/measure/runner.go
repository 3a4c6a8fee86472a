package measure

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/plan"
	"crawlbench/internal/store"
)

// Runner measures one run.
type Runner struct {
	Run    *store.Run
	Caches map[string]string // cache files by graph name
	Spin   float64           // rounds of delay.Burn per microsecond
	Memory int64             // limit on a child's data segment, in bytes
	// Setup is added to the deadline of a sample for starting, opening the graph and warming up. 0 means 10 seconds.
	Setup time.Duration
	// Child is the command line of a child process; empty means this program with the argument ChildVerb.
	Child []string
	// Against is the program that crawls the cells marked with against; "" if there are none.
	Against string
	// Server is the server that the processes of fleets share; nil if there is none.
	Server crawl.FleetServer
	// Budget, if not 0, limits the time from Begin; the number of rounds is adjusted to it.
	Budget time.Duration
	Begin  time.Time
	// Watch, if not nil, is called before and after every child or block.
	Watch func(Event)

	ended  map[plan.Cell]time.Time // when the last block of a group ended
	passed time.Duration           // of the profile passes taken between blocks
	sites  sites
	fleets fleetNames
}

// ChildVerb is the argument that makes a program act as a child.
const ChildVerb = "__cell"

// Event is a step of a run.
type Event struct {
	Cell   plan.Cell
	Round  int           // -1 in the profile passes
	Done   int           // samples and passes finished
	Total  int           // samples and passes in the plan
	Record *store.Record // the record just committed; nil before the child starts
	Left   time.Duration // estimated time for the rest; 0 if unknown
}

// Do takes everything that is pending: the rounds, with profile passes where a block would wait, then the other profile
// passes. When ctx ends, it returns the cause, and the journal has everything that was finished. An error means that
// the harness itself failed.
func (r *Runner) Do(ctx context.Context) error {
	defer r.sites.close()
	if err := r.measureHarness(ctx); err != nil {
		return err
	}
	begin := time.Now()
	for {
		slots, _ := r.Run.Pending()
		if len(slots) == 0 {
			break
		}
		round := slots[0].Round
		if err := r.takeRound(ctx, r.units(slots, round)); err != nil {
			return err
		}
		if err := r.refit(round, time.Since(begin)-r.passed); err != nil {
			return err
		}
	}
	for {
		if more, err := r.nextPass(ctx); !more || err != nil {
			return err
		}
	}
}

// nextPass takes the first profile pass that is pending, and reports whether there was one.
func (r *Runner) nextPass(ctx context.Context) (bool, error) {
	_, passes := r.Run.Pending()
	if len(passes) == 0 {
		return false, nil
	}
	return true, r.pass(ctx, passes[0])
}

// measureHarness measures the cost of the harness and of the engine on each graph by each kind of key, unless the
// manifest has it already.
func (r *Runner) measureHarness(ctx context.Context) error {
	costs, engine := map[string]float64{}, map[string]float64{}
	maps.Copy(costs, r.Run.Manifest().Harness)
	maps.Copy(engine, r.Run.Manifest().Engine)
	for _, c := range r.Run.Plan().Cells {
		key := c.Graph + "/" + c.Keys
		if c.Transport == plan.HTTP {
			key += "/" + c.Transport.String()
		}
		if _, ok := costs[key]; ok {
			continue
		}
		job, err := r.job(ctx, c, 0)
		if err != nil {
			return err
		}
		job.Null, job.Crews = true, crews(r.Run.Plan(), c)
		outcome, failure, err := r.run(ctx, job, false, r.limit())
		if err != nil {
			return err
		}
		if failure != nil {
			return fmt.Errorf("measure the cost of the harness on %s: %s: %s", key, failure.class, failure.message)
		}
		costs[key] = outcome.Null
		for i, crew := range job.Crews {
			engine[store.EngineKey(c.Graph, c.Keys, c.Transport, crew.Workers, crew.Procs)] = outcome.Engine[i]
		}
	}
	return r.Run.Update(func(m *store.Manifest) { m.Harness, m.Engine = costs, engine })
}

// crews returns the numbers of workers and processors with which p crawls the graph of a cell by its keys and
// transport.
func crews(p *plan.Plan, of plan.Cell) []Crew {
	var list []Crew
	for _, c := range p.Cells {
		crew := Crew{Workers: c.Workers, Procs: c.Procs}
		if c.Graph == of.Graph && c.Keys == of.Keys && c.Transport == of.Transport && !slices.Contains(list, crew) {
			list = append(list, crew)
		}
	}
	return list
}

// failed reports whether cell i has failed and is no longer measured.
func (r *Runner) failed(i int) bool {
	_, ok := r.Run.Failed()[r.Run.Plan().Cells[i].ID()]
	return ok
}

// sample takes one sample.
func (r *Runner) sample(ctx context.Context, s plan.Slot) error {
	p := r.Run.Plan()
	c := p.Cells[s.Cell]
	rec := store.Record{Kind: store.KindSample, Round: s.Round, Slot: s.Slot, Cell: c.ID()}
	job, err := r.job(ctx, c, p.Sample)
	if err != nil {
		return err
	}
	job.Retained = r.retained(s)
	return r.commit(ctx, c, rec, job)
}

// retained reports whether retained bytes are measured in a slot. They depend neither on the round nor on the rate, and
// over HTTP the client retains more than the crawler.
func (r *Runner) retained(s plan.Slot) bool {
	c := r.Run.Plan().Cells[s.Cell]
	return s.Round == 0 && c.Rate == 0 && c.Cost == plan.Cost{} && c.Transport == plan.Memory && c.Processes == 0
}

// pass takes the profiles of one pass. The files are complete before the journal mentions them.
func (r *Runner) pass(ctx context.Context, i int) error {
	p := r.Run.Plan()
	pass := p.Passes[i]
	c := p.Cells[pass.Cell]
	job, err := r.job(ctx, c, p.Length)
	if err != nil {
		return err
	}
	job.Profiles = pass.Kinds
	if job.Dir, err = r.Run.MkdirAll("profiles/" + c.ID()); err != nil {
		return fmt.Errorf("profile %s: %w", c.ID(), err)
	}
	job.Comments = []string{
		"run=" + filepath.Base(r.Run.Dir()),
		"cell=" + c.Name(),
		"pass=" + strings.Join(pass.Kinds, "+"),
	}
	rec := store.Record{Kind: store.KindProfile, Round: -1, Slot: i, Cell: c.ID()}
	return r.commit(ctx, c, rec, job)
}

// job returns the job of a cell.
func (r *Runner) job(ctx context.Context, c plan.Cell, length time.Duration) (Job, error) {
	p := r.Run.Plan()
	c.Impl = c.Crawler() // another program may not know the suffix of a control
	return r.sites.at(ctx, r, Job{
		Cell: c, Cache: r.Caches[c.Graph], Fetch: p.FetchOf(c), Spin: r.Spin, Sample: length, Memory: r.Memory,
		Politeness: p.Politeness,
	}, p.Seed)
}

// commit runs the job and appends its record to the journal. It runs the job a second time if the sample is flagged, or
// if the process was stopped while the profiles were taken.
func (r *Runner) commit(ctx context.Context, c plan.Cell, rec store.Record, job Job) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	r.notify(c, rec.Round, nil)
	rec.Start = time.Now().UTC()
	outcome, failure, err := r.run(ctx, job, c.IsAgainst(), r.limit())
	if err != nil {
		return err
	}
	if failure == nil && (outcome.Frozen || outcome.Sample != nil && len(outcome.Sample.Flags) > 0) {
		first := outcome.Sample
		if outcome, failure, err = r.run(ctx, job, c.IsAgainst(), r.limit()); err != nil {
			return err
		}
		if failure == nil && outcome.Sample != nil {
			outcome.Sample.Before = first
		}
	}
	rec.Wall = time.Since(rec.Start).Seconds()
	switch {
	case failure != nil:
		rec.Kind = store.KindFailure
		rec.Failure, err = r.saveOutput(c, rec, failure)
		if err != nil {
			return err
		}
	case outcome.Profile != nil:
		for kind, file := range outcome.Profile.Files {
			outcome.Profile.Files[kind] = filepath.Join("profiles", c.ID(), file)
		}
		rec.Profile = outcome.Profile
	default:
		rec.Sample = outcome.Sample
	}
	if err := r.Run.Append(rec); err != nil {
		return err
	}
	r.notify(c, rec.Round, &rec)
	return nil
}

// saveOutput writes the output of a failed child into the run and returns its failure record.
func (r *Runner) saveOutput(c plan.Cell, rec store.Record, f *failure) (*store.Failure, error) {
	saved := &store.Failure{Class: f.class, Message: f.message}
	if len(f.output) == 0 {
		return saved, nil
	}
	saved.Output = filepath.Join("failures", fmt.Sprintf("%s.r%d.s%d.txt", c.ID(), rec.Round+1, rec.Slot+1))
	if err := r.Run.WriteFile(saved.Output, f.output); err != nil {
		return nil, fmt.Errorf("save the output of %s: %w", c.ID(), err)
	}
	return saved, nil
}

// notify calls Watch.
func (r *Runner) notify(c plan.Cell, round int, rec *store.Record) {
	if r.Watch == nil {
		return
	}
	slots, passes := r.Run.Pending()
	p := r.Run.Plan()
	e := Event{Cell: c, Round: round, Record: rec, Total: r.Run.Planned() + len(p.Passes)}
	e.Done = e.Total - len(slots) - len(passes)
	e.Left = r.Run.Left()
	r.Watch(e)
}
