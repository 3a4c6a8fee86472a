package hostlog_test

import (
	"slices"
	"testing"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/web/hostlog"
)

// A fetch that its crawler began in time and that reached the site late is no fault. One that began too early is.
func TestAFetchThatIsLateIsNoFault(t *testing.T) {
	const ms = time.Millisecond
	r := rules(crawl.Politeness{Gap: s, FromStart: true})
	r.Tolerance = 20 * ms
	every := func(n int, gap time.Duration) (list []time.Duration) {
		for i := range n {
			list = append(list, time.Duration(i)*gap)
		}
		return list
	}
	late := func(list []time.Duration, by time.Duration, at ...int) []time.Duration {
		list = slices.Clone(list)
		for _, i := range at {
			list[i] += by
		}
		return list
	}
	for _, c := range []struct {
		name   string
		starts []time.Duration
		wrong  bool
	}{
		{"in time", every(6, s), false},
		{"one is late", late(every(6, s), 50*ms, 3), false},
		{"one is late by nearly a gap", late(every(6, s), 999*ms, 3), false},
		{"two are late", late(every(40, s), 50*ms, 3, 30), false},
		{"the first is late", late(late(every(6, s), s, 1, 2, 3, 4, 5), 1050*ms, 0), false},
		{"all after it are early", late(every(6, s), -50*ms, 3, 4, 5), true},
		{"one is early, and then in time", late(every(6, s), -50*ms, 3), true},
		{"every other one is late", late(every(40, s), 50*ms, 1, 3, 5, 7, 9, 11), true},
		{"three at once after a rest", []time.Duration{0, 10 * s, 10 * s, 10 * s}, true},
		{"all are early", every(6, s-50*ms), true},
		{"no gap", every(6, 0), true},
	} {
		var hosts, seeds []uint32
		var log hostlog.Log
		for i, at := range c.starts {
			hosts, seeds = append(hosts, 0), append(seeds, uint32(i))
			log = append(log, hostlog.Fetch{Page: uint32(i), Start: at, End: at})
		}
		web := site(hosts, make([]time.Duration, len(hosts)), seeds, make([][]uint32, len(hosts))...)
		r.Workers, r.Policy.PerHost = len(hosts), len(hosts)
		faults := hostlog.Verify(web, r, hostlog.Punctual(web, r, log), true)
		if (len(faults) > 0) != c.wrong || c.wrong && faults[0].Rule != hostlog.Gap {
			t.Errorf("%s: %v", c.name, faults)
		}
	}
	r.Policy.FromStart = false
	if got := hostlog.Punctual(two(), r, right()); !slices.Equal(got, right()) {
		t.Errorf("a gap from the end: %v", got)
	}
}
