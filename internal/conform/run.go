package conform

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/host"
	"crawlbench/internal/host/child"
	"crawlbench/internal/parallel"
	"crawlbench/internal/plain"
)

// Kind is how a check ended.
type Kind string

const (
	Pass     Kind = "pass"
	Fail     Kind = "fail"     // verification against the sequential oracle failed
	Deadlock Kind = "deadlock" // all goroutines were waiting for each other
	Leak     Kind = "leak"     // goroutines or processes were left behind
	Hang     Kind = "hang"     // it did not end in time: a wait outside of virtual time, or a loop
	Panic    Kind = "panic"    // a panic, or a fatal error of the runtime
	Exit     Kind = "exit"     // the process ended in another way before the check did
	Race     Kind = "race"     // the race detector saw a data race
	Advice   Kind = "advice"   // the contract is kept, but something could be better
	// Unfinished says nothing about the crawler: the suite was interrupted first.
	Unfinished Kind = "unfinished"
)

// OK reports whether the contract is kept.
func (k Kind) OK() bool { return k == Pass || k == Advice }

// Result is the result of one check of one crawler with one kind of key.
type Result struct {
	Crawler, Keys, Check string
	Kind                 Kind
	Text                 string // the failure: a summary line, followed by details
}

// ChildVerb is the first argument of a program that is called as the child process of a check, as
// ChildVerb CRAWLER KEYS CHECK.
const ChildVerb = "__check"

// Patience is the default time limit of a check. None of the built-in crawlers needs two seconds.
const Patience = 10 * time.Second

// Suite runs checks on crawlers.
type Suite struct {
	Crawlers []crawl.Crawler
	// Keys are the kinds of key to check; nil means both. A crawler that supports only the other kind is checked
	// with that.
	Keys []string
	// Checks are the names of the checks; nil means all.
	Checks []string
	// OverHTTP replaces the checks by those over HTTP, of crawlers by URL.
	OverHTTP bool
	// Patience is the time limit of a check, multiplied by ten under the race detector; 0 means Patience.
	Patience time.Duration
	// Command returns the command for the process of a check, which must call Child.
	Command func(crawler, keys, check string) *exec.Cmd
}

// Run runs the suite and returns the results in the order of crawlers, keys and checks.
func (s Suite) Run(ctx context.Context) []Result {
	var list []Result
	for _, c := range s.Crawlers {
		for _, k := range []string{"id", "url"} {
			has := subjects(c)
			if _, ok := has[k]; !ok || s.Keys != nil && !slices.Contains(s.Keys, k) && len(has) > 1 {
				continue
			}
			checks := checksOf(c)
			if s.OverHTTP {
				checks = checksOverHTTP()
			}
			for _, check := range checks {
				if s.OverHTTP && k != "url" {
					continue // over HTTP, pages are named by URL
				}
				if s.Checks == nil || slices.Contains(s.Checks, check.Name) {
					list = append(list, Result{Crawler: c.Name, Keys: k, Check: check.Name})
				}
			}
		}
	}
	parallel.Workers(len(list), func(numbers iter.Seq[int]) {
		for i := range numbers {
			v := &list[i]
			command := func() *exec.Cmd { return s.Command(v.Crawler, v.Keys, v.Check) }
			v.Kind, v.Text = runCheck(ctx, command, slowdown*cmp.Or(s.Patience, Patience))
		}
	})
	return list
}

// runCheck runs the child processes of a check and returns its result. After a child that ended as
// announced, another one continues with the next case.
func runCheck(ctx context.Context, command func() *exec.Cmd, patience time.Duration) (Kind, string) {
	kind, text, next := runCases(ctx, command, patience, 0)
	for from := 0; next > from; {
		from = next
		kind, text, next = runCases(ctx, command, patience, from)
	}
	return kind, text
}

// explainStuck returns an explanation for a child that was stuck in virtual time, "" for others.
func explainStuck(end *child.End) string {
	if end.Class != child.Hang && end.Class != child.Deadlock || !strings.Contains(end.Text, "synctest.Run") {
		return ""
	}
	return "\nTime is virtual in this check. It does not advance while a goroutine waits for a sync.Mutex that is held across a wait, or on a pipe, a socket or a file: " +
		"let goroutines wait on channels, sync.Cond, sync.WaitGroup, timers or contexts."
}

