//go:build unix

package measure

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/graph"
	"crawlbench/internal/host/child"
	"crawlbench/internal/plan"
	"crawlbench/internal/stat"
	"crawlbench/internal/store"
)

const (
	oldProgram = "CRAWLBENCH_TEST_OLD" // set: the child acts as one of an older program
	logFile    = "CRAWLBENCH_TEST_LOG"
	markDir    = "CRAWLBENCH_TEST_MARKS"
)

// inTurns returns crawlers whose crawls are longer than leadIn and the longest slice of inBlocks, so that they crawl
// once a turn: crawl 0 is the warm-up, crawl n that of turn n. They do something special in one of their crawls.
func inTurns(right crawl.Func[uint32]) (list []crawl.Crawler) {
	slow := func(name string, f func(n int)) {
		n := -1
		list = append(list, crawl.Crawler{Name: name, ByID: func(
			ctx context.Context, w crawl.Web[uint32], seeds []uint32, o crawl.Options,
		) (crawl.Result, error) {
			time.Sleep(leadIn + 2*time.Millisecond)
			n++
			f(n)
			did, err := right(ctx, w, seeds, o)
			if name == "wrong4" && n == 4 {
				w.Fetch(ctx, seeds[0])
			}
			return did, err
		}})
	}
	in := func(turn int, f func()) func(int) {
		return func(n int) {
			if n == turn {
				f()
			}
		}
	}
	for _, name := range []string{"slow1", "slow2", "slow3"} {
		slow(name, func(n int) {
			if log := os.Getenv(logFile); log != "" && n > 0 {
				if f, err := os.OpenFile(log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666); err == nil {
					fmt.Fprintln(f, name)
					f.Close()
				}
			}
		})
	}
	slow("wrong4", func(int) {})
	slow("dies2", in(2, func() { os.Exit(7) }))
	slow("panics1", in(1, func() { panic("planted") }))
	slow("hangs3", in(3, func() { time.Sleep(time.Hour) }))
	slow("retunes", in(1, func() { time.AfterFunc(12*time.Millisecond, func() { debug.SetGCPercent(-1) }) }))
	slow("restless", func(n int) { // works after its first crawls, in a goroutine that no crawl leaves behind
		if n > 0 && n < 6 {
			time.AfterFunc(3*time.Millisecond, func() { burn(12 * time.Millisecond) })
		}
	})
	slow("stays2", in(2, func() { // in the first process that finds where to leave its mark
		if os.Mkdir(filepath.Join(os.Getenv(markDir), "stays"), 0o777) == nil {
			time.Sleep(time.Hour)
		}
	}))
	return list
}

// inBlocks lets a scenario take blocks.
func inBlocks(change func(*plan.Scenario)) func(*plan.Scenario) {
	return func(s *plan.Scenario) {
		s.Turns, s.Slice, s.Sample, s.Rest = 6, time.Millisecond, 100*time.Millisecond, 0
		if change != nil {
			change(s)
		}
	}
}

// manyTurns lets blocks take all their turns, however slow the machine is.
func manyTurns(s *plan.Scenario) { s.Sample = time.Minute }

