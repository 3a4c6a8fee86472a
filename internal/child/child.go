// Package child runs a child process and says what became of it.
//
// A command goes in, an End comes out: the child's own records, what it printed, and the class of
// its end. The class comes from what happened (the final record, the exit status, the runtime's
// crash output, the processor time used) and never from words that the child printed, since the
// code under test prints what it likes. The child's side is a Line, which leads to the parent over
// a file that only the two know of.
package child

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
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
	// Records are what the child said, without the final record, which is Last; nil if it gave
	// none.
	Records []Record
	Last    json.RawMessage
	// Output is the beginning and the end of what the child printed, and the crash output of its
	// runtime.
	Output []byte
	// Left are the command lines of the processes that it left behind, which were killed.
	Left []string
	// Frozen is set when the child, or this process, was stopped for a while: a suspended machine,
	// a paused container.
	Frozen bool
}

// Record is what a child says before its end.
type Record struct {
	Kind string
	Body json.RawMessage
}

const (
	// lineFD and crashFD are the descriptors of a child for its records and for the crash output of
	// its runtime.
	lineFD, crashFD = 3, 4
	// variable names the nonce, with which each record begins, in the environment of a child and of
	// its descendants.
	variable = "CRAWLBENCH_CHILD"
	// dumpTime is how long a child may go on printing its goroutines.
	dumpTime = 2 * time.Second
	// drainTime is how long the output of a child that has ended is read on if a process that was
	// not found holds it.
	drainTime = 500 * time.Millisecond
)

// Run starts the child that command makes, which must call Open, and waits for its end, at most for
// limit. It has a process group of its own, dies with this process, and whatever it leaves behind
// is killed. Its standard output and error are End.Output. One that a signal from elsewhere ends is
// tried once more. An error means that it could not be started, or is the cause of ctx's end.
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
	nonce := fmt.Sprintf("%016x%016x", rand.Uint64(), rand.Uint64()) // against accidents
	races := filepath.Join(os.TempDir(), "crawlbench-race-"+nonce)
	cmd.Env = environment(cmd.Environ(), nonce, races)
	cmd.SysProcAttr = attributes()
	cmd.WaitDelay = drainTime

	line, err := sink("line", longest)
	if err != nil {
		return nil, fmt.Errorf("make its line: %w", err)
	}
	defer line.Close()
	crash, err := sink("crash output", keep)
	if err != nil {
		return nil, fmt.Errorf("make room for its crash output: %w", err)
	}
	defer crash.Close()
	cmd.ExtraFiles = []*os.File{line, crash}
	output := &kept{}
	cmd.Stdout, cmd.Stderr = output, output

	// The kernel sends Pdeathsig when the thread that started the child ends, so that thread must
	// not end early.
	runtime.LockOSThread()
	begin := time.Now()
	err = cmd.Start()
	if err != nil {
		runtime.UnlockOSThread()
		return nil, err
	}
	w := &watch{
		pid: cmd.Process.Pid, nonce: nonce, begin: begin, limit: limit, crash: crash,
		over: make(chan struct{}), ended: make(chan struct{}),
	}
	go w.run(ctx)
	state, err := cmd.Process.Wait()
	runtime.UnlockOSThread()
	close(w.ended)
	<-w.over
	said := read(written(line), nonce)
	w.sweep(said)
	cmd.Wait() // for what is left of its output, but not long for whoever else holds that
	if cause := context.Cause(ctx); cause != nil && said.last == nil {
		return nil, cause
	}
	if err != nil {
		return nil, fmt.Errorf("wait for it: %w", err)
	}
	log := races + "." + strconv.Itoa(state.Pid())
	race, err := os.ReadFile(log)
	if err == nil {
		os.Remove(log)
	}
	return conclude(facts{state: state, watch: w, said: said, output: output, crash: written(crash), race: race}), nil
}

// nameless makes a file that is gone when it is closed.
func nameless() (*os.File, error) {
	f, err := os.CreateTemp("", "crawlbench-")
	if err == nil {
		os.Remove(f.Name())
	}
	return f, err
}

// written returns what was written to a sink. Its offset is the child's too.
func written(f *os.File) []byte {
	n, err := f.Seek(0, io.SeekCurrent)
	if err != nil || n == 0 {
		return nil
	}
	text := make([]byte, min(n, longest))
	k, _ := f.ReadAt(text, 0)
	return text[:k]
}

// environment returns that of a child: the runtime shows all goroutines in a crash, and the race
// detector writes its reports to a file of its own.
func environment(env []string, nonce, races string) []string {
	race := ""
	for _, v := range env {
		if value, ok := strings.CutPrefix(v, "GORACE="); ok {
			race = value + " "
		}
	}
	return append(env, variable+"="+nonce, "GOTRACEBACK=all", "GORACE="+race+"atexit_sleep_ms=0 log_path="+races)
}

// kill ends the process and its group.
func kill(pid int) {
	syscall.Kill(-pid, syscall.SIGKILL)
	syscall.Kill(pid, syscall.SIGKILL)
}
