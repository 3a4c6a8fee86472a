package runner

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"

	"crawlbench/internal/cell"
)

// failure is why a child gave no number.
type failure struct {
	class, message string
	output         []byte
}

const (
	// outputLimit bounds what is kept of what a child prints; ten thousand goroutines fit.
	outputLimit = 1 << 20
	// dumpTime is how long a child past its deadline may take to print its goroutines.
	dumpTime = 2 * time.Second
	// setupTime is the default of Runner.Setup.
	setupTime = 10 * time.Second
)

var errDeadline = errors.New("deadline")

// run runs one child, that of the other program if it is against it. The error is the harness's; what the contender did wrong is the failure.
func (r *Runner) run(ctx context.Context, job cell.Job, against bool) (*cell.Outcome, *failure, error) {
	limit := r.Run.Plan().Deadline + cmp.Or(r.Setup, setupTime)
	dctx, cancel := context.WithTimeoutCause(ctx, limit, errDeadline)
	defer cancel()

	in, err := json.Marshal(job)
	if err != nil {
		return nil, nil, fmt.Errorf("describe %s: %w", job.Cell.ID(), err)
	}
	var answer bytes.Buffer
	output := &capped{limit: outputLimit}
	began := time.Now()
	state, err := r.exec(dctx, against, bytes.NewReader(in), &answer, output)
	took := time.Since(began)
	switch {
	case ctx.Err() != nil:
		return nil, nil, context.Cause(ctx)
	case state == nil:
		return nil, nil, fmt.Errorf("start a child process for %s: %w", job.Cell.ID(), err)
	case context.Cause(dctx) == errDeadline:
		return nil, late(state, took, limit, output.Bytes()), nil
	case !state.Success():
		return nil, died(state, output.Bytes()), nil
	}
	var outcome cell.Outcome
	if err := json.Unmarshal(answer.Bytes(), &outcome); err != nil {
		return nil, &failure{"exit", "it ended the process with exit code 0 before the crawl was over", output.Bytes()}, nil
	}
	if outcome.Error != "" {
		return nil, nil, fmt.Errorf("measure %s: %s", job.Cell.ID(), outcome.Error)
	}
	if outcome.Wrong != "" {
		return nil, &failure{"wrong", outcome.Wrong, output.Bytes()}, nil
	}
	return &outcome, nil, nil
}

// exec starts the child and waits for its end. A nil state means that it did not start.
func (r *Runner) exec(ctx context.Context, against bool, in io.Reader, answer, output io.Writer) (*os.ProcessState, error) {
	// The kernel sends Pdeathsig when the thread that started the child ends, so that thread must not end early.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	args := r.Child
	switch {
	case against:
		args = []string{r.Against, ChildVerb}
	case len(args) == 0:
		exe, err := os.Executable()
		if err != nil {
			return nil, err
		}
		args = []string{exe, ChildVerb}
	}
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, output, output
	cmd.Env = append(os.Environ(), "GOTRACEBACK=all")
	cmd.SysProcAttr = attributes()
	cmd.Cancel = func() error {
		if context.Cause(ctx) == errDeadline {
			return cmd.Process.Signal(syscall.SIGQUIT) // the runtime prints all goroutines and exits
		}
		return cmd.Process.Kill()
	}
	cmd.WaitDelay = dumpTime

	from, to, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer from.Close()
	cmd.ExtraFiles = []*os.File{to}
	err = cmd.Start()
	to.Close()
	if err != nil {
		return nil, err
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		io.Copy(answer, from)
	}()
	err = cmd.Wait()
	from.SetReadDeadline(time.Now().Add(dumpTime)) // a grandchild may hold the other end open
	<-read
	return cmd.ProcessState, err
}

// AnswerFD is the file descriptor on which a child gives its outcome.
const AnswerFD = 3

// late describes a child that was stopped at its deadline.
func late(state *os.ProcessState, took, limit time.Duration, output []byte) *failure {
	cpu := state.UserTime() + state.SystemTime()
	share := cpu.Seconds() / took.Seconds()
	if share > 0.2 { // of one processor; who waits uses none
		return &failure{"spin", fmt.Sprintf("it was still running after %v, on %.1f processors: raise the scenario's deadline if it is only slow", limit, share), output}
	}
	return &failure{"hang", fmt.Sprintf("it was still waiting after %v, the deadline", limit), output}
}

// died describes a child that ended by itself, but not well.
func died(state *os.ProcessState, output []byte) *failure {
	text := string(output)
	first := func(mark string) string {
		i := strings.Index(text, mark)
		if i < 0 {
			return ""
		}
		line, _, _ := strings.Cut(text[i:], "\n")
		return line
	}
	status, _ := state.Sys().(syscall.WaitStatus)
	switch {
	case first("all goroutines are asleep") != "":
		return &failure{"deadlock", "all its goroutines were waiting for each other", output}
	case first("out of memory") != "" || first("cannot allocate memory") != "":
		return &failure{"memory", "it needed more memory than a child may have (the scenario's memory, or what the machine has free)", output}
	case status.Signaled() && status.Signal() == syscall.SIGKILL:
		return &failure{"memory", "it was killed from outside, most likely because the machine ran out of memory", output}
	case first("panic: ") != "":
		return &failure{"panic", first("panic: "), output}
	case first("fatal error: ") != "":
		return &failure{"panic", first("fatal error: "), output}
	}
	return &failure{"exit", fmt.Sprintf("it ended the process (%v) before the crawl was over", state), output}
}

// capped keeps the beginning of what is written to it.
type capped struct {
	bytes.Buffer
	limit int
}

func (c *capped) Write(p []byte) (int, error) {
	c.Buffer.Write(p[:min(len(p), max(0, c.limit-c.Len()))])
	return len(p), nil
}
