package store

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// A full disk accepts part of a write. The test needs the right to mount a file system.
func TestFullDisk(t *testing.T) {
	disk := t.TempDir()
	if err := unix.Mount("tmpfs", disk, "tmpfs", 0, "size=256k"); err != nil {
		t.Logf("a small file system cannot be mounted here (%v): only /dev/full is tested", err)
		return
	}
	t.Cleanup(func() {
		if err := unix.Unmount(disk, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	p := testPlan(1)
	r, err := Create(filepath.Join(disk, "run"), Manifest{}, p)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	first, long := sampleOf(p, p.Schedule[0]), failureOf(p, p.Schedule[1])
	long.Failure.Message = strings.Repeat("x", 10000) // more than the rest of a page
	if err := r.Append(first); err != nil {
		t.Fatal(err)
	}
	filler := filepath.Join(disk, "filler")
	if err := os.WriteFile(filler, make([]byte, 1<<20), 0o666); !errors.Is(err, unix.ENOSPC) {
		t.Fatalf("filling the disk: %v", err)
	}
	before := snapshot(t, r.Dir())
	wantError(t, r.Append(long), "no space left on device", "free space", "-resume")
	wantError(t, r.Update(func(m *Manifest) { m.State = Complete }), "no space left on device", "free space")
	wantError(t, r.SetPlan(testPlan(9)), "no space left on device")
	wantError(t, r.WriteBench(), "no space left on device")
	if !maps.Equal(before, snapshot(t, r.Dir())) {
		t.Error("a failed write changed the run")
	}
	if !sameRecords(r.Records(), []Record{first}) || r.Manifest().State != Running || r.Plan().Rounds != 1 {
		t.Error("the run reports data that could not be written")
	}
	_, err = Create(filepath.Join(disk, "other"), Manifest{}, p)
	wantError(t, err, "no space left on device", "free space")
	if _, err := os.Stat(filepath.Join(disk, "other")); !os.IsNotExist(err) {
		t.Errorf("a run that could not be created exists: %v", err)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if err := r.Append(long); err != nil {
		t.Fatalf("with free space again: %v", err)
	}
	q, err := Open(r.Dir())
	if err != nil || !sameRecords(q.Records(), []Record{first, long}) || q.Warnings != nil {
		t.Errorf("with free space again: %v", err)
	}
}
