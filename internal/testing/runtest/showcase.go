package runtest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"crawlbench/internal/plan"
	"crawlbench/internal/profile"
	"crawlbench/internal/profile/breakdown"
	"crawlbench/internal/store"
)

const showcase = `
crawlers = ["mutexmap", "owner", "cas"]
workers = [1, 2, 8]
rate = ["inf", 500]
burst = 20
limiter = ["bucket", "paced"]
rounds = 12
[[graph]]
name = "g"
kind = "hosts"
pages = 1000
[profiles]
kinds = ["cpu", "wall"]
workers = [8]
rate = ["inf"]
`

// Showcase fabricates a run that exercises every statement of a report: a crawler that waits for
// locks, one that stops scaling, failed cells of a crawler, of the control and of another program,
// flagged and bimodal samples, a limiter that exceeds its rate beside one that keeps it, and traces
// whose medians do not add up to 100 %.
func Showcase(tb testing.TB) *store.Run {
	tb.Helper()
	p, err := Plan(showcase, true)
	if err != nil {
		tb.Fatal(err)
	}
	fails := map[string]int{"owner": 1, plan.Control("mutexmap"): 8, plan.Against("cas"): 2}
	r := Run{Plan: p, Noise: 0.01, Speed: showcaseSpeed, Manifest: store.Manifest{
		Run: "showcase", Scenario: "showcase", State: store.Complete, Measured: 0.8, Against: "/old/crawlbench",
		Command: []string{"crawlbench", "run", "showcase"},
		Started: time.Unix(0, 0).UTC(), Host: map[string]string{"cpu": "made up", "cores": "2"},
		Harness: map[string]float64{"g/id": 21e-9},
		Graphs: []store.GraphInfo{{Name: "g", Spec: "made up", Digest: "d", Pages: pages, Links: 9 * pages,
			Reachable: pages, Depth: 9}}},
		Change: func(c plan.Cell, rec *store.Record) {
			s := rec.Sample
			s.Retained, s.Values["B/op"] = 48, 96*pages
			if c.Crawler() == "cas" {
				s.Values["cpu-sec/op"] *= float64(c.Workers)
			}
			if c.Impl == "cas" && c.Workers == 1 && rec.Round < 3 {
				s.Flags, s.Before = []string{"preempted"}, &store.Sample{}
			}
			if c.Rate > 0 {
				s.Pace = &store.Pace{Asked: 500, Achieved: 499, Worst: 0.5, Window: 0.004, Unfairness: 3}
				if c.Limiter == "bucket" && c.Impl == "mutexmap" && c.Workers == 8 {
					s.Pace.Achieved, s.Pace.Worst = 900, 2.5
				}
			}
			if c.Rate == 0 && fails[c.Impl] == c.Workers {
				if rec.Sample = nil; rec.Round == 0 {
					rec.Kind, rec.Failure = store.KindFailure,
						&store.Failure{Class: "hang", Message: "it waited for " + c.Impl}
				}
			}
		},
		Breakdown: func(c plan.Cell) *breakdown.Breakdown { return showcaseBreakdowns(c)[0] },
		Profile: func(c plan.Cell, kind string) *profile.Profile {
			p := profileOf(c, kind)
			p.Sample = p.Sample[:6]
			return p
		},
	}
	run, err := r.Write(filepath.Join(tb.TempDir(), "showcase"))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { run.Close() })
	for _, c := range p.Cells { // Write gives each trace the same time breakdown
		file := filepath.Join(run.Dir(), "profiles", c.ID(), "breakdown.json")
		if _, err := os.Stat(file); err != nil {
			continue
		}
		text, err := json.Marshal(showcaseBreakdowns(c))
		if err == nil {
			err = os.WriteFile(file, text, 0o666)
		}
		if err != nil {
			tb.Fatal(err)
		}
	}
	return run
}

func showcaseSpeed(c plan.Cell, round int) float64 {
	speed := map[string]map[int]float64{
		"mutexmap": {1: 100e3, 2: 80e3, 8: 50e3}, "owner": {1: 60e3, 2: 70e3, 8: 51e3},
		"cas": {1: 120e3, 2: 200e3, 8: 400e3},
	}[c.Crawler()][c.Workers] * (1 + 0.02*float64(round%3))
	switch {
	case c.Rate > 0:
		return min(speed, float64(c.Rate))
	case c.Impl == "cas" && c.Workers == 2 && round%2 == 0:
		return speed / 2
	case c.Impl == plan.Against("owner"):
		return 1.2 * speed
	}
	return speed
}

// showcaseBreakdowns returns the breakdowns of three traces: the shares of mutexmap add up to 1 in
// each, and their medians to 0.9.
func showcaseBreakdowns(c plan.Cell) []*breakdown.Breakdown {
	shares := []map[breakdown.State]float64{{breakdown.Running: 0.9, breakdown.Idle: 0.1},
		{breakdown.Running: 0.8, breakdown.Idle: 0.2}, {breakdown.Running: 0.85, breakdown.Idle: 0.15}}
	if c.Crawler() == "mutexmap" {
		shares = []map[breakdown.State]float64{{breakdown.Running: 0.5, breakdown.Lock: 0.5},
			{breakdown.Running: 0.6, breakdown.Lock: 0.4},
			{breakdown.Running: 0.4, breakdown.Lock: 0.35, breakdown.Idle: 0.25}}
	}
	var list []*breakdown.Breakdown
	for _, share := range shares {
		worker := float64(c.Workers)
		l := &breakdown.Breakdown{Workers: c.Workers, Crawls: 1, Pages: pages, Wall: 1, Worker: worker,
			Seconds: map[breakdown.State]float64{}, Samples: 16, Events: 1000}
		for _, class := range breakdown.States() {
			if s := share[class] * worker; s > 0 {
				l.Seconds[class] = s
				l.Sites = append(l.Sites,
					breakdown.Site{State: class, Where: "set.AddNew set.go:40", Primitive: "sync.(*Mutex).Lock",
						Count: 9, Seconds: s, Share: share[class]})
				l.Ends = append(l.Ends, breakdown.End{State: class, Where: "set.AddNew set.go:40",
					By: "set.AddNew set.go:44", Count: 9, Seconds: s})
			}
		}
		list = append(list, l)
	}
	return list
}
