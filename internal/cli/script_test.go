//go:build unix

package cli

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestScripts runs the scripts in testdata/script, each of which shows one behaviour of the
// program. In addition to the commands of package testscript, there are:
//
//	code N PROGRAM ARGS...     run a program, which must exit with code N
//	[!] says TEXT...           the last output, of both kinds, must (not) contain each of these texts
//	measured SCENARIO DIR      copy a run of the scenario gated or tiny, measured once for all tests, to DIR
//	cut DIR N                  take the last N records from the journal of a run, as if it had been killed before them
//	records DIR FILE           write the records of a run, sorted and without the times of this machine, to FILE
//	edit FILE OLD NEW          replace the first OLD in a file by NEW
//	manifest DIR KEY=VALUE...  set entries of a run's manifest, or delete them without VALUE, and seal it
//	snapshot                   remember the files below the working directory
//	unchanged                  fail unless the files are the same; an empty directory results may have been created
//
// The variable odd is a name with a space, a byte that is not UTF-8, and characters that shells and
// benchstat interpret.
func TestScripts(t *testing.T) {
	tool, err := exec.Command("go", "tool", "-n", "benchstat").Output() // the pinned version
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		ContinueOnError:     true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("PATH", env.Getenv("PATH")+":"+filepath.Dir(string(tool)))
			env.Setenv("odd", "home \xff=$x")
			env.Values[snapshotKey{}] = new(string)
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"code": code, "says": says, "measured": measuredRun, "cut": cutRecords, "edit": edit,
			"records":  records,
			"manifest": editManifest,
			"snapshot": func(ts *testscript.TestScript, _ bool,
				_ []string) {
				*ts.Value(snapshotKey{}).(*string) = files(ts)
			},
			"unchanged": unchanged,
		},
	})
}

func code(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N PROGRAM ARGS...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	err = ts.Exec(args[1], args[2:]...)
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

func says(ts *testscript.TestScript, neg bool, args []string) {
	text := ts.ReadFile("stdout") + ts.ReadFile("stderr")
	for _, want := range args {
		if strings.Contains(text, want) == neg {
			ts.Fatalf("the output contains %q: %v, want %v", want, neg, !neg)
		}
	}
	if len(args) == 0 {
		ts.Fatalf("usage: [!] says TEXT...")
	}
}

func measuredRun(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 || shared[args[0]] == nil {
		ts.Fatalf("usage: measured gated|tiny DIR")
	}
	ts.Check(copied(args[0], ts.MkAbs(args[1])))
}

func cutRecords(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: cut DIR N")
	}
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	file := filepath.Join(ts.MkAbs(args[0]), "journal.jsonl")
	lines := strings.SplitAfter(ts.ReadFile(file), "\n")
	ts.Check(os.WriteFile(file, []byte(strings.Join(lines[:len(lines)-1-n], "")), 0o666))
}

func records(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: records DIR FILE")
	}
	text := ts.ReadFile(filepath.Join(ts.MkAbs(args[0]), "journal.jsonl"))
	text = regexp.MustCompile(`"crc":"[^"]*",|"start":"[^"]*",|"wall_sec":[^,]*,`).ReplaceAllString(text, "")
	lines := slices.Sorted(strings.Lines(text))
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(strings.Join(lines, "")), 0o666))
}

func edit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: edit FILE OLD NEW")
	}
	text := ts.ReadFile(args[0])
	if !strings.Contains(text, args[1]) {
		ts.Fatalf("%s does not contain %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Replace(text, args[1], args[2], 1)), 0o666))
}

func editManifest(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: manifest DIR KEY=VALUE...")
	}
	file := filepath.Join(ts.MkAbs(args[0]), "manifest.json")
	var m map[string]any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(file)), &m))
	for _, arg := range args[1:] {
		path, value, _ := strings.Cut(arg, "=")
		keys := strings.Split(path, ".")
		in := m
		for _, key := range keys[:len(keys)-1] {
			in = in[key].(map[string]any)
		}
		if last := keys[len(keys)-1]; value == "" {
			delete(in, last)
		} else {
			in[last] = value
		}
	}
	text, err := sealed(m)
	ts.Check(err)
	ts.Check(os.WriteFile(file, text, 0o666))
}

// sealed returns the text of a manifest with a valid checksum, which an attacker can also compute.
func sealed(m map[string]any) ([]byte, error) {
	if sums, ok := m["sha256"].(map[string]any); ok {
		sums["manifest"] = ""
		blank, err := json.Marshal(m)
		if err != nil {
			return nil, err
		}
		sums["manifest"] = fmt.Sprintf("%x", sha256.Sum256(blank))
	}
	return json.Marshal(m)
}

type snapshotKey struct{}

func unchanged(ts *testscript.TestScript, neg bool, _ []string) {
	before, after := *ts.Value(snapshotKey{}).(*string), files(ts)
	if before == "" || neg {
		ts.Fatalf("usage: snapshot, and later unchanged")
	}
	if before != after {
		ts.Fatalf("the files are now\n%s\nand were\n%s", after, before)
	}
}

// files lists the files below the working directory of a script.
func files(ts *testscript.TestScript) string {
	var list []string
	root := ts.MkAbs(".")
	ts.Check(filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		name, _ := filepath.Rel(root, path)
		if !slices.Contains([]string{".tmp", "results"}, name) {
			list = append(list, name)
		}
		return err
	}))
	return strings.Join(list, "\n")
}
