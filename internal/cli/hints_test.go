//go:build unix

package cli

import (
	"bytes"
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"crawlbench/internal/plan"
	"crawlbench/internal/profile"
	"crawlbench/internal/store"
	"crawlbench/internal/testing/runtest"
	"crawlbench/scenarios"
)

// printed finds the commands in the output of a command: below the result, and after "next: ".
var printed = regexp.MustCompile(`(?m)^ +(?:next: )?((?:crawlbench|make) .+?)(?:  .*)?$`)

// asShell puts a directory with the program, a browser that records what it is told to open, and, as make does, a make
// that finds the Makefile of this module, before the PATH. It returns the file of the browser.
func asShell(t *testing.T) (opened string) {
	t.Helper()
	bin := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(bin, "crawlbench")
	if err := os.Symlink(self, program); err != nil {
		t.Fatal(err)
	}
	opened = filepath.Join(bin, "opened")
	scripts := map[string]string{"xdg-open": fmt.Sprintf("echo \"$1\" >%s.new; mv %[1]s.new %[1]s\n", opened)}
	if path, err := exec.LookPath("make"); err == nil {
		scripts["make"] = fmt.Sprintf("exec %s -s -C '%s' -o build CRAWLBENCH='%s' \"$@\"\n", path, root, program)
	}
	for name, text := range scripts {
		if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"+text), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	t.Setenv("MAKEFLAGS", "") // of the make that runs this test, if any
	name := os.Args[0]
	os.Args[0] = "crawlbench"
	t.Cleanup(func() { os.Args[0] = name })
	return opened
}

// paste runs a command as a shell does. A page that it opens must exist.
func paste(t *testing.T, command, opened string) {
	t.Helper()
	os.Remove(opened)
	var out bytes.Buffer
	cmd := exec.Command("sh", "-c", command)
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.Env = append(os.Environ(), asProgram+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	defer syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	serves := regexp.MustCompile(`^(crawlbench serve|make (flame|serve)) `).MatchString(command)
	for begin := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		select {
		case err := <-ended:
			if err != nil || serves {
				t.Errorf("%s: %v\n%s", command, err, &out)
			}
			return
		default:
		}
		if url, err := os.ReadFile(opened); err == nil {
			res, err := http.Get(strings.TrimSpace(string(url)))
			if err != nil {
				t.Fatalf("%s: %v", command, err)
			}
			res.Body.Close()
			if res.StatusCode/100 != 2 || !serves {
				t.Errorf("%s: %s: %s", command, url, res.Status)
			}
			return
		}
		if time.Since(begin) > time.Minute {
			t.Errorf("%s: it neither ends nor opens a page", command)
			return
		}
	}
}

// Each command that a run or a report prints can be pasted into a shell.
func TestPrintedCommandsCanBePasted(t *testing.T) {
	withBenchstat(t)
	opened := asShell(t)
	showcase := runtest.Showcase(t)
	if err := showcase.WriteBench(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	t.Chdir(dir)
	tiny := filepath.Join(dir, "results", "tiny run")
	if err := copied("tiny", tiny); err != nil {
		t.Fatal(err)
	}
	plain := filepath.Join(dir, "results", "tiny")
	if err := copied("tiny", plain); err != nil {
		t.Fatal(err)
	}
	for _, by := range []string{"", "1"} {
		t.Setenv("CRAWLBENCH_MAKE", by)
		var commands []string
		for _, args := range [][]string{{"run", "-progress", "none", "-resume", tiny},
			{"run", "-progress", "none", "-resume", plain}, {"report", showcase.Dir()}, {"report", "-v", plain}} {
			_, out, errs := call(t, args...)
			for _, m := range printed.FindAllStringSubmatch(out, -1) {
				commands = append(commands, m[1])
			}
			if args[0] == "run" && len(printed.FindAllString(out, -1)) < 2 {
				t.Errorf("%q prints no commands:\n%s\n%s", args, out, errs)
			}
		}
		resume := (&app{}).command("resume", plain, "")
		commands = append(commands, resume)
		flame := func(c string) bool { return strings.HasPrefix(c, "make flame ") }
		if by != "" && !slices.ContainsFunc(commands, flame) {
			t.Errorf("called by make it prints %q", commands)
		}
		slices.Sort(commands)
		for _, c := range slices.Compact(commands) {
			paste(t, c, opened)
		}
	}
}

// The flame graphs of README.md exist after "make bench", which profiles more numbers of workers than one.
func TestFlameGraphsOfTheReadmeAreFound(t *testing.T) {
	text, err := scenarios.Read("quick")
	if err != nil {
		t.Fatal(err)
	}
	p, err := runtest.Plan(string(text), false)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "run")
	run, err := runtest.Run{
		Plan: p, Manifest: store.Manifest{Run: "run", Scenario: "quick", State: store.Complete},
		Speed:   func(_ plan.Cell, round int) float64 { return float64(max(0, 7-round)) },
		Profile: func(plan.Cell, string) *profile.Profile { return &profile.Profile{} },
	}.Write(dir)
	if err != nil {
		t.Fatal(err)
	}
	run.Close()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	lines := regexp.MustCompile(`make flame CELL="([^"]+)"(?: PROFILE=(\w+))?(?: BASE="([^"]+)")?`).
		FindAllStringSubmatch(string(readme), -1)
	if len(lines) < 2 {
		t.Errorf("README.md has %d flame graphs", len(lines))
	}
	for _, m := range lines {
		kind := m[2]
		if kind == "" {
			kind = "cpu"
		}
		var notes bytes.Buffer
		if _, _, err := (&app{rawErr: &notes, err: &notes}).begin(dir, m[1], m[3], kind); err != nil {
			t.Errorf("%s: %v", m[0], err)
		}
		if several := kind == "cpu"; several != strings.Contains(notes.String(), "; this is w8: ") {
			t.Errorf("%s: note %q", m[0], notes.String())
		}
	}
}

// quotedCommand finds commands that texts name in quotes.
var quotedCommand = regexp.MustCompile("[\"`>](crawlbench|make) ([a-z]+)([^\"`<]*)[\"`<]")

// wrongCommand returns what is wrong with a command line: its command or target, or a flag.
func wrongCommand(program, verb, rest string, targets string) string {
	if program == "make" {
		if !strings.Contains(targets, "\n"+verb+":") {
			return "the Makefile has no target " + verb
		}
		return ""
	}
	i := slices.IndexFunc(commands(), func(c command) bool { return c.name == verb })
	if i < 0 {
		return "unknown command " + verb
	}
	fs := newFlags(commands()[i])
	a := &app{}
	a.addCommon(fs)
	commands()[i].run(a, context.Background(), fs, []string{"-help"}) // it declares its flags, and ends
	fs.Bool("help", false, "")
	for _, m := range regexp.MustCompile(` -([a-z]+)`).FindAllStringSubmatch(rest, -1) {
		if fs.Lookup(m[1]) == nil {
			return "unknown flag -" + m[1]
		}
	}
	return ""
}

// Every command that a text names in quotes exists, with its flags.
func TestCommandsInTextsExist(t *testing.T) {
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	check := func(where, text string) {
		for _, m := range quotedCommand.FindAllStringSubmatch(text, -1) {
			found++
			if why := wrongCommand(m[1], m[2], m[3], string(makefile)); why != "" {
				t.Errorf("%s: %s: %s", where, m[0], why)
			}
		}
	}
	err = filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil || strings.HasSuffix(path, "_test.go"):
			return err
		case strings.HasSuffix(path, ".html"):
			text, err := os.ReadFile(path)
			check(path, string(text))
			return err
		case !strings.HasSuffix(path, ".go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if text, err := strconv.Unquote(lit.Value); err == nil {
					check(path, text)
				}
			}
			return true
		})
		return nil
	})
	if err != nil || found < 20 {
		t.Errorf("%d commands were found, %v", found, err)
	}
	for _, test := range []string{"crawlbench nothing", "make nothing", "crawlbench run -nothing x"} {
		m := quotedCommand.FindStringSubmatch(`"` + test + `"`)
		if m == nil || wrongCommand(m[1], m[2], m[3], string(makefile)) == "" {
			t.Errorf("%q is not found to be wrong", test)
		}
	}
	if why := wrongCommand("crawlbench", "run", " -graph x -help", string(makefile)); why != "" {
		t.Error(why)
	}
}

// Without benchstat, compare prints the verdicts and how to install it, and compares nothing with a table that is not
// there.
func TestCompareWithoutBenchstat(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := copied("tiny", "results/tiny"); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", t.TempDir())
	for _, args := range [][]string{{"compare", "tiny"}, {"compare", "tiny", "tiny"}} {
		code, out, errs := call(t, args...)
		if code != exitOK || !strings.Contains(out, "mutexmap") || strings.Contains(out, "benchstat") ||
			!strings.Contains(errs, "note: benchstat is not installed, so its table is left out: go install golang.org/x/perf/cmd/benchstat@") {
			t.Errorf("%q: exit code %d\n%s\n%s", args, code, out, errs)
		}
	}
}
