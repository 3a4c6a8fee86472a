//go:build unix

package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// trap is a malicious or damaged run: what is done to the run, and the errors of opening and resuming it. If says is
// empty, the run can still be read; if resume is empty too, it can be resumed.
type trap struct {
	what         string
	set          func(t *testing.T, run, outside string) error
	says, resume string
}

// in returns a function that replaces a file of the run.
func in(name string, put func(path, outside string) error) func(*testing.T, string, string) error {
	return func(t *testing.T, run, outside string) error {
		path := filepath.Join(run, name)
		if err := os.RemoveAll(path); err != nil {
			return err
		}
		return put(path, outside)
	}
}

func link(target string) func(path, outside string) error {
	return func(path, outside string) error {
		return os.Symlink(strings.ReplaceAll(target, "OUTSIDE", outside), path)
	}
}

func fifo(path, _ string) error { return unix.Mkfifo(path, 0o666) }

func directory(path, _ string) error { return os.MkdirAll(filepath.Join(path, "x"), 0o777) }

func content(text string) func(path, outside string) error {
	return func(path, _ string) error { return os.WriteFile(path, []byte(text), 0o666) }
}

// sparse creates a file of zeros without blocks on the disk.
func sparse(size int64) func(path, outside string) error {
	return func(path, _ string) error {
		return errors.Join(os.WriteFile(path, nil, 0o666), os.Truncate(path, size))
	}
}

// second creates a hard link to a file outside.
func second(path, outside string) error { return os.Link(filepath.Join(outside, "secret"), path) }

// rewritten returns a function that replaces text in a file of the run.
func rewritten(name, old, new string) func(*testing.T, string, string) error {
	return func(t *testing.T, run, _ string) error {
		text, err := os.ReadFile(filepath.Join(run, name))
		if err == nil && !strings.Contains(string(text), old) {
			err = fmt.Errorf("%s has no %q", name, old)
		}
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(run, name), []byte(strings.ReplaceAll(string(text), old, new)), 0o666)
	}
}

