package diagnose_test

import (
	"testing"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plan"
	"crawlbench/internal/profile/breakdown"
)

// Where pages take unevenly long, workers wait for the slowest of a level, so the site explains more idle time. Whether
// it explains all of it, or the crawler leaves workers idle, is then not known, and nothing is said.
func TestUnevenPagesExplainIdleWorkers(t *testing.T) {
	for _, test := range []struct {
		fetch string
		idle  float64
		want  diagnose.Kind
	}{
		{`latency = "constant"`, 0.45, diagnose.IdleWorkers},
		{"latency = \"lognormal\"\nsigma = 1.5", 0.45, ""},
		{"latency = \"lognormal\"\nsigma = 1.5", 0.55, diagnose.IdleWorkers},
		{"latency = \"per-host\"\nsigma = 1\nhost_sigma = 1.2", 0.45, ""},
	} {
		a := fabricated{toml: "crawlers = [\"mutexmap\"]\nworkers = [8]\n[profiles]\nkinds = [\"wall\"]\n[fetch]\nmedian = \"1ms\"\n" +
			test.fetch + "\n", speed: func(plan.Cell, int) float64 { return 1000 },
			breakdown: func(plan.Cell) *breakdown.Breakdown {
				l := account(breakdown.Idle, test.idle)
				l.Seconds[breakdown.Running], l.Seconds[breakdown.Network] = 0.8, 8*(0.9-test.idle)
				return l
			}}.analyse(t)
		var got diagnose.Kind
		if len(a.Findings) > 0 {
			got = a.Findings[0].Rule.Kind
		}
		if got != test.want || len(a.Findings) > 1 {
			t.Errorf("%s, idle %g: found %q, want %q", test.fetch, test.idle, got, test.want)
		}
	}
}
