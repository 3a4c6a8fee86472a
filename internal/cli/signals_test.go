package cli

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"crawlbench/internal/crawl"
)

// asProgram names the variable that makes the test binary the program.
const asProgram = "CRAWLBENCH_TEST_PROGRAM"

// program returns the command of a process of the program, behind words that start it.
func program(before []string, args ...string) (cmd *exec.Cmd, errs *bytes.Buffer) {
	argv := append(append(before, os.Args[0]), args...)
	cmd = exec.Command(argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), asProgram+"=1", "CRAWLBENCH_MAKE=")
	errs = &bytes.Buffer{}
	cmd.Stderr = errs
	return cmd, errs
}

// measuring waits until a run in the working directory has finished something.
func measuring(t *testing.T) {
	t.Helper()
	for range 3000 {
		journals, _ := filepath.Glob("results/*/journal.jsonl")
		if len(journals) == 1 {
			if text, _ := os.ReadFile(journals[0]); len(text) > 0 {
				return
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("nothing is measured")
}

// state returns that of the only run in the working directory.
func state(t *testing.T) string {
	t.Helper()
	_, out, _ := call(t, "list", "runs")
	if words := strings.Fields(out); len(words) > 1 {
		return words[1]
	}
	t.Fatalf("no run: %q", out)
	return ""
}

func TestEachSignalThatEndsAProgramInterruptsARun(t *testing.T) {
	for name, signals := range map[string][]syscall.Signal{
		"SIGINT":                       {syscall.SIGINT},
		"SIGTERM":                      {syscall.SIGTERM},
		"SIGHUP":                       {syscall.SIGHUP},
		"a terminal that is closed":    {syscall.SIGHUP, syscall.SIGCONT, syscall.SIGHUP},
		"SIGTERM by an impatient init": {syscall.SIGTERM, syscall.SIGHUP, syscall.SIGTERM},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			write(t, "tiny.toml", strings.Replace(tiny, "rounds     = 6", "rounds = 1000", 1))
			cmd, errs := program(nil, "run", "-progress", "none", "tiny.toml")
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			measuring(t)
			for _, s := range signals {
				cmd.Process.Signal(s)
			}
			cmd.Wait()
			if code := cmd.ProcessState.ExitCode(); code != exitInterrupted || !strings.Contains(errs.String(), " run -resume results/tiny-") {
				t.Errorf("%v: %s", cmd.ProcessState, errs)
			}
			if s := state(t); s != "interrupted" {
				t.Errorf("the run is %s", s)
			}
			if code, out, errs := call(t, "report"); code != 0 || !strings.Contains(out, "interrupted, ") {
				t.Errorf("report: exit code %d\n%s\n%s", code, out, errs)
			}
		})
	}
}

// A program under nohup goes on when its terminal is closed.
func TestHangupStaysIgnored(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "tiny.toml", tiny)
	cmd, errs := program([]string{"sh", "-c", `trap '' HUP; exec "$@"`, "sh"}, "run", "-progress", "none", "tiny.toml")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	measuring(t)
	cmd.Process.Signal(syscall.SIGHUP)
	if err := cmd.Wait(); err != nil || state(t) != "complete" {
		t.Errorf("%v, %s\n%s", err, state(t), errs)
	}
}

// Where the output cannot be written the run is complete all the same, and the exit code says that something was lost.
func TestOutputThatCannotBeWritten(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("there is no /dev/full")
	}
	defer full.Close()
	from, to, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	from.Close() // as head is gone when it has its lines
	defer to.Close()
	for name, test := range map[string]struct {
		out, err *os.File
		says     string
	}{
		"full":                 {out: full, says: "crawlbench: write output: write /dev/stdout: no space left on device\n"},
		"no reader":            {out: to},
		"no reader of either":  {out: to, err: to},
		"full, and the errors": {out: full, err: full},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			write(t, "tiny.toml", tiny)
			cmd, errs := program(nil, "run", "-progress", "plain", "tiny.toml")
			if cmd.Stdout = test.out; test.err != nil {
				cmd.Stderr = test.err
			}
			cmd.Run()
			if cmd.ProcessState.ExitCode() != exitFailure || !strings.HasSuffix(errs.String(), test.says) || test.says == "" && strings.Contains(errs.String(), "crawlbench:") {
				t.Errorf("%v: %s", cmd.ProcessState, errs)
			}
			if s := state(t); s != "complete" {
				t.Errorf("the run is %s", s)
			}
			reports, _ := filepath.Glob("results/tiny-*/report.html")
			if len(reports) != 1 {
				t.Error("there is no report.html")
			}
			cmd, _ = program(nil, "list", "scenarios")
			cmd.Stdout = test.out
			if cmd.Run(); cmd.ProcessState.ExitCode() != exitFailure {
				t.Errorf("list: %v", cmd.ProcessState)
			}
		})
	}
}

func TestDeadlineThatThePlanCannotKeepIsToldBefore(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("CRAWLBENCH_MAKE", "")
	before := listing(t)
	for more, says := range map[string]string{
		"deadline = \"5s\"\nrate = [\"inf\", 1]":                                                  "6 of 12 cells cannot keep the deadline of 5s: a crawl of impl=mutexmap,graph=g,keys=id,workers=1,rate=1-",
		"deadline = \"5s\"\nfetch.latency = \"constant\"\nfetch.median = \"20ms\"":                "3 of 6 cells cannot keep the deadline of 5s: a crawl of impl=mutexmap,graph=g,keys=id,workers=1,rate=inf-",
		"deadline = \"600ms\"\nfetch.latency = \"constant\"\nfetch.median = \"100ms\"":            "takes at least 30s because of its rate, its latency and the depth of the graph: raise deadline above that",
		"deadline = \"5s\"\nfetch.latency = \"constant\"\nfetch.median = \"10ms\"\nrate = [5000]": "",
	} {
		write(t, "late.toml", more+tiny)
		for _, args := range [][]string{{"run", "late.toml"}, {"run", "-n", "late.toml"}} {
			if says == "" && len(args) == 2 {
				continue
			}
			code, out, errs := call(t, args...)
			if (code == exitFailure) != (says != "") || !strings.Contains(errs, says) {
				t.Errorf("%v with %q: exit code %d\n%s%s\nwant %q", args, more, code, out, errs, says)
			}
		}
		os.Remove("late.toml")
		if after := listing(t); after != before {
			t.Errorf("something was left behind:\n%s", after)
		}
	}
}

// This program has package net in it, and so cgo where there is a C compiler: then the runtime finds no deadlock.
func TestDeadlockIsNamedInEveryBuild(t *testing.T) {
	for _, check := range []string{"storm", "seeds"} {
		var out, errs strings.Builder
		code := Main([]string{"crawlbench", "conform", "-patience", "1s", "-checks", check, "stuck"}, nil, &out, &errs, []crawl.Contender{stuck()})
		if code != exitCrawlFailed || !strings.Contains(out.String(), "stuck by id, "+check+": deadlock: ") || !strings.Contains(out.String(), "sync.Mutex.Lock in crawlbench/internal/cli.") {
			t.Errorf("exit code %d\n%s\n%s", code, &out, &errs)
		}
	}
}
