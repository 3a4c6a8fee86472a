package cli

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const filed = `
control    = false
contenders = ["mutexmap"]
workers    = [1]
rounds     = 6
sample     = "1ms"
[[graph]]
name = "g"
kind = "edges"
file = "g.el"
start = 0
`

// cut takes the last records from a journal, as if the run had been killed before them.
func cut(t *testing.T, run string, records int) {
	t.Helper()
	file := filepath.Join(run, "journal.jsonl")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(text, []byte("\n"))
	if err := os.WriteFile(file, bytes.Join(lines[:len(lines)-1-records], nil), 0o666); err != nil {
		t.Fatal(err)
	}
}

// manifest changes that of a run, and seals it as crawlbench does, as whoever means ill can.
func manifest(t *testing.T, run string, change func(m map[string]any)) {
	t.Helper()
	file := filepath.Join(run, "manifest.json")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	change(m)
	if sums, ok := m["sha256"].(map[string]any); ok {
		sums["manifest"] = ""
		blank, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		sums["manifest"] = fmt.Sprintf("%x", sha256.Sum256(blank))
	}
	if text, err = json.Marshal(m); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o666); err != nil {
		t.Fatal(err)
	}
}

// A run finds the files of its graphs from wherever it is gone on with, and where it was moved together with them.
func TestResumeFindsItsGraphs(t *testing.T) {
	home := filepath.Join(t.TempDir(), "home \xff=$x")
	if err := os.MkdirAll(home, 0o777); err != nil {
		t.Fatal(err)
	}
	t.Chdir(home)
	write(t, "filed.toml", filed)
	write(t, "g.el", "0 1\n1 2\n2 0\n")
	run := measured(t, "filed.toml")
	again := func(where, run string) {
		t.Helper()
		cut(t, run, 2)
		code, out, errs := call(t, "run", "-progress", "none", "-resume", run)
		if code != 0 || !strings.Contains(errs, "2 of 6 samples") || !strings.Contains(out, "complete, 6 of 6 samples") {
			t.Errorf("%s: exit code %d\n%s\n%s", where, code, out, errs)
		}
	}
	again("where it was begun", run)
	abroad := t.TempDir()
	t.Chdir(abroad)
	again("from elsewhere", filepath.Join(home, run))
	moved := filepath.Join(t.TempDir(), "moved")
	if err := os.Rename(home, moved); err != nil {
		t.Fatal(err)
	}
	again("moved with its graphs", filepath.Join(moved, run))
	t.Chdir(filepath.Join(moved, run))
	again("from within", ".")

	t.Chdir(abroad)
	write(t, filepath.Join(moved, "g.el"), "0 1\n1 2\n2 1\n")
	cut(t, filepath.Join(moved, run), 2)
	if code, _, errs := call(t, "run", "-progress", "none", "-resume", filepath.Join(moved, run)); code != exitNotComparable || !strings.Contains(errs, "graph g differs from the one") {
		t.Errorf("another graph: exit code %d\n%s", code, errs)
	}
	if err := os.Remove(filepath.Join(moved, "g.el")); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := call(t, "run", "-progress", "none", "-resume", filepath.Join(moved, run)); code != exitFailure || !strings.Contains(errs, "g.el: no such file") {
		t.Errorf("no graph: exit code %d\n%s", code, errs)
	}
}

