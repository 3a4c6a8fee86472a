package store

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// childEnv is the environment variable that makes the test binary measure the run in the directory that it names.
const childEnv = "STORE_TEST_RUN"

const childRounds = 40

func TestMain(m *testing.M) {
	dir := os.Getenv(childEnv)
	if dir == "" {
		os.Exit(m.Run())
	}
	if err := child(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// child commits pending samples, one for each byte of its input, and prints the index in the schedule of each.
func child(dir string) error {
	var r *Run
	_, err := os.Stat(dir)
	if err == nil {
		r, _, err = Resume(dir)
	} else {
		r, err = Create(dir, Manifest{}, testPlan(childRounds))
	}
	if err != nil {
		return err
	}
	slots, _ := r.Pending()
	for _, s := range slots {
		if _, err := os.Stdin.Read(make([]byte, 1)); err != nil {
			return err
		}
		if err := r.Append(sampleOf(r.Plan(), s)); err != nil {
			return err
		}
		fmt.Println(s.Round*len(r.Plan().Cells) + s.Slot)
	}
	return r.Close()
}

// live runs a child and kills it after it has committed the given number of samples, and at most a few more; with 0, it
// kills it after a time. done is the number of samples that the run had before; live returns how many it has at least.
func live(t *testing.T, dir string, commits int, after time.Duration, done int) int {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), childEnv+"="+dir)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(in, strings.Repeat(".", commits+extraCommits)); err != nil {
		t.Fatal(err)
	}
	if commits == 0 {
		time.Sleep(after)
		cmd.Process.Kill()
	}
	lines := bufio.NewScanner(out)
	for n := 1; lines.Scan(); n++ {
		if i, err := strconv.Atoi(lines.Text()); err != nil || i < done {
			t.Errorf("the child printed %q after %d samples", lines.Text(), done)
		} else {
			done = i + 1
		}
		if n == commits {
			cmd.Process.Kill()
		}
	}
	// It was killed, or had finished before that.
	if err := cmd.Wait(); stderr.Len() > 0 {
		t.Fatalf("child: %v: %s", err, &stderr)
	}
	return done
}

// extraCommits is the number of samples that a child may commit before the kill takes effect.
const extraCommits = 3

// A killed process loses no committed sample and leaves no lock.
func TestKilledRunsCanBeResumed(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	draw := rand.New(rand.NewPCG(1, 2))
	p := testPlan(childRounds)
	done, lives, unborn := 0, 0, 0
	for done < len(p.Schedule) {
		commits := 1 + draw.IntN(12)
		if lives%3 == 0 {
			commits = 0 // killed while it starts
		}
		done = live(t, dir, commits, time.Duration(draw.IntN(6000))*time.Microsecond, done)
		lives++
		r, err := Open(dir)
		if err != nil && done == 0 {
			unborn++
			if text, err := os.ReadFile(filepath.Join(dir, journalFile)); err == nil && len(text) > 0 {
				t.Fatalf("a run that cannot be opened has a journal of %d bytes", len(text))
			}
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		// The last sample may have been committed without being acknowledged.
		if n := len(r.Records()); n != done && n != done+1 {
			t.Fatalf("%d records, but %d were acknowledged", n, done)
		}
		for i, rec := range r.Records() {
			if want := sampleOf(p, p.Schedule[i]); !sameRecords([]Record{rec}, []Record{want}) {
				t.Fatalf("record %d is %+v, want %+v", i, rec, want)
			}
		}
		done = len(r.Records())
	}
	t.Logf("%d children, %d of them killed before they created the run", lives, unborn)
	if least := len(p.Schedule) / (12 + extraCommits); lives < least {
		t.Errorf("%d children for %d samples, want at least %d", lives, len(p.Schedule), least)
	}
}

func TestOnlyOneWriter(t *testing.T) {
	p := testPlan(1)
	r := newRun(t, p)
	_, _, err := Resume(r.Dir())
	wantError(t, err, fmt.Sprintf("lock %s: another crawlbench (pid %d) is writing to it", r.Dir(), os.Getpid()))
	if err := r.Append(sampleOf(p, p.Schedule[0])); err != nil {
		t.Errorf("after the other process tried: %v", err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	wantError(t, r.Append(sampleOf(p, p.Schedule[1])), "reading only")
	q, _, err := Resume(r.Dir())
	if err != nil {
		t.Fatal(err)
	}
	q.Close()
}

// /dev/full rejects every write and cannot be truncated.
func TestWriteErrorCommitsNothing(t *testing.T) {
	p := testPlan(1)
	first, second := sampleOf(p, p.Schedule[0]), sampleOf(p, p.Schedule[1])
	r := newRun(t, p, first)
	before := snapshot(t, r.Dir())
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	journal := r.journal
	r.journal = full
	wantError(t, r.Append(second), "no space left on device", "free space", "-resume")
	r.journal = journal
	if !maps.Equal(before, snapshot(t, r.Dir())) || !sameRecords(r.Records(), []Record{first}) {
		t.Errorf("%d records after the error", len(r.Records()))
	}
	if err := r.Append(second); err != nil {
		t.Errorf("with free space again: %v", err)
	}
}

// The remains of a failed write are overwritten even if the file could not be truncated.
func TestRemainsOfAFailedWriteAreOverwritten(t *testing.T) {
	p := testPlan(1)
	first, second := sampleOf(p, p.Schedule[0]), failureOf(p, p.Schedule[1])
	r := newRun(t, p, first)
	long := failureOf(p, p.Schedule[1])
	long.Failure.Message = strings.Repeat("x", 1000)
	line, err := encode(long)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.journal.WriteAt(line[:900], r.size); err != nil {
		t.Fatal(err)
	}
	if err := r.Append(second); err != nil {
		t.Fatal(err)
	}
	r.Close()
	q, recovered, err := Resume(r.Dir())
	if err != nil || recovered == nil {
		t.Fatal(recovered, err)
	}
	defer q.Close()
	if !sameRecords(q.Records(), []Record{first, second}) {
		t.Errorf("records %+v", q.Records())
	}
}
