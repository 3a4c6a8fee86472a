package child

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"crawlbench/internal/plain"
)

// process is a living process.
type process struct {
	pid, parent, group int
	state              byte // of /proc/PID/stat
	ticks              int  // user processor time
}

// processes returns the living processes in /proc.
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
			if p, ok := readProcess(pid); ok {
				list = append(list, p)
			}
		}
	}
	return list
}

// readProcess returns the process pid, if it lives.
func readProcess(pid int) (process, bool) { return readStat(fmt.Sprintf("/proc/%d/stat", pid), pid) }

// requestDump asks the runtime of a process for a goroutine dump. It signals the busiest thread,
// because the runtime shows the stack of the running goroutine only for the thread that it signals.
func requestDump(pid int) {
	tasks, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	most, busiest := -1, pid
	for _, t := range tasks {
		tid, _ := strconv.Atoi(t.Name())
		if p, _ := readStat(fmt.Sprintf("/proc/%d/task/%d/stat", pid, tid), tid); p.state == 'R' && p.ticks > most {
			most, busiest = p.ticks, tid
		}
	}
	if most < 0 || unix.Tgkill(pid, busiest, unix.SIGQUIT) != nil {
		unix.Kill(pid, unix.SIGQUIT)
	}
}

// readStat reads a stat file of /proc.
func readStat(path string, pid int) (process, bool) {
	text, err := os.ReadFile(path)
	if err != nil {
		return process{}, false
	}
	p := process{pid: pid}
	rest := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:])) // a process name may contain anything
	if len(rest) < 13 {
		return process{}, false
	}
	p.state = rest[0][0]
	p.parent, _ = strconv.Atoi(rest[1])
	p.group, _ = strconv.Atoi(rest[2])
	p.ticks, _ = strconv.Atoi(rest[11])
	return p, p.state != 'Z' && p.state != 'X'
}

// hasNonce reports whether the environment of p has the nonce. Descendants of a child inherit it
// unless they clear their environment.
func (p process) hasNonce(nonce string) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", p.pid))
	return err == nil && bytes.Contains(text, []byte(nonceVariable+"="+nonce))
}

// String returns the command line of p on one line.
func (p process) String() string {
	const longest = 100
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", p.pid))
	line := strings.TrimSpace(string(bytes.ReplaceAll(text, []byte{0}, []byte{' '})))
	line = plain.Line(cmp.Or(line, fmt.Sprintf("process %d", p.pid)))
	if r := []rune(line); len(r) > longest {
		line = string(r[:longest]) + "..."
	}
	return line
}

// OOMKills returns how many processes the kernel's OOM killer has killed since boot.
func OOMKills() int {
	text, _ := os.ReadFile("/proc/vmstat")
	_, rest, _ := strings.Cut(string(text), "\noom_kill ")
	count, _, _ := strings.Cut(rest, "\n")
	n, _ := strconv.Atoi(count)
	return n
}
