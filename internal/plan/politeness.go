package plan

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/graph"
)

// Politeness is what the crawlers of a scenario may ask of each host; see crawl.Politeness.
type Politeness struct {
	Gap        time.Duration `json:"gap_ns,omitempty"`
	FromStart  bool          `json:"from_start,omitempty"`
	PerHost    int           `json:"per_host"`
	Robots     bool          `json:"robots,omitempty"`
	CrawlDelay bool          `json:"crawl_delay,omitempty"`
	MaxDelay   time.Duration `json:"max_delay_ns"`
	Attempts   int           `json:"attempts"`
}

// Limits of a policy.
const (
	maxGap      = time.Hour
	maxDelay    = 24 * time.Hour
	maxAttempts = 100
)

// defaultPoliteness returns the policy of a table [politeness] without keys.
func defaultPoliteness() *Politeness {
	return &Politeness{PerHost: 1, MaxDelay: crawl.DefaultMaxDelay, Attempts: crawl.DefaultAttempts}
}

// Policy returns the policy of a crawl. Its HostOf is not set.
func (p Politeness) Policy() crawl.Policy {
	return crawl.Policy{Gap: p.Gap, FromStart: p.FromStart, PerHost: p.PerHost, Robots: p.Robots,
		CrawlDelay: p.CrawlDelay, MaxDelay: p.MaxDelay, Attempts: p.Attempts}
}

// String describes the policy in words.
func (p Politeness) String() string {
	from := "end"
	if p.FromStart {
		from = "start"
	}
	parts := []string{fmt.Sprintf("a gap of %v from the %s of a fetch", p.Gap, from)}
	if p.Gap == 0 {
		parts[0] = "no gap"
	}
	if p.PerHost == 1 {
		parts = append(parts, "one fetch per host at a time")
	} else {
		parts = append(parts, fmt.Sprintf("%d fetches per host at a time", p.PerHost))
	}
	if p.Robots {
		parts = append(parts, "robots.txt before the first page of a host")
	}
	if p.CrawlDelay {
		parts = append(parts, "its Crawl-delay, if that is longer than the gap")
	}
	return strings.Join(parts, ", ")
}

// check returns an error if the policy, of an untrusted plan, is out of bounds.
func (p *Politeness) check() error {
	if p == nil {
		return nil
	}
	if p.Gap < 0 || p.Gap > maxGap || p.PerHost < 1 || p.PerHost > maxWorkers || p.MaxDelay < 0 ||
		p.MaxDelay > maxDelay || p.Attempts < 1 || p.Attempts > maxAttempts {
		return errors.New("its politeness is out of bounds")
	}
	return nil
}

// politeness reads the policy.
func (s *Scenario) politeness(r *reader, p *place, prefix string, values map[string]any) {
	s.Politeness = defaultPoliteness()
	to := s.Politeness
	r.table(p, prefix, values, []key{
		{"gap", one(&to.Gap, duration(0, maxGap))},
		{"from", one(&to.FromStart, fromStart)},
		{"per_host", one(&to.PerHost, whole[int](1, maxWorkers))},
		{"robots", one(&to.Robots, boolean)},
		{"crawl_delay", one(&to.CrawlDelay, boolean)},
		{"max_delay", one(&to.MaxDelay, duration(0, maxDelay))},
		{"attempts", one(&to.Attempts, whole[int](1, maxAttempts))},
	})
	if at := p.below["crawl_delay"]; at != nil && to.CrawlDelay && !to.Robots {
		r.fail(at.value, prefix+"crawl_delay", "a Crawl-delay is in robots.txt, which is not asked for: add robots = true")
	}
}

// fromStart reads from where a gap is measured.
func fromStart(v any) (bool, error) {
	from, err := word("end of a fetch", "end", "start")(v)
	return from == "start", err
}

// measuring are the keys of a scenario that say how to measure, which a simulation does not.
var measuring = []string{"control", "rate", "burst", "limiter", "cost", "gomaxprocs", "rounds", "rate_limited_rounds",
	"stop", "sample", "turns", "slice", "slices", "rest", "deadline", "memory", "profiles",
	"transport"}

// simulation checks what a simulated scenario may have, and what hosts may ask for in any.
func (s *Scenario) simulation(r *reader, p *place) {
	s.asked(r, p)
	if !s.Simulated {
		return
	}
	for _, name := range measuring {
		if at := p.below[name]; at != nil {
			r.fail(at.key, name, "a simulated scenario measures nothing: leave it out, or simulated = true")
		}
	}
	if s.Politeness == nil {
		r.fail(p.below["simulated"].value, "simulated", "only politeness is simulated: add a table [politeness]")
	}
	s.eachFetch(p, func(name string, at *place, b graph.Behaviour) {
		if b.CPU > 0 {
			r.fail(at.key, name, "processor time takes no virtual time: leave out cpu, or simulated = true")
		}
	})
	s.Control, s.Stop, s.Rounds, s.Turns = false, false, 1, 0
}

