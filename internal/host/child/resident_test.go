//go:build unix

package child

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// residents are planted children that square numbers, and do something else at the third request.
func residents() map[string]func(n int) {
	third := func(f func()) func(int) {
		return func(n int) {
			if n == 3 {
				f()
			}
		}
	}
	return map[string]func(int){
		"squares":        func(int) {},
		"dies at 3":      third(func() { os.Exit(7) }),
		"panics at 3":    third(func() { panic("planted") }),
		"hangs at 3":     third(func() { time.Sleep(time.Hour) }),
		"runs at 3":      third(func() { work(time.Hour) }),
		"is killed at 3": third(func() { syscall.Kill(os.Getpid(), syscall.SIGKILL) }),
		"closes":         third(func() { syscall.Close(requestFD) }),
		"replaces":       third(func() { syscall.Close(requestFD); os.Open(os.DevNull) }),
		"writes":         third(func() { syscall.Write(requestFD, []byte("\n\n")) }),
		"says an answer": third(func() { syscall.Write(connFD, []byte("A answer 1000\n")) }),
		"works while it waits": func(int) {
			go work(time.Second)
		},
		"pauses": func(int) {},
		"pauses, works": func(int) {
			go work(time.Second)
		},
		"dies while it waits": third(func() {
			go func() {
				time.Sleep(20 * time.Millisecond)
				panic("planted")
			}()
		}),
		"prints": func(int) { fmt.Println("[]") },
	}
}

func work(d time.Duration) {
	for begin := time.Now(); time.Since(begin) < d; {
		runtime.Gosched()
	}
}

