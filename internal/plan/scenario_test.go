package plan_test

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/crawler"
	"crawlbench/internal/graph"
	"crawlbench/internal/plan"

	"crawlbench/scenarios"
)

const aGraph = "[[graph]]\nname = \"g\"\nkind = \"chain\"\npages = 9\n"

func parse(t *testing.T, text string) *plan.Scenario {
	t.Helper()
	s, err := plan.Parse("dir/a.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// exported returns s without its unexported fields.
func exported(s *plan.Scenario) plan.Scenario {
	var c plan.Scenario
	from, to := reflect.ValueOf(s).Elem(), reflect.ValueOf(&c).Elem()
	for i := range from.NumField() {
		if from.Type().Field(i).IsExported() {
			to.Field(i).Set(from.Field(i))
		}
	}
	return c
}

func equal(t *testing.T, got, want plan.Scenario) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("have %+v\nwant %+v", got, want)
	}
}

func TestDefaults(t *testing.T) {
	one := plan.Count{N: 1, PerCore: true}
	equal(t, exported(parse(t, aGraph)), plan.Scenario{
		Name: "a", File: "dir/a.toml", Text: aGraph,
		Crawlers: []string{"*"}, Keys: []string{"id"}, Transports: []plan.Transport{plan.Memory},
		Graphs:  []plan.Graph{{Name: "g", Spec: graph.Spec{Kind: "chain", Pages: 9, Seed: 1}}},
		Workers: []plan.Count{{N: 1}, one, {N: 2, PerCore: true}, {N: 4, PerCore: true}},
		Rates:   []plan.Rate{0}, Bursts: []int{0}, Limiters: []string{""}, Procs: []plan.Count{one},
		Control: true, Fetch: graph.Behaviour{Seed: 1}, Rounds: 10, RateLimitedRounds: 4, Stop: true,
		Sample: 150 * time.Millisecond,
		Turns:  6, Slice: 5 * time.Millisecond, Rest: 2 * time.Second,
		Deadline: 30 * time.Second, Seed: 1,
		Profiles: plan.Profiles{Length: time.Second},
	})
}

// Turns and slices to be measured are the defaults until then.
func TestSlicesAreChosenIfTheScenarioSaysSo(t *testing.T) {
	for text, want := range map[string]bool{"": false, "slices = \"fixed\"\n": false, "slices = \"auto\"\n": true} {
		if s := parse(t, text+aGraph); s.AutoSlices != want || s.Turns != 6 || s.Slice != 5*time.Millisecond {
			t.Errorf("%q: %v, %d turns of %v", text, s.AutoSlices, s.Turns, s.Slice)
		}
	}
}

