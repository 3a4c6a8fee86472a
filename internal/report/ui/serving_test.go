package ui

import (
	"context"
	"errors"
	"testing"
	"time"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/report"
	"crawlbench/internal/store"
)

// serving serves dir at the returned URL until the test ends.
func serving(t *testing.T, dir string) string {
	t.Helper()
	s, err := New(dir)
	if err != nil {
		t.Fatal(err)
	}
	s.pulse, s.wait = 100*time.Millisecond, time.Minute
	ctx, cancel := context.WithCancel(t.Context())
	up, down := make(chan string), make(chan error)
	go func() {
		down <- Serve(ctx, "127.0.0.1:0", s, func(url string, _ bool) { up <- url })
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

// published makes the report and bench.txt of a run, as the commands do.
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
