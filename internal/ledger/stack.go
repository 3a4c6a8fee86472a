package ledger

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"golang.org/x/exp/trace"
)

// stack is a call stack, and what its names tell.
type stack struct {
	key       string  // tells it from others
	frames    []frame // leaf first; what called the crawl is cut off
	site      string  // where the crawler is: the first function that is not a library's
	function  string  // the same without the line
	primitive string  // what it called there
	entry     string  // the outermost function that is not a library's
	flags     flags
	operation operation
	line      uint64 // of the select's implementation, if operation is selecting
}

type frame struct {
	function, file string
	line           uint64
}

// flags tell what is on a stack.
type flags uint8

const (
	inPacing  flags = 1 << iota // a function of Options.Pacing
	inFetch                     // a function of Options.Fetch
	inJoin                      // sync.WaitGroup.Wait
	inSync                      // package sync, below the crawler's own functions
	inRuntime                   // the collector, below the crawler's own functions
)

// operation is what a goroutine does to a channel.
type operation uint8

const (
	noOperation operation = iota
	sending
	receiving
	closing
	selecting // sending or receiving: see selects
)

// libraries are the prefixes of the functions that a crawler calls in order to wait.
var libraries = [...]string{"runtime.", "runtime/", "sync.", "sync/", "internal/", "time.", "context.", "golang.org/x/time/rate.", "crawlbench/internal/limiter.", "crawlbench/internal/ledger."}

// caller is where the crawl begins on the stack of the goroutine that called the crawler, and harness the prefix of the
// functions that it calls the crawler through.
const (
	caller  = "crawlbench/internal/ledger.Crawl"
	harness = "crawlbench/internal/cell."
)

// stacks keeps one stack of a kind. A trace numbers its stacks anew about every second.
type stacks struct {
	options Options
	known   map[trace.Stack]*stack
	same    map[string]*stack
}

func newStacks(o Options) *stacks {
	return &stacks{options: o, known: map[trace.Stack]*stack{}, same: map[string]*stack{}}
}

// of returns the stack of t, nil if there is none.
func (s *stacks) of(t trace.Stack) *stack {
	if t == trace.NoStack {
		return nil
	}
	if st, ok := s.known[t]; ok {
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
	st := s.same[key.String()]
	if st == nil && len(frames) > 0 {
		st = s.describe(frames)
		st.key = key.String()
		s.same[st.key] = st
	}
	s.known[t] = st
	return st
}

func (s *stacks) describe(frames []frame) *stack {
	st := &stack{frames: frames}
	own := -1 // the innermost frame of the crawler
	for i, f := range frames {
		pacing, fetch := hasPrefix(f.function, s.options.Pacing), hasPrefix(f.function, s.options.Fetch)
		if pacing {
			st.flags |= inPacing
		}
		if fetch {
			st.flags |= inFetch
		}
		library := hasPrefix(f.function, libraries[:])
		if own < 0 && library {
			st.call(f)
		}
		if pacing || fetch || library {
			continue
		}
		st.entry = short(f.function)
		if own < 0 {
			own = i
		}
	}
	if own < 0 { // the harness's own, or the runtime's
		own = len(frames) - 1
		st.entry = short(frames[own].function)
	}
	f := frames[own]
	st.function = short(f.function)
	st.site = fmt.Sprintf("%s %s:%d", st.function, path.Base(f.file), f.line)
	if own > 0 {
		st.primitive = primitive(frames[own-1].function)
	}
	return st
}

// call notes a library's function between the leaf and the crawler.
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

// primitive names what a crawler called as its author would.
func primitive(function string) string {
	switch {
	case strings.HasPrefix(function, "runtime.chansend"):
		return "chan send"
	case strings.HasPrefix(function, "runtime.chanrecv"):
		return "chan receive"
	case function == "runtime.selectgo":
		return "select"
	}
	return short(function)
}

// short drops the directories from the name of a function.
func short(function string) string {
	generic := strings.IndexByte(function, '[') // type arguments may hold paths
	if generic < 0 {
		generic = len(function)
	}
	return function[strings.LastIndexByte(function[:generic], '/')+1:]
}

func hasPrefix(name string, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(name, p) })
}
