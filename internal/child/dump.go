package child

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// goroutine is one of a dump.
type goroutine struct {
	head   string // its first line
	state  string
	frames []frame
}

// frame is a call: the function, and the place in its file.
type frame struct{ function, place string }

// goroutines takes a dump of the runtime apart. The stack of the runtime itself counts as that of a
// goroutine.
func goroutines(dump string) []goroutine {
	// Compiled here and not once for all, which each child would pay for as it starts.
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

// own reports whether g belongs to the runtime rather than to the program.
func (g goroutine) own() bool {
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
	for _, s := range []string{"chan receive", "chan send", "select", "semacquire", "sync.", "synctest.", "coroutine"} {
		if strings.HasPrefix(g.state, s) {
			return true
		}
	}
	return false
}

// where is the innermost call outside of the standard library's machinery; of a goroutine that
// panics, what called panic.
func (g goroutine) where() string {
	frames := g.frames
	for i, f := range frames {
		if f.function == "panic" {
			frames = g.frames[i:]
		}
	}
	machinery := []string{
		"runtime.", "runtime/", "internal/", "sync.", "sync/", "time.", "context.", "testing.", "testing/", "panic", "os.", "syscall.",
	}
	for _, f := range frames {
		if !slices.ContainsFunc(machinery, func(p string) bool { return strings.HasPrefix(f.function, p) }) {
			return fmt.Sprintf("%s (%s)", f.function, f.place)
		}
	}
	return ""
}

// Places says where those goroutines of a dump are whose first lines have the mark, each place in a
// line that begins with a newline.
func Places(dump []byte, mark string) string {
	list := slices.DeleteFunc(goroutines(string(dump)), func(g goroutine) bool { return !strings.Contains(g.head, mark) })
	return strings.Join(append([]string{""}, places(list)...), "\n")
}

// places says in a few lines where the goroutines are, those at the same place together.
func places(list []goroutine) []string {
	const most = 6
	var keys []string
	count := map[string]int{}
	for _, g := range list {
		at := g.where()
		if g.own() || at == "" {
			continue
		}
		key := g.state + " in " + at
		if count[key]++; count[key] == 1 {
			keys = append(keys, key)
		}
	}
	slices.SortStableFunc(keys, func(a, b string) int { return count[b] - count[a] })
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
