//go:build unix

package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"crawlbench/internal/store"
)

// sharded is a scenario with blocks, single cells, a rate, a control and profiles, in which crawlers could leave.
const sharded = `
crawlers = ["mutexmap", "cas"]
workers  = [1, 2]
rate     = ["inf", 50000]
rounds   = 7
rate_limited_rounds = 3
sample   = "1ms"
turns    = 2
slice    = "1ms"
rest     = "0s"
[[graph]]
name  = "g"
kind  = "hosts"
pages = 300
[profiles]
kinds   = ["cpu"]
workers = [1]
rate    = ["inf"]
length  = "5ms"
`

// Shards of one plan, measured here one after another and merged, equal a run that was measured at once: plan and
// journal are equal to the byte, except for samples, times and machine.
func TestShardsMergedAreTheRunDoneAtOnce(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "s.toml", sharded)
	ok := func(args ...string) {
		t.Helper()
		if code, out, errs := call(t, args...); code != exitOK {
			t.Fatalf("%v: exit code %d\n%s\n%s", args, code, out, errs)
		}
	}
	ok("run", "-q", "-stop=false", "-o", "whole", "s.toml")
	for i := 1; i <= 3; i++ {
		ok("run", "-q", "-shard", fmt.Sprintf("%d/3", i), "s.toml")
	}
	ok("merge", "-q", "-o", "merged", "results")

	for _, file := range []string{"plan.json", ".gitattributes"} {
		if a, b := text(t, "whole", file), text(t, "merged", file); a != b {
			t.Errorf("%s differs:\n%s\n%s", file, a, b)
		}
	}
	whole, merged := blank(t, "whole"), blank(t, "merged")
	if len(whole) == 0 || !reflect.DeepEqual(whole, merged) {
		t.Errorf("the journals differ:\n%s\n%s", strings.Join(whole, "\n"), strings.Join(merged, "\n"))
	}
	if a, b := constant(t, "whole"), constant(t, "merged"); !reflect.DeepEqual(a, b) {
		t.Errorf("the manifests differ:\n%v\n%v", a, b)
	}
	if _, err := os.Stat("merged/profiles/impl=cas,graph=g,keys=id,workers=1,rate=inf-" + procs(t) + "/cpu.pb.gz"); err != nil {
		t.Error(err)
	}
	// A merged run has one look, with all of alpha: no shard knew the samples of the others.
	run, err := store.Open("merged")
	if err != nil {
		t.Fatal(err)
	}
	if p := run.Plan(); p.Stop || len(p.Looks) > 0 || run.Several() {
		t.Errorf("stop %v, looks %v, several machines %v: want none", p.Stop, p.Looks, run.Several())
	}
	code, out, _ := call(t, "report", "merged")
	if code != exitOK || !strings.Contains(out, "merged from 3 shards of 1 machine") {
		t.Errorf("report: exit code %d\n%s", code, out)
	}
}

func procs(t *testing.T) string {
	t.Helper()
	run, err := store.Open("whole")
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(run.Plan().Cells[0].Procs)
}

func text(t *testing.T, run, file string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(run, file))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// blank returns the records of a run in JSON, without samples, times and machines. Profiles come last: where they are
// taken between blocks depends on time.
func blank(t *testing.T, dir string) (lines []string) {
	t.Helper()
	run, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	var passes []string
	for _, rec := range run.Records() {
		rec.Start, rec.Wall, rec.Machine, rec.Sample = time.Time{}, 0, "", nil
		if p := rec.Profile; p != nil {
			rec.Profile = &store.Profile{Files: p.Files}
		}
		b, err := json.Marshal(rec)
		if err != nil {
			t.Fatal(err)
		}
		if rec.Profile != nil {
			passes = append(passes, string(b))
		} else {
			lines = append(lines, string(b))
		}
	}
	return append(lines, passes...)
}

// constant returns the parts of a manifest that do not depend on time and machine.
func constant(t *testing.T, dir string) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(text(t, dir, "manifest.json")), &m); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"run", "dir", "command", "started", "ended", "machines", "parts", "spin",
		"measured_share", "profiler_ns_per_event", "harness_sec_per_page", "engine_sec_per_page"} {
		delete(m, key)
	}
	sums := m["sha256"].(map[string]any)
	delete(sums, "journal")
	delete(sums, "manifest")
	return m
}

