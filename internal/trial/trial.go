// Package trial measures a small scenario in a directory of its own.
//
// The input is a scenario and the crawlers; the output is the analysis of an ordinary run, taken by the runner with a
// child process for each sample. Lessons and experiments use it, so that their answers come from the same measurement
// as all others.
package trial

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/diagnose"
	"crawlbench/internal/host"
	"crawlbench/internal/measure"
	"crawlbench/internal/plan"
	"crawlbench/internal/store"
	"crawlbench/internal/web"
)

// Trial says how to measure.
type Trial struct {
	Crawlers []crawl.Crawler
	// Child is the command line of a child process; empty means this program with the argument measure.ChildVerb.
	Child []string
	// Dir is the directory of the run, which must not exist.
	Dir string
	// Budget limits the time for the rounds; 0 means that the plan's number of rounds is taken.
	Budget time.Duration
	// Watch, if not nil, is called before and after every child.
	Watch func(measure.Event)
}

// Measure takes a whole run of s and returns its analysis. The run's directory remains.
func (t Trial) Measure(ctx context.Context, s *plan.Scenario) (*diagnose.Analysis, error) {
	p, err := plan.Make(s, t.Crawlers, runtime.NumCPU())
	if err != nil {
		return nil, err
	}
	return t.Take(ctx, p, s.Text)
}

// Take takes a whole run of p and returns its analysis. text is what its manifest has as the text of the scenario.
func (t Trial) Take(ctx context.Context, p *plan.Plan, text string) (*diagnose.Analysis, error) {
	begin := time.Now()
	run, err := store.Create(t.Dir, t.manifest(p, text, begin), p)
	if err != nil {
		return nil, err
	}
	return t.take(ctx, run, p, begin)
}

func (t Trial) take(ctx context.Context, run *store.Run, p *plan.Plan, begin time.Time) (a *diagnose.Analysis,
	err error) {
	defer func() { err = errors.Join(err, run.Close()) }()
	dir, remove, err := measure.Caches(run)
	if err != nil {
		return nil, err
	}
	defer remove()
	graphs, err := measure.Build(ctx, p, dir, host.FreeMemory())
	if err != nil {
		return nil, err
	}
	caches := map[string]string{}
	for _, g := range graphs {
		caches[g.Info.Name] = g.Cache
	}
	var infos []store.GraphInfo
	for _, g := range graphs {
		infos = append(infos, g.Info)
	}
	spin := web.Calibrate()
	if err := run.Update(func(m *store.Manifest) { m.Graphs, m.Spin = infos, spin }); err != nil {
		return nil, err
	}
	r := measure.Runner{Run: run, Caches: caches, Spin: spin, Memory: p.Memory, Child: t.Child, Watch: t.Watch,
		Budget: t.Budget, Begin: begin}
	if r.Memory == 0 {
		r.Memory = host.FreeMemory()
	}
	if err := r.Do(ctx); err != nil {
		return nil, fmt.Errorf("measure %s: %w", filepath.Base(t.Dir), err)
	}
	if err := run.WriteBench(); err != nil {
		return nil, err
	}
	end := func(m *store.Manifest) { m.State, m.Ended = store.Complete, time.Now().UTC() }
	if err := run.Update(end); err != nil {
		return nil, err
	}
	return diagnose.Analyse(run)
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
