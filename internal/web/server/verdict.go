package server

import (
	"maps"
	"math"
	"slices"
	"time"

	"crawlbench/internal/web/hostlog"
)

// Verdict says how a site was crawled.
type Verdict struct {
	// OK says that every page was found, none twice, nothing else was asked for and the rules were kept.
	OK bool `json:"ok"`
	// Pages is the number of pages that a crawl has to find, including those that fail.
	Pages int `json:"pages"`
	Found int `json:"found"`
	// Missed are pages that were never handed out; first those with a link on a page that was handed out.
	Missed Some `json:"missed"`
	// Links are such links to the first pages of Missed.
	Links []Link `json:"links,omitempty"`
	// Twice are pages that were handed out more than once, and redirects that were followed more than once.
	Twice Some `json:"twice"`
	// Unknown are requests for URLs that the site does not have.
	Unknown Some `json:"unknown"`
	// Unlinked are requests for pages to which no link had been handed out.
	Unlinked Some `json:"unlinked"`
	// Forbidden are requests for pages that robots.txt forbids.
	Forbidden Some `json:"forbidden"`
	// Faults are rules of the policy that were broken.
	Faults []string `json:"faults,omitempty"`

	Counts
	Hosts    int           `json:"hosts"`     // from which something was fetched
	InFlight int           `json:"in_flight"` // the most requests at a time
	AtHost   int           `json:"at_host"`   // the most at one host
	Took     time.Duration `json:"took_ns"`   // from the first request to the last answer
	// Gap is the least time from the end of an answer to the next request for the same host, 0 if they overlap, and
	// Interval that between two requests. GapHost is where Gap was. They are 0 if no host was asked twice.
	Gap      time.Duration `json:"gap_ns"`
	GapHost  string        `json:"gap_host,omitempty"`
	Interval time.Duration `json:"interval_ns"`
}

// Verdict returns what the requests so far say about the crawl.
func (s *Site) Verdict() Verdict {
	j := &s.journal
	j.mu.Lock()
	v := Verdict{
		Counts: j.counts, InFlight: j.most, Unknown: j.unknown, Unlinked: j.unlinked, Forbidden: j.forbidden,
	}
	log := slices.Clone(j.fetches)
	moved := maps.Clone(j.moved)
	j.mu.Unlock()
	s.countPages(&v, log, moved)
	s.measure(&v, log)
	for _, f := range s.faults(log) {
		v.Faults = append(v.Faults, f.String())
	}
	v.OK = v.Found == v.Pages && v.Twice.Count+v.Unknown.Count+v.Unlinked.Count+v.Forbidden.Count+len(v.Faults) == 0
	return v
}

// follow records that a redirect is followed.
func (r *record) follow(t target) {
	counts := r.moved[t.page]
	counts[t.hops]++
	r.moved[t.page] = counts
}

// countPages counts how often each page was handed out.
func (s *Site) countPages(v *Verdict, log hostlog.Log, moved map[uint32][4]uint32) {
	times := make([]uint32, s.graph.Pages())
	for _, f := range log {
		if !f.Robots && !f.Refused {
			times[f.Page]++
		}
	}
	for p, n := range times {
		page := uint32(p)
		if s.must(page) {
			v.Pages++
			if n > 0 {
				v.Found++
			} else {
				v.Missed.add(s.URL(page))
			}
		}
		if n > s.allowed(page) {
			v.Twice.add(s.URL(page))
		}
		counts := moved[page]
		for hops := 1; hops < len(counts); hops++ {
			if counts[hops] > 1 {
				v.Twice.add(s.redirected(page, hops))
			}
		}
	}
	s.nameMissed(v, times)
}

// site returns the site in the form of package hostlog.
func (s *Site) site() *hostlog.Site {
	return &hostlog.Site{Graph: s.graph, Host: s.graph.HostOfEach(s.graph.Pages()), Seeds: []uint32{s.graph.Start},
		Fails: s.behaviour.Fails, Forbidden: s.forbidden}
}

// faults returns the rules of the policy that were broken. Which pages were fetched is known without it.
func (s *Site) faults(log hostlog.Log) []hostlog.Fault {
	rules := hostlog.Rules{Workers: math.MaxInt, Tolerance: s.set.Tolerance, Lag: true}
	keep := []hostlog.Rule{hostlog.Workers}
	if s.set.Workers > 0 {
		rules.Workers = s.set.Workers
	}
	if s.set.Policy != nil {
		rules.Policy = *s.set.Policy
		keep = append(keep, hostlog.Places, hostlog.Gap, hostlog.Rest, hostlog.Robots)
	}
	if s.set.Workers == 0 && s.set.Policy == nil {
		return nil
	}
	log = slices.Clone(log)
	for i := range log { // the client may have begun the next fetch before this program saw that it had given up
		if log[i].Aborted {
			log[i].End = log[i].Start
		}
	}
	site := s.site()
	return slices.DeleteFunc(hostlog.Verify(site, rules, hostlog.Punctual(site, rules, log), false),
		func(f hostlog.Fault) bool { return !slices.Contains(keep, f.Rule) })
}

// measure measures times.
func (s *Site) measure(v *Verdict, log hostlog.Log) {
	if len(log) == 0 {
		return
	}
	byHost := map[uint32]hostlog.Log{}
	first := log[0].Start
	for _, f := range log {
		byHost[f.Host] = append(byHost[f.Host], f)
		first = min(first, f.Start)
		v.Took = max(v.Took, f.End)
	}
	v.Took -= first
	v.Hosts = len(byHost)
	v.Gap, v.Interval = math.MaxInt64, math.MaxInt64
	for _, host := range slices.Sorted(maps.Keys(byHost)) {
		fetches := byHost[host]
		slices.SortFunc(fetches, func(a, b hostlog.Fetch) int { return int(a.Start - b.Start) })
		end := fetches[0].End
		for i := 1; i < len(fetches); i++ {
			gap := max(0, fetches[i].Start-end)
			if gap < v.Gap {
				v.Gap = gap
				origin, _ := split(s.URL(fetches[i].Page))
				v.GapHost = origin[len("http://"):]
			}
			v.Interval = min(v.Interval, fetches[i].Start-fetches[i-1].Start)
			end = max(end, fetches[i].End)
		}
	}
	if v.GapHost == "" {
		v.Gap, v.Interval = 0, 0
	}
	v.AtHost = hostlog.Peak(s.site(), log)
}
