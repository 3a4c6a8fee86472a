package conform

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"crawlbench/internal/crawl"
)

// Kind is how a check ended.
type Kind string

const (
	Pass     Kind = "pass"
	Fail     Kind = "fail"     // the oracle says no
	Deadlock Kind = "deadlock" // all goroutines were waiting for each other
	Leak     Kind = "leak"     // goroutines were left behind
	Hang     Kind = "hang"     // it did not end in time: a wait outside of virtual time, or a loop
	Panic    Kind = "panic"    // it, or the runtime, ended the process
	Race     Kind = "race"     // the race detector, in a program built with it, saw one
)

// Verdict is what came of one check of one contender under one kind of key.
type Verdict struct {
	Contender, Keys, Check string
	Kind                   Kind
	Text                   string // what was wrong, in a line
}

// ChildVerb is the argument with which a program is called to be the child of a check: ChildVerb CONTENDER KEYS CHECK.
const ChildVerb = "__check"

// Patience is how long a check may take unless the suite says otherwise. None of the built-in crawlers needs two seconds.
const Patience = 10 * time.Second

// Suite is a run of checks over contenders.
type Suite struct {
	Contenders []crawl.Contender
	// Keys are the kinds of key to check; a contender that has none of these is checked by the other. Nil means both.
	Keys []string
	// Checks are the names of the checks; nil means all.
	Checks []string
	// Patience is how long a check may take, ten times as long under the race detector; 0 means Patience.
	Patience time.Duration
	// Command makes the process of a check. It calls Child.
	Command func(contender, keys, check string) *exec.Cmd
}

// Run runs the suite and returns the verdicts in the order of contenders, keys and checks.
func (s Suite) Run(ctx context.Context) []Verdict {
	var list []Verdict
	for _, c := range s.Contenders {
		for _, k := range []string{"id", "url"} {
			has := subjects(c)
			if _, ok := has[k]; !ok || s.Keys != nil && !slices.Contains(s.Keys, k) && len(has) > 1 {
				continue
			}
			for _, check := range Checks() {
				if s.Checks == nil || slices.Contains(s.Checks, check.Name) {
					list = append(list, Verdict{Contender: c.Name, Keys: k, Check: check.Name})
				}
			}
		}
	}
	next := make(chan int)
	var pool sync.WaitGroup
	for range runtime.NumCPU() {
		pool.Go(func() {
			for i := range next {
				v := &list[i]
				v.Kind, v.Text = judge(ctx, s.Command(v.Contender, v.Keys, v.Check), slowdown*cmp.Or(s.Patience, Patience))
			}
		})
	}
	for i := range list {
		next <- i
	}
	close(next)
	pool.Wait()
	return list
}

// judge runs the child of a check and reads its output.
func judge(ctx context.Context, cmd *exec.Cmd, patience time.Duration) (Kind, string) {
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	err, inTime := cmd.Start(), true
	if err == nil {
		timer := time.AfterFunc(patience, func() { cmd.Process.Kill() })
		err = cmd.Wait()
		inTime = timer.Stop()
	}
	var exit *exec.ExitError
	text := out.String()
	switch {
	case err == nil:
		return Pass, ""
	case ctx.Err() != nil:
		return Hang, "interrupted"
	case !inTime:
		return Hang, fmt.Sprintf("it had not ended after %v", patience)
	case !errors.As(err, &exit):
		return Panic, "the check's process could not be started: " + err.Error()
	case strings.Contains(text, "WARNING: DATA RACE"):
		return Race, "the race detector saw a data race"
	case strings.Contains(text, leftBehind):
		return Leak, "goroutines were left when it returned"
	case strings.Contains(text, "deadlock: "):
		return Deadlock, "all its goroutines were waiting for each other"
	case strings.Contains(text, "panic: ") || strings.Contains(text, "fatal error: "):
		return Panic, regexp.MustCompile(`(panic|fatal error): .*`).FindString(text)
	}
	if m := regexp.MustCompile(`(?m)^\s+\w+\.go:\d+: (.*)$`).FindStringSubmatch(text); m != nil {
		return Fail, m[1]
	}
	return Panic, fmt.Sprintf("its process ended with %v", err)
}

// Child is the whole of a child process: it runs the check that args name, CONTENDER KEYS CHECK, and ends the process.
func Child(args []string, contenders []crawl.Contender) {
	for _, c := range contenders {
		if s, ok := subjects(c)[args[1]]; ok && c.Name == args[0] {
			for _, check := range Checks() {
				if check.Name == args[2] {
					os.Args = os.Args[:1] // what is left is for package testing
					testing.Main(func(string, string) (bool, error) { return true, nil },
						[]testing.InternalTest{{Name: check.Name, F: func(t *testing.T) { check.run(t, s) }}}, nil, nil)
				}
			}
		}
	}
	fmt.Fprintf(os.Stderr, "no check %q\n", args)
	os.Exit(2)
}

// variable names, in the environment of a test's child process, the one check that it is to run.
const variable = "CRAWLBENCH_CHECK"

// Test takes c through the suite, as subtests of t named after key and check. Each runs in a child: the test binary
// again, with t as the only test to run.
func Test(t *testing.T, c crawl.Contender) {
	t.Helper()
	if want, ok := os.LookupEnv(variable); ok {
		words := strings.Fields(want)
		for _, check := range Checks() {
			if words[0] == c.Name && words[2] == check.Name {
				check.run(t, subjects(c)[words[1]])
			}
		}
		return
	}
	command := func(contender, keys, check string) *exec.Cmd {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+strings.ReplaceAll(regexp.QuoteMeta(t.Name()), "/", "$/^")+"$", "-test.count=1")
		cmd.Env = append(os.Environ(), variable+"="+contender+" "+keys+" "+check, "GORACE=atexit_sleep_ms=0")
		return cmd
	}
	for _, v := range (Suite{Contenders: []crawl.Contender{c}, Command: command}).Run(t.Context()) {
		t.Run(v.Keys+"/"+v.Check, func(t *testing.T) {
			if v.Kind != Pass {
				t.Errorf("%s: %s", v.Kind, v.Text)
			}
		})
	}
}
