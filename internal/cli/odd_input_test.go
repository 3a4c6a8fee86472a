//go:build unix

package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Commands that need a temporary directory say which one cannot be used, and which variable chooses another.
func TestTemporaryDirectoryMissing(t *testing.T) {
	t.Chdir(t.TempDir())
	run := gatedRun(t)
	if err := os.Remove(filepath.Join(run, "bench.txt")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", "/missing/place")
	for _, args := range [][]string{{"run", "-n", "gated.toml"}, {"compare", run}} {
		code, _, errs := call(t, args...)
		if code != exitFailure || !strings.Contains(errs, `"/missing/place": `) ||
			!strings.Contains(errs, "set TMPDIR") {
			t.Errorf("%q: exit code %d\n%s", args, code, errs)
		}
	}
}

// A comparison of a run with itself, or with a copy, finds no difference: that is said, or a gate would be believed.
func TestCompareRunWithItself(t *testing.T) {
	t.Chdir(t.TempDir())
	run := gatedRun(t)
	if err := errors.Join(copied("gated", "results/copy"), os.Symlink("gated", "results/link")); err != nil {
		t.Fatal(err)
	}
	const warning = "warning: OLD and NEW are the same run, or copies of it"
	for _, other := range []string{run, "results/copy", "results/link"} {
		code, _, errs := call(t, "compare", "-q", "-gate", "5%", run, other)
		if code != exitOK || !strings.Contains(errs, warning) {
			t.Errorf("%s: exit code %d\n%s", other, code, errs)
		}
	}
	innocent(t, "results/other")
	if _, _, errs := call(t, "compare", "-q", run, "results/other"); strings.Contains(errs, warning) {
		t.Errorf("two runs: %s", errs)
	}
}

// A directory that cannot be created is named, with a remedy.
func TestDirectoryOfRunsCannotBeCreated(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "gated.toml", gated)
	write(t, "file", "kept")
	if err := errors.Join(os.Symlink("missing", "link"), os.Symlink("loop", "loop")); err != nil {
		t.Fatal(err)
	}
	for results, want := range map[string]string{
		"file":      "a part of that path is a file",
		"file/sub":  "a part of that path is a file",
		"link":      "it is a link that leads to no directory",
		"loop":      "it is a link that leads to no directory",
		"/dev/null": "a part of that path is a file",
	} {
		code, _, errs := call(t, "run", "-progress", "none", "-results", results, "gated.toml")
		if code != exitFailure || !strings.Contains(errs, "create the directory of the runs "+results+": ") ||
			!strings.Contains(errs, want) || !strings.Contains(errs, "choose a directory with -results") {
			t.Errorf("%s: exit code %d\n%s", results, code, errs)
		}
	}
	for _, dir := range []string{"file", "file/sub"} {
		if err := writeNew(dir, nil); err == nil || !strings.Contains(err.Error(), "want a new or an empty directory") {
			t.Errorf("new %q: %v", dir, err)
		}
	}
	if code, _, errs := call(t, "new", ""); code != exitUsage {
		t.Errorf("new without a name: exit code %d\n%s", code, errs)
	}
	if text, err := os.ReadFile("file"); string(text) != "kept" {
		t.Errorf("the file has %q, %v", text, err)
	}
}

// An error that an interrupt caused has its exit code, also before the first sample.
func TestInterruptedBeforeTheFirstSample(t *testing.T) {
	signal := errors.New("interrupt signal")
	ctx, cancel := context.WithCancelCause(t.Context())
	if err := interrupted(ctx, signal); codeOf(err) != exitOK {
		t.Errorf("before a signal: %v", err)
	}
	cancel(signal)
	for err, want := range map[error]int{
		fmt.Errorf("build: %w", signal):           exitInterrupted,
		fmt.Errorf("build: %w", context.Canceled): exitInterrupted,
		exitError{exitCrawlFailed, signal}:        exitCrawlFailed,
		errors.New("a disk is full"):              exitOK,
	} {
		if got := codeOf(interrupted(ctx, err)); got != want {
			t.Errorf("%v: exit code %d, want %d", err, got, want)
		}
	}
	if interrupted(ctx, nil) != nil {
		t.Error("an interrupt after the end is an error")
	}
}
