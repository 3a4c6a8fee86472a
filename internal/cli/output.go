package cli

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"syscall"
)

// output is standard output. It keeps the first error, so callers need not check.
type output struct {
	w   io.Writer
	mu  sync.Mutex
	err error
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil {
		return 0, outputError{o.err}
	}
	n, err := o.w.Write(p)
	if o.err = err; err != nil {
		err = outputError{err}
	}
	return n, err
}

// outputError is an error of standard output, which failed prints. The same error of another file, such as a broken
// pipe to a child process or a full disk, is not one.
type outputError struct{ error }

func (e outputError) Unwrap() error { return e.error }

// failed returns the exit code for output that could not be written, 0 if it could. A reader that
// stops early, such as head, needs no message.
func (o *output) failed(errw io.Writer) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err == nil {
		return exitOK
	}
	if !errors.Is(o.err, syscall.EPIPE) {
		fmt.Fprintln(errw, "crawlbench: write output:", o.err)
	}
	return exitFailure
}
