package graph

import (
	"math"
	"time"

	"crawlbench/internal/crawl"
)

// Behaviour describes how the pages of a site answer. All randomness is drawn from Seed and the page, never
// from the order of the fetches, so that every crawler sees the same site.
type Behaviour struct {
	Latency Latency
	// CPU is the processor time that a fetch burns, as parsing would.
	CPU time.Duration
	// Fail is the fraction of pages, 0 to 1, whose fetch fails; a failed page has no links.
	Fail float64
	// HostFail is the fraction of hosts, 0 to 1, whose fetches all fail.
	HostFail float64 `json:",omitempty"`
	// Largest is how long each fetch of the host with the most pages waits; 0: no longer than the others.
	Largest time.Duration `json:",omitempty"`
	// Refuse is the fraction of pages whose first fetch is refused with status 429 and RetryAfter.
	Refuse     float64       `json:",omitempty"`
	RetryAfter time.Duration `json:",omitempty"`
	// Forbid is the fraction of pages that robots.txt forbids, and RobotsDelay the Crawl-delay of each host.
	Forbid      float64       `json:",omitempty"`
	RobotsDelay time.Duration `json:",omitempty"`
	Seed        uint64

	record *Record // what is replayed; nil if nothing is
	scale  float64 // of its waiting times
}

// Recorded is the model that replays what a crawl recorded of the pages: each page waits as long as its fetch took
// then, and fails if it failed then. If Median is set, the waiting times are scaled so that it is their median.
const Recorded = "recorded"

// Latency describes how long a fetch waits. A waiting fetch is in flight but uses no processor.
type Latency struct {
	// Model is "zero" or "", which does not wait; "constant", which waits Median; "lognormal",
	// which draws for every page; "per-host", which draws a median for every host and then for
	// every page of it; or Recorded.
	Model string
	// Median is the median waiting time; constant always waits exactly this long, and Recorded as recorded if it is 0.
	Median time.Duration
	// Sigma is the standard deviation of the logarithm of the waiting time over the pages (of one
	// host, if per-host).
	Sigma float64
	// HostSigma is the same for the medians of the hosts; per-host only.
	HostSigma float64
}

// MaxLatency limits a wait, so that one page in a heavy tail cannot exceed a sample's deadline.
const MaxLatency = 10 * time.Second

// Check returns what is wrong with b. Fields are named as in a scenario's [fetch] table: latency,
// median, sigma, host_sigma, largest, cpu, fail, host_fail, refuse, retry_after, forbid, robots_delay.
func (b Behaviour) Check() []Problem {
	var ps []Problem
	bad := func(field, msg string) { ps = append(ps, Problem{Field: field, Msg: msg}) }
	l := b.Latency
	switch l.Model {
	case "", "zero":
		if l.Median != 0 || l.Sigma != 0 || l.HostSigma != 0 {
			bad("latency", "zero does not wait: remove median, sigma and host_sigma, "+
				"or choose constant, lognormal or per-host")
		}
	case Recorded:
		if l.Median < 0 || l.Median > MaxLatency {
			bad("median", "must lie between 0s, which is as recorded, and "+MaxLatency.String())
		}
		if l.Sigma != 0 || l.HostSigma != 0 {
			bad("sigma", "recorded draws nothing: remove sigma and host_sigma, or choose lognormal or per-host")
		}
	case "constant", "lognormal", "per-host":
		if l.Median <= 0 || l.Median > MaxLatency {
			bad("median", "latency "+l.Model+" needs a median above 0 and at most "+MaxLatency.String())
		}
		if l.Model == "constant" && l.Sigma != 0 {
			bad("sigma", "constant does not vary: remove sigma, or choose lognormal")
		}
		if l.Model != "constant" && !(l.Sigma >= 0 && l.Sigma <= 3) {
			bad("sigma", "must lie between 0 and 3")
		}
		if l.Model != "per-host" && l.HostSigma != 0 {
			bad("host_sigma", "only per-host draws by host: remove host_sigma, or choose per-host")
		}
		if l.Model == "per-host" && !(l.HostSigma >= 0 && l.HostSigma <= 3) {
			bad("host_sigma", "must lie between 0 and 3")
		}
	default:
		bad("latency", "must be zero, constant, lognormal, per-host or recorded")
	}
	if b.CPU < 0 || b.CPU > time.Second {
		bad("cpu", "must lie between 0s and 1s per page")
	}
	if b.Largest < 0 || b.Largest > MaxLatency {
		bad("largest", "must lie between 0s and "+MaxLatency.String()+": it is how long a fetch of the largest host waits")
	}
	for _, share := range []struct {
		field, what string
		value       float64
	}{
		{"fail", "pages whose fetch fails", b.Fail}, {"host_fail", "hosts whose fetches all fail", b.HostFail},
		{"refuse", "pages whose first fetch is refused", b.Refuse},
		{"forbid", "pages that robots.txt forbids", b.Forbid},
	} {
		if !(share.value >= 0 && share.value <= 1) {
			bad(share.field, "must lie between 0 and 1: it is the fraction of "+share.what)
		}
	}
	if b.RetryAfter < 0 || b.RetryAfter > maxAsked {
		bad("retry_after", "must lie between 0s and "+maxAsked.String())
	}
	if b.RobotsDelay < 0 || b.RobotsDelay > maxAsked {
		bad("robots_delay", "must lie between 0s and "+maxAsked.String())
	}
	return ps
}

// maxAsked limits the pauses that hosts ask for.
const maxAsked = time.Hour