func TestEveryKeyIsRead(t *testing.T) {
	text := `
doc = "d"
crawlers = ["*", "!c"]
baseline = "b"
keys = ["url", "id"]
workers = [3, "2x"]
rate = ["inf", 20_000, 0.5]
burst = [1, 0]
limiter = ["paced", "bucket"]
gomaxprocs = 1            # a single value counts as a list of one
rounds = 7
rate_limited_rounds = 3
stop = false
sample = "1s"
turns = 8
slice = "7ms"
rest = "0s"
deadline = "1m30s"
memory = "1.5GiB"
seed = 5
fetch.latency = "per-host"
fetch.median = "2ms"
fetch.sigma = 1
fetch.host_sigma = 0.5
fetch.cpu = "3us"
fetch.fail = 0.25
fetch.seed = 6
[[graph]]
name = "r"
kind = "rmat"
scale = 0x0a
degree = 3
symmetric = true
hosts = 4
seed = 7
start = 8
[[graph]]
name = "c"
kind = "copying"
pages = 9
copy = 1
[[graph]]
name = "h"
kind = "hosts"
pages = 99
intra = 0.0
chain = 0.5
[profiles]
kinds = ["mutex", "cpu"]
crawlers = ["b", "*"]
graphs = ["h"]
keys = ["url"]
workers = ["2x"]
rate = [0.5]
length = "20ms"
`
	share := func(x float64) *float64 { return &x }
	equal(t, exported(parse(t, text)), plan.Scenario{
		Name: "a", Doc: "d", File: "dir/a.toml", Text: text,
		Crawlers: []string{"*", "!c"}, Baseline: "b", Keys: []string{"url", "id"},
		Transports: []plan.Transport{plan.Memory},
		Graphs: []plan.Graph{
			{Name: "r", Spec: graph.Spec{Kind: "rmat", Scale: 10, Degree: 3, Symmetric: true, Hosts: 4, Seed: 7,
				Start: "8"}},
			{Name: "c", Spec: graph.Spec{Kind: "copying", Pages: 9, Copy: share(1), Seed: 5}},
			{Name: "h", Spec: graph.Spec{Kind: "hosts", Pages: 99, Intra: share(0), Chain: share(0.5), Seed: 5}},
		},
		Workers: []plan.Count{{N: 3}, {N: 2, PerCore: true}}, Rates: []plan.Rate{0, 20000, 0.5},
		Bursts: []int{1, 0}, Limiters: []string{"paced", "bucket"}, Procs: []plan.Count{{N: 1}},
		Fetch: graph.Behaviour{
			Latency: graph.Latency{Model: "per-host", Median: 2 * time.Millisecond, Sigma: 1, HostSigma: 0.5},
			CPU:     3 * time.Microsecond, Fail: 0.25, Seed: 6,
		},
		Control: true, Rounds: 7, RateLimitedRounds: 3, Sample: time.Second, Turns: 8, Slice: 7 * time.Millisecond,
		Deadline: 90 * time.Second, Memory: 3 << 29, Seed: 5,
		Profiles: plan.Profiles{
			Kinds: []string{"mutex", "cpu"}, Crawlers: []string{"b", "*"}, Graphs: []string{"h"}, Keys: []string{"url"},
			Workers: []plan.Count{{N: 2, PerCore: true}}, Rates: []plan.Rate{0.5},
			Length: 20 * time.Millisecond,
		},
	})
}

func TestEmbeddedScenarios(t *testing.T) {
	names := scenarios.Names()
	for _, name := range []string{"quick", "contention", "latency", "limiters", "limits", "rate", "topology", "urls"} {
		if !slices.Contains(names, name) {
			t.Errorf("no scenario %s among %v", name, names)
		}
	}
	for _, name := range names {
		s, err := plan.Load(name)
		if err != nil {
			t.Error(err)
			continue
		}
		text, err := scenarios.Read(name)
		if err != nil || s.Text != string(text) || s.Name != name || s.File != "" || s.Doc == "" {
			t.Errorf("%s: name %q, file %q, doc %q, error %v", name, s.Name, s.File, s.Doc, err)
		}
		if !strings.HasPrefix(s.Text, "# ") {
			t.Errorf("%s does not begin with a comment on what it shows", name)
		}
		again, err := plan.Parse(name+".toml", text)
		if err != nil {
			t.Fatal(err)
		}
		again.File = ""
		if !reflect.DeepEqual(again, s) {
			t.Errorf("%s: it differs when read again", name)
		}
		crawlers, limiters := ofFleets(s)
		p, err := plan.Make(s, crawlers, 2, limiters...)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if !p.Simulated && (p.Rounds < plan.MinRounds || len(p.Passes) == 0 && !p.Fleets()) {
			t.Errorf("%s: %d rounds, %d profile passes", name, p.Rounds, len(p.Passes))
		}
	}
}

