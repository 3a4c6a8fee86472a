package cli

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"crawlbench/internal/crawler"
)

// An experiment whose time is over has no blocks and says so; no component is estimated from none.
func TestExperimentEndsInTime(t *testing.T) {
	a := &app{crawlers: crawler.All()}
	x, err := a.experiment(t.Context(), 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	r := x.reading()
	if !strings.HasPrefix(r.Value, "0 with slices of 5ms and 0 of 20ms, in ") ||
		!strings.Contains(r.Hint, "want 8 of each: use -rounds 6") {
		t.Errorf("%+v", r)
	}
	readings, err := a.components(x)
	if err != nil || len(readings) != 3 || readings[2].Value != "too few blocks to tell" || len(noise(x.short)) != 0 {
		t.Errorf("%+v and %+v, %v", readings, noise(x.short), err)
	}
}

// An experiment that was interrupted is an error, and not one whose time is over.
func TestInterruptedExperiment(t *testing.T) {
	errInterrupted := errors.New("interrupted")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errInterrupted)
	if _, err := (&app{crawlers: crawler.All()}).experiment(ctx, 0, time.Hour); !errors.Is(err, errInterrupted) {
		t.Errorf("error %v, want %v", err, errInterrupted)
	}
}
