package fleet

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/graph"
)

// crawlers are crawlers that share nothing.
func crawlers() []crawl.Crawler {
	return []crawl.Crawler{
		{Name: "own", ByURL: own[string], Fleet: true},
		{Name: "fails", ByID: func(context.Context, crawl.Web[uint32], []uint32, crawl.Options) (crawl.Result, error) {
			return crawl.Result{}, errors.New("no server")
		}},
		{Name: "exits", ByID: func(context.Context, crawl.Web[uint32], []uint32, crawl.Options) (crawl.Result, error) {
			fmt.Fprintln(os.Stderr, "last words")
			os.Exit(3)
			return crawl.Result{}, nil
		}},
	}
}

// own fetches all pages, one after the other.
func own[K comparable](ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options) (r crawl.Result, err error) {
	seen := map[K]bool{}
	for queue := seeds; len(queue) > 0; queue = queue[1:] {
		if seen[queue[0]] {
			continue
		}
		seen[queue[0]] = true
		links, err := web.Fetch(ctx, queue[0])
		if err != nil {
			return r, err
		}
		r.Pages++
		queue = append(queue[:len(queue):len(queue)], links...)
	}
	o.Count("server calls", 7)
	return r, nil
}

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == ChildVerb {
		os.Exit(Main(os.Stdin, os.Stdout, os.Stderr, crawlers()))
	}
	os.Exit(m.Run())
}

// program returns the function that makes commands.
func program(t *testing.T) func() *exec.Cmd {
	t.Helper()
	command, err := Program()
	if err != nil {
		t.Fatal(err)
	}
	return command
}

// jobs returns jobs for two processes of a crawler, with their logs.
func jobs(t *testing.T, crawler string, latency time.Duration) []Job {
	dir := t.TempDir()
	list := make([]Job, 2)
	for i := range list {
		list[i] = Job{Crawler: crawler, Graph: graph.Spec{Kind: "hosts", Pages: 200, Seed: 1}, Workers: 1,
			Latency: latency, Fleet: crawl.Fleet{Index: i, Processes: 2}, Log: filepath.Join(dir, fmt.Sprint(i))}
	}
	return list
}

func TestRunReportsWhatProcessesDid(t *testing.T) {
	list := jobs(t, "own", 0)
	begun := false
	ends, err := Run(t.Context(), program(t), list, func() error { begun = true; return nil })
	if err != nil || !begun {
		t.Fatalf("begin called %v, %v", begun, err)
	}
	for i, e := range ends {
		if e.Pages != 200 || e.Counts["server calls"] != 7 || e.Took <= 0 || e.CPU <= 0 || e.At.IsZero() {
			t.Errorf("process %d: %+v, want 200 pages and what it counted", i, e)
		}
		fetches, err := ReadLog(list[i].Log)
		if err != nil || len(fetches) != 200 || Records(list[i].Log) != 400 {
			t.Errorf("process %d: %d fetches in the log, %d records, %v", i, len(fetches), Records(list[i].Log), err)
		}
		pages := map[uint32]bool{}
		for _, f := range fetches {
			pages[f.Page] = true
			if f.End.Before(f.Begin) {
				t.Errorf("fetch %+v ends before it begins", f)
			}
		}
		if len(pages) != 200 {
			t.Errorf("process %d: %d different pages, want 200", i, len(pages))
		}
	}
}

func TestTimeOfFetchesIsAddedUp(t *testing.T) {
	list := jobs(t, "own", time.Millisecond)
	ends, err := Run(t.Context(), program(t), list[:1], func() error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	if least := 200 * time.Millisecond; ends[0].Fetching < least || ends[0].Fetching > ends[0].Took {
		t.Errorf("fetches took %v of %v, want at least %v", ends[0].Fetching, ends[0].Took, least)
	}
}

func TestFailuresAreReported(t *testing.T) {
	for crawler, want := range map[string]string{
		"fails":   "no server",
		"exits":   "last words",
		"unknown": `no crawler "unknown"`,
	} {
		_, err := Run(t.Context(), program(t), jobs(t, crawler, 0), func() error { return nil })
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", crawler, err, want)
		}
	}
}

func TestFetchesOfAKilledProcessAreKnown(t *testing.T) {
	job := jobs(t, "own", 20*time.Millisecond)[0]
	p, err := Start(t.Context(), program(t)(), job)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Stop()
	if err := p.Go(); err != nil {
		t.Fatal(err)
	}
	for Records(job.Log) < 20 {
		time.Sleep(time.Millisecond)
	}
	p.Kill()
	if _, err := p.End(); !errors.Is(err, ErrKilled) {
		t.Errorf("a killed process ended with %v", err)
	}
	fetches, err := ReadLog(job.Log)
	if err != nil || len(fetches) < 10 || len(fetches) >= 200 {
		t.Fatalf("%d fetches, %v, want those up to the death", len(fetches), err)
	}
	for _, f := range fetches[:len(fetches)-1] {
		if f.End.IsZero() {
			t.Errorf("fetch %+v of the only worker has no end, and others followed", f)
		}
	}
}

func TestProcessEndsWithItsStandardInput(t *testing.T) {
	p, err := Start(t.Context(), program(t)(), jobs(t, "own", time.Hour)[0])
	if err != nil {
		t.Fatal(err)
	}
	defer p.Stop()
	if err := p.Go(); err != nil {
		t.Fatal(err)
	}
	p.stdin.Close() // as when this process ends
	select {
	case <-p.Done():
	case <-time.After(time.Minute):
		t.Error("it still runs")
	}
}

func TestStartIsCancelled(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := StartAll(ctx, program(t), jobs(t, "own", 0)); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
}

func TestReadLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	if list, err := ReadLog(path); list != nil || err != nil {
		t.Errorf("a missing log: %v, %v", list, err)
	}
	l, err := create(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []struct {
		page  uint32
		ended bool
	}{{7, false}, {8, false}, {7, true}, {7, false}} {
		l.add(r.page, r.ended)
	}
	l.file.Write([]byte("half a record"))
	list, err := ReadLog(path)
	if err != nil || len(list) != 3 {
		t.Fatalf("%v, %v, want three fetches", list, err)
	}
	for i, want := range []struct {
		page  uint32
		ended bool
	}{{7, true}, {8, false}, {7, false}} {
		if f := list[i]; f.Page != want.page || f.End.IsZero() == want.ended {
			t.Errorf("fetch %d: %+v, want page %d, ended %v", i, f, want.page, want.ended)
		}
	}
	if _, err := create(path); err == nil {
		t.Error("a second process may write the same log")
	}
	wrong := filepath.Join(t.TempDir(), "wrong")
	if l, err = create(wrong); err != nil {
		t.Fatal(err)
	}
	l.add(7, true)
	if _, err := ReadLog(wrong); err == nil {
		t.Error("no error for a fetch that ends without a beginning")
	}
}