// line returns a function that appends a line with a correct checksum to the journal.
func line(rec string) func(*testing.T, string, string) error {
	return func(t *testing.T, run, _ string) error {
		f, err := os.OpenFile(filepath.Join(run, journalFile), os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = fmt.Fprintf(f, "%s%s%s%s%s", linePrefix, checksum([]byte(rec)), lineMiddle, rec, lineSuffix)
		return err
	}
}

// record returns the text of the next sample with old replaced by new.
func record(t testing.TB, old, new string) string {
	t.Helper()
	p := testPlan(2)
	text, err := encode(sampleOf(p, p.Schedule[1]))
	if err != nil {
		t.Fatal(err)
	}
	rec := strings.TrimSuffix(string(text[len(linePrefix)+8+len(lineMiddle):]), lineSuffix)
	if !strings.Contains(rec, old) {
		t.Fatalf("%s has no %q", rec, old)
	}
	return strings.Replace(rec, old, new, 1)
}

// traps returns all traps.
func traps(t testing.TB) []trap {
	const notRegular, both = "only regular files", "="
	p := testPlan(2)
	cell := p.Cells[p.Schedule[1].Cell].ID()
	profile := func(files string) string {
		return fmt.Sprintf(
			`{"kind":"profile","round":-1,"slot":0,"cell":%q,"wall_sec":1,`+
				`"profile":{"crawls":1,"pages":1,"crawl_sec":1,"files":{%s}}}`,
			p.Cells[0].ID(),
			files,
		)
	}
	var list []trap
	add := func(what, says, resume string, set func(*testing.T, string, string) error) {
		if resume == both {
			resume = says
		}
		list = append(list, trap{what, set, says, resume})
	}
	for _, name := range []string{manifestFile, planFile, journalFile} {
		add(name+" is a link to a file outside", notRegular, both, in(name, link("OUTSIDE/secret")))
		add(name+" is a link to the file of another run", notRegular, both, in(name, link("OUTSIDE/"+name)))
		add(name+" is a link to itself", notRegular, both, in(name, link(name)))
		add(name+" is a link to nothing", notRegular, both, in(name, link("nothing")))
		add(name+" is a link to endless zeros", notRegular, both, in(name, link("/dev/zero")))
		add(name+" is a link to a password file", notRegular, both, in(name, link("/etc/passwd")))
		add(name+" is a FIFO without a writer", notRegular, both, in(name, fifo))
		add(name+" is a directory", notRegular, both, in(name, directory))
		add(name+" is missing", "no such file: "+name, both, in(name, func(string, string) error { return nil }))
		add(name+" has 10 GB of zeros", "too large", both, in(name, sparse(10<<30)))
	}
	for _, name := range []string{manifestFile, planFile} {
		for what, text := range map[string]string{
			"nothing": "", "half a manifest": `{"schema": 2, "run": "x", "cells": [`,
			"zeros":                         strings.Repeat("\x00", 4096),
			"other text":                    "root:x:0:0:root:/root:/bin/sh\n",
			"JSON that is nested deeply":    strings.Repeat(`{"a":`, 1e6),
			"arrays that are nested deeply": `{"schema": 2, "cells": ` + strings.Repeat("[", 1e6),
			"null":                          "null", "a list": "[]", "UTF-16": "\xff\xfe{\x00}\x00",
			"a number": "1e999",
		} {
			add(name+" has "+what, name, "", in(name, content(text)))
		}
	}
	for _, x := range []struct{ what, old, new, says string }{
		{"a later schema", `"schema": 2`, `"schema": 3`, "schema 3"},
		{"an impossible schema", `"schema": 2`, `"schema": -9223372036854775808`, "schema -9223372036854775808"},
		{"a schema that is a string", `"schema": 2`, `"schema": "1"`, "is damaged"},
		{"an unknown state", `"state": "running"`, `"state": "\u001b[2J"`, `invalid state "\x1b[2J"`},
		{"an invalid time", `"started": "0001`, `"started": "9999999`, "is damaged"},
		{"an amount of 1e308", `"seed": 7`, `"seed": 7, "measured_share": 1e308`, `"measured_share" is 1e+308`},
		{"a negative cost", `"seed": 7`, `"seed": 7, "engine_sec_per_page": {"g/id": -1}`, `"g/id" is -1`},
		{"a graph of -1 pages", `"graphs": null`, `"graphs": [{"name": "h", "pages": -1}]`, `count of graph "h"`},
		{"a seed that is too large", `"seed": 7`, `"seed": 7e99`, "is damaged"},
	} {
		add("the manifest has "+x.what, x.says, both, rewritten(manifestFile, x.old, x.new))
	}
	for _, x := range []struct{ what, old, new, says string }{
		{"a graph that points outside", `"Name": "g"`, `"Name": "../../../tmp/g"`, "the name is invalid"},
		{"a graph that moves the cursor", `"Name": "g"`, `"Name": "\u001b[2J"`, `graph "\x1b[2J": the name is invalid`},
		{"a crawler that points outside", `"a"`, `"../a"`, "the name is invalid"},
		{"a crawler name with a line break", `"a"`, `"a\nb"`, "the name is invalid"},
		{"a crawler name with a right-to-left mark", `"a"`, `"a\u202e"`, "the name is invalid"},
		{"a profile that points outside", `"cpu"`, `"../../cpu"`, "not valid names"},
		{"a scenario name with HTML", `"scenario": "test"`, `"scenario": "<script>"`, "invalid scenario name"},
		{"-1 rounds", `"rounds": 2`, `"rounds": -1`, "want -1 rounds"},
		{"100,000,000 rounds", `"rounds": 2`, `"rounds": 100000000`, "want 100000000 rounds"},
		{"a cell twice", `"impl": "b"`, `"impl": "a"`, "occurs twice"},
		{"a slot of a missing cell", `"cell": 2`, `"cell": 3`, "in a plan of 3 cells"},
		{"a slot of a negative cell", `"cell": 2`, `"cell": -2`, "in a plan of 3 cells"},
		{"a cell twice in a round", `"cell": 2`, `"cell": 1`, "a second time"},
		{"a slot twice", `"slot": 2`, `"slot": 1`, "the schedule's entry 3"},
		{"other cells than the journal", `"workers": 4`, `"workers": 5`, "do not belong together"},
		{"no workers", `"workers": 4`, `"workers": 0`, "are out of bounds"},
		{"no cells", `"cells": [`, `"cells": [], "other": [`, "no crawlers or no cells"},
	} {
		add("the plan has "+x.what, x.says, both, rewritten(planFile, x.old, x.new))
	}
	add(
		"the plan has 20,000,000 cells", "more than", both,
		in(planFile, content(`{"cells": [`+strings.Repeat("{},", 2e7)+`{}]}`)),
	)
	for _, x := range []struct{ what, rec, says string }{
		{"null", "null", "line 2"},
		{"an empty record", "{}", "line 2"},
		{"a record that is nested deeply", `{"a":` + strings.Repeat("[", 1e6) + strings.Repeat("]", 1e6) + "}", ""},
		{
			"samples within samples",
			`{"kind":"sample","sample":` + strings.Repeat(`{"before":`, 1e5) + "null" + strings.Repeat("}", 1e5) + "}",
			"",
		},
		{"a record of an unknown cell", record(t, `"cell":"impl=`, `"cell":"impl=x`), "do not belong together"},
		{"a record of a future round", record(t, `"round":0`, `"round":2`), "do not belong together"},
		{"a record of a negative round", record(t, `"round":0`, `"round":-2`), "do not belong together"},
		{
			"a record of the largest round", record(t, `"round":0`, `"round":9223372036854775807`),
			"do not belong together",
		},
		{"a record of a slot beyond the round", record(t, `"slot":1`, `"slot":4`), "do not belong together"},
		{"a record twice", record(t, `"slot":1`, `"slot":0`), "line 2"},
		{"a sample of zero seconds", record(t, `"sec/op":`, `"sec/op":0,"x":`), "invalid sample"},
		{"a sample of negative seconds", record(t, `"sec/op":`, `"sec/op":-`), "line 2"},
		{"a sample of zero pages", record(t, `"pages/op":1000`, `"pages/op":0`), "invalid sample"},
		{"a sample of negative pages", record(t, `"pages/op":1000`, `"pages/op":-1000`), "line 2"},
		{"a crawl of negative seconds", record(t, `[0.1,`, `[-0.1,`), "-0.1 seconds"},
		{"a sample of 1e300 seconds", record(t, `"wall_sec":0.25`, `"wall_sec":1e300`), "1e+300 seconds"},
		{"a sample of 1e-300 seconds", record(t, `"sec/op":`, `"sec/op":1e-300,"x":`), "invalid sample"},
		{"a sample of 1e300 pages", record(t, `"pages/op":1000`, `"pages/op":1e300`), `"pages/op" is 1e+300`},
		{"a sample of 1e-300 pages", record(t, `"pages/op":1000`, `"pages/op":1e-300`), "invalid sample"},
		{"a sample of 1e300 bytes", record(t, `"B/op":`, `"B/op":1e300,"x":`), `"B/op" is 1e+300`},
		{"a sample of zero crawls", record(t, `"crawls":2`, `"crawls":0`), "0 crawls"},
		{
			"a sample with a huge number of crawls", record(t, `"crawls":2`, `"crawls":9223372036854775807`),
			"with 2 times",
		},
		{"a sample without a unit", record(t, `"B/op"`, `"b/op"`), "it has no B/op"},
		{"a negative count", record(t, `"crawls":2`, `"crawls":2,"counts":{"x":-1}`), `"x" is -1`},
		{"a profile with an absolute path", profile(`"cpu":"/etc/passwd"`), `"/etc/passwd"`},
		{
			"a profile that points outside", profile(`"cpu":"profiles/` + p.Cells[0].ID() + `/../../../x"`),
			"want one in profiles",
		},
		{
			"a profile of another cell", profile(`"cpu":"profiles/` + p.Cells[1].ID() + `/cpu.pb.gz"`),
			"want one in profiles",
		},
		{
			"a profile with an odd name", profile(`"cpu":"profiles/` + p.Cells[0].ID() + `/\u001b.gz"`),
			"want one in profiles",
		},
		{
			"a profile of an odd kind", profile(`"<b>":"profiles/` + p.Cells[0].ID() + `/cpu.pb.gz"`),
			"want one in profiles",
		},
		{
			"output that points outside",
			`{"kind":"failure","round":0,"slot":1,"cell":"` + cell + `","wall_sec":1,` +
				`"failure":{"class":"panic","message":"x","output":"../../secret"}}`,
			"want one in failures",
		},
	} {
		add("the journal has "+x.what, x.says, both, line(x.rec))
	}
	for what, number := range map[string]string{
		"NaN": "NaN", "infinity": "Infinity", "an overflowing number": "1e999", "a string": `"1"`,
	} {
		// The checksum is correct, but the record is invalid: as the last line it is ignored like a torn one.
		add("the journal has "+what, "", "", line(record(t, `"wall_sec":0.25`, `"wall_sec":`+number)))
	}
	add("the journal has a line of 100 MB", "longer than", both, in(journalFile, sparse(100<<20)))
	add("the journal ends in zeros", "", "", func(t *testing.T, run, _ string) error {
		info, err := os.Stat(filepath.Join(run, journalFile))
		return errors.Join(err, os.Truncate(filepath.Join(run, journalFile), info.Size()+4096))
	})
	add("the journal has a hard link outside", "", "2 hard links", func(t *testing.T, run, outside string) error {
		return os.Link(filepath.Join(run, journalFile), filepath.Join(outside, "second"))
	})
	for what, put := range map[string]func(string, string) error{
		"a link to a file outside": link("OUTSIDE/secret"), "a link to nothing outside": link("OUTSIDE/new"),
		"a FIFO": fifo, "a directory": directory, "a hard link to a file outside": second,
		"a link to a device": link("/dev/zero"),
	} {
		says := map[bool]string{true: "2 hard links", false: notRegular}[strings.HasPrefix(what, "a hard")]
		add("the lock is "+what, "", says, in(lockFile, put))
		add("the file for torn records is "+what, "", says, func(t *testing.T, run, outside string) error {
			return errors.Join(in(tornFile, put)(t, run, outside), os.Truncate(filepath.Join(run, journalFile), 100))
		})
	}
	add("the lock has 10 GB of zeros", "", "", in(lockFile, sparse(10<<30)))
	add("the lock names process 1", "", "", in(lockFile, content("1")))
	add("the directory is a FIFO", "no such file: manifest.json", both, in(".", fifo))
	add("the directory is a file", "no such file: manifest.json", both, in(".", content("x")))
	add("the directory is a link to itself", "too many levels", both, in(".", link("run")))
	add(
		"the directory does not exist", "no such file: manifest.json", both,
		in(".", func(string, string) error { return nil }),
	)
	return list
}

// Opening any of them in any way returns soon, uses little memory, reports the error, and touches nothing outside.
func TestHostileDirectories(t *testing.T) {
	list := traps(t)
	if len(list) < 40 {
		t.Errorf("%d traps, want at least 40", len(list))
	}
	for i, trap := range list {
		if testing.Short() && i%8 != 0 {
			continue // each syncs files many times
		}
		t.Run(trap.what, func(t *testing.T) {
			outside := t.TempDir()
			other := testPlan(2)
			made, err := Create(filepath.Join(outside, "run"), Manifest{Scenario: "other"}, other)
			if err != nil {
				t.Fatal(err)
			}
			made.Close()
			for _, name := range []string{manifestFile, planFile, journalFile} {
				if err := os.Rename(made.path(name), filepath.Join(outside, name)); err != nil {
					t.Fatal(err)
				}
			}
			err = errors.Join(
				os.RemoveAll(made.Dir()), os.WriteFile(filepath.Join(outside, "secret"), []byte("secret"), 0o666),
			)
			if err != nil {
				t.Fatal(err)
			}
			p := testPlan(2)
			r := newRun(t, p, sampleOf(p, p.Schedule[0]))
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
			if err := trap.set(t, r.Dir(), outside); err != nil {
				t.Fatal(err)
			}
			before := snapshot(t, outside)
			var stats runtime.MemStats
			runtime.ReadMemStats(&stats)
			allocated := stats.TotalAlloc

			expect(t, trap.says, func() error { _, err := Open(r.Dir()); return err })
			expect(t, "*", func() error { _, _, err := Peek(r.Dir()); return err })
			expect(t, "*", func() error { _, err := Plan(r.Dir()); return err })
			expect(t, "*", func() error { _, err := Follow(r.Dir()).Next(); return err })
			expect(t, "*", func() error { _, err := Runs(filepath.Dir(r.Dir())); return err })
			expect(t, "*", func() error { _, err := Latest(filepath.Dir(r.Dir())); return err })
			resume := trap.resume
			if resume == "" && trap.says != "" {
				resume = trap.says
			}
			expect(t, resume, func() error {
				q, _, err := Resume(r.Dir())
				if err == nil {
					err = errors.Join(q.Append(sampleOf(p, p.Schedule[2])), q.Update(func(*Manifest) {}), q.Close())
				}
				return err
			})
			runtime.ReadMemStats(&stats)
			if took := stats.TotalAlloc - allocated; took > 2<<30 {
				t.Errorf("opening allocated %d MB", took>>20)
			}
			after := snapshot(t, outside)
			for name := range after {
				if after[name] != before[name] {
					t.Errorf("%s outside was changed", name)
				}
			}
		})
	}
	t.Logf("%d traps", len(list))
}

// expect fails unless f returns soon with an error that contains says: no error if says is "", anything if it is "*".
func expect(t *testing.T, says string, f func() error) {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- f() }()
	select {
	case err := <-done:
		if says == "*" {
			return
		}
		if (err == nil) != (says == "") || err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("error %v, want %q", err, says)
		}
		if err != nil && strings.ContainsAny(err.Error(), "\x1b\u202e") {
			t.Errorf("%q is not safe for a terminal", err)
		}
	case <-time.After(2 * time.Minute): // far more than enough
		t.Fatal("it does not return")
	}
}

