//go:build unix

package profile

import (
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/pprof/profile"
	"golang.org/x/sys/unix"
)

// collect runs f as two crawls, and other before each as the harness would, and returns the
// profiles.
func collect(t *testing.T, kinds []string, f, other func()) map[string]*Profile {
	t.Helper()
	c, err := Start(kinds)
	if err != nil {
		t.Fatal(err)
	}
	other()
	c.Crawl(f)
	other()
	c.Crawl(f)
	profiles, err := c.Stop()
	if err != nil {
		t.Fatal(err)
	}
	return profiles
}

// valueBelow returns the last value of p summed over stacks with a function whose name has the
// given suffix, and over all.
func valueBelow(p *Profile, name string) (part, whole int64) {
	last := len(p.SampleType) - 1
	for _, s := range p.Sample {
		whole += s.Value[last]
		if slices.ContainsFunc(functions(s), func(f string) bool { return strings.HasSuffix(f, name) }) {
			part += s.Value[last]
		}
	}
	return part, whole
}

// long is how long goroutines wait in these tests, once they wait.
const long = 50 * time.Millisecond

// waiting returns how many goroutines wait in a function of this package.
func waiting(function string) (n int) {
	text := make([]byte, 1<<20)
	for _, g := range strings.Split(string(text[:runtime.Stack(text, true)]), "\n\n") {
		head, stack, _ := strings.Cut(g, "\n")
		if strings.Contains(stack, "/profile."+function+"(") && !strings.Contains(head, "[run") {
			n++
		}
	}
	return n
}

