package cli

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/host"
	"crawlbench/internal/host/child"
	"crawlbench/internal/measure"
	"crawlbench/internal/plain"
	"crawlbench/internal/plain/screen"
	"crawlbench/internal/plan"
	"crawlbench/internal/report"
	"crawlbench/internal/store"
	"crawlbench/internal/web/delay"
)

// runFlags are the flags of run.
type runFlags struct {
	results, out, resume, progress                  string
	graphs                                          fileList
	crawlers, keys, workers, rate, limiter, profile string
	transport, processes, redis                     string
	rounds                                          int
	seed                                            string
	budget                                          time.Duration
	dry, force, stop, explain                       bool
	recorded                                        recorded
	against                                         string
	programs                                        programs
	shard                                           shardFlags
	gate                                            gateFlags
	server                                          crawl.FleetServer // that fleets share; nil if there is none
}

func (a *app) run(ctx context.Context, fs *flag.FlagSet, args []string) error {
	var f runFlags
	fs.StringVar(&f.results, "results", "results", "`directory` that holds the runs")
	fs.StringVar(&f.out, "o", "", "write the run into this new `directory`, in place of one in -results")
	fs.StringVar(&f.resume, "resume", "", "continue the interrupted run in this `directory`")
	fs.StringVar(&f.crawlers, "crawlers", "",
		"`names` of the crawlers to measure, in place of the scenario's: a,b or * for all, !c to exclude c")
	fs.Var(&f.graphs, "graph", "crawl the graph in this `file`, in place of the scenario's; without a scenario, "+
		"with the defaults. Give it again for more graphs. KIND:FILE if the name does not tell the kind (see "+
		"\"crawlbench list graphs\")")
	f.recorded.add(fs)
	fs.StringVar(&f.keys, "keys", "", "`kinds` of keys, in place of the scenario's: id,url")
	fs.StringVar(&f.transport, "transport", "", "`transports`, in place of the scenario's: memory,http (http with keys url only)")
	fs.StringVar(&f.profile, "profile", "",
		"`kinds` of profiles to take, in place of the scenario's: cpu,block,mutex,wall or none")
	fs.StringVar(&f.workers, "workers", "",
		"worker `counts`, in place of the scenario's: 1,8,4x (4x is 4 for each core)")
	fs.StringVar(&f.rate, "rate", "", "`rates` in pages/s, in place of the scenario's: inf,5000")
	fs.StringVar(&f.limiter, "limiter", "",
		"`limiters`, in place of the scenario's: bucket,paced (see \"crawlbench list limiters\")")
	fs.StringVar(&f.processes, "processes", "",
		"`numbers` of processes that share a crawl or a limit, in place of the scenario's: 1,2,4")
	fs.StringVar(&f.redis, "redis", "",
		"`URL` of a running server that processes share, in place of one that is started for the run")
	fs.IntVar(&f.rounds, "rounds", 0, "`number` of rounds, in place of the scenario's")
	fs.StringVar(&f.seed, "seed", "", "random `seed`, in place of the scenario's")
	fs.DurationVar(&f.budget, "budget", 0, "choose the number of rounds so that the run takes about this `time`, and end after the last look that fits")
	fs.StringVar(&f.against, "against", "", "also measure the crawlers of this other `program`, in the same rounds")
	fs.BoolVar(&f.stop, "stop", true, "let a crawler leave when all its comparisons are settled, and stop when all are, unless the scenario says stop = false")
	f.gate.add(fs, "with -against")
	f.shard.add(fs)
	fs.BoolVar(&f.explain, "explain", false,
		"after the run, test its findings by experiments that could refute them: in a third of -budget, or without "+
			"it in as much time as the run took")
	fs.BoolVar(&f.force, "force", false, "start the run even if it has too few rounds to decide anything")
	fs.BoolVar(&f.dry, "n", false, "print the plan and its expected time, and measure nothing")
	fs.StringVar(&f.progress, "progress", "auto",
		"`style` of the progress output: auto, plain (lines), line (one line, repainted) or none")
	positional, err := parse(fs, args, 0, 1)
	if err != nil {
		return err
	}
	if a.quiet && f.progress == "auto" {
		f.progress = "none"
	}
	if !slices.Contains([]string{"auto", "plain", "line", "none"}, f.progress) {
		return usagef("run: invalid -progress %q: want auto, plain, line or none", f.progress)
	}
	if err := f.checkGiven(fs); err != nil {
		return err
	}
	if err := f.checkAgainst(); err != nil {
		return err
	}
	defer a.closeServer(&f)
	if err := f.shard.check(fs); err != nil {
		return err
	}
	if f.resume != "" {
		if err := onlyResume(fs, positional); err != nil {
			return err
		}
		return a.resume(ctx, f)
	}
	name := append(positional, "")[0]
	p, m, err := a.plan(ctx, name, &f)
	if err != nil {
		return err
	}
	if p.Simulated {
		if err := checkSimulated(fs, p); err != nil {
			return err
		}
		return a.simulate(ctx, p, m, f)
	}
	if f.dry {
		return a.dry(ctx, p, f)
	}
	return a.fresh(ctx, p, m, f)
}