// ofFleets returns the crawlers of this module and, for a scenario with processes, further ones and limiters with the
// names that it has, which only the program of another module has.
func ofFleets(s *plan.Scenario) (crawlers []crawl.Crawler, limiters []crawl.LimiterKind) {
	crawlers = crawler.All()
	if len(s.Processes) == 0 {
		return crawlers, nil
	}
	for _, name := range s.Crawlers {
		if _, err := plan.Find(crawlers, name); err != nil {
			crawlers = append(crawlers, crawl.Crawler{Name: name, Fleet: true, ByID: crawlers[0].ByID,
				ByURL: crawlers[0].ByURL})
		}
	}
	for _, name := range s.Limiters {
		limiters = append(limiters, crawl.LimiterKind{Name: name, Fleet: true})
	}
	return crawlers, limiters
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "mine.toml")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("CRAWLBENCH_TEST_DIR", "/data")
	write("[[graph]]\nname = \"a\"\nkind = \"edges\"\nfile = \"a.txt\"\n" +
		"[[graph]]\nname = \"b\"\nkind = \"edges\"\nfile = \"${CRAWLBENCH_TEST_DIR}/b.txt\"\n")
	s, err := plan.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := s.Graphs[0].Spec.File, filepath.Join(dir, "a.txt"); got != want {
		t.Errorf("a relative file is read from %s, want %s", got, want)
	}
	if got := s.Graphs[1].Spec.File; got != "/data/b.txt" {
		t.Errorf("a file with a variable is read from %s", got)
	}
	if s.Name != "mine" || s.File != file {
		t.Errorf("name %q, file %q", s.Name, s.File)
	}

	write("rounds = 0")
	var es plan.Errors
	if s, err := plan.Load(file); s != nil || !errors.As(err, &es) || es[0].File != file {
		t.Errorf("a bad file gives %v, %v", s, err)
	}
	fails := func(name string, want ...string) {
		t.Helper()
		_, err := plan.Load(name)
		for _, w := range want {
			if err == nil || !strings.Contains(err.Error(), w) {
				t.Errorf("%s: error %v does not say %q", name, err, w)
			}
		}
	}
	fails("quik", "did you mean quick?", "contention, fleet", ".toml")
	fails(dir, "is a directory")
	fails("absent.toml", "absent.toml")
	if _, err := plan.Load("./absent"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a path without .toml is not a path: %v", err)
	}
}

func TestReseedKeepsTheSeedsThatAreNamed(t *testing.T) {
	seeds := func(text string) []uint64 {
		s := parse(t, text)
		s.Reseed(42)
		s.Reseed(43)
		list := []uint64{s.Seed, s.Fetch.Seed}
		for _, g := range s.Graphs {
			list = append(list, g.Spec.Seed)
		}
		return list
	}
	if got := seeds(aGraph + "seed = 1\n" + strings.Replace(aGraph, `"g"`, `"h"`, 1)); !slices.Equal(got,
		[]uint64{43, 43, 1, 43}) {
		t.Errorf("seeds %v", got)
	}
	if got := seeds("seed = 42\n[fetch]\nseed = 42\n" + aGraph); !slices.Equal(got, []uint64{43, 42, 43}) {
		t.Errorf("seeds %v", got)
	}
}

// A page number may exceed TOML's integers; then it is a string.
func TestStartIsTheNumberOfAPageHoweverLong(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "start = 0": "0", "start = 0x10": "16", "start = 9_223_372_036_854_775_807": "9223372036854775807",
		`start = "116374117927631468606"`: "116374117927631468606",
	} {
		s := parse(t, "[[graph]]\nname = \"g\"\nkind = \"edges\"\nfile = \"x\"\n"+text+"\n")
		if got := s.Graphs[0].Spec.Start; got != want {
			t.Errorf("%s is read as %q, want %q", text, got, want)
		}
	}
}

// Scenarios that were written before crawlers had this name are still read.
func TestEarlierKeyOfCrawlers(t *testing.T) {
	s := parse(t, "contenders = [\"cas\", \"owner\"]\n"+aGraph)
	if !slices.Equal(s.Crawlers, []string{"cas", "owner"}) {
		t.Errorf("crawlers %q", s.Crawlers)
	}
	_, err := plan.Parse("a.toml", []byte("crawlers = [\"cas\"]\ncontenders = [\"owner\"]\n"+aGraph))
	if err == nil || !strings.Contains(err.Error(), "a.toml:2:1: contenders: no such key") {
		t.Errorf("both keys: error %v", err)
	}
}