// hold makes one goroutine hold a lock while two wait for it, and joins them.
func hold() {
	var mu sync.Mutex
	var pool sync.WaitGroup
	mu.Lock()
	for range 2 {
		pool.Go(func() {
			waitForLock(&mu)
			mu.Unlock()
		})
	}
	for waiting("waitForLock") < 2 {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(long)
	mu.Unlock()
	pool.Wait()
}

//go:noinline
func waitForLock(mu *sync.Mutex) { mu.Lock() }

//go:noinline
func waitForValue(c chan int) int { return <-c }

func harnessWaits() {
	c := make(chan int)
	go func() {
		time.Sleep(20 * time.Millisecond)
		c <- 1
	}()
	harnessReceives(c)
}

//go:noinline
func harnessReceives(c chan int) { <-c }

func TestLockShowsAtWaiterAndHolder(t *testing.T) {
	profiles := collect(t, []string{"block", "mutex"}, hold, harnessWaits)
	part, whole := valueBelow(profiles["block"], ".waitForLock")
	// Of another test: these profiles cover the life of the process.
	other, _ := valueBelow(profiles["block"], ".waitForValue")
	whole -= other
	// Two crawls with two waiters each: more than three of the four.
	if part < int64(long)*32/10 || part < whole*95/100 {
		t.Errorf("block: %v of %v wait for the lock", time.Duration(part), time.Duration(whole))
	}
	for kind, p := range profiles {
		for _, not := range []string{".harnessReceives", "sync.(*WaitGroup).Wait"} {
			if part, _ := valueBelow(p, not); part != 0 {
				t.Errorf("%s: %v of %s", kind, time.Duration(part), not)
			}
		}
	}
	if part, whole := valueBelow(profiles["mutex"], "sync.(*Mutex).Unlock"); part == 0 || part < whole/2 {
		t.Errorf("mutex: %v of %v at the unlock", time.Duration(part), time.Duration(whole))
	}
}

// A goroutine that owns the state may be the one that called the crawler: its channels count, only
// the join does not.
func TestChannelsOfTheCallerStay(t *testing.T) {
	owner := func() {
		c := make(chan int)
		var pool sync.WaitGroup
		pool.Go(func() {
			for waiting("waitForValue") < 1 {
				time.Sleep(time.Millisecond)
			}
			time.Sleep(long)
			c <- 1
			time.Sleep(20 * time.Millisecond)
		})
		waitForValue(c)
		pool.Wait()
	}
	p := collect(t, []string{"block"}, owner, func() {})["block"]
	part, whole := valueBelow(p, ".waitForValue")
	// Of the test above: these profiles cover the life of the process.
	before, _ := valueBelow(p, ".waitForLock")
	if part < int64(long)*12/10 || part != whole-before { // more than one of two crawls
		t.Errorf("%v of %v wait for the value", time.Duration(part), time.Duration(whole))
	}
	for _, s := range p.Sample {
		if names := functions(s); strings.Contains(names[len(names)-1], "Collector") ||
			strings.HasPrefix(names[len(names)-1], "testing.") {
			t.Errorf("the stack begins with the harness: %v", names)
		}
	}
}

// The first garbage collection makes the goroutine that begins it wait on a channel of the runtime.
func TestWaitsOfTheRuntimeAreNotContention(t *testing.T) {
	for name, foreign := range map[string]bool{"runtime.gcBgMarkStartWorkers": true, "runtime.saveblockevent": true,
		"runtime.mallocgc": false} {
		s := &profile.Sample{}
		for _, f := range []string{"runtime.chanrecv1", name, "example/mine.worker"} {
			line := profile.Line{Function: &profile.Function{Name: f}}
			s.Location = append(s.Location, &profile.Location{Line: []profile.Line{line}})
		}
		if got := isForeignWait(s); got != foreign {
			t.Errorf("%s: foreign %v, want %v", name, got, foreign)
		}
	}
}

//go:noinline
func crawlBurns(d time.Duration) float64 { return spin(d) }

//go:noinline
func harnessBurns(d time.Duration) float64 { return spin(d) }

// spin uses d of processor time, however long that takes on a busy machine.
func spin(d time.Duration) (x float64) {
	used := func() time.Duration {
		var u unix.Rusage
		unix.Getrusage(unix.RUSAGE_SELF, &u)
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	for start := used(); used()-start < d; {
		for i := range 1000 {
			x += math.Sqrt(float64(i))
		}
	}
	return x
}

func TestCPUIsOfTheCrawlAndItsGoroutines(t *testing.T) {
	crawl := func() {
		var pool sync.WaitGroup
		pool.Go(func() { crawlBurns(150 * time.Millisecond) })
		pool.Wait()
	}
	p := collect(t, []string{"cpu"}, crawl, func() { harnessBurns(150 * time.Millisecond) })["cpu"]
	part, whole := valueBelow(p, ".crawlBurns")
	if part < int64(100*time.Millisecond) || part < whole*8/10 {
		t.Errorf("%v of %v belong to the crawl", time.Duration(part), time.Duration(whole))
	}
	if part, _ := valueBelow(p, ".harnessBurns"); part != 0 {
		t.Errorf("%v belong to the harness", time.Duration(part))
	}
	for _, s := range p.Sample {
		if len(s.Label) > 0 {
			t.Errorf("a label is left: %v", s.Label)
		}
	}
}

func TestStartRefusesMixtures(t *testing.T) {
	for _, kinds := range [][]string{{"cpu", "block"}, {"heap"}, {"mutex", "cpu"}} {
		if c, err := Start(kinds); err == nil {
			c.Stop()
			t.Errorf("%v: started", kinds)
		}
	}
}

// singleSample returns a profile with a single sample.
func singleSample(value int64, unit string) *Profile {
	f := &profile.Function{ID: 1, Name: "f"}
	l := &profile.Location{ID: 1, Line: []profile.Line{{Function: f}}}
	return &Profile{
		SampleType: []*profile.ValueType{{Type: "contentions", Unit: "count"}, {Type: "delay", Unit: unit}},
		PeriodType: &profile.ValueType{}, Function: []*profile.Function{f}, Location: []*profile.Location{l},
		Sample: []*profile.Sample{{Location: []*profile.Location{l}, Value: []int64{2, value}}},
	}
}

func TestGoReadsWhatIsWritten(t *testing.T) {
	for name, p := range map[string]*Profile{"one": singleSample(5e6, "nanoseconds"), "empty": {
		SampleType: singleSample(0, "nanoseconds").SampleType, PeriodType: &profile.ValueType{}}} {
		path := filepath.Join(t.TempDir(), name+".pb.gz")
		Annotate(p, "the cell", []string{"pages=12", "crawls=3"})
		if err := Write(path, p); err != nil {
			t.Fatal(err)
		}
		back, err := Read(path)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(back.Comments, []string{"pages=12", "crawls=3"}) || back.Mapping[0].File != "the cell" ||
			len(back.Sample) != len(p.Sample) {
			t.Errorf("%s: read back %v", name, back)
		}
		out, err := exec.Command("go", "tool", "pprof", "-top", path).CombinedOutput()
		if err != nil || !strings.Contains(string(out), "File: the cell") ||
			!strings.Contains(string(out), "pages=12") {
			t.Errorf("%s: go tool pprof: %v\n%s", name, err, out)
		}
	}
}

func TestReadNamesTheDamagedFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.pb.gz")
	if _, err := Read(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("no file: %v", err)
	}
	os.WriteFile(path, []byte("nonsense"), 0o666)
	if _, err := Read(path); err == nil || !strings.Contains(err.Error(), path+": damaged file") {
		t.Errorf("nonsense: %v", err)
	}
}

func TestScaledHasTheSameNumberOfPages(t *testing.T) {
	base, p := singleSample(100, "nanoseconds"), singleSample(1000, "nanoseconds")
	scaled, err := Scaled(base, 50, p, 200)
	if err != nil || scaled.Sample[0].Value[1] != 400 || base.Sample[0].Value[1] != 100 {
		t.Errorf("%v, %v; the base is now %v", scaled, err, base)
	}
	if _, err := Scaled(base, 0, p, 200); err == nil {
		t.Error("a base without pages is scaled")
	}
	if _, err := Scaled(singleSample(1, "seconds"), 50, p, 200); err == nil ||
		!strings.Contains(err.Error(), "different things") {
		t.Errorf("another unit: %v", err)
	}
}

func TestSameTotalComparesCompositions(t *testing.T) {
	base, p := singleSample(100, "nanoseconds"), singleSample(1000, "nanoseconds")
	scaled, err := SameTotal(base, p)
	if err != nil || scaled.Sample[0].Value[1] != 1000 || base.Sample[0].Value[1] != 100 {
		t.Errorf("%v, %v; the base is now %v", scaled, err, base)
	}
	if _, err := SameTotal(singleSample(1, "seconds"), p); err == nil {
		t.Error("another unit is scaled")
	}
	p.Sample = nil
	if _, err := SameTotal(base, p); err == nil || !strings.Contains(err.Error(), "one of them is empty") {
		t.Errorf("to nothing: %v", err)
	}
}
