package plan

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"crawlbench/internal/crawl/limiter"
	"crawlbench/internal/graph"
	"crawlbench/scenarios"
)

// Load reads a scenario: an embedded one by its name, or a file by a path that contains a slash or
// ends in .toml. Errors in the file are of type Errors. limiters are those of the program beside the built-in ones.
func Load(name string, limiters ...string) (*Scenario, error) {
	if !strings.HasSuffix(name, ".toml") && !strings.ContainsRune(name, filepath.Separator) {
		text, err := scenarios.Read(name)
		if err != nil {
			names := scenarios.Names()
			return nil, fmt.Errorf("no scenario %s%s: want one of %s, or the path of a .toml file", quoted(name),
				Nearest(name, names), strings.Join(names, ", "))
		}
		s, err := Parse(name+".toml", text, limiters...)
		if s != nil {
			s.File = ""
		}
		return s, err
	}
	text, err := readFile(name)
	if err != nil {
		return nil, err
	}
	return Parse(name, text, limiters...)
}

// defaults returns a scenario with the values of keys that are not given.
func defaults() *Scenario {
	return &Scenario{
		Crawlers: []string{"*"}, Keys: []string{"id"}, Transports: []Transport{Memory},
		Workers: []Count{{1, false}, {1, true}, {2, true}, {4, true}},
		Rates:   []Rate{0}, Bursts: []int{0}, Limiters: []string{""}, Procs: []Count{{1, true}},
		Control: true, Rounds: 10, RateLimitedRounds: DefaultRateLimitedRounds, Stop: true,
		Sample:   150 * time.Millisecond,
		Deadline: 30 * time.Second, Seed: 1, Turns: 6, Slice: 5 * time.Millisecond, Rest: 2 * time.Second,
		Profiles: Profiles{Length: time.Second}, ownSeed: map[string]bool{}, limiters: limiter.Names(),
	}
}

// Of returns a scenario of graphs with the defaults, and profiles of all kinds.
func Of(name string, graphs ...Graph) *Scenario {
	s := defaults()
	s.Name = name
	s.Profiles.Kinds = ProfileKinds()
	s.SetGraphs(graphs...)
	return s
}

// SetGraphs replaces the graphs of s.
func (s *Scenario) SetGraphs(graphs ...Graph) {
	s.Graphs, s.Profiles.Graphs = graphs, nil
	for i := range graphs {
		if graphs[i].Spec.Seed == 0 {
			graphs[i].Spec.Seed = s.Seed
		}
	}
}

// Replay makes the site of s replay what was recorded with its graphs, with the latencies scaled to a median; 0 means
// as they were.
func (s *Scenario) Replay(median time.Duration) {
	replay := func(b *graph.Behaviour) {
		b.Latency, b.Fail, b.HostFail = graph.Latency{Model: graph.Recorded, Median: median}, 0, 0
	}
	replay(&s.Fetch)
	for _, g := range s.Graphs {
		if g.Fetch != nil {
			replay(g.Fetch)
		}
	}
}

// Parse reads the text of a scenario file. Its errors are of type Errors. limiters are those of the program beside the
// built-in ones.
func Parse(file string, text []byte, limiters ...string) (*Scenario, error) {
	s := defaults()
	s.limiters = append(s.limiters, limiters...)
	s.Name, s.File, s.Text = strings.TrimSuffix(filepath.Base(file), ".toml"), file, string(text)
	text = bytes.TrimPrefix(text, []byte(mark))
	values, root, wrong := read(file, text)
	if wrong != nil {
		return nil, Errors{wrong}.sorted(text)
	}
	r := &reader{file: file}
	if !ValidName(strings.ReplaceAll(s.Name, "-", "_")) {
		r.fail(root.key, "", "invalid scenario name %s: want letters, digits and . _ + - only, since the names of its runs "+
			"begin with it: rename the file", quoted(s.Name))
	}
	r.scenario(s, root, values)
	if len(r.errs) > 0 {
		return nil, r.errs.sorted(text)
	}
	s.Reseed(s.Seed)
	return s, nil
}

