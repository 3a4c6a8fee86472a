// Package child runs a child process and classifies how it ended.
//
// The input is a command, the output an End: the child's records, what it printed, and the class of
// its end. The class is derived from what happened (the final record, the exit status, the runtime's
// crash output, the processor time used) and never from text that the child printed, because the
// code under test may print anything. The child sends records over a Conn, a file that it shares
// with the parent.
//
// RunGroup runs any other command, such as one of the user's, and ends what it started.
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
	"time"

	"crawlbench/internal/host"
)

// Class is how a child ended.
type Class string

const (
	Done      Class = "done"      // it sent its final record and left nothing behind
	Unstarted Class = "unstarted" // it ended before it opened its connection, that is before the code under test ran
	Exit      Class = "exit"      // it ended the process before its final record
	Panic     Class = "panic"     // a panic, or a fatal error of the runtime
	Deadlock  Class = "deadlock"  // all its goroutines were blocked
	Memory    Class = "memory"    // it exceeded its memory limit, or was killed when the machine ran out of memory
	Fault     Class = "fault"     // it wrote to memory that it was told not to modify
	Hang      Class = "hang"      // it was waiting at the time limit
	Spin      Class = "spin"      // it was running at the time limit
	Race      Class = "race"      // the race detector saw a data race
	Killed    Class = "killed"    // a signal that this process did not send ended it
	Left      Class = "left"      // it sent its final record but left processes behind
	Junk      Class = "junk"      // its connection has something other than records
)

// End describes how a child ended.
type End struct {
	Class Class
	// Text says why: a summary in the first line, details in the others; "" if the class is Done.
	Text string
	// Records are the child's records except the final one, which is Last; that is nil if there was
	// none.
	Records []Record
	Last    json.RawMessage
	// Output is the beginning and the end of what the child printed, and the crash output of its
	// runtime.
	Output []byte
	// Left are the command lines of the processes that it left behind, which were killed.
	Left []string
	// Frozen is set if the child or this process was stopped for a while, for example by a suspended
	// machine or a paused container.
	Frozen bool
}

// Record is a message from a child.
type Record struct {
	Kind string
	Body json.RawMessage
}

const (
	// connFD and crashFD are a child's file descriptors for its records and for the crash output of
	// its runtime.
	connFD, crashFD = 3, 4
	// nonceVariable is the environment variable that gives a child and its descendants the nonce.
	// Each record begins with the nonce.
	nonceVariable = "CRAWLBENCH_CHILD"
	// dumpTime is how long a child may take to print its goroutines.
	dumpTime = 2 * time.Second
	// drainTime is how long the output of an ended child is read if a process that was not found
	// keeps it open.
	drainTime = 500 * time.Millisecond
)

// Run starts the command that command returns, which must call Open, and waits for its end, at most
// for limit. The child has its own process group and dies with this process, and whatever it leaves
// behind is killed. Its standard output and error are in End.Output. A child that a foreign signal
// ends is run once more. An error means that it could not be started, or that ctx ended; it is then
// the cause.
func Run(ctx context.Context, command func() *exec.Cmd, limit time.Duration) (*End, error) {
	end, err := run(ctx, command(), limit)
	if err != nil || end.Class != Killed {
		return end, err
	}
	before := OOMKills()
	if end, err = run(ctx, command(), limit); err == nil && end.Class == Killed {
		end.Twice(before)
	}
	return end, err
}

// Twice makes e the end of a child that a foreign signal has ended for the second time. before is
// OOMKills before it was started.
func (e *End) Twice(before int) {
	e.Text = strings.Replace(e.Text, "it was killed", "it was killed twice", 1)
	if OOMKills() > before {
		e.Class, e.Text = Memory, "the kernel killed it because the machine ran out of memory"
	}
}

func run(ctx context.Context, cmd *exec.Cmd, limit time.Duration) (*End, error) {
	r, err := begin(ctx, cmd, limit)
	if err != nil {
		return nil, err
	}
	return r.wait()
}

// running is a child that has been started and not been waited for.
type running struct {
	ctx         context.Context
	cmd         *exec.Cmd
	races       string
	conn, crash *os.File
	output      *boundedOutput
	watch       *watcher
	// The end of the process; valid once watch.ended is closed.
	state *os.ProcessState
	err   error
}

