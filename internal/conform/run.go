package conform

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"crawlbench/internal/child"
	"crawlbench/internal/crawl"
	"crawlbench/internal/host"
	"crawlbench/internal/plain"
)

// Kind is how a check ended.
type Kind string

const (
	Pass     Kind = "pass"
	Fail     Kind = "fail"     // the oracle says no
	Deadlock Kind = "deadlock" // all goroutines were waiting for each other
	Leak     Kind = "leak"     // goroutines or processes were left behind
	Hang     Kind = "hang"     // it did not end in time: a wait outside of virtual time, or a loop
	Panic    Kind = "panic"    // a panic, or an error that is fatal to the runtime
	Exit     Kind = "exit"     // the process ended, in some other way, before the check did
	Race     Kind = "race"     // the race detector, in a program built with it, saw one
	Advice   Kind = "advice"   // the contract is kept, but something could be done better; no failure
)

// OK reports whether the contract is kept.
func (k Kind) OK() bool { return k == Pass || k == Advice }

// Verdict is what came of one check of one crawler under one kind of key.
type Result struct {
	Crawler, Keys, Check string
	Kind                 Kind
	Text                 string // what was wrong: a line, and others with details
}

// ChildVerb is the argument with which a program is called to be the child of a check: ChildVerb CRAWLER KEYS CHECK.
const ChildVerb = "__check"

// Patience is how long a check may take unless the suite says otherwise. None of the built-in
// crawlers needs two seconds.
const Patience = 10 * time.Second

// Suite is a run of checks over crawlers.
type Suite struct {
	Crawlers []crawl.Crawler
	// Keys are the kinds of key to check; a crawler that has none of these is checked by the other. Nil means both.
	Keys []string
	// Checks are the names of the checks; nil means all.
	Checks []string
	// Patience is how long a check may take, ten times as long under the race detector; 0 means Patience.
	Patience time.Duration
	// Command makes the process of a check. It calls Child.
	Command func(crawler, keys, check string) *exec.Cmd
}

