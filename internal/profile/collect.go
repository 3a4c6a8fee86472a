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

	"github.com/google/pprof/profile"
)

// Profile is a profile in pprof's format.
type Profile = profile.Profile

const (
	// BlockRate is the number of nanoseconds of waiting per sample of the block profile. Waits are weighted by the inverse
	// of their chance to be sampled, so that the sum is right whatever the rate; a lower rate costs more for each of the
	// short waits that a channel makes millions of.
	BlockRate = 10_000
	// MutexFraction 1 records every wait for a mutex: it costs only where somebody waited.
	MutexFraction = 1
)

// Parse reads a profile in pprof's format.
func Parse(r io.Reader) (*Profile, error) { return profile.Parse(r) }

// Events returns how many events stand in p: waits of a block or mutex profile, by what those sampled stand for, and
// samples of a CPU profile. What they cost the crawl is events times doctor.Costs.
func Events(p *Profile) (n float64) {
	if p == nil {
		return 0
	}
	for _, s := range p.Sample {
		n += float64(s.Value[0])
	}
	return n
}

// Collector takes profiles of crawls. Only one can be at work in a process, and block and mutex profiles hold what those
// before it took too: a process is for one pass.
type Collector struct {
	kinds []string
	cpu   bytes.Buffer
}

// Start begins to collect kinds: cpu alone, or block and mutex. They are not collected together because the recording of
// the ones shows in the other.
func Start(kinds []string) (*Collector, error) {
	c := &Collector{kinds: kinds}
	for _, k := range kinds {
		if !slices.Contains([]string{"cpu", "block", "mutex"}, k) || k == "cpu" && len(kinds) > 1 {
			return nil, fmt.Errorf("collect profiles %q: want cpu alone, or block and mutex", kinds)
		}
	}
	if slices.Contains(kinds, "cpu") {
		return c, pprof.StartCPUProfile(&c.cpu)
	}
	return c, nil
}

// The label that tells crawls from the rest in CPU profiles. Goroutines inherit it from the one that starts them.
const (
	labelKey   = "crawlbench-phase"
	labelCrawl = "crawl"
	labelOther = "harness"
)

// Crawl calls f, and takes what it does into the profiles. f must have ended all goroutines that it started.
func (c *Collector) Crawl(f func()) {
	if slices.Contains(c.kinds, "cpu") {
		pprof.Do(context.Background(), pprof.Labels(labelKey, labelCrawl), func(context.Context) { f() })
		return
	}
	// An event is recorded if the rate is set at its end. What is not a crawl must find it at zero.
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

// Stop ends collecting and returns the profiles by kind.
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
			return nil, fmt.Errorf("take the %s profile: %w", kind, err)
		}
		trim(p, kind)
		profiles[kind] = p.Compact()
	}
	return profiles, nil
}
