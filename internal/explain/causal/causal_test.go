package causal

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crawlbench/internal/conform/yield"
	"crawlbench/internal/measure"
	"crawlbench/internal/plan"
	"crawlbench/internal/stat"
)

func TestSource(t *testing.T) {
	const src = `package p

func f() {
	mu.Lock()
	x++
	mu.Unlock()
	mu.RLock()
	defer mu.RUnlock()
	c <- x
	y := <-c
	for v := range c {
		g(v)
	}
	return
}
`
	for _, c := range []struct {
		line int
		want string
	}{
		{4, "\tmu.Lock(); crawlbenchFrom1 := crawlbenchEnter(1)\n\tx++\n\tcrawlbenchLeave(1, crawlbenchFrom1); mu.Unlock()\n"},
		{7, "\tmu.RLock()\n\tdefer mu.RUnlock(); defer crawlbenchLeave(1, crawlbenchEnter(1))\n"},
		{5, "\tcrawlbenchFrom1 := crawlbenchEnter(1); x++; crawlbenchLeave(1, crawlbenchFrom1)\n"},
		{9, "\tcrawlbenchEnter(1); c <- x\n"},
		{10, "\tcrawlbenchEnter(1); y := <-c\n"},
		{11, "\tfor v := range c {crawlbenchEnter(1); \n"},
		{12, "\t\tcrawlbenchFrom1 := crawlbenchEnter(1); g(v); crawlbenchLeave(1, crawlbenchFrom1)\n"},
		{14, "\tcrawlbenchEnter(1); return\n"},
	} {
		r := NewRewriter([]Site{{File: "p.go", Line: c.line}})
		got, err := r.Source("/dir/p.go", []byte(src))
		if err != nil || !r.Found[0] || !strings.Contains(string(got), c.want) {
			t.Errorf("line %d: found %v, error %v, want %q in\n%s", c.line, r.Found, err, c.want, got)
		}
		if strings.Count(string(got), "\n") != strings.Count(src, "\n") {
			t.Errorf("line %d: line numbers change", c.line)
		}
	}
	for _, s := range []Site{{"", "p.go", 1}, {"", "p.go", 99}, {"", "other.go", 4}, {"other", "p.go", 4}} {
		r := NewRewriter([]Site{s})
		if got, err := r.Source("/dir/p.go", []byte(src)); err != nil || r.Found[0] || string(got) != src {
			t.Errorf("%v: found, error %v\n%s", s, err, got)
		}
	}
}

