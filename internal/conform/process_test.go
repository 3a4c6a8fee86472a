package conform

import (
	"context"
	"io"
	"log"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strings"
	"testing"
)

// Each change of the process is reported by name, and nothing is reported without a change.
func TestProcessStateIsCompared(t *testing.T) {
	if list := now().changed(now()); len(list) > 0 {
		t.Fatalf("reported without a change: %q", list)
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	args, stdout := os.Args, os.Stdout
	var file *os.File
	for _, test := range []struct {
		say         string
		alter, mend func()
	}{
		{"GOMAXPROCS was", func() { runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + 1) },
			func() { runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) - 1) }},
		{"the GC percent was 100 before the check and is -1", func() { debug.SetGCPercent(-1) },
			func() { debug.SetGCPercent(100) }},
		{"the memory limit was", func() { debug.SetMemoryLimit(1 << 40) }, func() { debug.SetMemoryLimit(1<<63 - 1) }},
		{"the working directory was", func() { os.Chdir(t.TempDir()) }, func() { os.Chdir(dir) }},
		{`the environment has "CRAWLER=1"`, func() { os.Setenv("CRAWLER", "1") }, func() { os.Unsetenv("CRAWLER") }},
		{"os.Args was", func() { os.Args = []string{"x"} }, func() { os.Args = args }},
		{"os.Stdout was", func() { os.Stdout = os.Stderr }, func() { os.Stdout = stdout }},
		{"the mutex profile fraction was", func() { runtime.SetMutexProfileFraction(7) },
			func() { runtime.SetMutexProfileFraction(0) }},
		{"block profiling was false", func() { runtime.SetBlockProfileRate(1) },
			func() { runtime.SetBlockProfileRate(0) }},
		{"flags and prefix of package log was", func() { log.SetFlags(0) }, func() { log.SetFlags(log.LstdFlags) }},
		{"the output of package log was", func() { log.SetOutput(io.Discard) }, func() { log.SetOutput(os.Stderr) }},
		{"debug.SetMaxThreads was 10000 before the check and is 20000", func() { debug.SetMaxThreads(20_000) },
			func() { debug.SetMaxThreads(10_000) }},
		{"debug.SetMaxStack was", func() { debug.SetMaxStack(1 << 20) }, func() { debug.SetMaxStack(1_000_000_000) }},
		{"files or connections were not closed by the check: 1", func() { file, _ = os.Open(os.DevNull) },
			func() { file.Close() }},
	} {
		before := now()
		test.alter()
		list := before.changed(now())
		test.mend()
		if len(list) != 1 || !strings.Contains(list[0], test.say) {
			t.Errorf("want %q, got %q", test.say, list)
		}
		if list := before.changed(now()); len(list) > 0 {
			t.Errorf("reported after it was undone: %q", list)
		}
	}
	t.Setenv("CRAWLER", "1")
	before := now()
	os.Unsetenv("CRAWLER")
	if list := before.changed(now()); len(list) != 1 || !strings.Contains(list[0], "CRAWLER was removed") {
		t.Errorf("a variable was removed: %q", list)
	}
}

// Leftover files in the temporary directory are reported if only this check uses it.
func TestTemporaryFilesAreReported(t *testing.T) {
	for name, want := range map[string]int{tempPrefix + "1": 1, "others": 0} {
		dir := filepath.Join(t.TempDir(), name)
		if err := os.Mkdir(dir, 0o777); err != nil {
			t.Fatal(err)
		}
		t.Setenv("TMPDIR", dir)
		before := now()
		if err := os.WriteFile(filepath.Join(dir, "spool"), nil, 0o666); err != nil {
			t.Fatal(err)
		}
		if list := before.changed(now()); len(list) != want || want > 0 &&
			!strings.Contains(list[0], `the temporary directory has "spool"`) {
			t.Errorf("%s: %q", name, list)
		}
	}
}

// pprof labels of a goroutine are found.
func TestLabelsAreFound(t *testing.T) {
	if labelled() {
		t.Fatal("found a label before any was set")
	}
	pprof.Do(t.Context(), pprof.Labels("crawl", "mine"), func(context.Context) {
		if !labelled() {
			t.Error("a label was not found")
		}
	})
	if labelled() {
		t.Error("found a label after it was removed")
	}
}
