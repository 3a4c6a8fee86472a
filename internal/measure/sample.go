package measure

import (
	"context"
	"runtime/metrics"
	"time"

	"crawlbench/internal/host"
	"crawlbench/internal/store"
)

// takeSample takes one sample: it crawls until the crawls have lasted for the job's sample length.
func (b *Bench) takeSample(ctx context.Context) (Outcome, error) {
	s := &store.Sample{}
	m := newMeter()
	pages := 0
	overlapped := false
	clear(b.counts)
	steal, pressure, delay, throttled := host.Steal(), host.Pressure(), host.RunDelay(), host.Throttled()
	busy, own := host.Busy(), cpuSeconds()
	for m.wall < b.job.Sample {
		before := m.wall
		if err := b.Crawl(ctx, m.measure); err != nil {
			return Outcome{}, err
		}
		s.Crawls++
		s.Seconds = append(s.Seconds, (m.wall - before).Seconds())
		pages += b.site.Fetched()
		overlapped = overlapped || b.site.Overlapped()
		b.addPace(s)
	}
	n := float64(s.Crawls)
	s.Values = map[string]float64{
		"sec/op":            m.wall.Seconds() / n,
		"cpu-sec/op":        m.cpu.Seconds() / n,
		"B/op":              m.bytes / n,
		"allocs/op":         m.allocs / n,
		"mutex-wait-sec/op": m.locked / n,
		"peak-RSS-bytes":    float64(host.PeakMemory()),
		"pages/op":          float64(pages) / n,
	}
	s.Host = map[string]float64{
		"involuntary-switches": m.switches,
		"steal-sec":            host.Steal() - steal,
		"pressure-sec":         host.Pressure() - pressure,
		"gc-sec":               m.gc,
		"user-sec":             m.user,
		"others-sec":           max(0, host.Busy()-busy-(cpuSeconds()-own)),
		"run-delay-sec":        max(0, host.RunDelay()-delay),
		"throttled-sec":        host.Throttled() - throttled,
	}
	for name, count := range b.counts {
		if s.Counts == nil {
			s.Counts = map[string]float64{}
		}
		s.Counts[name] = float64(count) / n
	}
	overlapped = overlapped || m.turns >= max(minTurns, n*float64(b.job.Cell.Workers))
	s.Flags = b.flags(s, m.wall.Seconds(), overlapped)
	if b.job.Retained {
		var err error
		if s.Retained, err = b.retainedPerPage(ctx); err != nil {
			return Outcome{}, err
		}
	}
	return Outcome{Sample: s}, nil
}

// addPace adds the limiter's statistics of the last crawl to s: means over the crawls, and the worst window.
func (b *Bench) addPace(s *store.Sample) {
	c := b.job.Cell
	if c.Rate == 0 {
		return
	}
	did := b.site.Pace(float64(c.Rate), c.BucketSize())
	if s.Pace == nil {
		s.Pace = &store.Pace{Asked: float64(c.Rate)}
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
func cpuSeconds() float64 {
	return host.CPUTime().Seconds()
}
