package server

import (
	"fmt"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// process is a server's process.
type process struct {
	cmd   *exec.Cmd
	out   tail
	ended chan struct{} // closed when it has ended
}

// startProcess starts a program with its arguments.
func startProcess(args []string) (*process, error) {
	p := &process{cmd: exec.Command(args[0], args[1:]...), ended: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.out
	p.cmd.SysProcAttr = attributes()
	p.cmd.WaitDelay = time.Second // for its output, in case another process holds it open
	started := make(chan error)
	go func() {
		// On Linux the kernel kills the process when the thread that started it ends.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.cmd.Start()
		started <- err
		if err == nil {
			p.cmd.Wait()
		}
		close(p.ended)
	}()
	return p, <-started
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// kill kills the process and its group, as the program may be a script that starts the server, and waits for its end.
func (p *process) kill() {
	select {
	case <-p.ended: // its number may be that of another process now
	default:
		syscall.Kill(-p.pid(), syscall.SIGKILL)
	}
	<-p.ended
}

// logPrefix matches what precedes the message in a line of a server's log: process, role, time and level.
var logPrefix = regexp.MustCompile(`^\d+:[A-Z] \d+ [A-Z][a-z]+ \d+ [\d:.]+ [-.*#] `)

// lastWords returns the last lines that the process wrote, or how it ended if it wrote none.
func (p *process) lastWords() string {
	const most = 3
	var lines []string
	for line := range strings.Lines(p.out.String()) {
		if line = strings.TrimSpace(logPrefix.ReplaceAllString(line, "")); line != "" {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		return fmt.Sprintf("no output, %v", p.cmd.ProcessState)
	}
	return strings.Join(lines[max(0, len(lines)-most):], "; ")
}

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	text []byte
}

func (t *tail) Write(b []byte) (int, error) {
	const most = 8 << 10
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, b...)
	t.text = t.text[max(0, len(t.text)-most):]
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}
