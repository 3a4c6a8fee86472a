// Package delay delays: it waits, burns the processor time of a fetch, and delays a line of a crawler in the process of
// a sample, where it also measures how often the line is reached and how long it takes.
//
// Programs that package causal rebuilds call Enter and Leave at some lines, by go:linkname, since the packages of a
// user cannot import this one. The input is the number of a line and a time; the output is the counts of a sample. A
// process measures one cell, so the state belongs to the process.
package delay

import (
	"sync/atomic"
	"time"
)

// Names of the counts of a sample.
const (
	Hits  = "line-hits"     // times that the line was reached, per crawl
	Line  = "line-sec"      // seconds that the line took, without the delay, per crawl; 0 if its end is not marked
	Added = "line-slept-us" // microseconds that the line was delayed for by sleeping, per crawl; 0 if it was not
)

// SleepFrom is the shortest delay that sleeps. A shorter one keeps a processor busy, since timers are late by tens of
// microseconds.
const SleepFrom = 100 * time.Microsecond

// process is the state of this process.
var process struct {
	site   atomic.Int64 // the line that is delayed; 0 for none
	counts atomic.Bool  // count and time the line instead of delaying it
	rounds int          // of Burn
	sleep  time.Duration

	hits, nanos, slept atomic.Int64
}

// Set chooses the line and its delay; site 0 means none. Until Begin is called, the line is counted and timed instead.
// spin is the number of rounds of Burn per microsecond.
func Set(site int, d time.Duration, spin float64) {
	process.site.Store(int64(site))
	process.counts.Store(true)
	process.rounds, process.sleep = 0, 0
	if d >= SleepFrom {
		process.sleep = d
	} else {
		process.rounds = int(spin * float64(d) / float64(time.Microsecond))
	}
	process.hits.Store(0)
	process.nanos.Store(0)
}

// Begin ends the counting and begins to delay.
func Begin() {
	process.counts.Store(false)
	process.slept.Store(0)
}

// Counts returns the counts of a sample of some crawls after some in which the line was counted.
func Counts(counted, crawls int) map[string]float64 {
	hits := float64(process.hits.Load())
	line := float64(process.nanos.Load()) - hits*overhead()
	return map[string]float64{
		Hits:  hits / float64(counted),
		Line:  max(0, line) / float64(time.Second) / float64(counted),
		Added: float64(process.slept.Load()) / 1e3 / float64(crawls),
	}
}

// overhead returns the nanoseconds that the clock adds to the time of a line.
func overhead() float64 {
	const n = 1000
	begin := time.Now()
	for range n {
		_ = time.Since(begin)
	}
	return float64(time.Since(begin)) / n
}

// Enter is called where the line is delayed. It returns the time for Leave, or 0 if the line is not timed.
//
//go:noinline
func Enter(site int) int64 {
	if process.site.Load() != int64(site) {
		return 0
	}
	switch {
	case process.counts.Load():
		process.hits.Add(1)
		return time.Now().UnixNano()
	case process.sleep > 0:
		begin := time.Now()
		time.Sleep(process.sleep)
		process.slept.Add(int64(time.Since(begin)))
	case process.rounds > 0:
		Burn(process.rounds)
	}
	return 0
}

// Leave is called at the end of the line, with what Enter returned.
//
//go:noinline
func Leave(_ int, from int64) {
	if from != 0 {
		process.nanos.Add(time.Now().UnixNano() - from)
	}
}
