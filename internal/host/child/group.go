package child

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"
	"time"
)

// Signal is a cause of the end of a context: this process received a signal.
type Signal struct{ Received syscall.Signal }

func (s Signal) Error() string { return s.Received.String() + " signal" }

// RunGroup runs a command and returns its error, as cmd.Run does. Where the system has process groups, the command has
// its own, so that the terminal's ^C does not reach it. When ctx ends, the whole group gets the signal that is its
// cause, or else an interrupt. What remains of the group after grace, or when this process is interrupted again, is
// killed. A command that ends before ctx may leave processes behind.
//
// The group is in the background of the terminal: it can write to it, but is stopped if it reads from it or changes its
// settings, until it is signalled or killed as above.
func RunGroup(ctx context.Context, cmd *exec.Cmd, grace time.Duration) error {
	cmd.SysProcAttr = procAttributes()
	cmd.WaitDelay = grace + drainTime // for its output, in case a process outside the group holds it open
	runtime.LockOSThread()            // because of Pdeathsig, see running.process
	defer runtime.UnlockOSThread()
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	again := make(chan os.Signal, 1)
	signal.Notify(again, os.Interrupt)
	defer signal.Stop(again)
	signalGroup(cmd.Process, cause(ctx))
	return endGroup(cmd, ended, again, time.After(grace))
}

// cause returns the signal that ended ctx, or else an interrupt.
func cause(ctx context.Context) syscall.Signal {
	if s, ok := errors.AsType[Signal](context.Cause(ctx)); ok {
		return s.Received
	}
	return syscall.SIGINT
}

// endGroup waits until no process of a command's group is left, and kills the group when again or over has something
// to receive. It returns what the command ended with.
func endGroup(cmd *exec.Cmd, ended <-chan error, again <-chan os.Signal, over <-chan time.Time) (err error) {
	poll := time.NewTicker(10 * time.Millisecond)
	defer poll.Stop()
	for leader := ended; leader != nil || groupExists(cmd.Process.Pid); {
		select {
		case err = <-leader:
			leader = nil
			continue
		case <-poll.C:
			continue
		case <-again:
		case <-over:
		}
		killGroup(cmd.Process.Pid)
		if leader != nil {
			cmd.Process.Kill() // for systems without groups
			err = <-leader
		}
		break
	}
	return err
}