func runResident(name string, f func(int)) {
	err := Serve(func(c *Conn) (any, error) {
		if err := c.Listen(); err != nil {
			return nil, err
		}
		c.Answer("ready")
		sum := 0
		for n := 0; ; {
			next := c.Next
			if strings.HasPrefix(name, "pauses") {
				next = c.NextPaused
			}
			more, err := next(&n)
			if err != nil || !more {
				return sum, err
			}
			f(n)
			sum += n
			c.Answer(n * n)
		}
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// startResident starts a planted resident that is ready.
func startResident(t *testing.T, ctx context.Context, name string) *Resident {
	t.Helper()
	r, err := Start(ctx, exec.Command(os.Args[0], verb, name), longLimit)
	if err != nil {
		t.Fatal(err)
	}
	var ready string
	if ok, err := r.Await(&ready); !ok || err != nil || ready != "ready" {
		t.Fatalf("%v, %v, %q", ok, err, ready)
	}
	return r
}

// square asks for the square of n and reports whether there was an answer, which must be right.
func square(t *testing.T, r *Resident, n int, limit time.Duration) bool {
	t.Helper()
	got := 0
	ok, err := r.Ask(n, limit, &got)
	if err != nil || ok && got != n*n {
		t.Fatalf("%d squared is %d, error %v", n, got, err)
	}
	return ok
}

func TestResidentsAnswerInTurn(t *testing.T) {
	var all []*Resident
	for _, name := range []string{"squares", "squares", "writes", "prints"} {
		all = append(all, startResident(t, t.Context(), name))
	}
	for n := range 20 {
		for i, r := range all {
			if !square(t, r, n, longLimit) {
				t.Fatalf("resident %d did not answer request %d", i, n)
			}
		}
	}
	for i, r := range all {
		end, err := r.End(longLimit)
		if err != nil || end.Class != Done || string(end.Last) != "190" || len(end.Records) != 0 {
			t.Errorf("resident %d: %v, %+v", i, err, end)
		}
	}
}

// A resident that fails at its third request gave two answers, and its end has the class of a child that runs once.
func TestResidentThatFailsHasItsClass(t *testing.T) {
	for name, want := range map[string]struct {
		class Class
		text  string
	}{
		"dies at 3":           {Exit, "it ended the process with exit code 7 instead of returning"},
		"panics at 3":         {Panic, "panic: planted"},
		"hangs at 3":          {Hang, "it was still waiting after 700ms"},
		"runs at 3":           {Spin, "it was still running after 700ms"},
		"is killed at 3":      {Killed, "it was killed"},
		"closes":              {Junk, "it closed file descriptor 5, which is not its own"},
		"replaces":            {Junk, "it closed file descriptor 5, which is not its own"},
		"says an answer":      {Junk, "it wrote to file descriptor 3, which is not its own"},
		"dies while it waits": {Panic, "panic: planted"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := startResident(t, t.Context(), name)
			for n := 1; n <= 2; n++ {
				if !square(t, r, n, longLimit) {
					t.Fatalf("no answer to request %d", n)
				}
				time.Sleep(10 * time.Millisecond)
			}
			if square(t, r, 3, shortLimit) {
				time.Sleep(100 * time.Millisecond)
				for try := 0; square(t, r, 4, longLimit) && want.class == Panic && try < 1000; try++ {
					time.Sleep(10 * time.Millisecond) // it is late, on a busy machine
				}
			}
			end, err := r.End(longLimit)
			if err != nil || end.Class != want.class || !strings.Contains(end.Text, want.text) {
				t.Errorf("%v, %+v; want class %s, %s", err, end, want.class, want.text)
			}
		})
	}
}

// The time of a limit begins with the request: a resident that waits longer than the limit is not late.
func TestResidentMayWaitForEver(t *testing.T) {
	t.Parallel()
	r := startResident(t, t.Context(), "squares")
	for n := range 2 {
		time.Sleep(shortLimit + pollInterval)
		if !square(t, r, n, shortLimit) {
			t.Fatalf("request %d", n)
		}
	}
	time.Sleep(2 * pollInterval)
	if end, err := r.End(longLimit); err != nil || end.Class != Done {
		t.Errorf("%v, %+v", err, end)
	}
}

// A resident that is paused uses no processor, goes on as if nothing had been, and does not count as frozen.
func TestResidentsPause(t *testing.T) {
	if !CanPause {
		t.Skip("a waiting process cannot be stopped here")
	}
	names := []string{"pauses", "pauses, works"}
	for i, try := 0, 1; i < len(names); i++ {
		name := names[i]
		r := startResident(t, t.Context(), name)
		r.Pause()
		for n, pause := range []time.Duration{
			0, time.Millisecond, pollInterval / 3, 2*pollInterval + maxPollDelay, 0, pollInterval,
		} {
			square(t, r, n, longLimit)
			r.Pause()
			before := r.CPU()
			time.Sleep(pause)
			// The last thread says that it has stopped just before it does.
			if used := r.CPU() - before; used > time.Millisecond {
				t.Errorf("%s: it used %v in a pause of %v", name, used, pause)
			}
		}
		for n := range 1000 { // at all times relative to the checks
			square(t, r, n, longLimit)
			r.Pause()
		}
		end, err := r.End(longLimit)
		if err == nil && end.Frozen && try < 3 { // this process may freeze too
			try++
			i--
			continue
		}
		if err != nil || end.Class != Done || end.Frozen {
			t.Errorf("%s: %v, %+v", name, err, end)
		}
	}
}

// A resident that is paused ends with the context, when it is killed, and with a parent that is killed.
func TestPausedResidentsEnd(t *testing.T) {
	if !CanPause {
		t.Skip("a waiting process cannot be stopped here")
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	a, b := startResident(t, ctx, "pauses"), startResident(t, t.Context(), "pauses")
	a.Pause()
	b.Pause()
	for _, r := range []*Resident{a, b} {
		if p, _ := readProcess(r.watch.pid); p.state != 'T' {
			t.Errorf("state %c, want T", p.state)
		}
	}
	cause := errors.New("ended")
	cancel(cause)
	if !gone(a.watch.pid) {
		t.Error("it outlived its context")
	}
	if end, err := a.End(longLimit); err != cause {
		t.Errorf("%v, %+v", err, end)
	}
	b.Kill()
	cmd := exec.Command(os.Args[0], parent, "pauses")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c := waitForChild(t, cmd.Process.Pid, "pauses")
	for p := (process{}); p.state != 'T'; p, _ = readProcess(c) {
		time.Sleep(time.Millisecond)
	}
	cmd.Process.Kill()
	cmd.Wait()
	for _, pid := range []int{a.watch.pid, b.watch.pid, c} {
		if !gone(pid) {
			t.Errorf("process %d lives", pid)
		}
	}
}

// The clock of another process tells what a resident does while it waits.
func TestProcessorTimeOfAResidentThatWaits(t *testing.T) {
	if cpuTime(os.Getpid()) == 0 {
		t.Skip("the processor time of another process is not known here")
	}
	used := map[string]time.Duration{}
	for name, enough := range map[string]func(used time.Duration) bool{
		"squares":              func(used time.Duration) bool { return used < time.Millisecond }, // it has come to rest
		"works while it waits": func(used time.Duration) bool { return used > 5*time.Millisecond },
	} {
		r := startResident(t, t.Context(), name)
		square(t, r, 1, longLimit)
		for try := 0; try < 200 && (try == 0 || !enough(used[name])); try++ {
			before := r.CPU()
			time.Sleep(100 * time.Millisecond)
			if used[name] = r.CPU() - before; before == 0 {
				t.Fatalf("%s: no processor time is known", name)
			}
		}
		if end, err := r.End(longLimit); err != nil || end.Class != Done {
			t.Errorf("%s: %v, %+v", name, err, end)
		}
		if r.CPU() != 0 {
			t.Errorf("%s: the processor time of an ended process is %v", name, r.CPU())
		}
	}
	if used["works while it waits"] <= 5*time.Millisecond || used["squares"] >= time.Millisecond {
		t.Errorf("used while they waited: %v", used)
	}
}

func TestResidentsEndWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	idle, busy := startResident(t, ctx, "squares"), startResident(t, ctx, "hangs at 3")
	cause := errors.New("stopped")
	time.AfterFunc(50*time.Millisecond, func() { cancel(cause) })
	if square(t, busy, 3, longLimit) {
		t.Error("it answered")
	}
	for _, r := range []*Resident{idle, busy} {
		end, err := r.End(longLimit)
		if err != cause && (r == busy || err != nil || end.Class != Done) { // the idle one may end by itself
			t.Errorf("%v, %+v", err, end)
		}
	}
}

func TestKilledResidentLeavesNothing(t *testing.T) {
	r := startResident(t, t.Context(), "squares")
	pid := r.watch.pid
	r.Kill()
	if _, ok := readProcess(pid); ok {
		t.Error("it lives")
	}
}

// A program that does not listen ends without an answer.
func TestChildThatIsNoResident(t *testing.T) {
	r, err := Start(t.Context(), exec.Command(os.Args[0], verb, "returns"), longLimit)
	if err != nil {
		t.Fatal(err)
	}
	var ready string
	if ok, err := r.Await(&ready); ok || err != nil {
		t.Errorf("%v, %v, %q", ok, err, ready)
	}
	if end, err := r.End(longLimit); err != nil || end.Class != Done {
		t.Errorf("%v, %+v", err, end)
	}
	if _, err := Start(t.Context(), exec.Command("/nothing"), longLimit); err == nil {
		t.Error("a program that does not exist was started")
	}
}

// The known-bad twin of an answer: the nonce of another child.
func TestAnswersNeedTheNonce(t *testing.T) {
	conn, err := sink("connection", maxRecords)
	if err != nil {
		t.Fatal(err)
	}
	r := &Resident{running: &running{conn: conn, watch: &watcher{nonce: "N"}}}
	for _, c := range []struct{ text, want string }{
		{"N answer 1\n", "1\n"}, {"M answer 2\n", ""}, {"N said 3\n", ""}, {"N answer 4", ""}, {"\n", "4\n"},
		{"N answer 5\nN answer 6\n", "6\n"},
	} {
		conn.WriteString(c.text)
		if got := r.answer(); !bytes.Equal(got, []byte(c.want)) {
			t.Errorf("%q: answer %q, want %q", c.text, got, c.want)
		}
	}
}

// BenchmarkHandOver measures a request and its answer without work: what a slice costs beside its crawls.
func BenchmarkHandOver(b *testing.B) {
	r, err := Start(b.Context(), exec.Command(os.Args[0], verb, "squares"), longLimit)
	if err != nil {
		b.Fatal(err)
	}
	var ready string
	r.Await(&ready)
	for b.Loop() {
		got := 0
		if ok, err := r.Ask(3, longLimit, &got); !ok || err != nil || got != 9 {
			b.Fatalf("%v, %v, %d", ok, err, got)
		}
	}
	if _, err := r.End(longLimit); err != nil {
		b.Fatal(err)
	}
}
