package child

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// parent makes the test binary a process that runs a planted child for at most a second and a half,
// and prints its end.
const parent = "__parent"

func raise(name string) {
	end, err := Run(context.Background(), command(name), 1500*time.Millisecond)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	json.NewEncoder(os.Stdout).Encode(end)
	os.Exit(0)
}

// below waits for the planted child of that name that process pid runs.
func below(t *testing.T, pid int, name string) int {
	t.Helper()
	for range 1000 {
		for _, p := range processes() {
			if p.parent == pid && strings.HasSuffix(p.String(), verb+" "+name) {
				return p.pid
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("process %d does not run %s", pid, name)
	return 0
}

func signalAll(t *testing.T, s syscall.Signal, pids ...int) {
	t.Helper()
	for _, pid := range pids {
		if err := syscall.Kill(pid, s); err != nil {
			t.Fatal(err)
		}
	}
}

// hold stops the processes for that long.
func hold(t *testing.T, long time.Duration, pids ...int) {
	t.Helper()
	signalAll(t, syscall.SIGSTOP, pids...)
	time.Sleep(long)
	signalAll(t, syscall.SIGCONT, pids...)
}

func TestChildDiesWithAKilledParent(t *testing.T) {
	cmd := exec.Command(os.Args[0], parent, "works deaf")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pid := below(t, cmd.Process.Pid, "works deaf")
	cmd.Process.Kill()
	cmd.Wait()
	if !gone(pid) {
		t.Error("it outlived its parent")
	}
}

func TestFrozenChildIsSeen(t *testing.T) {
	done := make(chan *End)
	go func() {
		end, err := Run(t.Context(), command("works"), enough)
		if err != nil {
			t.Error(err)
		}
		done <- end
	}()
	hold(t, 700*time.Millisecond, below(t, os.Getpid(), "works"))
	if end := <-done; end == nil || end.Class != Done || !end.Frozen {
		t.Errorf("%+v", end)
	}
}

// While both are stopped, the time of the child does not run: it needs more than it has, by the
// clock.
func TestFrozenMachineIsSeenAndItsTimeDoesNotCount(t *testing.T) {
	cmd := exec.Command(os.Args[0], parent, "works")
	out := &strings.Builder{}
	cmd.Stdout = out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	hold(t, 2*time.Second, cmd.Process.Pid, below(t, cmd.Process.Pid, "works"))
	err := cmd.Wait()
	var end End
	if err := json.Unmarshal([]byte(out.String()), &end); err != nil {
		t.Fatal(err)
	}
	if err != nil || end.Class != Done || !end.Frozen {
		t.Errorf("%v, %+v", err, end)
	}
}

// Of several children one at least runs without being held up, however busy the machine is.
func TestRunningChildIsNotFrozen(t *testing.T) {
	for range 20 {
		if end, err := Run(t.Context(), command("works"), enough); err == nil && end.Class == Done && !end.Frozen {
			return
		}
	}
	t.Error("all of 20 children count as stopped")
}
