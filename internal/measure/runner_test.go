//go:build unix

package measure

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/crawler"
	"crawlbench/internal/graph"
	"crawlbench/internal/plan"
	"crawlbench/internal/stat"
	"crawlbench/internal/testing/fleettest"

	"crawlbench/internal/store"
)

// TestMain lets the test binary act as a child process.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == ChildVerb {
		if os.Getenv(oldProgram) != "" {
			os.Exit(actOld())
		}
		if err := Child(context.Background(), os.Stdin, table(), fleettest.Limiters()...); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// table returns the built-in crawlers and some that misbehave, each in its own way.
func table() []crawl.Crawler {
	list := crawler.All()
	right := list[0].ByID
	bad := func(name string, f crawl.Func[uint32]) {
		list = append(list, crawl.Crawler{Name: name, ByID: f})
	}
	bad("panics", func(context.Context, crawl.Web[uint32], []uint32, crawl.Options) (crawl.Result, error) {
		panic("planted")
	})
	bad("races", func(context.Context, crawl.Web[uint32], []uint32, crawl.Options) (crawl.Result, error) {
		if underRace { // with a map, the runtime may see it first and end the process
			n, done := 0, make(chan bool)
			go func() {
				n++
				close(done)
			}()
			n++
			<-done
			return crawl.Result{}, nil
		}
		m := map[int]int{}
		go func() {
			for {
				m[1]++
			}
		}()
		for {
			m[2]++
		}
	})
	bad("deadlocks", func(context.Context, crawl.Web[uint32], []uint32, crawl.Options) (crawl.Result, error) {
		<-make(chan int)
		return crawl.Result{}, nil
	})
	bad("hangs", func(context.Context, crawl.Web[uint32], []uint32, crawl.Options) (crawl.Result, error) {
		time.Sleep(time.Hour)
		return crawl.Result{}, nil
	})
	bad("spins", func(context.Context, crawl.Web[uint32], []uint32, crawl.Options) (crawl.Result, error) {
		for i := 0; ; i++ {
			runtime.KeepAlive(i)
		}
	})
	bad("exits0", func(context.Context, crawl.Web[uint32], []uint32, crawl.Options) (crawl.Result, error) {
		os.Exit(0)
		return crawl.Result{}, nil
	})
	bad("exits7", func(context.Context, crawl.Web[uint32], []uint32, crawl.Options) (crawl.Result, error) {
		os.Exit(7)
		return crawl.Result{}, nil
	})
	bad("eats", func(context.Context, crawl.Web[uint32], []uint32, crawl.Options) (crawl.Result, error) {
		var all [][]byte
		for {
			all = append(all, make([]byte, 1<<20))
			runtime.KeepAlive(all)
		}
	})
	bad("twice", func(ctx context.Context, w crawl.Web[uint32], seeds []uint32, o crawl.Options) (crawl.Result, error) {
		w.Fetch(ctx, seeds[0])
		did, err := right(ctx, w, seeds, o)
		did.Pages++
		return did, err
	})
	bad("leaks", func(ctx context.Context, w crawl.Web[uint32], seeds []uint32, o crawl.Options) (crawl.Result, error) {
		go func() { time.Sleep(time.Hour) }()
		return right(ctx, w, seeds, o)
	})
	bad("chats", func(ctx context.Context, w crawl.Web[uint32], seeds []uint32, o crawl.Options) (crawl.Result, error) {
		fmt.Println(`{"Wrong":"not an answer"}`)
		fmt.Fprintln(os.Stderr, "panic: not one")
		return right(ctx, w, seeds, o)
	})
	bad("goexits", func(context.Context, crawl.Web[uint32], []uint32, crawl.Options) (crawl.Result, error) {
		runtime.Goexit()
		return crawl.Result{}, nil
	})
	bad("millions", func(context.Context, crawl.Web[uint32], []uint32, crawl.Options) (crawl.Result, error) {
		for {
			go func() { select {} }()
		}
	})
	bad(
		"modifies",
		func(ctx context.Context, w crawl.Web[uint32], seeds []uint32, o crawl.Options) (crawl.Result, error) {
			links, err := w.Fetch(ctx, seeds[0])
			links[0]++
			return crawl.Result{Pages: 1}, err
		},
	)
	bad("forks", func(ctx context.Context, w crawl.Web[uint32], seeds []uint32, o crawl.Options) (crawl.Result, error) {
		exec.Command("sh", "-c", "setsid sleep 61 &").Run()
		return right(ctx, w, seeds, o)
	})
	bad("junk", func(ctx context.Context, w crawl.Web[uint32], seeds []uint32, o crawl.Options) (crawl.Result, error) {
		syscall.Write(3, []byte(`{"Sample":{}}`))
		return right(ctx, w, seeds, o)
	})
	bad("killed", func(context.Context, crawl.Web[uint32], []uint32, crawl.Options) (crawl.Result, error) {
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	})
	bad("floods", func(context.Context, crawl.Web[uint32], []uint32, crawl.Options) (crawl.Result, error) {
		many := make([]byte, 1<<20)
		for range 50 {
			os.Stdout.Write(many)
		}
		panic("planted")
	})
	bad(
		"unlucky",
		func(ctx context.Context, w crawl.Web[uint32], seeds []uint32, o crawl.Options) (crawl.Result, error) {
			if mark := os.Getenv("CRAWLBENCH_TEST_MARK"); os.Mkdir(mark, 0o777) == nil { // the first child
				syscall.Kill(os.Getpid(), syscall.SIGKILL)
				select {}
			}
			return right(ctx, w, seeds, o)
		},
	)
	bad(
		"pauses",
		func(ctx context.Context, w crawl.Web[uint32], seeds []uint32, o crawl.Options) (crawl.Result, error) {
			mark := os.Getenv("CRAWLBENCH_TEST_MARK")
			first := os.Mkdir(mark, 0o777) == nil // the first crawl of all children
			os.WriteFile(filepath.Join(mark, strconv.Itoa(os.Getpid())), nil, 0o666)
			if first {
				wake := exec.Command("sh", "-c", fmt.Sprintf("sleep 1; kill -CONT %d", os.Getpid()))
				if err := wake.Start(); err != nil {
					return crawl.Result{}, err
				}
				syscall.Kill(os.Getpid(), syscall.SIGSTOP)
				wake.Wait()
			}
			return right(ctx, w, seeds, o)
		},
	)
	bad("idle", func(context.Context, crawl.Web[uint32], []uint32, crawl.Options) (crawl.Result, error) {
		return crawl.Result{}, nil
	})
	bad(
		"onebyone",
		func(ctx context.Context, w crawl.Web[uint32], seeds []uint32, o crawl.Options) (crawl.Result, error) {
			o.Workers = 1
			return right(ctx, w, seeds, o)
		},
	)
	return slices.Concat(list, inTurns(right), byURLOnly(), fleettest.Crawlers())
}

