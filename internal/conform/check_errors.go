package conform

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"crawlbench/internal/crawl"
)

// failures lets pages fail: each one by itself, the first fetch to the last, and long rows of them.
func failures(t *Report, c subject) {
	const pages = 40
	for _, workers := range []int{1, 4} {
		o := crawl.Options{Workers: workers}
		for bad := range page(pages) {
			s := random(pages, 3, 5)
			s.fails = failing(errPlanted, func(p page) bool { return p == bad })
			right(t, c, s, o)
		}
		for bad := 1; bad <= pages; bad++ {
			s := star(pages-1, 1)
			s.latency = constant(time.Millisecond)
			s.fails = func(_ page, nth int) error {
				if nth == bad {
					return errPlanted
				}
				return nil
			}
			right(t, c, s, o)
		}
	}
	// Their causes are the page's. Only the crawl's own context says that the crawl is over.
	causes := []error{
		context.DeadlineExceeded, context.Canceled, io.EOF, io.ErrUnexpectedEOF,
		errors.Join(errPlanted, context.Canceled), &failure{}, fmt.Errorf("get: %w", wrapped(context.DeadlineExceeded)),
		os.ErrDeadlineExceeded, net.ErrClosed, several{errPlanted},
		&net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)},
		&net.OpError{Op: "write", Net: "tcp", Err: os.NewSyscallError("write", syscall.EPIPE)},
		&net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)},
		&net.DNSError{Err: "no such host", Name: "h.example", IsNotFound: true},
	}
	for _, cause := range causes {
		for _, workers := range []int{1, 3, 64} {
			s := star(300, 1)
			s.latency = constant(time.Millisecond)
			s.fails = failing(wrapped(cause), func(p page) bool { return 20 < p && p <= 270 }) // 250 in a row, more than any number of workers
			right(t, c, s, crawl.Options{Workers: workers})
			s.fails = failing(cause, func(p page) bool { return p > 0 })
			right(t, c, s, crawl.Options{Workers: workers, MaxPages: 250})
		}
	}
}

// failure is an error that says of itself what those of package net do.
type failure struct{}

func (*failure) Error() string   { return "i/o timeout" }
func (*failure) Timeout() bool   { return true }
func (*failure) Temporary() bool { return true }

// panics lets Fetch panic. The crawl may end the process with it, or return an error, or count the page as failed; what it
// may not do is to report a page that it never got.
func panics(t *Report, c subject) {
	const text = "planted in Fetch"
	for _, workers := range []int{1, 4} {
		s := star(20, 1)
		s.visited = func(p page, _ int) {
			if p == 7 {
				t.announce(text)
				panic(text)
			}
		}
		if out := c.crawl(context.Background(), s, crawl.Options{Workers: workers}); out.err == nil && out.did.Errors == 0 {
			t.Fatalf("Fetch of %s panicked, and it returned neither an error nor counted one: the panic was swallowed", out.name(7))
		}
	}
}
