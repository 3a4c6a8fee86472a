package child

import (
	"context"
	"io"
	"os"
	"syscall"
	"time"
)

const (
	// beat is how often a running child is looked at: five looks a second take less than a
	// thousandth of a processor.
	beat = 200 * time.Millisecond
	// pause is how late a look may come before it is taken that this process was stopped. One of
	// 0.7 s is always found.
	pause = 300 * time.Millisecond
)

// watch looks at a child while it runs, and ends it when its time is up.
type watch struct {
	pid   int
	nonce string
	limit time.Duration
	begin time.Time     // before it was started
	crash *os.File      // the crash output of its runtime
	ended chan struct{} // closed when the process has ended
	over  chan struct{} // closed when nobody writes to the fields below any more

	late    bool          // its time was up
	stopped bool          // and it was stopped by a signal then
	frozen  bool          // it or this process was stopped for a while
	took    time.Duration // how long it ran, without the time for which this process was stopped
	below   []int         // its descendants before it was ended
	left    []string
}

// run watches until the process has ended.
func (w *watch) run(ctx context.Context) {
	defer close(w.over)
	last := w.begin
	limit, dying := w.limit, false
	defer func() {
		// The monotonic clock stands still while a machine sleeps.
		wall := time.Now().Round(0).Sub(w.begin.Round(0))
		w.frozen = w.frozen || wall-time.Since(w.begin) > pause
	}()
	timer := time.NewTimer(beat)
	defer timer.Stop()
	for {
		wait := max(0, min(beat, limit-w.took))
		timer.Reset(wait)
		over := false
		select {
		case <-w.ended:
			over = true
		case <-ctx.Done():
			w.survey()
			kill(w.pid)
			<-w.ended
			return
		case <-timer.C:
		}
		elapsed := time.Since(last)
		last = last.Add(elapsed)
		if elapsed > wait+pause {
			elapsed, w.frozen = wait, true
		}
		w.took += elapsed
		if over {
			return
		}
		p, _ := look(w.pid)
		w.frozen = w.frozen || p.state == 'T'
		if n, _ := w.crash.Seek(0, io.SeekCurrent); n > 0 && !dying { // it prints its goroutines
			dying, limit = true, w.took+dumpTime
		}
		if w.took < limit {
			continue
		}
		if !dying {
			ran, waited := demand(w.pid)
			if more := owed(ran, waited, w.limit, w.took); more > 0 {
				limit = w.took + more
				continue
			}
			w.expire(p.state == 'T')
			dying, limit = true, w.took+dumpTime
			continue
		}
		kill(w.pid)
		<-w.ended
		return
	}
}

// patience is how many times its limit a child may take on a machine that is busy with something else.
const patience = 6

// owed returns how much longer a child may take since it began so long ago, if its threads ran and waited for a processor
// that others had for so long. One that waits for something else is owed nothing.
func owed(ran, waited, limit, took time.Duration) time.Duration {
	if ran+waited < took/5 {
		return 0
	}
	fair := time.Duration(float64(took) * float64(ran) / float64(ran+waited))
	return max(0, min(limit-fair, patience*limit-took))
}

// expire asks a child whose time is up for its goroutines: on SIGQUIT the runtime prints them and
// exits.
func (w *watch) expire(stopped bool) {
	w.late, w.stopped = true, stopped
	w.survey()
	quit(w.pid)
	syscall.Kill(w.pid, syscall.SIGCONT)
}

// survey notes what is below the child: once it has ended, that cannot be told.
func (w *watch) survey() {
	for _, p := range descendants(processes(), w.pid, nil) {
		w.below = append(w.below, p.pid)
	}
}