// patience is how long a process may take to start on a busy machine. Tests of crawlers that hang have less.
const patience = 20 * time.Second

// start creates a run of the named crawlers on a small graph.
func start(t *testing.T, change func(*plan.Scenario), names ...string) (*Runner, *store.Run) {
	t.Helper()
	s, err := plan.Parse("test.toml", []byte(`
control = false
workers = [2]
rounds = 2
sample = "2ms"
turns = 0
deadline = "300ms"
memory = "512MiB"
[[graph]]
name = "g"
kind = "hosts"
pages = 400
`))
	if err != nil {
		t.Fatal(err)
	}
	s.Crawlers = names
	if change != nil {
		change(s)
	}
	p, err := plan.Make(s, table(), 2, fleettest.Limiters()...)
	if err != nil {
		t.Fatal(err)
	}
	run, err := store.Create(filepath.Join(t.TempDir(), "run"), store.Manifest{}, p)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { run.Close() })
	graphs, err := Build(t.Context(), p, t.TempDir(), 0)
	if err != nil {
		t.Fatal(err)
	}
	r := &Runner{
		Run: run, Caches: map[string]string{}, Memory: s.Memory, Child: []string{os.Args[0], ChildVerb},
		Setup: patience,
	}
	for _, g := range graphs {
		r.Caches[g.Info.Name] = g.Cache
	}
	return r, run
}

