package measure

import (
	"fmt"
	"math"
	"runtime/metrics"
	"sync"

	"crawlbench/internal/web"
)

// settings are process-wide runtime settings that affect the cost of a crawl. If a crawler changes one, its measurement
// and all later ones no longer match their cells.
type settings struct {
	procs  int       // GOMAXPROCS of the cell
	before [3]uint64 // before the first crawl

	mu     sync.Mutex
	during web.Violations // changes seen during the crawl
}

// settingNames are the names of the settings in package runtime/metrics.
var settingNames = [3]string{"/sched/gomaxprocs:threads", "/gc/gogc:percent", "/gc/gomemlimit:bytes"}

func readSettings() (values [3]uint64) {
	var samples [3]metrics.Sample
	for i, name := range settingNames {
		samples[i].Name = name
	}
	metrics.Read(samples[:])
	for i := range samples {
		values[i] = samples[i].Value.Uint64()
	}
	return values
}

// probe checks the settings during a crawl. It may be called from any goroutine.
func (s *settings) probe() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.during == nil {
		s.during = s.compare(readSettings(), "during")
	}
}

// changes returns what the crawl changed. It is called after the crawl.
func (s *settings) changes() web.Violations {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v := s.compare(readSettings(), "after"); v != nil {
		return v
	}
	return s.during // changed and restored
}

func (s *settings) compare(now [3]uint64, when string) (v web.Violations) {
	wrong := func(format string, args ...any) { v = append(v, fmt.Sprintf(format, args...)) }
	if now[0] != s.before[0] {
		wrong("GOMAXPROCS is %d %s the crawl, the cell has %d", now[0], when, s.procs)
	}
	if now[1] != s.before[1] {
		wrong("the GC percentage is %s %s the crawl, it was %s before", formatPercent(now[1]), when,
			formatPercent(s.before[1]))
	}
	if now[2] != s.before[2] {
		wrong("the memory limit is %s %s the crawl, it was %s before", formatLimit(now[2]), when, formatLimit(s.before[2]))
	}
	return v
}

func formatPercent(p uint64) string {
	if int32(p) < 0 {
		return "off"
	}
	return fmt.Sprint(p)
}

func formatLimit(bytes uint64) string {
	if bytes == math.MaxInt64 {
		return "off"
	}
	return fmt.Sprintf("%d bytes", bytes)
}
