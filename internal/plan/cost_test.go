package plan_test

import (
	"strings"
	"testing"
	"time"

	"crawlbench/internal/crawler"
	"crawlbench/internal/graph"
	"crawlbench/internal/plan"
)

// swept is a scenario with costs.
const swept = `
crawlers = ["cas"]
control  = false
workers  = [4]
gomaxprocs = [2]
sample   = "100ms"
cost     = ["none", "cpu 10us", "latency 1ms", "latency 2ms cpu 4ms"]
[[graph]]
name  = "g"
kind  = "chain"
pages = 9
`

func TestCosts(t *testing.T) {
	p, err := plan.Make(parse(t, swept), crawler.All(), 2)
	if err != nil {
		t.Fatal(err)
	}
	want := []struct {
		name  string
		pages int // that take a sample of 100 ms with 4 workers on 2 processors, at least 20
		fetch graph.Behaviour
	}{
		{"Crawl/impl=cas/graph=g/keys=id/workers=4/rate=inf-2", 0, graph.Behaviour{}},
		{"Crawl/impl=cas/graph=g/keys=id/workers=4/rate=inf/cpu=10us-2", 20_000, graph.Behaviour{CPU: 10 * time.Microsecond}},
		{"Crawl/impl=cas/graph=g/keys=id/workers=4/rate=inf/latency=1ms-2", 400,
			graph.Behaviour{Latency: graph.Latency{Model: "constant", Median: time.Millisecond}}},
		{"Crawl/impl=cas/graph=g/keys=id/workers=4/rate=inf/latency=2ms/cpu=4ms-2", 50, graph.Behaviour{
			Latency: graph.Latency{Model: "constant", Median: 2 * time.Millisecond}, CPU: 4 * time.Millisecond}},
	}
	if len(p.Cells) != len(want) {
		t.Fatalf("%d cells, want %d", len(p.Cells), len(want))
	}
	for i, c := range p.Cells {
		if w := want[i]; c.Name() != w.name || c.MaxPages != w.pages || c.FetchOf(graph.Behaviour{}) != w.fetch {
			t.Errorf("%s of %d pages, fetch %+v: want %+v", c.Name(), c.MaxPages, c.FetchOf(graph.Behaviour{}), w)
		}
	}
	if !p.UsesCPU() {
		t.Error("no cell uses processor time")
	}
}

func TestCostKeepsTheModelOfLatency(t *testing.T) {
	b := graph.Behaviour{Latency: graph.Latency{Model: "lognormal", Median: time.Millisecond, Sigma: 1}, CPU: 3}
	c := plan.Cell{Cost: plan.Cost{Latency: 2 * time.Millisecond}}
	want := b
	want.Latency.Median = 2 * time.Millisecond
	if got := c.FetchOf(b); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := (plan.Cell{}).FetchOf(b); got != b {
		t.Errorf("without a cost %+v, want %+v", got, b)
	}
}

func TestInvalidCosts(t *testing.T) {
	for _, value := range []string{"", "1ms", "cpu", "cpu 1", "cpu -1ms", "cpu 0s", "cpu 2s", "cpu 1ms cpu 2ms",
		"gpu 1ms", "none cpu 1ms"} {
		_, err := plan.Parse("x.toml", []byte(strings.Replace(swept, `"none"`, `"`+value+`"`, 1)))
		if err == nil || !strings.Contains(err.Error(), `x.toml:7:13: cost[0]: invalid cost`) {
			t.Errorf("%q: %v", value, err)
		}
	}
	_, err := plan.Parse("x.toml", []byte(swept+"[fetch]\ncpu = \"1us\"\n"))
	if err == nil || !strings.Contains(err.Error(), "the table [fetch] sets a latency or processor time too") {
		t.Errorf("cost and fetch: %v", err)
	}
}

func TestOnlyTheFirstCostIsProfiled(t *testing.T) {
	p, err := plan.Make(parse(t, swept+"[profiles]\nkinds = [\"cpu\"]\n"), crawler.All(), 2)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Passes) != 1 || p.Passes[0].Cell != 0 {
		t.Errorf("passes %v, want one, of the first cell", p.Passes)
	}
}
