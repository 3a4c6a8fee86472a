package web

import (
	"sync/atomic"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/web/hostlog"
)

// started is how much too early a fetch may begin if the gap is measured from the start of the one before it: a crawler
// reads its clock before the site does, and may lose the processor in between, now and then for longer: see
// hostlog.Punctual. From the end of a fetch the site reads its clock first, so that nothing has to be tolerated.
const started = 20 * time.Millisecond

// hosts watches what hosts see of a crawl that is given a policy. A timed crawl is logged, which takes two readings of
// the clock for each page, unless it has no gap, robots.txt or refusals: then nothing depends on time. Of exact crawls,
// which do not wait, only the fetches in flight are counted.
type hosts struct {
	policy *crawl.Policy // nil without one
	begin  time.Time
	log    []hostlog.Fetch // nil if it is not logged
	next   atomic.Int64
	busy   []atomic.Int32 // by host; nil if they are not counted
	crowd  atomic.Int64   // fetches that began with too many others in flight at their host
	more   int            // fetches of a right crawl besides one of each page

	refused  []atomic.Uint64 // bitset of the pages that were refused; nil if none is
	final    bool            // a refused page is not fetched again
	refusals atomic.Int64    // fetches that were refused, unless that is final
	robots   atomic.Int64    // fetches of robots.txt
}

// HostOf returns the host of a page's number, also that of a renamed page.
func (s *Site) HostOf(page uint32) uint32 {
	s.numberHosts()
	return s.hostOf[page]
}

// numberHosts notes the host of each number of a page.
func (s *Site) numberHosts() {
	if s.hostOf == nil {
		s.hostOf = s.graph.HostOfEach(s.verifier.numbers())
	}
}

// watchHosts prepares to watch the hosts of a crawl.
func (s *Site) watchHosts(r Rules) {
	h := &s.verifier.hosts
	h.policy, h.log, h.busy, h.refused, h.more = r.Politeness, nil, nil, nil, 0
	for _, n := range []*atomic.Int64{&h.next, &h.crowd, &h.refusals, &h.robots} {
		n.Store(0)
	}
	if r.Politeness == nil {
		return
	}
	s.numberHosts()
	h.final = !r.Polite || r.Politeness.Tries() == 1
	h.more = s.watchRefusals()
	if r.Politeness.Robots {
		h.more += len(s.graph.Hosts)
	}
	switch {
	case r.Exact && r.Polite:
		h.busy = make([]atomic.Int32, len(s.graph.Hosts))
	case !r.Exact && (r.Politeness.Gap > 0 || r.Politeness.Robots || h.refused != nil):
		h.log = make([]hostlog.Fetch, s.verifier.expected()+h.more+maxUseless)
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
	if i < len(h.log) { // otherwise there were many too many
		h.log[i] = hostlog.Fetch{Host: host, Page: page, Start: time.Since(h.begin)}
	}
	return i
}

// leave notes the end of a fetch, and more of it if that is not nil.
func (h *hosts) leave(i int, host uint32, more func(*hostlog.Fetch)) {
	if i >= 0 && i < len(h.log) {
		h.log[i].End = time.Since(h.begin)
		if more != nil {
			more(&h.log[i])
		}
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
		Fails: s.fails, Forbidden: s.manners.forbids, Latency: make([]time.Duration, s.graph.Pages())}
	for p := range site.Latency {
		site.Latency[p] = s.waits(uint32(p))
	}
	if !v.hosts.policy.Robots {
		site.Forbidden = nil
	}
	rules := hostlog.Rules{Workers: v.rules.Workers, Policy: *v.hosts.policy, Tolerance: hostlog.Virtual, Lag: true}
	log := hostlog.Log(v.hosts.log[:min(int(v.hosts.next.Load()), len(v.hosts.log))])
	if rules.Policy.FromStart {
		rules.Tolerance = started
		log = hostlog.Punctual(site, rules, log)
	}
	return site, rules, log
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
