package hostlog

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// Summary is what the hosts saw of a crawl, as a run keeps it. Times are in seconds.
type Summary struct {
	// Polite says that the crawler keeps a policy. What others break is shown, and is not a fault.
	Polite   bool    `json:"polite"`
	Makespan float64 `json:"makespan_sec"` // until the last fetch ended
	Bound    float64 `json:"bound_sec"`    // of the makespan
	Idle     float64 `json:"unforced_idle_sec"`
	Others   float64 `json:"others_sec,omitempty"` // until 90 % of the pages of all hosts but the largest
	Gaps     int     `json:"gaps"`
	Broken   int     `json:"broken_gaps"`
	Least    float64 `json:"shortest_broken_gap_sec,omitempty"`
	Peak     int     `json:"peak_in_flight_at_a_host"`
	// Tolerance is how much too early a fetch may begin.
	Tolerance float64 `json:"tolerance_sec"`
	// Strips have a line for some of the hosts, of equal columns up to StripEnd; see Strip.
	Strips   []string `json:"strips,omitempty"`
	Hosts    []uint32 `json:"strip_hosts,omitempty"`
	StripEnd float64  `json:"strip_end_sec,omitempty"`
}

// A strip shows some of the hosts for the beginning of a crawl, of equal length for all crawlers, so that they can be
// compared.
const (
	stripHosts   = 10
	stripColumns = 80
)

// Summarize returns the summary of a log. The hosts of its strips are spread over all.
func Summarize(s *Site, r Rules, log Log, polite bool) Summary {
	list := events(s, r, log)
	m := measure(s, r, log, list)
	out := Summary{Polite: polite, Makespan: m.Makespan.Seconds(), Bound: m.Bound.Seconds(), Idle: m.Idle.Seconds(),
		Others: m.Others.Seconds(), Gaps: m.Gaps, Broken: m.Broken, Least: max(0, m.Least).Seconds(),
		Peak: Peak(s, log), Tolerance: r.Tolerance.Seconds()}
	end := stripEnd(r, m)
	if hosts := s.hosts(); end > 0 && hosts > 0 {
		n := min(stripHosts, hosts)
		for i := range n {
			out.Hosts = append(out.Hosts, uint32(i*hosts/n))
		}
		out.Strips, out.StripEnd = strips(list, r, out.Hosts, stripColumns, end), end.Seconds()
	}
	return out
}

// stripEnd returns the end of strips: half as long again as the bound, but with a column for each gap at least. It
// depends on the site alone.
func stripEnd(r Rules, m Measures) time.Duration {
	end := m.Bound + m.Bound/2
	if gap := r.Policy.Gap; gap > 0 {
		end = min(end, stripColumns*gap)
	}
	return end
}

// Check returns an error if the summary, of an untrusted file, has impossible values.
func (s *Summary) Check() error {
	for _, x := range []float64{s.Makespan, s.Bound, s.Idle, s.Others, s.Least, s.Tolerance, s.StripEnd} {
		if !(x >= 0 && x <= math.MaxInt64) {
			return fmt.Errorf("invalid politeness: a time of %v seconds", x)
		}
	}
	if s.Gaps < 0 || s.Broken < 0 || s.Broken > s.Gaps || s.Peak < 0 || len(s.Strips) != len(s.Hosts) ||
		len(s.Strips) > stripHosts {
		return fmt.Errorf("invalid politeness: %d of %d gaps broken, %d fetches in flight, %d strips of %d hosts",
			s.Broken, s.Gaps, s.Peak, len(s.Strips), len(s.Hosts))
	}
	const states = string(StripNone) + string(StripGap) + string(StripBusy) + string(StripReady)
	for _, line := range s.Strips {
		if len(line) != stripColumns || strings.Trim(line, states) != "" {
			return fmt.Errorf("invalid politeness: the strip %.100q", line)
		}
	}
	return nil
}