func TestSites(t *testing.T) {
	for text, want := range map[string]Site{"a.go:12": {"", "a.go", 12}, "x/a.go:1": {"x", "a.go", 1},
		"y/x/a.go:1": {"x", "a.go", 1}} {
		if got, err := ParseSite(text); err != nil || got != want {
			t.Errorf("%s: %v, error %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "a.go", "a.go:0", "a.go:x", "a:1"} {
		if got, err := ParseSite(text); err == nil {
			t.Errorf("%q: %v, want an error", text, got)
		}
	}
	where := "crawlbench/internal/crawler/spawn.(*crawler[...]).count spawn.go:100"
	if got, ok := At(where); !ok || got != (Site{"spawn", "spawn.go", 100}) {
		t.Errorf("%s: %v, %v", where, got, ok)
	}
	if got, ok := At("runtime.gopark"); ok {
		t.Errorf("a function without a position is at %v", got)
	}
}

func TestKind(t *testing.T) {
	for _, c := range []struct {
		lo, hi float64
		want   Kind
	}{
		{0.9, 1.1, Serial}, {0.4, 0.6, Parallel}, {-0.1, 0.1, Hidden}, {0.65, 0.72, Between}, {-0.2, 1.3, Unknown},
		{0.4, 1, Unknown}, {math.Inf(-1), math.Inf(1), Unknown},
	} {
		if got := kind(stat.Interval{Lo: c.lo, Hi: c.hi}, 0.5); got != c.want {
			t.Errorf("[%g, %g] is %s, want %s", c.lo, c.hi, got, c.want)
		}
	}
}

func TestGain(t *testing.T) {
	l := Line{Cost: 50e-6, Page: 100e-6, Slope: stat.Interval{Value: 1, Lo: 0.8, Hi: 1.2}}
	got, known := l.Gain(0.5) // half of 50 of 100 us: a quarter less time is a third more throughput
	if !known || math.Abs(got.Value-1.0/3) > 1e-9 || math.Abs(got.Lo-0.25) > 1e-9 || math.Abs(got.Hi-1/0.7+1) > 1e-9 {
		t.Errorf("%v", got)
	}
	if _, known := (Line{Page: 1}).Gain(0.5); known {
		t.Error("the gain of a line of unknown cost is known")
	}
}

// fixture is a program with a crawler whose lines are known. For each page, a worker waits for 2 ms beside the others,
// and holds a lock for the milliseconds of its name; another goroutine waits for 1 ms beside them. With four workers,
// the lock is the bottleneck.
const fixture = `package main

import (
	"os"
	"sync"
	"time"

	"crawlbench/bench"
)

type set struct {
	mu    sync.Mutex
	seen  map[uint32]bool
	hold  time.Duration
}

func (s *set) AddNew(dst, links []uint32) []uint32 {
	beside(2 * time.Millisecond)
	s.mu.Lock()
	time.Sleep(s.hold)
	for _, link := range links {
		if !s.seen[link] {
			s.seen[link] = true
			dst = append(dst, link)
		}
	}
	s.mu.Unlock()
	return dst
}

func beside(d time.Duration) {
	time.Sleep(d)
}

func main() {
	var list []bench.Crawler
	for name, hold := range map[string]time.Duration{"slow": 4 * time.Millisecond, "fast": 2 * time.Millisecond} {
		list = append(list, bench.FromVisited(name, name, func(int) bench.Visited[uint32] {
			return &set{seen: map[uint32]bool{}, hold: hold}
		}, nil))
	}
	os.Exit(bench.Main(os.Args, list...))
}
`

// build builds the fixture with delays at the sites.
func build(t *testing.T, sites []Site) (exe string) {
	t.Helper()
	// Outside the source, where other tests walk at the same time. Files that are named one by one may import
	// packages of the module in the working directory.
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(fixture), 0o666); err != nil {
		t.Fatal(err)
	}
	out := t.TempDir()
	r := NewRewriter(sites)
	overlay, err := yield.Lay(out, []yield.Package{{Name: "main", Dir: dir, GoFiles: []string{"main.go"}}}, r.Source,
		Hook())
	if err != nil {
		t.Fatal(err)
	}
	for i, found := range r.Found {
		if !found {
			t.Fatalf("%v was not found", sites[i])
		}
	}
	exe = filepath.Join(out, "program")
	cmd := exec.Command("go", "build", "-overlay", overlay, "-o", exe, filepath.Join(dir, "main.go"),
		filepath.Join(dir, yield.HookFile))
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return exe
}

// TestSlopes checks the slopes of lines whose truth is known, and that the gain that is predicted for a line of half
// the time is that of a crawler in which it takes half the time. All are waits, so that a busy machine changes little.
func TestSlopes(t *testing.T) {
	if testing.Short() {
		t.Skip("measures for half a minute")
	}
	sites := []Site{{"", "main.go", 19}, {"main", "main.go", 32}}
	exe := build(t, sites)
	base := &plan.Plan{Scenario: "fixture", Seed: 1, Sample: 20 * time.Millisecond, Deadline: time.Minute}
	var g plan.Graph
	if err := json.Unmarshal([]byte(`{"Name":"g","Spec":{"Kind":"rmat","Scale":5,"Degree":8,"Seed":1}}`), &g); err != nil {
		t.Fatal(err)
	}
	base.Graphs = []plan.Graph{g}
	measured := func(impl string, rounds int) map[Site]Line {
		x := Experiment{Trial: measure.Trial{Child: []string{exe, "__cell"}, Dir: t.TempDir()}, Plan: base,
			Cell:  plan.Cell{Impl: impl, Graph: "g", Keys: "id", Workers: 4, Procs: 2},
			Sites: sites, Found: []bool{true, true}, Rounds: rounds, Delay: 3 * time.Millisecond}
		lines, err := x.Run(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		all := map[Site]Line{}
		for _, l := range lines {
			all[l.Site] = l
			t.Logf("%s, %v: %s, slope %.3g, %.3g s of %.3g s a page, %.3g visits", impl, l.Site, l.Kind, l.Slope, l.Cost, l.Page, l.Hits)
		}
		return all
	}
	check := func() (wrong []string) {
		slow := measured("slow", 7)
		serial, beside := slow[sites[0]], slow[sites[1]]
		if serial.Kind != Serial || math.Abs(serial.Slope.Value-1) > 0.15 {
			wrong = append(wrong, fmt.Sprintf("the lock has slope %v, %s: want 1", serial.Slope, serial.Kind))
		}
		if beside.Kind == Serial || beside.Slope.Value > 0.3 {
			wrong = append(wrong, fmt.Sprintf("the line beside the lock has slope %v, want about 0", beside.Slope))
		}
		fast := measured("fast", 6)[sites[0]]
		gain, known := serial.Gain(0.5)
		if real := serial.Page/fast.Page - 1; !known || real < gain.Lo*0.7 || real > gain.Hi*1.3 {
			wrong = append(wrong, fmt.Sprintf("half of the time in the lock gained %.2f, predicted %v", real, gain))
		}
		return wrong
	}
	var wrong []string
	for range 3 { // a busy machine may be late for a wait
		late := lateness()
		if wrong = check(); wrong == nil {
			return
		}
		t.Log(wrong)
		if late := late(); late > time.Millisecond {
			t.Skipf("the machine was too busy: waits of 3 ms beside were late by %v in the mean", late)
		}
	}
	t.Error(wrong)
}

// lateness waits for 3 ms again and again, until the function that it returns is called, which returns by how much
// these waits were late in the mean. What counts is how busy the machine is during a measurement, not after it.
func lateness() (mean func() time.Duration) {
	stop, late := make(chan struct{}), make(chan time.Duration)
	go func() {
		const wait = 3 * time.Millisecond
		sum := time.Duration(0)
		for n := time.Duration(1); ; n++ {
			begin := time.Now()
			time.Sleep(wait)
			sum += time.Since(begin) - wait
			select {
			case <-stop:
				late <- sum / n
				return
			default:
			}
		}
	}()
	return func() time.Duration {
		close(stop)
		return <-late
	}
}
