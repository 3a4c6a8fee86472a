//go:build unix

package breakdown_test

import (
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"crawlbench/internal/profile/breakdown"
)

// readEach returns a crawl whose workers read one byte per page, and a writer that sends them one
// by one.
func readEach(t testing.TB, read func() error, write func() error) func() {
	return func() {
		var slow sync.WaitGroup
		slow.Go(func() {
			for range 4 * 20 {
				time.Sleep(nap)
				if err := write(); err != nil {
					t.Error(err)
				}
			}
		})
		pool(4, 20, func(int, int) {
			if err := read(); err != nil {
				t.Error(err)
			}
		})()
		slow.Wait()
	}
}

// readRaw reads in a system call that holds its thread until a byte arrives.
func readRaw(from int) error {
	_, err := syscall.Read(from, make([]byte, 1))
	return err
}

func TestSystemCall(t *testing.T) {
	patient(t, func(t testing.TB) {
		var p [2]int
		if err := syscall.Pipe(p[:]); err != nil {
			t.Fatal(err)
		}
		defer syscall.Close(p[0])
		defer syscall.Close(p[1])
		l, _ := measured(t, 4, readEach(t, func() error { return readRaw(p[0]) }, func() error {
			_, err := syscall.Write(p[1], []byte{1})
			return err
		}))
		requireDominant(t, l, breakdown.Syscall, 0.6)
		requireSite(t, l, breakdown.Syscall, "breakdown_test.readRaw syscall_test.go:", "system call")
	})
}

// The same wait in the runtime's poller holds no thread: it is not a system call.
func TestPolledReadIsNotASystemCall(t *testing.T) {
	patient(t, func(t testing.TB) {
		from, to, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer from.Close()
		defer to.Close()
		l, _ := measured(t, 4, readEach(t, func() error {
			_, err := from.Read(make([]byte, 1))
			return err
		}, func() error {
			_, err := to.Write([]byte{1})
			return err
		}))
		if share := l.Share(breakdown.Syscall); share > 0.2 {
			t.Errorf("syscall %.1f %%, want less than 20", 100*share)
			show(t, l)
		}
	})
}
