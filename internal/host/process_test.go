package host

import (
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"
)

func TestProcessIsIdentifiedByMoreThanItsPID(t *testing.T) {
	this := ThisProcess()
	if !this.Alive() {
		t.Errorf("this process, %+v, is not alive", this)
	}
	if runtime.GOOS == "linux" && (this.Boot == "" || this.Start == 0) {
		t.Errorf("%+v", this)
	}
	for what, p := range map[string]Process{
		"another boot":             {this.PID, "another boot", this.Start},
		"another start time":       {this.PID, this.Boot, this.Start + 1},
		"only a PID":               {PID: this.PID},
		"no process":               {},
		"all processes":            {-1, this.Boot, this.Start},
		"a PID that is not in use": {1 << 30, this.Boot, 0},
	} {
		if p.Alive() {
			t.Errorf("%s: %+v is alive", what, p)
		}
	}
	parent := Process{PID: os.Getppid(), Boot: bootID(), Start: startTime(os.Getppid())}
	if !parent.Alive() {
		t.Errorf("the parent %+v is not alive", parent)
	}
}

// The program's name is part of the line, and may be any text.
func TestStartTimeIsFoundAfterAnyName(t *testing.T) {
	sleep, err := exec.LookPath("sleep")
	if err != nil {
		t.Skip(err)
	}
	text, err := os.ReadFile(sleep)
	if err != nil {
		t.Fatal(err)
	}
	odd := t.TempDir() + "/a) R 1 (b"
	if err := os.WriteFile(odd, text, 0o777); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(odd, "60")
	if err := cmd.Start(); err != nil {
		t.Skip(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	if s := startTime(cmd.Process.Pid); s < startTime(os.Getpid()) {
		t.Errorf("it started at %d, after this process at %d", s, startTime(os.Getpid()))
	}
}

// A process that computes uses processor time, and one that sleeps does not use as much as passes.
func TestUsageCountsThisProcessOnly(t *testing.T) {
	before, _ := Usage()
	for x := uint64(1); CPUTime()-before < 10*time.Millisecond; x *= 3 {
		_ = x
	}
	cpu, preempted := Usage()
	if cpu < before+10*time.Millisecond || preempted < 0 {
		t.Errorf("%v before, %v after, preempted %d times", before, cpu, preempted)
	}
}
