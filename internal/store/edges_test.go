//go:build unix

package store

import (
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"crawlbench/internal/plan"
)

func TestFileSystemErrorsHaveARemedy(t *testing.T) {
	const room, writable, part = ": free space on that disk", ": choose a writable directory with -results",
		": a part of that path is a file: choose a directory with -results"
	for _, test := range []struct {
		cause        error
		said, remedy string
	}{
		{unix.ENOSPC, unix.ENOSPC.Error(), room},
		{unix.EDQUOT, unix.EDQUOT.Error(), room},
		{unix.EACCES, unix.EACCES.Error(), writable},
		{unix.EROFS, unix.EROFS.Error(), writable},
		{unix.ENOTDIR, unix.ENOTDIR.Error(), part},
		{unix.EIO, unix.EIO.Error(), ""},
		{&fs.PathError{Op: "open", Path: "/d/f", Err: unix.EIO}, unix.EIO.Error(), ""}, // the path is not repeated
		{&fs.PathError{Op: "open", Path: "/d/g", Err: unix.EIO}, "open /d/g: " + unix.EIO.Error(), ""},
	} {
		err := withRemedy("write", "/d/f", test.cause)
		if want := "write /d/f: " + test.said + test.remedy; err.Error() != want {
			t.Errorf("%q, want %q", err, want)
		}
	}
	if err := withRemedy("write", "/d/f", nil); err != nil {
		t.Errorf("no error becomes %v", err)
	}
}

// The last slot of a schedule is valid, the next one is not.
func TestPlacesEndWithThePlan(t *testing.T) {
	p := testPlan(2)
	r := newRun(t, p)
	last := p.Schedule[len(p.Schedule)-1]
	for _, beyond := range []Record{
		sampleOf(p, plan.Slot{Round: 2, Slot: 0, Cell: p.Schedule[0].Cell}),
		sampleOf(p, plan.Slot{Round: 1, Slot: 3, Cell: last.Cell}),
		sampleOf(p, plan.Slot{Round: 0, Slot: 3, Cell: p.Schedule[3].Cell}), // the index of round 1 slot 0
	} {
		wantError(t, r.Append(beyond), "belong together")
	}
	for _, rec := range []Record{sampleOf(p, last), sampleOf(p, p.Schedule[0]), profileOf(p, 2)} {
		if err := r.Append(rec); err != nil {
			t.Error(err)
		}
	}
}

func TestFailureWithoutItsCauseIsRejected(t *testing.T) {
	p := testPlan(1)
	r := newRun(t, p)
	rec := failureOf(p, p.Schedule[0])
	rec.Failure = nil
	wantError(t, r.Append(rec), "with its data")
	rec.Sample = sampleOf(p, p.Schedule[0]).Sample
	wantError(t, r.Append(rec), "with its data")
	if len(r.Records()) != 0 || len(r.Failed()) != 0 {
		t.Errorf("records %v, failed %v", r.Records(), r.Failed())
	}
}

func TestPassesReferToExistingCells(t *testing.T) {
	for cell, want := range map[int]string{
		-1: "profile pass 2 is of cell -1", 0: "", 2: "", 3: "profile pass 2 is of cell 3",
	} {
		p := testPlan(1)
		p.Passes[1].Cell = cell
		err := p.Check()
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("pass of cell %d: %v", cell, err)
		}
	}
}

// Files are readable by other users.
func TestFilesAreReadableByAll(t *testing.T) {
	r := newRun(t, testPlan(1))
	for _, name := range []string{manifestFile, planFile} {
		info, err := os.Stat(r.path(name))
		if err != nil || info.Mode() != 0o644 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
}

// A killed process with the same PID may have left its temporary link.
func TestLatestOverwritesALeftover(t *testing.T) {
	results := t.TempDir()
	for _, run := range []string{"one", "two"} {
		if err := SetLatest(results, run); err != nil {
			t.Fatal(err)
		}
		link := filepath.Join(results, latest)
		leftover := filepath.Join(results, ".latest-"+strconv.Itoa(os.Getpid()))
		if err := os.Symlink("other", leftover); err != nil {
			t.Fatal(err)
		}
		if err := SetLatest(results, run); err != nil {
			t.Error(err)
		}
		if target, err := os.Readlink(link); err != nil || target != run {
			t.Errorf("latest is %s, %v; want %s", target, err, run)
		}
	}
}

// A line is valid only with all of its parts, even if the checksum matches.
func TestLinesNeedAllParts(t *testing.T) {
	rec := []byte(`{"kind":"sample"}`)
	sum := checksum(rec)
	for _, line := range []string{
		linePrefix + sum + lineMiddle + string(rec),
		linePrefix + sum + lineMiddle + string(rec) + "}",
		linePrefix + sum + string(rec) + lineSuffix,
		linePrefix + sum[:7] + lineMiddle + string(rec) + lineSuffix,
		sum + lineMiddle + string(rec) + lineSuffix,
		linePrefix + sum,
		linePrefix,
	} {
		if got, err := decode([]byte(line)); err == nil {
			t.Errorf("%q is decoded as %+v", line, got)
		}
	}
	if got, err := decode([]byte(linePrefix + sum + lineMiddle + string(rec) + lineSuffix)); err != nil ||
		got.Kind != KindSample {
		t.Errorf("the complete line: %+v, %v", got, err)
	}
}