// The other files of a run are written inside its directory or not at all.
func TestWritesKeepToTheRun(t *testing.T) {
	for what, test := range map[string]struct {
		trap func(path, outside string) error
		name string // of the trap
		do   func(r *Run) error
		says string // "": it is written, in place of the trap
	}{
		"profiles point outside": {
			link("OUTSIDE"), "profiles", func(r *Run) error { _, err := r.MkdirAll("profiles/x"); return err },
			"symbolic link",
		},
		"a profile's directory": {
			link("OUTSIDE"), "x", func(r *Run) error { _, err := r.MkdirAll("x"); return err }, "symbolic link",
		},
		"plots point outside": {
			link("OUTSIDE"), "plots", func(r *Run) error { return r.WriteFile("plots/a.svg", []byte("x")) },
			"symbolic link",
		},
		"plots are a file": {
			content("x"), "plots", func(r *Run) error { return r.WriteFile("plots/a.svg", []byte("x")) },
			"regular file",
		},
		"failures point outside": {
			link("OUTSIDE"), "failures", func(r *Run) error { return r.WriteFile("failures/a.txt", []byte("x")) },
			"symbolic link",
		},
		"graphs point outside": {
			link("OUTSIDE"), ".graphs", func(r *Run) error { _, err := r.Remake(".graphs"); return err }, "",
		},
		"graphs are a FIFO": {
			fifo, ".graphs", func(r *Run) error { _, err := r.Remake(".graphs"); return err }, "",
		},
		"the report points outside": {
			link("OUTSIDE/secret"), "report.html",
			func(r *Run) error { return r.WriteFile("report.html", []byte("x")) }, "",
		},
		"the report is a FIFO": {
			fifo, "report.html", func(r *Run) error { return r.WriteFile("report.html", []byte("x")) }, "",
		},
		"the report has a hard link": {
			second, "report.md", func(r *Run) error { return r.WriteFile("report.md", []byte("x")) }, "",
		},
		"the report is a directory": {
			directory, "report.md", func(r *Run) error { return r.WriteFile("report.md", []byte("x")) }, "report.md",
		},
		"the samples point outside": {link("OUTSIDE/secret"), benchFile, (*Run).WriteBench, ""},
		"the manifest points outside": {
			link("OUTSIDE/secret"), manifestFile, func(r *Run) error { return r.Update(func(*Manifest) {}) }, "",
		},
		"the plan points outside": {
			link("OUTSIDE/secret"), planFile, func(r *Run) error { return r.SetPlan(testPlan(5)) }, "",
		},
		"a name that points outside": {
			content("x"), "x", func(r *Run) error { return r.WriteFile("../x", []byte("x")) }, "within the run",
		},
		"an absolute name": {
			content("x"), "x", func(r *Run) error { return r.WriteFile(filepath.Join(r.Dir(), "../x"), []byte("x")) },
			"within the run",
		},
		"a time breakdown that points outside": {
			link("OUTSIDE/secret"), "l.json", func(r *Run) error { _, err := r.ReadFile("l.json"); return err },
			"symbolic link",
		},
		"a time breakdown that is a FIFO": {
			fifo, "l.json", func(r *Run) error { _, err := r.ReadFile("l.json"); return err }, "FIFO",
		},
		"an endless time breakdown": {
			sparse(10 << 30), "l.json", func(r *Run) error { _, err := r.ReadFile("l.json"); return err }, "too large",
		},
		"a time breakdown within a link": {
			link("OUTSIDE"), "profiles", func(r *Run) error { _, err := r.ReadFile("profiles/secret"); return err },
			"symbolic link",
		},
		"a file within a link is read": {
			link("OUTSIDE"), "profiles", func(r *Run) error { _, err := r.Open("profiles/secret"); return err },
			"symbolic link",
		},
	} {
		t.Run(what, func(t *testing.T) {
			outside := t.TempDir()
			if err := os.WriteFile(filepath.Join(outside, "secret"), []byte("secret"), 0o666); err != nil {
				t.Fatal(err)
			}
			r := newRun(t, testPlan(2))
			if err := in(test.name, test.trap)(t, r.Dir(), outside); err != nil {
				t.Fatal(err)
			}
			expect(t, test.says, func() error { return test.do(r) })
			if files := snapshot(t, outside); len(files) != 1 || files["secret"] != "secret" {
				t.Errorf("the directory outside has %q", files)
			}
			if info, err := os.Lstat(r.path(test.name)); test.says == "" &&
				(err != nil || !info.IsDir() && !info.Mode().IsRegular()) {
				t.Errorf("the trap was not replaced: %v", err)
			}
		})
	}
}
