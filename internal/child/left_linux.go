package child

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"crawlbench/internal/plain"
)

// process is one that runs.
type process struct {
	pid, parent, group int
	state              byte // of /proc/PID/stat
	ticks              int  // of processor time outside of the kernel
}

// processes returns those that /proc shows, without the dead.
func processes() []process {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1)
	var list []process
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			if p, ok := look(pid); ok {
				list = append(list, p)
			}
		}
	}
	return list
}

// look returns the process pid, if it lives.
func look(pid int) (process, bool) { return stat(fmt.Sprintf("/proc/%d/stat", pid), pid) }

// quit asks the runtime of a process for its goroutines. The thread that runs most is asked before
// others: the runtime shows the stack of that one, and of no other that runs.
func quit(pid int) {
	tasks, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	most, busiest := -1, pid
	for _, t := range tasks {
		tid, _ := strconv.Atoi(t.Name())
		if p, _ := stat(fmt.Sprintf("/proc/%d/task/%d/stat", pid, tid), tid); p.state == 'R' && p.ticks > most {
			most, busiest = p.ticks, tid
		}
	}
	if most < 0 || unix.Tgkill(pid, busiest, unix.SIGQUIT) != nil {
		unix.Kill(pid, unix.SIGQUIT)
	}
}

// stat reads one file of that name.
func stat(path string, pid int) (process, bool) {
	text, err := os.ReadFile(path)
	if err != nil {
		return process{}, false
	}
	p := process{pid: pid}
	rest := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:])) // a name may hold anything
	if len(rest) < 13 {
		return process{}, false
	}
	p.state = rest[0][0]
	p.parent, _ = strconv.Atoi(rest[1])
	p.group, _ = strconv.Atoi(rest[2])
	p.ticks, _ = strconv.Atoi(rest[11])
	return p, p.state != 'Z' && p.state != 'X'
}

// marked reports whether the environment of p has the nonce, as that of each descendant of a child
// that did not clear it.
func (p process) marked(nonce string) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", p.pid))
	return err == nil && bytes.Contains(text, []byte(variable+"="+nonce))
}

// String is the command line of p, in a line.
func (p process) String() string {
	const longest = 100
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", p.pid))
	line := strings.TrimSpace(string(bytes.ReplaceAll(text, []byte{0}, []byte{' '})))
	if line == "" {
		line = fmt.Sprintf("process %d", p.pid)
	}
	line = plain.Line(line)
	if r := []rune(line); len(r) > longest {
		line = string(r[:longest]) + "..."
	}
	return line
}

// starved returns how many processes the kernel has killed for want of memory since the machine
// started.
func starved() int {
	text, _ := os.ReadFile("/proc/vmstat")
	_, rest, _ := strings.Cut(string(text), "\noom_kill ")
	count, _, _ := strings.Cut(rest, "\n")
	n, _ := strconv.Atoi(count)
	return n
}
