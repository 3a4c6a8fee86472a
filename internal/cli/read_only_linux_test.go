package cli

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// report works for a run on a read-only file system.
func TestReportOnReadOnlyFiles(t *testing.T) {
	t.Chdir(t.TempDir())
	run := gatedRun(t)
	if os.Getuid() == 0 {
		if err := unix.Mount(run, run, "", unix.MS_BIND, ""); err != nil {
			t.Skipf("a medium that cannot be written cannot be made here: %v", err)
		}
		t.Cleanup(func() { unix.Unmount(run, unix.MNT_DETACH) })
		if err := unix.Mount("", run, "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, ""); err != nil {
			t.Skipf("a medium that cannot be written cannot be made here: %v", err)
		}
	} else if err := errors.Join(os.Chmod(filepath.Join(run, "plots"), 0o555), os.Chmod(run, 0o555)); err != nil {
		t.Fatal(err)
	}
	code, out, errs := call(t, "report", run)
	if code != 0 || !strings.Contains(out, "16 of 16 samples") ||
		!strings.Contains(errs, "report.html and report.md were not written to "+run) {
		t.Errorf("exit code %d\n%s\n%s", code, out, errs)
	}
	if code, out, errs := call(t, "list", "runs"); code != 0 || !strings.Contains(out, "complete") {
		t.Errorf("list: exit code %d\n%s\n%s", code, out, errs)
	}
	if code, _, errs := call(t, "run", "-progress", "none", "-resume", run); code != exitFailure ||
		!strings.Contains(errs, "lock "+run) {
		t.Errorf("resume: exit code %d\n%s", code, errs)
	}
}