// scenario reads the top-level keys.
func (r *reader) scenario(s *Scenario, p *place, values map[string]any) {
	r.table(p, "", values, []key{
		{"doc", one(&s.Doc, text)},
		{"crawlers", list(&s.Crawlers, pattern)},
		{"baseline", one(&s.Baseline, s.baseline)},
		{"control", one(&s.Control, boolean)},
		{"keys", list(&s.Keys, word("kind of keys", "id", "url"))},
		{"transport", list(&s.Transports, inQuotes(`"memory" or "http"`, parseTransport))},
		{"workers", list(&s.Workers, count(maxWorkers))},
		{"rate", list(&s.Rates, rate)},
		{"burst", list(&s.Bursts, burst)},
		{"limiter", list(&s.Limiters, inQuotes("a limiter in quotes", s.parseLimiter))},
		{"processes", list(&s.Processes, whole[int](1, maxProcesses))},
		{"gomaxprocs", list(&s.Procs, count(1024))},
		{"cost", list(&s.Costs, inQuotes("a cost in quotes, such as \"cpu 10us\"", parseCost))},
		{"rounds", one(&s.Rounds, whole[int](1, MaxRounds))},
		{"rate_limited_rounds", one(&s.RateLimitedRounds, whole[int](1, MaxRounds))},
		{"stop", one(&s.Stop, boolean)},
		{"sample", one(&s.Sample, duration(time.Millisecond, 10*time.Minute))},
		{"turns", one(&s.Turns, whole[int](0, maxTurns))},
		{"slice", one(&s.Slice, duration(time.Millisecond, maxSlice))},
		{"slices", one(&s.AutoSlices, automatic)},
		{"rest", one(&s.Rest, duration(0, maxRest))},
		{"deadline", one(&s.Deadline, duration(100*time.Millisecond, 24*time.Hour))},
		{"memory", one(&s.Memory, size)},
		{"seed", one(&s.Seed, seed)},
		{"simulated", one(&s.Simulated, boolean)},
		{"fetch", below(s.fetch)},
		{"politeness", below(s.politeness)},
		{"graph", s.graphs},
		{"profiles", below(s.profiles)},
	})
	if s.Deadline <= s.Sample {
		pos := p.key
		for _, name := range []string{"sample", "deadline"} {
			if at := p.below[name]; at != nil {
				pos = at.value
			}
		}
		r.fail(pos, "deadline", "%v is not longer than the sample of %v, so that every sample would be stopped: "+
			"give a longer deadline",
			s.Deadline, s.Sample)
	}
	if at := p.below["transport"]; at != nil && slices.Contains(s.Transports, HTTP) && !slices.Contains(s.Keys, "url") {
		r.fail(at.value, "transport", "pages that come over HTTP are named by their URL, but the keys are %q: "+
			"add keys = [\"url\"], or [\"id\", \"url\"] if others are in memory", s.Keys)
	}
	for _, name := range []string{"turns", "slice"} {
		if at := p.below[name]; at != nil && s.AutoSlices {
			r.fail(at.value, name, "slices = \"auto\" chooses it: leave out one of the two")
		}
	}
	if at := p.below["cost"]; at != nil && (s.Fetch.CPU > 0 || s.Fetch.Latency.Waits()) {
		r.fail(at.value, "cost", "the table [fetch] sets a latency or processor time too, so that \"none\" would not "+
			"be none: "+
			"give it in one of the two places")
	}
	if len(s.Graphs) == 0 && values["graph"] == nil {
		r.fail(p.key, "", "there is no graph: add a table [[graph]] with name and kind")
	}
	s.simulation(r, p)
}

func (s *Scenario) baseline(v any) (string, error) {
	name, err := inQuotes("a name in quotes", parseCrawler)(v)
	if err == nil && !selects(s.Crawlers, name) {
		err = fmt.Errorf("%s is not among the crawlers: add it to them, or name another", name)
	}
	return name, err
}

// ownSeedOf returns a setter of the seed of a graph, or of the site if graph is "".
func (s *Scenario) ownSeedOf(graph string, to *uint64) setter {
	return func(r *reader, p *place, name string, v any) {
		s.ownSeed[graph] = true
		one(to, seed)(r, p, name, v)
	}
}

