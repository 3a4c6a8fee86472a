package breakdown

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"golang.org/x/exp/trace"

	"crawlbench/internal/module"
)

// stack is a call stack, and what its function names reveal.
type stack struct {
	key       string  // identifies it
	frames    []frame // leaf first, without the callers of the crawl
	site      string  // the crawler's innermost function that is not a library's, with its line
	function  string  // the same without the line
	primitive string  // what that function called
	entry     string  // the outermost function that is not a library's
	flags     flags
	operation operation
	line      uint64 // in the runtime's select, if operation is selecting
}

type frame struct {
	function, file string
	line           uint64
}

// flags describe which functions are on a stack.
type flags uint8

const (
	inRateLimit flags = 1 << iota // below a function with a prefix of Options.RateLimit
	inFetch                       // below a function with a prefix of Options.Fetch
	inJoin                        // sync.WaitGroup.Wait
	inSync                        // package sync, called by the crawler
	inRuntime                     // the garbage collector, called by the crawler
)

// operation is a channel operation.
type operation uint8

const (
	noOperation operation = iota
	sending
	receiving
	closing
	selecting // sending or receiving: see selects
)

// libraries are the prefixes of library functions that a crawler calls to wait.
var libraries = [...]string{
	"runtime.", "runtime/", "sync.", "sync/", "internal/", "time.", "context.", "os.", "syscall.", "golang.org/x/sys/",
	"golang.org/x/time/rate.", module.Package("internal/crawl/limiter."), module.Package("internal/profile/breakdown."),
	"log.", "log/", "fmt.",
	"io.", "bufio.",
}

// caller is the function below which the crawl begins, on the goroutine that called the crawler,
// and harness the prefix of the functions through which it calls the crawler.
var (
	caller  = module.Package("internal/profile/breakdown.Crawl")
	harness = module.Package("internal/measure.")
)

// stacks keeps one copy of each stack. A trace renumbers its stacks about every second.
type stacks struct {
	options Options
	byTrace map[trace.Stack]*stack
	byKey   map[string]*stack
}

func newStacks(o Options) *stacks {
	return &stacks{options: o, byTrace: map[trace.Stack]*stack{}, byKey: map[string]*stack{}}
}

// get returns the stack of t, or nil if it has none.
func (s *stacks) get(t trace.Stack) *stack {
	if t == trace.NoStack {
		return nil
	}
	if st, ok := s.byTrace[t]; ok {
		return st
	}
	var frames []frame
	for f := range t.Frames() {
		if f.Func == caller {
			for len(frames) > 0 && strings.HasPrefix(frames[len(frames)-1].function, harness) {
				frames = frames[:len(frames)-1]
			}
			break
		}
		if f.Func != "runtime.goexit" {
			frames = append(frames, frame{f.Func, f.File, f.Line})
		}
	}
	var key strings.Builder
	for _, f := range frames {
		fmt.Fprintf(&key, "%s\x00%s\x00%d\x00", f.function, f.file, f.line)
	}
	st := s.byKey[key.String()]
	if st == nil && len(frames) > 0 {
		st = s.describe(frames)
		st.key = key.String()
		s.byKey[st.key] = st
	}
	s.byTrace[t] = st
	return st
}

func (s *stacks) describe(frames []frame) *stack {
	st := &stack{frames: frames}
	own := -1 // the innermost frame of the crawler
	for i, f := range frames {
		limited, fetch := hasPrefix(f.function, s.options.RateLimit), hasPrefix(f.function, s.options.Fetch)
		if limited {
			st.flags |= inRateLimit
		}
		if fetch {
			st.flags |= inFetch
		}
		library := hasPrefix(f.function, libraries[:])
		if own < 0 && library {
			st.call(f)
		}
		if limited || fetch { // what they call is not the crawler's
			own = -1
			continue
		}
		if library {
			continue
		}
		st.entry = module.Function(f.function)
		if own < 0 {
			own = i
		}
	}
	if own < 0 { // only functions of the harness or the runtime
		own = len(frames) - 1
		st.entry = module.Function(frames[own].function)
	}
	f := frames[own]
	st.function = module.Function(f.function)
	st.site = fmt.Sprintf("%s %s:%d", st.function, path.Base(f.file), f.line)
	switch {
	case own > 0 && hasPrefix(frames[own-1].function, s.options.Fetch): // a wrapper, which the author does not know
		st.primitive = "Fetch"
	case own > 0:
		st.primitive = primitive(frames[own-1].function)
	}
	return st
}

// call records a library function between the leaf and the crawler's innermost function.
func (s *stack) call(f frame) {
	switch name := f.function; {
	case name == "sync.(*WaitGroup).Wait":
		s.flags |= inJoin
	case strings.HasPrefix(name, "sync.") || strings.HasPrefix(name, "internal/sync."):
		s.flags |= inSync
	case strings.HasPrefix(name, "runtime.gc") || name == "runtime.GC":
		s.flags |= inRuntime
	case s.operation != noOperation:
	case strings.HasPrefix(name, "runtime.chansend"):
		s.operation = sending
	case strings.HasPrefix(name, "runtime.chanrecv"):
		s.operation = receiving
	case name == "runtime.closechan":
		s.operation = closing
	case name == "runtime.selectgo":
		s.operation, s.line = selecting, f.line
	}
}

// primitive returns the name by which the crawler's author knows the function that was called.
func primitive(function string) string {
	switch {
	case strings.HasPrefix(function, "runtime.chansend"):
		return "chan send"
	case strings.HasPrefix(function, "runtime.chanrecv"):
		return "chan receive"
	case function == "runtime.selectgo":
		return "select"
	}
	return module.Function(function)
}

func hasPrefix(name string, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(name, p) })
}
