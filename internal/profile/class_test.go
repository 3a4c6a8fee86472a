package profile

import (
	"math"
	"strings"
	"testing"

	"github.com/google/pprof/profile"
)

// stackOf returns a stack, leaf first, from the names of its functions.
func stackOf(names string) []string { return strings.Fields(names) }

func TestClasses(t *testing.T) {
	const own = " mine.(*set).add mine.(*set).AddNew crawlbench/internal/crawl/engine.(*worker[go.shape.uint32]).run"
	for _, test := range []struct {
		class Class
		stack string
	}{
		{OwnCode, "mine.spin" + own},
		{OwnCode, "runtime.memequal strings.Index" + own},
		{OwnCode, "runtime.asyncPreempt" + own},
		{OwnCode, "memeqbody bytes.Equal" + own},
		{Maps, "internal/runtime/maps.(*Map).getWithKey runtime.mapaccess2_fast32" + own},
		{Maps, "aeshashbody runtime.strhash runtime.mapassign_faststr" + own},
		{Maps, "runtime.memmove runtime.typedmemmove runtime.mapassign" + own},
		{Maps, "sync/atomic.(*Pointer[go.shape.int]).Load internal/sync.(*HashTrieMap[go.shape.int]).Load" + own},
		{Atomics, "sync/atomic.(*Int64).Add" + own},
		{Atomics, "internal/runtime/atomic.(*Int32).Add sync.(*RWMutex).RLock" + own},
		{Atomics, "internal/sync.(*Mutex).Lock sync.(*Mutex).Lock" + own},
		{Atomics, "runtime.asyncPreempt internal/sync.(*Mutex).Unlock sync.(*Mutex).Unlock" + own},
		{LockPath, "runtime.procyield sync.runtime_doSpin internal/sync.(*Mutex).lockSlow sync.(*Mutex).Lock" + own},
		{LockPath, "runtime.futex runtime.futexwakeup runtime.notewakeup runtime.startm runtime.wakep runtime.ready " +
			"runtime.goready.func1 runtime.systemstack runtime.goready runtime.readyWithTime runtime.semrelease1 " +
			"internal/sync.runtime_Semrelease internal/sync.(*Mutex).unlockSlow" + own},
		{LockPath, "runtime.lock2 runtime.semacquire1 sync.runtime_SemacquireRWMutexR sync.(*RWMutex).RLock" + own},
		{Channels, "runtime.lock2 runtime.chansend runtime.chansend1" + own},
		{Channels, "runtime.futex runtime.notewakeup runtime.startm runtime.ready runtime.goready runtime.send " +
			"runtime.chansend runtime.chansend1" + own},
		{Allocate, "runtime.nextFreeFast runtime.mallocgc runtime.acquireSudog runtime.chansend" + own},
		{Scheduler, "runtime.futex runtime.futexsleep runtime.notesleep runtime.stopm runtime.findRunnable " +
			"runtime.schedule runtime.park_m runtime.mcall"},
		{Scheduler, "internal/runtime/syscall/linux.Syscall6 internal/runtime/syscall/linux.EpollWait runtime.netpoll " +
			"runtime.findRunnable runtime.schedule runtime.park_m runtime.mcall"}, // the scheduler waits for a timer
		{Scheduler, "runtime.gosched_m runtime.mcall runtime.Gosched" + own},
		{Scheduler, "sync.runtime_notifyListNotifyAll sync.(*Cond).Broadcast" + own},
		{Syscalls, "internal/runtime/syscall.Syscall6 syscall.RawSyscall6 syscall.Syscall syscall.write " +
			"internal/poll.(*FD).Write os.(*File).Write" + own},
		{Allocate, "runtime.memclrNoHeapPointers runtime.mallocgcLarge runtime.mallocgc runtime.makeslice" + own},
		{Allocate, "runtime.memmove runtime.growslice" + own},
		{Collect, "runtime.scanobject runtime.gcDrainN runtime.gcAssistAlloc1 runtime.mallocgc runtime.newobject" + own},
		{Collect, "runtime.scanObject runtime.gcDrain runtime.gcBgMarkWorker.func2 runtime.systemstack " +
			"runtime.gcBgMarkWorker"},
		{Copying, "runtime.memmove" + own},
		{Harness, "runtime.memmove crawlbench/internal/web.(*Site).links crawlbench/internal/web.byID.Fetch" + own},
		{Harness, "runtime.futex internal/sync.(*Mutex).lockSlow golang.org/x/time/rate.(*Limiter).Wait" + own},
	} {
		if got := Of(stackOf(test.stack)); got != test.class {
			t.Errorf("%s: %s, want %s", test.stack, got, test.class)
		}
	}
}

