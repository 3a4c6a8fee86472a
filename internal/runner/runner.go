// Package runner takes the samples and profile passes that a run still lacks, each in a child process of its own, and
// commits what came of each to the run's journal before it starts the next.
//
// While a child measures, this process does nothing; whoever watches is told between the samples only.
package runner

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"crawlbench/internal/cell"
	"crawlbench/internal/plan"
	"crawlbench/internal/store"
)

// Runner measures one run.
type Runner struct {
	Run    *store.Run
	Caches map[string]string // cache file by name of graph
	Spin   float64           // rounds of web.Burn in a microsecond
	Memory int64             // bound on a child's data segment in bytes
	// Setup is added to the deadline of a sample for starting, opening the graph and warming up. 0 means 10 seconds.
	Setup time.Duration
	// Child is the command line of a child process; empty means this program with the argument ChildVerb.
	Child []string
	// Against is the program that crawls the cells marked so; "" if there are none.
	Against string
	// Budget, if not 0, is the time from Begin on into which the number of rounds is fitted.
	Budget time.Duration
	Begin  time.Time
	// Watch is called before and after every child. Nil: nobody watches.
	Watch func(Event)
}

// ChildVerb is the argument with which a program is called to be a child.
const ChildVerb = "__cell"

// Event is a step of a run.
type Event struct {
	Cell   plan.Cell
	Round  int           // -1 in the profile passes
	Done   int           // samples and passes finished
	Total  int           // of so many
	Record *store.Record // what was just finished; nil before the child starts
	Left   time.Duration // what the rest will take at the pace so far; 0 if unknown
}

// Do takes what is pending: the rounds, then the profile passes. When ctx ends it returns its cause, and the journal
// has all that was finished. An error means that the harness itself could not go on.
func (r *Runner) Do(ctx context.Context) error {
	if err := r.null(ctx); err != nil {
		return err
	}
	begin := time.Now()
	for {
		slots, _ := r.Run.Pending()
		if len(slots) == 0 {
			break
		}
		round := slots[0].Round
		for _, s := range slots {
			if s.Round != round || r.failed(s.Cell) {
				continue
			}
			if err := r.sample(ctx, s); err != nil {
				return err
			}
		}
		if err := r.refit(round, time.Since(begin)); err != nil {
			return err
		}
	}
	_, passes := r.Run.Pending()
	for _, i := range passes {
		if r.failed(r.Run.Plan().Passes[i].Cell) {
			continue
		}
		if err := r.pass(ctx, i); err != nil {
			return err
		}
	}
	return nil
}

// null measures what harness and engine cost on each graph by each kind of key, unless the manifest has it already.
func (r *Runner) null(ctx context.Context) error {
	costs := maps.Clone(r.Run.Manifest().Harness)
	if costs == nil {
		costs = map[string]float64{}
	}
	engine := maps.Clone(r.Run.Manifest().Engine)
	if engine == nil {
		engine = map[string]float64{}
	}
	for _, c := range r.Run.Plan().Cells {
		key := c.Graph + "/" + c.Keys
		if _, ok := costs[key]; ok {
			continue
		}
		job := r.job(c, 0)
		job.Null, job.Crews = true, crews(r.Run.Plan(), c.Graph, c.Keys)
		outcome, failure, err := r.run(ctx, job, false)
		if err != nil {
			return err
		}
		if failure != nil {
			return fmt.Errorf("measure what the harness costs on %s: %s: %s", key, failure.class, failure.message)
		}
		costs[key] = outcome.Null
		for i, crew := range job.Crews {
			engine[store.EngineKey(c.Graph, c.Keys, crew.Workers, crew.Procs)] = outcome.Engine[i]
		}
	}
	return r.Run.Update(func(m *store.Manifest) { m.Harness, m.Engine = costs, engine })
}

// crews returns how many workers crawl that graph by those keys in p, and on how many processors.
func crews(p *plan.Plan, graph, keys string) []cell.Crew {
	var list []cell.Crew
	for _, c := range p.Cells {
		crew := cell.Crew{Workers: c.Workers, Procs: c.Procs}
		if c.Graph == graph && c.Keys == keys && !slices.Contains(list, crew) {
			list = append(list, crew)
		}
	}
	return list
}

