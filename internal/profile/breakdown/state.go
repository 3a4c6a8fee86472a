package breakdown

import (
	"strings"

	"golang.org/x/exp/trace"
)

// class returns the state of a worker in an interval.
func (s selects) class(p interval) State {
	switch p.state {
	case trace.GoRunning:
		if p.gc {
			return GC
		}
		return Running
	case trace.GoRunnable:
		if p.woken != nil {
			return s.waiting(*p.woken)
		}
		return Runnable
	case trace.GoSyscall:
		return Syscall
	case trace.GoWaiting:
		return s.waiting(p)
	}
	return Other
}

// waiting returns the state of a waiting worker. The reasons come from the execution tracer.
func (s selects) waiting(p interval) State {
	var on flags
	if p.at != nil {
		on = p.at.flags
	}
	switch {
	case strings.HasPrefix(p.reason, "GC ") || p.reason == "wait until GC ends" || p.reason == "preempted" ||
		p.reason == "sync" && on&inRuntime != 0:
		return GC
	case on&inRateLimit != 0:
		return RateLimit
	case on&inFetch != 0:
		return Network
	}
	switch p.reason {
	case "sync":
		if on&inJoin != 0 || on&inSync == 0 {
			return Other
		}
		return Lock
	case "sync.(*Cond).Wait":
		return Idle
	case "chan send":
		return Channel
	case "chan receive", "select":
		switch {
		case p.byRuntime: // a timer's channel
			return Other
		case p.reason == "select" && s.kind(p.by) == receiving:
			return Channel
		}
		return Idle
	}
	return Other
}

// joins reports whether p is a wait for other goroutines to end.
func joins(p interval) bool {
	return p.state == trace.GoWaiting && p.at != nil && p.at.flags&inJoin != 0
}

// selects tells what a goroutine did when its select ended the wait of another. The trace has the
// line in the runtime's select, and there are two: one where it receives and one where it sends.
// When it ends the wait of a goroutine that can only receive, the line must be that of a send;
// Crawl makes sure that there is such a wait.
type selects struct {
	sends uint64
}

// learn examines a wait that has ended.
func (s *selects) learn(p interval) {
	if p.reason == "chan receive" && p.by != nil && p.by.operation == selecting {
		s.sends = p.by.line
	}
}

// kind returns the operation on the channel by the goroutine with that stack.
func (s selects) kind(by *stack) operation {
	switch {
	case by == nil:
		return noOperation
	case by.operation != selecting:
		return by.operation
	case by.line == s.sends:
		return sending
	}
	return receiving
}
