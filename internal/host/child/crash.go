package child

import (
	"bytes"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// crash is the parsed crash output of a Go runtime.
type crash struct {
	class Class
	text  string
	fault uintptr // the address at which a signal was raised; 0 if there was none
}

// parseCrash parses what a runtime wrote when it ended the process. The first line of a fatal error of
// the runtime is not part of its crash output; on standard error, in output, it immediately precedes
// it.
func parseCrash(text, output []byte) crash {
	dump := string(text)
	list := goroutines(dump)
	c := crash{class: Panic}
	head, _, _ := strings.Cut(dump, "\n\n")
	// The runtime adds a line for a signal that became a panic. The lines of the panic value are
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
	active := func(g goroutine) bool { return !g.isRuntime() && !g.blocked() }
	switch {
	case strings.HasPrefix(dump, "panic: "):
		c.text = strings.ReplaceAll(strings.ReplaceAll(head, " [recovered, repanicked]", ""), "\n\t", "\n")
	case strings.HasPrefix(dump, "SIG"):
		c.text, _, _ = strings.Cut(dump, "\n")
		if strings.Contains(head, " sigcode=0") { // sent by kill(2)
			return crash{class: Killed, text: killedText(c.text)}
		}
		if strings.HasPrefix(dump, "SIGABRT") {
			if line := precedingLine(text, output, "runtime/cgo: "); line != "" {
				c.text = line
			}
		}
	default:
		c.text = precedingLine(text, output, "fatal error: ")
		switch {
		case len(list) > 0 && !slices.ContainsFunc(list, active):
			c.class, c.text = Deadlock, "all its goroutines were waiting for each other"
		case len(first.frames) > 1 && first.frames[0].function == "runtime.throw" && isAllocation(first.frames[1]):
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
		c.text = "it exceeded its memory limit (" + strings.TrimPrefix(c.text, "fatal error: ") + ")"
	}
	if c.class == Deadlock {
		c.text = strings.Join(append([]string{c.text}, places(list)...), "\n")
	} else if at := first.location(); at != "" {
		c.text += "\nin " + at
	}
	return c
}

// isAllocation reports whether f is a function in which the runtime allocates memory. Stack growth
// beyond the maximum depth fails there too, but that is not a lack of memory.
func isAllocation(f frame) bool {
	file, _, _ := strings.Cut(f.place, ":")
	return f.function != "runtime.newstack" &&
		hasPrefix(file, "mem", "malloc", "mcache", "mcentral", "mheap", "mpagealloc", "mfixalloc", "stack")
}

// precedingLine returns the line with the prefix that immediately precedes crash in output, or "".
func precedingLine(crash, output []byte, prefix string) string {
	at := bytes.LastIndex(output, crash[:min(len(crash), 100)])
	if at < 0 || len(crash) == 0 {
		return ""
	}
	lines := strings.Split(strings.TrimRight(string(output[:at]), "\n"), "\n")
	n := len(lines) - 1
	for n > 0 && strings.HasPrefix(lines[n], "\t") { // continuation lines of an error are indented
		n--
	}
	if !strings.HasPrefix(lines[n], prefix) {
		return ""
	}
	return strings.ReplaceAll(strings.Join(lines[n:], "\n"), "\n\t", "\n")
}
