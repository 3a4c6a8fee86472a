//go:build unix

package child

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// verb is the argument that makes the test binary a planted child.
const verb = "__planted"

func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == verb {
		if f := residents()[os.Args[2]]; f != nil {
			runResident(os.Args[2], f)
		}
		runPlanted(os.Args[2])
	}
	if len(os.Args) == 3 && os.Args[1] == parent {
		runParent(os.Args[2])
	}
	os.Exit(m.Run())
}

func command(name string) func() *exec.Cmd {
	return func() *exec.Cmd { return exec.Command(os.Args[0], verb, name) }
}

// Children that should finish have a deadline that even a busy machine keeps; children that should
// miss their deadline have a short one. Those that must be seen to use no processor have one of which
// starting the process, with the race detector and on a busy machine, is a small part.
const (
	longLimit  = time.Minute
	shortLimit = 700 * time.Millisecond
	idleLimit  = 5 * time.Second
)

func TestEachEndHasItsClass(t *testing.T) {
	for name, want := range map[string]struct {
		class Class
		text  string // its first line
		more  string // substring of the other lines
		limit time.Duration
	}{
		"returns":     {class: Done},
		"exit 0":      {class: Exit, text: "it ended the process with exit code 0 instead of returning"},
		"exit 2":      {class: Exit, text: "it ended the process with exit code 2 instead of returning"},
		"exit 7":      {class: Exit, text: "it ended the process with exit code 7 instead of returning"},
		"system exit": {class: Exit, text: "it ended the process with exit code 3 instead of returning"},
		"goexit":      {class: Exit, text: "it called runtime.Goexit instead of returning"},

		"panics":               {class: Panic, text: "panic: planted", more: "child.planted."},
		"panics in another":    {class: Panic, text: "panic: planted", more: "child.planted."},
		"panics with nil":      {class: Panic, text: "panic: panic called with nil argument"},
		"panics in lines":      {class: Panic, text: "panic: one", more: "two\n\nfatal error: out of memory\n"},
		"panics in colour":     {class: Panic, text: `panic: \x1b[31mred\xff`},
		"panics twice":         {class: Panic, text: "panic: planted [recovered]", more: "again: planted"},
		"panics as a deadlock": {class: Panic, text: "panic: deadlock: all goroutines in bubble are blocked"},
		"index":                {class: Panic, text: "panic: runtime error: index out of range [3] with length 0"},
		"nil": {
			class: Panic, text: "panic: runtime error: invalid memory address or nil pointer dereference",
		},
		"maps":  {class: Panic, text: "fatal error: concurrent map writes"},
		"races": {class: Done},
		"unlocks": {
			class: Panic, text: "fatal error: sync: unlock of unlocked mutex", more: "child.planted.",
		},
		"recurses": {class: Panic, text: "fatal error: stack overflow"},
		"threads":  {class: Panic, text: "fatal error: thread exhaustion"},
		"deadlock": {
			class: Deadlock, text: "all its goroutines were waiting for each other",
			more: "1 goroutine: chan receive in ",
		},
		"deadlock of a lock": {
			class: Deadlock, text: "all its goroutines were waiting for each other",
			more: "3 goroutines: sync.Mutex.Lock in ",
		},
		"waits": {
			class: Hang, text: "it was still waiting after 700ms", more: "1 goroutine: sleep in ", limit: shortLimit,
		},
		"waits deaf": {class: Hang, text: "it was still waiting after 700ms", limit: shortLimit},
		"spins": {
			class: Spin, text: "it was still running after 700ms, on ", more: "child.planted.", limit: shortLimit,
		},

		"kills itself": {
			class: Killed, text: "it was killed twice by a signal (killed), from outside or by itself",
		},
		"terminates itself": {
			class: Killed, text: "it was killed twice by a signal (terminated), from outside or by itself",
		},
		"quits itself": {
			class: Killed, text: "it was killed twice by a signal (SIGQUIT: quit), from outside or by itself",
		},
		"faults itself": {
			class: Killed,
			text:  "it was killed twice by a signal (SIGSEGV: segmentation violation), from outside or by itself",
		},
		"stops itself": {
			class: Hang, text: "it was stopped by a signal and had not ended after 700ms", limit: shortLimit,
		},
		"notifies":                 {class: Done},
		"ignores":                  {class: Done},
		"closes the connection":    {class: Junk, text: "it closed file descriptor 3, which is not its own"},
		"replaces the connection":  {class: Junk, text: "it closed file descriptor 3, which is not its own"},
		"closes everything":        {class: Junk, text: "it closed file descriptor 3, which is not its own"},
		"writes to the connection": {class: Junk, text: "it wrote to file descriptor 3, which is not its own"},
		"writes half a line":       {class: Junk, text: "it wrote to file descriptor 3, which is not its own"},
		"forges the connection":    {class: Junk, text: "it wrote to file descriptor 3, which is not its own"},
		"forges a crash":           {class: Exit, text: "it ended the process with exit code 2 instead of returning"},

		"forges words":          {class: Done},
		"forges words and dies": {class: Panic, text: "fatal error: sync: unlock of unlocked mutex"},
		"swaps its output":      {class: Done},
		"prints binary":         {class: Exit, text: "it ended the process with exit code 5 instead of returning"},
		"prints without end":    {class: Done},
		"prints and dies":       {class: Panic, text: "panic: planted"},

		"leaves":              {class: Left, text: "a process was left behind: sleep 71"},
		"leaves in a session": {class: Left, text: "a process was left behind: sleep 72"},
		"leaves an orphan":    {class: Left, text: "a process was left behind: sleep 73"},
		"leaves what is deaf": {
			class: Left,
			text:  "2 processes were left behind: sh -c trap '' TERM HUP INT; while :; do sleep 74; done; sleep 74",
		},
		"leaves and panics": {
			class: Panic, text: "panic: planted", more: "a process was left behind: sleep 75",
		},
		"leaves and exits": {
			class: Exit, text: "it ended the process with exit code 0 instead of returning",
			more: "a process was left behind: sleep 76",
		},
		"leaves and waits": {
			class: Hang, text: "it was still waiting after 700ms",
			more: "a process was left behind: sleep 77", limit: shortLimit,
		},
		"leaves many": {
			class: Exit, text: "it ended the process with exit code 1 instead of returning",
			more: "26 processes were left behind: sleep 79; sleep 79",
		},
		"leaves none":                {class: Done},
		"leaves one for a bit":       {class: Done},
		"leaves without environment": {class: Left, text: "a process was left behind: sleep 78"},

		"eats":         {class: Memory, text: "it exceeded its memory limit ("},
		"eats at once": {class: Memory, text: "it exceeded its memory limit ("},
		"goroutines":   {class: Memory, text: "it exceeded its memory limit ("},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if want.limit == 0 {
				want.limit = longLimit
			}
			if underRace { // its shadow memory exceeds any limit, and its runtime, which has cgo, detects no deadlocks
				switch {
				case want.class == Memory:
					t.Skip("the race detector allows no memory limit")
				case want.class == Deadlock:
					want.limit = idleLimit
					want.text = "a deadlock, or a wait of more than 5s: all its goroutines were blocked"
				case name == "races":
					want.class, want.text, want.more = Race, "the race detector saw a data race", "child.planted."
				case name == "maps":
					t.Skip("it is also a race, and either may be detected first")
				}
			}
			end, err := Run(t.Context(), command(name), want.limit)
			for try := 0; name == "leaves one for a bit" && err == nil && end.Class == Left && try < 10; try++ {
				end, err = Run(t.Context(), command(name), want.limit) // that one was late, on a busy machine
			}
			if err != nil {
				t.Fatal(err)
			}
			summary, more, _ := strings.Cut(end.Text, "\n")
			exact := summary == want.text ||
				(want.class == Spin || want.class == Memory) && strings.HasPrefix(summary, want.text)
			if end.Class != want.class || !exact || !strings.Contains(more, want.more) {
				t.Errorf(
					"%s: %s\nwant %s: %s\n%s\nit printed:\n%s", end.Class, end.Text, want.class, want.text, want.more,
					end.Output,
				)
			}
			if whole := end.Last != nil; whole != (want.class == Done || want.class == Left || want.class == Race) {
				t.Errorf("final record %q", end.Last)
			}
			if len(end.Output) > 5*outputLimit {
				t.Errorf("%d bytes of its output are kept, want at most 5 times the limit", len(end.Output))
			}
			if strings.HasPrefix(name, "prints") && want.class != Exit &&
				!strings.Contains(
					string(end.Output[len(end.Output)-2000:]),
					map[Class]string{Done: "the last words", Panic: "goroutine"}[want.class],
				) {
				t.Error("the end of its output is lost")
			}
		})
	}
}

