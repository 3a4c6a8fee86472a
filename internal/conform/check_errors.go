package conform

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"slices"
	"syscall"
	"time"

	"crawlbench/internal/crawl"
)

// failures makes pages fail: each page alone, each fetch alone, and many in a row.
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
	// Whatever the error of a page wraps, only the crawl's own context may end the crawl.
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
			// 250 in a row, more than any number of workers
			s.fails = failing(wrapped(cause), func(p page) bool { return 20 < p && p <= 270 })
			right(t, c, s, crawl.Options{Workers: workers})
			s.fails = failing(cause, func(p page) bool { return p > 0 })
			right(t, c, s, crawl.Options{Workers: workers, MaxPages: 250})
		}
	}
}

// failure is an error with the methods of net.Error.
type failure struct{}

func (*failure) Error() string   { return "i/o timeout" }
func (*failure) Timeout() bool   { return true }
func (*failure) Temporary() bool { return true }

// panics makes Fetch panic at the first page, in the middle and at the last, with an error and with a
// string. The crawl may end the process with the panic, return an error, or count the page as failed
// and fetch all others; it must not report a page that it never got. After a process that ended this
// way, another one continues with the next case.
//
// One processor, because the runtime of Go 1.26 can deadlock when one goroutine panics while another
// one has a fatal error: fatal holds the print lock and waits for the panic lock, fatalpanic the other
// way round. A right crawler does that if a deferred Unlock releases a lock which another goroutine
// holds. With one processor neither can be interrupted by the other.
func panics(t *Report, c subject) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	const leaves = 20
	nth := 0
	for _, value := range []any{error(&failure{}), "planted in Fetch"} {
		for _, where := range [][]page{{7}, {0}, {leaves}, {2, 5, 9, 14}} {
			for _, workers := range []int{1, 4} {
				if nth++; nth <= t.from {
					continue
				}
				s := star(leaves, 1)
				s.panics = func(p page, close func()) {
					if slices.Contains(where, p) {
						close()
						t.announce(nth)
						panic(value)
					}
				}
				o := c.clamp(crawl.Options{Workers: workers})
				out := c.crawl(context.Background(), s, o)
				if out.inflight > 0 {
					t.Fatalf("Fetch panicked, and the crawl returned with %d fetches in flight (%s)", out.inflight, dials(o))
				}
				if out.err != nil {
					continue
				}
				if err := s.wrong(out, o); err != nil {
					t.Fatalf("Fetch of %s panicked with a value of type %T and the crawl returned no error, so the page must count as failed: %v (%s)",
						out.name(where[0]), value, err, dials(o))
				}
			}
		}
	}
}