// However a run is named, it is gone on with where it is, and latest leads to it.
func TestResumeOfLatestKeepsLatest(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	write(t, "gated.toml", gated)
	run := measured(t, "gated.toml")
	for _, name := range []string{"latest", "results/latest", "results/latest/", "./results/../results/latest", filepath.Join(dir, "results/latest"), filepath.Base(run), run, "."} {
		if name == "." {
			t.Chdir(run)
		}
		if code, _, errs := call(t, "run", "-progress", "none", "-resume", name); code != 0 || strings.Contains(errs, "note:") {
			t.Errorf("%s: exit code %d\n%s", name, code, errs)
		}
		if target, err := os.Readlink(filepath.Join(dir, "results/latest")); err != nil || target != filepath.Base(run) {
			t.Errorf("%s: latest leads to %s, %v", name, target, err)
		}
	}
	t.Chdir(dir)
	// A file in place of the link, as a checkout without links has it; then a copy, as scp makes it.
	write(t, "file", filepath.Base(run))
	if err := os.Rename("file", "results/latest"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"latest", "results/latest", filepath.Join(dir, "results/latest")} {
		if code, out, errs := call(t, "report", name); code != 0 || !strings.Contains(out, filepath.Base(run)+"  complete") {
			t.Errorf("%s as a file: exit code %d\n%s\n%s", name, code, out, errs)
		}
	}
	if err := errors.Join(os.Remove("results/latest"), os.CopyFS("results/latest", os.DirFS(run))); err != nil {
		t.Fatal(err)
	}
	if code, out, _ := call(t, "report"); code != 0 || !strings.Contains(out, filepath.Base(run)+"  complete") {
		t.Errorf("a copy: exit code %d\n%s", code, out)
	}
	code, out, errs := call(t, "run", "-progress", "none", "gated.toml")
	if code != 0 || !strings.Contains(errs, "note: point results/latest") || !strings.Contains(out, "complete, 16 of 16") {
		t.Errorf("with a copy in its place: exit code %d\n%s\n%s", code, out, errs)
	}
	if code, out, _ := call(t, "report"); code != 0 || strings.Contains(out, filepath.Base(run)+"  complete") {
		t.Errorf("the copy is taken for the newest run: exit code %d\n%s", code, out)
	}
}

// withBenchstat makes the pinned benchstat one that is installed.
func withBenchstat(t *testing.T) {
	t.Helper()
	path, err := exec.Command("go", "tool", "-n", "benchstat").Output()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", filepath.Dir(string(path))+":"+os.Getenv("PATH"))
}

// A run has any name that a directory may have, and the commands that are printed work.
func TestRunsOfAnyName(t *testing.T) {
	withBenchstat(t)
	t.Setenv("CRAWLBENCH_MAKE", "")
	t.Chdir(t.TempDir())
	write(t, "gated.toml", gated)
	run := measured(t, "gated.toml")
	for _, name := range []string{"a b", "a=b", "=", "$HOME", "`id`", "it's", `say "x"`, "a\nb", "a\tb", "\x1b[2J", "\xff\xfe", "-x", "ü\u202e", "a\\b", "*", "~", "#", "latest!"} {
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
			t.Errorf("a shell takes %s for %q, %v; want %q", word, got, err, run)
		}
		if target, err := os.Readlink("results/latest"); err != nil || target != name {
			t.Errorf("latest leads to %q, %v; want %q", target, err, name)
		}
	}
}

func TestResumeIsOfTheSameProgramUnderTheSameConditions(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "gated.toml", gated)
	whole := measured(t, "gated.toml")
	sums := func(m map[string]any) map[string]any { return m["sha256"].(map[string]any) }
	for what, test := range map[string]struct {
		change func(m map[string]any)
		env    [2]string
		says   string
	}{
		"another program":                {change: func(m map[string]any) { sums(m)["program"] = strings.Repeat("ab", 32) }, says: "another program started the run (SHA-256 abababababab, and this one has "},
		"a program that is not recorded": {change: func(m map[string]any) { delete(m, "sha256") }, says: "the run does not record which program started it"},
		"another machine":                {change: func(m map[string]any) { m["host"].(map[string]any)["cores"] = "999" }, says: "the run was started on another machine (cores differ)"},
		"another GOGC":                   {env: [2]string{"GOGC", "50"}, says: `GOGC was "" when the run was started, and is "50"`},
		"another GOMEMLIMIT":             {env: [2]string{"GOMEMLIMIT", "1GiB"}, says: `GOMEMLIMIT was "" when the run was started, and is "1GiB"`},
		"another GODEBUG":                {env: [2]string{"GODEBUG", "asyncpreemptoff=1"}, says: "GODEBUG was "},
		"another GOMAXPROCS":             {env: [2]string{"GOMAXPROCS", "1"}, says: "GOMAXPROCS was "},
		"the same":                       {env: [2]string{"GOGC", "100"}},
	} {
		t.Run(what, func(t *testing.T) {
			run := filepath.Join(t.TempDir(), "run")
			if err := os.CopyFS(run, os.DirFS(whole)); err != nil {
				t.Fatal(err)
			}
			cut(t, run, 2)
			if test.change != nil {
				manifest(t, run, test.change)
			}
			if test.env[0] != "" {
				t.Setenv(test.env[0], test.env[1])
			}
			before, _ := os.ReadFile(filepath.Join(run, "journal.jsonl"))
			code, _, errs := call(t, "run", "-progress", "none", "-resume", run)
			if test.says == "" {
				if code != 0 || !strings.Contains(errs, "2 of 16 samples") {
					t.Errorf("exit code %d\n%s", code, errs)
				}
				return
			}
			if code != exitNotComparable || !strings.Contains(errs, test.says) || !strings.Contains(errs, "start a new run") {
				t.Errorf("exit code %d, want %q\n%s", code, test.says, errs)
			}
			if after, _ := os.ReadFile(filepath.Join(run, "journal.jsonl")); !bytes.Equal(before, after) {
				t.Error("something was measured")
			}
		})
	}
}

