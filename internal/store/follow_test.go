package store

import (
	"os"
	"strconv"
	"testing"
)

// A follower takes each record once, and a line that is being written when it is whole.
func TestFollowerTakesWholeLinesOnce(t *testing.T) {
	p := testPlan(2)
	run := newRun(t, p, sampleOf(p, p.Schedule[0]))
	f := Follow(run.Dir())
	take := func(want int) {
		t.Helper()
		got, err := f.Next()
		if err != nil || len(got) != want {
			t.Errorf("%d records, want %d; %v", len(got), want, err)
		}
	}
	take(1)
	take(0)
	line, err := encode(sampleOf(p, p.Schedule[1]))
	if err != nil {
		t.Fatal(err)
	}
	journal, err := os.OpenFile(run.path(journalFile), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer journal.Close()
	journal.Write(line[:20])
	take(0)
	journal.Write(line[20:])
	take(1)
	take(0)
}

// The manifest of a run that was killed says that it runs; the process that wrote it is gone.
func TestPeekTellsAKilledRunFromOneThatGoesOn(t *testing.T) {
	p := testPlan(1)
	run := newRun(t, p)
	m, alive, err := Peek(run.Dir())
	if err != nil || !alive || m.State != Running {
		t.Errorf("of this process: alive %v, %v, %v", alive, m.State, err)
	}
	for _, pid := range []string{strconv.Itoa(1 << 30), "0", "-1", "none", ""} {
		if err := os.WriteFile(run.path(lockFile), []byte(pid), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, alive, err := Peek(run.Dir()); err != nil || alive {
			t.Errorf("of process %q: alive %v, %v", pid, alive, err)
		}
	}
	if _, _, err := Peek(t.TempDir()); err == nil {
		t.Error("what is no run has a manifest")
	}
}
