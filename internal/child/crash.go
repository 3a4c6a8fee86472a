package child

import (
	"bytes"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// crash is the crash output of a Go runtime, taken apart.
type crash struct {
	class Class
	text  string
	fault uintptr // the address at which a signal was raised; 0 if there was none
}

// understand takes apart what a runtime wrote as it ended the process. The first line of an error
// that is fatal to the runtime itself comes before its crash output, on standard error: it is the
// one that stands right before it in output.
func understand(text, output []byte) crash {
	dump := string(text)
	list := goroutines(dump)
	c := crash{class: Panic}
	head, _, _ := strings.Cut(dump, "\n\n")
	// The runtime adds a line for a signal that became a panic. Those of the panic's value are
	// indented.
	signalled := regexp.MustCompile(`(?m)^\[signal SIG(?:SEGV|BUS): .* addr=(0x[0-9a-f]+) `)
	if m := signalled.FindStringSubmatch(head); m != nil {
		address, _ := strconv.ParseUint(m[1], 0, 64)
		c.fault = uintptr(address)
	}
	var first goroutine
	if len(list) > 0 {
		first = list[0]
	}
	switch {
	case strings.HasPrefix(dump, "panic: "):
		c.text = strings.ReplaceAll(strings.ReplaceAll(head, " [recovered, repanicked]", ""), "\n\t", "\n")
	case strings.HasPrefix(dump, "SIG"):
		c.text, _, _ = strings.Cut(dump, "\n")
		if strings.Contains(head, " sigcode=0") { // of kill(2)
			return crash{class: Killed, text: killed(c.text)}
		}
		if strings.HasPrefix(dump, "SIGABRT") {
			if said := before(text, output, "runtime/cgo: "); said != "" {
				c.text = said
			}
		}
	default:
		c.text = before(text, output, "fatal error: ")
		switch {
		case len(list) > 0 && !slices.ContainsFunc(list, func(g goroutine) bool { return !g.own() && !g.blocked() }):
			c.class, c.text = Deadlock, "all its goroutines were waiting for each other"
		case len(first.frames) > 1 && first.frames[0].function == "runtime.throw" && allocates(first.frames[1]):
			c.class = Memory
		}
		if c.text == "" {
			c.text = "fatal error"
			if len(first.frames) > 1 {
				c.text += " in " + first.frames[1].function
			}
		}
	}
	if c.class == Memory {
		c.text = "it needed more memory than it may have (" + strings.TrimPrefix(c.text, "fatal error: ") + ")"
	}
	if c.class == Deadlock {
		c.text = strings.Join(append([]string{c.text}, places(list)...), "\n")
	} else if at := first.where(); at != "" {
		c.text += "\nin " + at
	}
	return c
}

// allocates reports whether f is a place at which the runtime asks for memory. It grows a stack
// there too, and ends the process when that is deeper than it may be, which is no lack of memory.
func allocates(f frame) bool {
	file, _, _ := strings.Cut(f.place, ":")
	parts := []string{"mem", "malloc", "mcache", "mcentral", "mheap", "mpagealloc", "mfixalloc", "stack"}
	return f.function != "runtime.newstack" &&
		slices.ContainsFunc(parts, func(prefix string) bool { return strings.HasPrefix(file, prefix) })
}

// before returns the line with that prefix that ends right before crash in output, or "".
func before(crash, output []byte, prefix string) string {
	at := bytes.LastIndex(output, crash[:min(len(crash), 100)])
	if at < 0 || len(crash) == 0 {
		return ""
	}
	lines := strings.Split(strings.TrimRight(string(output[:at]), "\n"), "\n")
	n := len(lines) - 1
	for n > 0 && strings.HasPrefix(lines[n], "\t") { // an error of several lines is indented
		n--
	}
	if !strings.HasPrefix(lines[n], prefix) {
		return ""
	}
	return strings.ReplaceAll(strings.Join(lines[n:], "\n"), "\n\t", "\n")
}
