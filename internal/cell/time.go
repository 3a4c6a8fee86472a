package cell

import (
	"context"
	"runtime/metrics"
	"time"

	"golang.org/x/sys/unix"

	"crawlbench/internal/host"
	"crawlbench/internal/store"
)

// time takes one sample: crawls until they have lasted as long as the job wants.
func (b *Bench) time(ctx context.Context) (Outcome, error) {
	s := &store.Sample{}
	m := newMeter()
	pages := 0
	overlapped := false
	clear(b.counts)
	steal, pressure, delay, throttled := host.Steal(), host.Pressure(), host.RunDelay(), host.Throttled()
	busy, own := host.Busy(), used()
	for m.wall < b.job.Sample {
		before := m.wall
		if err := b.Crawl(ctx, m.measure); err != nil {
			return Outcome{}, err
		}
		s.Crawls++
		s.Seconds = append(s.Seconds, (m.wall - before).Seconds())
		pages += b.site.Fetched()
		overlapped = overlapped || b.site.Overlapped()
		b.pace(s)
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
		"others-sec":           max(0, host.Busy()-busy-(used()-own)),
		"run-delay-sec":        max(0, host.RunDelay()-delay),
		"throttled-sec":        host.Throttled() - throttled,
	}
	for name, count := range b.counts {
		if s.Counts == nil {
			s.Counts = map[string]float64{}
		}
		s.Counts[name] = float64(count) / n
	}
	overlapped = overlapped || m.turns >= max(fewestTurns, n*float64(b.job.Cell.Workers))
	s.Flags = b.doubts(s, m.wall.Seconds(), overlapped)
	if b.job.Weigh {
		var err error
		if s.Held, err = b.weigh(ctx); err != nil {
			return Outcome{}, err
		}
	}
	return Outcome{Sample: s}, nil
}

// pace adds what the limiter did in the crawl just made: the means over the crawls, the worst of the windows.
func (b *Bench) pace(s *store.Sample) {
	c := b.job.Cell
	if c.Rate == 0 {
		return
	}
	did := b.site.Pace(float64(c.Rate), c.BucketSize())
	if s.Pace == nil {
		s.Pace = &store.Pace{Asked: float64(c.Rate)}
	}
	s.Pace.Achieved += (did.Achieved - s.Pace.Achieved) / float64(s.Crawls)
	s.Pace.Passed += (float64(did.Passed) - s.Pace.Passed) / float64(s.Crawls)
	if did.Worst > s.Pace.Worst {
		s.Pace.Worst, s.Pace.Window = did.Worst, did.Window.Seconds()
	}
}

// meter sums what the crawls cost, and nothing of what lies between them.
type meter struct {
	wall, cpu     time.Duration
	bytes, allocs float64
	locked        float64 // seconds that goroutines waited for sync.Mutex, RWMutex or a lock of the runtime
	switches      float64
	gc, user      float64 // seconds that the runtime's processors were at the collector, and at Go code
	turns         float64 // times that a goroutine was given a processor, of which the runtime counts every eighth
	samples       []metrics.Sample
}

func newMeter() *meter {
	return &meter{samples: []metrics.Sample{
		{Name: "/gc/heap/allocs:bytes"},
		{Name: "/gc/heap/allocs:objects"},
		{Name: "/sync/mutex/wait/total:seconds"},
		{Name: "/cpu/classes/gc/total:cpu-seconds"},
		{Name: "/cpu/classes/gc/mark/idle:cpu-seconds"}, // of processors that had nothing else to do
		{Name: "/cpu/classes/user:cpu-seconds"},
		{Name: "/sched/latencies:seconds"},
	}}
}

// measure runs crawl and adds what it cost.
func (m *meter) measure(crawl func()) {
	bytes, allocs, locked, gc, user, turns := m.runtime()
	cpu, switches := usage()
	start := time.Now()
	crawl()
	m.wall += time.Since(start)
	cpu2, switches2 := usage()
	bytes2, allocs2, locked2, gc2, user2, turns2 := m.runtime()
	m.cpu += cpu2 - cpu
	m.switches += switches2 - switches
	m.bytes += bytes2 - bytes
	m.allocs += allocs2 - allocs
	m.locked += locked2 - locked
	m.gc += gc2 - gc
	m.user += user2 - user
	m.turns += turns2 - turns
}

func (m *meter) runtime() (bytes, allocs, locked, gc, user, turns float64) {
	metrics.Read(m.samples)
	s := m.samples
	for _, n := range s[6].Value.Float64Histogram().Counts {
		turns += float64(n)
	}
	return float64(s[0].Value.Uint64()), float64(s[1].Value.Uint64()), s[2].Value.Float64(), s[3].Value.Float64() - s[4].Value.Float64(), s[5].Value.Float64(), turns
}

// used returns the processor time of this process in seconds.
func used() float64 {
	cpu, _ := usage()
	return cpu.Seconds()
}

// usage returns the processor time of this process, user and system, and its involuntary context switches.
func usage() (cpu time.Duration, switches float64) {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return 0, 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), float64(u.Nivcsw)
}
