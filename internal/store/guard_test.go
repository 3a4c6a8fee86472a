//go:build unix

package store

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"crawlbench/internal/host"
)

// If a file of the run is removed during the run, the next commit fails, and no record is lost.
func TestRemovedFilesAreDetectedAtTheNextCommit(t *testing.T) {
	for what, test := range map[string]struct {
		take func(r *Run) error
		says string
		at   func(r *Run) string // where the run is then
	}{
		"the journal is deleted": {
			func(r *Run) error { return os.Remove(r.path(journalFile)) }, "restored, with 3 records", (*Run).Dir,
		},
		"the journal is replaced": {
			func(r *Run) error { return r.files.Write(journalFile, []byte("other")) },
			"rename that file to journal.jsonl", nil,
		},
		"the journal is moved": {
			func(r *Run) error { return os.Rename(r.path(journalFile), r.path("moved")) }, "restored, with 3 records",
			(*Run).Dir,
		},
		"the journal is a link": {
			func(r *Run) error { return in(journalFile, link("moved"))(nil, r.Dir(), "") },
			"rename that file to journal.jsonl", nil,
		},
		"the lock is deleted": {
			func(r *Run) error { return os.Remove(r.path(lockFile)) }, "another crawlbench could write to it",
			(*Run).Dir,
		},
		"the lock is replaced": {
			func(r *Run) error { return r.files.Write(lockFile, nil) }, "another crawlbench could write to it",
			(*Run).Dir,
		},
		"the directory is moved": {
			func(r *Run) error { return os.Rename(r.Dir(), r.Dir()+".moved") }, "deleted or moved",
			func(r *Run) string { return r.Dir() + ".moved" },
		},
		"the directory is deleted": {func(r *Run) error { return os.RemoveAll(r.Dir()) }, "deleted or moved", nil},
		"another directory is in its place": {func(r *Run) error {
			return errors.Join(os.Rename(r.Dir(), r.Dir()+".moved"), os.Mkdir(r.Dir(), 0o777))
		}, "deleted or moved", func(r *Run) string { return r.Dir() + ".moved" }},
	} {
		t.Run(what, func(t *testing.T) {
			p := testPlan(2)
			r := newRun(t, p, sampleOf(p, p.Schedule[0]), sampleOf(p, p.Schedule[1]))
			if err := test.take(r); err != nil {
				t.Fatal(err)
			}
			wantError(t, r.Append(sampleOf(p, p.Schedule[2])), test.says, "during the run")
			if len(r.Records()) != 3 {
				t.Errorf("%d records", len(r.Records()))
			}
			r.Close()
			if what == "the journal is replaced" || what == "the journal is a link" {
				if err := os.Rename(r.path(rescuedFile), r.path(journalFile)); err != nil {
					t.Fatal(err)
				}
				test.at = (*Run).Dir
			}
			if test.at == nil {
				return
			}
			q, recovered, err := Resume(test.at(r))
			if err != nil || recovered != nil {
				t.Fatal(err, recovered)
			}
			defer q.Close()
			if !sameRecords(q.Records(), r.Records()) {
				t.Errorf("%d records, want 3", len(q.Records()))
			}
			if err := q.Append(sampleOf(p, p.Schedule[3])); err != nil {
				t.Error(err)
			}
		})
	}
}

