//go:build unix

package conform_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"crawlbench/internal/conform"
	"crawlbench/internal/conform/mutant"
	"crawlbench/internal/crawl"
)

// An end is what a crawler does instead of returning, or before, and the result that the suite must give.
type end struct {
	name string
	do   func() error
	kind conform.Kind
	text string // the first line
	more string // substring of the other lines
}

func ends() []end {
	quietly := func(f func()) func() error { return func() error { f(); return nil } }
	list := []end{
		{"exits with 0", quietly(func() { os.Exit(0) }), conform.Exit,
			"it ended the process with exit code 0 instead of returning", ""},
		{"exits with 66", quietly(func() { os.Exit(66) }), conform.Exit,
			"it ended the process with exit code 66 instead of returning", ""},
		{"exits by the system", quietly(func() { syscall.Exit(0) }), conform.Exit,
			"it ended the process with exit code 0 instead of returning", ""},
		{"ends its goroutine", quietly(runtime.Goexit), conform.Exit, "it called runtime.Goexit instead of returning",
			""},
		{"kills itself", quietly(func() { syscall.Kill(os.Getpid(), syscall.SIGKILL); select {} }), conform.Exit,
			"it was killed twice by a signal (killed), from outside or by itself", ""},
		{"panics", quietly(func() { panic("a\nb") }), conform.Panic, "panic: a",
			"b\nin crawlbench/internal/conform_test."},
		{"panics with nil", quietly(func() { panic(nil) }), conform.Panic, "panic: panic called with nil argument", ""},
		{"panics like a deadlock", quietly(func() { panic("deadlock: main bubble goroutine has exited but blocked goroutines remain") }), conform.Panic,
			"panic: deadlock: main bubble goroutine has exited but blocked goroutines remain", ""},
		{"panics elsewhere", quietly(func() { go panic("a"); select {} }), conform.Panic, "panic: a", ""},
		{"dereferences nil", quietly(func() { fmt.Println(*(*int)(nil)) }), conform.Panic,
			"panic: runtime error: invalid memory address or nil pointer dereference", ""},
		{"unlocks", quietly(func() { new(sync.Mutex).Unlock() }), conform.Panic,
			"fatal error: sync: unlock of unlocked mutex", ""},
		{"blocks", quietly(func() { <-make(chan int) }), conform.Deadlock,
			"all its goroutines were waiting for each other",
			"chan receive (durable) in crawlbench/internal/conform_test."},
		{"leaves a goroutine", quietly(func() { go func() { select {} }() }), conform.Fail,
			"after it had returned, 1 goroutines were still running",
			"select (no cases) (durable) in crawlbench/internal/conform_test."},
		{"leaves a process", quietly(func() { exec.Command("sh", "-c", "setsid sleep 81 &").Run() }), conform.Leak, "",
			"left behind: sleep 81"},
		{"writes to descriptor 3", quietly(func() { syscall.Write(3, []byte("end false\n")) }), conform.Fail,
			"it wrote to file descriptor 3, which is not its own", ""},
		{"closes all", quietly(func() {
			for fd := range 11 {
				syscall.Close(fd)
			}
			os.Exit(0)
		}), conform.Exit, "it ended the process with exit code 0 instead of returning", ""},
		{"imitates", func() error {
			fmt.Println("--- FAIL: seeds (0.00s)\n    mine.go:12: all is well\npanic: no\nfatal error: all goroutines are asleep - deadlock!\nWARNING: DATA RACE\nPASS")
			return errors.New("of its own")
		}, conform.Fail, "", `"of its own"`},
		{"paints", func() error { return errors.New("\x1b[2J") }, conform.Fail, "", "x1b[2J"},
		{"prints without end", func() error {
			many := make([]byte, 1<<20)
			for range 200 {
				os.Stdout.Write(many)
			}
			return errors.New("of its own")
		}, conform.Fail, "", `"of its own"`},
		{"spins", quietly(func() {
			for i := 0; ; i++ {
				runtime.KeepAlive(i)
			}
		}), conform.Hang, "it was still running after ", "conform_test."},

		{"is loud", quietly(func() { fmt.Fprintln(os.Stderr, "panic: no\nfatal error: no\nout of memory") }),
			conform.Pass, "", ""},
		{"ignores a signal", quietly(func() { signal.Ignore(syscall.SIGTERM) }), conform.Fail,
			"signal.Ignored(terminated) was false before the check and is true after it", ""},
		{"has a helper", quietly(func() { exec.Command("true").Run() }), conform.Pass, "", ""},
		{"sets flags", quietly(func() { flag.Set("test.failfast", "true"); flag.Set("test.run", "nothing") }),
			conform.Pass, "", ""},
	}
	if underRace { // there is no memory limit then
		return list
	}
	return append(list, end{"eats", quietly(func() {
		var all [][]byte
		for {
			all = append(all, make([]byte, 1<<26)) // takes address space but no memory
			runtime.KeepAlive(all)
		}
	}), conform.Panic, "", "it exceeded its memory limit ("})
}