// actOld answers a job as a program does that knows no residents, or no fleets.
func actOld() int {
	in, err := io.ReadAll(os.Stdin)
	var job map[string]any
	if err == nil {
		err = json.Unmarshal(in, &job)
	}
	unknown := "Resident"
	if os.Getenv(oldProgram) == "fleets" {
		unknown = "Fleet"
	}
	delete(job, unknown)
	in, _ = json.Marshal(job)
	if err == nil {
		err = Child(context.Background(), bytes.NewReader(in), table())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func TestBlocksHaveSlicesOfAllCrawlers(t *testing.T) {
	r, run := start(t, inBlocks(func(s *plan.Scenario) {
		s.Control, s.Against = true, true
		s.Rates = []plan.Rate{0, 5000}
	}), "mutexmap", "cas")
	r.Against = os.Args[0]
	if err := r.Do(t.Context()); err != nil {
		t.Fatal(err)
	}
	p := run.Plan()
	if len(run.Failed()) > 0 || len(run.Samples()) != len(p.Schedule) || len(p.Schedule) != 2*2*5 {
		t.Fatalf("failed: %+v; %d samples of %d", run.Failed(), len(run.Samples()), len(p.Schedule))
	}
	records := run.Records()
	for i := 0; i < len(records); {
		if strings.Contains(records[i].Cell, "rate=5000") {
			if s := records[i].Sample; records[i].More != 0 || len(s.Slices) != 0 || s.Outside != 0 {
				t.Errorf("%s: a fresh process with %+v", records[i].Cell, s)
			}
			i++
			continue
		}
		block := records[i:min(i+5, len(records))]
		checkBlock(t, block)
		i += len(block)
	}
}

// Retained bytes are measured once, in the first round.
func TestBlocksMeasureRetainedBytesOnce(t *testing.T) {
	const pages = 20_000
	r, run := start(t, inBlocks(func(s *plan.Scenario) {
		s.Deadline = 10 * time.Second
		s.SetGraphs(plan.Graph{Name: "g", Spec: graph.Spec{Kind: "hosts", Pages: pages}})
	}), "mutexmap")
	if err := r.Do(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(run.Samples()) != 2 {
		t.Fatalf("%d samples, failed: %+v", len(run.Samples()), run.Failed())
	}
	for _, rec := range run.Samples() {
		if got := rec.Sample.Retained; (got > 0) != (rec.Round == 0) || got > 0 && got < 4 || got > 100 {
			t.Errorf("round %d: %v retained bytes per page, want 4 to 100 in the first round", rec.Round, got)
		}
	}
}

// checkBlock checks the records of a block.
func checkBlock(t *testing.T, block []store.Record) {
	t.Helper()
	var logs [][]float64
	for i, rec := range block {
		s := rec.Sample
		if s == nil || rec.More != len(block)-1-i || len(s.Slices) < 1 || len(s.Slices) > 6 ||
			len(s.Slices) != len(block[0].Sample.Slices) || rec.Round != block[0].Round {
			t.Fatalf("record %d of a block: %+v", i, rec)
		}
		var means []float64
		seconds := s.Seconds
		for _, slice := range s.Slices {
			sum := 0.0
			for _, sec := range seconds[:slice.Crawls] {
				sum += sec
			}
			if seconds = seconds[slice.Crawls:]; math.Abs(sum/slice.Seconds-1) > 1e-6 {
				t.Errorf("%s: a slice of %v s has crawls of %v s", rec.Cell, slice.Seconds, sum)
			}
			took := time.Duration(slice.Seconds*1e9) + 1
			if !sliceEnds(slice.Crawls, took, time.Millisecond, lead{crawls: turnCrawls}) {
				t.Errorf("%s: a slice ended after %d crawls in %v s", rec.Cell, slice.Crawls, slice.Seconds)
			}
			means = append(means, math.Log(slice.Seconds/float64(slice.Crawls)))
		}
		logs = append(logs, means)
		if len(s.Values) != len(store.Units()) || s.Values["pages/op"] != 400 || s.Values["cpu-sec/op"] <= 0 {
			t.Errorf("%s: values %v", rec.Cell, s.Values)
		}
		for _, name := range []string{"others-sec", "steal-sec", "gc-sec", "run-delay-sec"} {
			if _, ok := s.Host[name]; !ok {
				t.Errorf("%s: no %s", rec.Cell, name)
			}
		}
		end := rec.Start.Add(time.Duration(rec.Wall * 1e9))
		if i+1 < len(block) && block[i+1].Start.Sub(end).Abs() > time.Millisecond {
			t.Errorf("%s ended at %v, the next began at %v", rec.Cell, end, block[i+1].Start)
		}
	}
	means, err := stat.BlockMeans(logs)
	if err != nil {
		t.Fatal(err)
	}
	for i, rec := range block {
		if got := math.Log(rec.Sample.Values["sec/op"]); math.Abs(got-means[i]) > 1e-9 {
			t.Errorf("%s: log sec/op %v, the estimate of its slices is %v", rec.Cell, got, means[i])
		}
	}
}

// A crawler that fails in the middle of a block is out with its class; the others have a complete block without it.
func TestCrawlerThatFailsInABlock(t *testing.T) {
	for name, want := range map[string]struct{ class, message string }{
		"dies2":    {"exit", "exit code 7"},
		"panics1":  {"panic", "planted"},
		"hangs3":   {"hang", "still waiting"},
		"wrong4":   {"wrong", "had been fetched before"},
		"retunes":  {"wrong", "the GC percentage is off"}, // between its turns
		"panics":   {"panic", "planted"},                  // while it warms up
		"leaks":    {"wrong", "goroutines were left"},
		"forks":    {"wrong", "left behind: sleep 61"},
		"modifies": {"wrong", "it wrote to the links that Fetch returned"},
		"junk":     {"wrong", "file descriptor 3"},
		"goexits":  {"exit", "runtime.Goexit"},
		"killed":   {"killed", "killed twice"},
		"eats":     {"memory", "memory limit"},
	} {
		if underRace && !slices.Contains([]string{"dies2", "wrong4", "hangs3", "killed"}, name) {
			continue // one of each way in which this process learns of a failure
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, run := start(t, inBlocks(manyTurns), "slow1", name, "slow2")
			if want.class == "hang" || name == "junk" { // whose answer is not heard
				r.Setup = time.Second
			}
			if err := r.Do(t.Context()); err != nil {
				t.Fatal(err)
			}
			if len(run.Failed()) != 1 || len(run.Samples()) != 4 {
				t.Fatalf("failed %+v, %d samples", run.Failed(), len(run.Samples()))
			}
			for id, rec := range run.Failed() {
				f := rec.Failure
				if !strings.Contains(id, "impl="+name) || f.Class != want.class ||
					!strings.Contains(f.Message, want.message) {
					t.Errorf("%s: %s: %s; want %s: %s", id, f.Class, f.Message, want.class, want.message)
				}
			}
			for i, rec := range run.Records()[1:] {
				if rec.Sample == nil || len(rec.Sample.Slices) != 6 || rec.More != (i+1)%2 {
					t.Errorf("record %d after the failure: %+v", i+1, rec)
				}
			}
		})
	}
}

// A slice that is longer than a sample may take does not count against its crawler; a crawl in it may take as long as
// a sample.
func TestLongSlicesAreNoHang(t *testing.T) {
	r, run := start(t, inBlocks(func(s *plan.Scenario) {
		s.Turns, s.Slice, s.Rounds, s.Deadline = 1, 2*time.Second, 1, 200*time.Millisecond
	}), "mutexmap", "cas")
	r.Setup = 1500 * time.Millisecond
	if err := r.Do(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(run.Failed()) > 0 || len(run.Samples()) != 2 {
		t.Errorf("failed %+v, %d samples", run.Failed(), len(run.Samples()))
	}
}

// The crawlers of a block take turns in the order of the plan.
func TestTurnsFollowThePlan(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	t.Setenv(logFile, log)
	r, run := start(t, inBlocks(manyTurns), "slow1", "slow2", "slow3")
	if err := r.Do(t.Context()); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Fields(string(text))
	// A block that was disturbed is there twice, and the first round ends with the crawls that measure retained bytes.
	for round := range 2 {
		var want []string
		for turn := range 6 {
			for _, i := range run.Plan().Order(round, run.Plan().Cells[0].Group(), turn, 3) {
				want = append(want, run.Plan().Cells[i].Impl)
			}
		}
		found := false
		for i := range len(lines) - len(want) + 1 {
			found = found || slices.Equal(lines[i:i+len(want)], want)
		}
		if !found {
			t.Errorf("round %d: want %v in %v", round+1, want, lines)
		}
	}
}

// A resident that would work while it waits cannot: it is stopped. Its known-bad twin is the next test.
func TestResidentPausesBetweenItsTurns(t *testing.T) {
	if !child.CanPause {
		t.Skip("a waiting process cannot be stopped here")
	}
	r, run := start(t, inBlocks(func(s *plan.Scenario) { s.Rounds = 1; manyTurns(s) }), "slow1", "restless")
	if err := r.Do(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, rec := range run.Samples() {
		s := rec.Sample
		if slices.Contains(s.Flags, busyBetween) || len(s.Slices) != 6 {
			t.Errorf("%s: flags %v, %d slices", rec.Cell, s.Flags, len(s.Slices))
		}
		if s.Outside > outsideShare*12e-3*6 { // of the time for which it would work
			t.Errorf("%s: %v s outside of its turns", rec.Cell, s.Outside)
		}
	}
}

// Where processes cannot be stopped, a resident that works while it waits disturbs the others: it is flagged, the block
// is taken again as a whole, and both attempts are kept.
func TestResidentThatWorksBetweenItsTurnsIsFlagged(t *testing.T) {
	neverPause = true
	defer func() { neverPause = false }()
	for try := 1; ; try++ {
		wrong, preempted := resultOfRestless(t)
		if len(wrong) == 0 {
			return
		}
		if !preempted || try == 5 { // other programs may leave it no time for that
			t.Fatalf("try %d: %s", try, strings.Join(wrong, "\n"))
		}
	}
}

// resultOfRestless takes a block with a resident that works between its turns. It returns what is wrong with the result
// and whether other programs used the processors in both attempts.
func resultOfRestless(t *testing.T) (wrong []string, preempted bool) {
	r, run := start(t, inBlocks(func(s *plan.Scenario) { s.Rounds = 1; manyTurns(s) }), "slow1", "restless")
	if err := r.Do(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(run.Samples()) != 2 {
		t.Fatalf("%d samples, failed %+v", len(run.Samples()), run.Failed())
	}
	outside := map[bool]float64{} // of the restless one and of the other, which a busy machine may preempt
	for _, rec := range run.Samples() {
		s, restless := rec.Sample, strings.Contains(rec.Cell, "restless")
		if s.Before == nil || len(s.Before.Slices) != 6 {
			wrong = append(wrong, fmt.Sprintf("%s: before %+v", rec.Cell, s.Before))
			continue
		}
		outside[restless] = s.Outside + s.Before.Outside
		has := func(flag string) (now, before bool) {
			return slices.Contains(s.Flags, flag), slices.Contains(s.Before.Flags, flag)
		}
		now, before := has("preempted")
		preempted = preempted || now && before
		// On a busy machine one of the two attempts may leave it no time for that.
		if now, before := has(busyBetween); restless && !now && !before {
			wrong = append(wrong, fmt.Sprintf("%s: flags %v, before %v; %v s outside of its turns", rec.Cell, s.Flags,
				s.Before.Flags, s.Outside))
		}
	}
	if outside[true] < 0.005 || outside[true] < 2*outside[false] {
		wrong = append(wrong, fmt.Sprintf("outside of their turns %v s, want 5 ms of most turns of one, and little of "+
			"the other", outside))
	}
	return wrong, preempted
}

// What follows a crawl is waited for, until it has ended or lasts too long.
func TestSettle(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct{ works, most, least, longest time.Duration }{
		{0, 2 * ms, settleStep, settleStep},
		{5 * ms, 8 * ms, 5 * ms, 5*ms + 2*settleStep},
		{5 * ms, 2 * ms, 2 * ms, 2*ms + settleStep},
	} {
		synctest.Test(t, func(t *testing.T) {
			begin := time.Now()
			used := func() time.Duration { return min(time.Since(begin), c.works) }
			got, took := settle(used, c.most), time.Since(begin)
			if got != min(took, c.works) || took < c.least || took > c.longest {
				t.Errorf("%+v: waited for %v, until %v were used", c, took, got)
			}
		})
	}
}

// A resident that is stopped for a while, or killed from outside, does not count against its crawler.
func TestBlockDisturbedFromOutsideIsTakenAgain(t *testing.T) {
	for name, frozenBefore := range map[string]bool{"pauses": true, "unlucky": false} {
		flags := map[bool][]string{} // of the first attempt, of that one and of the other
		// This process may freeze too.
		for try := 0; try == 0 || try < 5 && slices.Contains(flags[false], frozen); try++ {
			clear(flags)
			t.Setenv("CRAWLBENCH_TEST_MARK", filepath.Join(t.TempDir(), "mark"))
			r, run := start(t, inBlocks(func(s *plan.Scenario) { s.Rounds = 1 }), "slow1", name)
			if err := r.Do(t.Context()); err != nil {
				t.Fatal(err)
			}
			if len(run.Failed()) > 0 || len(run.Samples()) != 2 {
				t.Fatalf("%s: failed %+v, %d samples", name, run.Failed(), len(run.Samples()))
			}
			for _, rec := range run.Samples() {
				if before := rec.Sample.Before; before != nil {
					flags[strings.Contains(rec.Cell, name)] = before.Flags
				} else if frozenBefore {
					t.Errorf("%s: it was taken once", rec.Cell)
				}
			}
		}
		if frozenBefore && (!slices.Contains(flags[true], frozen) || slices.Contains(flags[false], frozen)) {
			t.Errorf("%s: the flags of the first attempt are %v, those of the other crawler %v", name, flags[true],
				flags[false])
		}
	}
}

func TestInterruptedBlockLeavesNoRecord(t *testing.T) {
	marks := filepath.Join(t.TempDir(), "marks")
	t.Setenv(markDir, marks)
	r, run := start(t, inBlocks(nil), "slow1", "stays2", "slow3")
	r.Setup = time.Minute
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("stopped")
	r.Watch = func(e Event) {
		if e.Round == 1 && e.Record == nil && os.Mkdir(marks, 0o777) == nil {
			go func() { // until the block is in its second turn
				for ctx.Err() == nil {
					if _, err := os.Stat(filepath.Join(marks, "stays")); err == nil {
						cancel(stop)
					}
					time.Sleep(time.Millisecond)
				}
			}()
		}
	}
	if err := r.Do(ctx); err != stop {
		t.Errorf("error %v", err)
	}
	if len(run.Records()) != 3 {
		t.Errorf("%d records, want those of the first block", len(run.Records()))
	}
	r.Watch = nil
	if err := r.Do(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(run.Samples()) != 6 {
		t.Errorf("%d samples in the end, want 6", len(run.Samples()))
	}
	checkMore(t, run)
}

func checkMore(t *testing.T, run *store.Run) {
	t.Helper()
	for i, rec := range run.Records() {
		if want := 2 - i%3; rec.More != want {
			t.Errorf("record %d: %d more, want %d", i, rec.More, want)
		}
	}
}

func TestProgramThatKnowsNoBlocksIsAnError(t *testing.T) {
	t.Setenv(oldProgram, "1")
	r, run := start(t, inBlocks(nil), "mutexmap", "cas")
	err := r.Do(t.Context())
	const want = "was built from an older crawlbench: rebuild it, or set turns = 0"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v", err)
	}
	if len(run.Records()) > 0 {
		t.Errorf("records %+v", run.Records())
	}
}

func TestLengthOfASlice(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		crawl time.Duration
		want  int
	}{
		{time.Microsecond, 5000}, {600 * time.Microsecond, 9}, {ms, 5}, {2 * ms, 3},
		{3 * ms, 2}, {4 * ms, 2}, {6 * ms, 3}, {8 * ms, 2}, {9 * ms, 1},
		{10 * ms, 2}, {13 * ms, 1}, {24 * ms, 1}, {25 * ms, 1}, {time.Hour, 1},
	} {
		n, before := 0, leadOf(c.crawl, 5*ms)
		for !sliceEnds(n, time.Duration(n)*c.crawl, 5*ms, before) {
			n++
		}
		if n != c.want {
			t.Errorf("crawls of %v: a slice has %d, want %d", c.crawl, n, c.want)
		}
	}
}

// Slow crawlers do not take a minute: a block lasts at most about twice as long as samples in fresh processes.
func TestTurnsOfSlowCrawlers(t *testing.T) {
	for _, c := range []struct {
		seconds []float64 // of a slice with one crawl
		want    int
	}{
		{[]float64{0.005, 0.005, 0.02}, 6}, {[]float64{0.03, 0.03}, 6}, {[]float64{0.05, 0.05}, 4},
		{[]float64{0.1, 0.1}, 2},
		{[]float64{1, 1, 1}, 2}, {[]float64{0.21, 0.005}, 2},
		{[]float64{1, 0.005, 0.005, 0.005}, 2}, {[]float64{60}, 2}, {[]float64{1e-3}, 6},
	} {
		var list []*player
		for _, s := range c.seconds {
			list = append(list, &player{slices: []store.Slice{{Crawls: 1, Seconds: s}}})
		}
		if got := turnsOf(list, 6, 100*time.Millisecond); got != c.want {
			t.Errorf("slices of %v s: %d turns, want %d", c.seconds, got, c.want)
		}
	}
}

// Groups whose processes do not fit into half of the free memory have fresh processes.
func TestBlocksNeedMemory(t *testing.T) {
	_, run := start(t, inBlocks(func(s *plan.Scenario) {
		s.Keys, s.Rates, s.Memory = []string{"id", "url"}, []plan.Rate{0, 5000}, 0
	}), "mutexmap", "cas")
	graphs := []Graph{{Info: store.GraphInfo{Name: "g", Pages: 1 << 20, Links: 1 << 24}}}
	const byID, byURL = 2 * 2 * (32<<20 + 1<<30), 2 * 2 * (32<<20 + 1<<30 + 80<<20 + 16<<24)
	for free, want := range map[int64]string{
		byID - 4: "", byID: "id", byURL - 4: "id", byURL: "id url", 0: "id url", // 0 is unknown
	} {
		p := *run.Plan()
		p.Cells = slices.Clone(p.Cells)
		SetResidents(&p, graphs, free)
		var got []string
		for _, c := range p.Cells {
			if c.Resident && !slices.Contains(got, c.Keys) {
				got = append(got, c.Keys)
			}
		}
		if err := p.Check(); err != nil || strings.Join(got, " ") != want {
			t.Errorf("%d bytes are free: blocks for %q, want %q; error %v", free, got, want, err)
		}
	}
	p := *run.Plan()
	p.Cells, p.Memory = slices.Clone(p.Cells), 64<<20
	SetResidents(&p, graphs, 2*2*64<<20)
	if !slices.ContainsFunc(p.Cells, func(c plan.Cell) bool { return c.Resident }) {
		t.Error("a limit on the memory of each process is not used")
	}
}

// Blocks of a group rest between each other; what else there is to measure comes first.
func TestBlocksOfAGroupRest(t *testing.T) {
	r, run := start(t, inBlocks(func(s *plan.Scenario) {
		s.Rates, s.Workers, s.Rest = []plan.Rate{0, 5000}, []plan.Count{{N: 1}, {N: 2}}, 2*time.Second
	}), "mutexmap", "cas")
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		slots, _ := run.Pending()
		units := r.units(slots, 0)
		if len(units) != 2+4 {
			t.Fatalf("%d units, want 2 blocks and 4 single cells", len(units))
		}
		group := func(i int) plan.Cell { return run.Plan().Cells[units[i][0].Cell].Group() }
		slices.SortStableFunc(units, func(a, b []plan.Slot) int { return len(b) - len(a) }) // the blocks first
		check := func(units [][]plan.Slot, index int, wait time.Duration) {
			t.Helper()
			if i, d := r.next(units, now); i != index || d != wait {
				t.Errorf("unit %d after %v, want %d after %v", i, d, index, wait)
			}
		}
		check(units, 0, 0)
		r.ended = map[plan.Cell]time.Time{group(0): now.Add(-time.Second)}
		check(units, 1, 0)
		r.ended[group(1)] = now.Add(-1500 * time.Millisecond)
		check(units, 2, 0)
		check(units[:2], 1, 500*time.Millisecond)
		check(units[:1], 0, time.Second)
		r.ended[group(0)] = now.Add(-2 * time.Second)
		check(units, 0, 0)
		if err := pause(t.Context(), time.Hour); err != nil || time.Since(now) != time.Hour {
			t.Errorf("%v after %v", err, time.Since(now))
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		stop := errors.New("stopped")
		cancel(stop)
		if err := pause(ctx, time.Hour); err != stop {
			t.Errorf("error %v", err)
		}
	})
}

// While the only group rests, the profiles are taken.
func TestProfilesFillTheRests(t *testing.T) {
	r, run := start(t, inBlocks(func(s *plan.Scenario) {
		s.Rest, s.Rounds = time.Second, 3
		s.Profiles = plan.Profiles{Kinds: []string{"block", "mutex"}, Length: 5 * time.Millisecond}
	}), "mutexmap", "cas")
	if err := r.Do(t.Context()); err != nil {
		t.Fatal(err)
	}
	var kinds []store.Kind
	for _, rec := range run.Records() {
		kinds = append(kinds, rec.Kind)
	}
	passes := len(run.Plan().Passes)
	if len(kinds) != 3*2+passes || passes == 0 {
		t.Fatalf("%d records, %d passes planned", len(kinds), passes)
	}
	if kinds[2] != store.KindProfile || kinds[len(kinds)-1] != store.KindSample {
		t.Errorf("records %v: want profiles after the first block and none at the end", kinds)
	}
	if r.passed == 0 {
		t.Error("the time of the passes would count as that of the rounds")
	}
}
