package cli

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"crawlbench/internal/host/child"
)

// interruptible returns a context that is cancelled by the first SIGINT, SIGTERM or SIGHUP, so that
// finished samples are kept. A second SIGINT ends the program at once; the other signals may come
// twice, as when a terminal is closed. A closed pipe is a write error and does not end the program.
func interruptible(parent context.Context) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGPIPE)
	if !signal.Ignored(syscall.SIGHUP) { // as under nohup
		signal.Notify(signals, syscall.SIGHUP)
	}
	done := make(chan struct{})
	go func() {
		for {
			select {
			case s := <-signals:
				if s != syscall.SIGPIPE {
					signal.Reset(syscall.SIGINT) // before ctx ends: then others may ask for it
					cancel(child.Signal{Received: s.(syscall.Signal)})
				}
			case <-done:
				return
			}
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(done)
		cancel(nil)
	}
}
