package conform

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"

	"crawlbench/internal/child"
)

// Report is the *testing.T of a check. What fails goes to the parent of the check's process as a
// record, word for word, and so
// does advice.
type Report struct {
	*testing.T
	line  *child.Line
	doing *string // the crawl that is being made
	from  int     // so many cases were done by processes that ended as announced
}

// Advise reports what is no failure, but could be done better. The first line of the text is the summary.
func (r *Report) Advise(format string, args ...any) { r.say(Advice, format, args...) }

// Errorf reports a failure, and lets the check go on.
func (r *Report) Errorf(format string, args ...any) {
	r.Helper()
	r.say(Fail, format, args...)
	r.T.Errorf(format, args...)
}

// Fatalf reports a failure, and ends the check.
func (r *Report) Fatalf(format string, args ...any) {
	r.Helper()
	r.say(Fail, format, args...)
	r.T.Fatalf(format, args...)
}

// Error reports a failure, and lets the check go on.
func (r *Report) Error(args ...any) {
	r.Helper()
	r.Errorf("%s", strings.TrimSuffix(fmt.Sprintln(args...), "\n"))
}

// Fatal reports a failure, and ends the check.
func (r *Report) Fatal(args ...any) {
	r.Helper()
	r.Fatalf("%s", strings.TrimSuffix(fmt.Sprintln(args...), "\n"))
}

func (r *Report) say(kind Kind, format string, args ...any) {
	if err := r.line.Say(string(kind), fmt.Sprintf(format, args...)); err != nil {
		r.T.Fatal(err)
	}
}

// collects names the variable that makes a check empty every sync.Pool before each bubble of
// virtual time. That takes longer
// than most crawls, and is done for those alone that need it.
const collects = "CRAWLBENCH_COLLECT"

// stuck is the error of virtual time that cannot go on.
type stuck struct {
	kind  Kind   // Deadlock or Leak
	where string // the goroutines are
}

func (s *stuck) Error() string {
	if s.kind == Leak {
		return "goroutines were left when it returned"
	}
	return "all its goroutines were waiting for each other"
}

// bubble runs f in a bubble of virtual time, and returns its error, or a *stuck. What package
// testing/synctest panics with
// is known by its type, which is the runtime's: a crawler may panic with the same words.
func bubble(t *Report, f func(t *Report) error) (err error) {
	if os.Getenv(collects) != "" {
		runtime.GC() // twice: what is used no more is kept once
		runtime.GC()
	}
	defer func() {
		switch p := recover(); {
		case p == nil:
		case fmt.Sprintf("%T", p) != "runtime.synctestDeadlockError":
			panic(p)
		case strings.Contains(fmt.Sprint(p), leftBehind):
			err = &stuck{Leak, where("synctest bubble")}
		default:
			err = &stuck{Deadlock, where("synctest bubble")}
		}
	}()
	synctest.Test(t.T, func(inner *testing.T) { err = f(&Report{T: inner, line: t.line, doing: t.doing}) })
	return err
}

// announcement is the kind of the record behind which the process may end with a panic. It names the case.
const announcement = "announcement"

// announce tells the parent that Fetch is about to panic, in the nth case, from 1.
func (r *Report) announce(nth int) { r.say(announcement, "%d", nth) }

// where says where the goroutines are whose stacks have mark in their first line.
func where(mark string) string {
	text := make([]byte, 1<<20)
	text = text[:runtime.Stack(text, true)]
	return child.Places(text, mark)
}
