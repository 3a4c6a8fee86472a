//go:build unix

package cli

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// withBenchstat installs the pinned benchstat for the test.
func withBenchstat(t *testing.T) {
	t.Helper()
	path, err := exec.Command("go", "tool", "-n", "benchstat").Output()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", filepath.Dir(string(path))+":"+os.Getenv("PATH"))
}

// A run can have any name that a directory can have, and the printed commands work.
func TestRunsOfAnyName(t *testing.T) {
	withBenchstat(t)
	t.Setenv("CRAWLBENCH_MAKE", "")
	t.Chdir(t.TempDir())
	run := gatedRun(t)
	for _, name := range []string{"a b", "a=b", "=", "$HOME", "`id`", "it's", `say "x"`, "a\nb", "a\tb", "\x1b[2J",
		"\xff\xfe", "-x", "ü\u202e", "a\\b", "*", "~", "#", "latest!"} {
		moved := filepath.Join("results", name)
		if err := os.Rename(run, moved); err != nil {
			t.Fatal(err)
		}
		run = moved
		if code, out, errs := call(t, "report", run); code != 0 || !strings.Contains(out, "16 of 16 samples") {
			t.Errorf("report %q: exit code %d\n%s\n%s", name, code, out, errs)
		}
		if code, table, errs := call(t, "compare", run); code != 0 || !strings.Contains(table, "slowable") {
			t.Errorf("compare %q: exit code %d\n%s\n%s", name, code, table, errs)
		}
		if code, table, errs := call(t, "compare", run, run); code != 0 || !strings.Contains(table, "slowable") {
			t.Errorf("compare %q with itself: exit code %d\n%s\n%s", name, code, table, errs)
		}
		code, out, errs := call(t, "run", "-progress", "none", "-resume", run)
		if code != 0 {
			t.Errorf("resume %q: exit code %d\n%s", name, code, errs)
		}
		i := strings.Index(out, " compare ")
		if i < 0 {
			t.Fatal(out)
		}
		word, _, _ := strings.Cut(out[i+len(" compare "):], "  ")
		got, err := exec.Command("bash", "-c", "printf %s "+word).Output()
		if err != nil || string(got) != run {
			t.Errorf("a shell parses %s as %q, %v; want %q", word, got, err, run)
		}
		if target, err := os.Readlink("results/latest"); err != nil || target != name {
			t.Errorf("latest links to %q, %v; want %q", target, err, name)
		}
	}
}

// begun waits until a sample is committed, and then calls f.
func begun(f func()) {
	for range 24_000 {
		time.Sleep(5 * time.Millisecond)
		journals, _ := filepath.Glob("results/gated-*/journal.jsonl")
		if len(journals) == 1 {
			if text, _ := os.ReadFile(journals[0]); len(text) > 0 {
				f()
				return
			}
		}
	}
}

// A program that is rebuilt while it is measured does not affect the run; one that is modified in place ends it.
func TestOtherProgramReplacedWhileItIsMeasured(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	for what, test := range map[string]struct {
		change func(other string) error
		rounds string // enough for the run to last until it is ended
		code   int
		says   string
	}{
		"replaced": {func(other string) error {
			return errors.Join(os.WriteFile("fresh", []byte("#!/bin/sh\nexit 1\n"), 0o777), os.Rename("fresh", other))
		}, "8", 0, ""},
		"deleted": {os.Remove, "8", 0, ""},
		"changed": {func(other string) error {
			return os.Chtimes(other, time.Time{}, time.Now().Add(time.Hour))
		}, "1000", exitFailure, "has been changed since the run began"},
	} {
		t.Run(what, func(t *testing.T) {
			dir := t.TempDir()
			t.Chdir(dir)
			write(t, "gated.toml", gated)
			other := filepath.Join(dir, "other")
			if err := os.WriteFile(other, text, 0o777); err != nil {
				t.Fatal(err)
			}
			done := make(chan error, 1)
			go begun(func() { done <- test.change(other) })
			code, _, errs := call(t, "run", "-progress", "none", "-rounds", test.rounds, "-against", other,
				"gated.toml")
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			if code != test.code || !strings.Contains(errs, test.says) || test.says != "" &&
				!strings.Contains(errs, "-against "+other) {
				t.Errorf("exit code %d\n%s", code, errs)
			}
		})
	}
}

// This program is rebuilt while it measures: its children are still the running program, not the new one.
func TestThisProgramReplacedWhileItMeasures(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	write(t, "gated.toml", gated)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "program")
	if err := os.WriteFile(program, text, 0o777); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "run", "-progress", "none", "gated.toml")
	cmd.Env = append(os.Environ(), asProgram+"=1")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	replaced := false
	begun(func() {
		fresh := filepath.Join(dir, "fresh")
		err = errors.Join(os.WriteFile(fresh, []byte("#!/bin/sh\ntouch "+dir+"/run\n"), 0o777),
			os.Rename(fresh, program))
		replaced = true
	})
	if errWait := cmd.Wait(); err != nil || errWait != nil || !replaced {
		t.Fatalf("%v, %v\n%s", err, errWait, &out)
	}
	if !strings.Contains(out.String(), "complete, 16 of 16 samples") {
		t.Error(out.String())
	}
	if _, err := os.Stat("run"); err == nil {
		t.Error("the new program was run")
	}
}

// If files of a run in progress are removed, it ends at once, and finished samples are kept.
func TestRemovedFilesEndARun(t *testing.T) {
	for what, test := range map[string]struct {
		take func(run string) error
		says string
		at   string // resulting directory of the run, below results
	}{
		"the journal": {func(run string) error { return os.Remove(filepath.Join(run, "journal.jsonl")) },
			"journal.jsonl was deleted or replaced", ""},
		"the lock": {func(run string) error { return os.Remove(filepath.Join(run, ".lock")) },
			".lock was deleted or replaced", ""},
		"its place": {func(run string) error { return os.Rename(run, "results/moved") },
			"was deleted or moved during the run", "moved"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Chdir(t.TempDir())
			write(t, "gated.toml", strings.Replace(gated, "rounds     = 8", "rounds = 2000", 1))
			taken := make(chan error, 1)
			go begun(func() {
				runs, _ := filepath.Glob("results/gated-*")
				taken <- test.take(runs[0])
			})
			code, _, errs := call(t, "run", "-progress", "none", "gated.toml")
			if err := <-taken; err != nil {
				t.Fatal(err)
			}
			if code != exitFailure || !strings.Contains(errs, test.says) || !strings.Contains(errs, "-resume") {
				t.Errorf("exit code %d\n%s", code, errs)
			}
			args := []string{"report"}
			if test.at != "" {
				args = append(args, test.at)
			}
			code, out, errs := call(t, args...)
			if code != 0 || !strings.Contains(out, "interrupted, ") || strings.Contains(out, "interrupted, 0 of") ||
				strings.Contains(errs, "note:") {
				t.Errorf("report: exit code %d\n%s\n%s", code, out, errs)
			}
		})
	}
}
