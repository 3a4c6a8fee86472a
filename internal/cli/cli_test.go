package cli

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"crawlbench/internal/conform"
	"crawlbench/internal/contender"
	"crawlbench/internal/contender/mutexmap"
	"crawlbench/internal/crawl"
	"crawlbench/internal/runner"
)

// TestMain makes the test binary the child of the runs that the tests make, and the program itself where they need a process.
func TestMain(m *testing.M) {
	if len(os.Args) == 5 && os.Args[1] == conform.ChildVerb {
		conform.Child(os.Args[2:], []crawl.Contender{stuck()})
	}
	if len(os.Args) == 2 && os.Args[1] == runner.ChildVerb || os.Getenv(asProgram) != "" {
		os.Exit(Main(os.Args, os.Stdin, os.Stdout, os.Stderr, table()))
	}
	os.Exit(m.Run())
}

// table has the built-in contenders, and one that fetches nothing.
func table() []crawl.Contender {
	lazy := func(context.Context, crawl.Web[uint32], []uint32, crawl.Options) (crawl.Result, error) {
		return crawl.Result{}, nil
	}
	return append(contender.All(), crawl.Contender{Name: "lazy", ByID: lazy}, slowable(mutexmap.Contender().ByID))
}

// stuck blocks for ever.
func stuck() crawl.Contender {
	return crawl.Contender{Name: "stuck", ByID: func(context.Context, crawl.Web[uint32], []uint32, crawl.Options) (crawl.Result, error) {
		var mu sync.Mutex
		mu.Lock()
		mu.Lock()
		return crawl.Result{}, nil
	}}
}

// call runs the program.
func call(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	code = Main(append([]string{"crawlbench"}, args...), strings.NewReader(""), &o, &e, table())
	return code, o.String(), e.String()
}

// tiny is a scenario that takes a fraction of a second.
const tiny = `
control    = false
contenders = ["mutexmap", "cas", "owner"]
workers    = [1, 2]
rounds     = 6
sample     = "2ms"
[[graph]]
name  = "g"
kind  = "hosts"
pages = 300
[profiles]
kinds   = ["cpu", "block", "mutex"]
length  = "20ms"
`

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func TestFromRunToFlame(t *testing.T) {
	benchstat, err := exec.Command("go", "tool", "-n", "benchstat").Output() // the pinned one; elsewhere it is looked for on the path
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("CRAWLBENCH_MAKE", "") // which the Makefile sets
	t.Setenv("PATH", filepath.Dir(string(benchstat))+":"+os.Getenv("PATH"))
	t.Chdir(t.TempDir())
	write(t, "tiny.toml", tiny)
	code, out, errs := call(t, "run", "-progress", "plain", "tiny.toml")
	if code != 0 {
		t.Fatalf("exit code %d\n%s\n%s", code, out, errs)
	}
	for _, want := range []string{"g, keys id, rate inf, GOMAXPROCS", "mutexmap", "complete, 36 of 36 samples", " compare results/tiny-"} {
		if !strings.Contains(out, want) {
			t.Errorf("the result lacks %q:\n%s", want, out)
		}
	}
	for _, want := range []string{"6 cells x 6 rounds = 36 samples, then 6 profile passes", "300 reached in", "round 6"} {
		if !strings.Contains(errs, want) {
			t.Errorf("the progress lacks %q:\n%s", want, errs)
		}
	}
	for _, file := range []string{"manifest.json", "plan.json", "journal.jsonl", "bench.txt"} {
		if info, err := os.Stat(filepath.Join("results/latest", file)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", file, err)
		}
	}
	if left, _ := filepath.Glob("results/latest/.graphs"); left != nil {
		t.Errorf("left behind: %v", left)
	}

	if code, again, _ := call(t, "report"); code != 0 || !strings.Contains(out, again) {
		t.Errorf("report, code %d:\n%s", code, again)
	}
	if code, list, _ := call(t, "list", "cells"); code != 0 || strings.Count(list, "6 samples") != 6 || strings.Count(list, "block cpu mutex") != 3 {
		t.Errorf("list cells, code %d:\n%s", code, list)
	}
	code, table, errs := call(t, "compare")
	if code != 0 || !regexp.MustCompile(`mutexmap +│ +cas +│ +owner`).MatchString(table) || strings.Count(errs, "\n") != 1 {
		t.Errorf("compare, code %d:\n%s\n%s", code, table, errs)
	}
	if code, table, _ := call(t, "compare", "-baseline", "owner", "-unit", "pages/op"); code != 0 || !regexp.MustCompile(`owner +│ +mutexmap`).MatchString(table) {
		t.Errorf("compare -baseline, code %d:\n%s", code, table)
	}

	// A second run of the same plan, to compare with; and one of another machine.
	if code, _, errs := call(t, "run", "-progress", "none", "-seed", "2", "tiny.toml"); code != 0 {
		t.Fatal(errs)
	}
	runs, _ := filepath.Glob("results/tiny-*")
	code, table, errs = call(t, "compare", runs[0], runs[1])
	if code != exitNotComparable || !strings.Contains(errs, "graphs called g differ") {
		t.Errorf("runs on different graphs, code %d:\n%s\n%s", code, table, errs)
	}
	if code, _, errs := call(t, "run", "-progress", "none", "tiny.toml"); code != 0 {
		t.Fatal(errs)
	}
	code, table, errs = call(t, "compare", runs[0], "latest")
	if code != 0 || !regexp.MustCompile(`old +│ +new`).MatchString(table) {
		t.Errorf("compare old new, code %d:\n%s\n%s", code, table, errs)
	}
	manifest, _ := os.ReadFile("results/latest/manifest.json")
	write(t, "results/latest/manifest.json", regexp.MustCompile(`"cores": "\d+"`).ReplaceAllString(string(manifest), `"cores": "999"`))
	if code, _, errs := call(t, "compare", runs[0], "latest"); code != exitNotComparable || !strings.Contains(errs, "different machines (cores is") {
		t.Errorf("runs of two machines, code %d: %s", code, errs)
	}
	if code, _, errs := call(t, "run", "-resume", "latest"); code != exitNotComparable || !strings.Contains(errs, "another machine") {
		t.Errorf("resume on another machine, code %d: %s", code, errs)
	}
}

