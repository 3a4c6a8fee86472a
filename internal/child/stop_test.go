//go:build unix

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

// parent is the argument that makes the test binary run a planted child for at most 1.5 seconds and
// print its end.
const parent = "__parent"

func runParent(name string) {
	end, err := Run(context.Background(), command(name), 1500*time.Millisecond)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	json.NewEncoder(os.Stdout).Encode(end)
	os.Exit(0)
}

// waitForChild waits until process pid runs the planted child of that name, and returns its pid.
func waitForChild(t *testing.T, pid int, name string) int {
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

// suspend stops the processes for the given time.
func suspend(t *testing.T, d time.Duration, pids ...int) {
	t.Helper()
	signalAll(t, syscall.SIGSTOP, pids...)
	time.Sleep(d)
	signalAll(t, syscall.SIGCONT, pids...)
}

func TestChildDiesWithAKilledParent(t *testing.T) {
	cmd := exec.Command(os.Args[0], parent, "works deaf")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pid := waitForChild(t, cmd.Process.Pid, "works deaf")
	cmd.Process.Kill()
	cmd.Wait()
	if !gone(pid) {
		t.Error("it outlived its parent")
	}
}

func TestFrozenChildIsDetected(t *testing.T) {
	done := make(chan *End)
	go func() {
		end, err := Run(t.Context(), command("works"), longLimit)
		if err != nil {
			t.Error(err)
		}
		done <- end
	}()
	suspend(t, 700*time.Millisecond, waitForChild(t, os.Getpid(), "works"))
	if end := <-done; end == nil || end.Class != Done || !end.Frozen {
		t.Errorf("%+v", end)
	}
}

// While both processes are stopped, the child's time does not count: by the clock it exceeds its
// limit.
func TestFrozenMachineIsDetectedAndItsTimeDoesNotCount(t *testing.T) {
	cmd := exec.Command(os.Args[0], parent, "works")
	out := &strings.Builder{}
	cmd.Stdout = out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	suspend(t, 2*time.Second, cmd.Process.Pid, waitForChild(t, cmd.Process.Pid, "works"))
	err := cmd.Wait()
	var end End
	if err := json.Unmarshal([]byte(out.String()), &end); err != nil {
		t.Fatal(err)
	}
	if err != nil || end.Class != Done || !end.Frozen {
		t.Errorf("%v, %+v", err, end)
	}
}

// However busy the machine is, at least one of several children runs undisturbed.
func TestRunningChildIsNotFrozen(t *testing.T) {
	for range 20 {
		if end, err := Run(t.Context(), command("works"), longLimit); err == nil && end.Class == Done && !end.Frozen {
			return
		}
	}
	t.Error("all 20 children were reported as frozen")
}
