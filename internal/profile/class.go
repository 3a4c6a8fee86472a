package profile

import (
	"slices"
	"strings"

	"crawlbench/internal/module"
)

// Class is what a processor did in a sample.
type Class string

const (
	OwnCode   Class = "own code"       // the crawler's, and the libraries that it calls
	LockPath  Class = "lock slow path" // spinning, sleeping and waking others for a mutex
	Channels  Class = "channels"       // sending, receiving, selecting
	Scheduler Class = "scheduler"      // choosing the next goroutine, putting threads to sleep and waking them
	Syscalls  Class = "system calls"
	Maps      Class = "maps"    // maps and hashes
	Atomics   Class = "atomics" // atomic operations, including those of locks that are free
	Allocate  Class = "allocation"
	Collect   Class = "collector"
	Copying   Class = "memory copy"
	Parsing   Class = "parsing"  // of HTML and URLs, of pages that come over HTTP
	Fetching  Class = "fetching" // HTTP: connections, headers, bodies
	Harness   Class = "harness"  // the site, the verification, the limiter
)

// Classes returns all classes in the order in which results show them.
func Classes() []Class {
	return []Class{OwnCode, Maps, Atomics, LockPath, Channels, Scheduler, Syscalls, Allocate, Collect, Copying, Parsing,
		Fetching, Harness}
}

// harness are the prefixes of functions whose time is the harness's, whatever they call.
var harness = [...]string{
	module.Package("internal/web."), module.Package("internal/measure."), module.Package("internal/profile/breakdown."),
	module.Package("internal/crawl/limiter."), module.Package("internal/crawl.inTurn"),
	module.Package("internal/host/child."), module.Package("internal/profile.(*Collector)"), "golang.org/x/time/rate.",
	"runtime/trace.",
}

// transport are the prefixes of functions of pages that come over HTTP, whatever they call. A transport's own
// goroutines have no frame of the harness.
var transport = []struct {
	class    Class
	prefixes []string
}{
	{Parsing, []string{module.Package("internal/web/page."), module.Package("internal/web/fetch/robots.")}},
	{Fetching, []string{module.Package("internal/web/fetch."), "net/http.", "net/http/", "net.(*netFD)"}},
}

// decisive are the functions of the runtime and of packages beside it that tell a class. The innermost one on a stack
// decides, since a sender that allocates is allocating.
var decisive = []struct {
	class    Class
	prefixes []string
}{
	{Collect, []string{
		"runtime.gc", "runtime.GC", "runtime.bgsweep", "runtime.bgscavenge", "runtime.sweepone", "runtime.scan",
		"runtime.grey", "runtime.mark", "runtime.wbBuf", "runtime.(*gc", "runtime.(*sweepLocked)", "runtime.(*wbBuf",
		"runtime.(*mspan).sweep", "runtime.(*spanInlineMarkBits)", "runtime.tryDeferToSpanScan", "runtime.runGCProg",
		"runtime.bulkBarrierPreWrite",
	}},
	{LockPath, []string{
		"sync.(*Mutex).lockSlow", "sync.(*Mutex).unlockSlow", "internal/sync.(*Mutex).lockSlow",
		"internal/sync.(*Mutex).unlockSlow", "sync.(*RWMutex).rUnlockSlow", "runtime.semacquire", "runtime.semrelease",
		"sync.runtime_Sem", "internal/sync.runtime_Sem", "sync.runtime_doSpin", "internal/sync.runtime_doSpin",
		"runtime.sync_runtime", "runtime.internal_sync_", "runtime.(*semaRoot)",
	}},
	{Channels, []string{
		"runtime.chansend", "runtime.chanrecv", "runtime.selectgo", "runtime.closechan", "runtime.selectnb",
		"runtime.makechan",
	}},
	{Syscalls, []string{
		"syscall.", "internal/runtime/syscall.", "runtime.entersyscall", "runtime.exitsyscall",
		"golang.org/x/sys/unix.",
	}},
	{Maps, []string{
		"internal/runtime/maps.", "runtime.mapaccess", "runtime.mapassign", "runtime.mapdelete", "runtime.mapiter",
		"runtime.memhash", "runtime.strhash", "runtime.aeshash", "aeshash", "internal/sync.(*HashTrieMap",
		"sync.(*Map)",
		"hash/maphash.", "internal/sync.(*entry", "internal/sync.(*indirect",
	}},
	{Allocate, []string{
		"runtime.malloc", "runtime.newobject", "runtime.makeslice", "runtime.growslice", "runtime.makemap",
		"runtime.newarray", "runtime.rawbyteslice", "runtime.rawstring", "runtime.convT", "runtime.(*mcache)",
		"runtime.(*mcentral)", "runtime.(*mheap)", "runtime.nextFreeFast", "runtime.deductAssistCredit",
	}},
}

