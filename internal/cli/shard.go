package cli

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"crawlbench/internal/host"
	"crawlbench/internal/measure"
	"crawlbench/internal/plain"
	"crawlbench/internal/plain/screen"
	"crawlbench/internal/plain/shell"
	"crawlbench/internal/plan"
	"crawlbench/internal/report"
	"crawlbench/internal/store"
)

// shardFlags are the flags of a run that measures a shard; the zero value is a run that measures all.
type shardFlags struct{ place, run, machine string }

func (s *shardFlags) add(fs *flag.FlagSet) {
	fs.StringVar(&s.place, "shard", "", "measure only shard `I/N` of a run: one in N rounds, with I from 1 to N. Start all "+
		"N shards, each on its own machine, and put them together with \"crawlbench merge\"; its -help says more")
	fs.StringVar(&s.run, "run", "", "with -shard, the `name` of the run, the same for all its shards (default: the "+
		"scenario's name and a digest of the plan)")
	fs.StringVar(&s.machine, "machine", "", "with -shard, the `name` of this machine in reports")
}

// withoutShards returns why a flag cannot be used with -shard; "" if it can.
func withoutShards(name string) string {
	switch name {
	case "budget":
		return "shards share a plan, which must not depend on how fast a machine is: use -rounds"
	case "explain":
		return "a shard has no findings: explain the merged run"
	case "gate", "format":
		return "a shard decides nothing: use it with \"crawlbench merge\""
	}
	return ""
}

// check checks the flags of a shard.
func (s *shardFlags) check(fs *flag.FlagSet) error {
	var err error
	fs.Visit(func(given *flag.Flag) {
		switch why := withoutShards(given.Name); {
		case s.place == "" && (given.Name == "run" || given.Name == "machine"):
			err = usagef("run: -%s needs -shard", given.Name)
		case s.place != "" && why != "":
			err = usagef("run: -%s cannot be used with -shard: %s", given.Name, why)
		}
	})
	if err != nil || s.place == "" {
		return err
	}
	for _, name := range [][2]string{{"run", s.run}, {"machine", s.machine}} {
		if name[1] != "" && !store.ValidName(name[1]) {
			return usagef("run: invalid -%s %q: want up to 100 letters, digits and . _ + -, not beginning with . or -",
				name[0], name[1])
		}
	}
	_, err = parseShard(s.place)
	return err
}

// parseShard parses the place of a shard.
func parseShard(text string) (store.Shard, error) {
	i, n, ok := strings.Cut(text, "/")
	index, errIndex := strconv.ParseUint(i, 10, 31)
	of, errOf := strconv.ParseUint(n, 10, 31)
	switch {
	case !ok || errIndex != nil || errOf != nil:
		return store.Shard{}, usagef("run: invalid -shard %q: want I/N, such as 2/8 for the second of eight", text)
	case of < 1 || of > plan.MaxRounds:
		return store.Shard{}, usagef("run: invalid -shard %q: want 1 to %d shards", text, plan.MaxRounds)
	case index < 1:
		return store.Shard{}, usagef("run: invalid -shard %q: shards count from 1: add 1 to an index that counts from 0",
			text)
	case index > of:
		return store.Shard{}, usagef("run: invalid -shard %[1]q: there is no shard %[2]d of %[3]d: want 1/%[3]d to %[3]d/%[3]d",
			text, index, of)
	}
	return store.Shard{Index: int(index), Of: int(of)}, nil
}

// apply changes a scenario so that its plan is the same on all machines. No crawler leaves, as that would depend on
// rounds of other machines; so there is one look, at the end, which has all of alpha.
func (s *shardFlags) apply(scenario *plan.Scenario) error {
	if s.place == "" {
		return nil
	}
	if scenario.AutoSlices {
		return errors.New("run: -shard: slices = \"auto\" measures this machine, so shards would have different plans: " +
			"set turns and slice in the scenario")
	}
	scenario.Stop = false
	return nil
}

// setResidents decides which cells of a plan are measured in blocks. For a shard that is decided without the memory of
// this machine, which has to have enough.
func (s *shardFlags) setResidents(p *plan.Plan, graphs []measure.Graph) error {
	free := host.FreeMemory()
	if s.place == "" {
		measure.SetResidents(p, graphs, free)
		return nil
	}
	here := *p
	here.Cells = slices.Clone(p.Cells)
	measure.SetResidents(&here, graphs, free)
	for i, c := range p.Cells {
		if c != here.Cells[i] {
			return fmt.Errorf("run: -shard: the crawlers of a block on graph %s need more memory than is free here, %d MiB: "+
				"use machines with more, fewer crawlers, or turns = 0", c.Graph, free>>20)
		}
	}
	return nil
}

// checkRounds returns an error if some shards would have no round.
func (s *shardFlags) checkRounds(p *plan.Plan) error {
	if s.place == "" {
		return nil
	}
	place, err := parseShard(s.place)
	if err == nil && place.Of > p.Rounds && !p.Simulated { // a simulated plan has no shards at all
		err = usagef("run: -shard %s: the plan has %s: want at most as many shards, or more -rounds", s.place,
			plain.Count(p.Rounds, "round"))
	}
	return err
}

