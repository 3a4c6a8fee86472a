package hostlog_test

import (
	"slices"
	"testing"

	"crawlbench/internal/crawl"
	"crawlbench/internal/web/hostlog"
)

func TestASummaryHasTheMeasures(t *testing.T) {
	r := rules(crawl.Policy{Gap: 3 * s})
	got := hostlog.Summarize(two(), r, right(), true)
	if !got.Polite || got.Makespan != 7 || got.Bound != 7 || got.Idle != 0 || got.Others != 7 || got.Gaps != 2 ||
		got.Broken != 0 || got.Peak != 1 || got.Tolerance != 2e-9 {
		t.Errorf("%+v", got)
	}
	// The bound is 7 s, so that strips end after 10.5 s; each of the two hosts has a line.
	if !slices.Equal(got.Hosts, []uint32{0, 1}) || len(got.Strips) != 2 || len(got.Strips[0]) != 80 ||
		got.StripEnd != 10.5 {
		t.Errorf("strips of hosts %v up to %v s: %q", got.Hosts, got.StripEnd, got.Strips)
	}
	if err := got.Check(); err != nil {
		t.Error(err)
	}
	late := right()
	late[3].Start -= s
	if got := hostlog.Summarize(two(), r, late, false); got.Polite || got.Broken != 1 || got.Least != 2 {
		t.Errorf("a gap of 2 s: %+v", got)
	}
}

func TestASummaryOfAnUntrustedFileIsChecked(t *testing.T) {
	for name, change := range map[string]func(*hostlog.Summary){
		"a negative time":            func(s *hostlog.Summary) { s.Idle = -1 },
		"more broken gaps than gaps": func(s *hostlog.Summary) { s.Broken = 3 },
		"a short strip":              func(s *hostlog.Summary) { s.Strips[0] = "#" },
		"a strip of markup":          func(s *hostlog.Summary) { s.Strips[0] = "<" + s.Strips[0][1:] },
		"a strip without a host":     func(s *hostlog.Summary) { s.Hosts = s.Hosts[:1] },
	} {
		sum := hostlog.Summarize(two(), rules(crawl.Policy{Gap: 3 * s}), right(), true)
		if change(&sum); sum.Check() == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}
