package ledger

import (
	"strings"

	"golang.org/x/exp/trace"
)

// class returns what a part of a worker's time is.
func (s selects) class(p part) Class {
	switch p.state {
	case trace.GoRunning:
		if p.gc {
			return GC
		}
		return Running
	case trace.GoRunnable:
		return Runnable
	case trace.GoWaiting:
		return s.waiting(p)
	}
	return Other
}

// waiting returns what a worker waits for. The reasons are the tracer's.
func (s selects) waiting(p part) Class {
	var on flags
	if p.at != nil {
		on = p.at.flags
	}
	switch {
	case strings.HasPrefix(p.why, "GC ") || p.why == "wait until GC ends" || p.why == "preempted" || p.why == "sync" && on&inRuntime != 0:
		return GC
	case on&inPacing != 0:
		return Pacing
	case on&inFetch != 0:
		return Fetch
	}
	switch p.why {
	case "sync":
		if on&inJoin != 0 || on&inSync == 0 {
			return Other
		}
		return Lock
	case "sync.(*Cond).Wait":
		return Starvation
	case "chan send":
		return Handoff
	case "chan receive", "select":
		switch {
		case p.none: // a timer's channel
			return Other
		case p.why == "select" && s.kind(p.by) == receiving:
			return Handoff
		}
		return Starvation
	}
	return Other
}

// joins reports whether p is waiting until other goroutines have ended.
func joins(p part) bool {
	return p.state == trace.GoWaiting && p.at != nil && p.at.flags&inJoin != 0
}

// selects knows what a goroutine did that ended another's waiting in the midst of a select of its own. The trace tells
// the line in the runtime's select, and there are two: one where it receives and one where it sends. A goroutine that was
// receiving and nothing else shows which of them sends; Crawl makes sure that there is one.
type selects struct {
	sends uint64
}

// learn takes a wait that has ended.
func (s *selects) learn(p part) {
	if p.why == "chan receive" && p.by != nil && p.by.operation == selecting {
		s.sends = p.by.line
	}
}

// kind returns what the goroutine with that stack did to the channel.
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