// caseVariable is the environment variable that tells a child how many cases of its check are done.
const caseVariable = "CRAWLBENCH_CASE"

// runCases runs a child that begins after from cases. next is greater than from if it ended as announced.
func runCases(ctx context.Context, command func() *exec.Cmd, patience time.Duration, from int) (kind Kind, text string,
	next int) {
	all := command
	command = func() *exec.Cmd { return with(all(), fmt.Sprint(caseVariable, "=", from)) }
	end, err := inTemp(ctx, command, patience)
	if err == nil && outsideBubble(end) {
		// Objects that a sync.Pool passes from one bubble of virtual time to the next are the suite's problem.
		end, err = inTemp(ctx, func() *exec.Cmd { return with(command(), collects+"=1") }, patience)
	}
	switch {
	case ctx.Err() != nil:
		return Unfinished, "", 0
	case err != nil:
		return Panic, "the check's process could not be started: " + err.Error(), 0
	case end.Class == child.Panic && strings.HasPrefix(end.Text, ended):
		return Exit, "it called runtime.Goexit instead of returning", 0
	case end.Class == child.Panic && announced(end) > 0:
		return Pass, "", announced(end)
	case outsideBubble(end):
		return Panic, end.Text + "\nIt used a channel or timer of an earlier crawl. This check makes each crawl in its own bubble of package testing/synctest, " +
			"which does not allow that.\nMake new ones for each crawl, or keep them in a sync.Pool, which this check empties between crawls.", 0
	case end.Class != child.Done && end.Class != child.Left:
		return kinds()[end.Class], strings.TrimSuffix(end.Text+explainStuck(end)+"\n"+hinted(end), "\n"), 0
	}
	kind, text = worstRecord(end.Records)
	if string(end.Last) == "true" && kind == Pass {
		kind, text = Fail, "the check failed without a message; it printed:\n"+end.Tail()
	}
	if end.Class == child.Left {
		kind, text = worse(kind, text, Leak, end.Text)
	}
	return kind, plain.Text(text), 0
}

// inTemp runs the child of a check with its own temporary directory.
func inTemp(ctx context.Context, command func() *exec.Cmd, patience time.Duration) (*child.End, error) {
	if temp, err := os.MkdirTemp("", tempPrefix); err == nil {
		defer os.RemoveAll(temp)
		inner := command
		command = func() *exec.Cmd { return with(inner(), "TMPDIR="+temp) }
	} // otherwise leftover files are not looked for
	return child.Run(ctx, command, patience)
}

// with adds a variable to the environment of cmd.
func with(cmd *exec.Cmd, variable string) *exec.Cmd {
	cmd.Env = append(cmd.Environ(), variable)
	return cmd
}

// outsideBubble reports whether the runtime ended the child because an object of one bubble of virtual
// time was used in another.
func outsideBubble(end *child.End) bool {
	first, _, _ := strings.Cut(end.Text, "\n")
	return end.Class == child.Panic && strings.HasPrefix(first, "fatal error: ") &&
		strings.Contains(first, "synctest") && strings.Contains(first, "bubble")
}

// hint is the kind of a record whose text is reported if the check does not end.
const hint = "hint"

// hinted returns the hints among the records of a check, one per line.
func hinted(end *child.End) (text string) {
	for _, r := range end.Records {
		var t string
		if r.Kind == hint && json.Unmarshal(r.Body, &t) == nil {
			text += t + "\n"
		}
	}
	return text
}

// ended is the prefix of the panic of package testing when the goroutine of a test calls runtime.Goexit.
const ended = "panic: test executed panic(nil) or runtime.Goexit"