func TestChangedFilesAreNotMixed(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "gated.toml", gated)
	one, other := measured(t, "gated.toml"), measured(t, "gated.toml")
	edit := func(file, old, new string) {
		t.Helper()
		text, err := os.ReadFile(file)
		if err != nil || !bytes.Contains(text, []byte(old)) {
			t.Fatalf("%s: %v", file, err)
		}
		write(t, file, strings.Replace(string(text), old, new, 1))
	}
	for _, x := range [][3]string{{"manifest.json", `"GOGC": ""`, `"GOGC": "100"`}, {"plan.json", `"sample_ns": 2000000`, `"sample_ns": 9000000`}} {
		file := filepath.Join(other, x[0])
		edit(file, x[1], x[2])
		if code, out, errs := call(t, "report", other); code != 0 || !strings.Contains(errs, "note: "+other+": "+x[0]+" has been changed since") || !strings.Contains(out, "16 of 16 samples") {
			t.Errorf("report of a changed %s: exit code %d\n%s", x[0], code, errs)
		}
		for _, args := range [][]string{{"compare", one, other}, {"compare", other, one, "-gate", "5%"}, {"run", "-resume", other}} {
			if code, _, errs := call(t, args...); code != exitNotComparable || !strings.Contains(errs, x[0]+" has been changed since") {
				t.Errorf("%q with a changed %s: exit code %d\n%s", args, x[0], code, errs)
			}
		}
		edit(file, x[2], x[1])
	}
	if code, _, errs := call(t, "compare", one, other, "-gate", "99900%"); code != 0 || strings.Contains(errs, "note:") {
		t.Errorf("changed back: exit code %d\n%s", code, errs)
	}
}

func TestRunsUnderOtherConditionsAreNotCompared(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "gated.toml", gated)
	one := measured(t, "gated.toml")
	t.Setenv("GOMAXPROCS", "1")
	two := measured(t, "gated.toml")
	if code, _, errs := call(t, "compare", one, two, "-gate", "99900%"); code != 0 || !strings.Contains(errs, `note: the runs differ in GOMAXPROCS: "" and "1"`) {
		t.Errorf("exit code %d\n%s", code, errs)
	}
	t.Setenv("GOMAXPROCS", "")
	t.Setenv("GOGC", "10")
	three := measured(t, "gated.toml")
	for _, args := range [][]string{{"compare", one, three}, {"compare", one, three, "-gate", "5%"}} {
		if code, _, errs := call(t, args...); code != exitNotComparable || !strings.Contains(errs, `GOGC: "100" and "10"`) {
			t.Errorf("%q: exit code %d\n%s", args, code, errs)
		}
	}
	manifest(t, three, func(m map[string]any) {
		for _, key := range []string{"environment", "build", "sha256"} {
			delete(m, key)
		}
	})
	if code, _, errs := call(t, "compare", one, three, "-gate", "99900%"); code != 0 || !strings.Contains(errs, `GOGC: "100" and not recorded`) || !strings.Contains(errs, "and not recorded\n") {
		t.Errorf("a run of an older program: exit code %d\n%s", code, errs)
	}
}