// onMachines measures shards of a run against this program itself, as if each had been measured on another machine.
func onMachines(t *testing.T, results string, n int) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for i := 1; i <= n; i++ {
		code, _, errs := call(t, "run", "-q", "-shard", fmt.Sprintf("%d/%d", i, n), "-machine", fmt.Sprint("node-", i),
			"-results", results, "-run", "fleet", "-against", program, "s.toml")
		if code != exitOK {
			t.Fatalf("shard %d: exit code %d: %s", i, code, errs)
		}
		run, _, err := store.Resume(filepath.Join(results, fmt.Sprintf("fleet.shard-%d-of-%d.attempt-1", i, n)))
		if err != nil {
			t.Fatal(err)
		}
		err = run.Update(func(m *store.Manifest) { m.Machines[0].ID = fmt.Sprint("id", i) })
		if err := errors.Join(err, run.Close()); err != nil {
			t.Fatal(err)
		}
	}
}

// Four machines have a joint verdict, and a gate; two have neither. The programs are the same, and a gate at ten times
// the time is far from what noise can do.
func TestMachinesFromEndToEnd(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "s.toml", gated)
	onMachines(t, "four", 4)
	code, out, errs := call(t, "merge", "-gate", "10000%", "-results", "four", "four")
	if code != exitOK || !strings.Contains(out, "on 4 machines") ||
		!strings.Contains(out, "merged from 4 shards of 4 machines") || !strings.Contains(out, "paired by machine") {
		t.Errorf("four machines: exit code %d\n%s\n%s", code, out, errs)
	}
	onMachines(t, "two", 2)
	code, out, errs = call(t, "merge", "-gate", "10000%", "-results", "two", "two")
	if code != exitCannotTell || !strings.Contains(out, "2 machines were measured, and 4 are needed") {
		t.Errorf("two machines: exit code %d\n%s\n%s", code, out, errs)
	}
	for _, x := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"compare", "four/fleet"}, exitOK, "benchstat's table is left out"},
		{[]string{"compare", "-unit", "B/op", "four/fleet"}, exitUsage, "-unit is for benchstat"},
		{[]string{"compare", "four/fleet", "two/fleet"}, exitNotComparable, "rounds of several machines have no pairs"},
		{[]string{"run", "-resume", "four/fleet"}, exitNotComparable, "it was merged from shards"},
		{[]string{"report", "-format", "json", "four/fleet"}, exitOK, `"cells_of": "node-1"`},
		{[]string{"export", "four/fleet", "site"}, exitOK, ""},
	} {
		code, out, errs := call(t, x.args...)
		if code != x.code || !strings.Contains(out+errs, x.want) {
			t.Errorf("%v: exit code %d, want %d and %q\n%s\n%s", x.args, code, x.code, x.want, out, errs)
		}
	}
	page := text(t, "site", "index.html")
	for _, want := range []string{"Machines", "Together: ", "Explore on node-1", "noise floor"} {
		if !strings.Contains(page, want) {
			t.Errorf("the exported page lacks %q", want)
		}
	}
}

// Attempts of a shard that are started at the same time, as by a cluster that starts a pod twice, have directories and
// numbers of their own.
func TestAttemptsAtTheSameTime(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "s.toml", gated)
	type result struct {
		code int
		errs string
	}
	results := make(chan result)
	const n = 3
	for range n {
		go func() {
			code, _, errs := call(t, "run", "-q", "-shard", "2/4", "-run", "twice", "s.toml")
			results <- result{code, errs}
		}()
	}
	for range n {
		if r := <-results; r.code != exitOK {
			t.Errorf("exit code %d: %s", r.code, r.errs)
		}
	}
	for i := 1; i <= n; i++ {
		m, _, err := store.Peek(fmt.Sprintf("results/twice.shard-2-of-4.attempt-%d", i))
		if err != nil || m.Shard.Attempt != i || m.State != store.Complete {
			t.Errorf("attempt %d: %+v, %v", i, m.Shard, err)
		}
	}
}
