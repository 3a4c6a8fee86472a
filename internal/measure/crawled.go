package measure

import (
	"slices"
	"time"

	"crawlbench/internal/stat"
	"crawlbench/internal/store"
	"crawlbench/internal/web"
)

// crawled is what the processes of a fleet did in a crawl.
type crawled struct {
	parts  []part
	waits  [][]web.Wait  // by process
	server time.Duration // processor time of the server
}

// fleetWindow is the shortest window in which grants to a fleet are counted. In shorter ones of real time, late
// wake-ups count for more than the limiter.
const fleetWindow = 100 * time.Millisecond

// fleetTaking is a sample of a fleet that is being taken.
type fleetTaking struct {
	f      *fleet
	s      *store.Sample
	wall   time.Duration
	before load
	own    float64 // processor seconds of this process, the fleet and the server when the crawls began
	calls  float64 // of the limiter
	grants float64
}

func (f *fleet) begin() (*fleetTaking, error) {
	t := &fleetTaking{f: f, s: &store.Sample{Fleet: &store.Fleet{}, Values: map[string]float64{},
		Host: map[string]float64{}}}
	for _, unit := range store.Units() {
		t.s.Values[unit] = 0
	}
	var err error
	t.before = readLoad()
	t.own, err = f.used()
	return t, err
}

// used returns the processor seconds of this process, of the fleet and of the server.
func (f *fleet) used() (float64, error) {
	served, err := f.served()
	sum := cpuSeconds() + served.Seconds()
	for _, p := range f.list {
		sum += p.CPU().Seconds()
	}
	return sum, err
}

// crawl takes one more crawl.
func (t *fleetTaking) crawl() error {
	did, err := t.f.crawl(false)
	if err != nil {
		return err
	}
	first, last, latest := did.span()
	wall := last - first
	t.wall += time.Duration(wall)
	t.s.Crawls++
	t.s.Seconds = append(t.s.Seconds, time.Duration(wall).Seconds())
	fleet := t.s.Fleet
	fleet.Skew = max(fleet.Skew, time.Duration(latest-first).Seconds())
	var pages []float64
	peak := 0.0
	for _, p := range did.parts {
		pages = append(pages, float64(p.Pages))
		peak += float64(p.Peak)
		t.add(p)
	}
	t.s.Values["peak-RSS-bytes"] = max(t.s.Values["peak-RSS-bytes"], peak)
	t.s.Values["sec/op"] += time.Duration(wall).Seconds()
	if t.f.server != nil {
		t.s.Values[store.ServerUnit] += did.server.Seconds()
	}
	share := web.LeastToMost(pages)
	if !t.f.shares {
		share = web.Shares(did.waits)
	}
	fleet.LeastToMost += share
	t.pace(did)
	return nil
}

// span returns when the first process of a crawl started and the last ended, and when the last one started, in
// nanoseconds of the wall clock.
func (c *crawled) span() (first, last, latest int64) {
	for i, p := range c.parts {
		if i == 0 || p.At < first {
			first = p.At
		}
		latest, last = max(latest, p.At), max(last, p.At+int64(p.Wall))
	}
	return first, last, latest
}

// add adds what a process did.
func (t *fleetTaking) add(p part) {
	s := t.s
	for unit, x := range map[string]float64{"cpu-sec/op": p.CPU.Seconds(), "B/op": p.Bytes, "allocs/op": p.Allocs,
		"mutex-wait-sec/op": p.Locked, "pages/op": float64(p.Pages)} {
		s.Values[unit] += x
	}
	for name, x := range map[string]float64{"involuntary-switches": p.Switches, "gc-sec": p.GC, "user-sec": p.User,
		"run-delay-sec": p.RunDelay} {
		s.Host[name] += x
	}
	t.calls += float64(p.Calls)
	for name, n := range p.Counts {
		if s.Counts == nil {
			s.Counts = map[string]float64{}
		}
		s.Counts[name] += float64(n)
	}
}

// pace adds how the limiter served all processes together.
func (t *fleetTaking) pace(did *crawled) {
	c := t.f.job.Cell
	if c.Rate == 0 {
		return
	}
	waits := slices.Concat(did.waits...)
	t.grants += float64(len(waits))
	addPace(t.s, float64(c.Rate), web.PaceOf(waits, fleetWindow, float64(c.Rate), c.BucketSize()))
}

// load notes what the machine did during the crawls.
func (t *fleetTaking) load() error {
	own, err := t.f.used()
	if err != nil {
		return err
	}
	t.before.addTo(t.s.Host, own-t.own)
	return nil
}

// sample computes the sample from its crawls.
func (t *fleetTaking) sample(stopped bool) *store.Sample {
	s, n := t.s, float64(t.s.Crawls)
	for unit := range s.Values {
		if unit != "peak-RSS-bytes" {
			s.Values[unit] /= n
		}
	}
	for name := range s.Counts {
		s.Counts[name] /= n
	}
	s.Fleet.LeastToMost /= n
	if t.grants > 0 {
		s.Fleet.Calls = t.calls / t.grants
	}
	if stat.Quantile(s.Seconds, 0.5) < minCrawlSeconds {
		s.Flags = append(s.Flags, "too short")
	}
	s.Flags = append(s.Flags, loadFlags(s.Host, t.wall.Seconds())...)
	if stopped {
		s.Flags = append(s.Flags, frozen)
	}
	return s
}
