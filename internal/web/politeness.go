package web

import (
	"sync/atomic"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/hostlog"
)

// Started is how much too early a fetch may begin if the gap is measured from the start of the one before it: a crawler
// reads its clock before the site does, and may lose the processor in between. From the end of a fetch the site reads
// its clock first, so that nothing has to be tolerated.
const Started = 20 * time.Millisecond

// hosts watches what hosts see of a crawl that is given a policy. A crawl with a gap is logged, which takes two
// readings of the clock for each page. Without a gap nothing depends on time: then only exact crawls are watched, and
// only fetches in flight are counted.
type hosts struct {
	policy *crawl.Policy // nil without one
	begin  time.Time
	log    []hostlog.Fetch // nil if it is not logged
	next   atomic.Int64
	busy   []atomic.Int32 // by host; nil if they are not counted
	crowd  atomic.Int64   // fetches that began with too many others in flight at their host
}

// HostOf returns the host of a page's number, also that of a renamed page.
func (s *Site) HostOf(page uint32) uint32 {
	if s.hostOf == nil {
		s.numberHosts()
	}
	return s.hostOf[page]
}

// numberHosts notes the host of each number of a page.
func (s *Site) numberHosts() {
	s.hostOf = make([]uint32, s.verifier.numbers())
	h := 0
	for p := range s.hostOf {
		for h+1 < len(s.graph.Hosts) && uint32(p) >= s.graph.Hosts[h+1] {
			h++
		}
		s.hostOf[p] = uint32(h)
	}
}

// watchHosts prepares to watch the hosts of a crawl.
func (s *Site) watchHosts(r Rules) {
	h := &s.verifier.hosts
	h.policy, h.log, h.busy = r.Politeness, nil, nil
	h.next.Store(0)
	h.crowd.Store(0)
	if r.Politeness == nil {
		return
	}
	if s.hostOf == nil {
		s.numberHosts()
	}
	switch {
	case r.Exact && r.Polite:
		h.busy = make([]atomic.Int32, len(s.graph.Hosts))
	case !r.Exact && r.Politeness.Gap > 0:
		h.log = make([]hostlog.Fetch, s.verifier.expected())
	}
}

// watching reports whether each fetch is watched.
func (h *hosts) watching() bool { return h.log != nil || h.busy != nil }

// enter notes that a fetch begins, and returns its place in the log.
func (h *hosts) enter(page, host uint32) int {
	if h.busy != nil && h.busy[host].Add(1) > int32(h.policy.Width()) {
		h.crowd.Add(1)
	}
	if h.log == nil {
		return -1
	}
	i := int(h.next.Add(1)) - 1
	if i < len(h.log) { // otherwise a page is fetched twice, which is found without the log
		h.log[i] = hostlog.Fetch{Host: host, Page: page, Start: time.Since(h.begin)}
	}
	return i
}

// leave notes the end of a fetch.
func (h *hosts) leave(i int, host uint32) {
	if i >= 0 && i < len(h.log) {
		h.log[i].End = time.Since(h.begin)
	}
	if h.busy != nil {
		h.busy[host].Add(-1)
	}
}

// Hosts returns what the hosts saw of the last crawl, nil if it was not logged.
func (s *Site) Hosts() *hostlog.Summary {
	site, rules, log := s.hostLog()
	if log == nil {
		return nil
	}
	sum := hostlog.Summarize(site, rules, log, s.verifier.rules.Polite)
	return &sum
}

// hostLog returns the log of the last crawl, and what it is verified against. The log is nil if there is none.
func (s *Site) hostLog() (*hostlog.Site, hostlog.Rules, hostlog.Log) {
	v := &s.verifier
	if v.hosts.log == nil {
		return nil, hostlog.Rules{}, nil
	}
	site := &hostlog.Site{Graph: s.graph, Host: s.hostOf[:s.graph.Pages()], Seeds: []uint32{s.graph.Start},
		Fails: s.fails, Latency: make([]time.Duration, s.graph.Pages())}
	for p := range site.Latency {
		site.Latency[p] = s.waits(uint32(p))
	}
	rules := hostlog.Rules{Workers: v.rules.Workers, Policy: *v.hosts.policy, Tolerance: hostlog.Virtual}
	if rules.Policy.FromStart {
		rules.Tolerance = Started
	}
	return site, rules, v.hosts.log[:min(int(v.hosts.next.Load()), len(v.hosts.log))]
}

// hostFaults adds the rules of its policy that a crawl broke, if its crawler says that it keeps it.
func (s *Site) hostFaults(found *Violations) {
	v := &s.verifier
	if !v.rules.Polite {
		return
	}
	if n := v.hosts.crowd.Load(); n > 0 {
		found.addf("%d fetches began with %d others in flight at their host, the most allowed", n, v.hosts.policy.Width())
	}
	site, rules, log := s.hostLog()
	if log == nil {
		return
	}
	for _, f := range hostlog.Verify(site, rules, log, false) {
		found.addf("politeness: %s", f)
	}
}