// On returns b as the site of g has it: only that can replay what was recorded.
func (b Behaviour) On(g *Graph) Behaviour {
	if b.Latency.Model != Recorded || g.Record == nil {
		return b
	}
	b.record, b.scale = g.Record, 1
	if b.Latency.Median > 0 && g.Record.Median > 0 {
		b.scale = b.Latency.Median.Seconds() * 1e6 / float64(g.Record.Median)
	}
	return b
}

// Fails reports whether the fetch of page fails, even if its host does not.
func (b Behaviour) Fails(page uint32) bool {
	if b.record != nil && b.record.Failed(page) {
		return true
	}
	return b.Fail > 0 && unit(b.draw(saltFail, page)) < b.Fail
}

// hostFails reports whether every fetch of host fails.
func (b Behaviour) hostFails(host uint32) bool {
	return b.HostFail > 0 && unit(b.draw(saltHostFail, host)) < b.HostFail
}

// Failing returns whether the fetch of a page of g fails; nil if none does.
func (b Behaviour) Failing(g *Graph) func(page uint32) bool {
	b = b.On(g)
	if b.Fail == 0 && b.HostFail == 0 && b.record == nil {
		return nil
	}
	return func(page uint32) bool { return b.Fails(page) || b.hostFails(g.Host(page)) }
}

// Refusing returns whether the first fetch of a page is refused; nil if none is.
func (b Behaviour) Refusing() func(page uint32) bool {
	if b.Refuse == 0 {
		return nil
	}
	return func(page uint32) bool { return unit(b.draw(saltRefuse, page)) < b.Refuse }
}

// Forbidding returns whether robots.txt forbids a page of g; nil if none is forbidden. The start page never is.
func (b Behaviour) Forbidding(g *Graph) func(page uint32) bool {
	if b.Forbid == 0 {
		return nil
	}
	return func(page uint32) bool { return page != g.Start && unit(b.draw(saltForbid, page)) < b.Forbid }
}

// Reach returns what a crawl of g fetches that is given a policy, nil without one. A crawler that keeps it obeys
// robots.txt and tries again what was refused. For another one, that fetch has failed.
func (b Behaviour) Reach(g *Graph, p *crawl.Policy, polite bool) Reach {
	fails, refuses, forbids := b.Failing(g), b.Refusing(), b.Forbidding(g)
	if p == nil || !p.Robots || !polite {
		forbids = nil
	}
	if p == nil || refuses == nil || polite && p.Tries() > 1 {
		return walkAllowed(g, fails, forbids)
	}
	lost := func(page uint32) bool { return refuses(page) || fails != nil && fails(page) }
	return walkAllowed(g, lost, forbids)
}

// Waits returns how long the fetch of a page of g waits.
func (b Behaviour) Waits(g *Graph) func(page uint32) time.Duration {
	b = b.On(g)
	if b.Largest == 0 {
		return func(page uint32) time.Duration { return b.Wait(page, g.Host(page)) }
	}
	first, past := g.Largest()
	return func(page uint32) time.Duration {
		if page >= first && page < past {
			return b.Largest
		}
		return b.Wait(page, g.Host(page))
	}
}

// Wait returns how long the fetch of page, which is on host, waits, unless the host is the largest.
func (b Behaviour) Wait(page, host uint32) time.Duration {
	l := b.Latency
	d := float64(l.Median)
	switch l.Model {
	case "constant":
		return l.Median
	case Recorded:
		if b.record == nil {
			return 0
		}
		d = math.Round(b.scale * float64(b.record.Waits[page]) * float64(time.Microsecond))
	case "lognormal":
		d *= math.Exp(l.Sigma * normal(b.draw(saltPage, page)))
	case "per-host":
		d *= math.Exp(l.HostSigma*normal(b.draw(saltHost, host)) + l.Sigma*normal(b.draw(saltPage, page)))
	default:
		return 0
	}
	return min(time.Duration(d), MaxLatency)
}

// Waits reports whether a fetch may wait.
func (l Latency) Waits() bool { return l.Model == Recorded || l.MeanWait() > 0 }

// MeanWait returns the mean of the model for equally likely hosts and unlimited draws, for use in
// estimates; 0 for Recorded, of which only the graph knows it.
func (l Latency) MeanWait() time.Duration {
	switch l.Model {
	case "constant":
		return l.Median
	case "lognormal", "per-host":
		return time.Duration(float64(l.Median) * math.Exp((l.Sigma*l.Sigma+l.HostSigma*l.HostSigma)/2))
	}
	return 0
}

// The salts keep the draws of one page independent of each other.
const (
	saltFail     = 0x9e3779b97f4a7c15
	saltPage     = 0xc2b2ae3d27d4eb4f
	saltHost     = 0x165667b19e3779f9
	saltHostFail = 0x85ebca77c2b2ae63
	saltRefuse   = 0x27d4eb2f165667c5
	saltForbid   = 0xd6e8feb86659fd93
)

// draw mixes seed, salt and n.
func (b Behaviour) draw(salt uint64, n uint32) uint64 {
	return mix(b.Seed ^ salt + uint64(n)*0x9e3779b97f4a7c15)
}

// unit maps x to [0, 1).
func unit(x uint64) float64 { return float64(x>>11) / (1 << 53) }

// normal maps x to a standard normal variate by the inverse of its distribution function.
func normal(x uint64) float64 {
	u := (float64(x>>11) + 0.5) / (1 << 53)
	return -math.Sqrt2 * math.Erfcinv(2*u)
}
