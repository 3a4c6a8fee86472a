package child

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"syscall"

	"crawlbench/internal/plain"
)

// facts are what is known of a child that has ended.
type facts struct {
	state  *os.ProcessState
	watch  *watch
	said   *words
	output *kept
	crash  []byte
	race   []byte // the race detector's report
}

// conclude says what became of a child.
func conclude(f facts) *End {
	output := f.output.Bytes()
	e := &End{Records: f.said.records, Last: f.said.last, Left: f.watch.left, Frozen: f.watch.frozen, Output: output}
	e.Class, e.Text = f.classify(output)
	if e.Class == Unstarted && len(output) > 0 {
		e.Text += "; it printed:\n" + e.Tail()
	}
	if len(f.crash) > 0 && !bytes.Contains(output, f.crash[:min(len(f.crash), 100)]) { // it is among what was left out
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
	e.Text = plain.Text(e.Text)
	return e
}

func (f facts) classify(output []byte) (Class, string) {
	w, cpu := f.watch, f.state.UserTime()+f.state.SystemTime()
	switch {
	case !f.said.opened && !w.late:
		return Unstarted, f.exit() + " before it began"
	case len(f.race) > 0:
		return Race, "the race detector saw a data race" + racing(f.race)
	case f.said.junk:
		return Junk, fmt.Sprintf("it wrote to file descriptor %d, which is not its own", lineFD)
	case f.said.goexit:
		return Exit, "it called runtime.Goexit instead of returning"
	case f.said.last != nil && (len(f.crash) == 0 || w.late):
		return Done, ""
	case w.late:
		return late(w, cpu.Seconds()/w.took.Seconds(), goroutines(string(f.crash)))
	case len(f.crash) > 0:
		c := understand(f.crash, output)
		for _, r := range f.said.regions {
			if r.Low <= c.fault && c.fault < r.High {
				_, at, _ := strings.Cut(c.text, "\nin ")
				return Fault, fmt.Sprintf("it wrote to %s, which it must not modify\nin %s", r.Name, at)
			}
		}
		return c.class, c.text
	case f.status().Signaled():
		return Killed, killed(f.status().Signal().String())
	}
	if f.state.ExitCode() == lost {
		return Junk, fmt.Sprintf("it closed file descriptor %d, which is not its own", lineFD)
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

// killed says that a signal ended a child. Nobody can tell whose it was.
func killed(signal string) string {
	return "it was killed by a signal (" + signal + "), from outside or by itself"
}

// late describes a child whose time was up, from the share of a processor that it used and from its
// goroutines.
func late(w *watch, share float64, list []goroutine) (Class, string) {
	const idle, busy = 0.02, 0.2 // of one processor; who waits uses none, and who runs may get less on a busy machine
	all, asleep, awake := 0, 0, 0
	for _, g := range list {
		switch {
		case g.own():
			continue
		case g.blocked():
			asleep++
		case strings.HasPrefix(g.state, "run"): // running, runnable
			awake++
		}
		all++
	}
	class, text := Hang, fmt.Sprintf("it was still waiting after %v", w.limit)
	switch {
	case w.stopped:
		text = fmt.Sprintf("it was stopped by a signal, and had not ended after %v", w.limit)
	case share > busy || awake > 0 && share > idle:
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

// Tail returns the last lines of what the child printed.
func (e *End) Tail() string {
	const most = 10
	lines := strings.Split(strings.TrimSpace(string(e.Output)), "\n")
	return plain.Text(strings.Join(lines[max(0, len(lines)-most):], "\n"))
}