// begin starts a child, with more as its file descriptors after those of its connection.
func begin(ctx context.Context, cmd *exec.Cmd, limit time.Duration, more ...*os.File) (*running, error) {
	if err := Supported(); err != nil {
		return nil, err
	}
	nonce := fmt.Sprintf("%016x%016x", rand.Uint64(), rand.Uint64()) // against accidental output
	r := &running{
		ctx: ctx, cmd: cmd, races: filepath.Join(os.TempDir(), "crawlbench-race-"+nonce), output: &boundedOutput{},
	}
	cmd.Env = childEnv(cmd.Environ(), nonce, r.races)
	cmd.SysProcAttr = procAttributes()
	cmd.WaitDelay = drainTime
	var err error
	if r.conn, err = sink("connection", maxRecords); err != nil {
		return nil, fmt.Errorf("create the connection to the child: %w", err)
	}
	if r.crash, err = sink("crash output", outputLimit); err != nil {
		r.conn.Close()
		return nil, fmt.Errorf("create the file for the child's crash output: %w", err)
	}
	cmd.ExtraFiles = append([]*os.File{r.conn, r.crash}, more...)
	cmd.Stdout, cmd.Stderr = r.output, r.output
	r.watch = &watcher{
		nonce: nonce, begin: time.Now(), crash: r.crash, over: make(chan struct{}), ended: make(chan struct{}),
	}
	r.watch.expect(limit, 0)
	started := make(chan error)
	go r.process(started)
	if err := <-started; err != nil {
		r.conn.Close()
		r.crash.Close()
		return nil, err
	}
	go r.watch.run(ctx)
	return r, nil
}

// process starts the process and waits for its end.
func (r *running) process(started chan<- error) {
	// The kernel sends Pdeathsig when the thread that started the child ends, so the thread must not
	// end early.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := r.cmd.Start(); err != nil {
		started <- err
		return
	}
	r.watch.pid = r.cmd.Process.Pid
	started <- nil
	r.state, r.err = r.cmd.Process.Wait()
	close(r.watch.ended)
}

// wait waits for the end of the child and classifies it.
func (r *running) wait() (*End, error) {
	defer r.conn.Close()
	defer r.crash.Close()
	w := r.watch
	<-w.ended
	<-w.over
	received := parseRecords(readSink(r.conn), w.nonce)
	w.killRemaining(received)
	r.cmd.Wait() // for the rest of its output, at most for WaitDelay
	if cause := context.Cause(r.ctx); cause != nil && received.last == nil {
		return nil, cause
	}
	if r.err != nil {
		return nil, fmt.Errorf("wait for the child: %w", r.err)
	}
	log := r.races + "." + strconv.Itoa(r.state.Pid())
	race, err := os.ReadFile(log)
	if err == nil {
		os.Remove(log)
	}
	return conclude(evidence{
		state: r.state, watch: w, received: received, output: r.output, crash: readSink(r.crash), race: race,
	}), nil
}

// unlinkedFile creates a file that disappears when it is closed.
func unlinkedFile() (*os.File, error) {
	f, err := host.TempFile("crawlbench-")
	if err == nil {
		os.Remove(f.Name())
	}
	return f, err
}

// readSink returns what was written to a sink. The child shares the file offset.
func readSink(f *os.File) []byte {
	n, err := f.Seek(0, io.SeekCurrent)
	if err != nil || n == 0 {
		return nil
	}
	text := make([]byte, min(n, maxRecords))
	k, _ := f.ReadAt(text, 0)
	return text[:k]
}

// childEnv returns the environment of a child: the runtime shows all goroutines in a crash, and the
// race detector writes its reports to a separate file.
func childEnv(env []string, nonce, races string) []string {
	race := ""
	for _, v := range env {
		if value, ok := strings.CutPrefix(v, "GORACE="); ok {
			race = value + " "
		}
	}
	return append(env, nonceVariable+"="+nonce, "GOTRACEBACK=all", "GORACE="+race+"atexit_sleep_ms=0 log_path="+races)
}