func TestRecordsArriveInOrder(t *testing.T) {
	end, err := Run(t.Context(), command("returns"), longLimit)
	if err != nil || len(end.Records) != 1 || end.Records[0].Kind != "said" ||
		string(end.Records[0].Body) != `"returns"` ||
		string(end.Last) != `"returns"` {
		t.Errorf("%v, %+v", err, end)
	}
}

func TestProgramsThatAreNotChildrenAreReported(t *testing.T) {
	end, err := Run(
		t.Context(), func() *exec.Cmd { return exec.Command("sh", "-c", "echo out of order; exit 9") }, longLimit,
	)
	if err != nil || end.Class != Unstarted ||
		end.Text != "it ended the process with exit code 9 before it began; it printed:\nout of order" {
		t.Errorf("%v, %+v", err, end)
	}
	if _, err := Run(t.Context(), func() *exec.Cmd { return exec.Command("/nothing") }, longLimit); err == nil {
		t.Error("a missing program was run")
	}
	if _, err := Open(); err == nil {
		t.Error("a connection was opened in a process that is not a child")
	}
}

func TestInterruptionEndsTheChildAndItsDescendants(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("stopped")
	var started []int
	go func() {
		for len(started) == 0 {
			time.Sleep(10 * time.Millisecond)
			for _, p := range descendants(processes(), os.Getpid(), nil) {
				if p.String() == "sleep 80" {
					started = append(started, p.pid)
				}
			}
		}
		cancel(stop)
	}()
	if end, err := Run(ctx, command("is interrupted"), longLimit); err != stop {
		t.Fatalf("%v, %+v", err, end)
	}
	for _, pid := range started {
		if !gone(pid) {
			t.Errorf("process %d is left", pid)
		}
	}
}

// gone waits for a killed process to end and reports whether it did.
func gone(pid int) bool {
	for range 1000 {
		if _, ok := readProcess(pid); !ok {
			return true
		}
		time.Sleep(10 * time.Millisecond)
	}
	return false
}
