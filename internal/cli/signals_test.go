//go:build unix

package cli

import (
	"bytes"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// asProgram is the environment variable that makes the test binary the program.
const asProgram = "CRAWLBENCH_TEST_PROGRAM"

// process returns a command that runs the program, prefixed by the words of before.
func process(before []string, args ...string) (cmd *exec.Cmd, errs *bytes.Buffer) {
	argv := append(append(before, os.Args[0]), args...)
	cmd = exec.Command(argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), asProgram+"=1", "CRAWLBENCH_MAKE=")
	errs = &bytes.Buffer{}
	cmd.Stderr = errs
	return cmd, errs
}

// measuring waits until a run in the working directory has a finished sample.
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
	t.Fatal("no sample was taken")
}

// state returns the state of the only run in the working directory.
func state(t *testing.T) string {
	t.Helper()
	_, out, _ := call(t, "list", "runs")
	if words := strings.Fields(out); len(words) > 1 {
		return words[1]
	}
	t.Fatalf("no run: %q", out)
	return ""
}

func TestInterruptAndResume(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("CRAWLBENCH_MAKE", "")
	write(t, "tiny.toml", tiny)
	go func() { // ^C as soon as a sample is finished
		for range 1000 {
			time.Sleep(10 * time.Millisecond)
			journals, _ := filepath.Glob("results/*/journal.jsonl")
			if len(journals) == 1 {
				if text, _ := os.ReadFile(journals[0]); len(text) > 0 {
					syscall.Kill(os.Getpid(), syscall.SIGINT)
					return
				}
			}
		}
	}()
	code, out, errs := call(t, "run", "-progress", "none", "-rounds", "60", "-crawlers", "cas", "tiny.toml")
	resume := regexp.MustCompile(`run -resume (\S+)`).FindStringSubmatch(errs)
	if code != exitInterrupted || resume == nil || !strings.Contains(out, "interrupted, ") {
		t.Fatalf("exit code %d\n%s\n%s", code, out, errs)
	}
	before, _ := os.ReadFile(filepath.Join(resume[1], "journal.jsonl"))
	for _, file := range []string{"bench.txt", "manifest.json"} {
		if _, err := os.Stat(filepath.Join(resume[1], file)); err != nil {
			t.Error(err)
		}
	}
	code, out, errs = call(t, "run", "-progress", "none", "-resume", resume[1])
	if code != 0 || !strings.Contains(out, "complete, 120 of 120 samples") || !strings.Contains(errs, "are left") {
		t.Fatalf("resumed: exit code %d\n%s\n%s", code, out, errs)
	}
	if after, _ := os.ReadFile(filepath.Join(resume[1], "journal.jsonl")); !bytes.HasPrefix(after, before) {
		t.Error("finished samples have changed")
	}
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
			if signals[0] == syscall.SIGHUP && signal.Ignored(syscall.SIGHUP) {
				t.Skip("SIGHUP is ignored, as under nohup, and the run is to ignore it too")
			}
			t.Chdir(t.TempDir())
			write(t, "gated.toml", gated)
			cmd, errs := process(nil, "run", "-progress", "none", "-rounds", "1000", "gated.toml")
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			measuring(t)
			for _, s := range signals {
				cmd.Process.Signal(s)
			}
			cmd.Wait()
			if code := cmd.ProcessState.ExitCode(); code != exitInterrupted ||
				!strings.Contains(errs.String(), " run -resume results/gated-") {
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

// A program under nohup continues when its terminal is closed.
func TestHangupStaysIgnored(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "gated.toml", gated)
	cmd, errs := process([]string{"sh", "-c", `trap '' HUP; exec "$@"`, "sh"}, "run", "-progress", "none", "gated.toml")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	measuring(t)
	cmd.Process.Signal(syscall.SIGHUP)
	if err := cmd.Wait(); err != nil || state(t) != "complete" {
		t.Errorf("%v, %s\n%s", err, state(t), errs)
	}
}

// If the output cannot be written, the run is still completed, and the exit code reports the error.
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
	from.Close() // like head after its last line
	defer to.Close()
	for name, test := range map[string]struct {
		out, err *os.File
		says     string
	}{
		"full": {out: full,
			says: "crawlbench: write output: write /dev/stdout: no space left on device\n"},
		"no reader":            {out: to},
		"no reader of either":  {out: to, err: to},
		"full, and the errors": {out: full, err: full},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			write(t, "gated.toml", gated)
			cmd, errs := process(nil, "run", "-progress", "plain", "-rounds", "2", "-workers", "1", "gated.toml")
			if cmd.Stdout = test.out; test.err != nil {
				cmd.Stderr = test.err
			}
			cmd.Run()
			if cmd.ProcessState.ExitCode() != exitFailure || !strings.HasSuffix(errs.String(), test.says) ||
				test.says == "" && strings.Contains(errs.String(), "crawlbench:") {
				t.Errorf("%v: %s", cmd.ProcessState, errs)
			}
			if s := state(t); s != "complete" {
				t.Errorf("the run is %s", s)
			}
			reports, _ := filepath.Glob("results/gated-*/report.html")
			if len(reports) != 1 {
				t.Error("there is no report.html")
			}
			cmd, _ = process(nil, "list", "scenarios")
			cmd.Stdout = test.out
			if cmd.Run(); cmd.ProcessState.ExitCode() != exitFailure {
				t.Errorf("list: %v", cmd.ProcessState)
			}
		})
	}
}

// What the command of site has started, here the right side of a pipe, ends with it.
func TestSiteEndsWhatItsCommandStarted(t *testing.T) {
	for name, s := range map[string]syscall.Signal{"INT": syscall.SIGINT, "TERM": syscall.SIGTERM} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			write(t, "few.txt", "0 1\n")
			cmd, errs := process(nil, "site", "-graph", "few.txt", "--", "sh", "-c",
				`: | sh -c 'trap "echo `+name+` >got; exit" `+name+`; : >ready; while :; do sleep 0.01; done'`)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			for range 3000 {
				if _, err := os.Stat("ready"); err == nil {
					break
				}
				time.Sleep(10 * time.Millisecond)
			}
			cmd.Process.Signal(s)
			cmd.Wait()
			got, err := os.ReadFile("got")
			if err != nil || cmd.ProcessState.ExitCode() != exitInterrupted {
				t.Errorf("%q, %v, %v: %s", got, err, cmd.ProcessState, errs)
			}
		})
	}
}