// benchstat reads the samples of the journal, and not what somebody has made of bench.txt.
func TestCompareReadsTheJournal(t *testing.T) {
	withBenchstat(t)
	t.Chdir(t.TempDir())
	write(t, "gated.toml", gated)
	run := measured(t, "gated.toml")
	bench := filepath.Join(run, "bench.txt")
	want := func(what, note string) {
		t.Helper()
		code, table, errs := call(t, "compare", run)
		if code != 0 || strings.Contains(errs, "note:") != (note != "") || !strings.Contains(errs, note) || !strings.Contains(table, "slowable") || strings.Contains(table, "1000.") {
			t.Errorf("%s: exit code %d\n%s\n%s", what, code, table, errs)
		}
	}
	want("as it is", "")
	text, err := os.ReadFile(bench)
	if err != nil {
		t.Fatal(err)
	}
	write(t, bench, strings.ReplaceAll(string(text), "BenchmarkCrawl/impl=slowable", "BenchmarkCrawl/impl=slowable"+"X"))
	want("changed", "differs from the journal")
	if err := os.Remove(bench); err != nil {
		t.Fatal(err)
	}
	want("missing", "")
	if err := unix.Mkfifo(bench, 0o666); err != nil {
		t.Fatal(err)
	}
	want("a FIFO", "differs from the journal")
}

// The report of a run on a medium that cannot be written is shown.
func TestReportOfWhatCannotBeWritten(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "gated.toml", gated)
	run := measured(t, "gated.toml")
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
	if code != 0 || !strings.Contains(out, "16 of 16 samples") || !strings.Contains(errs, "report.html and report.md were not written to "+run) {
		t.Errorf("exit code %d\n%s\n%s", code, out, errs)
	}
	if code, out, errs := call(t, "list", "runs"); code != 0 || !strings.Contains(out, "complete") {
		t.Errorf("list: exit code %d\n%s\n%s", code, out, errs)
	}
	if code, _, errs := call(t, "run", "-progress", "none", "-resume", run); code != exitFailure || !strings.Contains(errs, "lock "+run) {
		t.Errorf("resume: exit code %d\n%s", code, errs)
	}
}

func TestADeadRunIsListedAsInterrupted(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "gated.toml", gated)
	run := measured(t, "gated.toml")
	manifest(t, run, func(m map[string]any) { m["state"] = "running" })
	write(t, filepath.Join(run, ".lock"), fmt.Sprint(os.Getpid())) // as another process had it that is gone
	if code, out, _ := call(t, "list", "runs"); code != 0 || !strings.Contains(out, "interrupted") || strings.Contains(out, "running") {
		t.Errorf("exit code %d\n%s", code, out)
	}
	if code, out, _ := call(t, "report", run); code != 0 || !strings.Contains(out, run+"  interrupted, 16 of 16") {
		t.Errorf("exit code %d\n%s", code, out)
	}
}

// A program that a file names is not run; one that the command line names is, if it is the one that the run began with.
func TestResumeRunsNoProgramThatAFileNames(t *testing.T) {
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
	program := func(name string, text []byte) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, text, 0o777); err != nil {
			t.Fatal(err)
		}
		return path
	}
	other := program("other", text)
	run := measured(t, "-against", other, "gated.toml")
	cut(t, run, 6)
	evil := program("evil", []byte("#!/bin/sh\ntouch "+dir+"/run\n"))
	manifest(t, run, func(m map[string]any) {
		m["against"] = evil
	})
	if code, _, errs := call(t, "run", "-progress", "none", "-resume", run); code != exitUsage || !strings.Contains(errs, "name it with -against") {
		t.Errorf("without a program: exit code %d\n%s", code, errs)
	}
	if code, _, errs := call(t, "run", "-progress", "none", "-resume", run, "-against", evil); code != exitNotComparable || !strings.Contains(errs, "is not the program that the run was started against") {
		t.Errorf("with another program: exit code %d\n%s", code, errs)
	}
	if _, err := os.Stat("run"); err == nil {
		t.Error("the program that the file names was run")
	}
	moved := program("moved", text)
	if code, out, errs := call(t, "run", "-progress", "none", "-resume", run, "-against", moved); code != 0 || !strings.Contains(out, "complete, 32 of 32") {
		t.Errorf("with the same program elsewhere: exit code %d\n%s\n%s", code, out, errs)
	}
	plain := measured(t, "gated.toml")
	if code, _, errs := call(t, "run", "-progress", "none", "-resume", plain, "-against", other); code != exitUsage || !strings.Contains(errs, "omit -against") {
		t.Errorf("with a program that is not asked for: exit code %d\n%s", code, errs)
	}
}

