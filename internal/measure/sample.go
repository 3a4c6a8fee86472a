package measure

import (
	"context"
	"runtime/metrics"
	"time"

	"crawlbench/internal/host"
	"crawlbench/internal/store"
	"crawlbench/internal/web"
	"crawlbench/internal/web/delay"
)

// takeSample takes one sample: it crawls until the crawls have lasted for the job's sample length.
func (b *Bench) takeSample(ctx context.Context) (Outcome, error) {
	t := b.begin()
	before, own := readLoad(), cpuSeconds()
	for t.m.wall < b.job.Sample {
		if err := t.crawl(ctx); err != nil {
			return Outcome{}, err
		}
	}
	t.end()
	before.addTo(t.s.Host, cpuSeconds()-own+t.site.Seconds())
	t.s.Flags = append(t.s.Flags, loadFlags(t.s.Host, t.m.wall.Seconds())...)
	return t.outcome(ctx)
}

// taking is a sample that is being taken.
type taking struct {
	b          *Bench
	s          *store.Sample
	m          *meter
	pages      int
	overlapped bool
	runDelay   float64
	site       time.Duration // processor time of the site, of a cell over HTTP
	dials      int64
}

func (b *Bench) begin() *taking {
	clear(b.counts)
	return &taking{b: b, s: &store.Sample{}, m: newMeter(), runDelay: host.RunDelay()}
}

// crawl takes one more crawl.
func (t *taking) crawl(ctx context.Context) error {
	before := t.m.wall
	if err := t.b.Crawl(ctx, t.m.measure); err != nil {
		return err
	}
	t.s.Crawls++
	t.s.Seconds = append(t.s.Seconds, (t.m.wall - before).Seconds())
	t.pages += t.b.site.Fetched()
	t.overlapped = t.overlapped || t.b.site.Overlapped()
	t.b.addPace(t.s)
	t.b.addHosts(t.s)
	if r := t.b.remote; r != nil {
		t.site += r.used.cpu
		t.dials += r.used.dials
	}
	return nil
}

// end computes the sample from its crawls.
func (t *taking) end() {
	s, m, n := t.s, t.m, float64(t.s.Crawls)
	s.Values = map[string]float64{
		"sec/op":            m.wall.Seconds() / n,
		"cpu-sec/op":        m.cpu.Seconds() / n,
		"B/op":              m.bytes / n,
		"allocs/op":         m.allocs / n,
		"mutex-wait-sec/op": m.locked / n,
		"peak-RSS-bytes":    float64(host.PeakMemory()),
		"pages/op":          float64(t.pages) / n,
	}
	s.Host = map[string]float64{
		"involuntary-switches": m.switches,
		"gc-sec":               m.gc,
		"user-sec":             m.user,
		"run-delay-sec":        max(0, host.RunDelay()-t.runDelay),
	}
	if t.b.remote != nil {
		s.Values[store.SiteUnit] = t.site.Seconds() / n
		s.Values[store.DialsUnit] = float64(t.dials) / n
	}
	for name, count := range t.b.counts {
		if s.Counts == nil {
			s.Counts = map[string]float64{}
		}
		s.Counts[name] = float64(count) / n
	}
	if t.b.job.Cell.Delay.Site > 0 {
		s.Counts = delay.Counts(warmUps, s.Crawls)
	}
	t.overlapped = t.overlapped || m.turns >= max(minTurns, n*float64(t.b.job.Cell.Workers))
	s.Flags = t.b.flags(s, t.overlapped)
}

// outcome measures the retained bytes, if they are asked for, and returns the sample.
func (t *taking) outcome(ctx context.Context) (Outcome, error) {
	if t.b.job.Retained {
		var err error
		if t.s.Retained, t.s.PerHost, err = t.b.retained(ctx); err != nil {
			return Outcome{}, err
		}
	}
	return Outcome{Sample: t.s}, nil
}

