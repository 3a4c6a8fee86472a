// Package child runs a child process and says what became of it.
//
// A command goes in, an End comes out: the child's own records, what it printed, and the class of its end. The class comes
// from what happened (the final record, the exit status, the runtime's crash output, the processor time used) and never
// from words that the child printed, since the code under test prints what it likes. The child's side is a Line, which
// leads to the parent over a pipe that only the two know of.
package child

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Class is how a child ended.
type Class string

const (
	Done      Class = "done"      // it gave its final record, and left nothing behind
	Unstarted Class = "unstarted" // it ended before it opened its line, so the code under test had no part in it
	Exit      Class = "exit"      // it ended the process before its final record
	Panic     Class = "panic"     // a panic, or an error that is fatal to the runtime
	Deadlock  Class = "deadlock"  // all its goroutines were blocked
	Memory    Class = "memory"    // it was refused memory, or killed when the machine ran out of it
	Fault     Class = "fault"     // it wrote to memory that it was told not to modify
	Hang      Class = "hang"      // it was waiting when its time was up
	Spin      Class = "spin"      // it was running when its time was up
	Race      Class = "race"      // the race detector saw a data race
	Killed    Class = "killed"    // a signal that this process did not send ended it
	Left      Class = "left"      // it gave its final record, but left processes behind
	Junk      Class = "junk"      // something other than a record came over its line
)

// End is what became of a child.
type End struct {
	Class Class
	// Text says why, the first line in short and the others with details; "" if it is done.
	Text string
	// Records are what the child said, without the final record, which is Last; nil if it gave none.
	Records []Record
	Last    json.RawMessage
	// Output is the beginning and the end of what the child printed, and the crash output of its runtime.
	Output []byte
	// Left are the command lines of the processes that it left behind, which were killed.
	Left []string
	// Frozen is set when the child, or this process, was stopped for a while: a suspended machine, a paused container.
	Frozen bool
}

// Record is what a child says before its end.
type Record struct {
	Kind string
	Body json.RawMessage
}

const (
	// lineFD and crashFD are the descriptors of a child for its records and for the crash output of its runtime.
	lineFD, crashFD = 3, 4
	// variable names the nonce, with which each record begins, in the environment of a child and of its descendants.
	variable = "CRAWLBENCH_CHILD"
	// dumpTime is how long a child may go on printing its goroutines.
	dumpTime = 2 * time.Second
	// drainTime is how long the pipes of a child that has ended are read on if a process that was not found holds them.
	drainTime = 500 * time.Millisecond
)

// Run starts the child that command makes, which must call Open, and waits for its end, at most for limit. It has a process
// group of its own, dies with this process, and whatever it leaves behind is killed. Its standard output and error are
// End.Output. One that a signal from elsewhere ends is tried once more. An error means that it could not be started, or
// is the cause of ctx's end.
func Run(ctx context.Context, command func() *exec.Cmd, limit time.Duration) (*End, error) {
	end, err := run(ctx, command(), limit)
	if err != nil || end.Class != Killed {
		return end, err
	}
	before := starved()
	if end, err = run(ctx, command(), limit); err == nil && end.Class == Killed {
		end.Text = "twice " + end.Text
		if starved() > before {
			end.Class, end.Text = Memory, "the kernel killed it when the machine ran out of memory"
		}
	}
	return end, err
}

func run(ctx context.Context, cmd *exec.Cmd, limit time.Duration) (*End, error) {
	nonce := rand.Text()
	races := filepath.Join(os.TempDir(), "crawlbench-race-"+nonce)
	cmd.Env = environment(cmd.Environ(), nonce, races)
	cmd.SysProcAttr = attributes()
	cmd.WaitDelay = drainTime

	output, line, crash := &kept{}, &reader{nonce: nonce}, &kept{}
	crashed := make(chan struct{})
	pipes, err := open(output, line, &first{w: crash, seen: crashed})
	if err != nil {
		return nil, err
	}
	cmd.Stdout, cmd.Stderr = pipes[0].to, pipes[0].to
	cmd.ExtraFiles = []*os.File{pipes[1].to, pipes[2].to}
	// The kernel sends Pdeathsig when the thread that started the child ends, so that thread must not end early.
	runtime.LockOSThread()
	err = cmd.Start()
	for _, p := range pipes {
		p.to.Close()
	}
	if err != nil {
		runtime.UnlockOSThread()
		for _, p := range pipes {
			p.from.Close()
		}
		return nil, err
	}
	for _, p := range pipes {
		go p.copy()
	}

	w := &watch{pid: cmd.Process.Pid, nonce: nonce, limit: limit, crashed: crashed, over: make(chan struct{}), ended: make(chan struct{})}
	go w.run(ctx)
	cmd.Wait() // what it says is in ProcessState
	runtime.UnlockOSThread()
	close(w.ended)
	<-w.over
	pipes[1].drain()
	w.sweep(line)
	pipes[0].drain()
	pipes[2].drain()
	if err := context.Cause(ctx); err != nil && line.last == nil {
		return nil, err
	}
	if cmd.ProcessState == nil {
		return nil, errors.New("wait for it: no state")
	}
	log := races + "." + strconv.Itoa(cmd.Process.Pid)
	race, err := os.ReadFile(log)
	if err == nil {
		os.Remove(log)
	}
	return conclude(facts{
		state: cmd.ProcessState, watch: w, line: line, output: output, crash: crash.Bytes(), race: race,
	}), nil
}

// environment returns that of a child: the runtime shows all goroutines in a crash, and the race detector writes its reports to a file
// of its own.
func environment(env []string, nonce, races string) []string {
	race := ""
	for _, v := range env {
		if value, ok := strings.CutPrefix(v, "GORACE="); ok {
			race = value + " "
		}
	}
	return append(env, variable+"="+nonce, "GOTRACEBACK=all", "GORACE="+race+"atexit_sleep_ms=0 log_path="+races)
}

// pipe is one that a child writes to.
type pipe struct {
	from, to *os.File
	w        io.Writer
	done     chan struct{}
}

// open makes a pipe to each of the writers.
func open(writers ...io.Writer) ([]*pipe, error) {
	var list []*pipe
	for _, w := range writers {
		from, to, err := os.Pipe()
		if err != nil {
			for _, p := range list {
				p.from.Close()
				p.to.Close()
			}
			return nil, fmt.Errorf("make a pipe: %w", err)
		}
		list = append(list, &pipe{from, to, w, make(chan struct{})})
	}
	return list, nil
}

// copy reads the pipe until nobody holds its other end. It goes on whatever the writer thinks of it, since a child must
// not be made to wait.
func (p *pipe) copy() {
	defer close(p.done)
	io.Copy(p.w, p.from)
}

// drain waits for what is left in the pipe, but not long for whoever else holds its other end.
func (p *pipe) drain() {
	p.from.SetReadDeadline(time.Now().Add(drainTime))
	<-p.done
	p.from.Close()
}

// first tells when something is written for the first time.
type first struct {
	w    io.Writer
	seen chan struct{}
	told bool
}

func (f *first) Write(p []byte) (int, error) {
	if !f.told {
		f.told = true
		close(f.seen)
	}
	return f.w.Write(p)
}

// kill ends the process and its group.
func kill(pid int) {
	syscall.Kill(-pid, syscall.SIGKILL)
	syscall.Kill(pid, syscall.SIGKILL)
}