// checkGiven returns an error if a given flag has the value that means "not given".
func (f *runFlags) checkGiven(fs *flag.FlagSet) error {
	var err error
	fs.Visit(func(given *flag.Flag) {
		switch {
		case given.Name == "rounds" && (f.rounds < 1 || f.rounds > plan.MaxRounds):
			err = usagef("run: invalid -rounds %d: want 1 to %d", f.rounds, plan.MaxRounds)
		case given.Name == "budget" && f.budget <= 0:
			err = usagef("run: invalid -budget %v: want more than 0", f.budget)
		case given.Value.String() == "":
			err = usagef("run: -%s is empty: give a value or omit the flag", given.Name)
		}
	})
	return err
}

// checkAgainst checks the other program and the gate.
func (f *runFlags) checkAgainst() error {
	if _, err := f.gate.share(); err != nil {
		return err
	}
	if f.against == "" {
		if f.gate.gate != "" && f.resume == "" {
			return usagef("run: -gate needs -against; to gate on two runs, use \"compare OLD NEW -gate\"")
		}
		return nil
	}
	path, err := exec.LookPath(f.against)
	if err == nil {
		path, err = filepath.Abs(path)
	}
	if err != nil {
		return fmt.Errorf("run: -against: %w: want the path of another build of crawlbench, such as one of another commit", err)
	}
	f.against = path
	return nil
}

// onlyResume returns an error for flags and arguments that a resumed run cannot change.
func onlyResume(fs *flag.FlagSet, positional []string) error {
	var err error
	fs.Visit(func(fl *flag.Flag) {
		kept := []string{"resume", "results", "progress", "against", "gate", "format", "redis", "q", "v"}
		if !slices.Contains(kept, fl.Name) {
			err = usagef("run: -%s cannot be used with -resume: a resumed run keeps its plan", fl.Name)
		}
	})
	if len(positional) > 0 {
		err = usagef("run: -resume takes no scenario: a resumed run keeps its plan")
	}
	return err
}

// plan loads the scenario, applies the flags, and returns the plan and its manifest. What it measures for that is taken
// from the budget.
func (a *app) plan(ctx context.Context, name string, f *runFlags) (*plan.Plan, store.Manifest, error) {
	s, err := load(name, f.graphs, a.limiterNames()...)
	if err != nil {
		return nil, store.Manifest{}, err
	}
	if err := override(s, *f, a.limiterNames()); err != nil {
		return nil, store.Manifest{}, err
	}
	if err := a.checkFleets(s, *f); err != nil {
		return nil, store.Manifest{}, err
	}
	s.Against = f.against != ""
	if err := f.shard.apply(s); err != nil {
		return nil, store.Manifest{}, err
	}
	p, err := a.make(s)
	if err == nil {
		p, err = a.serveFleets(ctx, s, p, f)
	}
	if err != nil {
		return nil, store.Manifest{}, err
	}
	if err := f.shard.checkRounds(p); err != nil {
		return nil, store.Manifest{}, err
	}
	if s.AutoSlices {
		took, err := a.autoSlices(ctx, p, f.budget)
		if err != nil {
			return nil, store.Manifest{}, err
		}
		if f.budget > 0 {
			f.budget = max(f.budget-took, 1)
		}
	}
	if gate, _ := f.gate.share(); gate >= 0 && s.Against { // checked with the flags
		p.Gate = &gate
	}
	m := store.Manifest{
		Scenario: s.Name, ScenarioFile: s.File, ScenarioText: s.Text, Seed: s.Seed,
		Command: withoutPassword(os.Args, f.redis), Against: f.against,
		Host: host.Fingerprint(), Go: runtime.Version(), Modules: modules(), Started: time.Now().UTC(),
	}
	if f.server != nil {
		m.Server = f.server.Version()
	}
	m.WrongLimiters = a.wrongLimiters(p)
	for _, c := range a.crawlers {
		if c.OnEngine {
			m.OnEngine = append(m.OnEngine, c.Name)
		}
		if c.Polite && p.Politeness != nil {
			m.Polite = append(m.Polite, c.Name)
		}
	}
	return p, m, nil
}

