package diagnose_test

import (
	"strings"
	"testing"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plan"
	"crawlbench/internal/store"
)

// A limiter that lets through more than was asked is found, for each limiter apart, and no other.
func TestLimiterThatExceedsItsRate(t *testing.T) {
	paced := func(achieved, worst float64) store.Pace {
		return store.Pace{Asked: 1000, Achieved: achieved, Worst: worst, Window: 0.1}
	}
	for _, test := range []struct {
		name string
		pace store.Pace
		want string
	}{
		{"four times", paced(4300, 3.9), "limiter bucket lets through 4.3 times what was asked: cas with 8 workers on g at 1000 pages/s"},
		{"a little", paced(1015, 1.01), "limiter bucket lets through 1.0 times what was asked"},
		{"bursts only", paced(1000, 3), "limiter bucket lets through 3.0 times what rate and burst allow, for a moment"},
		{"kept", paced(1000, 1), ""},
		{"held up now and then", paced(999, 1.4), ""},
		{"too little", paced(100, 0.1), ""},
		{"by an older program", store.Pace{Asked: 1000, Achieved: 1000}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := made{
				toml:  "contenders = [\"mutexmap\", \"cas\"]\nworkers = [2, 8]\nrate = [1000]\nlimiter = [\"bucket\", \"paced\"]\n",
				speed: func(plan.Cell, int) float64 { return 1000 },
				change: func(c plan.Cell, s *store.Sample) {
					p := paced(1000, 1)
					if c.Limiter == "bucket" && c.Impl == "cas" && c.Workers == 8 {
						p = test.pace
					}
					s.Pace = &p
				},
			}.analyse(t)
			var found []diagnose.Finding
			for _, f := range a.Findings {
				if f.Kind == diagnose.RateExceeded {
					found = append(found, f)
				}
			}
			if test.want == "" {
				if len(found) > 0 {
					t.Errorf("found %+v", found)
				}
				return
			}
			if len(found) != 1 || !strings.HasPrefix(found[0].Text, test.want) || !strings.Contains(found[0].Refute, `limiter = "paced"`) ||
				len(found[0].Evidence) != 1 || found[0].Confidence == "" || !strings.Contains(found[0].Cell, "limiter=bucket") {
				t.Errorf("found %+v, want %q", found, test.want)
			}
		})
	}
}

// A single bad round is no finding, unless most are like it.
func TestLimiterThatExceedsOnce(t *testing.T) {
	n := 0
	a := made{toml: "contenders = [\"cas\"]\nworkers = [8]\nrate = [1000]\ncontrol = false\n", speed: func(plan.Cell, int) float64 { return 1000 },
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