// The kernel knows who holds the lock; the PID in the file may have been reused.
func TestRunIsAliveWhileItsLockIsHeld(t *testing.T) {
	p := testPlan(1)
	r := newRun(t, p)
	is := func(dir, what string, want State) {
		t.Helper()
		m, alive, err := Peek(dir)
		q, errOpen := Open(dir)
		if err != nil || errOpen != nil || m.State != want || alive != (want == Running) || q.Manifest().State != want {
			t.Errorf(
				"%s: %s, alive %v, opened as %s, %v, %v; want %s", what, m.State, alive, q.Manifest().State, err,
				errOpen, want,
			)
		}
	}
	is(r.Dir(), "a run in progress", Running)
	text, err := os.ReadFile(r.path(lockFile))
	var owner host.Process
	if err != nil || json.Unmarshal(text, &owner) != nil || owner != host.ThisProcess() {
		t.Errorf("the lock file has %s, %v", text, err)
	}
	duplicate := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(duplicate, os.DirFS(r.Dir())); err != nil {
		t.Fatal(err)
	}
	is(duplicate, "a copy of it", Interrupted)
	if err := os.WriteFile(r.path(lockFile), []byte("1"), 0o666); err != nil {
		t.Fatal(err)
	}
	is(r.Dir(), "a run of another PID namespace", Running)
	r.Close()
	for what, lock := range map[string]string{
		"a run of this process": string(text), "a lock of an older program": strconv.Itoa(os.Getpid()),
		"a lock of process 1": "1", "an empty lock": "", "a lock with other text": "{\"pid\": \"\x1b[2J\"}",
	} {
		if err := os.WriteFile(r.path(lockFile), []byte(lock), 0o666); err != nil {
			t.Fatal(err)
		}
		is(r.Dir(), what+", killed", Interrupted)
	}
	if err := os.Remove(r.path(lockFile)); err != nil {
		t.Fatal(err)
	}
	is(r.Dir(), "a copy without a lock", Interrupted)
	if err := os.Chmod(r.Dir(), 0o555); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(r.Dir(), 0o777)
	is(r.Dir(), "a read-only run", Interrupted)
}

// The state of an ended run does not depend on the lock.
func TestEndedRunsStayEnded(t *testing.T) {
	for _, state := range []State{Complete, Interrupted} {
		r := newRun(t, testPlan(1))
		if err := r.Update(func(m *Manifest) { m.State = state }); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if m, _, err := Peek(r.Dir()); err != nil || m.State != state {
				t.Errorf("%s, %v; want %s", m.State, err, state)
			}
			r.Close()
		}
	}
}

// Readers never block a writer.
func TestReadersDoNotBlockWriters(t *testing.T) {
	r := newRun(t, testPlan(1))
	r.Close()
	stop := make(chan bool)
	done := make(chan bool)
	for range 4 {
		go func() {
			defer func() { done <- true }()
			for {
				select {
				case <-stop:
					return
				default:
					Peek(r.Dir())
				}
			}
		}()
	}
	for range 100 {
		q, _, err := Resume(r.Dir())
		if err != nil {
			t.Error(err)
			break
		}
		q.Close()
	}
	close(stop)
	for range 4 {
		<-done
	}
}

func TestOwnerOfALockIsNamed(t *testing.T) {
	for text, want := range map[string]string{
		`{"pid": 12, "boot": "x", "start": 3}`: " (pid 12)", "34": " (pid 34)", "56\n": " (pid 56)", "": "", "x": "",
		"\x1b": "",
	} {
		if got := owner([]byte(text)); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	r := newRun(t, testPlan(1))
	if err := os.WriteFile(r.path(lockFile), []byte(strings.Repeat("x", 1<<20)), 0o666); err != nil {
		t.Fatal(err)
	}
	_, _, err := Resume(r.Dir())
	wantError(t, err, "another crawlbench is writing to it")
}

func TestReadersCloseTheirFiles(t *testing.T) {
	r := newRun(t, testPlan(1))
	r.Close()
	count := func() int {
		open, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Skip(err)
		}
		return len(open)
	}
	before := count()
	for range 50 {
		if _, err := Open(r.Dir()); err != nil {
			t.Fatal(err)
		}
		if _, _, err := Peek(r.Dir()); err != nil {
			t.Fatal(err)
		}
		Open(filepath.Join(r.Dir(), "nothing"))
		Follow(r.Dir()).Next()
		Runs(filepath.Dir(r.Dir()))
	}
	if after := count(); after > before+5 {
		t.Errorf("%d open files, %d before", after, before)
	}
}