// addHosts adds what hosts saw of the last crawl to s: the measures and strips of the first crawl, and the gaps of all.
func (b *Bench) addHosts(s *store.Sample) {
	saw := b.site.Hosts()
	if s.Polite == nil || saw == nil {
		s.Polite = saw
		return
	}
	if saw.Broken > 0 && (s.Polite.Broken == 0 || saw.Least < s.Polite.Least) {
		s.Polite.Least = saw.Least
	}
	s.Polite.Gaps, s.Polite.Broken = s.Polite.Gaps+saw.Gaps, s.Polite.Broken+saw.Broken
	s.Polite.Peak = max(s.Polite.Peak, saw.Peak)
}

// addPace adds the limiter's statistics of the last crawl to s: means over the crawls, and the worst window.
func (b *Bench) addPace(s *store.Sample) {
	c := b.job.Cell
	if c.Rate == 0 {
		return
	}
	addPace(s, float64(c.Rate), b.site.Pace(float64(c.Rate), c.BucketSize()))
}

// addPace adds the limiter's statistics of the last of the sample's crawls.
func addPace(s *store.Sample, asked float64, did web.Pace) {
	if s.Pace == nil {
		s.Pace = &store.Pace{Asked: asked}
	}
	s.Pace.Achieved += (did.Achieved - s.Pace.Achieved) / float64(s.Crawls)
	s.Pace.Unfairness += (float64(did.Unfairness) - s.Pace.Unfairness) / float64(s.Crawls)
	if did.Worst > s.Pace.Worst {
		s.Pace.Worst, s.Pace.Window = did.Worst, did.Window.Seconds()
	}
}

// meter sums the cost of the crawls, without the time between them.
type meter struct {
	wall, cpu     time.Duration
	bytes, allocs float64
	locked        float64 // seconds that goroutines waited for sync.Mutex, RWMutex or a lock of the runtime
	switches      float64
	gc, user      float64 // processor seconds of the garbage collector and of Go code
	turns         float64 // scheduling events; the runtime samples one in eight
	samples       []metrics.Sample
}

func newMeter() *meter {
	return &meter{samples: []metrics.Sample{
		{Name: "/gc/heap/allocs:bytes"},
		{Name: "/gc/heap/allocs:objects"},
		{Name: "/sync/mutex/wait/total:seconds"},
		{Name: "/cpu/classes/gc/total:cpu-seconds"},
		{Name: "/cpu/classes/gc/mark/idle:cpu-seconds"}, // on idle processors
		{Name: "/cpu/classes/user:cpu-seconds"},
		{Name: "/sched/latencies:seconds"},
	}}
}

// measure runs crawl and adds its cost.
func (m *meter) measure(crawl func()) {
	bytes, allocs, locked, gc, user, turns := m.runtime()
	cpu, switches := host.Usage()
	start := time.Now()
	crawl()
	m.wall += time.Since(start)
	cpu2, switches2 := host.Usage()
	bytes2, allocs2, locked2, gc2, user2, turns2 := m.runtime()
	m.cpu += cpu2 - cpu
	m.switches += float64(switches2 - switches)
	m.bytes += bytes2 - bytes
	m.allocs += allocs2 - allocs
	m.locked += locked2 - locked
	m.gc += gc2 - gc
	m.user += user2 - user
	m.turns += turns2 - turns
}

// runtime reads the runtime's cumulative metrics.
func (m *meter) runtime() (bytes, allocs, locked, gc, user, turns float64) {
	metrics.Read(m.samples)
	s := m.samples
	for _, n := range s[6].Value.Float64Histogram().Counts {
		turns += float64(n)
	}
	return float64(s[0].Value.Uint64()), float64(s[1].Value.Uint64()), s[2].Value.Float64(),
		s[3].Value.Float64() - s[4].Value.Float64(), s[5].Value.Float64(), turns
}

// cpuSeconds returns the processor time of this process in seconds.
func cpuSeconds() float64 { return host.CPUTime().Seconds() }
