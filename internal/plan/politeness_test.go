package plan_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/crawler"
	"crawlbench/internal/graph"
	"crawlbench/internal/plan"
)

const twoGraphs = "[[graph]]\nname = \"a\"\nkind = \"even\"\npages = 90\nhosts = 9\n" +
	"[[graph]]\nname = \"b\"\nkind = \"even\"\npages = 90\nhosts = 9\nworkers = [3]\ndoc = \"why\"\n" +
	"fetch = { latency = \"constant\", median = \"9ms\", largest = \"1s\" }\n"

func TestPolitenessIsRead(t *testing.T) {
	s := parse(t, "workers = [2]\n[politeness]\ngap = \"1s\"\nfrom = \"start\"\nper_host = 3\nmax_delay = \"1m\"\nattempts = 5\n"+
		"[fetch]\nlatency = \"constant\"\nmedian = \"1ms\"\nhost_fail = 0.5\nseed = 7\n"+twoGraphs)
	want := plan.Politeness{Gap: time.Second, FromStart: true, PerHost: 3, MaxDelay: time.Minute, Attempts: 5}
	if s.Politeness == nil || *s.Politeness != want {
		t.Errorf("%+v, want %+v", s.Politeness, want)
	}
	p, err := plan.Make(s, crawler.All(), 2)
	if err != nil {
		t.Fatal(err)
	}
	a := graph.Behaviour{Latency: graph.Latency{Model: "constant", Median: time.Millisecond}, HostFail: 0.5, Seed: 7}
	b := a
	b.Latency.Median, b.Largest = 9*time.Millisecond, time.Second
	if p.BehaviourOf("a") != a || p.BehaviourOf("b") != b {
		t.Errorf("%+v and %+v, want %+v and %+v", p.BehaviourOf("a"), p.BehaviourOf("b"), a, b)
	}
	for _, c := range p.Cells {
		if want := map[string]int{"a": 2, "b": 3}[c.Graph]; c.Workers != want {
			t.Errorf("%s: want %d workers", c.ID(), want)
		}
	}
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	q, err := plan.Read(text)
	if err != nil {
		t.Fatal(err)
	}
	if !q.SameSite(p) || !p.SameSite(q) || *q.Politeness != want || q.Graph("b").Doc != "why" {
		t.Errorf("the plan that was written and read is different: %+v", q)
	}
	other := *p
	gap := want
	gap.Gap++
	other.Politeness = &gap
	if other.SameSite(p) {
		t.Error("plans with different gaps have the same site")
	}
}

func TestASimulatedScenarioMeasuresNothing(t *testing.T) {
	const begin = "simulated = true\n[politeness]\ngap = \"1s\"\n"
	s := parse(t, "workers = [8]\n"+begin+twoGraphs)
	p, err := plan.Make(s, crawler.All(), 2)
	if err != nil {
		t.Fatal(err)
	}
	if !p.Simulated || p.Rounds != 1 || p.Turns != 0 || p.Stop || len(p.Crawlers) != len(crawler.All()) {
		t.Errorf("%+v", p)
	}
	polite := map[string]crawl.Crawler{}
	for _, c := range crawler.All() {
		polite[c.Name] = c
	}
	count := map[string]int{}
	for _, c := range p.Cells {
		by := polite[c.Impl]
		count[c.Graph]++
		want := map[string]int{"a": 8, "b": 3}[c.Graph]
		if by.MaxWorkers > 0 {
			want = by.MaxWorkers
		}
		if !by.Polite && c.Graph != "a" || c.Workers != want || c.Resident {
			t.Errorf("%s: resident %v", c.ID(), c.Resident)
		}
	}
	if count["a"] != len(crawler.All()) || count["b"] != 7 {
		t.Errorf("%v crawls, want one of each crawler, and one of each polite one on the second graph", count)
	}
	for text, want := range map[string]string{
		"rounds = 3\n" + begin + twoGraphs:                              "a simulated scenario measures nothing: leave it out",
		begin + "[profiles]\nkinds = [\"cpu\"]\n" + twoGraphs:           "a simulated scenario measures nothing: leave it out",
		"simulated = true\n" + twoGraphs:                                "add a table [politeness]",
		begin + "[fetch]\ncpu = \"1ms\"\n" + twoGraphs:                  "processor time takes no virtual time",
		begin + "crawl_delay = true\n" + twoGraphs:                      "add robots = true",
		begin + "from = \"middle\"\n" + twoGraphs:                       "want one of end, start",
		begin + "per_host = 0\n" + twoGraphs:                            "must lie between 1 and",
		begin + "gab = \"1s\"\n" + twoGraphs:                            "did you mean gap?",
		begin + "[fetch]\nrefuse = 2\n" + twoGraphs:                     "must lie between 0 and 1",
		"[fetch]\nforbid = 0.1\n" + twoGraphs:                           "which nobody asks for: add robots = true",
		"[politeness]\n[fetch]\nrobots_delay = \"1s\"\n" + twoGraphs:    "which nobody asks for: add robots = true",
		strings.Replace(twoGraphs, "median", "refuse = 0.1, median", 1): "add a table [politeness]",
		"keys = [\"url\"]\ntransport = [\"http\"]\n[politeness]\n[fetch]\nrefuse = 0.1\nretry_after = \"1500ms\"\n" + twoGraphs: "in whole seconds",
	} {
		if _, err := plan.Parse("x.toml", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\n%v, want %s", text, err, want)
		}
	}
}

func TestAPlanWithImpossiblePolitenessIsRefused(t *testing.T) {
	s := parse(t, "[politeness]\ngap = \"1s\"\n"+twoGraphs)
	for name, change := range map[string]func(*plan.Plan){
		"gap":       func(p *plan.Plan) { p.Politeness.Gap = -1 },
		"per_host":  func(p *plan.Plan) { p.Politeness.PerHost = 0 },
		"attempts":  func(p *plan.Plan) { p.Politeness.Attempts = 1000 },
		"simulated": func(p *plan.Plan) { p.Simulated, p.Turns = true, 3 },
	} {
		p, err := plan.Make(s, crawler.All(), 2)
		if err != nil {
			t.Fatal(err)
		}
		own := *p.Politeness
		p.Politeness = &own
		if change(p); p.Check() == nil {
			t.Errorf("%s: an impossible value is accepted", name)
		}
	}
}

func TestGapsOfAHost(t *testing.T) {
	const asks = "[politeness]\ngap = \"1s\"\nrobots = true\ncrawl_delay = true\n" +
		"[fetch]\nrobots_delay = \"2s\"\nrefuse = 0.5\nretry_after = \"5s\"\n"
	for text, want := range map[string]time.Duration{
		"":                             0,
		"[politeness]\ngap = \"1s\"\n": 9 * time.Second,
		"[politeness]\nper_host = 3\n": 0,
		"[politeness]\ngap = \"1s\"\nper_host = 3\n":                   3 * time.Second,
		"[politeness]\ngap = \"1s\"\nper_host = 3\nfrom = \"start\"\n": 9 * time.Second,
		// 11 fetches and 5 more, 2 s apart; 5 of the pauses are 3 s longer.
		asks: 15*2*time.Second + 5*3*time.Second,
		// Each page is fetched once.
		strings.Replace(asks, "[fetch]", "attempts = 1\n[fetch]", 1): 10 * 2 * time.Second,
	} {
		p, err := plan.Make(parse(t, text+twoGraphs), crawler.All(), 2)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.GapsOf("a", 10); got != want {
			t.Errorf("%s\n%v, want %v", text, got, want)
		}
	}
}
