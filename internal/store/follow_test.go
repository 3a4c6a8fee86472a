package store

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"testing"
)

// A follower returns each record once, and only when its line is complete.
func TestFollowerReturnsCompleteLinesOnce(t *testing.T) {
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

// The manifest of a killed run says Running, but no process holds its lock.
func TestPeekDistinguishesAKilledRunFromOneInProgress(t *testing.T) {
	p := testPlan(1)
	run := newRun(t, p)
	m, alive, err := Peek(run.Dir())
	if err != nil || !alive || m.State != Running {
		t.Errorf("lock of this process: alive %v, %v, %v", alive, m.State, err)
	}
	run.Close()
	for _, pid := range []string{strconv.Itoa(os.Getpid()), strconv.Itoa(1 << 30), "0", "-1", "none", ""} {
		if err := os.WriteFile(run.path(lockFile), []byte(pid), 0o666); err != nil {
			t.Fatal(err)
		}
		m, alive, err := Peek(run.Dir())
		if err != nil || alive || m.State != Interrupted {
			t.Errorf("lock file with %q: alive %v, %v, %v", pid, alive, m.State, err)
		}
		if q, err := Open(run.Dir()); err != nil || q.Manifest().State != Interrupted {
			t.Errorf("lock file with %q: %v", pid, err)
		}
	}
	if _, _, err := Peek(t.TempDir()); err == nil {
		t.Error("Peek accepted a directory that is not a run")
	}
}

// A follower returns every record once, wherever the journal ends while it grows.
func TestFollowerOfAJournalThatGrowsByteByByte(t *testing.T) {
	want, text, lines := smallJournal(t)
	for _, step := range []int{1, 7, lines[1], lines[2], len(text)} {
		dir := t.TempDir()
		f := Follow(dir)
		var got []Record
		for n := 0; ; n = min(n+step, len(text)) {
			if err := os.WriteFile(filepath.Join(dir, journalFile), text[:n], 0o666); err != nil {
				t.Fatal(err)
			}
			records, err := f.Next()
			got = append(got, records...)
			whole := 0
			for whole < len(want) && lines[whole+1] <= n {
				whole++
			}
			if err != nil || !sameRecords(got, want[:whole]) {
				t.Fatalf(
					"%d of %d bytes, %d at a time: %d records, want %d; %v", n, len(text), step, len(got), whole, err,
				)
			}
			if n == len(text) {
				break
			}
		}
	}
}

// A follower continues after Resume has removed the torn line that a crash left.
func TestFollowerContinuesAfterATornLine(t *testing.T) {
	p := testPlan(2)
	for _, torn := range []string{"{\"crc\":\"torn", "{\"crc\":\"torn\n", "torn\ntorn\n"} {
		run := newRun(t, p, sampleOf(p, p.Schedule[0]))
		run.Close()
		journal, err := os.OpenFile(run.path(journalFile), os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer journal.Close()
		f := Follow(run.Dir())
		if _, err := journal.WriteString(torn); err != nil {
			t.Fatal(err)
		}
		take := func(want ...Record) {
			t.Helper()
			if got, err := f.Next(); err != nil || !sameRecords(got, want) {
				t.Errorf("after %q: %d records, want %d; %v", torn, len(got), len(want), err)
			}
		}
		take(run.Records()...)
		take()
		resumed, _, err := Resume(run.Dir())
		if err != nil {
			t.Fatal(err)
		}
		take()
		next := sampleOf(p, p.Schedule[1])
		if err := resumed.Append(next); err != nil {
			t.Fatal(err)
		}
		take(next)
		take()
		resumed.Close()
	}
}

func TestFollowerOfADamagedJournal(t *testing.T) {
	want, text, lines := smallJournal(t)
	dir := t.TempDir()
	f := Follow(dir)
	if got, err := f.Next(); got != nil || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without a journal: %d records, %v", len(got), err)
	}
	write := func(text []byte) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, journalFile), text, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write(text[:lines[1]])
	if got, err := f.Next(); err != nil || !sameRecords(got, want[:1]) {
		t.Errorf("%d records, %v", len(got), err)
	}
	write(text[:lines[1]-1]) // a returned record is missing now
	if got, err := f.Next(); err != nil || got != nil {
		t.Errorf("truncated journal: %d records, %v", len(got), err)
	}
	text[lines[1]+40] ^= 1
	write(text)
	for range 2 { // it does not skip the damage
		got, err := f.Next()
		if got != nil {
			t.Errorf("%d records after a damaged line", len(got))
		}
		wantError(t, err, filepath.Join(dir, journalFile), "is damaged", "checksum")
	}
	text[lines[1]+40] ^= 1
	write(text)
	if got, err := f.Next(); err != nil || !sameRecords(got, want[1:]) {
		t.Errorf("after the repair: %d records, %v", len(got), err)
	}
}

func TestPlanOfARunIsReadAsItWasWritten(t *testing.T) {
	p := testPlan(2)
	run := newRun(t, p)
	if got, err := Plan(run.Dir()); err != nil || !reflect.DeepEqual(got, p) {
		t.Errorf("%+v, %v", got, err)
	}
	reject := func(text []byte, words ...string) {
		t.Helper()
		if err := os.WriteFile(run.path(planFile), text, 0o666); err != nil {
			t.Fatal(err)
		}
		got, err := Plan(run.Dir())
		if got != nil {
			t.Errorf("%+v", got)
		}
		wantError(t, err, append(words, "read run "+run.Dir())...)
	}
	reject([]byte("{"), "is damaged")
	p.Schedule[1].Cell = len(p.Cells)
	changed, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	reject(changed, "the schedule's entry 2")
	if _, err := Plan(t.TempDir()); err == nil {
		t.Error("Plan accepted a directory that is not a run")
	}
}

func TestPeekRejectsOtherSchemas(t *testing.T) {
	run := newRun(t, testPlan(1))
	m, _, err := Peek(run.Dir())
	if err != nil {
		t.Fatal(err)
	}
	m.Schema++
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(run.path(manifestFile), text, 0o666); err != nil {
		t.Fatal(err)
	}
	_, alive, err := Peek(run.Dir())
	if alive {
		t.Error("the run is reported as alive")
	}
	wantError(t, err, "read run "+run.Dir(), "schema")
}