// All crawlers are measured in one round, and some in several, with profiles.
func TestEverySampleOfThePlanIsTaken(t *testing.T) {
	some := []string{"mutexmap", "owner", "hostheap", "chats"}
	var others []string
	for _, c := range crawler.All() {
		if !slices.Contains(some, c.Name) {
			others = append(others, c.Name)
		}
	}
	t.Run("profiles", func(t *testing.T) { t.Parallel(); takesAll(t, 2, []string{"cpu", "block", "mutex"}, some) })
	if !testing.Short() {
		t.Run("others", func(t *testing.T) { t.Parallel(); takesAll(t, 1, nil, others) })
	}
}

func takesAll(t *testing.T, rounds int, kinds, names []string) {
	r, run := start(t, func(s *plan.Scenario) {
		s.Keys, s.Rates, s.Rounds = []string{"id", "url"}, []plan.Rate{0, 5000}, rounds
		s.Profiles = plan.Profiles{Kinds: kinds, Length: 5 * time.Millisecond}
	}, names...)
	if err := r.Do(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(run.Failed()) > 0 {
		t.Fatalf("failed: %+v", run.Failed())
	}
	p := run.Plan()
	if len(run.Samples()) != len(p.Schedule) || len(run.Records()) != len(p.Schedule)+len(p.Passes) {
		t.Errorf("%d samples, want %d; %d records", len(run.Samples()), len(p.Schedule), len(run.Records()))
	}
	for _, rec := range run.Records() {
		switch {
		case rec.Profile != nil:
			for kind, file := range rec.Profile.Files {
				if _, err := os.Stat(filepath.Join(run.Dir(), file)); err != nil {
					t.Errorf("%s: %s profile: %v", rec.Cell, kind, err)
				}
			}
		case rec.Sample != nil:
			v := rec.Sample.Values
			if len(v) != len(store.Units()) || v["sec/op"] <= 0 || v["cpu-sec/op"] <= 0 || v["peak-RSS-bytes"] < 1<<20 {
				t.Errorf("%s: values %v", rec.Cell, v)
			}
			paced := strings.Contains(rec.Cell, "rate=5000")
			if want := map[bool]float64{false: 400, true: 20}[paced]; v["pages/op"] != want {
				t.Errorf("%s: %v pages, want %v", rec.Cell, v["pages/op"], want)
			}
			if (rec.Sample.Pace != nil) != paced {
				t.Errorf("%s: pace %v", rec.Cell, rec.Sample.Pace)
			}
		}
	}
}

func TestFailureIsClassifiedAndTheRunContinues(t *testing.T) {
	if testing.Short() {
		t.Log("-short: classes that need a deadline to pass are skipped")
	}
	for name, want := range map[string]struct{ class, message, output string }{
		"panics":    {"panic", "panic: planted", "measure.table"},
		"races":     {"panic", "concurrent map", "goroutine"},
		"deadlocks": {"deadlock", "all its goroutines were", "chan receive"},
		"hangs":     {"hang", "still waiting", "time.Sleep"},
		"spins":     {"spin", "still running", "goroutine"},
		"exits0":    {"exit", "exit code 0 instead of returning", ""},
		"exits7":    {"exit", "exit code 7 instead of returning", ""},
		"goexits":   {"exit", "runtime.Goexit instead of returning", ""},
		"eats":      {"memory", "it exceeded its memory limit", "out of memory"},
		"millions":  {"memory", "it exceeded its memory limit", "memory"},
		"modifies": {
			"wrong", "it wrote to the links that Fetch returned, which it must not modify",
			"in crawlbench/internal/measure.table",
		},
		"forks":  {"wrong", "left behind: sleep 61", ""},
		"junk":   {"wrong", "it wrote to file descriptor 3, which is not its own", ""},
		"killed": {"killed", "it was killed twice by a signal (killed)", ""},
		"floods": {"panic", "panic: planted", "bytes left out"},
		"twice":  {"wrong", "1 fetch of pages that had been fetched before", ""},
		"leaks":  {"wrong", "1 goroutines were left", ""},
	} {
		if testing.Short() && (want.class == "hang" || want.class == "spin") ||
			underRace && (want.class == "memory" || want.class == "deadlock") {
			continue
		}
		if underRace && name == "races" {
			want.class, want.message, want.output = "race", "the race detector saw a data race", "measure.table"
		}
		if underRace && !slices.Contains([]string{"races", "panics", "exits0", "killed", "twice"}, name) {
			continue // one of each way in which this process learns of a failure
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, run := start(t, nil, "mutexmap", name)
			if slices.Contains([]string{"hang", "spin", "deadlock"}, want.class) {
				r.Setup = time.Second
			}
			var events []Event
			r.Watch = func(e Event) { events = append(events, e) }
			if err := r.Do(t.Context()); err != nil {
				t.Fatal(err)
			}
			if len(run.Failed()) != 1 || len(run.Samples()) != 2 {
				t.Fatalf("%d failed cells and %d samples, want 1 and 2", len(run.Failed()), len(run.Samples()))
			}
			for id, rec := range run.Failed() {
				f := rec.Failure
				if !strings.Contains(id, "impl="+name) || f.Class != want.class ||
					!strings.Contains(f.Message, want.message) {
					t.Errorf("%s: %s: %s; want %s: %s", id, f.Class, f.Message, want.class, want.message)
				}
				if want.output == "" {
					continue
				}
				text, err := os.ReadFile(filepath.Join(run.Dir(), f.Output))
				if err != nil || !strings.Contains(string(text), want.output) {
					t.Errorf("%s: its output in %q (error %v) does not contain %q", id, f.Output, err, want.output)
				}
			}
			if last := events[len(events)-1]; last.Done != last.Total {
				t.Errorf("the last event reports %d of %d", last.Done, last.Total)
			}
		})
	}
}