// announced returns the last case for which the check announced that the process may end with a panic,
// or 0. The panic itself does not matter: a deferred Unlock may turn it into a fatal error.
func announced(end *child.End) (nth int) {
	for _, r := range end.Records {
		var t string
		if r.Kind == announcement && json.Unmarshal(r.Body, &t) == nil {
			nth, _ = strconv.Atoi(t)
		}
	}
	return nth
}

// kinds maps the end of a child without a final record to a kind.
func kinds() map[child.Class]Kind {
	return map[child.Class]Kind{
		child.Unstarted: Exit, child.Exit: Exit, child.Killed: Exit, child.Junk: Fail, child.Race: Race,
		child.Deadlock: Deadlock,
		child.Panic:    Panic, child.Memory: Panic, child.Fault: Panic, child.Hang: Hang, child.Spin: Hang,
	}
}

// worstRecord returns the worst kind among the records of a check, and the texts of all.
func worstRecord(records []child.Record) (Kind, string) {
	kind, text := Pass, ""
	for _, r := range records {
		var t string
		if r.Kind != announcement && r.Kind != hint && json.Unmarshal(r.Body, &t) == nil {
			kind, text = worse(kind, text, Kind(r.Kind), t)
		}
	}
	return kind, text
}

// worse combines two results: the worse kind, and its text first.
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

// Child is the main function of a child process: it runs the check CRAWLER KEYS CHECK of args and exits.
func Child(args []string, crawlers []crawl.Crawler) {
	for _, c := range crawlers {
		if s, ok := subjects(c)[args[1]]; ok && c.Name == args[0] {
			for _, check := range append(checksOf(c), checksOverHTTP()...) {
				if check.Name == args[2] {
					os.Args = os.Args[:1] // package testing parses the rest
					testing.Main(func(string, string) (bool, error) { return true, nil },
						[]testing.InternalTest{{Name: check.Name, F: func(t *testing.T) { runAsChild(t, check, s) }}},
						nil, nil)
				}
			}
		}
	}
	fmt.Fprintf(os.Stderr, "no check %q\n", args)
	os.Exit(2)
}

// runAsChild runs a check in this process and reports to the parent. The check counts only if the parent gets
// the final record.
func runAsChild(t *testing.T, check Check, s subject) {
	conn, err := child.Open()
	if err != nil {
		fmt.Fprintln(os.Stderr, "conform:", err)
		os.Exit(2)
	}
	if err := child.Bound(share()); err != nil {
		t.Log(err) // the limit protects only other processes
	}
	// The first call of signal.Notify starts a goroutine that stays: it must not count as the crawler's.
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, ignoredSignal)
	signal.Stop(signals)
	failed := !t.Run(check.Name, func(t *testing.T) {
		r := &Report{T: t, conn: conn, doing: new(string)}
		r.from, _ = strconv.Atoi(os.Getenv(caseVariable))
		check.run(r, s)
	})
	if err := conn.End(failed); err != nil {
		fmt.Fprintln(os.Stderr, "conform:", err)
		os.Exit(2)
	}
}

// share returns the memory limit of a check: its share of the free memory, as NumCPU checks run at a
// time, but no less than correct crawlers need. There is no limit under the race detector, whose shadow
// memory exceeds any.
func share() int64 {
	const least = 1 << 30
	free := host.FreeMemory()
	if free == 0 || slowdown > 1 {
		return 0
	}
	return max(least, free/int64(runtime.NumCPU()))
}

// Raced reports whether this program was built with the race detector.
func Raced() bool { return slowdown > 1 }

// variable is the environment variable that tells a test's child process which check to run, as
// CHECK KEYS CRAWLER.
const variable = "CRAWLBENCH_CHECK"

// Test runs the suite on c, with a subtest of t for each kind of key and check. Each check runs in a child
// process, which is the test binary with t as its only test.
func Test(t *testing.T, c crawl.Crawler) {
	t.Helper()
	if want, ok := os.LookupEnv(variable); ok {
		words := strings.SplitN(want, " ", 3)
		for _, check := range checksOf(c) {
			if words[0] == check.Name && words[2] == c.Name {
				runAsChild(t, check, subjects(c)[words[1]])
				t.SkipNow() // runs the cleanup functions of the test, and nothing else
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
