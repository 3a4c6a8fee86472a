package browser_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plan"
	"crawlbench/internal/profile"
	"crawlbench/internal/profile/breakdown"
	"crawlbench/internal/report"
	"crawlbench/internal/report/ui"
	"crawlbench/internal/testing/runtest"

	"crawlbench/internal/store"
)

const small2 = `
crawlers = ["mutexmap", "cas"]
workers = [1, 8]
rate = ["inf", 5000]
rounds = 8
[[graph]]
name = "g"
kind = "hosts"
pages = 1000
[profiles]
kinds = ["cpu", "block", "wall"]
`

const (
	cas      = "impl=cas,graph=g,keys=id,workers=8,rate=inf-2"
	mutexmap = "impl=mutexmap,graph=g,keys=id,workers=8,rate=inf-2"
)

// runs fabricates the runs one and two in a directory. Every cell has a time breakdown and profiles.
func runs(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	p, err := runtest.Plan(small2, false)
	if err != nil {
		t.Fatal(err)
	}
	big, err := runtest.Big(true)
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"one", "two"} {
		run, err := runtest.Run{
			Plan: p, Noise: 0.01,
			Manifest: store.Manifest{Scenario: "small", State: store.Complete,
				Host: map[string]string{"cpu": "made up", "cores": "2"}},
			Speed:     func(c plan.Cell, _ int) float64 { return 1e5 * float64(len(c.Impl)) * float64(1+i) },
			Breakdown: func(c plan.Cell) *breakdown.Breakdown { return big.Breakdown(c) },
			Profile:   func(c plan.Cell, kind string) *profile.Profile { return big.Profile(c, kind) },
		}.Write(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		run.Close()
	}
	return dir
}

// serving serves the runs in dir at a URL until the test ends.
func serving(t *testing.T, dir string) string {
	t.Helper()
	s, err := ui.New(dir)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	up, down := make(chan string), make(chan error)
	go func() {
		down <- ui.Serve(ctx, "127.0.0.1:0", s, func(url string, _ bool) { up <- url })
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-down; err != nil {
			t.Error(err)
		}
		s.Close()
	})
	return <-up
}

// published writes the report and bench.txt of a run, as the commands do.
func published(t *testing.T, dir string) {
	t.Helper()
	run, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	a, err := diagnose.Analyse(run)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(report.Write(a), run.WriteBench()); err != nil {
		t.Fatal(err)
	}
}

// exported writes the reference run as files, and returns their directory.
func exported(t *testing.T) string {
	t.Helper()
	run, err := store.Open("../../../results/reference")
	if err != nil {
		t.Fatal(err)
	}
	a, err := diagnose.Analyse(run)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "site")
	if _, err := ui.Write(dir, a, "reference"); err != nil {
		t.Fatal(err)
	}
	return dir
}