// create creates the directory of a run; for a shard, of its next attempt.
func (f *runFlags) create(m store.Manifest, p *plan.Plan, begin time.Time) (*store.Run, error) {
	at := func(dir string) (*store.Run, error) {
		if err := store.MakeParent(dir); err != nil {
			return nil, err
		}
		return store.Create(dir, m, p)
	}
	if f.shard.place == "" {
		return at(cmp.Or(f.out, filepath.Join(f.results, store.NewName(f.results, m.Scenario, begin))))
	}
	place, err := parseShard(f.shard.place)
	if err != nil {
		return nil, err
	}
	if place.Run = f.shard.run; place.Run == "" {
		sum, err := store.PlanSum(p)
		if err != nil {
			return nil, err
		}
		place.Run = m.Scenario + "-" + sum[:8]
	}
	m.Shard = &place
	m.Machines = []store.Machine{{Name: cmp.Or(f.shard.machine, host.ID()), ID: host.ID()}}
	if f.out != "" {
		place.Attempt = 1
		return at(f.out)
	}
	for place.Attempt = 1; ; place.Attempt++ {
		dir := filepath.Join(f.results, place.Dir())
		taken := func() bool { _, err := os.Lstat(dir); return err == nil }
		if taken() {
			continue
		}
		if run, err := at(dir); err == nil || !taken() { // otherwise another process was faster
			return run, err
		}
	}
}

// note says what a shard measures of a plan, and how long that takes; "" for a run that measures all.
func (s *shardFlags) note(p *plan.Plan, firsts *measure.Firsts) string {
	place, err := parseShard(s.place)
	if s.place == "" || err != nil {
		return ""
	}
	q, rounds, limited := *p, 0, 0
	for r := range p.Rounds {
		if place.Has(r) {
			rounds++
			if r < p.RoundsOf(plan.Cell{Rate: 1}) {
				limited++
			}
		}
	}
	if q.RateLimitedRounds = limited; limited == 0 { // 0 would mean all
		q.Cells = slices.DeleteFunc(slices.Clone(p.Cells), func(c plan.Cell) bool { return c.Rate > 0 })
	}
	if !place.HasPasses() {
		q.Passes = nil
	}
	return report.Shard(p, place, rounds, firsts.After(&q, rounds))
}

// shardDone says that a shard has ended, and what comes next.
func (a *app) shardDone(run *store.Run, state store.State) {
	s := run.Manifest().Shard
	fmt.Fprintf(a.out, "shard %v of run %s, attempt %d: %s, %d of %d samples: %s\n", s, s.Run, s.Attempt, state,
		len(run.Samples()), run.Planned(), shell.Word(run.Dir()))
	if state == store.Complete && !a.quiet {
		fmt.Fprintf(a.out, "when all %d shards are complete, with their directories: %s merge DIR...\n", s.Of,
			typed(os.Args[0]))
	}
}

// checkShard returns an error if this machine cannot continue a run because of where its rounds are measured.
func checkShard(m store.Manifest) error {
	if len(m.Parts) > 0 {
		return errors.New("it was merged from shards, and is complete: resume a shard, and merge again")
	}
	if s := m.Shard; s != nil && m.Machines[0].ID != host.ID() {
		return fmt.Errorf("another machine started this shard, or this one was restarted since: start another attempt "+
			"with -shard %v -run %s", s, s.Run)
	}
	return nil
}

// helpOnShards says how to run shards on several machines.
func helpOnShards(s screen.Screen) string {
	var b strings.Builder
	s.Paragraph(&b, "", "Each DIR is a shard, which \"run -shard I/N\" wrote, or a directory that contains shards. One "+
		"complete attempt of each shard is used, and the others are listed. All shards must have been measured by the "+
		"same program, with the same plan, settings and graphs. The plan comes from the scenario, its seed and the "+
		"flags alone; no crawler leaves early, and comparisons are decided once, at the end.")
	b.WriteByte('\n')
	s.Paragraph(&b, "", "With one machine, the run is like any other. With two or three, the results of each are "+
		"shown, without a joint verdict. With four or more, crawlers are compared over machines: a t-test on the mean "+
		"log ratio of each machine. Machines with different processors are never averaged. A machine is identified by "+
		"the boot of its kernel: all containers on it count as one machine, and after a restart it counts as another.")
	b.WriteByte('\n')
	s.Title(&b, "-shard on systems that number jobs:")
	s.List(&b, [][]string{
		{"Kubernetes, Indexed Job", `-shard "$((JOB_COMPLETION_INDEX + 1))/N"`},
		{"Slurm, --array=1-N", `-shard "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT"`},
		{"GitHub, matrix", `-shard "${{ matrix.shard }}/N", with shard: [1, 2, ..., N]`},
		{"GitLab, parallel", `-shard "$CI_NODE_INDEX/$CI_NODE_TOTAL"`},
		{"CircleCI, parallelism", `-shard "$((CIRCLE_NODE_INDEX + 1))/$CIRCLE_NODE_TOTAL"`},
		{"Buildkite, parallelism", `-shard "$((BUILDKITE_PARALLEL_JOB + 1))/$BUILDKITE_PARALLEL_JOB_COUNT"`},
		{"AWS Batch, array job", `-shard "$((AWS_BATCH_JOB_ARRAY_INDEX + 1))/$AWS_BATCH_JOB_ARRAY_SIZE"`},
		{"Cloud Run, job", `-shard "$((CLOUD_RUN_TASK_INDEX + 1))/$CLOUD_RUN_TASK_COUNT"`},
	})
	b.WriteByte('\n')
	s.Paragraph(&b, "", "Complete examples are in scripts/shards of the sources.")
	return b.String()
}