func TestWrongContenderIsNamedAndLeftOut(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "tiny.toml", tiny)
	code, out, errs := call(t, "run", "-progress", "plain", "-contenders", "mutexmap,lazy", "-workers", "2", "tiny.toml")
	if code != exitCrawlFailed || !strings.Contains(errs, "failed: impl=lazy,graph=g,keys=id,workers=2,rate=inf") {
		t.Errorf("exit code %d\n%s", code, errs)
	}
	if !strings.Contains(out, "wrong!") || !strings.Contains(out, "300 of 300 reachable pages were not fetched") || !strings.Contains(out, "6 of 12 samples") {
		t.Errorf("the result:\n%s", out)
	}
	bench, _ := os.ReadFile("results/latest/bench.txt")
	if strings.Contains(string(bench), "lazy") || strings.Count(string(bench), "impl=mutexmap") != 6 {
		t.Errorf("bench.txt:\n%s", bench)
	}
	if code, _, _ := call(t, "report"); code != exitCrawlFailed {
		t.Errorf("report: exit code %d", code)
	}
}

func TestInterruptAndResume(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("CRAWLBENCH_MAKE", "")
	write(t, "tiny.toml", strings.Replace(tiny, "rounds     = 6", "rounds = 20", 1))
	go func() { // ^C as soon as something is finished
		for range 1000 {
			time.Sleep(10 * time.Millisecond)
			journals, _ := filepath.Glob("results/*/journal.jsonl")
			if len(journals) == 1 {
				if text, _ := os.ReadFile(journals[0]); len(text) > 0 {
					syscall.Kill(os.Getpid(), syscall.SIGINT)
					return
				}
			}
		}
	}()
	code, out, errs := call(t, "run", "-progress", "none", "tiny.toml")
	resume := regexp.MustCompile(`run -resume (\S+)`).FindStringSubmatch(errs)
	if code != exitInterrupted || resume == nil || !strings.Contains(out, "interrupted, ") {
		t.Fatalf("exit code %d\n%s\n%s", code, out, errs)
	}
	before, _ := os.ReadFile(filepath.Join(resume[1], "journal.jsonl"))
	for _, file := range []string{"bench.txt", "manifest.json"} {
		if _, err := os.Stat(filepath.Join(resume[1], file)); err != nil {
			t.Error(err)
		}
	}
	code, out, errs = call(t, "run", "-progress", "none", "-resume", resume[1])
	if code != 0 || !strings.Contains(out, "complete, 120 of 120 samples") || !strings.Contains(errs, "are left") {
		t.Fatalf("resumed: exit code %d\n%s\n%s", code, out, errs)
	}
	if after, _ := os.ReadFile(filepath.Join(resume[1], "journal.jsonl")); !bytes.HasPrefix(after, before) {
		t.Error("what was finished before has changed")
	}
}

