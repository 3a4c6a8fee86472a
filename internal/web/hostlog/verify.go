package hostlog

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Rule is something that a polite crawl keeps.
type Rule string

const (
	Once    Rule = "once"    // each reachable page is fetched, once unless its host refused it, and no other page
	Known   Rule = "known"   // a page is fetched after it was a seed or a link
	Gap     Rule = "gap"     // the gap between two fetches of a host
	Places  Rule = "places"  // fetches in flight at a host
	Workers Rule = "workers" // fetches in flight at all hosts
	Rest    Rule = "rest"    // no fetch of a host before the pause that it asked for
	Robots  Rule = "robots"  // robots.txt once per host, before its first page, and obeyed
)

// Fault is a rule that was broken.
type Fault struct {
	Rule  Rule
	Count int
	Least time.Duration // the shortest gap or pause, for those rules
	First string
}

func (f Fault) String() string {
	if f.Count == 1 {
		return fmt.Sprintf("%s: %s", f.Rule, f.First)
	}
	return fmt.Sprintf("%s: broken %d times, first: %s", f.Rule, f.Count, f.First)
}

// faults collects one Fault for each rule.
type faults map[Rule]*Fault

func (f faults) add(rule Rule, least time.Duration, format string, args ...any) {
	have := f[rule]
	if have == nil {
		have = &Fault{Rule: rule, Least: least, First: fmt.Sprintf(format, args...)}
		f[rule] = have
	}
	have.Count++
	have.Least = min(have.Least, least)
}

// Verify returns the rules that the crawl of a log broke. A crawl that was cut short is whole = false: it may have
// missed pages.
func Verify(s *Site, r Rules, log Log, whole bool) []Fault {
	log = slices.Clone(log)
	slices.SortStableFunc(log, func(a, b Fetch) int { return cmp.Compare(a.Start, b.Start) })
	f := faults{}
	f.pages(s, log, whole)
	f.workers(r, log)
	for host, list := range byHost(s, log) {
		if len(list) == 0 {
			continue
		}
		f.gaps(r, uint32(host), list)
		f.rests(r, uint32(host), list)
		if r.Policy.Robots {
			f.robots(s, uint32(host), list)
		}
	}
	var list []Fault
	for _, rule := range []Rule{Once, Known, Workers, Places, Gap, Rest, Robots} {
		if fault := f[rule]; fault != nil {
			list = append(list, *fault)
		}
	}
	return list
}

// byHost divides a log by host.
func byHost(s *Site, log Log) []Log {
	list := make([]Log, s.hosts())
	for _, e := range log {
		list[e.Host] = append(list[e.Host], e)
	}
	return list
}

// never is a time after every crawl.
const never = time.Duration(1<<63 - 1)

// known returns when each page became known: when the first fetch that linked to it ended.
func known(s *Site, log Log) []time.Duration {
	at := make([]time.Duration, s.Graph.Pages())
	for p := range at {
		at[p] = never
	}
	for _, p := range s.Seeds {
		at[p] = 0
	}
	for _, e := range log {
		if e.Robots || e.Refused || s.fails(e.Page) {
			continue
		}
		for _, q := range s.Graph.Out(e.Page) {
			at[q] = min(at[q], e.End)
		}
	}
	return at
}

func (f faults) pages(s *Site, log Log, whole bool) {
	at := known(s, log)
	count := make([]int, s.Graph.Pages())
	for _, e := range log {
		if e.Robots {
			continue
		}
		if e.Start < at[e.Page] {
			f.add(Known, 0, "page %d was fetched at %v, before a link to it was handed out", e.Page, e.Start)
		}
		if !e.Refused {
			count[e.Page]++
		}
	}
	reached := s.reach()
	tried := make([]bool, s.Graph.Pages())
	for _, e := range log {
		tried[e.Page] = tried[e.Page] || !e.Robots
	}
	for p, n := range count {
		switch {
		case n > 1:
			f.add(Once, 0, "page %d was fetched %d times", p, n)
		case whole && reached[p] && !tried[p]:
			f.add(Once, 0, "page %d of host %d was never fetched", p, s.Host[p])
		}
	}
}