// asked reports what hosts ask for and no crawler would hear.
func (s *Scenario) asked(r *reader, p *place) {
	const (
		noPolicy = "only crawlers that are given a policy fetch a refused page again: add a table [politeness]"
		noRobots = "it is in robots.txt, which nobody asks for: add robots = true to the table [politeness]"
		noWhole  = "over HTTP, Retry-After is in whole seconds: want 1s or more of them"
	)
	overHTTP := slices.Contains(s.Transports, HTTP)
	s.eachFetch(p, func(name string, at *place, b graph.Behaviour) {
		switch {
		case b.Refuse > 0 && s.Politeness == nil:
			r.fail(at.key, name, noPolicy)
		case (b.Forbid > 0 || b.RobotsDelay > 0) && (s.Politeness == nil || !s.Politeness.Robots):
			r.fail(at.key, name, noRobots)
		case overHTTP && b.Refuse > 0 && (b.RetryAfter == 0 || b.RetryAfter%time.Second != 0):
			r.fail(at.key, name, noWhole)
		}
	})
}

// eachFetch calls do for the table [fetch] and those of graphs, with their places.
func (s *Scenario) eachFetch(p *place, do func(name string, at *place, b graph.Behaviour)) {
	if at := p.below["fetch"]; at != nil {
		do("fetch", at, s.Fetch)
	}
	graphs := p.below["graph"]
	if graphs == nil {
		return
	}
	for i, g := range s.Graphs {
		table := graphs // a single one may be written [graph]
		if i < len(graphs.elements) {
			table = graphs.elements[i]
		}
		if at := table.below["fetch"]; at != nil && g.Fetch != nil {
			do(fmt.Sprintf("graph[%d].fetch", i), at, *g.Fetch)
		}
	}
}

// BehaviourOf returns how the site of a graph answers, without the cost of a cell.
func (p *Plan) BehaviourOf(graph string) graph.Behaviour {
	return behaviourOf(p.Graphs, p.Fetch, graph)
}

// BehaviourOf returns how the site of a graph answers.
func (s *Scenario) BehaviourOf(graph string) graph.Behaviour {
	return behaviourOf(s.Graphs, s.Fetch, graph)
}

func behaviourOf(graphs []Graph, fetch graph.Behaviour, name string) graph.Behaviour {
	i := slices.IndexFunc(graphs, func(g Graph) bool { return g.Name == name })
	if i >= 0 && graphs[i].Fetch != nil {
		return *graphs[i].Fetch
	}
	return fetch
}

// FetchOf returns how the site answers the fetches of a cell.
func (p *Plan) FetchOf(c Cell) graph.Behaviour { return c.FetchOf(p.BehaviourOf(c.Graph)) }

// SameSite reports whether the sites of two plans behave the same, and ask for the same politeness.
func (p *Plan) SameSite(q *Plan) bool {
	if p.Fetch != q.Fetch || (p.Politeness == nil) != (q.Politeness == nil) ||
		p.Politeness != nil && *p.Politeness != *q.Politeness || p.Simulated != q.Simulated {
		return false
	}
	return !slices.ContainsFunc(p.Graphs, func(g Graph) bool { return p.BehaviourOf(g.Name) != q.BehaviourOf(g.Name) })
}

// GapsOf returns how long the gaps and pauses of a host of a graph with that many pages take, if all its pages are
// reached.
func (p *Plan) GapsOf(graph string, pages int) time.Duration {
	if p.Politeness == nil || pages < 2 {
		return 0
	}
	policy, b := p.Politeness.Policy(), p.BehaviourOf(graph)
	gap := policy.Gap
	if policy.CrawlDelay {
		gap = max(gap, policy.Bounded(b.RobotsDelay))
	}
	if policy.Robots {
		pages++
	}
	refused := 0
	if policy.Tries() > 1 {
		refused = int(b.Refuse * float64(pages))
	}
	turns := pages + refused - 1
	if !policy.FromStart {
		turns /= policy.PerHost
	}
	rest := max(0, policy.Bounded(b.RetryAfter)-gap)
	return time.Duration(turns)*gap + time.Duration(refused/policy.PerHost)*rest
}
