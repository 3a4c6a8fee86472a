package breakdown_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"runtime/pprof"
	"runtime/trace"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/pprof/profile"

	"crawlbench/internal/crawl"
	"crawlbench/internal/graph"
	"crawlbench/internal/profile/breakdown"
)

// options names this package's own fetch functions, in addition to the limiters that the harness
// knows.
func options(workers int) breakdown.Options {
	return breakdown.Options{Workers: workers, Fetch: []string{"crawlbench/internal/profile/breakdown_test.(*site).Fetch",
		"crawlbench/internal/profile/breakdown_test.sleepyFetch"}}
}

// patient runs a test of what is measured until it passes, ten times at most: on a busy machine workers wait for a
// processor, and not for what they are to wait for. What is wrong is wrong each time.
func patient(t *testing.T, f func(t testing.TB)) {
	t.Helper()
	for try := 1; ; try++ {
		a := &attempt{TB: t}
		if a.run(f); !a.failed {
			return
		}
		if try == 10 {
			t.Errorf("ten times, the last time:\n%s", a.said.String())
			return
		}
	}
}

// attempt is a test whose failure is not yet final.
type attempt struct {
	testing.TB
	mu     sync.Mutex
	failed bool
	said   strings.Builder
}

func (a *attempt) run(f func(t testing.TB)) {
	defer func() {
		if p := recover(); p != nil && p != any(a) {
			panic(p)
		}
	}()
	f(a)
}

func (a *attempt) Helper() {}

func (a *attempt) Logf(format string, args ...any) {
	a.mu.Lock()
	defer a.mu.Unlock()
	fmt.Fprintf(&a.said, format+"\n", args...)
}

func (a *attempt) Errorf(format string, args ...any) {
	a.Logf(format, args...)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.failed = true
}

func (a *attempt) Error(args ...any) { a.Errorf("%s", fmt.Sprint(args...)) }

func (a *attempt) Fatalf(format string, args ...any) {
	a.Errorf(format, args...)
	panic(a)
}

func (a *attempt) Fatal(args ...any) { a.Fatalf("%s", fmt.Sprint(args...)) }

func (a *attempt) Failed() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.failed
}

// traced returns an execution trace of f.
func traced(t testing.TB, f func()) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := pprof.StartCPUProfile(io.Discard); err != nil {
		t.Fatal(err)
	}
	if err := trace.Start(&b); err != nil {
		pprof.StopCPUProfile()
		t.Fatal(err)
	}
	f()
	trace.Stop()
	pprof.StopCPUProfile()
	return b.Bytes()
}

// measured traces one crawl and checks that its time breakdown and its wall profile are
// complete.
func measured(t testing.TB, workers int, crawl func()) (*breakdown.Breakdown, *profile.Profile) {
	t.Helper()
	return read(t, workers, traced(t, func() { breakdown.Crawl(crawl) }))
}

func read(t testing.TB, workers int, b []byte) (*breakdown.Breakdown, *profile.Profile) {
	t.Helper()
	l, wall, err := breakdown.Read(bytes.NewReader(b), options(workers))
	if err != nil {
		t.Fatal(err)
	}
	if t.Failed() {
		return l, wall
	}
	if math.Abs(l.Unaccounted) > 0.02 {
		t.Errorf("unaccounted %.2f %%, want less than 2", 100*l.Unaccounted)
	}
	closed := l.Worker * (1 - l.Unaccounted)
	sum, sites := 0.0, l.Seconds[breakdown.Running]
	for _, c := range breakdown.States() {
		sum += l.Seconds[c]
	}
	for _, s := range l.Sites {
		sites += s.Seconds
	}
	var profiled float64
	for _, s := range wall.Sample {
		profiled += float64(s.Value[0]) / 1e9
	}
	for what, got := range map[string]float64{"classes": sum, "running and the sites": sites,
		"wall profile": profiled} {
		if math.Abs(got-closed) > 1e-5*closed {
			t.Errorf("%s add up to %g s, want %g", what, got, closed)
		}
	}
	if err := wall.CheckValid(); err != nil {
		t.Error(err)
	}
	return l, wall
}

// show logs a time breakdown, for go test -v.
func show(t testing.TB, l *breakdown.Breakdown) {
	t.Helper()
	for _, c := range breakdown.States() {
		if l.Share(c) > 0.001 {
			t.Logf("%-10s %6.2f %%", c, 100*l.Share(c))
		}
	}
	t.Logf("unaccounted %.3f %%, wall %.4f s, queued %.4f s, surplus %.4f s, "+
		"%d crawls with short-lived workers, %d events, %d samples, %d pages",
		100*l.Unaccounted, l.Wall, l.Queued, l.Surplus, l.ShortLived, l.Events, l.Samples, l.Pages)
	for _, s := range l.Sites[:min(6, len(l.Sites))] {
		t.Logf("  %-10s %-60s %-28s %6d %6.2f %%", s.State, s.Where, s.Primitive, s.Count, 100*s.Share)
	}
	for _, e := range l.Ends[:min(4, len(l.Ends))] {
		t.Logf("  %-10s %s  <-  %s: %d, %.4f s", e.State, e.Where, e.By, e.Count, e.Seconds)
	}
	for _, r := range l.Roles {
		t.Logf("  role %+v", r)
	}
}

// requireDominant fails unless state c has more time than each other state, and at least the given
// share of all.
func requireDominant(t testing.TB, l *breakdown.Breakdown, c breakdown.State, least float64) {
	t.Helper()
	for _, other := range breakdown.States() {
		if other != c && l.Share(other) > l.Share(c) {
			t.Errorf("%s %.1f %% exceeds %s %.1f %%", other, 100*l.Share(other), c, 100*l.Share(c))
		}
	}
	if l.Share(c) < least {
		t.Errorf("%s %.1f %%, want at least %.0f", c, 100*l.Share(c), 100*least)
	}
	if t.Failed() {
		show(t, l)
	}
}

// site serves a graph and marks its fetches, as the harness does.
type site struct {
	graph   *graph.Graph
	latency time.Duration
	fetched atomic.Int64
}

func (s *site) Fetch(ctx context.Context, page uint32) ([]uint32, error) {
	breakdown.Mark()
	s.fetched.Add(1)
	if s.latency > 0 {
		time.Sleep(s.latency)
	}
	return s.graph.Out(page), nil
}

var _ crawl.Web[uint32] = (*site)(nil)

func build(t testing.TB, s graph.Spec) *graph.Graph {
	t.Helper()
	g, err := graph.Build(context.Background(), s, 0)
	if err != nil {
		t.Fatal(err)
	}
	return g
}