func (f faults) workers(r Rules, log Log) {
	f.inFlight(Workers, log, r.Workers, r.Tolerance, "in all")
}

// inFlight verifies that the fetch begins when at most width - 1 earlier ones have not ended.
func (f faults) inFlight(rule Rule, log Log, width int, tolerance time.Duration, where string) {
	ends := make([]time.Duration, len(log))
	for i, e := range log {
		ends[i] = e.End
	}
	slices.Sort(ends)
	for i := width; i < len(log); i++ {
		if e := log[i]; e.Start+tolerance < ends[i-width] {
			f.add(rule, 0, "the fetch of page %d of host %d began at %v with %d others in flight %s, want at most %d",
				e.Page, e.Host, e.Start, width, where, width-1)
		}
	}
}

// gapsOf returns the gap after each fetch of a host: the policy's, and after robots.txt its Crawl-delay.
func gapsOf(r Rules, log Log) []time.Duration {
	list := make([]time.Duration, len(log))
	gap := r.Policy.Gap
	for i, e := range log {
		if e.Robots && r.Policy.CrawlDelay {
			gap = max(r.Policy.Gap, r.Policy.Bounded(e.Delay))
		}
		list[i] = gap
	}
	return list
}

func (f faults) gaps(r Rules, host uint32, log Log) {
	f.inFlight(Places, log, r.Policy.Width(), r.Tolerance, "at the host")
	gaps := gapsOf(r, log)
	broken := func(e Fetch, after, gap time.Duration) {
		f.add(Gap, after, "page %d of host %d was fetched at %v, %v after the fetch before it, want %v",
			e.Page, host, e.Start, after, gap)
	}
	if r.Policy.FromStart {
		for i := 1; i < len(log); i++ {
			if after := log[i].Start - log[i-1].Start; after+r.Tolerance < gaps[i-1] {
				broken(log[i], after, gaps[i-1])
			}
		}
		return
	}
	type place struct{ free, gap time.Duration }
	places := make([]place, len(log))
	for i, e := range log {
		places[i] = place{e.End + gaps[i], gaps[i]}
	}
	slices.SortFunc(places, func(a, b place) int { return cmp.Compare(a.free, b.free) })
	width := r.Policy.Width()
	for i := width; i < len(log); i++ {
		if p := places[i-width]; log[i].Start+r.Tolerance < p.free {
			broken(log[i], log[i].Start-(p.free-p.gap), p.gap)
		}
	}
}

func (f faults) rests(r Rules, host uint32, log Log) {
	for i, e := range log {
		rest := r.Policy.Bounded(e.Rest)
		if !e.Refused || rest == 0 {
			continue
		}
		// The crawler has read the answer at the latest when it gives the place of e to another fetch.
		known := !r.Lag
		for j := i + 1; j < len(log) && log[j].Start+r.Tolerance < e.End+rest; j++ {
			later := log[j]
			if later.Start <= e.End {
				continue
			}
			if known = known || inFlight(log[:j+1], later.Start) >= r.Policy.Width(); known {
				f.add(Rest, later.Start-e.End, "page %d of host %d was fetched %v after the host had asked for a pause of %v",
					later.Page, host, later.Start-e.End, rest)
			}
		}
	}
}

// inFlight returns how many fetches of a log have not ended at a time.
func inFlight(log Log, at time.Duration) int {
	n := 0
	for _, e := range log {
		if at < e.End {
			n++
		}
	}
	return n
}

func (f faults) robots(s *Site, host uint32, log Log) {
	answered := never
	for _, e := range log {
		switch {
		case e.Robots && answered != never:
			f.add(Robots, 0, "robots.txt of host %d was fetched again at %v", host, e.Start)
		case e.Robots && !e.Refused:
			answered = e.End
		case !e.Robots && e.Start < answered:
			f.add(Robots, 0, "page %d of host %d was fetched at %v, before its robots.txt", e.Page, host, e.Start)
		case !e.Robots && s.forbidden(e.Page):
			f.add(Robots, 0, "page %d of host %d was fetched, which robots.txt forbids", e.Page, host)
		}
	}
}
