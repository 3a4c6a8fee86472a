package measure

import (
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A thread that the kernel prefers, or keeps on one processor, outlives the crawl that asked for it.
func TestThreadsScheduledOtherwiseAreDetected(t *testing.T) {
	for name, change := range map[string]func() error{
		"nice value": func() error { return syscall.Setpriority(syscall.PRIO_PROCESS, 0, 7) },
		"scheduling policy": func() error {
			attr, err := unix.SchedGetAttr(0, 0)
			if err != nil {
				return err
			}
			attr.Policy = unix.SCHED_BATCH
			return unix.SchedSetAttr(0, attr, 0)
		},
		"processor affinity": func() error {
			var all, one unix.CPUSet
			if err := unix.SchedGetaffinity(0, &all); err != nil {
				return err
			}
			if all.Count() == 1 {
				t.Skip("there is one processor")
			}
			for i := 0; one.Count() == 0; i++ {
				if all.IsSet(i) {
					one.Set(i)
				}
			}
			return unix.SchedSetaffinity(0, &one)
		},
	} {
		t.Run(name, func(t *testing.T) {
			before := readEnvironment()
			if v := before.compare(readEnvironment()); v != nil {
				t.Errorf("nothing was changed: %v", v)
			}
			changed := make(chan error)
			ended, end := make(chan struct{}), make(chan struct{})
			inThread(func() {
				defer close(ended)
				changed <- change()
				<-end
			})
			defer func() {
				close(end)
				<-ended
				for range 1000 { // until its thread has ended
					if before.compare(readEnvironment()) == nil {
						break
					}
					time.Sleep(time.Millisecond)
				}
			}()
			if err := <-changed; err != nil {
				t.Skip(err)
			}
			v := before.compare(readEnvironment())
			if len(v) != 1 || !strings.Contains(v[0], "the crawls changed the process's "+name+" from ") {
				t.Errorf("verdict %v", v)
			}
		})
	}
}

// inThread starts f in a goroutine with a thread that ends with it. The main thread of a process does not end.
func inThread(f func()) {
	go func() {
		runtime.LockOSThread()
		if unix.Gettid() != os.Getpid() {
			f()
			return
		}
		defer runtime.UnlockOSThread()
		ended := make(chan struct{})
		inThread(func() { defer close(ended); f() })
		<-ended
	}()
}
