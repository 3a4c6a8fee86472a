package diagnose_test

import (
	"testing"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plan"
	"crawlbench/internal/store"
)

// Only limiters that exceed their rate have a finding, each its own.
func TestLimiterThatExceedsItsRate(t *testing.T) {
	paced := func(achieved, worst float64) store.Pace {
		return store.Pace{Asked: 1000, Achieved: achieved, Worst: worst, Window: 0.1}
	}
	brief := paced(1000, 1.7) // in a window of a millisecond, of 11 pages
	brief.Window = 0.001
	for _, test := range []struct {
		name string
		pace store.Pace
		want diagnose.Kind
		over float64
	}{
		{"four times", paced(4300, 3.9), diagnose.RateExceeded, 4.3},
		{"a little", paced(1015, 1.01), diagnose.RateExceeded, 1.015},
		{"bursts only", paced(1000, 3), diagnose.BurstExceeded, 3},
		{"a page of each worker, delayed together", brief, "", 0},
		{"kept", paced(1000, 1), "", 0},
		{"delayed now and then", paced(999, 1.4), "", 0},
		{"too little", paced(100, 0.1), "", 0},
		{"by an older program", store.Pace{Asked: 1000, Achieved: 1000}, "", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := fabricated{
				toml:  "crawlers = [\"mutexmap\", \"cas\"]\nworkers = [2, 8]\nrate = [1000]\nlimiter = [\"bucket\", \"paced\"]\n",
				speed: func(plan.Cell, int) float64 { return 1000 },
				change: func(c plan.Cell, s *store.Sample) {
					p := paced(1000, 1)
					if c.Limiter == "bucket" && c.Impl == "cas" && c.Workers == 8 {
						p = test.pace
					}
					s.Pace = &p
				},
			}.analyse(t)
			if test.want == "" {
				if len(a.Findings) > 0 {
					t.Errorf("found %+v", a.Findings)
				}
				return
			}
			if len(a.Findings) != 1 || a.Findings[0].Rule.Kind != test.want ||
				a.Findings[0].Value.Median != test.over ||
				len(a.Findings[0].All) != 1 ||
				a.Findings[0].Cell.ID() != "impl=cas,graph=g,keys=id,workers=8,rate=1000,limiter=bucket-2" {
				t.Errorf("found %+v, want %q", a.Findings, test.want)
			}
		})
	}
}

// A single bad round is not a finding unless most are bad.
func TestLimiterThatExceedsOnce(t *testing.T) {
	n := 0
	a := fabricated{toml: "crawlers = [\"cas\"]\nworkers = [8]\nrate = [1000]\ncontrol = false\n",
		speed: func(plan.Cell, int) float64 { return 1000 },
		change: func(_ plan.Cell, s *store.Sample) {
			s.Pace = &store.Pace{Asked: 1000, Achieved: 1000, Worst: 1, Window: 0.001}
			if n++; n == 5 {
				s.Pace.Achieved, s.Pace.Worst = 5000, 9
			}
		}}.analyse(t)
	if len(a.Findings) > 0 {
		t.Errorf("found %+v", a.Findings)
	}
	if p := a.Tables[0].Cell("cas", 8).Pace; p.Worst != 9 || p.Achieved != 1000 {
		t.Errorf("pace %+v", p)
	}
}
