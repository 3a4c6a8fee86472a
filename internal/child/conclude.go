package child

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"syscall"
)

// facts are what is known of a child that has ended.
type facts struct {
	state  *os.ProcessState
	watch  *watch
	line   *reader
	output *kept
	crash  []byte
	race   []byte // the race detector's report
}

// readonly is the kind of the records that Protect makes.
const readonly = "readonly"

// Protect tells the parent that the memory from low up to high must not be written to, and by what name it is called, so
// that a fault there is named as what it is.
func (l *Line) Protect(low, high uintptr, name string) error {
	return l.Say(readonly, region{low, high, name})
}

type region struct {
	Low, High uintptr
	Name      string
}

// conclude says what became of a child.
func conclude(f facts) *End {
	output := f.output.Bytes()
	e := &End{Last: f.line.last, Left: f.watch.left, Frozen: f.watch.frozen, Output: output}
	var regions []region
	for _, r := range f.line.records {
		var here region
		if r.Kind == readonly && json.Unmarshal(r.Body, &here) == nil {
			regions = append(regions, here)
		} else {
			e.Records = append(e.Records, r)
		}
	}
	e.Class, e.Text = f.classify(output, regions)
	if len(f.crash) > 0 && f.output.cut > 0 { // it may be among what was left out
		e.Output = append(append(e.Output, "\n[crash output of the runtime]\n"...), f.crash...)
	}
	if len(e.Left) > 0 {
		text := "a process was left behind: " + e.Left[0]
		if n := len(e.Left); n > 1 {
			text = fmt.Sprintf("%d processes were left behind: %s", n, strings.Join(e.Left[:min(n, 5)], "; "))
		}
		if e.Class == Done {
			e.Class = Left
		} else {
			text = e.Text + "\n" + text
		}
		e.Text = text
	}
	e.Text = Clean(e.Text)
	return e
}

func (f facts) classify(output []byte, regions []region) (Class, string) {
	w, cpu := f.watch, f.state.UserTime()+f.state.SystemTime()
	switch {
	case !f.line.opened && !w.late:
		return Unstarted, fmt.Sprintf("%s before it began; it printed:\n%s", f.exit(), tail(output))
	case len(f.race) > 0:
		return Race, "the race detector saw a data race" + racing(f.race)
	case f.line.junk:
		return Junk, fmt.Sprintf("it wrote to file descriptor %d, which is not its own", lineFD)
	case f.line.last != nil && (len(f.crash) == 0 || w.late):
		return Done, ""
	case w.late:
		return late(w, cpu.Seconds()/w.took.Seconds(), goroutines(string(f.crash)))
	case len(f.crash) > 0:
		c := understand(f.crash, output)
		for _, r := range regions {
			if r.Low <= c.fault && c.fault < r.High {
				_, at, _ := strings.Cut(c.text, "\nin ")
				return Fault, fmt.Sprintf("it wrote to %s, which it must not modify\nin %s", r.Name, at)
			}
		}
		return c.class, c.text
	case f.status().Signaled():
		return Killed, fmt.Sprintf("it was killed by a signal (%v), from outside or by itself", f.status().Signal())
	}
	return Exit, f.exit() + " instead of returning"
}

func (f facts) status() syscall.WaitStatus {
	status, _ := f.state.Sys().(syscall.WaitStatus)
	return status
}

func (f facts) exit() string {
	if s := f.status(); s.Signaled() {
		return fmt.Sprintf("it was ended by a signal (%v)", s.Signal())
	}
	return fmt.Sprintf("it ended the process with exit code %d", f.state.ExitCode())
}

// late describes a child whose time was up, from the share of a processor that it used and from its goroutines.
func late(w *watch, share float64, list []goroutine) (Class, string) {
	const idle, busy = 0.02, 0.2 // of one processor; who waits uses none
	all, asleep := 0, 0
	for _, g := range list {
		if !g.own() {
			all++
			if g.blocked() {
				asleep++
			}
		}
	}
	class, text := Hang, fmt.Sprintf("it was still waiting after %v", w.limit)
	switch {
	case w.stopped:
		text = fmt.Sprintf("it was stopped by a signal, and had not ended after %v", w.limit)
	case share > busy:
		class, text = Spin, fmt.Sprintf("it was still running after %v, on %.1f processors", w.limit, share)
	case all > 0 && asleep == all && share < idle:
		class, text = Deadlock, fmt.Sprintf("a deadlock, or a wait of more than %v: all its goroutines were blocked", w.limit)
	}
	return class, strings.Join(append([]string{text}, places(list)...), "\n")
}

// racing is what the race detector's report says of the accesses.
func racing(report []byte) string {
	const most = 12
	var lines []string
	for line := range strings.Lines(string(report)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "===") && !strings.HasPrefix(line, "WARNING") {
			lines = append(lines, line)
		}
	}
	return "\n" + strings.Join(lines[:min(most, len(lines))], "\n")
}

// tail returns the last lines of text.
func tail(text []byte) string {
	const most = 10
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-most):], "\n")
}
