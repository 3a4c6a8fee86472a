package child

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// goroutine is a goroutine of a dump.
type goroutine struct {
	head   string // its first line
	state  string
	frames []frame
}

// frame is a call: the function, and its file and line.
type frame struct{ function, place string }

// goroutines parses a dump of the runtime. The stack of the runtime itself counts as a goroutine.
func goroutines(dump string) []goroutine {
	// Compiled here rather than in package variables, which every child would pay for at its start.
	header := regexp.MustCompile(`^goroutine \d+ (?:[a-z]+=\S+ )*\[([^\],]*)`)
	spot := regexp.MustCompile(`^\t(.*):(\d+)`)
	var list []goroutine
	call := ""
	for line := range strings.Lines(dump) {
		line = strings.TrimRight(line, "\n")
		switch {
		case line == "runtime stack:":
			list = append(list, goroutine{state: "runtime"})
		case header.MatchString(line):
			list = append(list, goroutine{head: line, state: header.FindStringSubmatch(line)[1]})
		case len(list) == 0 || line == "":
		case strings.HasPrefix(line, "created by "):
			call = ""
		case strings.HasPrefix(line, "\t"):
			if m := spot.FindStringSubmatch(line); m != nil && call != "" {
				g := &list[len(list)-1]
				g.frames = append(g.frames, frame{call, path.Base(m[1]) + ":" + m[2]})
			}
		default:
			call = line
			if i := strings.LastIndexByte(line, '('); i > 0 { // the arguments
				call = line[:i]
			}
		}
	}
	return list
}

// isRuntime reports whether g belongs to the runtime rather than to the program.
func (g goroutine) isRuntime() bool {
	switch g.state {
	case "idle", "force gc (idle)", "finalizer wait", "cleanup wait", "GOMAXPROCS updater (idle)",
		"trace reader (blocked)":
		return true
	}
	signals := func(f frame) bool { return f.function == "os/signal.signal_recv" }
	return strings.HasPrefix(g.state, "GC ") || slices.ContainsFunc(g.frames, signals)
}

// blocked reports whether g waits for something that only another goroutine, or a timer, can do.
func (g goroutine) blocked() bool {
	return hasPrefix(g.state, "chan receive", "chan send", "select", "semacquire", "sync.", "synctest.", "coroutine")
}

func hasPrefix(text string, prefixes ...string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(text, p) })
}

// location returns the innermost call outside of the standard library; for a goroutine that panics,
// the caller of panic.
func (g goroutine) location() string {
	frames := g.frames
	for i, f := range frames {
		if f.function == "panic" {
			frames = g.frames[i:]
		}
	}
	for _, f := range frames {
		if !hasPrefix(f.function, "runtime.", "runtime/", "internal/", "sync.", "sync/", "time.", "context.",
			"testing.", "testing/", "panic", "os.", "syscall.") {
			return fmt.Sprintf("%s (%s)", f.function, f.place)
		}
	}
	return ""
}

// Places returns the locations of the goroutines in a dump whose first lines contain mark, one per
// line, each line preceded by a newline.
func Places(dump []byte, mark string) string {
	list := slices.DeleteFunc(goroutines(string(dump)),
		func(g goroutine) bool { return !strings.Contains(g.head, mark) })
	return strings.Join(append([]string{""}, places(list)...), "\n")
}

// harness reports whether a place is in the machinery of checks, which waits for the crawler or lists goroutines.
func harness(place string) bool {
	for _, name := range []string{"Child", "runAsChild", "bubble", "where"} {
		if strings.Contains(place, "/internal/conform."+name+" ") {
			return true
		}
	}
	return false
}

// places returns the locations of the goroutines in a few lines, with goroutines at the same location
// counted together.
func places(list []goroutine) []string {
	const most = 6
	var keys []string
	count := map[string]int{}
	for _, g := range list {
		at := g.location()
		if g.isRuntime() || at == "" {
			continue
		}
		key := g.state + " in " + at
		if count[key]++; count[key] == 1 {
			keys = append(keys, key)
		}
	}
	slices.SortStableFunc(keys, func(a, b string) int { return count[b] - count[a] })
	if slices.ContainsFunc(keys, func(key string) bool { return !harness(key) }) {
		keys = slices.DeleteFunc(keys, harness)
	}
	var lines []string
	for i, key := range keys {
		if i == most {
			lines = append(lines, fmt.Sprintf("and at %d other places", len(keys)-most))
			break
		}
		noun := "goroutine"
		if count[key] > 1 {
			noun += "s"
		}
		lines = append(lines, fmt.Sprintf("%d %s: %s", count[key], noun, key))
	}
	return lines
}
