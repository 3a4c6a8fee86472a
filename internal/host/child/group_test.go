//go:build unix

package child

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Parts of scripts. The last three start a process that writes its number into the file pid when it is ready; on
// SIGTERM, those but inner write the name of the signal into the file got.
const (
	deaf    = `trap '' INT TERM HUP; `
	loop    = `while :; do sleep 0.01; done`
	ready   = `echo $$ >new; mv new pid; `
	obeys   = `trap "echo TERM >got; exit" TERM; `
	inner   = `sh -c '` + ready + loop + `' & `
	answers = `sh -c '` + obeys + ready + loop + `' & `
	halted  = `sh -c '` + obeys + `echo $$ >new; mv new me; ` + loop + `' & ` +
		`until [ -e me ]; do sleep 0.01; done; kill -STOP $!; mv me pid; `
)

// runScript runs a script in a group until its inner process is ready, then ends its context with a SIGTERM. It
// returns the number of the inner process, what the file got has, and what RunGroup returns.
func runScript(t *testing.T, script string, grace time.Duration, then func(over <-chan error)) (int, string, error) {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.Command("sh", "-c", script)
	cmd.Dir = dir
	cmd.Stdout, cmd.Stderr = &bytes.Buffer{}, &bytes.Buffer{} // a pipe that the inner process holds open
	ctx, cancel := context.WithCancelCause(t.Context())
	over := make(chan error, 1)
	go func() {
		over <- RunGroup(ctx, cmd, grace)
		close(over)
	}()
	waitUntilReady(t, filepath.Join(dir, "pid"))
	text, _ := os.ReadFile(filepath.Join(dir, "pid"))
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { killProcess(pid) }) // when the test fails
	cancel(Signal{syscall.SIGTERM})
	if then != nil {
		then(over)
	}
	err = <-over
	got, _ := os.ReadFile(filepath.Join(dir, "got"))
	return pid, strings.TrimSpace(string(got)), err
}

func TestGroupEndsWithItsContext(t *testing.T) {
	for name, test := range map[string]struct {
		script string
		grace  time.Duration
		err    string
		got    string
	}{
		"all obey":              {answers + "wait", longLimit, "signal: terminated", "TERM"},
		"one is stopped":        {halted + "wait", longLimit, "signal: terminated", "TERM"},
		"all are deaf":          {deaf + inner + "wait; wait", shortLimit, "signal: killed", ""},
		"the leader ends first": {"(" + deaf + inner + "); exec sleep 1000", shortLimit, "signal: terminated", ""},
		"the leader exits":      {"trap 'exit 0' TERM; (" + deaf + inner + "); " + loop, shortLimit, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pid, got, err := runScript(t, test.script, test.grace, nil)
			if err == nil && test.err != "" || err != nil && err.Error() != test.err {
				t.Errorf("it ended with %v, want %q", err, test.err)
			}
			if got != test.got {
				t.Errorf("the inner process received %q, want %q", got, test.got)
			}
			if !gone(pid) {
				t.Error("the inner process is left")
			}
		})
	}
}

func TestSecondInterruptKillsTheGroup(t *testing.T) {
	guard := make(chan os.Signal, 1)
	signal.Notify(guard, syscall.SIGINT) // until RunGroup asks for it, an interrupt would end the test
	defer signal.Stop(guard)
	pid, _, err := runScript(t, deaf+inner+"wait; wait", time.Hour, func(over <-chan error) {
		for range 1000 {
			syscall.Kill(os.Getpid(), syscall.SIGINT)
			if time.Sleep(10 * time.Millisecond); len(over) > 0 {
				return
			}
		}
		t.Fatal("it still runs")
	})
	if err == nil || err.Error() != "signal: killed" || !gone(pid) {
		t.Errorf("%v; the inner process is gone: %v", err, gone(pid))
	}
}

// A command that ends by itself may leave a process, such as a daemon.
func TestGroupOfACommandThatHasEndedIsNotKilled(t *testing.T) {
	dir := t.TempDir()
	cmd := exec.Command("sh", "-c", inner+"exit 3")
	cmd.Dir = dir
	err := RunGroup(t.Context(), cmd, longLimit)
	if cmd.ProcessState.ExitCode() != 3 {
		t.Error(err)
	}
	if !groupExists(cmd.Process.Pid) {
		t.Error("the process that it left was killed")
	}
	killGroup(cmd.Process.Pid)
}