func TestDryRunMeasuresNothing(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "tiny.toml", tiny)
	code, out, _ := call(t, "run", "-n", "-budget", "1h", "tiny.toml")
	if code != 0 || !strings.Contains(out, "x 1,000 rounds") {
		t.Errorf("code %d:\n%s", code, out)
	}
	if entries, _ := os.ReadDir("."); len(entries) != 1 {
		t.Errorf("it left something behind: %v", entries)
	}
	code, _, errs := call(t, "run", "-n", "-budget", "100ms", "tiny.toml")
	if code != 0 || !strings.Contains(errs, "a 95 % confidence interval of the median needs at least 6 rounds, not 1; a budget of") {
		t.Errorf("code %d: %s", code, errs)
	}
}

func TestSameSeedSamePlan(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "tiny.toml", tiny)
	plans := map[string]string{}
	for i, seed := range []string{"7", "7", "8"} {
		results := fmt.Sprintf("r%d", i)
		if code, _, errs := call(t, "run", "-progress", "none", "-seed", seed, "-results", results, "-workers", "2", "-contenders", "cas,mutexmap", "tiny.toml"); code != 0 {
			t.Fatal(errs)
		}
		text, err := os.ReadFile(results + "/latest/plan.json")
		if err != nil {
			t.Fatal(err)
		}
		plans[results] = string(text)
	}
	if plans["r0"] != plans["r1"] || plans["r0"] == plans["r2"] {
		t.Error("the plan does not follow the seed")
	}
}

func TestGraphIsWrittenForOthers(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "tiny.toml", tiny)
	for _, file := range []string{"g.el", "g.el.gz", "g.sg"} {
		if code, out, errs := call(t, "graph", "tiny.toml", "g", file); code != 0 || !strings.Contains(out, "300 pages") {
			t.Errorf("%s: code %d %s %s", file, code, out, errs)
		}
	}
	write(t, "back.toml", "workers = [2]\nrounds = 1\nsample = \"1ms\"\n[[graph]]\nname = \"g\"\nkind = \"edges\"\nfile = \"g.el.gz\"\nstart = 0\n")
	if code, out, errs := call(t, "run", "-progress", "none", "-contenders", "*,!lazy", "back.toml"); code != 0 || !strings.Contains(errs, "300 reached in") {
		t.Errorf("the graph read back: code %d\n%s\n%s", code, out, errs)
	}
}

// Both numbers of the start page are shown before a run, after it, and by the verb that writes a graph.
func TestStartPageIsShownWithBothItsNumbers(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "x.txt", "# Undirected graph\n# Nodes: 4 Edges: 3\n10 20\n30 20\n40 30\n")
	write(t, "x.toml", "contenders = [\"cas\"]\nworkers = [1]\nrounds = 1\nsample = \"1ms\"\n[[graph]]\nname = \"g\"\nkind = \"edges\"\nfile = \"x.txt\"\nstart = 40\n")
	const want = "edges x.txt; undirected (line 1): links lead both ways; start page 3 (40 in the file)"
	for _, test := range []struct{ args, also string }{
		{"run -n x.toml", "4 pages  6 links  4 reached in 4 levels  "}, {"graph x.toml g g.el", "g.el: 4 pages, 6 links from "},
		{"run -progress none x.toml", ""}, {"list cells", "graph=g"},
	} {
		code, out, errs := call(t, strings.Fields(test.args)...)
		if text := out + errs; code != 0 || !strings.Contains(text, want) || !strings.Contains(text, test.also) {
			t.Errorf("%s: code %d, want %q and %q\n%s", test.args, code, test.also, want, text)
		}
	}
}

