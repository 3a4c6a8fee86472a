package profile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"runtime/pprof"
	"slices"
	"strconv"

	"github.com/google/pprof/profile"
)

// Profile is a profile in pprof's format.
type Profile = profile.Profile

const (
	// BlockRate is the number of nanoseconds of waiting per sample of the block profile. Waits are
	// weighted by the inverse of their sampling probability, so the sum is correct at any rate; a
	// lower value costs more for each of the millions of short waits on channels.
	BlockRate = 10_000
	// MutexFraction 1 records every wait for a mutex: it costs only where there is contention.
	MutexFraction = 1
)

// Parse reads a profile in pprof's format.
func Parse(r io.Reader) (*Profile, error) { return profile.Parse(r) }

// Events returns the number of events in p: for a block or mutex profile, the waits that its
// samples represent; for a CPU profile, its samples. The overhead of recording them is this number
// times what doctor measures per event.
func Events(p *Profile) (n float64) {
	if p == nil {
		return 0
	}
	for _, s := range p.Sample {
		n += float64(s.Value[0])
	}
	return n
}

// Collector records profiles of crawls. Only one can be active in a process, and block and mutex
// profiles include what earlier ones recorded: use one process per pass.
type Collector struct {
	kinds   []string
	cpu     bytes.Buffer
	repeats []Repeat
}

// Start begins to record kinds: cpu alone, or block and mutex. They are not recorded together
// because the recording of one would show in the other.
func Start(kinds []string) (*Collector, error) {
	c := &Collector{kinds: kinds}
	for _, k := range kinds {
		if !slices.Contains([]string{"cpu", "block", "mutex"}, k) || k == "cpu" && len(kinds) > 1 {
			return nil, fmt.Errorf("record profiles: invalid kinds %q: want cpu alone, or block and mutex", kinds)
		}
	}
	if slices.Contains(kinds, "cpu") {
		return c, pprof.StartCPUProfile(&c.cpu)
	}
	return c, nil
}

// The label that distinguishes crawls from the rest in CPU profiles. Goroutines inherit it from the
// one that starts them.
const (
	labelKey   = "crawlbench-phase"
	labelCrawl = "crawl" // followed by the number of the repeat
)

// Repeat begins a repeat: the crawls until the next one. Usage keeps them apart.
func (c *Collector) Repeat() { c.repeats = append(c.repeats, Repeat{}) }

// Count adds pages, processor time in seconds and counters to the current repeat.
func (c *Collector) Count(pages int, cpu float64, counters map[string]float64) {
	r := &c.repeats[len(c.repeats)-1]
	r.Pages += pages
	r.CPU += cpu
	for name, n := range counters {
		if r.Counters == nil {
			r.Counters = map[string]float64{}
		}
		r.Counters[name] += n
	}
}

// Usage returns the repeats with their processor time by class. It is empty before Stop, and for other kinds than cpu.
func (c *Collector) Usage() Usage { return Usage{Repeats: c.repeats} }

// Crawl calls f and records it. All goroutines that f starts must have ended when it returns.
func (c *Collector) Crawl(f func()) {
	if slices.Contains(c.kinds, "cpu") {
		if len(c.repeats) == 0 {
			c.Repeat()
		}
		label := labelCrawl + strconv.Itoa(len(c.repeats)-1)
		pprof.Do(context.Background(), pprof.Labels(labelKey, label), func(context.Context) { f() })
		return
	}
	// An event is recorded if the rate is set when it ends. Outside crawls the rate must be zero.
	if slices.Contains(c.kinds, "block") {
		runtime.SetBlockProfileRate(BlockRate)
		defer runtime.SetBlockProfileRate(0)
	}
	if slices.Contains(c.kinds, "mutex") {
		runtime.SetMutexProfileFraction(MutexFraction)
		defer runtime.SetMutexProfileFraction(0)
	}
	f()
}

// Stop stops recording and returns the profiles by kind.
func (c *Collector) Stop() (map[string]*Profile, error) {
	profiles := map[string]*Profile{}
	for _, kind := range c.kinds {
		text := &c.cpu
		var err error
		if kind == "cpu" {
			pprof.StopCPUProfile()
		} else {
			text = new(bytes.Buffer)
			err = pprof.Lookup(kind).WriteTo(text, 0)
		}
		p, errParse := profile.Parse(text)
		if err := errors.Join(err, errParse); err != nil {
			return nil, fmt.Errorf("record the %s profile: %w", kind, err)
		}
		p.Sample = slices.DeleteFunc(p.Sample, dropped(kind))
		if kind == "cpu" {
			unskid(p)
			classify(p, c.repeats)
		}
		trim(p)
		profiles[kind] = p.Compact()
	}
	return profiles, nil
}
