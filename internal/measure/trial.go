package measure

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/host"
	"crawlbench/internal/plan"
	"crawlbench/internal/store"
	"crawlbench/internal/web/delay"
)

// Trial measures a small plan in a directory of its own. Lessons and experiments use it, so that their answers come
// from the same measurement as all others.
type Trial struct {
	Crawlers []crawl.Crawler
	// Child is the command line of a child process; empty means this program with the argument ChildVerb.
	Child []string
	// Dir is the directory of the run, which must not exist.
	Dir string
	// Budget limits the time for the rounds; 0 means that the plan's number of rounds is taken.
	Budget time.Duration
	// Watch, if not nil, is called before and after every child.
	Watch func(Event)
}

// Take takes a whole run of p and returns it, for reading. text is what its manifest has as the text of the scenario.
func (t Trial) Take(ctx context.Context, p *plan.Plan, text string) (*store.Run, error) {
	begin := time.Now()
	run, err := store.Create(t.Dir, t.manifest(p, text, begin), p)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(t.measure(ctx, run, p, begin), run.Close()); err != nil {
		return nil, err
	}
	return run, nil
}

func (t Trial) measure(ctx context.Context, run *store.Run, p *plan.Plan, begin time.Time) error {
	dir, remove, err := Caches(run)
	if err != nil {
		return err
	}
	defer remove()
	graphs, err := Build(ctx, p, dir, host.FreeMemory())
	if err != nil {
		return err
	}
	spin := delay.Calibrate()
	if err := run.Update(func(m *store.Manifest) { m.Graphs, m.Spin = Infos(graphs), spin }); err != nil {
		return err
	}
	r := Runner{Run: run, Caches: CacheFiles(graphs), Spin: spin, Memory: cmp.Or(p.Memory, host.FreeMemory()),
		Child: t.Child, Watch: t.Watch, Budget: t.Budget, Begin: begin}
	if err := r.Do(ctx); err != nil {
		return fmt.Errorf("measure %s: %w", filepath.Base(t.Dir), err)
	}
	if err := run.WriteBench(); err != nil {
		return err
	}
	return run.Update(func(m *store.Manifest) { m.State, m.Ended = store.Complete, time.Now().UTC() })
}

func (t Trial) manifest(p *plan.Plan, text string, begin time.Time) store.Manifest {
	m := store.Manifest{Scenario: p.Scenario, ScenarioText: text, Seed: p.Seed, Host: host.Fingerprint(),
		Go: runtime.Version(), Started: begin.UTC()}
	for _, c := range t.Crawlers {
		if c.OnEngine {
			m.OnEngine = append(m.OnEngine, c.Name)
		}
		if c.Polite && p.Politeness != nil {
			m.Polite = append(m.Polite, c.Name)
		}
	}
	return m
}