// A child that is killed from outside is run again, and its cell stays in the run.
func TestChildKilledFromOutsideIsRunAgain(t *testing.T) {
	t.Setenv("CRAWLBENCH_TEST_MARK", filepath.Join(t.TempDir(), "mark"))
	r, run := start(t, nil, "unlucky")
	if err := r.Do(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(run.Failed()) > 0 || len(run.Samples()) != 2 {
		t.Errorf("failed %+v, %d samples", run.Failed(), len(run.Samples()))
	}
}

// A sample or profile is taken again if its process was stopped meanwhile.
func TestFrozenSampleIsTakenAgain(t *testing.T) {
	for _, what := range []string{"sample", "profile"} {
		t.Setenv("CRAWLBENCH_TEST_MARK", filepath.Join(t.TempDir(), "mark"))
		r, run := start(t, func(s *plan.Scenario) {
			s.Rounds = 1
			if what == "profile" {
				s.Profiles = plan.Profiles{Kinds: []string{"cpu"}, Length: 5 * time.Millisecond}
			}
		}, "pauses")
		r.Setup = time.Minute
		if what == "profile" { // the samples find the mark
			os.Mkdir(os.Getenv("CRAWLBENCH_TEST_MARK"), 0o777)
			r.Watch = func(e Event) {
				if e.Round < 0 && e.Record == nil {
					os.RemoveAll(os.Getenv("CRAWLBENCH_TEST_MARK"))
				}
			}
		}
		if err := r.Do(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, rec := range run.Records() {
			switch {
			case rec.Kind == store.KindFailure:
				t.Errorf("%s: %+v", rec.Cell, rec.Failure)
			case rec.Sample != nil && what == "sample" && !slices.Contains(rec.Sample.Before.Flags, frozen):
				t.Errorf("flags %v, before %v", rec.Sample.Flags, rec.Sample.Before.Flags)
			}
		}
		if children, _ := os.ReadDir(os.Getenv("CRAWLBENCH_TEST_MARK")); len(children) != 2 {
			t.Errorf("%d children ran for the %s, want 2", len(children), what)
		}
		if text, _ := os.ReadFile(filepath.Join(run.Dir(), "journal.jsonl")); bytes.Contains(text, []byte("Frozen")) {
			t.Error("the journal has the field Frozen, which is only for the parent")
		}
	}
}

// A program that cannot act as a child is an error of the run, not a failure of the crawler.
func TestIncompatibleChildIsAnError(t *testing.T) {
	r, run := start(t, nil, "mutexmap")
	r.Child = []string{"sh", "-c", "echo hello; exit 1"}
	err := r.Do(t.Context())
	if err == nil || !strings.Contains(err.Error(), "exit code 1 before it began; it printed:\nhello") ||
		!strings.Contains(err.Error(), "older crawlbench") {
		t.Errorf("error %v", err)
	}
	if len(run.Records()) > 0 {
		t.Errorf("records %+v", run.Records())
	}
}

func TestInterruptionKeepsFinishedSamples(t *testing.T) {
	r, run := start(t, func(s *plan.Scenario) { s.Rounds = 5 }, "mutexmap", "cas")
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("stopped")
	finished := 0
	r.Watch = func(e Event) {
		if e.Record != nil {
			finished++
		}
		if finished == 3 && e.Record == nil {
			cancel(stop) // while the fourth child starts
		}
	}
	if err := r.Do(ctx); err != stop {
		t.Errorf("error %v", err)
	}
	if len(run.Records()) != 3 {
		t.Errorf("%d records, want the 3 finished ones", len(run.Records()))
	}
	r.Watch = nil
	if err := r.Do(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(run.Samples()) != 10 {
		t.Errorf("%d samples in the end, want 10", len(run.Samples()))
	}
}

// The journal is written after a child has ended and synced before the next one starts, so that no crawl is measured
// during the write.
func TestJournalIsWrittenBetweenTheChildren(t *testing.T) {
	const tick = 100 * time.Millisecond // of the clock of file timestamps, on a busy machine
	r, run := start(t, func(s *plan.Scenario) { s.Sample = 2 * tick }, "mutexmap", "cas")
	journal := filepath.Join(run.Dir(), "journal.jsonl")
	children := 0
	r.Watch = func(e Event) {
		text, err := os.ReadFile(journal)
		if err != nil {
			t.Fatal(err)
		}
		if lines := bytes.Count(text, []byte("\n")); lines != e.Done {
			t.Errorf("the journal has %d records, want %d", lines, e.Done)
		}
		if e.Record == nil {
			return
		}
		children++
		info, err := os.Stat(journal)
		if err != nil {
			t.Fatal(err)
		}
		end := e.Record.Start.Add(time.Duration(e.Record.Wall * float64(time.Second)))
		if info.ModTime().Before(end.Add(-tick)) {
			t.Errorf("the journal was last written at %v, before the child ended at %v", info.ModTime(), end)
		}
	}
	if err := r.Do(t.Context()); err != nil {
		t.Fatal(err)
	}
	if children != 4 {
		t.Errorf("%d children, want 4", children)
	}
}

func TestBudgetFitsTheRounds(t *testing.T) {
	for _, test := range []struct {
		budget, before, timing time.Duration
		done                   int
		passes                 time.Duration
		want                   int
	}{
		{time.Minute, 0, 5 * time.Second, 1, 0, 12},
		{time.Minute, 10 * time.Second, 10 * time.Second, 2, 20 * time.Second, 6},
		{time.Second, 0, 5 * time.Second, 1, 0, 1},        // finished rounds stay
		{time.Hour, 0, time.Millisecond, 1, 0, maxRounds}, // limited
	} {
		if got := fit(test.budget, test.before, test.timing, test.done, test.passes); got != test.want {
			t.Errorf("%+v: %d rounds", test, got)
		}
	}
	r, run := start(t, func(s *plan.Scenario) { s.Rounds = 1000 }, "mutexmap")
	r.Budget, r.Begin = 300*time.Millisecond, time.Now()
	if err := r.Do(t.Context()); err != nil {
		t.Fatal(err)
	}
	p := run.Plan()
	if p.Rounds >= 1000 || len(run.Samples()) != p.Rounds {
		t.Errorf("%d samples, but the plan has %d rounds", len(run.Samples()), p.Rounds)
	}
	back, err := store.Open(run.Dir())
	if err != nil || back.Plan().Rounds != p.Rounds {
		t.Errorf("the plan on disk: %v", err)
	}
}

// With looks, a budget ends a run after one of them, never between two and never later than planned.
func TestBudgetCapsTheLooks(t *testing.T) {
	for budget, want := range map[time.Duration][]int{time.Nanosecond: {6}, time.Hour: {6, 9, 14}} {
		r, run := start(t, func(s *plan.Scenario) { s.Rounds, s.Stop, s.Control = 14, true, false }, "mutexmap")
		r.Budget, r.Begin = budget, time.Now()
		if err := r.Do(t.Context()); err != nil {
			t.Fatal(err)
		}
		back, err := store.Open(run.Dir())
		if err != nil {
			t.Fatal(err)
		}
		p, share := back.Plan(), 0.0
		var at []int
		for i, l := range p.Looks {
			at = append(at, l.Blocks)
			share += l.Share
			if l != stat.InterimLooks(14)[i] {
				t.Errorf("budget %v: look %d is %+v, planned %+v", budget, i, l, stat.InterimLooks(14)[i])
			}
		}
		if !slices.Equal(at, want) || p.Rounds != want[len(want)-1] || len(run.Samples()) != p.Rounds || share > 1 {
			t.Errorf("budget %v: looks %v with %v of alpha, %d rounds, %d samples; want looks %v", budget, at, share, p.Rounds,
				len(run.Samples()), want)
		}
	}
}

func TestChildThatCannotStartEndsTheRun(t *testing.T) {
	r, run := start(t, nil, "mutexmap")
	r.Child = []string{filepath.Join(t.TempDir(), "nothing")}
	if err := r.Do(t.Context()); err == nil || !strings.Contains(err.Error(), "start a child process") {
		t.Errorf("error %v", err)
	}
	r.Child = []string{os.Args[0], ChildVerb}
	r.Caches = map[string]string{"g": filepath.Join(t.TempDir(), "gone")}
	if err := r.Do(t.Context()); err == nil || !strings.Contains(err.Error(), "cache") {
		t.Errorf("error %v", err)
	}
	if len(run.Records()) > 0 {
		t.Errorf("records %+v: an error of the harness was recorded against the crawler", run.Records())
	}
}

func TestURLsThatDoNotFitAreRefused(t *testing.T) {
	_, run := start(t, func(s *plan.Scenario) {
		s.Keys, s.Graphs[0].Spec = []string{"url"}, graph.Spec{Kind: "chain", Pages: 400}
	}, "mutexmap")
	if _, err := Build(t.Context(), run.Plan(), t.TempDir(), 20<<10); err == nil ||
		!strings.Contains(err.Error(), "0 MiB are free") {
		t.Errorf("error %v", err)
	}
}

// The journal's order is the schedule's order.
func TestSamplesAreTakenInTheOrderOfTheSchedule(t *testing.T) {
	r, run := start(t, func(s *plan.Scenario) { s.Rounds = 4 }, "mutexmap", "cas", "owner")
	if err := r.Do(t.Context()); err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for _, s := range run.Plan().Schedule {
		want = append(want, run.Plan().Cells[s.Cell].ID())
	}
	for _, rec := range run.Records() {
		got = append(got, rec.Cell)
	}
	if !slices.Equal(got, want) {
		t.Errorf("taken\n%v\nplanned\n%v", got, want)
	}
}

func TestFlaggedSampleIsTakenAgainOnceAndBothAreKept(t *testing.T) {
	r, run := start(t, func(s *plan.Scenario) { s.Rounds = 1 }, "onebyone")
	if err := r.Do(t.Context()); err != nil {
		t.Fatal(err)
	}
	const flag = "no overlap"
	for _, rec := range run.Samples() {
		s := rec.Sample
		if !slices.Contains(s.Flags, flag) || s.Before == nil || !slices.Contains(s.Before.Flags, flag) ||
			s.Before.Before != nil {
			t.Errorf("flags %v, before %+v", s.Flags, s.Before)
		}
	}
	if len(run.Samples()) != 1 {
		t.Errorf("%d samples", len(run.Samples()))
	}
}