// bad is one thing that a user can get wrong: what is typed, and what the program must say.
type bad struct {
	args string
	code int
	says string
}

// The table of mistakes. Nothing of it leaves anything behind.
func TestBadInput(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "tiny.toml", tiny)
	write(t, "in/results/README", "a file in the way of a directory")
	write(t, "file", "a file")
	graph := func(name, spec string) {
		write(t, name, "[[graph]]\nname = \"g\"\n"+spec)
	}
	write(t, "syntax.toml", "rounds = = 3\n")
	write(t, "unknown.toml", "roundz = 3\n[[graph]]\nname = \"g\"\nkind = \"chain\"\npages = 5\npagez = 4\n")
	write(t, "types.toml", "rounds = \"3\"\nworkers = [0, 1.5, \"4y\", 2, 2]\nrate = [\"fast\", -1]\nsample = 100\n[[graph]]\nname = \"g\"\nkind = \"chain\"\npages = 5\n")
	write(t, "nograph.toml", "rounds = 3\n")
	write(t, "twice.toml", "rounds = 3\nrounds = 4\n")
	graph("kind.toml", "kind = \"rnat\"\nscale = 3\n")
	graph("param.toml", "kind = \"chain\"\npages = 5\ndegree = 3\n")
	graph("huge.toml", "kind = \"uniform\"\npages = 4000000000\ndegree = 100\n")
	graph("start.toml", "kind = \"chain\"\npages = 5\nstart = 5\n")
	graph("missing.toml", "kind = \"edges\"\nfile = \"nothing.txt\"\n")
	graph("var.toml", "kind = \"edges\"\nfile = \"$CRAWLBENCH_UNSET/x.txt\"\n")
	graph("garbage.toml", "kind = \"edges\"\nfile = \"garbage.txt\"\n")
	write(t, "garbage.txt", "1 2\n3 x\n")
	graph("pipe.toml", "kind = \"edges\"\nfile = \"pipe\"\n")
	if err := syscall.Mkfifo("pipe", 0o666); err != nil {
		t.Fatal(err)
	}
	graph("mtx.toml", "kind = \"edges\"\nfile = \"x.mtx\"\n")
	write(t, "x.mtx", "%%MatrixMarket matrix coordinate pattern general\n1 1 0\n")
	graph("noprops.toml", "kind = \"bvgraph\"\nfile = \"file.graph\"\n")
	write(t, "file.graph", "abc")
	graph("short.toml", "kind = \"bvgraph\"\nfile = \"short.graph\"\n")
	write(t, "short.graph", "abc")
	write(t, "short.properties", "nodes=20\narcs=100\nwindowsize=7\nminintervallength=4\nzetak=3\n")
	write(t, "latency.toml", tiny+"[fetch]\nlatency = \"normal\"\nfail = 2\n")
	write(t, "baseline.toml", "baseline = \"cas\"\ncontenders = [\"*\", \"!cas\"]\n[[graph]]\nname = \"g\"\nkind = \"chain\"\npages = 5\n")
	write(t, "profiles.toml", strings.Replace(tiny, `"mutex"]`, `"heap"]`, 1)+"workers = [64]\n")
	write(t, "seq.toml", "contenders = [\"sequential\"]\nworkers = [2]\n[[graph]]\nname = \"g\"\nkind = \"chain\"\npages = 5\n")
	write(t, "name of it.toml", tiny)
	write(t, "many.toml", "contenders = [\"cas\"]\ncontrol = false\nworkers = "+list(100)+"\nrate = "+list(500)+"\n[[graph]]\nname = \"g\"\nkind = \"chain\"\npages = 5\n")
	write(t, "schema/run/manifest.json", `{"schema": 99}`)

	before := listing(t)
	for _, b := range []bad{
		{"", 2, "crawlbench run"},
		{"rnu", 2, `unknown command "rnu" (did you mean run?)`},
		{"run -fast", 2, "flag provided but not defined: -fast"},
		{"run -rounds x", 2, `invalid value "x" for flag -rounds`},
		{"run -rounds -1 tiny.toml", 2, "invalid -rounds -1: want 1 to 10000"},
		{"run -rounds 0 tiny.toml", 2, "invalid -rounds 0: want 1 to 10000"},
		{"run -rounds 10001 tiny.toml", 2, "invalid -rounds 10001: want 1 to 10000"},
		{"run -rounds 99999999999999999999 tiny.toml", 2, "value out of range"},
		{"run -rounds 3 -budget 1m tiny.toml", 2, "-rounds and -budget both set"},
		{"run -budget -1m tiny.toml", 2, "invalid -budget -1m0s: want more than 0"},
		{"run -budget 0s tiny.toml", 2, "invalid -budget 0s: want more than 0"},
		{"run -budget 9999999h tiny.toml", 2, `invalid value "9999999h" for flag -budget`},
		{"run -workers '' tiny.toml", 2, "-workers is empty: give a value or omit the flag"},
		{"run -contenders '' tiny.toml", 2, "-contenders is empty"},
		{"run -results '' tiny.toml", 2, "-results is empty"},
		{"run -resume ''", 2, "-resume is empty"},
		{"run -workers 0 tiny.toml", 2, `-workers: invalid count "0": want a number from 1`},
		{"run -workers 2,2 tiny.toml", 2, "2 occurs twice in the list"},
		{"run -rate fast tiny.toml", 2, `-rate: invalid rate "fast"`},
		{"run -limiter buckets tiny.toml", 2, `-limiter: no limiter "buckets" (did you mean bucket?): want one of bucket, ticker, gcra, paced`},
		{"run -seed abc tiny.toml", 2, `-seed: invalid seed "abc"`},
		{"run -contenders a=b tiny.toml", 2, `invalid crawler "a=b"`},
		{"run -contenders casx tiny.toml", 1, `no contender is called "casx"`},
		{"run -progress loud tiny.toml", 2, `invalid -progress "loud": want auto, plain, line or none`},
		{"run tiny.toml quick", 2, "got 2 arguments: want 0 to 1"},
		{"run quik", 1, `no scenario "quik" (did you mean quick?)`},
		{"run ./none.toml", 1, "no such file"},
		{"run syntax.toml", 1, "syntax.toml:1:10: "},
		{"run twice.toml", 1, "twice.toml:2:"},
		{"run unknown.toml", 1, "unknown.toml:1:1: roundz: no such key (did you mean rounds?)"},
		{"run unknown.toml", 1, "unknown.toml:6:1: graph[0].pagez: no such key (did you mean pages?)"},
		{"run types.toml", 1, "types.toml:1:10: rounds: want a whole number, have text"},
		{"run types.toml", 1, "types.toml:2:12: workers[0]: invalid count \"0\""},
		{"run types.toml", 1, "types.toml:2:15: workers[1]: want a number"},
		{"run types.toml", 1, "types.toml:2:20: workers[2]: invalid count \"4y\""},
		{"run types.toml", 1, "types.toml:2:29: workers[4]: 2 occurs twice in the list"},
		{"run types.toml", 1, "types.toml:3:9: rate[0]: want \"inf\""},
		{"run types.toml", 1, "types.toml:3:17: rate[1]: invalid rate \"-1\""},
		{"run types.toml", 1, "types.toml:4:10: sample: want a time in quotes"},
		{"run nograph.toml", 1, "nograph.toml:1:1: there is no graph"},
		{"run kind.toml", 1, `kind.toml:3:8: graph[0].kind: no graph kind "rnat": want one of rmat`},
		{"run param.toml", 1, "param.toml:5:10: graph[0].degree: a graph of kind chain has no degree"},
		{"run start.toml", 1, "start.toml:5:9: graph[0].start: no page 5 among the 5 pages"},
		{"run huge.toml", 1, "of memory to build, and "},
		{"run missing.toml", 1, "nothing.txt: no such file"},
		{"run var.toml", 1, "var.toml:4:8: graph[0].file: the environment variable CRAWLBENCH_UNSET is not set"},
		{"run pipe.toml", 1, "pipe: is not a regular file but a pipe, device or socket"},
		{"run mtx.toml", 1, `x.mtx:1: looks like a Matrix Market file: want an edge list: set kind = "mtx"`},
		{"run garbage.toml", 1, `garbage.txt:2: invalid page number "x"`},
		{"run noprops.toml", 1, "file.properties: a BVGraph is two files"},
		{"run short.toml", 1, "short.graph: "},
		{"run latency.toml", 1, "fetch.latency: must be zero, constant, lognormal or per-host"},
		{"run latency.toml", 1, "fetch.fail: is a share"},
		{"run baseline.toml", 1, "baseline.toml:1:12: baseline: cas is not among the contenders"},
		{"run profiles.toml", 1, `profiles.kinds[2]: no kind of profile "heap": want one of cpu, block, mutex`},
		{"run profiles.toml", 1, "profiles.workers[0]: 64 is not among the scenario's workers"},
		{"run seq.toml", 1, "no cell is left"},
		{"run -rounds 10000 many.toml", 1, "plan many: 50,000 cells x 10,000 rounds = 500,000,000 samples: a plan has at most 65,536 cells and 1,048,576 samples"},
		{"run /dev/zero", 1, "it is a device"},
		{"run 'name of it.toml'", 1, "rename the file"},
		{"run -results file tiny.toml", 1, "file"},
		{"run -results file/x tiny.toml", 1, "not a directory"},
		{"run -resume nothing", 1, "results has none"},
		{"run -resume in", 1, "there is no manifest.json"},
		{"run -resume schema/run", 1, "schema 99, this program reads schema 1"},
		{"run -resume x -seed 3", 2, "-seed cannot be used with -resume"},
		{"run -resume x quick", 2, "-resume takes no scenario"},
		{"compare", 1, "there is none in results: measure one"},
		{"compare -unit ns/op", 2, `invalid -unit "ns/op": want sec/op`},
		{"compare a b c", 2, "got 3 arguments: want 0 to 2"},
		{"report nothing", 1, `no such run: "nothing"`},
		{"export nothing site", 1, `no such run: "nothing"`},
		{"export nothing", 2, "got 1 argument: want 2"},
		{"serve nothing", 1, `no such run: "nothing"`},
		{"serve -results nothing", 1, "there is no directory nothing: measure a run first"},
		{"serve -base cas", 2, "-base needs -cell"},
		{"serve -addr '' -results .", 2, "-addr is empty, which means every address"},
		{"serve -addr 256.0.0.1:0 -results .", 1, "choose another address with -addr"},
		{"list contendres", 2, `unknown list "contendres" (did you mean contenders?)`},
		{"graph quick rmat15 x.sg", 2, `no graph "rmat15" (did you mean rmat14?)`},
		{"graph quick rmat14 x.png", 2, "want a name that ends in .el"},
	} {
		code, out, errs := call(t, words(b.args)...)
		if code != b.code || !strings.Contains(out+errs, b.says) {
			t.Errorf("crawlbench %s: exit code %d, want %d; it says\n%swant %q", b.args, code, b.code, out+errs, b.says)
		}
		if testing.Verbose() {
			line, _, _ := strings.Cut(strings.TrimPrefix(errs[max(0, strings.Index(errs, b.says)):], "crawlbench: "), "\n")
			t.Logf("| `%s` | %d | %s |", b.args, code, line)
		}
	}
	if after := listing(t); after != before {
		t.Errorf("something was left behind or taken away:\n%s\nbefore:\n%s", after, before)
	}
}

// list is a list of the numbers from 1 to n, in TOML.
func list(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%d, ", i+1)
	}
	return "[" + b.String() + "]"
}

// words splits at spaces, but not within single quotes.
func words(s string) []string {
	var list []string
	for i, part := range strings.Split(s, "'") {
		if i%2 == 1 {
			list = append(list, part)
		} else {
			list = append(list, strings.Fields(part)...)
		}
	}
	return list
}

// listing names all files but the directory of runs, which may be made, empty.
func listing(t *testing.T) string {
	t.Helper()
	var list []string
	err := filepath.WalkDir(".", func(path string, d os.DirEntry, err error) error {
		if path != "results" {
			list = append(list, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(list, "\n")
}
