package conform

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"

	"crawlbench/internal/host/child"
)

// Report is the *testing.T of a check. It sends failures and advice to the parent process as records.
type Report struct {
	*testing.T
	conn  *child.Conn
	doing *string // describes the current crawl
	from  int     // the number of cases that earlier processes, which ended as announced, have done
}

// Advise reports something that could be better but is not a failure. The first line of the text is the
// summary.
func (r *Report) Advise(format string, args ...any) { r.say(Advice, format, args...) }

// Errorf reports a failure and continues the check.
func (r *Report) Errorf(format string, args ...any) {
	r.Helper()
	r.say(Fail, format, args...)
	r.T.Errorf(format, args...)
}

// Fatalf reports a failure and ends the check.
func (r *Report) Fatalf(format string, args ...any) {
	r.Helper()
	r.say(Fail, format, args...)
	r.T.Fatalf(format, args...)
}

// Error reports a failure and continues the check.
func (r *Report) Error(args ...any) {
	r.Helper()
	r.Errorf("%s", strings.TrimSuffix(fmt.Sprintln(args...), "\n"))
}

// Fatal reports a failure and ends the check.
func (r *Report) Fatal(args ...any) {
	r.Helper()
	r.Fatalf("%s", strings.TrimSuffix(fmt.Sprintln(args...), "\n"))
}

func (r *Report) say(kind Kind, format string, args ...any) {
	if err := r.conn.Say(string(kind), fmt.Sprintf(format, args...)); err != nil {
		r.T.Fatal(err)
	}
}

// collects is the environment variable that makes a check empty every sync.Pool before each bubble of
// virtual time. That takes longer than most crawls, so only crawlers that need it get it.
const collects = "CRAWLBENCH_COLLECT"

// stuck is the error of a bubble of virtual time that cannot continue.
type stuck struct {
	kind  Kind   // Deadlock or Leak
	where string // the locations of the goroutines
}

func (s *stuck) Error() string {
	if s.kind == Leak {
		return "goroutines were left behind when it returned"
	}
	return "all its goroutines were waiting for each other"
}

// bubble runs f in a bubble of virtual time and returns its error, or a *stuck. The panic of package
// testing/synctest is recognised by its type, because a crawler may panic with the same message.
func bubble(t *Report, f func(t *Report) error) (err error) {
	if os.Getenv(collects) != "" {
		runtime.GC() // twice, because the first one keeps victim caches
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
	synctest.Test(t.T, func(inner *testing.T) { err = f(&Report{T: inner, conn: t.conn, doing: t.doing}) })
	return err
}

// announcement is the kind of a record after which the process may end with a panic. Its body is the
// number of the case.
const announcement = "announcement"

// announce tells the parent that Fetch is about to panic, in the nth case, from 1.
func (r *Report) announce(nth int) { r.say(announcement, "%d", nth) }

// where returns the locations of the goroutines whose stacks have mark in their first line.
func where(mark string) string {
	text := make([]byte, 1<<20)
	text = text[:runtime.Stack(text, true)]
	return child.Places(text, mark)
}
