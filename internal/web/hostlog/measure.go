package hostlog

import (
	"cmp"
	"slices"
	"time"
)

// Measures are what a crawl took and lost.
type Measures struct {
	Makespan time.Duration // until the last fetch ended
	Bound    time.Duration // no crawl that keeps the rules can be faster
	// Idle is the unforced idleness in worker time: the integral of the number of idle workers, or of the places of
	// hosts that have pages and may be asked, whichever is less. It is 0 for a right scheduler.
	Idle time.Duration
	// Others is when 90 % of the pages of all hosts but the largest had been fetched; 0 if there are none.
	Others time.Duration
	Gaps   int           // fetches that had to keep a gap
	Broken int           // those that did not
	Least  time.Duration // the shortest gap among them, 0 if none was broken
}

// Measure returns the measures of a log.
func Measure(s *Site, r Rules, log Log) Measures { return measure(s, r, log, events(s, r, log)) }

func measure(s *Site, r Rules, log Log, list []event) Measures {
	m := Measures{Bound: Bound(s, r), Idle: idle(s, r, log, list), Others: others(s, log)}
	for _, e := range log {
		m.Makespan = max(m.Makespan, e.End)
	}
	for _, list := range byHost(s, log) {
		m.Gaps += max(0, len(list)-r.Policy.Width())
	}
	for _, f := range Verify(s, r, log, false) {
		if f.Rule == Gap {
			m.Broken, m.Least = f.Count, f.Least
		}
	}
	return m
}

// others returns when 90 % of the pages of all hosts but the largest had been fetched.
func others(s *Site, log Log) time.Duration {
	size := make([]int, s.hosts())
	for _, h := range s.Host {
		size[h]++
	}
	largest := 0
	for h, n := range size {
		if n > size[largest] {
			largest = h
		}
	}
	var ends []time.Duration
	for _, e := range log {
		if int(e.Host) != largest && !e.Robots && !e.Refused {
			ends = append(ends, e.End)
		}
	}
	if len(ends) == 0 {
		return 0
	}
	slices.Sort(ends)
	return ends[(len(ends)*9+9)/10-1]
}

// event is a change of a host's state. There are hundreds of thousands to sort.
type event struct {
	at                  time.Duration
	host                uint32
	pages, places, rest int8 // added to its waiting pages, taken places and reasons to rest
	busy                int8 // added to the number of busy workers
}

// events returns the changes of all hosts, in order.
func events(s *Site, r Rules, log Log) []event {
	const most = 7 // of a page that is fetched once
	list := make([]event, 0, most*len(log))
	at := known(s, log)
	for p, t := range at {
		if t != never && !s.forbidden(uint32(p)) {
			list = append(list, event{at: t, host: s.Host[p], pages: 1})
		}
	}
	for host, fetches := range byHost(s, log) {
		h := uint32(host)
		slices.SortStableFunc(fetches, func(a, b Fetch) int { return cmp.Compare(a.Start, b.Start) })
		gaps := gapsOf(r, fetches)
		for i, e := range fetches {
			begin := event{at: e.Start, host: h, pages: -1, places: 1, busy: 1}
			if e.Robots {
				begin.pages = 0
				list = append(list, event{at: e.Start, host: h, rest: 1}, event{at: e.End, host: h, rest: -1})
			}
			list = append(list, begin, event{at: e.End, host: h, busy: -1})
			free := e.End
			if r.Policy.FromStart {
				list = append(list, event{at: e.Start, host: h, rest: 1},
					event{at: e.Start + gaps[i], host: h, rest: -1})
			} else {
				free += gaps[i]
			}
			list = append(list, event{at: free, host: h, places: -1})
			if e.Refused {
				rest := r.Policy.Bounded(e.Rest)
				list = append(list, event{at: e.End, host: h, rest: 1}, event{at: e.End + rest, host: h, rest: -1})
				if !e.Robots && again(fetches[i+1:], e.Page) {
					list = append(list, event{at: e.End, host: h, pages: 1})
				}
			}
		}
	}
	slices.SortFunc(list, func(a, b event) int { return cmp.Compare(a.at, b.at) })
	return list
}

// again reports whether a page is fetched in log.
func again(log Log, page uint32) bool {
	return slices.ContainsFunc(log, func(e Fetch) bool { return e.Page == page && !e.Robots })
}

// Idle returns the unforced idleness of the crawl of a log.
func Idle(s *Site, r Rules, log Log) time.Duration { return idle(s, r, log, events(s, r, log)) }

func idle(s *Site, r Rules, log Log, list []event) time.Duration {
	type state struct{ pages, places, rest int }
	hosts := make([]state, s.hosts())
	// open is the number of fetches that a host could be asked for.
	open := func(h state) int {
		if h.rest > 0 {
			return 0
		}
		return max(0, min(h.pages, r.Policy.Width()-h.places))
	}
	var end time.Duration
	for _, e := range log {
		end = max(end, e.End)
	}
	sum, idle, busy, last := 0, time.Duration(0), 0, time.Duration(0)
	for _, e := range list {
		if e.at > end {
			break
		}
		if e.at > last {
			idle += (e.at - last) * time.Duration(max(0, min(r.Workers-busy, sum)))
			last = e.at
		}
		h := &hosts[e.host]
		sum -= open(*h)
		h.pages += int(e.pages)
		h.places += int(e.places)
		h.rest += int(e.rest)
		busy += int(e.busy)
		sum += open(*h)
	}
	return idle
}

// Peak returns the most fetches in flight at one host.
func Peak(s *Site, log Log) int {
	peak := 0
	for _, list := range byHost(s, log) {
		var ends []time.Duration
		slices.SortFunc(list, func(a, b Fetch) int { return cmp.Compare(a.Start, b.Start) })
		for _, e := range list {
			ends = slices.DeleteFunc(ends, func(end time.Duration) bool { return end <= e.Start })
			ends = append(ends, e.End)
			peak = max(peak, len(ends))
		}
	}
	return peak
}