// Run runs the suite and returns the verdicts in the order of crawlers, keys and checks.
func (s Suite) Run(ctx context.Context) []Result {
	var list []Result
	for _, c := range s.Crawlers {
		for _, k := range []string{"id", "url"} {
			has := subjects(c)
			if _, ok := has[k]; !ok || s.Keys != nil && !slices.Contains(s.Keys, k) && len(has) > 1 {
				continue
			}
			for _, check := range Checks() {
				if s.Checks == nil || slices.Contains(s.Checks, check.Name) {
					list = append(list, Result{Crawler: c.Name, Keys: k, Check: check.Name})
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
				command := func() *exec.Cmd { return s.Command(v.Crawler, v.Keys, v.Check) }
				v.Kind, v.Text = judge(ctx, command, slowdown*cmp.Or(s.Patience, Patience))
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

// judge runs the child of a check and says what came of it. Behind a child that ended as announced comes another, which
// goes on with the next case.
func judge(ctx context.Context, command func() *exec.Cmd, patience time.Duration) (Kind, string) {
	kind, text, next := judgeFrom(ctx, command, patience, 0)
	for from := 0; next > from; {
		from = next
		kind, text, next = judgeFrom(ctx, command, patience, from)
	}
	return kind, text
}

// still is what to know of a child that did not get on and made crawls in virtual time, "" of others.
func still(end *child.End) string {
	if end.Class != child.Hang && end.Class != child.Deadlock || !strings.Contains(end.Text, "synctest.Run") {
		return ""
	}
	return "\nTime is virtual in this check. It stands still while a goroutine waits for a sync.Mutex that is held across a wait, or on a pipe, a socket or a file: " +
		"let goroutines wait on channels, sync.Cond, sync.WaitGroup, timers or contexts."
}

// caseVariable names, in the environment of a child, how many cases of its check are done.
const caseVariable = "CRAWLBENCH_CASE"

// judgeFrom is judge from a case on. next is above from if the child ended as announced.
func judgeFrom(ctx context.Context, command func() *exec.Cmd, patience time.Duration, from int) (kind Kind, text string,
	next int) {
	all := command
	command = func() *exec.Cmd { return with(all(), fmt.Sprint(caseVariable, "=", from)) }
	end, err := inTemp(ctx, command, patience)
	if err == nil && outsideBubble(end) {
		// What a sync.Pool hands from one bubble of virtual time to the next is the suite's problem.
		end, err = inTemp(ctx, func() *exec.Cmd { return with(command(), collects+"=1") }, patience)
	}
	switch {
	case ctx.Err() != nil:
		return Hang, "interrupted", 0
	case err != nil:
		return Panic, "the check's process could not be started: " + err.Error(), 0
	case end.Class == child.Panic && strings.HasPrefix(end.Text, ended):
		return Exit, "it called runtime.Goexit instead of returning", 0
	case end.Class == child.Panic && announced(end) > 0:
		return Pass, "", announced(end)
	case outsideBubble(end):
		return Panic, end.Text + "\nIt used a channel or timer of an earlier crawl. This check makes each crawl in a bubble of package testing/synctest, and that " +
			"allows no such thing.\nMake them anew for each crawl, or keep them in a sync.Pool, which this check empties between crawls.", 0
	case end.Class != child.Done && end.Class != child.Left:
		return kinds()[end.Class], strings.TrimSuffix(end.Text+still(end)+"\n"+hinted(end), "\n"), 0
	}
	kind, text = said(end.Records)
	if string(end.Last) == "true" && kind == Pass {
		kind, text = Fail, "the check failed, and did not say why; it printed:\n"+end.Tail()
	}
	if end.Class == child.Left {
		kind, text = worse(kind, text, Leak, end.Text)
	}
	return kind, plain.Text(text), 0
}

// inTemp runs the child of a check with a temporary directory of its own.
func inTemp(ctx context.Context, command func() *exec.Cmd, patience time.Duration) (*child.End, error) {
	if temp, err := os.MkdirTemp("", tempPrefix); err == nil {
		defer os.RemoveAll(temp)
		inner := command
		command = func() *exec.Cmd { return with(inner(), "TMPDIR="+temp) }
	} // else what is left there is not looked for
	return child.Run(ctx, command, patience)
}

// with adds a variable to the environment of cmd.
func with(cmd *exec.Cmd, variable string) *exec.Cmd {
	cmd.Env = append(cmd.Environ(), variable)
	return cmd
}

// outsideBubble reports whether the runtime ended the child since something of one bubble of
// virtual time was used in another.
func outsideBubble(end *child.End) bool {
	first, _, _ := strings.Cut(end.Text, "\n")
	return end.Class == child.Panic && strings.HasPrefix(first, "fatal error: ") &&
		strings.Contains(first, "synctest") && strings.Contains(first, "bubble")
}

// hint is the kind of the record whose text is said if the check does not come to its end.
const hint = "hint"

// hinted returns the hints among the records of a check, a line each.
func hinted(end *child.End) (text string) {
	for _, r := range end.Records {
		var t string
		if r.Kind == hint && json.Unmarshal(r.Body, &t) == nil {
			text += t + "\n"
		}
	}
	return text
}

// ended begins what package testing panics with when the goroutine of a test ends without a word.
const ended = "panic: test executed panic(nil) or runtime.Goexit"

// announced returns the case in which the check had announced that the process would end with a panic, 0 if none. Which
// panic it was does not matter: a deferred Unlock may turn it into a fatal error.
func announced(end *child.End) (nth int) {
	for _, r := range end.Records {
		var t string
		if r.Kind == announcement && json.Unmarshal(r.Body, &t) == nil {
			nth, _ = strconv.Atoi(t)
		}
	}
	return nth
}

// kinds are those of the ends of a child that did not come to its final record.
func kinds() map[child.Class]Kind {
	return map[child.Class]Kind{
		child.Unstarted: Exit, child.Exit: Exit, child.Killed: Exit, child.Junk: Fail, child.Race: Race,
		child.Deadlock: Deadlock,
		child.Panic:    Panic, child.Memory: Panic, child.Fault: Panic, child.Hang: Hang, child.Spin: Hang,
	}
}

// said returns the gravest of the records of a check, with the texts of all: Fail first, whose
// words are those of the oracle.
func said(records []child.Record) (Kind, string) {
	kind, text := Pass, ""
	for _, r := range records {
		var t string
		if r.Kind != announcement && r.Kind != hint && json.Unmarshal(r.Body, &t) == nil {
			kind, text = worse(kind, text, Kind(r.Kind), t)
		}
	}
	return kind, text
}

// worse puts the graver of two kinds first.
func worse(kind Kind, text string, other Kind, more string) (Kind, string) {
	order := []Kind{Pass, Advice, Leak, Deadlock, Fail}
	switch {
	case kind == Pass:
		return other, more
	case slices.Index(order, other) > slices.Index(order, kind):
		return other, more + "\n" + text
	}
	return kind, text + "\n" + more
}

// Child is the whole of a child process: it runs the check that args name, CRAWLER KEYS CHECK, and ends the process.
func Child(args []string, crawlers []crawl.Crawler) {
	for _, c := range crawlers {
		if s, ok := subjects(c)[args[1]]; ok && c.Name == args[0] {
			for _, check := range Checks() {
				if check.Name == args[2] {
					os.Args = os.Args[:1] // what is left is for package testing
					testing.Main(func(string, string) (bool, error) { return true, nil },
						[]testing.InternalTest{{Name: check.Name, F: func(t *testing.T) { take(t, check, s) }}}, nil,
						nil)
				}
			}
		}
	}
	fmt.Fprintf(os.Stderr, "no check %q\n", args)
	os.Exit(2)
}

// take runs a check in this process, and tells the parent what it says. The check has come to its end only when the
// parent has the final record.
func take(t *testing.T, check Check, s subject) {
	line, err := child.Open()
	if err != nil {
		fmt.Fprintln(os.Stderr, "conform:", err)
		os.Exit(2)
	}
	if err := child.Bound(share()); err != nil {
		t.Log(err) // it is for those who run beside
	}
	// What catches signals first starts a goroutine of package os/signal, which stays: it is not the crawler's.
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGWINCH)
	signal.Stop(signals)
	failed := !t.Run(check.Name, func(t *testing.T) {
		r := &Report{T: t, line: line, doing: new(string)}
		r.from, _ = strconv.Atoi(os.Getenv(caseVariable))
		check.run(r, s)
	})
	if err := line.End(failed); err != nil {
		fmt.Fprintln(os.Stderr, "conform:", err)
		os.Exit(2)
	}
}

// share returns how much memory a check may take, of which as many as there are processors run at
// once: its share of what is
// free, but no less than right crawlers need. The race detector's shadow memory fits no bound.
func share() int64 {
	const least = 1 << 30
	free := host.FreeMemory()
	if free == 0 || slowdown > 1 {
		return 0
	}
	return max(least, free/int64(runtime.NumCPU()))
}

// Raced reports whether this program, and so the children of its checks, was built with the race detector.
func Raced() bool { return slowdown > 1 }

// variable names, in the environment of a test's child process, the one check that it is to run: CHECK KEYS CRAWLER.
const variable = "CRAWLBENCH_CHECK"

// Test takes c through the suite, as subtests of t named after key and check. Each runs in a child: the test binary
// again, with t as the only test to run.
func Test(t *testing.T, c crawl.Crawler) {
	t.Helper()
	if want, ok := os.LookupEnv(variable); ok {
		words := strings.SplitN(want, " ", 3)
		for _, check := range Checks() {
			if words[0] == check.Name && words[2] == c.Name {
				take(t, check, subjects(c)[words[1]])
				t.SkipNow() // what the test has set up is torn down, and what follows is not for the child
			}
		}
		return
	}
	command := func(crawler, keys, check string) *exec.Cmd {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+
			strings.ReplaceAll(regexp.QuoteMeta(t.Name()), "/", "$/^")+"$", "-test.count=1")
		cmd.Env = append(os.Environ(), variable+"="+check+" "+keys+" "+crawler)
		return cmd
	}
	for _, v := range (Suite{Crawlers: []crawl.Crawler{c}, Command: command}).Run(t.Context()) {
		t.Run(v.Keys+"/"+v.Check, func(t *testing.T) {
			if !v.Kind.OK() {
				t.Errorf("%s: %s", v.Kind, v.Text)
			} else if v.Text != "" {
				t.Logf("%s: %s", v.Kind, v.Text)
			}
		})
	}
}