// copying are functions that only move memory; nearly everything in the runtime calls them.
var copying = []string{"runtime.memmove", "runtime.memclr", "runtime.typedmemmove", "runtime.duffcopy",
	"runtime.duffzero", "runtime.typedslicecopy"}

// atomics are atomic operations, and the paths of locks that consist of one if the lock is free.
var atomics = []string{
	"sync/atomic.", "internal/runtime/atomic.", "sync.(*Mutex).", "internal/sync.(*Mutex).", "sync.(*RWMutex).",
	"sync.(*WaitGroup).", "runtime/internal/atomic.",
}

// scheduler are functions of the scheduler. They decide only if no other part of the runtime has called them.
var scheduler = []string{
	"runtime.schedule", "runtime.findRunnable", "runtime.mcall", "runtime.park_m", "runtime.mstart", "runtime.goready",
	"runtime.ready", "runtime.wakep", "runtime.startm", "runtime.stopm", "runtime.newproc", "runtime.goexit",
	"runtime.gosched", "runtime.Gosched", "runtime.sysmon", "runtime.netpoll", "runtime.gopark", "runtime.futex",
	"runtime.notify", "runtime.note", "runtime.execute", "runtime.gopreempt", "runtime.goschedImpl", "runtime.preempt",
	"runtime.asyncPreempt2", "runtime.resetspinning", "runtime.(*timers)", "runtime.(*timer)", "runtime.stealWork",
	"runtime.runq", "runtime.goyield", "runtime.handoffp", "sync.(*Cond).", "sync.runtime_notifyList", "runtime.gfget",
	"runtime.morestack", "runtime.newstack", "runtime.copystack", "runtime.timeSleep", "time.Sleep",
	"runtime.casgstatus", "runtime.usleep", "runtime.osyield", "runtime.lock2", "runtime.unlock2", "runtime.gogo",
	"runtime.retake",
}

// Of returns the class of a sample with the given stack, leaf first.
func Of(stack []string) Class {
	// The signals of the profiler and of a preemption are delivered together when the kernel lets a thread continue:
	// the time before belongs to the code that was interrupted.
	for len(stack) > 1 && stack[0] == "runtime.asyncPreempt" {
		stack = stack[1:]
	}
	for _, t := range transport {
		if slices.ContainsFunc(stack, func(name string) bool { return startsWith(name, t.prefixes) }) {
			return t.class
		}
	}
	if slices.ContainsFunc(stack, func(name string) bool { return startsWith(name, harness[:]) }) {
		return Harness
	}
	inside := stack // the frames of the runtime above the code that called it
	for i, name := range stack {
		if !isRuntime(name) {
			inside = stack[:i]
			break
		}
	}
	for _, name := range inside {
		for _, d := range decisive {
			if startsWith(name, d.prefixes) {
				return d.class
			}
		}
	}
	switch {
	case slices.ContainsFunc(inside, func(name string) bool { return startsWith(name, scheduler) }):
		return Scheduler
	case len(inside) == 0:
		return OwnCode
	case startsWith(inside[0], copying):
		return Copying
	case slices.ContainsFunc(inside, func(name string) bool { return startsWith(name, atomics) }):
		return Atomics
	case len(inside) == len(stack): // no code of the crawler below
		return Scheduler
	}
	return OwnCode
}

// Site returns the function that is responsible for a sample, as the index into the stack, leaf first: the innermost
// one outside the runtime and the libraries that a crawler calls. It returns -1 if there is none.
func Site(stack []string) int {
	return slices.IndexFunc(stack, func(name string) bool {
		return !isRuntime(name) && !startsWith(name, libraries[:]) && !startsWith(name, harness[:])
	})
}

// libraries are further packages of the standard library that a crawler calls; a sample in them belongs to the caller.
var libraries = [...]string{"time.", "context.", "os.", "io.", "bufio.", "log.", "log/", "fmt.", "strings.", "bytes.",
	"strconv.", "slices.", "maps.", "sort.", "iter.", "errors.", "unique.", "weak."}

// isRuntime reports whether name belongs to the runtime or to a package that wraps it. The names of some functions in
// assembly have no package.
func isRuntime(name string) bool {
	return startsWith(name, []string{"runtime.", "runtime/", "internal/", "sync.", "sync/", "syscall.", "time.Sleep",
		"golang.org/x/sys/", "hash/maphash.", "type:.", "reflect."}) || !strings.Contains(name, ".")
}

func startsWith(name string, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(name, p) })
}
