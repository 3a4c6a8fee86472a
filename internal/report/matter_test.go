package report

import (
	"math"
	"strings"
	"testing"
	"time"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/stat"
)

func TestMatterSentence(t *testing.T) {
	a := &diagnose.Analysis{Baseline: "mutexmap", Margin: 0.03}
	m := diagnose.Matter{Key: diagnose.Key{Graph: "g", Keys: "id", Procs: 2}, Workers: 8, By: "cpu"}
	for _, c := range []time.Duration{0, 10 * time.Microsecond, 10 * time.Millisecond} {
		m.Points = append(m.Points, diagnose.Point{Cost: c})
	}
	inf := math.Inf(1)
	for _, c := range []struct {
		proven   time.Duration
		crossing stat.Interval
		want     string
	}{
		{200 * time.Microsecond, stat.Interval{Value: 30e-6, Lo: 15e-6, Hi: 2e-3},
			"above 200 µs of processor time a page all of these are equivalent (within 3 %, proven for all pairs); " +
				"the lead of the best over mutexmap falls to 3 % at 30 µs of processor time a page [15 µs, 2.0 ms]."},
		{-1, stat.Interval{Value: inf, Lo: 5e-6, Hi: inf},
			"up to 10 ms of processor time a page, not all of these are proven equivalent (within 3 %); " +
				"the lead of the best over mutexmap does not fall to 3 % [below 10 µs, beyond 10 ms]."},
		{0, stat.Interval{}, "at every processor time of a fetch, all of these are equivalent (within 3 %); " +
			"the lead of the best over mutexmap falls to 3 % below 10 µs [below 10 µs, below 10 µs]."},
	} {
		m.Proven, m.Crossing = c.proven, c.crossing
		_, got, _ := strings.Cut(matterSentence(a, m), "8 workers: ")
		if got != c.want {
			t.Errorf("have %s\nwant %s", got, c.want)
		}
	}
}
