package child

import (
	"context"
	"io"
	"os"
	"sync/atomic"
	"time"
)

const (
	// pollInterval is how often a running child is checked. Five checks per second use less than
	// 0.1 % of a processor.
	pollInterval = 200 * time.Millisecond
	// maxPollDelay is how late a check may be; if it is later, this process was stopped. A stop of
	// 0.7 s is always detected.
	maxPollDelay = 300 * time.Millisecond
)

// watcher observes a running child and ends it at its time limit.
type watcher struct {
	pid   int
	nonce string
	begin time.Time     // before it was started
	crash *os.File      // the crash output of its runtime
	ended chan struct{} // closed when the process has ended
	over  chan struct{} // closed when the fields below no longer change

	// task is what the child is to do now; nil while it waits for a request.
	task atomic.Pointer[task]

	limit       time.Duration // of the last task
	spent       time.Duration // processor time of the child before that task
	half, end   reading       // when half of the limit had passed, and at its end
	expired     bool          // it reached its time limit
	stopped     bool          // it was stopped by a signal at that time
	frozen      bool          // the child or this process was stopped for a while
	took        time.Duration // how long the task took, without the time during which this process was stopped
	descendants []int         // descendants of the child before it was ended
	leftover    []string
}

// reading is the processor time of a child at some time of its task; 0 if it is not known.
type reading struct{ at, cpu time.Duration }

// share returns the share of a processor that a child used at the end of its task, of cpu in all: what it did before
// does not tell whether it still runs.
func (w *watcher) share(cpu time.Duration) float64 {
	if w.half.cpu > 0 && w.end.cpu >= w.half.cpu && w.end.at > w.half.at {
		return float64(w.end.cpu-w.half.cpu) / float64(w.end.at-w.half.at)
	}
	return cpu.Seconds() / w.took.Seconds()
}

// task is something that a child has to do within a limit.
type task struct {
	limit time.Duration
	spent time.Duration // processor time of the child before
}

// expect sets the limit of what the child does from now on.
func (w *watcher) expect(limit, spent time.Duration) { w.task.Store(&task{limit, spent}) }

// expectNothing says that the child waits, for any time.
func (w *watcher) expectNothing() { w.task.Store(nil) }

// run watches until the process has ended. It sees a new task at its next check, because waking it
// for each would disturb the child.
func (w *watcher) run(ctx context.Context) {
	defer close(w.over)
	last := w.begin
	var current *task
	limit, dying := time.Duration(0), false
	var ran, waited time.Duration // of its threads, before the task
	defer func() {
		// The monotonic clock stops while the machine sleeps.
		wall := time.Now().Round(0).Sub(w.begin.Round(0))
		w.frozen = w.frozen || wall-time.Since(w.begin) > maxPollDelay
	}()
	timer := time.NewTimer(pollInterval)
	defer timer.Stop()
	for {
		if next := w.task.Load(); next != current && !dying {
			if current = next; current != nil {
				w.limit, w.spent, limit, w.took = current.limit, current.spent, current.limit, 0
				w.half = reading{}
				if current.spent > 0 {
					ran, waited = schedTimes(w.pid)
				}
			}
		}
		wait := pollInterval
		if current != nil || dying {
			wait = max(0, min(pollInterval, limit-w.took))
		}
		timer.Reset(wait)
		over := false
		select {
		case <-w.ended:
			over = true
		case <-ctx.Done():
			w.recordDescendants()
			kill(w.pid)
			<-w.ended
			return
		case <-timer.C:
		}
		elapsed := time.Since(last)
		last = last.Add(elapsed)
		if elapsed > wait+maxPollDelay {
			elapsed, w.frozen = wait, true
		}
		w.took += elapsed
		if over {
			return
		}
		if current == nil && !dying { // it waits
			continue
		}
		p, _ := readProcess(w.pid)
		if w.task.Load() != current && !dying { // it has answered, and may be paused
			continue
		}
		w.frozen = w.frozen || p.state == 'T'
		if n, _ := w.crash.Seek(0, io.SeekCurrent); n > 0 && !dying { // it is printing its goroutines
			dying, limit = true, w.took+dumpTime
		}
		if w.half.at == 0 && w.took >= w.limit/2 {
			w.half = reading{w.took, cpuTime(w.pid)}
		}
		if w.took < limit || !dying && w.task.Load() != current {
			continue
		}
		if !dying {
			r, q := schedTimes(w.pid)
			if more := extension(r-ran, q-waited, w.limit, w.took); more > 0 {
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

// maxExtension is the maximum run time on a busy machine, as a multiple of the limit.
const maxExtension = 6

// extension returns how much more time a child gets after time took, if its threads ran for ran and waited for a
// processor for waited. A child that waits for something else gets none.
func extension(ran, waited, limit, took time.Duration) time.Duration {
	if ran+waited < took/5 {
		return 0
	}
	alone := time.Duration(float64(took) * float64(ran) / float64(ran+waited))
	return max(0, min(limit-alone, maxExtension*limit-took))
}

// expire makes a child at its time limit print its goroutines: on SIGQUIT the runtime prints them and
// exits.
func (w *watcher) expire(stopped bool) {
	w.expired, w.stopped, w.end = true, stopped, reading{w.took, cpuTime(w.pid)}
	w.recordDescendants()
	requestDump(w.pid)
	wake(w.pid)
}

// recordDescendants records the child's descendants, which can no longer be found once it has ended.
func (w *watcher) recordDescendants() {
	for _, p := range descendants(processes(), w.pid, nil) {
		w.descendants = append(w.descendants, p.pid)
	}
}