// failed reports whether the cell is out of the run.
func (r *Runner) failed(i int) bool {
	_, ok := r.Run.Failed()[r.Run.Plan().Cells[i].ID()]
	return ok
}

// sample takes one sample.
func (r *Runner) sample(ctx context.Context, s plan.Slot) error {
	p := r.Run.Plan()
	c := p.Cells[s.Cell]
	rec := store.Record{Kind: store.KindSample, Round: s.Round, Slot: s.Slot, Cell: c.ID()}
	job := r.job(c, p.Sample)
	job.Weigh = s.Round == 0 && c.Rate == 0 // what a design holds depends on neither
	return r.commit(ctx, c, rec, job)
}

// pass takes the profiles of one pass. They are complete files before the journal says that they are there.
func (r *Runner) pass(ctx context.Context, i int) error {
	p := r.Run.Plan()
	pass := p.Passes[i]
	c := p.Cells[pass.Cell]
	job := r.job(c, p.Length)
	job.Profiles = pass.Kinds
	var err error
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

func (r *Runner) job(c plan.Cell, length time.Duration) cell.Job {
	c.Impl = c.Design() // another program may not know what marks a second entry
	return cell.Job{
		Cell: c, Cache: r.Caches[c.Graph], Fetch: r.Run.Plan().Fetch, Spin: r.Spin, Sample: length, Memory: r.Memory,
	}
}

// commit runs the job, a second time if its sample is doubtful or its profiles have a pause in them, and appends its record
// to the journal.
func (r *Runner) commit(ctx context.Context, c plan.Cell, rec store.Record, job cell.Job) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	r.tell(c, rec.Round, nil)
	rec.Start = time.Now().UTC()
	outcome, failure, err := r.run(ctx, job, c.IsAgainst())
	if err != nil {
		return err
	}
	if failure == nil && (outcome.Frozen || outcome.Sample != nil && len(outcome.Sample.Flags) > 0) {
		first := outcome.Sample
		if outcome, failure, err = r.run(ctx, job, c.IsAgainst()); err != nil {
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
		rec.Failure, err = r.keep(c, rec, failure)
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
	r.tell(c, rec.Round, &rec)
	return nil
}

// keep writes what a failed child printed into the run.
func (r *Runner) keep(c plan.Cell, rec store.Record, f *failure) (*store.Failure, error) {
	kept := &store.Failure{Class: f.class, Message: f.message}
	if len(f.output) == 0 {
		return kept, nil
	}
	kept.Output = filepath.Join("failures", fmt.Sprintf("%s.r%d.s%d.txt", c.ID(), rec.Round+1, rec.Slot+1))
	if err := r.Run.WriteFile(kept.Output, f.output); err != nil {
		return nil, fmt.Errorf("keep the output of %s: %w", c.ID(), err)
	}
	return kept, nil
}

// tell calls Watch.
func (r *Runner) tell(c plan.Cell, round int, rec *store.Record) {
	if r.Watch == nil {
		return
	}
	slots, passes := r.Run.Pending()
	p := r.Run.Plan()
	e := Event{Cell: c, Round: round, Record: rec, Total: len(p.Schedule) + len(p.Passes)}
	e.Done = e.Total - len(slots) - len(passes)
	e.Left = r.left(slots, passes)
	r.Watch(e)
}

// left reckons how long the rest takes from what each cell has taken so far.
func (r *Runner) left(slots []plan.Slot, passes []int) time.Duration {
	p := r.Run.Plan()
	sum, n := map[string]float64{}, map[string]float64{}
	var all, count float64
	for _, rec := range r.Run.Records() {
		if rec.Kind == store.KindSample {
			sum[rec.Cell] += rec.Wall
			n[rec.Cell]++
			all += rec.Wall
			count++
		}
	}
	if count == 0 {
		return 0
	}
	var seconds float64
	for _, s := range slots {
		if id := p.Cells[s.Cell].ID(); n[id] > 0 {
			seconds += sum[id] / n[id]
		} else {
			seconds += all / count
		}
	}
	overhead := max(0, all/count-p.Sample.Seconds())
	seconds += float64(len(passes)) * (p.Length.Seconds() + overhead)
	return time.Duration(seconds * float64(time.Second))
}
