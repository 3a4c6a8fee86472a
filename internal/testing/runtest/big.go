package runtest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"testing"
	"time"

	pprof "github.com/google/pprof/profile"

	"crawlbench/internal/crawl"
	"crawlbench/internal/module"
	"crawlbench/internal/plan"
	"crawlbench/internal/profile"
	"crawlbench/internal/profile/breakdown"

	"crawlbench/internal/store"
)

// crawlers are the crawlers of Big with the parameters of their Universal Scalability Law.
var crawlers = []struct {
	name         string
	speed        float64 // pages per second of one worker
	sigma, kappa float64 // contention and coherency
}{
	{"mutexmap", 400e3, 0.9, 0.02},
	{"rwmutexmap", 380e3, 0.8, 0.03},
	{"syncmap", 250e3, 0.3, 0.004},
	{"sharded", 390e3, 0.2, 0.002},
	{"cas", 900e3, 0.1, 0.001},
	{"owner", 200e3, 0.95, 0.001},
	{"spawn", 300e3, 0.4, 0.01},
	{"pipeline", 350e3, 0.5, 0.004},
	{"level", 500e3, 0.3, 0.001},
	{"chunked", 2000e3, 0.02, 0.0001},
}

const big = `
workers = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32]
rate = ["inf", 5000]
rounds = 20
rate_limited_rounds = 20
stop = false
sample = "80ms"
[profiles]
kinds = ["cpu", "block", "mutex", "wall"]
workers = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32]
rate = ["inf", 5000]
`

// Big returns a very large run: 1,000 cells and the 100 of the A/A control in 20 rounds. With profiles it has a time
// breakdown for each of the 1,000 cells, and 4,000 profiles.
func Big(profiles bool) (Run, error) {
	var table []crawl.Crawler
	names := ""
	for _, d := range crawlers {
		table = append(table, crawl.Crawler{Name: d.name,
			ByID: func(ctx context.Context, _ crawl.Web[uint32], _ []uint32, _ crawl.Options) (crawl.Result, error) {
				return crawl.Result{}, ctx.Err()
			}})
		names += fmt.Sprintf("%q, ", d.name)
	}
	toml := "crawlers = [" + names + "]\n" + big
	m := store.Manifest{Scenario: "big", State: store.Complete, Started: time.Unix(0, 0).UTC(), Measured: 0.8,
		Command: []string{"crawlbench", "run", "big"},
		Host:    map[string]string{"os": "linux", "arch": "amd64", "cpu": "made up", "cores": "2"}}
	for _, g := range []string{"rmat14", "hosts16k", "uniform16", "grid", "star"} {
		toml += fmt.Sprintf("[[graph]]\nname = %q\nkind = \"hosts\"\npages = %d\n", g, pages)
		m.Graphs = append(m.Graphs, store.GraphInfo{Name: g, Spec: "made up", Digest: g, Pages: pages, Links: 9 * pages,
			Reachable: pages, Depth: 9})
	}
	s, err := plan.Parse("big.toml", []byte(toml))
	if err != nil {
		return Run{}, err
	}
	p, err := plan.Make(s, table, 2)
	if err != nil {
		return Run{}, err
	}
	r := Run{Manifest: m, Plan: p, Speed: speedOf, Noise: 0.02, Change: fillSample}
	if profiles {
		r.Breakdown, r.Profile = breakdownOf, profileOf
	}
	return r, nil
}

// speedOf returns the speed by the Universal Scalability Law, limited to the rate.
func speedOf(c plan.Cell, round int) float64 {
	for _, d := range crawlers {
		if d.name == c.Crawler() {
			n := float64(c.Workers)
			speed := d.speed * n / (1 + d.sigma*(n-1) + d.kappa*n*(n-1)) * (1 + 0.01*float64(round%5)) /
				float64(len(c.Graph))
			if c.Rate > 0 {
				speed = min(speed, float64(c.Rate))
			}
			return speed
		}
	}
	return 0
}