// make returns the plan of a scenario for this machine.
func (a *app) make(s *plan.Scenario) (*plan.Plan, error) {
	return plan.Make(s, a.crawlers, runtime.NumCPU(), a.limiters...)
}

// given parses the value of a flag of run and passes it to set, if the flag was given.
func given[T any](name, text string, parse func(string) (T, error), set func(T)) error {
	if text == "" {
		return nil
	}
	value, err := parse(text)
	if err != nil {
		return usagef("run: -%s: %w", name, err)
	}
	set(value)
	return nil
}

// override replaces the scenario's values by those of flags. limiters are the names that one can have.
func override(s *plan.Scenario, f runFlags, limiters []string) error {
	err := cmp.Or(
		given("crawlers", f.crawlers, plan.ParseNames, func(names []string) {
			s.Crawlers, s.Profiles.Crawlers, s.Baseline = names, nil, ""
		}),
		given("keys", f.keys, plan.ParseKeys, func(keys []string) { s.Keys, s.Profiles.Keys = keys, nil }),
		given("transport", f.transport, plan.ParseTransports, func(list []plan.Transport) { s.Transports = list }),
		given("profile", f.profile, plan.ParseProfiles, func(kinds []string) { s.Profiles.Kinds = kinds }),
		given("workers", f.workers, plan.ParseCounts, func(counts []plan.Count) {
			s.Workers, s.Profiles.Workers = counts, nil
			for i := range s.Graphs {
				s.Graphs[i].Workers = nil
			}
		}),
		given("rate", f.rate, plan.ParseRates, func(rates []plan.Rate) { s.Rates, s.Profiles.Rates = rates, nil }),
		given("limiter", f.limiter, func(text string) ([]string, error) { return plan.ParseLimiters(text, limiters) },
			func(names []string) { s.Limiters = names }),
		given("processes", f.processes, plan.ParseProcesses, func(numbers []int) { s.Processes = numbers }),
	)
	if err != nil {
		return err
	}
	f.recorded.apply(s)
	if f.rounds > 0 && f.budget > 0 {
		return usagef("run: -rounds and -budget both set the number of rounds: use one of them")
	}
	if f.rounds > 0 {
		s.Rounds = f.rounds
	}
	s.Stop = s.Stop && f.stop
	return given("seed", f.seed, plan.ParseSeed, s.Reseed)
}

// modules returns the versions of the modules in this program.
func modules() map[string]string {
	m := map[string]string{}
	if info, ok := debug.ReadBuildInfo(); ok {
		m[info.Main.Path] = info.Main.Version
		for _, d := range info.Deps {
			m[d.Path] = d.Version
		}
	}
	return m
}

