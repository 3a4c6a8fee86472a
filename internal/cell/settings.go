package cell

import (
	"fmt"
	"math"
	"runtime/metrics"
	"sync"

	"crawlbench/internal/web"
)

// settings are those of the whole process that decide what a crawl costs. A crawler that changes one is measured as
// something else than its cell says, and what comes after it too.
type settings struct {
	procs  int // GOMAXPROCS of the cell
	before [3]uint64

	mu     sync.Mutex
	during web.Violations // what was seen to be changed in the middle of the crawl
}

// The settings by the names that package metrics gives them.
var settingNames = [3]string{"/sched/gomaxprocs:threads", "/gc/gogc:percent", "/gc/gomemlimit:bytes"}

func newSettings(procs int) *settings { return &settings{procs: procs, before: readSettings()} }

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

// probe is called while a crawl goes on, from any goroutine.
func (s *settings) probe() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.during == nil {
		s.during = s.compare(readSettings(), "during")
	}
}

// changes returns what the crawl, which is over, has changed.
func (s *settings) changes() web.Violations {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v := s.compare(readSettings(), "after"); v != nil {
		return v
	}
	return s.during // put back
}

func (s *settings) compare(now [3]uint64, when string) (v web.Violations) {
	if now == s.before {
		return nil
	}
	if now[0] != s.before[0] {
		v = append(v, fmt.Sprintf("GOMAXPROCS is %d %s the crawl, the cell has %d", now[0], when, s.procs))
	}
	if now[1] != s.before[1] {
		v = append(v, fmt.Sprintf("the GC percent is %s %s the crawl, it was %s before", percent(now[1]), when, percent(s.before[1])))
	}
	if now[2] != s.before[2] {
		v = append(v, fmt.Sprintf("the memory limit is %s %s the crawl, it was %s before", limit(now[2]), when, limit(s.before[2])))
	}
	return v
}

func percent(p uint64) string {
	if int32(p) < 0 {
		return "off"
	}
	return fmt.Sprint(p)
}

func limit(bytes uint64) string {
	if bytes == math.MaxInt64 {
		return "off"
	}
	return fmt.Sprintf("%d bytes", bytes)
}
