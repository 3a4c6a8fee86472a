package cli

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/explain/causal"
	"crawlbench/internal/module"
	"crawlbench/internal/plain/screen"
	"crawlbench/internal/plan"
	"crawlbench/internal/stat"
	"crawlbench/internal/testing/runtest"
)

// The table fits the terminal, and names the crawler as people do.
func TestCausalTableFits(t *testing.T) {
	slope := stat.Interval{Value: 0.98, Lo: 0.91, Hi: 1.04}
	lines := []causal.Line{
		{Site: causal.Site{Dir: "mutexmap", File: "mutexmap.go", Line: 40}, Kind: causal.Serial, Hits: 12.5, Cost: 1e-6,
			Delay: time.Microsecond, Slope: slope, Page: 4e-6, Parallel: 0.5},
		{Site: causal.Site{Dir: "engine", File: "worker.go", Line: 55}, Kind: causal.Unknown, Hits: 1, Slope: slope},
		{Site: causal.Site{Dir: "engine", File: "pool.go", Line: 90}, Kind: causal.Unvisited},
	}
	for _, width := range []int{40, 60, 80, 120} {
		var b bytes.Buffer
		a := &app{raw: &b, screen: screen.Screen{Width: width}}
		a.causalTable(plan.Cell{Impl: "mutexmap", Graph: "rmat14", Workers: 8, Procs: 2}, lines, 12)
		for line := range strings.Lines(b.String()) {
			if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > width {
				t.Errorf("a line has %d of %d columns: %q", n, width, line)
			}
		}
		text := strings.Join(strings.Fields(b.String()), " ")
		for _, want := range []string{"mutexmap with 8 workers on rmat14", "mutexmap/mutexmap.go:40", "serial",
			"0.98 [0.91, 1.04]", "2.5 % [2.3, 2.7]", "not reached", "unknown"} {
			if !strings.Contains(text, want) {
				t.Errorf("%d columns: no %q in\n%s", width, want, b.String())
			}
		}
		if strings.Contains(text, "impl=") {
			t.Errorf("it names a benchmark:\n%s", b.String())
		}
	}
}

// The words of the README select the cell without a rate, although one with a rate has the same.
func TestCausalCellPrefersNoRate(t *testing.T) {
	p, err := runtest.Plan(`
crawlers = ["mutexmap", "cas"]
workers = [8]
rate = ["inf", 20000]
rounds = 6
[[graph]]
name = "rmat14"
kind = "rmat"
scale = 6
`, false)
	if err != nil {
		t.Fatal(err)
	}
	run, err := runtest.Run{Plan: p, Speed: func(plan.Cell,
		int) float64 {
		return 1000
	}}.Write(filepath.Join(t.TempDir(), "run"))
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	a := &diagnose.Analysis{Run: run}
	for selector, rate := range map[string]float64{"mutexmap rmat14 w8": 0, "mutexmap,rmat14,w8,20000": 20000} {
		c, err := causalCell(a, selector)
		if err != nil || float64(c.Rate) != rate {
			t.Errorf("%q selects %s, %v, want rate %v", selector, c.ID(), err, rate)
		}
	}
}

// Only lines of crawlers, and of what they are made of, are delayed: not those of the site that they fetch from.
func TestCrawlerLine(t *testing.T) {
	for function, want := range map[string]bool{
		module.Package("internal/crawler/cas.(*set).AddNew"):        true,
		module.Package("internal/crawl/engine.(*pool[...]).refill"): true,
		module.Package("internal/crawl/polite.(*crawler).next"):     true,
		module.Package("internal/crawl/visited.(*Table).Add"):       true,
		module.Package("bench/colly.crawl"):                         true,
		"main.(*set).AddNew":                                        true,
		"example.org/mine.crawl":                                    true,
		module.Package("internal/web.byID.Fetch"):                   false,
		module.Package("internal/web/delay.Burn"):                   false,
		module.Package("internal/graph.(*Graph).Out"):               false,
		module.Package("internal/web/fetch.(*Web).Fetch"):           false,
		module.Package("internal/measure.marked.Fetch"):             false,
		"golang.org/x/time/rate.(*Limiter).Wait":                    false,
		"sync.(*Mutex).Lock":                                        false,
		"runtime.mallocgc":                                          false,
	} {
		if _, is := crawlerLine(function, "/dir/file.go", 7); is != want {
			t.Errorf("%s: is it a line of a crawler? %v, want %v", function, is, want)
		}
	}
}