// fillSample fills a sample with everything that a measured one has.
func fillSample(c plan.Cell, rec *store.Record) {
	s := rec.Sample
	sec := s.Values["sec/op"]
	s.Crawls = int(min(40, math.Ceil(0.08/sec)))
	s.Seconds = make([]float64, s.Crawls)
	for i := range s.Seconds {
		s.Seconds[i] = math.Round(sec*(1+0.001*float64(i%7))*1e9) / 1e9
	}
	for _, u := range []string{"B/op", "allocs/op", "mutex-wait-sec/op", "peak-RSS-bytes"} {
		s.Values[u] = sec * float64(c.Workers) * 1e6
	}
	for i, name := range []string{
		"gc-sec", "involuntary-switches", "others-sec", "pressure-sec", "run-delay-sec", "steal-sec", "throttled-sec",
		"user-sec",
	} {
		s.Host[name] = sec * float64(i%4)
	}
	if c.Rate > 0 {
		s.Pace = &store.Pace{Asked: float64(c.Rate), Achieved: 0.999 * float64(c.Rate), Worst: 0.9}
	}
	rec.Wall = 0.1
}

// breakdownOf returns a time breakdown in which each state has half of the remaining time.
func breakdownOf(c plan.Cell) *breakdown.Breakdown {
	worker := float64(c.Workers)
	l := &breakdown.Breakdown{Workers: c.Workers, Crawls: 14, Pages: 14 * pages, Wall: 1, Worker: worker,
		Seconds: map[breakdown.State]float64{}, Samples: 16, Events: 1_400_000}
	classes := breakdown.States()
	rest := worker
	for i, class := range classes {
		part := rest / 2
		if i == len(classes)-1 {
			part = rest
		}
		l.Seconds[class] = part
		rest -= part
		for line := range 2 {
			where := fmt.Sprintf(module.Package("internal/crawler/%s.(*set).AddNew %s.go:%d"), c.Impl, c.Impl,
				40+10*i+line)
			l.Sites = append(l.Sites, breakdown.Site{State: class, Where: where, Primitive: "sync.(*Mutex).Lock",
				Count: 1000, Seconds: part / 2, Share: part / 2 / worker})
			l.Ends = append(l.Ends, breakdown.End{State: class, Where: where, By: where, Count: 1000,
				Seconds: part / 2})
		}
	}
	return l
}

// profileOf returns a profile of 64 stacks of 12 functions. The root of a wall profile's stack is a state.
func profileOf(c plan.Cell, kind string) *profile.Profile {
	p := &profile.Profile{SampleType: []*pprof.ValueType{{Type: kind, Unit: "nanoseconds"}},
		PeriodType: &pprof.ValueType{Type: kind, Unit: "nanoseconds"}, Mapping: []*pprof.Mapping{{ID: 1, File: c.ID()}},
		Comments: []string{fmt.Sprintf("pages=%d", pages)}}
	locations := map[string]*pprof.Location{}
	at := func(name string) *pprof.Location {
		if locations[name] == nil {
			f := &pprof.Function{ID: uint64(len(p.Function) + 1), Name: name, SystemName: name, Filename: "made/up.go"}
			locations[name] = &pprof.Location{ID: f.ID, Mapping: p.Mapping[0],
				Line: []pprof.Line{{Function: f, Line: int64(f.ID)}}}
			p.Function, p.Location = append(p.Function, f), append(p.Location, locations[name])
		}
		return locations[name]
	}
	classes := breakdown.States()
	for i := range 64 {
		s := &pprof.Sample{Value: []int64{int64(1+i*i%37) * int64(c.Workers) * 1e6}}
		for depth := range 11 { // the leaf first
			s.Location = append(s.Location,
				at(fmt.Sprintf(module.Package("internal/crawler/%s.f%d_%d"), c.Impl, 10-depth, i>>min(6, depth))))
		}
		root := module.Package("internal/crawler/") + c.Impl + ".crawl"
		if kind == "wall" {
			root = fmt.Sprintf("[%s]", classes[i%len(classes)])
		}
		s.Location = append(s.Location, at(root))
		p.Sample = append(p.Sample, s)
	}
	return p
}

// BigRun writes Big for a test or a benchmark and opens it for reading.
func BigRun(tb testing.TB, profiles bool) *store.Run {
	tb.Helper()
	r, err := Big(profiles)
	if err != nil {
		tb.Fatal(err)
	}
	dir := filepath.Join(tb.TempDir(), "big")
	created, err := r.Write(dir)
	if err != nil {
		tb.Fatal(err)
	}
	if err := errors.Join(created.WriteBench(), created.Close()); err != nil {
		tb.Fatal(err)
	}
	run, err := store.Open(dir)
	if err != nil {
		tb.Fatal(err)
	}
	return run
}
