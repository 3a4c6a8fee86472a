package explain

import (
	"slices"
	"strconv"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plan"
	"crawlbench/internal/store"
)

// subject is a finding to be tested, and the run that it comes from.
type subject struct {
	diagnose.Finding
	plan     *plan.Plan
	manifest store.Manifest
}

// base returns the finding's cell as experiments measure it: every sample in a fresh process, the changed one too.
func (s subject) base() plan.Cell {
	c := s.Cell.Cell
	c.Resident = false
	return c
}

// procs returns the number of processors that the workers can use.
func (s subject) procs() float64 { return float64(min(s.Cell.Workers, s.Cell.Procs)) }

// cores returns the number of processors of the machine, 0 if it is unknown.
func (s subject) cores() int {
	n, _ := strconv.Atoi(s.manifest.Host["cores"])
	return n
}

// away reports whether workers wait for the site, so that they do not need a processor.
func (s subject) away() bool {
	fetch := s.plan.FetchOf(s.Cell.Cell)
	return fetch.Latency.MeanWait() > fetch.CPU
}

func (s subject) ifAway(b band) band {
	if s.away() {
		return b
	}
	return band{}
}

func (s subject) unlessAway(b band) band {
	if s.away() {
		return band{}
	}
	return b
}

// onEngine reports whether the crawler is a visited set on the shared engine.
func (s subject) onEngine() bool { return slices.Contains(s.manifest.OnEngine, s.Cell.Crawler()) }

// where returns the line that the finding is about, "" if it is about none.
func (s subject) where() string {
	switch {
	case s.Spot != nil:
		return s.Spot.Where
	case s.Pair != nil:
		return s.Pair.Send
	case s.Site != nil:
		return s.Site.Where
	}
	return ""
}

// grown returns the share of the processor time per page that is the growth of the class that the finding is about.
func (s subject) grown() float64 {
	if s.Grown == nil || s.Cell.CPU <= 0 {
		return 0
	}
	return max(0, s.Grown.More.Value) / s.Cell.CPU
}