// fetch reads the site's behaviour.
func (s *Scenario) fetch(r *reader, p *place, prefix string, values map[string]any) {
	s.behaviour(&s.Fetch, []key{{"seed", s.ownSeedOf("", &s.Fetch.Seed)}})(r, p, prefix, values)
}

// ownFetch returns a reader of how the site of a graph answers. What it does not say is as in the table [fetch].
func (s *Scenario) ownFetch(g *Graph) func(r *reader, p *place, prefix string, values map[string]any) {
	return func(r *reader, p *place, prefix string, values map[string]any) {
		b := s.Fetch
		if values["latency"] != nil {
			b.Latency = graph.Latency{}
		}
		g.Fetch = &b
		s.behaviour(&b, nil)(r, p, prefix, values)
	}
}

// behaviour returns a reader of a site's behaviour, with more keys.
func (s *Scenario) behaviour(b *graph.Behaviour, more []key,
) func(r *reader, p *place, prefix string, values map[string]any) {
	return func(r *reader, p *place, prefix string, values map[string]any) {
		before := len(r.errs)
		r.table(p, prefix, values, append([]key{
			{"latency", one(&b.Latency.Model, text)},
			{"median", one(&b.Latency.Median, duration(0, time.Hour))},
			{"sigma", one(&b.Latency.Sigma, number)},
			{"host_sigma", one(&b.Latency.HostSigma, number)},
			{"largest", one(&b.Largest, duration(-time.Hour, time.Hour))},
			{"cpu", one(&b.CPU, duration(-time.Hour, time.Hour))},
			{"fail", one(&b.Fail, number)},
			{"host_fail", one(&b.HostFail, number)},
			{"refuse", one(&b.Refuse, number)},
			{"retry_after", one(&b.RetryAfter, duration(-time.Hour, 1000*time.Hour))},
			{"forbid", one(&b.Forbid, number)},
			{"robots_delay", one(&b.RobotsDelay, duration(-time.Hour, 1000*time.Hour))},
		}, more...))
		r.problems(p, prefix, b.Check(), before)
	}
}

// graphs reads the [[graph]] tables.
func (s *Scenario) graphs(r *reader, p *place, name string, v any) {
	if one, ok := v.(map[string]any); ok {
		v, p = []any{one}, &place{elements: []*place{p}}
	}
	tables, ok := v.([]any)
	if !ok || len(tables) == 0 {
		r.fail(p.value, name, "want tables [[graph]] with name and kind")
	}
	for i, v := range tables {
		if values, ok := v.(map[string]any); ok {
			s.graph(r, p.elements[i], fmt.Sprintf("%s[%d].", name, i), values)
		} else {
			r.fail(p.elements[i].value, name, "want tables [[graph]], have %s", kindOf(v))
		}
	}
}

// graph reads one graph.
func (s *Scenario) graph(r *reader, p *place, prefix string, values map[string]any) {
	before := len(r.errs)
	var g Graph
	keys := []key{{"name", one(&g.Name, func(v any) (string, error) {
		name, err := name(v)
		for _, other := range s.Graphs {
			switch {
			case err == nil && other.Name == name:
				err = fmt.Errorf("another graph is called %q too: choose another name", name)
			case err == nil && strings.EqualFold(other.Name, name):
				err = fmt.Errorf("another graph is called %q, which differs only in upper and lower case: "+
					"choose another name", other.Name)
			}
		}
		return name, err
	})}}
	for _, f := range g.Spec.Fields() {
		var set setter
		switch to := f.Value.(type) {
		case *int:
			set = one(to, whole[int](1, math.MaxUint32))
		case *uint64:
			name, _ := values["name"].(string)
			set = s.ownSeedOf(name, to)
		case **float64:
			set = one(to, share)
		case *bool:
			set = one(to, boolean)
		case *string:
			set = one(to, text)
			if f.Name == "start" {
				set = one(to, page)
			}
		}
		keys = append(keys, key{f.Name, set})
	}
	keys = append(keys, key{"doc", one(&g.Doc, text)}, key{"workers", list(&g.Workers, count(maxWorkers))},
		key{"fetch", below(s.ownFetch(&g))})
	r.table(p, prefix, values, keys)
	if values["name"] == nil {
		r.fail(p.key, "", "the graph has no name: add name = \"...\"")
	}
	if g.Spec.File != "" {
		r.locate(p.below["file"].value, prefix+"file", &g.Spec)
	}
	r.problems(p, prefix, g.Spec.Check(), before)
	s.Graphs = append(s.Graphs, g)
}