// dry prints the plan.
func (a *app) dry(ctx context.Context, p *plan.Plan, f runFlags) error {
	dir, err := host.TempDir("crawlbench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	graphs, err := measure.Build(ctx, p, dir, host.FreeMemory())
	if err != nil {
		return err
	}
	if err := measure.CheckDeadline(p, ideal(p, graphs)); err != nil {
		return err
	}
	if err := f.shard.setResidents(p, graphs); err != nil {
		return err
	}
	firsts, err := a.look(ctx, p, graphs, measure.Runner{Server: f.server})
	if err != nil {
		return err
	}
	a.fitRounds(p, firsts, f.budget, 0)
	a.show(a.raw, a.screen, p, graphs, firsts, f)
	return nil
}

// lookTime bounds the first look at the cells of a plan.
const lookTime = 10 * time.Second

// look takes a first look at the cells of p, from which times are estimated.
func (a *app) look(ctx context.Context, p *plan.Plan, graphs []measure.Graph, r measure.Runner,
) (*measure.Firsts, error) {
	f := &measure.Firsts{Ideal: ideal(p, graphs)}
	r.Caches, r.Memory = measure.CacheFiles(graphs), cmp.Or(p.Memory, host.FreeMemory())
	if p.UsesCPU() && r.Spin == 0 {
		r.Spin = delay.Calibrate()
	}
	return f, f.Look(ctx, &r, p, lookTime)
}

// show prints what p measures, how long it takes and what it can show.
func (a *app) show(w io.Writer, s screen.Screen, p *plan.Plan, graphs []measure.Graph, firsts *measure.Firsts,
	f runFlags) {
	gate, _ := f.gate.share() // checked with the flags
	fmt.Fprint(w, report.Plan(p, measure.Infos(graphs), soonest(p, firsts), firsts.Total(p), gate, s))
	if firsts.Cells > 0 {
		s.Paragraph(w, "", fmt.Sprintf("The time is estimated from one crawl in %d of %s without a rate; samples that are "+
			"taken again come on top.", firsts.Seen(), plain.Count(firsts.Cells, "cell")))
	}
	if text := f.shard.note(p, firsts); text != "" {
		s.Paragraph(w, "", text)
	}
	switch {
	case p.Fleets() && len(p.Passes) > 0:
		s.Paragraph(w, "", "Fleets are not profiled: the profiles are those of crawlers that crawl alone.")
	case p.Fleets():
		s.Paragraph(w, "", "No profiles are taken: fleets are not profiled.")
	case len(p.Passes) == 0:
		s.Paragraph(w, "", "No profiles are taken: add -profile cpu,block,mutex,wall, or a table [profiles] to the scenario.")
	}
}

func roundUp(d time.Duration) time.Duration { return (d + 5*time.Second - 1).Truncate(5 * time.Second) }

// fresh starts a new run.
func (a *app) fresh(ctx context.Context, p *plan.Plan, m store.Manifest, f runFlags) error {
	begin := time.Now()
	err := child.Supported()
	if err != nil {
		return err
	}
	if f.programs, err = readPrograms(f.against); err != nil {
		return err
	}
	defer f.programs.close()
	if err := origin(&m, p, f.programs); err != nil {
		return err
	}
	if p.UsesCPU() {
		m.Spin = delay.Calibrate()
	}
	if len(p.Passes) > 0 {
		costs, err := measure.Costs()
		if err != nil {
			return err
		}
		m.ProfilerCost = map[string]float64{}
		for _, c := range costs {
			m.ProfilerCost[c.Kind] = c.NS
		}
	}
	run, err := f.create(m, p, begin)
	if err != nil {
		return err
	}
	defer run.Close()
	cacheDir, remove, err := measure.Caches(run)
	if err != nil {
		return err
	}
	defer remove()
	f.programs.link(cacheDir)
	graphs, err := measure.Build(ctx, p, cacheDir, host.FreeMemory())
	if err == nil {
		err = measure.CheckDeadline(p, ideal(p, graphs))
	}
	total := f.budget
	if f.explain {
		f.budget = total * 2 / 3
	}
	var firsts *measure.Firsts
	if err == nil {
		err = f.shard.setResidents(p, graphs)
	}
	if err == nil {
		firsts, err = a.look(ctx, p, graphs, measure.Runner{Spin: m.Spin, Server: f.server,
			Child: []string{f.programs.startThis, measure.ChildVerb}})
	}
	if err == nil {
		a.fitRounds(p, firsts, f.budget, time.Since(begin))
		if why := report.NothingToFind(p); why != "" && !f.force {
			err = fmt.Errorf("run: %s", why)
		}
	}
	if err != nil {
		run.Close()
		return errors.Join(err, os.RemoveAll(run.Dir())) // nothing was measured: remove the directory
	}
	if err := run.SetPlan(p); err != nil {
		return err
	}
	if err := run.Update(func(m *store.Manifest) { m.Graphs = measure.Infos(graphs) }); err != nil {
		return err
	}
	if !a.quiet {
		a.show(a.rawErr, a.side, p, graphs, firsts, f)
	}
	if err := a.measure(ctx, run, graphs, f, begin); err != nil || !f.explain {
		return err
	}
	return a.test(ctx, run, left(total, begin), false)
}