// sampleOf returns a sample of ms milliseconds with the given stack, leaf first; label "" is none.
func sampleOf(ms int64, label string, names ...string) *profile.Sample {
	s := &profile.Sample{Value: []int64{ms / 10, ms * 1e6}}
	if label != "" {
		s.Label = map[string][]string{labelKey: {label}}
	}
	for i, name := range names {
		s.Location = append(s.Location, &profile.Location{Line: []profile.Line{{Line: int64(10 + i),
			Function: &profile.Function{Name: name, Filename: "dir/set.go"}}}})
	}
	return s
}

// Samples belong to the repeat of their label; those without a label are divided by the processor time.
func TestSamplesAreDividedOverRepeats(t *testing.T) {
	p := &Profile{Sample: []*profile.Sample{
		sampleOf(30, "crawl0", "internal/sync.(*Mutex).lockSlow", "mine.add", "mine.run"),
		sampleOf(50, "crawl1", "mine.add", "mine.run"),
		sampleOf(10, "crawl1", "mine.add", "mine.run"),
		sampleOf(40, "", "runtime.findRunnable", "runtime.mcall"),
	}}
	repeats := []Repeat{{CPU: 1}, {CPU: 3}}
	classify(p, repeats)
	for _, want := range []struct {
		repeat int
		class  Class
		sec    float64
	}{{0, LockPath, 0.03}, {0, Scheduler, 0.01}, {0, OwnCode, 0}, {1, OwnCode, 0.06}, {1, Scheduler, 0.03}} {
		if got := repeats[want.repeat].Seconds[want.class]; math.Abs(got-want.sec) > 1e-12 {
			t.Errorf("repeat %d: %s %g s, want %g", want.repeat, want.class, got, want.sec)
		}
	}
	if repeats[0].Samples != 3 || repeats[1].Samples != 6 {
		t.Errorf("%d and %d samples, want 3 and 6", repeats[0].Samples, repeats[1].Samples)
	}
	// With little processor time in the crawls, the samples without a label are of the harness.
	short := []Repeat{{CPU: 0.05}, {CPU: 0.05}}
	classify(p, short)
	if got := short[0].Seconds[Scheduler] + short[1].Seconds[Scheduler]; math.Abs(got-0.01) > 1e-12 {
		t.Errorf("scheduler %g s of 0.1 s in crawls, 0.09 of which have labels: want 0.01", got)
	}
	want := Spot{LockPath, "mine.add set.go:11", "sync.(*Mutex).lockSlow", 0.03}
	if got := repeats[0].Spots[0]; got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// Lines have the names that traces use, also in a file of an earlier version.
func TestSpotsHaveShortNames(t *testing.T) {
	p := &Profile{Sample: []*profile.Sample{sampleOf(10, "crawl0", "sync/atomic.(*Pointer[go.shape.int]).Load",
		"example.org/mine.(*set[go.shape.uint32]).add")}}
	repeats := []Repeat{{CPU: 1}}
	classify(p, repeats)
	const where, called = "mine.(*set[...]).add set.go:11", "atomic.(*Pointer[...]).Load"
	if s := repeats[0].Spots; len(s) != 1 || s[0].Where != where || s[0].Called != called {
		t.Errorf("%+v, want %s, called %s", s, where, called)
	}
	u, err := ParseUsage([]byte(`{"repeats":[{"spots":[{"where":"mine.(*set[go.shape.uint32]).add set.go:11",` +
		`"called":"atomic.(*Pointer[go.shape.int]).Load","sec":1},{"where":"mine.add a[1].go:3"},{"where":""}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if s := u.Repeats[0].Spots; s[0].Where != where || s[0].Called != called || s[1].Where != "mine.add a[1].go:3" ||
		s[2].Where != "" {
		t.Errorf("%+v, want %s, called %s", s, where, called)
	}
	if _, err := ParseUsage([]byte(`{"repeats":[{"spots":[{"sec":-1}]}]}`)); err == nil {
		t.Error("a negative time is read")
	}
}
