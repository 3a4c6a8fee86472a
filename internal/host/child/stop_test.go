//go:build unix

package child

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	// parent is the argument that makes the test binary run a planted child for at most parentLimit and
	// print its end, or pause a resident for that time.
	parent      = "__parent"
	parentLimit = 3 * time.Second
	// readyVariable is the environment variable with the path of a file that a child creates when it is
	// ready to be stopped.
	readyVariable = "CRAWLBENCH_TEST_READY"
	// stopped is the child that ends once it was stopped and continued, however late that is.
	stopped = "works until continued"
)

func runParent(name string) {
	if residents()[name] != nil {
		r, err := Start(context.Background(), command(name)(), parentLimit)
		if err == nil {
			var ready any
			r.Await(&ready)
			r.Pause()
			time.Sleep(parentLimit)
		}
		os.Exit(1)
	}
	end, err := Run(context.Background(), command(name), parentLimit)
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

// readyFile sets the path of the file that a child creates when it is ready, and returns it.
func readyFile(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "ready")
	t.Setenv(readyVariable, path)
	return path
}

// waitUntilReady waits for that file.
func waitUntilReady(t *testing.T, path string) {
	t.Helper()
	for range 1000 {
		if _, err := os.Stat(path); err == nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("the child is not ready")
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
	ready, done := readyFile(t), make(chan *End)
	go func() {
		end, err := Run(t.Context(), command(stopped), longLimit)
		if err != nil {
			t.Error(err)
		}
		done <- end
	}()
	pid := waitForChild(t, os.Getpid(), stopped)
	waitUntilReady(t, ready)
	suspend(t, 700*time.Millisecond, pid)
	if end := <-done; end == nil || end.Class != Done || !end.Frozen {
		t.Errorf("%+v", end)
	}
}

// While both processes are stopped, the child's time does not count: by the clock it exceeds its
// limit.
func TestFrozenMachineIsDetectedAndItsTimeDoesNotCount(t *testing.T) {
	ready := readyFile(t)
	cmd := exec.Command(os.Args[0], parent, stopped)
	out := &strings.Builder{}
	cmd.Stdout = out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pid := waitForChild(t, cmd.Process.Pid, stopped)
	waitUntilReady(t, ready)
	suspend(t, parentLimit+time.Second/2, cmd.Process.Pid, pid)
	err := cmd.Wait()
	var end End
	if err := json.Unmarshal([]byte(out.String()), &end); err != nil {
		t.Fatal(err)
	}
	if err != nil || end.Class != Done || !end.Frozen {
		t.Errorf("%v, %+v", err, end)
	}
}

// However busy the machine is, at least one of several children runs undisturbed, and so does a resident.
func TestRunningChildIsNotFrozen(t *testing.T) {
	for what, run := range map[string]func() (*End, error){
		"child": func() (*End, error) { return Run(t.Context(), command("works"), longLimit) },
		"resident": func() (*End, error) {
			r := startResident(t, t.Context(), "squares")
			square(t, r, 2, longLimit)
			time.Sleep(3 * pollInterval)
			square(t, r, 3, longLimit)
			return r.End(longLimit)
		},
	} {
		undisturbed := func() bool {
			end, err := run()
			return err == nil && end.Class == Done && !end.Frozen
		}
		for try := 1; !undisturbed(); try++ {
			if try == 20 {
				t.Fatalf("%s: all 20 were reported as frozen", what)
			}
		}
	}
}