// planted returns a correct crawler with each of ends.
func planted() []crawl.Crawler {
	var list []crawl.Crawler
	right := mutant.Right().ByID
	for _, e := range ends() {
		list = append(list, crawl.Crawler{Name: e.name,
			ByID: func(ctx context.Context, web crawl.Web[uint32], seeds []uint32, o crawl.Options) (crawl.Result,
				error) {
				did, err := right(ctx, web, seeds, o)
				return did, errors.Join(err, e.do())
			}})
	}
	return list
}

// The suite reports each end with its kind and an exact text, whatever the crawler prints.
func TestSuiteNamesEachEnd(t *testing.T) {
	t.Parallel()
	suite := conform.Suite{Crawlers: planted(), Checks: []string{"seeds"}, Patience: 5 * time.Second,
		Command: func(crawler, keys, check string) *exec.Cmd {
			return exec.Command(os.Args[0], conform.ChildVerb, crawler, keys, check)
		}}
	results := suite.Run(t.Context())
	for i, e := range ends() {
		v := results[i]
		summary, _, _ := strings.Cut(v.Text, "\n")
		rest, begins := strings.CutPrefix(summary, e.text)
		exact := begins && (rest == "" || strings.HasPrefix(rest, " (a site of ") || e.text == "" ||
			e.kind == conform.Hang)
		if v.Crawler != e.name || v.Kind != e.kind || !exact || !strings.Contains(v.Text, e.more) ||
			e.kind == conform.Pass && v.Text != "" {
			t.Errorf("%s: %s: %s\nwant %s: %s\n%s", v.Crawler, v.Kind, v.Text, e.kind, e.text, e.more)
		}
	}
}

// asTest is the environment variable that tells TestOfACrawler which planted crawler to test.
const asTest = "CRAWLBENCH_TEST_END"

// TestOfACrawler is a test as the author of a crawler writes it. TestGoTestFailsEachEnd runs it.
func TestOfACrawler(t *testing.T) {
	for _, c := range planted() {
		if c.Name == os.Getenv(asTest) {
			torn := t.TempDir() // must be removed in the children too
			t.Cleanup(func() { os.WriteFile(torn+"/x", nil, 0o666) })
			conform.Test(t, c)
		}
	}
}

// go test fails for each end, and passes for a correct crawler with a space in its name.
func TestGoTestFailsEachEnd(t *testing.T) {
	for _, e := range ends() {
		some := []string{"exits with 0", "is loud"} // each runs the whole suite
		if !testing.Short() {
			some = append(some, "ends its goroutine", "panics", "leaves a process", "imitates")
		}
		if !slices.Contains(some, e.name) {
			continue
		}
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(os.Args[0], "-test.run=^TestOfACrawler$", "-test.v")
			cmd.Env = append(os.Environ(), asTest+"="+e.name)
			out, err := cmd.CombinedOutput()
			text := string(out)
			if e.kind == conform.Pass {
				if err != nil || strings.Contains(text, "FAIL") ||
					!strings.Contains(text, "--- PASS: TestOfACrawler/id/seeds") {
					t.Errorf("%v\n%s", err, text)
				}
				return
			}
			if err == nil || !strings.Contains(text, "--- FAIL: TestOfACrawler/id/seeds") ||
				!strings.Contains(text, string(e.kind)+": "+e.text) ||
				!strings.Contains(strings.ReplaceAll(text, "\n        ", "\n"), e.more) {
				t.Errorf("%v\n%s\nwant %s: %s\n%s", err, text, e.kind, e.text, e.more)
			}
		})
	}
}

// A suite that is interrupted says nothing about the crawler, and in particular not that it hangs.
func TestInterruptedSuite(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	list := conform.Suite{Crawlers: []crawl.Crawler{mutant.Right()}, Keys: []string{"id"}, Checks: []string{"storm"},
		Command: func(crawler, keys, check string) *exec.Cmd {
			return exec.CommandContext(ctx, os.Args[0], conform.ChildVerb, crawler, keys, check)
		}}.Run(ctx)
	if len(list) != 1 || list[0].Kind != conform.Unfinished || list[0].Kind.OK() || list[0].Text != "" {
		t.Errorf("%+v", list)
	}
}
