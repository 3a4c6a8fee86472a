//go:build unix

package cli

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"crawlbench/internal/conform"
	"crawlbench/internal/conform/mutant"
	"crawlbench/internal/crawl"
	"crawlbench/internal/crawler"
	"crawlbench/internal/crawler/mutexmap"
	"crawlbench/internal/host"
	"crawlbench/internal/lesson"
	"crawlbench/internal/measure"
	"crawlbench/internal/testing/fleettest"
)

// TestMain runs the program instead of the tests where tests start a process of it: the commands of
// scripts, and the children of runs and of the conformance suite.
func TestMain(m *testing.M) {
	if len(os.Args) == 5 && os.Args[1] == conform.ChildVerb {
		conform.Child(os.Args[2:], slices.Concat(table(), []crawl.Crawler{stuck()}, lesson.Crawlers(),
			mutant.Crawlers()))
	}
	if len(os.Args) == 2 && os.Args[1] == measure.ChildVerb { // of whatever program
		fleets()
	}
	if os.Getenv(asProgram) != "" {
		program()
	}
	testscript.Main(tests{m}, map[string]func(){
		"crawlbench": program,
		"fleets":     fleets,
		"spider":     spider,
		"stuck":      func() { startWith(stuck()) },
	})
}

func program() { startWith(table()...) }

// noServer is a variable that lets the program fleets find no server.
const noServer = "CRAWLBENCH_TEST_NO_SERVER"

// fleets runs the program with crawlers and limiters that several processes share.
func fleets() {
	serve := fleettest.Serve
	if os.Getenv(noServer) != "" {
		serve = func(context.Context, string) (crawl.FleetServer, error) {
			return nil, fmt.Errorf("install toy-server: %w", exec.ErrNotFound)
		}
	}
	os.Exit(Main(os.Args, os.Stdin, os.Stdout, os.Stderr,
		Program{Crawlers: append(table(), fleettest.Crawlers()...), Limiters: fleettest.Limiters(), Serve: serve,
			Commands: []crawl.Command{
				{Name: "fleeting", Doc: "ends with 7", Run: func([]string) int { return 7 }},
				{Name: "unlisted", Run: func(args []string) int { return len(args) }},
			}}))
}

// startWith runs the program with the given crawlers.
func startWith(crawlers ...crawl.Crawler) {
	os.Exit(Main(os.Args, os.Stdin, os.Stdout, os.Stderr, Program{Crawlers: crawlers}))
}

// tests runs the tests and removes their shared runs. These were measured in this environment, whereas scripts have one
// of their own: the settings that a run depends on are the defaults in both.
type tests struct{ m *testing.M }

func (t tests) Run() int {
	for _, name := range host.Variables() {
		os.Unsetenv(name)
	}
	defer os.RemoveAll(sharedDir())
	return t.m.Run()
}

// table returns the built-in crawlers, one that fetches nothing, and one that the environment can slow down.
func table() []crawl.Crawler {
	lazy := func(context.Context, crawl.Web[uint32], []uint32, crawl.Options) (crawl.Result, error) {
		return crawl.Result{}, nil
	}
	return append(crawler.All(), crawl.Crawler{Name: "lazy", ByID: lazy}, slowable(mutexmap.Crawler().ByID))
}

// slowable returns a crawler that the environment can slow down.
func slowable(f crawl.Func[uint32]) crawl.Crawler {
	return crawl.Crawler{Name: "slowable",
		ByID: func(ctx context.Context, web crawl.Web[uint32], seeds []uint32, o crawl.Options) (crawl.Result, error) {
			if os.Getenv("CRAWLBENCH_TEST_SLOW") != "" {
				time.Sleep(5 * time.Millisecond) // otherwise a crawl takes a fraction of a millisecond
			}
			return f(ctx, web, seeds, o)
		}}
}

// stuck returns a crawler that blocks forever.
func stuck() crawl.Crawler {
	return crawl.Crawler{Name: "stuck", ByID: func(context.Context, crawl.Web[uint32], []uint32,
		crawl.Options) (crawl.Result, error) {
		var mu sync.Mutex
		mu.Lock()
		mu.Lock()
		return crawl.Result{}, nil
	}}
}

// gated is a scenario of two cells that takes about a second.
const gated = `
control    = false
crawlers = ["slowable"]
workers    = [1, 2]
rounds     = 8
sample     = "2ms"
rest       = "0s"
[[graph]]
name  = "g"
kind  = "hosts"
pages = 300
`

// tiny is a scenario with profiles.
const tiny = `
control    = false
crawlers = ["mutexmap", "cas", "owner"]
workers    = [1, 2]
rounds     = 6
sample     = "2ms"
rest       = "0s"
[[graph]]
name  = "g"
kind  = "hosts"
pages = 300
[profiles]
kinds   = ["cpu", "block", "mutex"]
length  = "20ms"
`

// sharedDir returns the directory of the shared runs.
var sharedDir = sync.OnceValue(func() string {
	dir, err := os.MkdirTemp("", "crawlbench-cli-test-")
	if err != nil {
		panic(err)
	}
	return dir
})

// shared has a function per scenario that returns the directory of its run. The first call measures
// it; tests copy it.
var shared = map[string]func() (string, error){
	"gated": sync.OnceValues(func() (string, error) { return measureInto("gated", gated) }),
	"tiny":  sync.OnceValues(func() (string, error) { return measureInto("tiny", tiny) }),
}

// measureInto measures a scenario, and returns the directory of the run.
func measureInto(name, text string) (string, error) {
	dir := filepath.Join(sharedDir(), name)
	file := filepath.Join(dir, name+".toml")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return "", err
	}
	if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
		return "", err
	}
	var out, errs bytes.Buffer
	code := Main([]string{"crawlbench", "run", "-progress", "none", "-results", dir, file}, strings.NewReader(""), &out,
		&errs, Program{Crawlers: table()})
	if code != exitOK {
		return "", fmt.Errorf("measure %s: exit code %d\n%s\n%s", name, code, &out, &errs)
	}
	return filepath.EvalSymlinks(filepath.Join(dir, "latest"))
}

// copied copies the shared run of a scenario to dir.
func copied(scenario, dir string) error {
	run, err := shared[scenario]()
	if err != nil {
		return err
	}
	return os.CopyFS(dir, os.DirFS(run))
}

// gatedRun copies the run of gated into results, and returns its directory.
func gatedRun(t *testing.T) string {
	t.Helper()
	if err := copied("gated", "results/gated"); err != nil {
		t.Fatal(err)
	}
	write(t, "gated.toml", gated)
	return "results/gated"
}

// call runs the program in this process.
func call(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	code = Main(append([]string{"crawlbench"}, args...), strings.NewReader(""), &o, &e, Program{Crawlers: table()})
	return code, o.String(), e.String()
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}
