package child

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"syscall"

	"crawlbench/internal/plain"
)

// evidence is what is known about a child that has ended.
type evidence struct {
	state    *os.ProcessState
	watch    *watcher
	received *messages
	output   *boundedOutput
	crash    []byte
	race     []byte // the race detector's report
}

// conclude classifies the end of a child.
func conclude(f evidence) *End {
	output := f.output.Bytes()
	e := &End{Records: f.received.records, Last: f.received.last, Left: f.watch.leftover, Frozen: f.watch.frozen,
		Output: output}
	e.Class, e.Text = f.classify(output)
	if e.Class == Unstarted && len(output) > 0 {
		e.Text += "; it printed:\n" + e.Tail()
	}
	if len(f.crash) > 0 && !bytes.Contains(output, f.crash[:min(len(f.crash), 100)]) { // it is in the part that was cut
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

// classify returns the class of the end and its text.
func (f evidence) classify(output []byte) (Class, string) {
	w, cpu := f.watch, f.state.UserTime()+f.state.SystemTime()-f.watch.spent
	switch {
	case !f.received.opened && !w.expired:
		return Unstarted, f.exit() + " before it began"
	case len(f.race) > 0:
		return Race, "the race detector saw a data race" + raceDetails(f.race)
	case f.received.junk:
		return Junk, fmt.Sprintf("it wrote to file descriptor %d, which is not its own", connFD)
	case f.received.goexit:
		return Exit, "it called runtime.Goexit instead of returning"
	case f.received.last != nil && (len(f.crash) == 0 || w.expired):
		return Done, ""
	case w.expired:
		return classifyExpired(w, w.share(cpu), goroutines(string(f.crash)))
	case len(f.crash) > 0:
		c := parseCrash(f.crash, output)
		for _, r := range f.received.regions {
			if r.Low <= c.fault && c.fault < r.High {
				_, at, _ := strings.Cut(c.text, "\nin ")
				return Fault, fmt.Sprintf("it wrote to %s, which it must not modify\nin %s", r.Name, at)
			}
		}
		return c.class, c.text
	case f.status().Signaled():
		return Killed, killedText(f.status().Signal().String())
	}
	switch f.state.ExitCode() {
	case connLostCode:
		return Junk, fmt.Sprintf("it closed file descriptor %d, which is not its own", connFD)
	case requestsLostCode:
		return Junk, fmt.Sprintf("it closed file descriptor %d, which is not its own", requestFD)
	}
	return Exit, f.exit() + " instead of returning"
}

func (f evidence) status() syscall.WaitStatus {
	status, _ := f.state.Sys().(syscall.WaitStatus)
	return status
}

// exit describes the exit status.
func (f evidence) exit() string {
	if s := f.status(); s.Signaled() {
		return fmt.Sprintf("it was ended by a signal (%v)", s.Signal())
	}
	return fmt.Sprintf("it ended the process with exit code %d", f.state.ExitCode())
}

// killedText says that a signal ended a child. Its sender is unknown.
func killedText(signal string) string {
	return "it was killed by a signal (" + signal + "), from outside or by itself"
}

// classifyExpired classifies a child that reached its time limit, from the share of a processor that
// it used at last and from its goroutines.
func classifyExpired(w *watcher, share float64, list []goroutine) (Class, string) {
	const idle, busy = 0.02, 0.2 // of one processor; a running child may get less than one on a busy machine
	all, asleep, awake := 0, 0, 0
	for _, g := range list {
		switch {
		case g.isRuntime():
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
		text = fmt.Sprintf("it was stopped by a signal and had not ended after %v", w.limit)
	case share > busy || awake > 0 && share > idle:
		class, text = Spin, fmt.Sprintf("it was still running after %v, on %.1f processors", w.limit, share)
	case all > 0 && asleep == all && share < idle:
		class, text = Deadlock, fmt.Sprintf("a deadlock, or a wait of more than %v: all its goroutines were blocked", w.limit)
	}
	return class, strings.Join(append([]string{text}, places(list)...), "\n")
}

// raceDetails returns what the race detector's report says about the accesses.
func raceDetails(report []byte) string {
	const most = 12
	var lines []string
	for line := range strings.Lines(string(report)) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "===") && !strings.HasPrefix(line, "WARNING") {
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
