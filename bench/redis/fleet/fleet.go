// Package fleet runs the processes that share a crawl, so that they can be killed, and reads what each has fetched.
//
// The input is a Job for each process, and a command that starts this program as a child. The output is what the
// processes reported, and their logs: files to which every fetch is appended when it begins and when it ends, so that
// the fetches of a killed process are known up to its death.
package fleet

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"sync/atomic"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/graph"
)

// ChildVerb is the first argument of a program that is to call Child.
const ChildVerb = "fleet-process"

// Job describes what one process of a fleet does.
type Job struct {
	// Crawler is the name of the crawler, perhaps with parameters, in the table of Child.
	Crawler string
	// Graph is built by each process, from its seed.
	Graph graph.Spec
	// Workers is the number of workers of the process.
	Workers int
	// Latency is how long a fetch takes. 0 means no time.
	Latency time.Duration
	// Fleet says which process this is.
	Fleet crawl.Fleet
	// Log is the file to which fetches are appended; "" means that they are not recorded.
	Log string
}

// End describes how a process ended.
type End struct {
	Pages, Errors int
	// Failed is the error of the crawl; "" if the crawler said that the crawl is complete.
	Failed string
	// Took is how long the crawl took, and CPU the processor time of this process in it.
	Took, CPU time.Duration
	// At is when the crawl returned.
	At time.Time
	// Fetching is the sum of the times of all fetches: longer than the latency where timers are late.
	Fetching time.Duration
	// Counts are what the crawler counted, such as calls to the server.
	Counts map[string]int
}

// Process is a process of a fleet that has started.
type Process struct {
	Job    Job
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	end    End
	err    error
	killed atomic.Bool
	done   chan struct{} // closed when the process has ended, and end and err are set
}

// ErrKilled is the error of a process that Kill has killed.
var ErrKilled = errors.New("killed")

// Start starts a process with a command whose first argument is ChildVerb, and waits until it is ready to crawl. The
// process ends when its standard input does, and so when this process ends, however that happens.
func Start(ctx context.Context, cmd *exec.Cmd, job Job) (*Process, error) {
	p := &Process{Job: job, cmd: cmd, done: make(chan struct{})}
	fail := func(err error) (*Process, error) {
		return nil, fmt.Errorf("start process %d of the fleet: %w", job.Fleet.Index, err)
	}
	var err error
	if p.stdin, err = cmd.StdinPipe(); err != nil {
		return fail(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return fail(err)
	}
	said := &tail{}
	cmd.Stderr = said
	if err := cmd.Start(); err != nil {
		return fail(err)
	}
	ready := make(chan struct{})
	go p.watch(stdout, said, ready)
	if err := json.NewEncoder(p.stdin).Encode(job); err != nil {
		p.stdin.Close() // it does not read its job, and says why
	}
	select {
	case <-ready:
		return p, nil
	case <-p.done:
		err = p.err
	case <-ctx.Done():
		err = ctx.Err()
	}
	p.Stop()
	return fail(err)
}

// watch reads what the process reports, until it has ended.
func (p *Process) watch(stdout io.Reader, said *tail, ready chan<- struct{}) {
	defer close(p.done)
	answers := json.NewDecoder(stdout)
	var begin struct{}
	err := answers.Decode(&begin)
	if err == nil {
		close(ready)
		err = answers.Decode(&p.end)
	}
	io.Copy(io.Discard, stdout)
	waited := p.cmd.Wait()
	switch {
	case p.killed.Load():
		p.err = ErrKilled
	case err != nil:
		p.err = fmt.Errorf("it ended before its crawl did: %w: %s", cmp.Or(waited, err), said)
	}
}

// Go lets the process crawl.
func (p *Process) Go() error {
	_, err := io.WriteString(p.stdin, "{}\n")
	return err
}

// Kill kills the process, as kill -9 does, and waits until it has ended. It returns the time just before.
func (p *Process) Kill() time.Time {
	now := time.Now()
	select {
	case <-p.done: // it had ended by itself
		return now
	default:
	}
	p.killed.Store(true)
	p.cmd.Process.Kill()
	<-p.done
	return now
}

// Stop ends the process whatever it is doing, and waits until it has ended.
func (p *Process) Stop() {
	p.Kill()
	p.stdin.Close()
}

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// End returns how the process ended. It must have ended. The error is ErrKilled after Kill.
func (p *Process) End() (End, error) { return p.end, p.err }

// PID returns the number of the process.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// tail keeps the last bytes that a process printed.
type tail struct{ text []byte }

func (t *tail) Write(b []byte) (int, error) {
	const most = 2000
	t.text = append(t.text, b...)
	t.text = slices.Delete(t.text, 0, max(0, len(t.text)-most))
	return len(b), nil
}

func (t *tail) String() string { return string(t.text) }

// Program returns a function that makes commands which start this program as a process of a fleet.
func Program() (command func() *exec.Cmd, err error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program, to start it as a process of a fleet: %w", err)
	}
	return func() *exec.Cmd { return exec.Command(exe, ChildVerb) }, nil
}