// locate expands variables in the path of a graph file, where $$ is a dollar sign, and resolves it
// relative to the scenario's directory.
func (r *reader) locate(pos position, name string, sp *graph.Spec) {
	variable := regexp.MustCompile(`\$(\$|\{[^}]*\}?|[A-Za-z_][A-Za-z_0-9]*|[0-9])`) // any other $ is literal
	path := variable.ReplaceAllStringFunc(sp.File, func(text string) string {
		if text == "$$" {
			return "$"
		}
		variable := strings.Trim(text, "${}")
		v, ok := os.LookupEnv(variable)
		switch {
		case variable == "" || strings.HasPrefix(text, "${") && !strings.HasSuffix(text, "}"):
			r.fail(pos, name, "%s is not ${NAME}: write that for an environment variable, and $$ for a dollar sign",
				quoted(text))
		case !ok:
			r.fail(pos, name, "the environment variable %s is not set: set it to the directory of the file, or "+
				"write the path, "+
				"with $$ for a dollar sign", cut(variable, longValue))
		}
		return v
	})
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(r.file), path)
	}
	sp.File = path
}

// profiles reads which cells to profile.
func (s *Scenario) profiles(r *reader, p *place, prefix string, values map[string]any) {
	pf := &s.Profiles
	var graphs []string
	for _, g := range s.Graphs {
		graphs = append(graphs, g.Name)
	}
	kinds := list(&pf.Kinds, word("kind of profile", ProfileKinds()...))
	r.table(p, prefix, values, []key{
		{"kinds", func(r *reader, p *place, name string, v any) {
			if l, ok := v.([]any); !ok || len(l) > 0 { // an empty list is allowed and means no profiles
				kinds(r, p, name, v)
			}
		}},
		{"crawlers", list(&pf.Crawlers, s.profiled)},
		{"graphs", list(&pf.Graphs, word("graph", graphs...))},
		{"keys", list(&pf.Keys, word("kind of keys", s.Keys...))},
		{"workers", list(&pf.Workers, among("workers", count(maxWorkers), s.Workers))},
		{"growth", list(&pf.Growth, among("workers", count(maxWorkers), s.Workers))},
		{"rate", list(&pf.Rates, among("rates", rate, s.Rates))},
		{"length", one(&pf.Length, duration(time.Millisecond, 10*time.Minute))},
	})
	if values["kinds"] == nil {
		r.fail(p.key, "", "there are no kinds of profiles: add kinds = [\"cpu\", \"block\", \"mutex\", \"wall\"], "+
			"or leave [profiles] out")
	}
}

// profiled reads a pattern of the crawlers to profile.
func (s *Scenario) profiled(v any) (string, error) {
	name, err := pattern(v)
	if err == nil && ValidCrawler(name) && !selects(s.Crawlers, name) {
		err = fmt.Errorf("%s is not among the scenario's crawlers", name)
	}
	return name, err
}

// Reseed replaces the scenario's seed, and the seeds of graphs and site that the file does not set.
func (s *Scenario) Reseed(seed uint64) {
	for i, g := range s.Graphs {
		if !s.ownSeed[g.Name] {
			s.Graphs[i].Spec.Seed = seed
		}
	}
	if !s.ownSeed[""] {
		s.Fetch.Seed = seed
	}
	for _, g := range s.Graphs {
		if g.Fetch != nil {
			g.Fetch.Seed = s.Fetch.Seed
		}
	}
	s.Seed = seed
}