// begun waits until something is committed, and then calls f.
func begun(f func()) {
	for range 2000 {
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

// A program that is built anew while it is measured is measured as it was; one that is changed in its place would be two under
// one name.
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
		code   int
		says   string
	}{
		"replaced": {func(other string) error {
			return errors.Join(os.WriteFile("fresh", []byte("#!/bin/sh\nexit 1\n"), 0o777), os.Rename("fresh", other))
		}, 0, ""},
		"deleted": {os.Remove, 0, ""},
		"changed": {func(other string) error {
			return os.Chtimes(other, time.Time{}, time.Now().Add(time.Hour))
		}, exitFailure, "has been changed since the run began"},
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
			code, _, errs := call(t, "run", "-progress", "none", "-against", other, "gated.toml")
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			if code != test.code || !strings.Contains(errs, test.says) || test.says != "" && !strings.Contains(errs, "-against "+other) {
				t.Errorf("exit code %d\n%s", code, errs)
			}
		})
	}
}

// This program is built anew while it measures: its children are what runs, and not what has taken its place.
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
		err = errors.Join(os.WriteFile(fresh, []byte("#!/bin/sh\ntouch "+dir+"/run\n"), 0o777), os.Rename(fresh, program))
		replaced = true
	})
	if errWait := cmd.Wait(); err != nil || errWait != nil || !replaced {
		t.Fatalf("%v, %v\n%s", err, errWait, &out)
	}
	if !strings.Contains(out.String(), "complete, 16 of 16 samples") {
		t.Error(out.String())
	}
	if _, err := os.Stat("run"); err == nil {
		t.Error("what has taken its place was run")
	}
}

// What is taken from a run while it goes on ends it at once, and what was measured is there to go on with.
func TestWhatIsTakenFromARunEndsIt(t *testing.T) {
	for what, test := range map[string]struct {
		take func(run string) error
		says string
		at   string // where the run is then, below results
	}{
		"the journal": {func(run string) error { return os.Remove(filepath.Join(run, "journal.jsonl")) }, "journal.jsonl was deleted or replaced", ""},
		"the lock":    {func(run string) error { return os.Remove(filepath.Join(run, ".lock")) }, ".lock was deleted or replaced", ""},
		"its place":   {func(run string) error { return os.Rename(run, "results/moved") }, "was deleted or moved while the run goes on", "moved"},
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
			code, out, errs := call(t, "report", test.at)
			if code != 0 || !strings.Contains(out, "interrupted, ") || strings.Contains(out, "interrupted, 0 of") || strings.Contains(errs, "note:") {
				t.Errorf("report: exit code %d\n%s\n%s", code, out, errs)
			}
		})
	}
}

func TestWordsAreQuotedForAShell(t *testing.T) {
	for _, word := range []string{"", "a", "a b", "it's", `\`, `"`, "$x", "a\nb", "\x01\x7f", "\xff", "é", "\u202e", "~", "=x", "-x", "{a,b}", "[a]", "a!b", "a;b", "#", "\x1b'\\"} {
		got, err := exec.Command("bash", "-c", "printf '%s|' "+quoteWord(word)).Output()
		if err != nil || string(got) != word+"|" {
			t.Errorf("%q is quoted as %s, which is %q, %v", word, quoteWord(word), got, err)
		}
		if strings.ContainsAny(quoteWord(word), "\x1b\n\x01\x7f\u202e") {
			t.Errorf("%q is quoted as %q", word, quoteWord(word))
		}
	}
	if got := quote([]string{"a", "b c", "impl=x,graph=g-2"}); got != "a 'b c' impl=x,graph=g-2" {
		t.Error(got)
	}
}
